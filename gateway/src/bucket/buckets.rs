//! The buckets of many: by key, behind one lock that is held for a few steps. A full bucket is the
//! same as none, so those are forgotten; of the others there are so many at most.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Bucket, Empty, Rate, Standing};

/// Buckets that are not full. Beyond this those that are full again are forgotten, and if that is
/// not enough, whoever is new is refused until some are.
const BUCKETS_MAX: usize = 1 << 16;

#[derive(Debug)]
pub struct Buckets<K>(Mutex<HashMap<K, Bucket>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Whether a token is there; none is taken.
    pub fn has(&self, key: &K, rate: Rate, now: Instant) -> bool {
        let mut bucket = self.locked().get(key).copied().unwrap_or_default();
        bucket.take(rate, 1, now).is_ok()
    }

    /// All of the tokens or none.
    pub fn take(&self, key: K, rate: Rate, tokens: u32, now: Instant) -> Result<Standing, Empty> {
        let tightest = self.take_from_each([(key, rate)], tokens, now)?;
        Ok(tightest.expect("one bucket is the tightest of one"))
    }

    /// So many tokens of each of these buckets, or of none. What the tightest has left; None:
    /// there was no bucket.
    pub fn take_from_each(
        &self,
        draws: impl IntoIterator<Item = (K, Rate)>,
        tokens: u32,
        now: Instant,
    ) -> Result<Option<Standing>, Empty> {
        let mut buckets = self.locked();
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let mut taken = Vec::with_capacity(2);
        let mut tightest = None;
        for (key, rate) in draws {
            let known = buckets.get(&key).copied();
            if known.is_none() && buckets.len() >= BUCKETS_MAX {
                return Err(rate.empty());
            }
            let mut bucket = known.unwrap_or_default();
            tightest = Standing::tighter(tightest, Some(bucket.take(rate, tokens, now)?));
            taken.push((key, bucket));
        }
        buckets.extend(taken);
        Ok(tightest)
    }

    /// The lock is held for a few steps without a panic in them.
    fn locked(&self) -> MutexGuard<'_, HashMap<K, Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate::new(20, Duration::from_millis(200));

    #[test]
    fn each_key_has_its_own_and_a_look_takes_nothing() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        for left in (0..20).rev() {
            assert!(buckets.has(&"one", RATE, now));
            assert_eq!(buckets.take("one", RATE, 1, now).unwrap().remaining, left);
        }
        assert!(!buckets.has(&"one", RATE, now));
        assert_eq!(buckets.take("one", RATE, 1, now), Err(RATE.empty()));
        assert_eq!(buckets.take("other", RATE, 1, now).unwrap().remaining, 19);
    }

    #[test]
    fn from_each_of_several_or_from_none_and_the_tightest_is_told() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let take = |draws: &[(&'static str, u32)], tokens| {
            let draws = draws.iter().map(|&(key, factor)| (key, RATE.times(factor)));
            let taken = buckets.take_from_each(draws, tokens, now);
            taken.map(|tightest| tightest.map(|standing| (standing.limit, standing.remaining)))
        };
        assert_eq!(take(&[], 9_999), Ok(None));
        assert_eq!(take(&[("user", 2), ("address", 4)], 30), Ok(Some((40, 10))));
        assert_eq!(take(&[("address", 4), ("user", 2)], 11).map_err(|e| e.limit), Err(40));
        assert_eq!(take(&[("address", 4)], 45), Ok(Some((80, 5))), "nothing was taken of it");
        assert_eq!(take(&[("user", 2), ("address", 4)], 5), Ok(Some((80, 0))));
    }

    #[test]
    fn the_number_of_buckets_is_bounded_and_full_ones_make_room() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        for key in 0..BUCKETS_MAX {
            buckets.take(key, RATE, 1 + u32::from(key > 0), now).unwrap();
        }
        assert_eq!(buckets.take(BUCKETS_MAX, RATE, 1, now), Err(RATE.empty()));
        assert!(buckets.has(&BUCKETS_MAX, RATE, now), "it owes nothing");
        assert_eq!(buckets.take(1, RATE, 1, now).unwrap().remaining, 17, "who is known goes on");
        let later = now + Duration::from_millis(200);
        assert_eq!(buckets.take(BUCKETS_MAX, RATE, 1, later).unwrap().remaining, 19);
        assert_eq!(buckets.take(0, RATE, 1, later), Err(RATE.empty()), "one place came free");
    }
}
