//! When something is due again, in ticks: never more often than its schedule, and a tick that a
//! slow client missed is not made up for.

use std::time::Duration;

/// The slowest pace; a larger wish is this.
const INTERVAL_MS_MAX: u64 = 3_600_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pace {
    every: u64,
    next: u64,
}

impl Pace {
    /// What `wished_ms` comes to where `least` ticks is the schedule. First due `every` ticks
    /// after `now`.
    pub(super) fn new(wished_ms: Option<u64>, least: u64, tick: Duration, now: u64) -> Self {
        let tick_ms = u64::try_from(tick.as_millis()).unwrap_or(u64::MAX).max(1);
        let wished = wished_ms.unwrap_or(0).min(INTERVAL_MS_MAX).div_ceil(tick_ms);
        let every = wished.max(least).max(1);
        Self { every, next: now + every }
    }

    pub(super) fn is_due(&mut self, now: u64) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + self.every;
        }
        due
    }

    pub(super) fn interval(&self, tick: Duration) -> Duration {
        tick.saturating_mul(u32::try_from(self.every).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_clamped_to_the_schedule_and_rounded_up_to_ticks() {
        let tick = Duration::from_secs(1);
        for (wished, least, every) in [
            (None, 1, 1),
            (Some(0), 1, 1),
            (Some(10), 1, 1),
            (Some(1_000), 1, 1),
            (Some(1_001), 1, 2),
            (Some(1_000), 5, 5),
            (Some(7_500), 5, 8),
            (Some(u64::MAX), 1, 3_600),
        ] {
            let pace = Pace::new(wished, least, tick, 10);
            assert_eq!(pace, Pace { every, next: 10 + every }, "{wished:?}");
            assert_eq!(pace.interval(tick), Duration::from_secs(every));
        }
    }

    #[test]
    fn what_was_missed_is_told_once() {
        let mut pace = Pace::new(Some(2_000), 1, Duration::from_secs(1), 0);
        let due: Vec<u64> =
            [1, 2, 3, 4, 9, 10, 11].into_iter().filter(|&n| pace.is_due(n)).collect();
        assert_eq!(due, [2, 4, 9, 11]);
    }
}
