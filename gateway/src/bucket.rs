//! Token buckets: so many tokens at once, and one more after each refill. A bucket is the moment at
//! which it will be full again, 16 bytes that nobody has to tend; its rate is a constant of whoever
//! draws, and the time comes with each call. Whose it is and what an empty one costs, is not known
//! here. `governor` (0.10.4, December 2025) reckons the same way, but whatever it checks it takes:
//! several buckets or none, a look, a refund, a bucket that the next session goes on with, and a
//! bound of the keys would all have to be built around it, and its limiter is larger.

mod buckets;

use std::time::{Duration, Instant};

pub use buckets::Buckets;

/// How much a bucket holds, and how fast it fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    burst: u32,
    refill: Duration,
}

/// Full at first. The greater of two of one rate is the emptier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Bucket {
    /// None: since ever.
    full_at: Option<Instant>,
}

/// What a bucket has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Until it is full again.
    pub reset: Duration,
}

/// It had not so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Empty {
    pub limit: u32,
    pub reset: Duration,
}

impl Rate {
    /// `burst` tokens at once, and one more after each `refill`.
    pub const fn new(burst: u32, refill: Duration) -> Self {
        assert!(!refill.is_zero(), "a bucket that fills in no time bounds nothing");
        Self { burst, refill }
    }

    /// So many a second, and at once what comes in `seconds`.
    pub fn per_second(tokens: u32, seconds: u32) -> Self {
        assert!(tokens > 0, "a rate of nothing would never refill");
        let refill = (Duration::from_secs(1) / tokens).max(Duration::from_nanos(1));
        Self { burst: tokens.saturating_mul(seconds), refill }
    }

    /// So many times as much, as many times as fast.
    pub fn times(self, factor: u32) -> Self {
        let refill = (self.refill / factor).max(Duration::from_nanos(1));
        Self { burst: self.burst.saturating_mul(factor), refill }
    }

    /// From empty to full.
    fn whole(self) -> Duration {
        self.refill.saturating_mul(self.burst)
    }

    /// As it is said of a bucket without a token.
    fn empty(self) -> Empty {
        Empty { limit: self.burst, reset: self.whole() }
    }

    /// What a bucket has that lacks so much.
    fn standing(self, missing: Duration) -> Standing {
        let left = self.whole().saturating_sub(missing);
        let remaining = left.as_nanos() / self.refill.as_nanos();
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        Standing { limit: self.burst, remaining, reset: missing }
    }
}

impl Standing {
    /// Of two buckets that are drawn from together.
    pub fn tighter(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        [one, other].into_iter().flatten().min_by_key(|standing| standing.remaining)
    }
}

impl Bucket {
    /// All of the tokens or none.
    pub fn take(&mut self, rate: Rate, tokens: u32, now: Instant) -> Result<Standing, Empty> {
        let missing = self.missing(now);
        let wanted = missing.saturating_add(rate.refill.saturating_mul(tokens));
        if wanted > rate.whole() {
            return Err(Empty { limit: rate.burst, reset: missing });
        }
        self.full_at = Some(now + wanted);
        Ok(rate.standing(wanted))
    }

    /// One token comes back at once.
    pub fn refund(&mut self, rate: Rate) {
        self.full_at = self.full_at.and_then(|full_at| full_at.checked_sub(rate.refill));
    }

    pub fn is_full(self, now: Instant) -> bool {
        self.missing(now).is_zero()
    }

    fn missing(self, now: Instant) -> Duration {
        self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(20, Duration::from_millis(200));

    #[test]
    fn a_burst_then_the_refill_rate_and_all_or_none() {
        let start = Instant::now();
        let mut bucket = Bucket::default();
        for (after_ms, tokens, remaining) in [
            (0, 21, None), // More than there can be.
            (0, 0, Some(20)),
            (0, 19, Some(1)),
            (0, 2, None), // None is taken of too many.
            (0, 1, Some(0)),
            (199, 1, None),
            (200, 1, Some(0)),
            (200, 1, None),
            (900, 1, Some(2)), // Half a token is none, and is not lost.
            (1_000, 3, Some(0)),
            (1_000, 1, None),
            (3_600_000, 21, None), // Never above full.
            (3_600_000, 20, Some(0)),
            (0, 1, None), // A clock that goes back gives nothing.
        ] {
            let now = start + Duration::from_millis(after_ms);
            let taken = bucket.take(RATE, tokens, now).map(|standing| standing.remaining);
            assert_eq!(taken.ok(), remaining, "{tokens} after {after_ms} ms");
        }
    }

    #[test]
    fn what_is_left_and_when_it_is_full_is_said_both_ways() {
        let (now, millis) = (Instant::now(), Duration::from_millis);
        let mut bucket = Bucket::default();
        let standing = Standing { limit: 20, remaining: 17, reset: millis(600) };
        assert_eq!(bucket.take(RATE, 3, now), Ok(standing));
        let later = now + millis(100);
        assert_eq!(bucket.take(RATE, 18, later), Err(Empty { limit: 20, reset: millis(500) }));
        assert_eq!([499, 500].map(|after| bucket.is_full(later + millis(after))), [false, true]);
    }

    #[test]
    fn a_refund_is_one_token_and_never_more_than_full() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.refund(RATE);
        let remaining = |bucket: &mut Bucket| bucket.take(RATE, 0, now).unwrap().remaining;
        assert_eq!(remaining(&mut bucket), 20);
        bucket.take(RATE, 2, now).unwrap();
        for left in [19, 20, 20] {
            bucket.refund(RATE);
            assert_eq!(remaining(&mut bucket), left);
        }
    }

    #[test]
    fn a_rate_by_the_second_and_its_multiples() {
        let (millis, nanos) = (Duration::from_millis, Duration::from_nanos);
        for (rate, expected) in [
            (Rate::per_second(10, 2), Rate::new(20, millis(100))),
            (Rate::per_second(10, 2).times(4), Rate::new(80, millis(25))),
            (Rate::per_second(3, 2), Rate::new(6, nanos(333_333_333))),
            (Rate::per_second(u32::MAX, 2), Rate::new(u32::MAX, nanos(1))),
        ] {
            assert_eq!(rate, expected);
        }
    }

    #[test]
    fn a_bucket_is_sixteen_bytes_and_so_is_one_that_may_be_absent() {
        assert_eq!([size_of::<Bucket>(), size_of::<Option<Bucket>>()], [16, 16]);
    }
}
