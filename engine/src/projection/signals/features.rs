//! What the model sees: five numbers made of the best quotes and the trades between two samples.
//! Sums are whole numbers, so that their order does not matter.

use orison_core::{Price, Quantity, Side};

pub(super) const FEATURES: usize = 5;
/// What a new squared return adds to the variance (RiskMetrics: 1 - 0.94).
const VARIANCE_WEIGHT: f64 = 0.06;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Features {
    /// Since the last sample, in quantity steps: what was added to the best bid or taken from the
    /// best ask, less the opposite (Cont, Kukanov, Stoikov 2014), from command to command.
    pub order_flow_imbalance: f64,
    /// (microprice - middle) / middle; the microprice weighs each best price by the quantity on
    /// the other side.
    pub microprice_deviation: f64,
    /// (bought - sold) / (bought + sold) by takers since the last sample; 0 without trades.
    pub trade_imbalance: f64,
    /// Root of the exponentially weighted mean (0.94) of squared logarithmic returns of the middle
    /// from sample to sample.
    pub volatility: f64,
    /// (ask - bid) / middle.
    pub spread: f64,
}

impl Features {
    pub(super) fn numbers(&self) -> [f64; FEATURES] {
        [
            self.order_flow_imbalance,
            self.microprice_deviation,
            self.trade_imbalance,
            self.volatility,
            self.spread,
        ]
    }
}

/// The best of both sides, not crossed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Quotes {
    bid: i64,
    bid_quantity: u64,
    ask: i64,
    ask_quantity: u64,
}

impl Quotes {
    pub(super) fn of(
        bid: Option<(Price, Quantity)>,
        ask: Option<(Price, Quantity)>,
    ) -> Option<Self> {
        let ((bid, bid_quantity), (ask, ask_quantity)) = bid.zip(ask)?;
        (bid < ask).then_some(Self {
            bid: bid.0,
            bid_quantity: bid_quantity.0,
            ask: ask.0,
            ask_quantity: ask_quantity.0,
        })
    }

    /// Twice the middle.
    pub(super) fn middle(self) -> i128 {
        i128::from(self.bid) + i128::from(self.ask)
    }
}

/// What happened since the last sample, and what is carried on.
#[derive(Default)]
pub(super) struct Flow {
    imbalance: i128,
    bought: u128,
    sold: u128,
    /// Twice the middle at the last sample.
    middle: Option<i128>,
    variance: f64,
}

impl Flow {
    pub(super) fn traded(&mut self, taker: Side, quantity: Quantity) {
        match taker {
            Side::Buy => self.bought += u128::from(quantity.0),
            Side::Sell => self.sold += u128::from(quantity.0),
        }
    }

    pub(super) fn moved(&mut self, before: Quotes, after: Quotes) {
        let (was, is) = (i128::from(before.bid_quantity), i128::from(after.bid_quantity));
        self.imbalance += if after.bid >= before.bid { is } else { 0 };
        self.imbalance -= if after.bid <= before.bid { was } else { 0 };
        let (was, is) = (i128::from(before.ask_quantity), i128::from(after.ask_quantity));
        self.imbalance -= if after.ask <= before.ask { is } else { 0 };
        self.imbalance += if after.ask >= before.ask { was } else { 0 };
    }

    /// There is nothing to sample: what happened is forgotten.
    pub(super) fn restart(&mut self) {
        (self.imbalance, self.bought, self.sold) = (0, 0, 0);
        self.middle = None;
    }

    pub(super) fn sample(&mut self, quotes: Quotes) -> Features {
        let doubled = quotes.middle();
        if let Some(before) = self.middle {
            let change = libm::log(doubled as f64 / before as f64);
            self.variance += VARIANCE_WEIGHT * (change * change - self.variance);
        }
        let middle = doubled as f64 / 2.0;
        let spread = (i128::from(quotes.ask) - i128::from(quotes.bid)) as f64 / middle;
        let (bids, asks) = (quotes.bid_quantity as f64, quotes.ask_quantity as f64);
        let (bought, sold) = (self.bought as f64, self.sold as f64);
        let traded = bought + sold;
        let features = Features {
            order_flow_imbalance: self.imbalance as f64,
            microprice_deviation: (bids - asks) / (bids + asks) / 2.0 * spread,
            trade_imbalance: if traded > 0.0 { (bought - sold) / traded } else { 0.0 },
            volatility: self.variance.sqrt(),
            spread,
        };
        self.restart();
        self.middle = Some(doubled);
        features
    }
}

orison_core::stored! {
    Features {
        order_flow_imbalance, microprice_deviation, trade_imbalance, volatility, spread,
    }
    Quotes { bid, bid_quantity, ask, ask_quantity }
    Flow { imbalance, bought, sold, middle, variance }
}
