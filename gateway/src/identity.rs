//! Who asks and what they may: keys and tokens come in, a principal or a refusal goes out. In open
//! mode everybody is the anonymous principal, who may do all and is whose account it names. No
//! protocol is known here; each asks at its own door and says the refusal in its own form.

mod principal;
mod refusal;

pub use principal::{Action, NotTheirs, Principal, Role};
pub use refusal::{IDENTITY_CLOSE, Refusal};

/// What a WebSocket's client has to say who it is.
pub const AUTH_MAX: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Whoever connects is who it says it is; loopback only.
    Open,
    Authenticated,
}

/// All that the process knows of identities.
#[derive(Debug)]
pub struct Identity {
    mode: Mode,
}

impl Identity {
    pub fn open() -> Self {
        Self { mode: Mode::Open }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// A JWT, as it stands behind `Bearer `.
    pub fn of_bearer(&self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        self.of_token(token, now_ms)
    }

    /// A token that `POST /api/v1/token` gave out; good once, for 60 s.
    pub fn of_single_use(&self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        self.of_token(token, now_ms)
    }

    /// Either of the two: what a WebSocket's first message carries.
    pub fn of_token(&self, _token: &str, _now_ms: u64) -> Result<Principal, Refusal> {
        match self.mode {
            Mode::Open => Ok(Principal::anonymous()),
            Mode::Authenticated => Err(Refusal::Unknown),
        }
    }

    /// Who is there before anybody has said anything: the anonymous principal in open mode, nobody
    /// with identities.
    pub fn of_nobody(&self) -> Option<Principal> {
        (self.mode == Mode::Open).then(Principal::anonymous)
    }

    /// Whether a live session may go on: its credential has neither expired nor been revoked.
    /// Asked now and then by every session; `expires_at_ms` says when at the latest.
    pub fn stands(&self, principal: &Principal, now_ms: u64) -> Result<(), Refusal> {
        match principal.expires_at_ms {
            Some(at) if now_ms >= at => Err(Refusal::Expired),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_open_mode_everybody_is_anonymous_and_may_do_all() {
        let identity = Identity::open();
        assert_eq!(identity.mode(), Mode::Open);
        let principal = identity.of_token("anything", 0).unwrap();
        assert_eq!(Some(&principal), identity.of_nobody().as_ref());
        assert!(Action::ALL.into_iter().all(|action| principal.may(action)));
        assert_eq!(identity.stands(&principal, u64::MAX), Ok(()));
    }
}
