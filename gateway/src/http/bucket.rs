//! Token buckets by address: a burst, then a steady rate, on the monotonic clock. A new
//! connection from the same address meets the same bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::peer::Source;

/// Tokens of a full bucket of prayers.
pub const BURST: u32 = 20;
/// One token comes back in this time.
pub const REFILL: Duration = Duration::from_millis(200);
/// Addresses whose bucket is not full; one more is refused until some are full again.
const ADDRESSES_MAX: usize = 1 << 16;

/// Each bucket is the moment at which it will be full again.
#[derive(Debug)]
pub struct Buckets {
    burst: u32,
    refill: Duration,
    full_at: Mutex<HashMap<Source, Instant>>,
}

/// What is left after a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub remaining: u32,
    /// Until the bucket is full again.
    pub reset: Duration,
}

/// No token was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Empty {
    pub reset: Duration,
}

impl Buckets {
    /// `burst` tokens at once, and one more after each `refill`.
    pub fn new(burst: u32, refill: Duration) -> Self {
        Self { burst, refill, full_at: Mutex::default() }
    }

    /// Those of prayers.
    pub fn of_prayers() -> Self {
        Self::new(BURST, REFILL)
    }

    /// Whether a token is there; none is taken.
    pub fn has(&self, address: IpAddr, now: Instant) -> bool {
        let buckets = self.locked();
        let missing = match buckets.get(&Source::of(address)) {
            Some(full_at) => full_at.saturating_duration_since(now),
            None => Duration::ZERO,
        };
        missing + self.refill <= self.refill * self.burst
    }

    pub fn take(&self, address: IpAddr, now: Instant) -> Result<Standing, Empty> {
        let source = Source::of(address);
        let mut buckets = self.locked();
        if buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let whole = self.refill * self.burst;
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&source) {
            return Err(Empty { reset: whole });
        }
        let full_at = buckets.entry(source).or_insert(now);
        let missing = full_at.saturating_duration_since(now);
        if missing + self.refill > whole {
            return Err(Empty { reset: missing });
        }
        *full_at = now + missing + self.refill;
        let reset = missing + self.refill;
        let remaining = (whole - reset).as_millis() / self.refill.as_millis();
        Ok(Standing { remaining: u32::try_from(remaining).unwrap_or(0), reset })
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Source, Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_refill_rate() {
        let buckets = Buckets::of_prayers();
        let (address, other) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let start = Instant::now();
        for left in (0..BURST).rev() {
            assert!(buckets.has(address, start));
            assert_eq!(buckets.take(address, start).unwrap().remaining, left);
        }
        assert!(!buckets.has(address, start));
        assert_eq!(buckets.take(address, start), Err(Empty { reset: REFILL * BURST }));
        assert!(buckets.take(other, start).is_ok(), "another address has its own");
        let later = start + REFILL * 3;
        let taken = (0..4).map(|_| buckets.take(address, later).is_ok()).collect::<Vec<_>>();
        assert_eq!(taken, [true, true, true, false]);
        let full = start + Duration::from_secs(3600);
        assert_eq!(buckets.take(address, full).unwrap().remaining, BURST - 1, "never above full");
    }
}
