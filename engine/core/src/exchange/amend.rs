//! An order changed in place, moved, or sent against the other side. A refused amend leaves it
//! exactly as it was.

use super::{Exchange, rejected};
use crate::book::{Half, Limit};
use crate::command::{Amend, AmendFields, CancelReason, OrderFields};
use crate::event::{Amended, Event, Op, Place, Priority, Sink};
use crate::matching::Taker;
use crate::reason::Reason;
use crate::types::{AccountId, InstrumentId, Price, Quantity};

/// What an amend that is not refused does.
enum Change {
    /// Open quantity to zero.
    Cancel,
    /// Less or the same at the same price: it keeps its place.
    Reduce(Quantity),
    /// More, or another price: to the back of the queue there.
    Move(Price, Quantity),
    /// To a price at which it trades at once.
    Cross(Price, Quantity),
}

/// A live order of the account, as it stands.
#[derive(Clone, Copy)]
struct Standing {
    slot: u32,
    half: Half,
    price: Price,
    open: Quantity,
}

impl Exchange {
    pub(super) fn amend<S: Sink>(&mut self, amend: &Amend, sink: &mut S) {
        let party = self.accounts.party(&amend.account);
        let standing = party
            .known()
            .and_then(|account| self.locate(account, &amend.target))
            .map(|slot| self.standing(slot))
            .ok_or(Reason::UnknownOrder);
        let instrument = standing.map_or(InstrumentId::default(), |order| order.half.instrument());
        match standing.and_then(|order| self.judge_amend(amend, order).map(|to| (order, to))) {
            Ok((order, change)) => self.change(order, change, sink),
            Err(reason) => {
                let whose = (party.number(), instrument);
                sink.event(&rejected(Op::Amend, reason, whose, amend.target));
            }
        }
    }

    fn standing(&self, slot: u32) -> Standing {
        let (half, price) = self.book.place(slot).expect("a live order rests between commands");
        Standing { slot, half, price, open: self.open(slot) }
    }

    fn judge_amend(&self, amend: &Amend, order: Standing) -> Result<Change, Reason> {
        let Standing { slot, half, price: old_price, open } = order;
        let fields = amend.fields;
        let allowed = AmendFields::QUANTITY.with(AmendFields::PRICE);
        if fields == AmendFields::NONE || fields.0 & !allowed.0 != 0 {
            return Err(Reason::BadCombination);
        }
        let price = if fields.has(AmendFields::PRICE) { amend.price } else { old_price };
        let quantity = if fields.has(AmendFields::QUANTITY) { amend.quantity } else { open };
        if price.0 < 1 {
            return Err(Reason::BadPrice);
        }
        if quantity == Quantity::INVALID {
            return Err(Reason::BadQuantity);
        }
        if quantity.is_zero() {
            return Ok(Change::Cancel);
        }
        if !self.instruments.worth(half.instrument()).fits(price, quantity) {
            return Err(Reason::Overflow);
        }
        self.judge_total(half, open, quantity)?;
        if price == old_price && quantity <= open {
            return Ok(Change::Reduce(quantity));
        }
        if !self.book.is_within(half.opposite(), Limit::At(price)) {
            return Ok(Change::Move(price, quantity));
        }
        if self.terms[slot as usize].fields.has(OrderFields::POST_ONLY) {
            return Err(Reason::PostOnly);
        }
        Ok(Change::Cross(price, quantity))
    }

    fn change<S: Sink>(&mut self, order: Standing, change: Change, sink: &mut S) {
        let Standing { slot, half, price: old_price, open } = order;
        match change {
            Change::Cancel => self.cancel_resting(slot, CancelReason::User, sink),
            Change::Reduce(quantity) => {
                let level = self.book.reduce(slot, open - quantity);
                self.amended(order, Priority::Kept, (old_price, quantity), (level, level), sink);
            }
            Change::Move(price, quantity) => {
                let left = self.book.leave(slot);
                let level = self.rest(slot, half, price, quantity);
                let old_level = if price == old_price { level } else { left };
                self.amended(order, Priority::Lost, (price, quantity), (old_level, level), sink);
            }
            Change::Cross(price, quantity) => {
                let left = self.book.leave(slot);
                let levels = (left, Quantity::ZERO);
                self.amended(order, Priority::Lost, (price, quantity), levels, sink);
                let account = AccountId(self.book.orders()[slot].owner);
                let taker = Taker { order: self.order_id(slot), account, half };
                let left = self.trade(taker, Limit::At(price), quantity, sink);
                self.rest_or_close(taker, price, left, sink);
            }
        }
    }

    /// Says so. A level of zero at the new price: it does not rest there.
    fn amended<S: Sink>(
        &self,
        order: Standing,
        priority: Priority,
        (price, quantity): (Price, Quantity),
        (old_level, level): (Quantity, Quantity),
        sink: &mut S,
    ) {
        let place = if level.is_zero() { Place::OffBook } else { Place::Book };
        sink.event(&Event::Amended(Amended {
            order: self.order_id(order.slot),
            account: AccountId(self.book.orders()[order.slot].owner),
            instrument: order.half.instrument(),
            side: order.half.side(),
            priority,
            place,
            old_price: order.price,
            price,
            quantity,
            old_level,
            level,
        }));
    }
}
