//! Rolling 24 hours by minute buckets: open, high, low, last, volume, turnover, change.
//! A trade counts until its minute ended 24 hours ago: for 24 hours at least, and less than a
//! minute longer.

mod window;

use orison_core::{Decimal, InstrumentId, Price, Stamp};

use super::bar::Bar;
use super::dense::Dense;
use window::Window;

/// Before any trade in the window the prices are None; `last` outlives the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayStatistics {
    pub open: Option<Price>,
    pub high: Option<Price>,
    pub low: Option<Price>,
    pub last: Option<Price>,
    /// Quantity steps.
    pub volume: u128,
    /// Price steps x quantity steps; i128::MAX: that much or more.
    pub turnover: i128,
    pub trade_count: u64,
    /// The command that last changed any of these.
    pub sequence: u64,
    /// Its stamp, or the clock's that emptied a bucket.
    pub time_ns: u64,
}

impl DayStatistics {
    /// (last - open) / open in percent, rounded half away from zero to 4 decimals.
    pub fn change_percent(&self) -> Option<Decimal> {
        const DECIMALS: u8 = 4;
        let (open, last) = (i128::from(self.open?.0), i128::from(self.last?.0));
        if open <= 0 {
            return None;
        }
        let numerator = (last - open) * 100 * 10i128.pow(u32::from(DECIMALS));
        let magnitude = (2 * numerator.abs() + open) / (2 * open);
        Some(Decimal::new(magnitude * numerator.signum(), DECIMALS))
    }
}

pub struct Statistics {
    days: Dense<InstrumentId, Window>,
    changed: Vec<InstrumentId>,
    /// Before this moment no bucket of any instrument leaves its window.
    due_ns: u64,
}

impl Statistics {
    pub(super) fn new() -> Self {
        Self { days: Dense::new(), changed: Vec::new(), due_ns: u64::MAX }
    }

    pub(super) fn begin(&mut self) {
        self.changed.clear();
    }

    /// Time has come to `stamp`: what is too old leaves.
    pub(super) fn advance(&mut self, stamp: Stamp) {
        if stamp.time_ns < self.due_ns {
            return;
        }
        self.due_ns = u64::MAX;
        for (instrument, day) in self.days.iter_mut() {
            if day.due_ns() <= stamp.time_ns {
                day.advance(stamp);
                self.changed.push(instrument);
            }
            self.due_ns = self.due_ns.min(day.due_ns());
        }
    }

    /// What the command traded; after `advance`.
    pub(super) fn add(&mut self, stamp: Stamp, instrument: InstrumentId, bar: &Bar) {
        let day = self.days.entry(instrument, Window::default);
        day.add(stamp, bar);
        self.due_ns = self.due_ns.min(day.due_ns());
        if !self.changed.contains(&instrument) {
            self.changed.push(instrument);
        }
    }

    pub fn day(&self, instrument: InstrumentId) -> DayStatistics {
        self.days.get(instrument).map_or_else(DayStatistics::default, |day| *day.statistics())
    }

    /// Instruments whose statistics the last command changed.
    pub fn changed(&self) -> &[InstrumentId] {
        &self.changed
    }
}

orison_core::stored! {
    DayStatistics { open, high, low, last, volume, turnover, trade_count, sequence, time_ns }
    Statistics { days, changed, due_ns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_rounded_half_away_from_zero_to_four_decimals() {
        for (open, last, change) in [
            (100, 100, "0"),
            (100, 101, "1"),
            (3, 4, "33.3333"),
            (3, 5, "66.6667"),
            (3, 2, "-33.3333"),
            (3, 1, "-66.6667"),
            (2_000_000, 2_000_001, "0.0001"),
            (2_000_000, 1_999_999, "-0.0001"),
            (2_000_001, 2_000_002, "0"),
            (1, i64::MAX, "922337203685477580600"),
        ] {
            let day = DayStatistics {
                open: Some(Price(open)),
                last: Some(Price(last)),
                ..DayStatistics::default()
            };
            let shown = day.change_percent().map(|decimal| decimal.to_string());
            assert_eq!(shown.as_deref(), Some(change), "{open} -> {last}");
        }
        assert_eq!(DayStatistics::default().change_percent(), None);
        let quiet = DayStatistics { last: Some(Price(7)), ..DayStatistics::default() };
        assert_eq!(quiet.change_percent(), None, "nothing traded within the day");
    }
}
