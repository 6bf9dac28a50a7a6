//! Candles of seven intervals, aligned to the epoch, bounded history. An interval without a trade
//! has no candle; a candle closes at the first command stamped at or after its end.

use orison_core::{InstrumentId, Price};

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
    /// The command that last changed it.
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

#[derive(Default)]
pub struct Candles {}

impl Candles {
    /// Oldest first, the open one last.
    pub fn of(
        &self,
        _instrument: InstrumentId,
        _interval: Interval,
    ) -> Box<dyn DoubleEndedIterator<Item = &Candle> + '_> {
        todo!()
    }
    /// The candle still open, if there is one.
    pub fn open(&self, _instrument: InstrumentId, _interval: Interval) -> Option<&Candle> {
        todo!()
    }
    /// What the last command did: closed ones first, then the changed open ones.
    pub fn changes(&self) -> &[CandleChange] {
        todo!()
    }
}
