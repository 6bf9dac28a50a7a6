//! Who trades before one resting order: the orders in front of it at its price, kept event by
//! event and held to the book after each command. Nobody enters in front of an order, so the set
//! only shrinks until the order itself moves.

use std::collections::HashMap;

use orison_core::event::{Phase, Place, Priority};
use orison_core::{Event, Exchange, OrderId, Price, Quantity};

/// Where one order stands. Quantities count the instrument's steps.
pub(super) struct Queue {
    price: Price,
    ticket: u64,
    ahead: HashMap<OrderId, Open>,
    /// At better prices, when it took its place.
    pub(super) better: Standing,
}

#[derive(Clone, Copy)]
struct Open {
    shown: u64,
    hidden: u64,
}

impl Open {
    /// To this open quantity; hidden quantity goes first.
    fn lower_to(&mut self, total: u64) {
        self.shown = self.shown.min(total);
        self.hidden = total - self.shown;
    }
}

/// Orders and what of them is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Standing {
    pub(super) orders: u64,
    pub(super) quantity: u128,
}

impl Standing {
    fn add(&mut self, quantity: u64) {
        self.orders += 1;
        self.quantity += u128::from(quantity);
    }
}

impl Queue {
    /// None: the order does not rest.
    pub(super) fn of(exchange: &Exchange, order: OrderId) -> Option<Self> {
        let own = exchange.order(order)?;
        let (mut ahead, mut better) = (HashMap::new(), Standing::default());
        for other in exchange.book(own.instrument, own.side) {
            if other.id == order {
                break;
            }
            if other.price == own.price {
                ahead.insert(other.id, Open { shown: other.open.0, hidden: other.hidden.0 });
            } else {
                better.add(other.open.0);
            }
        }
        Some(Self { price: own.price, ticket: own.ticket, ahead, better })
    }

    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        self.ahead.values().for_each(|open| standing.add(open.shown));
        standing
    }

    /// Does the order hold this place still?
    pub(super) fn holds(&self, exchange: &Exchange, order: OrderId) -> bool {
        exchange.order(order).is_some_and(|own| own.ticket == self.ticket)
    }

    /// Takes an event of others. Those in front of whom something changed are added to `touched`.
    /// `exchange`: as it stands at the command's end.
    pub(super) fn on_event(
        &mut self,
        exchange: &Exchange,
        event: &Event,
        touched: &mut Vec<OrderId>,
    ) {
        match event {
            Event::Trade(trade) => match trade.phase {
                Phase::Continuous => self.less(trade.maker, trade.quantity, touched),
                Phase::Uncross => {
                    self.less_in_place(exchange, (trade.maker, trade.quantity), touched);
                    self.less_in_place(exchange, (trade.taker, trade.quantity), touched);
                }
            },
            Event::Decremented(both) => {
                self.less_in_all(both.maker, both.quantity, touched);
                self.less_in_all(both.taker, both.quantity, touched);
            }
            Event::Cancelled(cancelled) => self.leaves(cancelled.order, touched),
            Event::Refreshed(refreshed) => self.leaves(refreshed.order, touched),
            Event::Amended(amended) => {
                let stays = (amended.place, amended.priority) == (Place::Book, Priority::Kept);
                match self.ahead.get_mut(&amended.order).filter(|_| stays) {
                    Some(open) => {
                        open.lower_to(amended.quantity.0);
                        touched.push(amended.order);
                    }
                    None => self.leaves(amended.order, touched),
                }
            }
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Rested(_)
            | Event::Level(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::Bounds(_)
            | Event::AccountOpened(_)
            | Event::Account(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => {}
        }
    }

    /// A tip that has been traded away is at the back from then on, if there is another.
    fn less(&mut self, order: OrderId, quantity: Quantity, touched: &mut Vec<OrderId>) {
        let Some(open) = self.ahead.get_mut(&order) else { return };
        touched.push(order);
        open.shown = open.shown.saturating_sub(quantity.0);
        if open.shown == 0 {
            self.ahead.remove(&order);
        }
    }

    /// In an auction an order trades at its full size and stays where it is, with a new tip.
    fn less_in_place(
        &mut self,
        exchange: &Exchange,
        (order, quantity): (OrderId, Quantity),
        touched: &mut Vec<OrderId>,
    ) {
        let Some(open) = self.ahead.get_mut(&order) else { return };
        touched.push(order);
        let left = (open.shown + open.hidden).saturating_sub(quantity.0);
        if left == 0 {
            self.ahead.remove(&order);
            return;
        }
        // The display is not known here; the book at the command's end has the new tip.
        let tip = exchange.order(order).map_or(open.shown, |o| o.open.0).min(left);
        *open = Open { shown: tip, hidden: left - tip };
    }

    fn less_in_all(&mut self, order: OrderId, quantity: Quantity, touched: &mut Vec<OrderId>) {
        let Some(open) = self.ahead.get_mut(&order) else { return };
        touched.push(order);
        let total = open.shown + open.hidden;
        open.lower_to(total.saturating_sub(quantity.0));
        if open.shown == 0 {
            self.ahead.remove(&order);
        }
    }

    fn leaves(&mut self, order: OrderId, touched: &mut Vec<OrderId>) {
        if self.ahead.remove(&order).is_some() {
            touched.push(order);
        }
    }

    /// After the command: of those that were touched, the book knows best.
    pub(super) fn settle(&mut self, exchange: &Exchange, touched: &[OrderId]) {
        for &order in touched {
            let found = exchange.order(order);
            let found = found.filter(|o| o.price == self.price && o.ticket < self.ticket);
            match found {
                Some(o) => {
                    self.ahead.insert(order, Open { shown: o.open.0, hidden: o.hidden.0 });
                }
                None => {
                    self.ahead.remove(&order);
                }
            }
        }
    }
}
