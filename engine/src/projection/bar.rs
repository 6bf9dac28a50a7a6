//! What a run of trades of one instrument did, summed: the trades of a command, of a minute.
//! It knows neither when nor where; whoever keeps it does.

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
    /// Price steps x quantity steps.
    pub(super) turnover: i128,
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
            turnover: trade.price.notional(trade.quantity),
            trade_count: 1,
        }
    }

    /// Adds what came after it.
    pub(super) fn absorb(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        // A million trades at the largest notional the core lets through would not fit; a sum
        // that wraps is right again once they are taken off it.
        self.turnover = self.turnover.wrapping_add(later.turnover);
        self.trade_count += later.trade_count;
    }
}
