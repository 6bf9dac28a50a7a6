//! One instrument's last 24 hours: a queue of minutes that had trades, and two queues of those
//! minutes that may yet give the high and the low. All work is constant per trade, amortised.

use std::collections::VecDeque;

use orison_core::{Price, Stamp};

use super::DayStatistics;
use crate::projection::bar::{Bar, Turnover};

const MINUTE_NS: u64 = 60_000_000_000;
const DAY_MINUTES: u64 = 24 * 60;
/// A day of whole minutes, and the one that has begun.
pub(super) const BUCKETS_MAX: usize = DAY_MINUTES as usize + 1;

#[derive(Default)]
pub(super) struct Window {
    statistics: DayStatistics,
    /// Of all the buckets.
    turnover: Turnover,
    /// Oldest first; at most `BUCKETS_MAX`.
    buckets: VecDeque<(u64, Bar)>,
    /// Minutes whose high no later minute reaches, so the first has the highest.
    highs: VecDeque<(u64, Price)>,
    /// Minutes whose low no later minute reaches.
    lows: VecDeque<(u64, Price)>,
}

impl Window {
    pub(super) fn statistics(&self) -> &DayStatistics {
        &self.statistics
    }

    /// When the oldest bucket leaves: 24 hours after the end of its minute.
    pub(super) fn due_ns(&self) -> u64 {
        self.buckets
            .front()
            .map_or(u64::MAX, |&(minute, _)| (minute + 1 + DAY_MINUTES).saturating_mul(MINUTE_NS))
    }

    pub(super) fn advance(&mut self, stamp: Stamp) {
        let day = &mut self.statistics;
        let minute_min = (stamp.time_ns / MINUTE_NS).saturating_sub(DAY_MINUTES);
        while let Some((_, bar)) = pop_before(&mut self.buckets, minute_min) {
            day.volume -= bar.volume;
            self.turnover -= bar.turnover;
            day.trade_count -= bar.trade_count;
        }
        while pop_before(&mut self.highs, minute_min).is_some() {}
        while pop_before(&mut self.lows, minute_min).is_some() {}
        self.show(stamp);
    }

    pub(super) fn add(&mut self, stamp: Stamp, bar: &Bar) {
        let minute = stamp.time_ns / MINUTE_NS;
        match self.buckets.back_mut() {
            Some((latest, bucket)) if *latest == minute => bucket.absorb(bar),
            Some(_) | None => self.buckets.push_back((minute, *bar)),
        }
        assert!(self.buckets.len() <= BUCKETS_MAX, "what is too old leaves first");
        enter(&mut self.highs, minute, bar.high, |kept, new| kept > new);
        enter(&mut self.lows, minute, bar.low, |kept, new| kept < new);
        let day = &mut self.statistics;
        day.last = Some(bar.close);
        day.volume += bar.volume;
        self.turnover += bar.turnover;
        day.trade_count += bar.trade_count;
        self.show(stamp);
    }

    fn show(&mut self, stamp: Stamp) {
        let day = &mut self.statistics;
        day.open = self.buckets.front().map(|(_, bar)| bar.open);
        day.high = self.highs.front().map(|&(_, price)| price);
        day.low = self.lows.front().map(|&(_, price)| price);
        day.turnover = self.turnover.whole();
        day.sequence = stamp.sequence.0;
        day.time_ns = stamp.time_ns;
    }
}

fn pop_before<T>(queue: &mut VecDeque<(u64, T)>, minute_min: u64) -> Option<(u64, T)> {
    let is_old = queue.front().is_some_and(|&(minute, _)| minute < minute_min);
    if is_old { queue.pop_front() } else { None }
}

/// Those the new price outdoes can never lead again.
fn enter(
    queue: &mut VecDeque<(u64, Price)>,
    minute: u64,
    price: Price,
    leads: impl Fn(Price, Price) -> bool,
) {
    while queue.back().is_some_and(|&(_, kept)| !leads(kept, price)) {
        queue.pop_back();
    }
    // Within a minute the leading one stays as long as the other.
    if queue.back().is_none_or(|&(latest, _)| latest != minute) {
        queue.push_back((minute, price));
    }
}

orison_core::stored! {
    Window { statistics, turnover, buckets, highs, lows }
}
