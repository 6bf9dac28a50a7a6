//! How many connections are open, in all and from each address: nobody gets all the places. The
//! admin listener has a crowd of its own, so that whatever happens at the public ones an operator
//! gets in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::peer::Source;

/// HTTP connections open at once, over all public listeners.
pub const CONNECTIONS_MAX: usize = 4096;
/// The same of one foreign address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 100;
/// What this machine may have of all.
const NEAR_NUMERATOR: usize = 3;
const NEAR_DENOMINATOR: usize = 4;
/// Connections of the admin listener, beside all others.
const ADMIN_CONNECTIONS_MAX: usize = 256;
/// From this part on it is crowded: who is idle is not kept for long.
const CROWDED_DENOMINATOR: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    all: usize,
    per_address: usize,
    near: usize,
}

impl Limits {
    pub(super) const PUBLIC: Self = Self::of(CONNECTIONS_MAX);
    pub(super) const ADMIN: Self = Self::of(ADMIN_CONNECTIONS_MAX);

    const fn of(all: usize) -> Self {
        let near = all / NEAR_DENOMINATOR * NEAR_NUMERATOR;
        Self { all, per_address: CONNECTIONS_PER_ADDRESS_MAX, near }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoPlace {
    All,
    /// Its address has as many as one may have.
    Address,
}

pub(super) struct Crowd {
    limits: Limits,
    open: Mutex<Open>,
    gone: Notify,
}

#[derive(Default)]
struct Open {
    all: usize,
    near: usize,
    /// Foreign ones.
    by_source: HashMap<Source, usize>,
}

/// One connection; counted as long as it lives.
pub(super) struct Guest {
    crowd: Arc<Crowd>,
    source: Source,
}

impl Crowd {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default(), gone: Notify::new() })
    }

    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Guest, NoPlace> {
        let source = Source::of(address);
        let mut open = self.open();
        let (here, most) = match source.is_near() {
            true => (open.near, self.limits.near),
            false => {
                let here = open.by_source.get(&source).copied().unwrap_or(0);
                (here, self.limits.per_address)
            }
        };
        if here >= most {
            return Err(NoPlace::Address);
        }
        if open.all >= self.limits.all {
            return Err(NoPlace::All);
        }
        open.all += 1;
        match source.is_near() {
            true => open.near += 1,
            false => *open.by_source.entry(source).or_default() += 1,
        }
        Ok(Guest { crowd: Arc::clone(self), source })
    }

    /// Whether places are getting rare.
    pub(super) fn is_crowded(&self) -> bool {
        self.open().all >= self.limits.all / CROWDED_DENOMINATOR
    }

    /// Returns once nobody is there.
    pub(super) async fn empty(&self) {
        loop {
            let gone = self.gone.notified();
            if self.open().all == 0 {
                return;
            }
            gone.await;
        }
    }

    /// Held for a few steps without a panic in them.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    pub(super) fn is_crowded(&self) -> bool {
        self.crowd.is_crowded()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut open = self.crowd.open();
        open.all -= 1;
        if self.source.is_near() {
            open.near -= 1;
        } else if let Some(here) = open.by_source.get_mut(&self.source) {
            *here -= 1;
            if *here == 0 {
                open.by_source.remove(&self.source);
            }
        }
        drop(open);
        self.crowd.gone.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(crowd: &Arc<Crowd>, address: &str, count: usize) -> (Vec<Guest>, Option<NoPlace>) {
        let mut guests = Vec::new();
        for _ in 0..count {
            match crowd.enter(address.parse().unwrap()) {
                Ok(guest) => guests.push(guest),
                Err(full) => return (guests, Some(full)),
            }
        }
        (guests, None)
    }

    #[tokio::test]
    async fn no_address_and_not_this_machine_either_gets_all_the_places() {
        let crowd = Crowd::new(Limits::PUBLIC);
        let (one, full) = enter(&crowd, "10.0.0.1", 4_200);
        assert_eq!((one.len(), full), (100, Some(NoPlace::Address)));
        let (network, full) = enter(&crowd, "2001:db8::1", 60);
        assert_eq!((network.len(), full), (60, None));
        let (rest, full) = enter(&crowd, "2001:db8::2", 60);
        assert_eq!((rest.len(), full), (40, Some(NoPlace::Address)), "one network of 64 bits");
        assert!(!crowd.is_crowded());
        let (near, full) = enter(&crowd, "127.0.0.1", 4_200);
        assert_eq!((near.len(), full), (3_072, Some(NoPlace::Address)));
        assert_eq!(enter(&crowd, "::1", 1).1, Some(NoPlace::Address), "the same machine");
        assert!(crowd.is_crowded());
        let many: Vec<_> = (2..=9).map(|n| enter(&crowd, &format!("10.0.0.{n}"), 100)).collect();
        assert!(many.iter().all(|(guests, full)| guests.len() == 100 && full.is_none()));
        let (last, full) = enter(&crowd, "10.0.0.10", 100);
        assert_eq!((last.len(), full), (24, Some(NoPlace::All)), "4,096 in all");
        drop(one);
        assert_eq!(enter(&crowd, "10.0.0.1", 1).1, None);
        drop((network, rest, near, many, last));
        crowd.empty().await;
        let open = crowd.open();
        assert_eq!((open.all, open.near, open.by_source.len()), (0, 0, 0));
    }
}
