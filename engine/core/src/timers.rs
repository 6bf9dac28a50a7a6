//! When the core next wants to be told the time. Views need it: votes of the last minute fade out
//! second by second, trades of the last 24 hours minute by minute. Nothing here asks a clock.

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
const DAY_NS: u64 = 24 * 60 * MINUTE_NS;

/// A stream of clock commands at whole intervals: it begins with something that happened and ends
/// when that is too old to matter.
#[derive(Clone, Copy, Debug)]
struct Beat {
    interval_ns: u64,
    /// When it is due next. None: nothing that matters has happened.
    due_ns: Option<u64>,
    /// The last moment at which it may be due.
    end_ns: u64,
}

impl Beat {
    const fn every(interval_ns: u64) -> Self {
        Self { interval_ns, due_ns: None, end_ns: 0 }
    }

    /// The first whole interval after a moment.
    fn after(&self, now_ns: u64) -> u64 {
        (now_ns / self.interval_ns).saturating_add(1).saturating_mul(self.interval_ns)
    }

    fn go_on(&mut self, now_ns: u64, end_ns: u64) {
        self.end_ns = end_ns;
        let due_ns = self.after(now_ns);
        self.due_ns.get_or_insert(due_ns);
    }

    fn clock(&mut self, now_ns: u64) {
        if self.due_ns.is_some_and(|due_ns| due_ns <= now_ns) {
            let next_ns = self.after(now_ns);
            self.due_ns = (next_ns <= self.end_ns).then_some(next_ns);
        }
    }
}

/// Whether an instrument is in auction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Calls {
    Some,
    None,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    statistics: Beat,
    prayers: Beat,
    /// What an auction would trade is told second by second while there is one.
    auctions: Beat,
    /// When the next order ends by itself.
    pub(crate) expiry_ns: Option<u64>,
    /// When the next volatility interruption ends.
    pub(crate) interruption_ns: Option<u64>,
}

impl Timers {
    pub(crate) const NONE: Self = Self {
        statistics: Beat::every(MINUTE_NS),
        prayers: Beat::every(SECOND_NS),
        auctions: Beat::every(SECOND_NS),
        expiry_ns: None,
        interruption_ns: None,
    };

    /// The minute of a trade leaves the 24 hours a day after it ended; one more minute shows them
    /// empty.
    pub(crate) fn traded(&mut self, now_ns: u64) {
        let minute_end_ns = self.statistics.after(now_ns);
        let end_ns = minute_end_ns.saturating_add(DAY_NS).saturating_add(MINUTE_NS);
        self.statistics.go_on(now_ns, end_ns);
    }

    /// The first whole second at which a vote is 60 s old shows it gone.
    pub(crate) fn prayed(&mut self, now_ns: u64) {
        let gone_ns = now_ns.saturating_add(MINUTE_NS);
        let end_ns = gone_ns.div_ceil(SECOND_NS).saturating_mul(SECOND_NS);
        self.prayers.go_on(now_ns, end_ns);
    }

    /// Whether there is an auction from here on.
    pub(crate) fn calls(&mut self, calls: Calls, now_ns: u64) {
        match calls {
            Calls::Some => self.auctions.go_on(now_ns, u64::MAX),
            Calls::None => self.auctions = Beat::every(SECOND_NS),
        }
    }

    pub(crate) fn clock(&mut self, now_ns: u64) {
        self.statistics.clock(now_ns);
        self.prayers.clock(now_ns);
        self.auctions.clock(now_ns);
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let beats = [self.statistics, self.prayers, self.auctions].map(|beat| beat.due_ns);
        beats.into_iter().chain([self.expiry_ns, self.interruption_ns]).flatten().min()
    }
}

crate::stored! {
    Beat { interval_ns, due_ns, end_ns }
    Timers { statistics, prayers, auctions, expiry_ns, interruption_ns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Every deadline until there is none, each met exactly.
    fn beats(mut timers: Timers) -> Vec<u64> {
        let next = |timers: &mut Timers| {
            let due_ns = timers.next_deadline()?;
            timers.clock(due_ns);
            Some(due_ns)
        };
        core::iter::from_fn(|| next(&mut timers)).collect()
    }

    #[test]
    fn a_vote_is_followed_second_by_second_until_it_is_a_minute_old() {
        for (prayed_ns, first_s, last_s) in [(0, 1, 60), (1, 1, 61), (5 * SECOND_NS, 6, 65)] {
            let mut timers = Timers::NONE;
            timers.prayed(prayed_ns);
            let seconds: Vec<_> = (first_s..=last_s).map(|second| second * SECOND_NS).collect();
            assert_eq!(beats(timers), seconds, "prayed at {prayed_ns} ns");
        }
    }

    #[test]
    fn a_trade_is_followed_minute_by_minute_until_its_day_is_empty() {
        let mut timers = Timers::NONE;
        timers.traded(90 * SECOND_NS);
        let minutes = beats(timers);
        assert_eq!(minutes.first(), Some(&(2 * MINUTE_NS)));
        assert_eq!(minutes.last(), Some(&(2 * MINUTE_NS + DAY_NS + MINUTE_NS)));
        assert_eq!(minutes.len(), 24 * 60 + 2);
    }

    #[test]
    fn a_deadline_waits_for_its_clock() {
        let mut timers = Timers::NONE;
        timers.traded(10 * SECOND_NS);
        timers.traded(70 * SECOND_NS);
        assert_eq!(timers.next_deadline(), Some(MINUTE_NS), "overdue, but nobody said so yet");
        timers.clock(MINUTE_NS - 1);
        assert_eq!(timers.next_deadline(), Some(MINUTE_NS), "too early");
        timers.clock(5 * MINUTE_NS + 1);
        assert_eq!(timers.next_deadline(), Some(6 * MINUTE_NS), "missed ones are not made up for");
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut timers = Timers::NONE;
        timers.traded(u64::MAX);
        timers.prayed(u64::MAX);
        timers.clock(u64::MAX);
    }
}
