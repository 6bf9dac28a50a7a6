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

impl Exchange {
    /// Whether at least `wanted` of `open` would trade.
    pub(crate) fn can_trade(&self, reach: &Reach, open: Quantity, wanted: Quantity) -> bool {
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
        let (mut left, mut reached) = (open.0, 0u64);
        let (mut budget, mut fees) = (reach.budget, reach.fees);
        for slot in self.book.queue(other) {
            let (_, price) = self.book.place(slot).expect("a queue holds resting orders");
            let (low, high) = reach.range;
            let is_out = price < low || price > high || !reach.limit.allows(other, price);
            if reached >= wanted.0 || left == 0 || is_out {
                break;
            }
            if reach.sibling == Some(slot) || self.went_before(slot, other) {
                continue;
            }
            let there = self.open(slot).0.min(left);
            if self.owner(slot) == reach.account {
                match reach.self_trade {
                    SelfTrade::None | SelfTrade::AccountDefault => {}
                    SelfTrade::CancelTaker | SelfTrade::CancelBoth => break,
                    SelfTrade::CancelMaker => continue,
                    SelfTrade::Decrement => {
                        left -= there;
                        continue;
                    }
                }
            }
            let mut quantity = there;
            if let Some(budget) = &mut budget {
                quantity = self.within_budget(*budget, &fees, reach.half, price).0.min(there);
                let worth = self.instruments.worth(other.instrument());
                let money = worth.money(price, Quantity(quantity));
                let taker_ppm = fees.taker_ppm;
                let fee = fees.charge(money, taker_ppm);
                *budget -= match reach.half.side() {
                    Side::Buy => money + fee,
                    Side::Sell => money,
                };
            }
            reached += quantity;
            left -= quantity;
            if quantity < there {
                break;
            }
        }
        reached >= wanted.0
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
