//! Candles of seven intervals, aligned to the epoch, bounded history. An interval without a trade
//! has no candle; a candle closes at the first command stamped at or after its end.

mod series;

use orison_core::{InstrumentId, Price, Stamp};

use super::bar::Bar;
use super::dense::Dense;
use series::Series;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Interval {
    M1,
    M5,
    M15,
    M30,
    H1,
    H4,
    D1,
}

impl Interval {
    pub const ALL: [Self; 7] =
        [Self::M1, Self::M5, Self::M15, Self::M30, Self::H1, Self::H4, Self::D1];

    pub fn nanoseconds(self) -> u64 {
        60_000_000_000
            * match self {
                Self::M1 => 1,
                Self::M5 => 5,
                Self::M15 => 15,
                Self::M30 => 30,
                Self::H1 => 60,
                Self::H4 => 240,
                Self::D1 => 1440,
            }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::M30 => "30m",
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }

    /// Case-sensitive.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.word() == word)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candle {
    pub open_time_ns: u64,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    /// Quantity steps.
    pub volume: u128,
    /// Price steps x quantity steps.
    pub turnover: i128,
    pub trade_count: u64,
    /// The command that last traded in it.
    pub sequence: u64,
}

/// A candle that the last command changed or closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CandleChange {
    pub instrument: InstrumentId,
    pub interval: Interval,
    pub candle: Candle,
    pub is_closed: bool,
}

/// By interval.
type Chart = [Series; Interval::ALL.len()];

pub struct Candles {
    candles_max: usize,
    charts: Dense<InstrumentId, Chart>,
    changes: Vec<CandleChange>,
    /// Before this moment no candle ends.
    due_ns: u64,
}

impl Candles {
    pub(super) fn new(candles_max: usize) -> Self {
        Self { candles_max, charts: Dense::new(), changes: Vec::new(), due_ns: u64::MAX }
    }

    pub(super) fn begin(&mut self) {
        self.changes.clear();
    }

    /// Time has come to `stamp`: what has ended closes.
    pub(super) fn advance(&mut self, stamp: Stamp) {
        if stamp.time_ns < self.due_ns {
            return;
        }
        self.due_ns = u64::MAX;
        for (instrument, chart) in self.charts.iter_mut() {
            for (interval, series) in Interval::ALL.into_iter().zip(chart) {
                if let Some(candle) = series.close_if_ended(interval, stamp.time_ns) {
                    let is_closed = true;
                    self.changes.push(CandleChange { instrument, interval, candle, is_closed });
                }
                self.due_ns = self.due_ns.min(series.end_ns(interval));
            }
        }
    }

    /// What the command traded; after `advance`.
    pub(super) fn add(&mut self, stamp: Stamp, instrument: InstrumentId, bar: &Bar) {
        let candles_max = self.candles_max;
        let chart =
            self.charts.entry(instrument, || std::array::from_fn(|_| Series::new(candles_max)));
        for (interval, series) in Interval::ALL.into_iter().zip(chart) {
            let candle = series.add(interval, stamp, bar);
            self.changes.push(CandleChange { instrument, interval, candle, is_closed: false });
            self.due_ns = self.due_ns.min(series.end_ns(interval));
        }
    }

    fn series(&self, instrument: InstrumentId, interval: Interval) -> Option<&Series> {
        self.charts.get(instrument).map(|chart| &chart[interval as usize])
    }

    /// Oldest first, the open one last.
    pub fn of(
        &self,
        instrument: InstrumentId,
        interval: Interval,
    ) -> impl DoubleEndedIterator<Item = &Candle> + '_ {
        self.series(instrument, interval).into_iter().flat_map(Series::iter)
    }

    /// The candle still open, if there is one.
    pub fn open(&self, instrument: InstrumentId, interval: Interval) -> Option<&Candle> {
        self.series(instrument, interval)?.open()
    }

    /// What the last command did: closed ones first, then the changed open ones.
    pub fn changes(&self) -> &[CandleChange] {
        &self.changes
    }
}

orison_core::stored_words! {
    Interval { M1, M5, M15, M30, H1, H4, D1 }
}
orison_core::stored! {
    Candle { open_time_ns, open, high, low, close, volume, turnover, trade_count, sequence }
    CandleChange { instrument, interval, candle, is_closed }
    Candles { candles_max, charts, changes, due_ns }
}
