//! Token buckets of sessions: a burst, then a steady rate, on the monotonic clock. A session's
//! bucket for prayers outlives it at its address until it is full again, and the next session
//! from there goes on with it: who comes back has no more than who stayed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::bucket::{BURST, REFILL};
use crate::peer::Source;

/// Tokens that come back one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bucket {
    burst: u32,
    refill: Duration,
    full_at: Instant,
}

impl Bucket {
    pub(super) fn new(burst: u32, refill: Duration, now: Instant) -> Self {
        Self { burst, refill, full_at: now }
    }

    /// All of the tokens or none; false: there are not so many.
    pub(super) fn take(&mut self, tokens: u32, now: Instant) -> bool {
        let missing = self.full_at.saturating_duration_since(now);
        let wanted = missing.saturating_add(self.refill.saturating_mul(tokens));
        let is_enough = wanted <= self.refill * self.burst;
        if is_enough {
            self.full_at = now + wanted;
        }
        is_enough
    }

    /// One token comes back at once.
    pub(super) fn refund(&mut self) {
        self.full_at = self.full_at.checked_sub(self.refill).unwrap_or(self.full_at);
    }
}

/// Buckets that sessions have left behind before they were full, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftBuckets(Arc<Mutex<HashMap<Source, Vec<Instant>>>>);

/// Addresses that are remembered. Beyond this those whose buckets are full are forgotten, and if
/// that is not enough, nothing more is remembered until they are: at most a burst and its refill.
const ADDRESSES_MAX: usize = 1 << 16;
/// Left buckets of one address; the fullest is forgotten first.
const LEFT_MAX: usize = 1_024;

/// A session's prayers.
#[derive(Debug)]
pub(super) struct PrayerBucket {
    left: LeftBuckets,
    source: Source,
    bucket: Bucket,
}

impl LeftBuckets {
    /// The emptiest that was left at the address, or a full one.
    pub(super) fn open(&self, address: IpAddr, now: Instant) -> PrayerBucket {
        let source = Source::of(address);
        let mut bucket = Bucket::new(BURST, REFILL, now);
        let mut left = self.lock();
        if let Some(buckets) = left.get_mut(&source) {
            buckets.retain(|&full_at| full_at > now);
            let emptiest = (0..buckets.len()).max_by_key(|&index| buckets[index]);
            if let Some(emptiest) = emptiest {
                bucket.full_at = buckets.swap_remove(emptiest);
            }
            if buckets.is_empty() {
                left.remove(&source);
            }
        }
        drop(left);
        PrayerBucket { left: self.clone(), source, bucket }
    }

    fn leave(&self, source: Source, full_at: Instant, now: Instant) {
        if full_at <= now {
            return;
        }
        let mut left = self.lock();
        if left.len() >= ADDRESSES_MAX {
            left.retain(|_, buckets| buckets.iter().any(|&full_at| full_at > now));
        }
        if left.len() >= ADDRESSES_MAX && !left.contains_key(&source) {
            return;
        }
        let buckets = left.entry(source).or_default();
        buckets.push(full_at);
        if buckets.len() > LEFT_MAX
            && let Some(fullest) = (0..buckets.len()).min_by_key(|&index| buckets[index])
        {
            buckets.swap_remove(fullest);
        }
    }

    /// A panic of a session while it held this lock leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<Source, Vec<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PrayerBucket {
    /// All of the tokens or none.
    pub(super) fn take(&mut self, tokens: u32, now: Instant) -> bool {
        self.bucket.take(tokens, now)
    }
}

impl Drop for PrayerBucket {
    fn drop(&mut self) {
        self.left.leave(self.source, self.bucket.full_at, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut PrayerBucket, now: Instant) -> u32 {
        (0..100).take_while(|_| bucket.take(1, now)).count() as u32
    }

    #[test]
    fn a_burst_then_the_refill_rate_and_all_or_none() {
        let now = Instant::now();
        let mut bucket = Bucket::new(20, Duration::from_millis(200), now);
        assert!(!bucket.take(21, now), "more than there can be");
        assert!(bucket.take(19, now));
        assert!(!bucket.take(2, now), "none is taken of too many");
        assert!(bucket.take(1, now));
        assert!(!bucket.take(1, now + Duration::from_millis(199)));
        assert!(bucket.take(1, now + Duration::from_millis(200)));
        assert!(!bucket.take(1, now + Duration::from_millis(200)));
        assert!(!bucket.take(21, now + Duration::from_secs(3_600)), "never above full");
        assert!(bucket.take(20, now + Duration::from_secs(3_600)));
        bucket.refund();
        assert!(bucket.take(1, now + Duration::from_secs(3_600)));
        assert!(!bucket.take(1, now + Duration::from_secs(3_600)));
    }

    #[test]
    fn who_comes_back_has_no_more_than_who_stayed() {
        let left = LeftBuckets::default();
        let (address, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        // In the future, so that nothing refills while this runs.
        let now = Instant::now() + Duration::from_secs(3_600);
        let mut first = left.open(address, now);
        assert_eq!(taken(&mut first, now), BURST);
        let mut beside = left.open(address, now);
        assert_eq!(taken(&mut beside, now), BURST, "a session of its own beside the first");
        drop(first);
        assert_eq!(taken(&mut left.open(other, now), now), BURST, "another address");
        let mut again = left.open("::ffff:10.0.0.1".parse().unwrap(), now);
        assert_eq!(taken(&mut again, now), 0, "the first comes back");
        assert_eq!(taken(&mut again, now + REFILL * 3), 3);
        let mut third = left.open(address, now);
        assert_eq!(taken(&mut third, now), BURST, "both left buckets are in use");
        drop((beside, third, again));
        assert_eq!(left.lock()[&Source::of(address)].len(), 3);
        let later = now + REFILL * BURST * 2;
        let mut late = left.open(address, later);
        assert_eq!(taken(&mut late, later), BURST, "full again, and forgotten");
        assert!(!left.lock().contains_key(&Source::of(address)));
    }

    #[test]
    fn the_emptiest_is_taken_up_first_and_the_number_is_bounded() {
        let left = LeftBuckets::default();
        let (address, now) = ([10, 0, 0, 1].into(), Instant::now());
        for millis in 0..LEFT_MAX as u64 + 50 {
            left.leave(Source::of(address), now + Duration::from_millis(1 + millis), now);
        }
        assert_eq!(left.lock()[&Source::of(address)].len(), LEFT_MAX);
        let bucket = left.open(address, now);
        assert_eq!(bucket.bucket.full_at, now + Duration::from_millis(LEFT_MAX as u64 + 50));
    }
}
