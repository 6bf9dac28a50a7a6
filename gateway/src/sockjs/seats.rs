//! Places for sessions: whoever mounts a service says by an `Usher` whether there is room for one
//! more. `Seats` is a plain one: so many in all and from one address, of one mount or several.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use tokio::sync::Notify;

use super::locked;
use super::service::Opening;
use crate::peer::Source;

/// Why there is no room. In all, or stopping: 503; of the one who asks: 429.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NoRoom {
    #[error("too many sessions are open")]
    All,
    #[error("no more sessions are opened")]
    Stopping,
    #[error("too many sessions of this user are open")]
    User,
    #[error("too many sessions are open from this address")]
    Address,
    /// What the opening says of who it is does not hold.
    #[error("{text}")]
    Refused { status: u16, text: &'static str },
}

/// A session's place: given back when the last of it is dropped. What it is inside is between
/// the usher and the service.
pub type Seat = Arc<dyn Any + Send + Sync>;

/// Says whether there is room for one session more, before it begins.
pub trait Usher: Send + Sync + 'static {
    fn seat(self: Arc<Self>, opening: &Opening) -> Result<Seat, NoRoom>;
}

/// Sessions open at once, over all addresses.
const SESSIONS_MAX: usize = 10_000;
/// Sessions open at once from one address.
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
    by_source: HashMap<Source, usize>,
}

/// A session counts as long as this lives.
struct Taking {
    seats: Arc<Seats>,
    source: Source,
}

impl Seats {
    /// As many as a server of its own allows.
    pub fn of_product() -> Arc<Self> {
        Self::new(SESSIONS_MAX, SESSIONS_PER_ADDRESS_MAX)
    }

    /// One more in all is answered 503, one more from one address 429.
    pub fn new(sessions_max: usize, sessions_per_address_max: usize) -> Arc<Self> {
        let taken = Mutex::default();
        let given_back = Notify::new();
        Arc::new(Self { taken, sessions_max, sessions_per_address_max, given_back })
    }

    /// Loopback addresses have no bound of their own.
    fn take(self: &Arc<Self>, address: IpAddr) -> Result<Taking, NoRoom> {
        let source = Source::of(address);
        let mut taken = locked(&self.taken);
        if taken.all >= self.sessions_max {
            return Err(NoRoom::All);
        }
        let here = taken.by_source.get(&source).copied().unwrap_or(0);
        if here >= self.sessions_per_address_max && !source.is_near() {
            return Err(NoRoom::Address);
        }
        taken.all += 1;
        taken.by_source.insert(source, here + 1);
        Ok(Taking { seats: Arc::clone(self), source })
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

impl Usher for Seats {
    fn seat(self: Arc<Self>, opening: &Opening) -> Result<Seat, NoRoom> {
        self.take(opening.peer.ip()).map(|taking| Arc::new(taking) as Seat)
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        let mut taken = locked(&self.seats.taken);
        taken.all -= 1;
        if let Some(here) = taken.by_source.get_mut(&self.source) {
            *here -= 1;
            if *here == 0 {
                taken.by_source.remove(&self.source);
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
        assert_eq!(seats.take(address(1)).err(), Some(NoRoom::Address));
        let others = [seats.take(address(2)).unwrap(), seats.take(address(2)).unwrap()];
        assert_eq!(seats.take(address(3)).err(), Some(NoRoom::All));
        drop(first);
        let _again = seats.take(address(1)).unwrap();
        drop(others);
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let _many = [seats.take(loopback).unwrap(), seats.take(loopback).unwrap()];
        assert_eq!(seats.taken(), 4);
        drop((_second, _again, _many));
        seats.empty().await;
        assert!(locked(&seats.taken).by_source.is_empty());
    }
}
