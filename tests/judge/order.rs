//! One live order, wherever it is: in the book, before its trigger, parked behind its parent, or
//! in hand. What can be said of it alone is said here; it knows no other order.

use orison_core::command::{self, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::{AccountId, InstrumentId, Price, Side};

use super::said::Id;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It is being entered, it matches, or it is a draft.
    Hand,
    Book,
    /// Before its trigger.
    Waiting,
    /// Behind its parent.
    Parked,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tie {
    /// Either is cancelled when the other trades.
    Sibling(Id),
    /// Its child enters when it is filled.
    ParentOf(Id),
    ChildOf(Id),
}

/// The open quantity of an order that is bound by its budget alone.
pub(crate) const UNBOUND: u64 = u64::MAX;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) id: Id,
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    /// As it was entered.
    pub(crate) asked: command::Order,
    pub(crate) place: Place,
    pub(crate) tie: Option<Tie>,
    /// None: it takes any price.
    pub(crate) limit: Option<i64>,
    /// Hidden quantity included.
    pub(crate) open: u64,
    /// What of it the book shows.
    pub(crate) tip: u64,
    pub(crate) stop: i64,
    pub(crate) trail: i64,
    /// The best trade price since a trailing stop began to wait.
    pub(crate) mark: Option<i64>,
    pub(crate) has_fired: bool,
    /// Of its place among its equals: the earlier is the smaller.
    pub(crate) ticket: u64,
    pub(crate) self_trade: SelfTrade,
    pub(crate) rates: Rates,
    /// What is left of it.
    pub(crate) budget: Option<i128>,
}

/// Rates at entry, and what the fees so far were rounded up by, in millionths of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rates {
    pub(crate) maker_ppm: i32,
    pub(crate) taker_ppm: i32,
    pub(crate) carry: i128,
}

impl Rates {
    /// Everything paid so far is everything due so far, rounded up.
    pub(super) fn charge(&mut self, notional: i128, rate_ppm: i32) -> i128 {
        let due = notional * i128::from(rate_ppm) - self.carry;
        let fee = rounded_up(due, 1_000_000);
        self.carry = fee * 1_000_000 - due;
        fee
    }
}

pub(super) fn rounded_up(number: i128, by: i128) -> i128 {
    -(-number).div_euclid(by)
}

impl Order {
    /// It is not to trade yet.
    pub(crate) fn is_stop(&self) -> bool {
        match self.asked.order_type {
            OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => !self.has_fired,
            OrderType::Limit | OrderType::Market => false,
        }
    }

    pub(super) fn is_trailing(&self) -> bool {
        self.asked.order_type == OrderType::TrailingStop
    }

    pub(super) fn has(&self, field: OrderFields) -> bool {
        self.asked.has(field)
    }

    pub(super) fn is(&self, time_in_force: TimeInForce) -> bool {
        self.asked.time_in_force == time_in_force
    }

    /// Whether what finds nobody to trade with stays in the book.
    pub(super) fn rests(&self) -> bool {
        let leaves = self.is(TimeInForce::Ioc) || self.is(TimeInForce::Fok);
        let is_limit = self.has(OrderFields::PRICE) || self.has(OrderFields::PROTECTION);
        is_limit && !leaves && self.budget.is_none()
    }

    pub(super) fn reaches(&self, price: i64) -> bool {
        self.limit.is_none_or(|limit| self.side.crosses(Price(limit), Price(price)))
    }

    /// What it shows at most at a time.
    pub(super) fn display(&self) -> u64 {
        if self.has(OrderFields::DISPLAY) { self.asked.display.0 } else { UNBOUND }
    }

    /// As events say it: a budget alone is no quantity.
    pub(crate) fn shown_open(&self) -> u64 {
        if self.open == UNBOUND { 0 } else { self.open }
    }

    pub(super) fn fill(&mut self, quantity: u64) {
        if self.open != UNBOUND {
            self.open -= quantity;
        }
    }

    /// Without a trade: hidden quantity goes first.
    pub(super) fn reduce(&mut self, quantity: u64) {
        self.fill(quantity);
        self.tip = self.tip.min(self.open);
    }

    /// Its account's own order there is never traded with.
    pub(super) fn sibling(&self) -> Option<Id> {
        match self.tie {
            Some(Tie::Sibling(sibling)) => Some(sibling),
            Some(Tie::ParentOf(_) | Tie::ChildOf(_)) | None => None,
        }
    }

    /// None: it trails, and there was no trade yet or there is no such price.
    pub(crate) fn stop_price(&self) -> Option<i64> {
        if !self.is_trailing() {
            return Some(self.stop);
        }
        let mark = self.mark?;
        match self.side {
            Side::Buy => mark.checked_add(self.trail),
            Side::Sell => Some(mark - self.trail).filter(|price| *price > 0),
        }
    }

    pub(super) fn is_elected(&self, last: i64) -> bool {
        self.place == Place::Waiting
            && self.stop_price().is_some_and(|stop| match self.side {
                Side::Buy => last >= stop,
                Side::Sell => last <= stop,
            })
    }

    /// In the book of its side: before another?
    pub(super) fn rank(&self) -> (i64, u64) {
        let price = match (self.limit, self.side) {
            (None, _) => i64::MIN,
            (Some(limit), Side::Buy) => -limit,
            (Some(limit), Side::Sell) => limit,
        };
        (price, self.ticket)
    }

    pub(super) fn is_over(&self) -> bool {
        self.open == 0 || self.open == UNBOUND && self.budget == Some(0)
    }
}
