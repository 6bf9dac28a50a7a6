//! Who a live session is, from when on and for how long: nobody until it says it, within 10 s; then
//! the one it said, as long as that one's key or token holds. For every protocol that has sessions.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::principal::{Action, Principal};
use super::refusal::Refusal;
use super::{AUTH_MAX, Identity, STANDING};
use crate::fanout::wall_ms;

#[derive(Debug)]
pub struct Standing {
    principal: Option<Principal>,
    from: IpAddr,
    /// By then nobody has become somebody.
    until: Instant,
    /// When it is asked again whether the principal holds. None: it always does.
    next_check: Option<Instant>,
}

impl Standing {
    /// `principal`: as far as the opening said it, or `Identity::of_nobody`.
    pub fn new(principal: Option<Principal>, from: IpAddr, now: Instant) -> Self {
        let mut standing = Self { principal, from, until: now + AUTH_MAX, next_check: None };
        standing.schedule(now);
        standing
    }

    pub fn principal(&self) -> Result<&Principal, Refusal> {
        self.principal.as_ref().ok_or(Refusal::Missing)
    }

    /// The principal, if it may do that.
    pub fn check(&self, action: Action) -> Result<&Principal, Refusal> {
        let principal = self.principal()?;
        if principal.may(action) { Ok(principal) } else { Err(Refusal::Forbidden) }
    }

    /// Takes a token: the first one, or the same identity's next.
    pub fn take(
        &mut self,
        identity: &Identity,
        token: &str,
        now: Instant,
    ) -> Result<&Principal, Refusal> {
        let principal = identity.shown_from(self.from).token(token, wall_ms())?;
        if self.principal.as_ref().is_some_and(|known| !known.may_become(&principal)) {
            return Err(Refusal::Forbidden);
        }
        self.principal = Some(principal);
        self.schedule(now);
        self.principal()
    }

    /// When `check_time` wants to be called. None: never.
    pub fn due_at(&self) -> Option<Instant> {
        match self.principal {
            Some(_) => self.next_check,
            None => Some(self.until),
        }
    }

    /// Whether the session may go on; if not, it is closed with `IDENTITY_CLOSE`.
    pub fn check_time(&mut self, identity: &Identity, now: Instant) -> Result<(), Refusal> {
        if self.due_at().is_none_or(|at| now < at) {
            return Ok(());
        }
        let stands = identity.stands(self.principal()?, wall_ms());
        self.schedule(now);
        stands
    }

    fn schedule(&mut self, now: Instant) {
        self.next_check = self.principal.as_ref().and_then(|known| next_check(known, now));
    }
}

/// At the principal's end, and before that now and then.
fn next_check(principal: &Principal, now: Instant) -> Option<Instant> {
    if principal.is_anonymous() {
        return None;
    }
    let left = principal.expires_at_ms.map(|at| at.saturating_sub(wall_ms()));
    let left = left.map_or(STANDING, Duration::from_millis);
    Some(now + left.min(STANDING))
}
