//! How much a taker could trade at once: one walk over the makers, for every rule that asks before
//! anything changes (fill or kill, minimum quantity). It changes nothing itself.

use crate::book::{Half, Limit};
use crate::command::SelfTrade;
use crate::conditions::Role;
use crate::exchange::Exchange;
use crate::terms::Fees;
use crate::types::{AccountId, Price, Quantity, Side};

/// A taker that has not started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Its own side.
    pub(crate) half: Half,
    pub(crate) account: AccountId,
    pub(crate) limit: Limit,
    pub(crate) range: (Price, Price),
    pub(crate) self_trade: SelfTrade,
    pub(crate) fees: Fees,
    /// None: it may spend what it likes.
    pub(crate) budget: Option<i128>,
    /// The sibling that it would cancel instead of trading with.
    pub(crate) sibling: Option<u32>,
}

/// How far a taker has come.
struct Walk {
    /// Of the level it is at.
    price: Price,
    left: u64,
    reached: u64,
    budget: Option<i128>,
    fees: Fees,
    /// What the orders of this level have behind their tips.
    unseen: u64,
}

impl Exchange {
    /// Whether at least `wanted` of `open` would trade.
    pub(crate) fn can_trade(&self, reach: &Reach, open: Quantity, wanted: Quantity) -> bool {
        // A waiting stop may have been amended below its minimum.
        if wanted > open {
            return false;
        }
        let other = reach.half.opposite();
        let is_simple = reach.budget.is_none()
            && reach.range == crate::matching::ANY_PRICE
            && reach.sibling.is_none()
            && matches!(reach.self_trade, SelfTrade::None | SelfTrade::AccountDefault)
            && self.book.hidden(other) == 0
            && self.instruments.market(other.instrument()).legs == 0;
        if is_simple {
            return self.book.can_fill(other, reach.limit, wanted);
        }
        self.walk(reach, open, wanted)
    }

    fn walk(&self, reach: &Reach, open: Quantity, wanted: Quantity) -> bool {
        let other = reach.half.opposite();
        let mut walk = Walk {
            price: Price(0),
            left: open.0,
            reached: 0,
            budget: reach.budget,
            fees: reach.fees,
            unseen: 0,
        };
        for slot in self.book.queue(other) {
            let (_, price) = self.book.place(slot).expect("a queue holds resting orders");
            if price != walk.price {
                self.take_unseen(reach, &mut walk);
                walk.price = price;
            }
            let (low, high) = reach.range;
            let is_out = price < low || price > high || !reach.limit.allows(other, price);
            if walk.reached >= wanted.0 || walk.left == 0 || is_out {
                return walk.reached >= wanted.0;
            }
            if reach.sibling == Some(slot) || self.went_before(slot, other) {
                continue;
            }
            if self.owner(slot) == reach.account {
                match reach.self_trade {
                    SelfTrade::None | SelfTrade::AccountDefault => {}
                    SelfTrade::CancelTaker | SelfTrade::CancelBoth => {
                        return walk.reached >= wanted.0;
                    }
                    SelfTrade::CancelMaker => continue,
                    SelfTrade::Decrement => {
                        walk.left -= self.open(slot).0.min(walk.left);
                        continue;
                    }
                }
            }
            self.take(reach, &mut walk, self.book.orders()[slot].open);
            walk.unseen = walk.unseen.saturating_add(self.terms[slot as usize].hidden);
        }
        self.take_unseen(reach, &mut walk);
        walk.reached >= wanted.0
    }

    /// Tips that are shown when a level has been gone through once stand behind all of it.
    fn take_unseen(&self, reach: &Reach, walk: &mut Walk) {
        let unseen = core::mem::take(&mut walk.unseen);
        if unseen > 0 {
            self.take(reach, walk, unseen);
        }
    }

    /// So much of what is there as is wanted and paid for.
    fn take(&self, reach: &Reach, walk: &mut Walk, there: u64) {
        let there = there.min(walk.left);
        let mut quantity = there;
        if let Some(budget) = &mut walk.budget {
            let paid = self.within_budget(*budget, &walk.fees, reach.half, walk.price);
            quantity = paid.0.min(there);
            let worth = self.instruments.worth(reach.half.instrument());
            let money = worth.money(walk.price, Quantity(quantity));
            let taker_ppm = walk.fees.taker_ppm;
            let fee = walk.fees.charge(money, taker_ppm);
            *budget -= match reach.half.side() {
                Side::Buy => money + fee,
                Side::Sell => money,
            };
        }
        walk.reached += quantity;
        // Who cannot pay for all of it goes no further.
        walk.left = if quantity < there { 0 } else { walk.left - quantity };
    }

    /// Whether a maker's sibling stands before it on the same side, and so would have cancelled it.
    fn went_before(&self, slot: u32, half: Half) -> bool {
        if self.role_of(slot) != Role::Leg {
            return false;
        }
        let place = |slot: u32| {
            let (at, price) = self.book.place(slot)?;
            (at == half).then(|| (half.key(price), self.terms[slot as usize].ticket))
        };
        let sibling = self.partner_of(slot).and_then(place);
        sibling.is_some_and(|sibling| Some(sibling) < place(slot))
    }
}
