//! How long to wait before the next try: 1 s, doubled to 30 s, give or take a tenth. The tenth is
//! put on top of the cap, so that clients which all wait the longest do not come back as one.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
const JITTER: f64 = 0.1;

#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// `chance` is from 0 to 1, evenly spread.
    pub(super) fn next(&mut self, chance: f64) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        doubled.min(LONGEST).mul_f64(1.0 + JITTER * (chance.clamp(0.0, 1.0) * 2.0 - 1.0))
    }

    /// The venue asked for peace: the next wait is the longest.
    pub(super) fn exhaust(&mut self) {
        self.failures = self.failures.max(LONGEST.as_secs().ilog2() + 1);
    }

    /// The venue has said something that makes sense. To have been let in is not enough: one that
    /// accepts and closes at once would be knocked at every second.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// From 0 to 1, for jitter; nothing is decided by it.
pub(super) fn chance() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The version's digit is fixed: only what is above it counts.
    (high >> 16) as f64 / (1u64 << 48) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_cap_and_jitter_is_a_tenth() {
        for (chance, factor) in [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)] {
            let mut backoff = Backoff::default();
            for seconds in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] {
                let wait = backoff.next(chance).as_secs_f64();
                assert!((wait - seconds * factor).abs() < 1e-6, "{wait} for {seconds} x {factor}");
            }
            backoff.reset();
            assert!((backoff.next(chance).as_secs_f64() - factor).abs() < 1e-6);
            backoff.exhaust();
            assert!((backoff.next(chance).as_secs_f64() - 30.0 * factor).abs() < 1e-6);
        }
    }

    #[test]
    fn no_wait_overflows() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next(0.5), LONGEST);
        assert!((0..1000).map(|_| chance()).all(|chance| (0.0..1.0).contains(&chance)));
    }
}
