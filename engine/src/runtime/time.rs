//! Engine time: the wall clock at the start plus monotonic time since, so that no adjustment of
//! the clock disturbs it. It must not be known to the core; commands carry it there.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A journal ahead of the wall clock by more than this goes on by its own time.
const AHEAD_MAX: Duration = Duration::from_secs(1);

/// Nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct RealTime {
    started: Instant,
    started_ns: u64,
}

impl RealTime {
    /// `journal_ns`: the last stamp that was ever given.
    pub(super) fn start(journal_ns: u64) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_ns: begin_ns(nanoseconds(since_epoch), journal_ns) }
    }

    #[inline]
    pub(super) fn now_ns(&self) -> u64 {
        self.started_ns + nanoseconds(self.started.elapsed())
    }
}

fn begin_ns(wall_ns: u64, journal_ns: u64) -> u64 {
    let ahead = Duration::from_nanos(journal_ns.saturating_sub(wall_ns));
    if ahead > AHEAD_MAX {
        tracing::warn!(
            ahead_ms = ahead.as_millis(),
            "the journal is ahead of the wall clock; engine time goes on from the journal"
        );
        return journal_ns;
    }
    wall_ns
}

#[inline]
fn nanoseconds(duration: Duration) -> u64 {
    duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_from_the_journal_only_if_that_is_well_ahead() {
        const S: u64 = 1_000_000_000;
        let rows = [
            (100 * S, 0, 100 * S),
            (100 * S, 99 * S, 100 * S),
            (100 * S, 101 * S, 100 * S),
            (100 * S, 101 * S + 1, 101 * S + 1),
            (0, 500 * S, 500 * S),
        ];
        for (wall, journal, begin) in rows {
            assert_eq!(begin_ns(wall, journal), begin, "wall {wall} journal {journal}");
        }
    }
}
