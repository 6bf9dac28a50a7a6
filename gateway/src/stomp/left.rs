//! Prayers of sessions: each has a bucket, which outlives it at its address until it is full again,
//! and the next session from there goes on with it: who comes back has no more than who stayed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::bucket::{Bucket, Empty};
use crate::peer::Source;
use crate::xtrader::entry::PRAYERS;

/// Buckets that sessions have left behind before they were full, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftBuckets(Arc<Mutex<HashMap<Source, Vec<Bucket>>>>);

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
        let mut bucket = Bucket::default();
        let mut left = self.lock();
        if let Some(buckets) = left.get_mut(&source) {
            buckets.retain(|bucket| !bucket.is_full(now));
            let emptiest = (0..buckets.len()).max_by_key(|&index| buckets[index]);
            if let Some(emptiest) = emptiest {
                bucket = buckets.swap_remove(emptiest);
            }
            if buckets.is_empty() {
                left.remove(&source);
            }
        }
        drop(left);
        PrayerBucket { left: self.clone(), source, bucket }
    }

    fn leave(&self, source: Source, bucket: Bucket, now: Instant) {
        if bucket.is_full(now) {
            return;
        }
        let mut left = self.lock();
        if left.len() >= ADDRESSES_MAX {
            left.retain(|_, buckets| buckets.iter().any(|bucket| !bucket.is_full(now)));
        }
        if left.len() >= ADDRESSES_MAX && !left.contains_key(&source) {
            return;
        }
        let buckets = left.entry(source).or_default();
        buckets.push(bucket);
        if buckets.len() > LEFT_MAX
            && let Some(fullest) = (0..buckets.len()).min_by_key(|&index| buckets[index])
        {
            buckets.swap_remove(fullest);
        }
    }

    /// A panic of a session while it held this lock leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<Source, Vec<Bucket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PrayerBucket {
    /// All of the tokens or none.
    pub(super) fn take(&mut self, tokens: u32, now: Instant) -> Result<(), Empty> {
        self.bucket.take(PRAYERS, tokens, now).map(drop)
    }
}

impl Drop for PrayerBucket {
    fn drop(&mut self) {
        self.left.leave(self.source, self.bucket, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bucket::Rate;

    const BURST: u32 = 20;
    const REFILL: Duration = Duration::from_millis(200);

    fn taken(bucket: &mut PrayerBucket, now: Instant) -> u32 {
        (0..100).take_while(|_| bucket.take(1, now).is_ok()).count() as u32
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
        let lacking = |tokens| {
            let mut bucket = Bucket::default();
            bucket.take(Rate::new(u32::MAX, REFILL), tokens, now).unwrap();
            bucket
        };
        for tokens in 1..=LEFT_MAX as u32 + 50 {
            left.leave(Source::of(address), lacking(tokens), now);
        }
        assert_eq!(left.lock()[&Source::of(address)].len(), LEFT_MAX);
        let bucket = left.open(address, now);
        assert_eq!(bucket.bucket, lacking(LEFT_MAX as u32 + 50));
    }
}
