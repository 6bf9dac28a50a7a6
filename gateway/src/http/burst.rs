//! The messages that one session may send at once, and the rate that refills them: a bucket on the
//! monotonic clock. What is done with a session that is over it, its protocol says.

use std::time::Instant;

/// Messages that may come at once.
const BURST_MAX: f64 = 1_000.0;
const BURST_PER_SECOND: f64 = 200.0;

pub(crate) struct Burst {
    tokens: f64,
    at: Instant,
}

impl Burst {
    pub(crate) fn new(now: Instant) -> Self {
        Self { tokens: BURST_MAX, at: now }
    }

    /// Takes one token; true: there was none.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        self.is_over_by(1, now)
    }

    /// Takes so many tokens; true: there were fewer.
    pub(crate) fn is_over_by(&mut self, tokens: u32, now: Instant) -> bool {
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * BURST_PER_SECOND;
        self.tokens = (self.tokens + refill).min(BURST_MAX);
        self.at = now;
        let tokens = f64::from(tokens);
        let over = self.tokens < tokens;
        self.tokens -= tokens;
        over
    }
}
