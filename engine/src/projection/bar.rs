//! What a run of trades of one instrument did, summed: the trades of a command, of a minute.
//! It knows neither when nor where; whoever keeps it does.

use std::ops::{AddAssign, SubAssign};

use orison_core::Price;
use orison_core::event::Trade;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bar {
    pub(super) open: Price,
    pub(super) high: Price,
    pub(super) low: Price,
    pub(super) close: Price,
    /// Quantity steps.
    pub(super) volume: u128,
    pub(super) turnover: Turnover,
    pub(super) trade_count: u64,
}

impl Bar {
    pub(super) fn of(trade: &Trade) -> Self {
        Self {
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            volume: u128::from(trade.quantity.0),
            turnover: Turnover::of(trade.price.notional(trade.quantity)),
            trade_count: 1,
        }
    }

    /// Adds what came after it.
    pub(super) fn absorb(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.turnover += later.turnover;
        self.trade_count += later.trade_count;
    }
}

/// A sum of price steps x quantity steps. A million trades at the largest notional that the core
/// lets through are beyond 128 bits, so its halves are summed apart: exact for 2^64 trades.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Turnover {
    high: u128,
    low: u128,
}

impl Turnover {
    fn of(notional: i128) -> Self {
        let notional = notional.unsigned_abs();
        Self { high: notional >> 64, low: notional & u128::from(u64::MAX) }
    }

    /// Beyond 128 bits: the most there is.
    pub(super) fn whole(self) -> i128 {
        let high = self.high.checked_mul(1 << 64);
        let sum = high.and_then(|high| high.checked_add(self.low));
        sum.and_then(|sum| i128::try_from(sum).ok()).unwrap_or(i128::MAX)
    }
}

impl AddAssign for Turnover {
    fn add_assign(&mut self, more: Self) {
        self.high += more.high;
        self.low += more.low;
    }
}

impl SubAssign for Turnover {
    /// Of what was added before.
    fn sub_assign(&mut self, less: Self) {
        self.high -= less.high;
        self.low -= less.low;
    }
}

orison_core::stored! {
    Bar { open, high, low, close, volume, turnover, trade_count }
    Turnover { high, low }
}
