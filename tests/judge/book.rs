//! One instrument's resting orders, each side a vector in matching order, and the slots that
//! order ids are made of. Every sum is added up anew whenever it is asked for.

use orison_core::command::Order;
use orison_core::{AccountId, OrderId, Price, Quantity, Side};

/// An order that is in the book, or on its way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Resting {
    pub(crate) id: OrderId,
    pub(crate) account: AccountId,
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) open: Quantity,
    pub(crate) ticket: u64,
    /// As it was entered.
    pub(crate) asked: Order,
    pub(super) fees: Fees,
}

/// What an order owes for all of its trades together, before rounding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fees {
    pub(super) maker_ppm: i32,
    pub(super) taker_ppm: i32,
    /// Sum of notional x rate, in millionths of the quote asset's smallest unit.
    pub(super) due_millionths: i128,
}

impl Fees {
    /// What is paid now, so that everything paid is everything due, rounded up.
    pub(super) fn charge(&mut self, notional_units: i128, rate_ppm: i32) -> i128 {
        let paid = rounded_up(self.due_millionths);
        self.due_millionths += notional_units * i128::from(rate_ppm);
        rounded_up(self.due_millionths) - paid
    }
}

/// Towards the house: a fee up, a rebate (a negative fee) down.
fn rounded_up(millionths: i128) -> i128 {
    let whole = millionths / 1_000_000;
    if millionths > whole * 1_000_000 { whole + 1 } else { whole }
}

#[derive(Clone, Default)]
pub(crate) struct Book {
    bids: Vec<Resting>,
    asks: Vec<Resting>,
}

impl Book {
    pub(super) fn side(&self, side: Side) -> &[Resting] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub(super) fn side_mut(&mut self, side: Side) -> &mut Vec<Resting> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Behind everything at its price or better. The level's quantity after it.
    pub(super) fn rest(&mut self, order: Resting) -> Quantity {
        let (side, price) = (order.side, order.price);
        let queue = self.side_mut(side);
        let worse = queue.iter().position(|other| side.is_better(price, other.price));
        queue.insert(worse.unwrap_or(queue.len()), order);
        self.level(side, price)
    }

    pub(super) fn take(&mut self, id: OrderId) -> Resting {
        for side in Side::BOTH {
            let queue = self.side_mut(side);
            if let Some(place) = queue.iter().position(|order| order.id == id) {
                return queue.remove(place);
            }
        }
        panic!("{id} is not in the book");
    }

    pub(super) fn level(&self, side: Side, price: Price) -> Quantity {
        let there = self.side(side).iter().filter(|order| order.price == price);
        Quantity(there.map(|order| order.open.0).sum())
    }

    /// What a taker of `side` could trade; without a limit, everything.
    pub(super) fn reachable(&self, side: Side, limit: Option<Price>) -> u128 {
        let makers = self.side(side.opposite()).iter();
        let reached =
            makers.filter(|maker| limit.is_none_or(|limit| side.crosses(limit, maker.price)));
        reached.map(|maker| u128::from(maker.open.0)).sum()
    }
}

/// Which slots are in use: the one given back last is the next to be taken.
#[derive(Default)]
pub(super) struct Slots {
    free: Vec<u32>,
    used: u32,
}

impl Slots {
    pub(super) fn live(&self) -> u32 {
        self.used - self.free.len() as u32
    }

    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    pub(super) fn give_back(&mut self, slot: u32) {
        self.free.push(slot);
    }
}
