//! How many sessions there may be: in all, and from one address; of one mount or of several
//! together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use tokio::sync::Notify;

use super::locked;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(super) enum Full {
    #[error("too many sessions are open")]
    All,
    #[error("too many sessions are open from this address")]
    Address,
}

/// Sessions open at once, over all addresses; one more is answered 503.
const SESSIONS_MAX: usize = 10_000;
/// Sessions open at once from one address; one more is answered 503.
const SESSIONS_PER_ADDRESS_MAX: usize = 100;

/// The places that sessions take; mounts may share them.
pub struct Seats {
    taken: Mutex<Taken>,
    sessions_max: usize,
    sessions_per_address_max: usize,
    given_back: Notify,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A session counts as long as this lives.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    /// As many as the product allows.
    pub fn of_product() -> Arc<Self> {
        Self::new(SESSIONS_MAX, SESSIONS_PER_ADDRESS_MAX)
    }

    /// One more in all, or from one address, is answered 503.
    pub fn new(sessions_max: usize, sessions_per_address_max: usize) -> Arc<Self> {
        let taken = Mutex::default();
        let given_back = Notify::new();
        Arc::new(Self { taken, sessions_max, sessions_per_address_max, given_back })
    }

    /// Loopback addresses have no bound of their own.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let address = address.to_canonical();
        let mut taken = locked(&self.taken);
        if taken.all >= self.sessions_max {
            return Err(Full::All);
        }
        let here = taken.by_address.get(&address).copied().unwrap_or(0);
        if here >= self.sessions_per_address_max && !address.is_loopback() {
            return Err(Full::Address);
        }
        taken.all += 1;
        taken.by_address.insert(address, here + 1);
        Ok(Seat { seats: Arc::clone(self), address })
    }

    /// Sessions open now.
    pub fn taken(&self) -> usize {
        locked(&self.taken).all
    }

    /// Returns once no seat is taken.
    pub async fn empty(&self) {
        loop {
            let given_back = self.given_back.notified();
            if self.taken() == 0 {
                return;
            }
            given_back.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = locked(&self.seats.taken);
        taken.all -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        drop(taken);
        self.seats.given_back.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sessions_are_bounded_in_all_and_by_address() {
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        let seats = Seats::new(4, 2);
        let first = seats.take(address(1)).unwrap();
        let _second = seats.take("::ffff:10.0.0.1".parse().unwrap()).unwrap();
        assert_eq!(seats.take(address(1)).err(), Some(Full::Address));
        let others = [seats.take(address(2)).unwrap(), seats.take(address(2)).unwrap()];
        assert_eq!(seats.take(address(3)).err(), Some(Full::All));
        drop(first);
        let _again = seats.take(address(1)).unwrap();
        drop(others);
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let _many = [seats.take(loopback).unwrap(), seats.take(loopback).unwrap()];
        assert_eq!(seats.taken(), 4);
        drop((_second, _again, _many));
        seats.empty().await;
        assert!(locked(&seats.taken).by_address.is_empty());
    }
}
