//! Rolling 24 hours by minute buckets: open, high, low, last, volume, turnover, change.

use orison_core::{Decimal, InstrumentId, Price};

/// Before any trade in the window the prices are None; `last` outlives the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayStatistics {
    pub open: Option<Price>,
    pub high: Option<Price>,
    pub low: Option<Price>,
    pub last: Option<Price>,
    /// Quantity steps.
    pub volume: u128,
    /// Price steps x quantity steps.
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
        todo!()
    }
}

#[derive(Default)]
pub struct Statistics {}

impl Statistics {
    pub fn day(&self, _instrument: InstrumentId) -> DayStatistics {
        todo!()
    }
    /// Instruments whose statistics the last command changed.
    pub fn changed(&self) -> &[InstrumentId] {
        todo!()
    }
}
