//! A venue's rate limits as token buckets. A token comes back one period after it was taken, so
//! that no window of that length, wherever it begins, ever sees more than the bucket holds.
//! Several limits at once hold together: 5 a second and 100 a minute.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Messages that left a period apart may arrive a little closer.
const MARGIN: Duration = Duration::from_millis(50);
/// A wait of this length is logged and counted; what waits is never dropped.
pub const LONG_WAIT: Duration = Duration::from_secs(15);

/// So many in a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    pub tokens: usize,
    pub period: Duration,
}

impl Rate {
    pub const fn new(tokens: usize, seconds: u64) -> Self {
        Self { tokens, period: Duration::from_secs(seconds) }
    }
}

/// Shared by all that a venue counts together.
#[derive(Clone, Debug)]
pub(super) struct Limiter(Arc<Mutex<Buckets>>);

#[derive(Debug)]
struct Buckets {
    name: &'static str,
    buckets: Vec<Bucket>,
    taken: u64,
    waits: u64,
    waits_long: u64,
    waited_max: Duration,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    /// When each missing token comes back, soonest first.
    back_at: VecDeque<Instant>,
}

/// As `/api/v1/feeds` shows it.
#[derive(Clone, PartialEq, Serialize, ToSchema, Debug)]
pub struct LimiterStatus {
    pub name: &'static str,
    pub buckets: Vec<BucketStatus>,
    pub taken: u64,
    /// Requests that had to wait.
    pub waits: u64,
    /// Those of 15 s and more.
    pub waits_long: u64,
    pub waited_ms_max: u64,
}

#[derive(Clone, PartialEq, Serialize, ToSchema, Debug)]
pub struct BucketStatus {
    pub tokens: usize,
    pub period_ms: u64,
    pub available: usize,
}

impl Limiter {
    pub(super) fn new(name: &'static str, rates: &[Rate]) -> Self {
        let buckets = rates
            .iter()
            .map(|&rate| Bucket { rate, back_at: VecDeque::with_capacity(rate.tokens) })
            .collect();
        Self(Arc::new(Mutex::new(Buckets {
            name,
            buckets,
            taken: 0,
            waits: 0,
            waits_long: 0,
            waited_max: Duration::ZERO,
        })))
    }

    /// A token of every bucket, or when to ask again; `since` is when it was first wanted.
    pub(super) fn take(&self, now: Instant, since: Instant) -> Result<(), Instant> {
        let mut all = self.lock();
        if let Some(at) = all.buckets.iter_mut().filter_map(|bucket| bucket.empty_until(now)).max()
        {
            return Err(at);
        }
        for bucket in &mut all.buckets {
            bucket.back_at.push_back(now + bucket.rate.period + MARGIN);
        }
        all.taken += 1;
        let waited = now.saturating_duration_since(since);
        if !waited.is_zero() {
            all.waits += 1;
            all.waited_max = all.waited_max.max(waited);
        }
        if waited >= LONG_WAIT {
            all.waits_long += 1;
            tracing::warn!(limiter = all.name, ?waited, "a venue's rate limit held a request back");
        }
        Ok(())
    }

    /// The venue said that it had enough: nothing for so long.
    pub(super) fn drain(&self, now: Instant, pause: Duration) {
        for bucket in &mut self.lock().buckets {
            bucket.back_at.clear();
            bucket.back_at.extend(std::iter::repeat_n(now + pause, bucket.rate.tokens));
        }
    }

    pub(super) async fn wait(&self) {
        let since = Instant::now();
        while let Err(at) = self.take(Instant::now(), since) {
            tokio::time::sleep_until(at).await;
        }
    }

    pub(super) fn status(&self, now: Instant) -> LimiterStatus {
        let mut all = self.lock();
        let buckets = all.buckets.iter_mut().map(|bucket| bucket.status(now)).collect();
        LimiterStatus {
            name: all.name,
            buckets,
            taken: all.taken,
            waits: all.waits,
            waits_long: all.waits_long,
            waited_ms_max: millis(all.waited_max),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn refill(&mut self, now: Instant) {
        while self.back_at.front().is_some_and(|at| *at <= now) {
            self.back_at.pop_front();
        }
    }

    /// None: there is a token.
    fn empty_until(&mut self, now: Instant) -> Option<Instant> {
        self.refill(now);
        let is_empty = self.back_at.len() >= self.rate.tokens;
        is_empty.then(|| self.back_at.front().copied()).flatten()
    }

    fn status(&mut self, now: Instant) -> BucketStatus {
        self.refill(now);
        let Rate { tokens, period } = self.rate;
        let available = tokens.saturating_sub(self.back_at.len());
        BucketStatus { tokens, period_ms: millis(period), available }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_sees_more_than_the_limit() {
        let rates = [Rate::new(5, 1), Rate::new(100, 60)];
        let limiter = Limiter::new("upbit", &rates);
        let start = Instant::now();
        let mut now = start;
        let mut sent = Vec::new();
        while sent.len() < 250 {
            match limiter.take(now, now) {
                Ok(()) => sent.push(now),
                Err(at) => {
                    assert!(at > now, "a wait ends later");
                    now = at;
                }
            }
        }
        for rate in rates {
            for window in sent.windows(rate.tokens + 1) {
                let length = window[rate.tokens] - window[0];
                assert!(length > rate.period, "{} in {length:?}", rate.tokens + 1);
            }
        }
        let seconds = (now - start).as_secs();
        assert!((125..135).contains(&seconds), "as fast as it may: {seconds} s");
    }

    #[test]
    fn long_waits_are_counted_and_the_venue_can_empty_the_bucket() {
        let limiter = Limiter::new("one", &[Rate::new(2, 10)]);
        let start = Instant::now();
        limiter.drain(start, Duration::from_secs(20));
        assert_eq!(limiter.status(start).buckets[0].available, 0);
        let at = limiter.take(start, start).unwrap_err();
        assert_eq!(at, start + Duration::from_secs(20));
        limiter.take(at, start).unwrap();
        let status = limiter.status(at);
        assert_eq!((status.taken, status.waits, status.waits_long), (1, 1, 1));
        assert_eq!((status.waited_ms_max, status.buckets[0].available), (20_000, 1));
    }
}
