//! The visible book by price, kept from events alone.

use std::collections::BTreeMap;

use orison_core::event::Place;
use orison_core::{Event, Price, Quantity, Side};

#[derive(Default)]
pub(super) struct Levels {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Levels {
    /// Best price first.
    pub(super) fn of(&self, side: Side) -> Box<dyn Iterator<Item = (Price, Quantity)> + '_> {
        let level = |(&price, &quantity): (&Price, &Quantity)| (price, quantity);
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(level)),
            Side::Sell => Box::new(self.asks.iter().map(level)),
        }
    }

    pub(super) fn on_event(&mut self, event: &Event) {
        match event {
            Event::Accepted(accepted) => {
                if !accepted.level.is_zero() {
                    self.set(accepted.side, accepted.price, accepted.level);
                }
            }
            Event::Trade(trade) => {
                let side = trade.taker_side.opposite();
                let level = self.side(side).get(&trade.price).copied();
                let level = level.expect("a maker rests at a level at the trade's price");
                self.set(side, trade.price, level - trade.quantity);
            }
            Event::Rested(rested) => self.set(rested.side, rested.price, rested.level),
            Event::Cancelled(cancelled) => match cancelled.place {
                Place::Book => self.set(cancelled.side, cancelled.price, cancelled.level),
                Place::OffBook => {}
            },
            Event::Amended(amended) => {
                self.set(amended.side, amended.old_price, amended.old_level);
                match amended.place {
                    Place::Book => self.set(amended.side, amended.price, amended.level),
                    Place::OffBook => {}
                }
            }
            Event::Level(level) => self.set(level.side, level.price, level.quantity),
            Event::Rejected(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    fn side(&mut self, side: Side) -> &mut BTreeMap<Price, Quantity> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn set(&mut self, side: Side, price: Price, quantity: Quantity) {
        let levels = self.side(side);
        if quantity.is_zero() {
            levels.remove(&price);
        } else {
            levels.insert(price, quantity);
        }
    }
}
