//! Who is connected, and the bounds: in all, of one user, and, among those who have not proven who
//! they are, of one address and of them all, so that who can prove it finds a place. One lock,
//! held for a few steps.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use orison_core::AccountName;
use thiserror::Error;
use tokio::sync::Notify;
use uuid::Uuid;

use super::budgets::Budgets;
use super::kind::Kind;
use super::locked;
use super::place::Place;
use crate::fanout::wall_ms;
use crate::identity::{Mode, Principal};
use crate::peer::{Loopback, Source};
use crate::xtrader::entry::shared_account;

/// One session more than these is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub sessions_max: usize,
    pub per_user_max: usize,
    /// Of those who have not proven who they are.
    pub per_address_max: usize,
    pub loopback: Loopback,
}

impl Limits {
    pub const PER_ADDRESS_MAX: usize = 100;
    /// Of all places those who have proven nothing may take one in so many, where there is
    /// anything to prove.
    pub const UNPROVEN_SHARE: usize = 2;

    /// Sessions of those who have not proven who they are. In open mode nobody can.
    pub fn unproven_max(&self, mode: Mode) -> usize {
        match mode {
            Mode::Open => self.sessions_max,
            Mode::Authenticated => self.sessions_max.div_ceil(Self::UNPROVEN_SHARE),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NoRoom {
    #[error("too many sessions are open")]
    All,
    #[error("too many sessions of this user are open")]
    User,
    #[error("too many sessions are open from this address")]
    Address,
}

/// Whom a session is counted for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    pub name: Arc<str>,
    is_proven: bool,
}

impl User {
    /// None: the anonymous of open mode.
    pub fn of(principal: &Principal) -> Option<Self> {
        let is_proven = !principal.is_anonymous();
        is_proven.then(|| Self { name: Arc::clone(&principal.user), is_proven })
    }

    /// In open mode a name of an account is believed. None: the shared one is everybody's.
    pub fn claimed(account: AccountName) -> Option<Self> {
        let name = Arc::from(account.as_str());
        (account != shared_account()).then_some(Self { name, is_proven: false })
    }
}

pub struct Registry {
    limits: Limits,
    unproven_max: usize,
    pub(super) budgets: Budgets,
    open: std::sync::Mutex<Open>,
    given_back: Notify,
}

#[derive(Default)]
struct Open {
    sessions: HashMap<u64, Session>,
    by_user: HashMap<Arc<str>, usize>,
    by_source: HashMap<Source, usize>,
    unproven: usize,
    last: u64,
}

struct Session {
    kind: Kind,
    peer: SocketAddr,
    opened_ms: u64,
    user: Option<User>,
    client: Option<Uuid>,
}

/// A session as the statistics see it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub kind: Kind,
    pub peer: SocketAddr,
    /// Unix milliseconds.
    pub opened_ms: u64,
    pub user: Option<Arc<str>>,
    /// Its name at the hub, once it has one.
    pub client: Option<Uuid>,
}

impl Registry {
    pub fn new(limits: Limits, mode: Mode, budgets: Budgets) -> Arc<Self> {
        let (open, given_back) = (std::sync::Mutex::default(), Notify::new());
        let unproven_max = limits.unproven_max(mode);
        Arc::new(Self { limits, unproven_max, budgets, open, given_back })
    }

    /// A place for one session more, counted as long as it lives. `opener`: whom the opening has
    /// proven; `user`: whom it is counted for, as far as the opening has said it.
    pub fn admit(
        self: &Arc<Self>,
        kind: Kind,
        peer: SocketAddr,
        opener: Option<Principal>,
        user: Option<User>,
    ) -> Result<Arc<Place>, NoRoom> {
        let opened_ms = wall_ms();
        let mut open = locked(&self.open);
        if open.sessions.len() >= self.limits.sessions_max {
            return Err(NoRoom::All);
        }
        self.check_user(&open, user.as_ref())?;
        let session = Session { kind, peer, opened_ms, user, client: None };
        if let Some(source) = session.counted_source(self.limits.loopback) {
            let here = open.by_source.get(&source).copied().unwrap_or(0);
            if here >= self.limits.per_address_max {
                return Err(NoRoom::Address);
            }
        }
        if !session.is_proven() && open.unproven >= self.unproven_max {
            return Err(NoRoom::All);
        }
        open.count(&session, self.limits.loopback);
        if let Some(user) = &session.user {
            *open.by_user.entry(Arc::clone(&user.name)).or_default() += 1;
        }
        open.last += 1;
        let number = open.last;
        open.sessions.insert(number, session);
        Ok(Arc::new(Place::new(Arc::clone(self), number, peer.ip(), opener)))
    }

    fn check_user(&self, open: &Open, user: Option<&User>) -> Result<(), NoRoom> {
        let here = user.and_then(|user| open.by_user.get(&user.name));
        match here {
            Some(&here) if here >= self.limits.per_user_max => Err(NoRoom::User),
            Some(_) | None => Ok(()),
        }
    }

    /// The session has said who it is. Who it was first remains the one it is counted for.
    pub(super) fn name(&self, number: u64, user: User) -> Result<(), NoRoom> {
        let mut open = locked(&self.open);
        let session = open.sessions.get(&number).expect("a place is in the registry");
        if session.user.is_some() {
            return Ok(());
        }
        let source = session.counted_source(self.limits.loopback).filter(|_| user.is_proven);
        self.check_user(&open, Some(&user))?;
        if user.is_proven {
            open.unproven -= 1;
        }
        if let Some(source) = source {
            less(&mut open.by_source, &source);
        }
        *open.by_user.entry(Arc::clone(&user.name)).or_default() += 1;
        let session = open.sessions.get_mut(&number).expect("it was there a step ago");
        session.user = Some(user);
        Ok(())
    }

    pub(super) fn follow(&self, number: u64, client: Uuid) {
        if let Some(session) = locked(&self.open).sessions.get_mut(&number) {
            session.client = Some(client);
        }
    }

    pub(super) fn user(&self, number: u64) -> Option<Arc<str>> {
        let open = locked(&self.open);
        let session = open.sessions.get(&number);
        session.and_then(|session| session.user.as_ref()).map(|user| Arc::clone(&user.name))
    }

    pub(super) fn leave(&self, number: u64) {
        let mut open = locked(&self.open);
        if let Some(session) = open.sessions.remove(&number) {
            if let Some(source) = session.counted_source(self.limits.loopback) {
                less(&mut open.by_source, &source);
            }
            if !session.is_proven() {
                open.unproven -= 1;
            }
            if let Some(user) = &session.user {
                less(&mut open.by_user, &user.name);
            }
        }
        drop(open);
        self.given_back.notify_waiters();
    }

    /// Sessions open now.
    pub fn taken(&self) -> usize {
        locked(&self.open).sessions.len()
    }

    /// Returns once no session is open.
    pub async fn empty(&self) {
        loop {
            let given_back = self.given_back.notified();
            if self.taken() == 0 {
                return;
            }
            given_back.await;
        }
    }

    pub fn shown(&self) -> Vec<Shown> {
        let open = locked(&self.open);
        let shown = open.sessions.values().map(|session| Shown {
            kind: session.kind,
            peer: session.peer,
            opened_ms: session.opened_ms,
            user: session.user.as_ref().map(|user| Arc::clone(&user.name)),
            client: session.client,
        });
        shown.collect()
    }

    pub fn budgets(&self) -> &Budgets {
        &self.budgets
    }
}

impl Open {
    fn count(&mut self, session: &Session, loopback: Loopback) {
        if let Some(source) = session.counted_source(loopback) {
            *self.by_source.entry(source).or_default() += 1;
        }
        if !session.is_proven() {
            self.unproven += 1;
        }
    }
}

impl Session {
    fn is_proven(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.is_proven)
    }

    /// None: it has proven who it is, or its address is not counted.
    fn counted_source(&self, loopback: Loopback) -> Option<Source> {
        if self.is_proven() { None } else { loopback.counted(self.peer.ip()) }
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const LIMITS: Limits = Limits {
        sessions_max: 1_000,
        per_user_max: 10,
        per_address_max: 100,
        loopback: Loopback::Exempt,
    };

    fn registry() -> Arc<Registry> {
        Registry::new(LIMITS, Mode::Open, Budgets::without_entries(Loopback::Exempt))
    }

    fn peer(last: u8) -> SocketAddr {
        (IpAddr::from([10, 0, 0, last]), 1).into()
    }

    fn proven(name: &str) -> Option<User> {
        Some(User { name: name.into(), is_proven: true })
    }

    fn claimed(name: &str) -> Option<User> {
        User::claimed(AccountName::new(name).unwrap())
    }

    #[tokio::test]
    async fn the_1001st_in_all_and_the_11th_of_a_user_are_refused_until_one_leaves() {
        let registry = registry();
        let admit = |user| registry.admit(Kind::Stomp, peer(1), None, user);
        let mut of_ann: Vec<_> = (0..10).map(|_| admit(proven("ann")).unwrap()).collect();
        assert_eq!(admit(proven("ann")).err(), Some(NoRoom::User));
        let others: Vec<_> =
            (10..1_000).map(|n| admit(proven(&format!("user-{n}"))).unwrap()).collect();
        assert_eq!(admit(proven("bob")).err(), Some(NoRoom::All), "the 1,001st");
        assert_eq!(registry.taken(), 1_000);
        of_ann.pop();
        let again = admit(proven("ann")).unwrap();
        assert_eq!(admit(None).err(), Some(NoRoom::All));
        drop((of_ann, others, again));
        registry.empty().await;
        let open = locked(&registry.open);
        assert!(open.sessions.is_empty() && open.by_user.is_empty() && open.by_source.is_empty());
        assert_eq!(open.unproven, 0);
    }

    #[test]
    fn who_has_proven_nothing_is_bounded_by_address_and_loopback_is_not() {
        let registry = registry();
        let admit = |peer, user| registry.admit(Kind::XTrader, peer, None, user);
        let mapped = "[::ffff:10.0.0.1]:7".parse().unwrap();
        let mut here: Vec<_> = (0..99).map(|_| admit(peer(1), None).unwrap()).collect();
        here.push(admit(mapped, claimed("ann")).unwrap());
        assert_eq!(admit(peer(1), None).err(), Some(NoRoom::Address), "the 101st");
        assert_eq!(admit(peer(1), claimed("bob")).err(), Some(NoRoom::Address));
        let _proven = admit(peer(1), proven("bob")).unwrap();
        let _other = admit(peer(2), None).unwrap();
        let loopback = "127.0.0.1:7".parse().unwrap();
        let _near: Vec<_> = (0..200).map(|_| admit(loopback, None).unwrap()).collect();
        let user = proven("cid").unwrap();
        here[0].name(user).unwrap();
        let _freed = admit(peer(1), None).expect("one of the address has proven who it is");
    }

    #[test]
    fn who_says_it_later_is_bounded_too_and_demo_is_everybodys() {
        let registry = registry();
        let admit = |user| registry.admit(Kind::XTrader, peer(1), None, user).unwrap();
        let named: Vec<_> = (0..10).map(|_| admit(None)).collect();
        for place in &named {
            place.name(proven("ann").unwrap()).unwrap();
        }
        let eleventh = admit(None);
        assert_eq!(eleventh.name(proven("ann").unwrap()), Err(NoRoom::User));
        assert_eq!(registry.user(eleventh_number(&registry)), None);
        named[0].name(proven("bob").unwrap()).expect("it stays the first one's");
        let shown = registry.shown();
        assert_eq!(shown.iter().filter(|s| s.user.as_deref() == Some("ann")).count(), 10);
        assert_eq!(claimed("demo"), None);
        assert_eq!(User::of(&Principal::anonymous()), None);
    }

    #[test]
    fn who_proves_nothing_leaves_room_for_who_does_and_ipv6_counts_by_network() {
        let registry =
            Registry::new(LIMITS, Mode::Authenticated, Budgets::without_entries(Loopback::Exempt));
        let admit =
            |peer: &str, user| registry.admit(Kind::Stomp, peer.parse().unwrap(), None, user);
        let network: Vec<_> =
            (0..100).map(|n| admit(&format!("[2001:db8::{n:x}]:7"), None).unwrap()).collect();
        assert_eq!(admit("[2001:db8::ffff]:7", None).err(), Some(NoRoom::Address));
        let near: Vec<_> = (0..400).map(|_| admit("127.0.0.1:7", None).unwrap()).collect();
        assert_eq!(admit("127.0.0.1:7", None).err(), Some(NoRoom::All), "half of the places");
        let _proven = admit("10.0.0.1:7", proven("ann")).unwrap();
        near[0].name(proven("bob").unwrap()).unwrap();
        let _next = admit("10.0.0.2:7", None).expect("one of them has proven who it is");
        assert_eq!(admit("10.0.0.2:7", None).err(), Some(NoRoom::All));
        drop((near, network));
        assert_eq!(locked(&registry.open).unproven, 1);
    }

    fn eleventh_number(registry: &Registry) -> u64 {
        locked(&registry.open).last
    }
}
