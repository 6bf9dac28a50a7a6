//! The read models. Events in, views out; every view could be thrown away and rebuilt by replay.
//! They must not know the book, the rings or the journal, and no decision ever reads them.

pub mod candles;
pub mod catalog;
pub mod depth;
pub mod orders;
pub mod prayers;
pub mod statistics;
pub mod tickers;
pub mod trades;

use orison_core::{Event, Stamp};

pub use candles::{Candle, Candles, Interval};
pub use catalog::Catalog;
pub use depth::{BookView, Depth, LevelChange};
pub use orders::{AccountEvent, OrderStatus, OrderView, Orders};
pub use prayers::{PrayerView, Prayers};
pub use statistics::{DayStatistics, Statistics};
pub use tickers::Tickers;
pub use trades::{PublicTrade, Resume, Trades};

/// How much history views keep; the oldest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewLimits {
    /// Public trades an instrument.
    pub trades_max: usize,
    /// Closed candles an instrument and interval.
    pub candles_max: usize,
    /// Closed orders an account.
    pub closed_orders_max: usize,
    /// Private events an account, for resuming.
    pub account_events_max: usize,
    /// Life events kept with one order.
    pub order_events_max: usize,
}

impl ViewLimits {
    pub const DEFAULT: Self = Self {
        trades_max: 100_000,
        candles_max: 2_000,
        closed_orders_max: 1_000,
        account_events_max: 10_000,
        order_events_max: 64,
    };
}

/// All read models at one sequence. Readers see whole commands only.
pub struct Views {
    pub catalog: Catalog,
    pub depth: Depth,
    pub trades: Trades,
    pub statistics: Statistics,
    pub candles: Candles,
    pub orders: Orders,
    pub prayers: Prayers,
    pub tickers: Tickers,
    at: Stamp,
}

impl Views {
    pub fn new(_limits: ViewLimits) -> Self {
        todo!()
    }

    /// `index` counts the events of a command from 0.
    pub fn on_event(&mut self, _stamp: Stamp, _index: u32, _event: &Event) {
        todo!()
    }

    /// The command is complete: time moves to its stamp, candles close, changes are final.
    pub fn on_end(&mut self, _stamp: Stamp) {
        todo!()
    }

    /// The last complete command.
    pub fn at(&self) -> Stamp {
        self.at
    }
}
