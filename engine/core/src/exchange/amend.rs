//! An order changed in place, moved, or sent against the other side; a stop made the newest of
//! its kind. A refused amend leaves it, its place and its lock exactly as they were.

use super::money::{Held, Wish};
use super::shape::TIPS_MAX;
use super::{Exchange, rejected};
use crate::accounts::Party;
use crate::book::{Half, Limit};
use crate::command::{Access, AccountFields, Amend, AmendFields, CancelReason, OrderFields};
use crate::event::{Amended, Event, Op, Place, Priority, Sink};
use crate::instrument::Status;
use crate::reason::Reason;
use crate::terms::{State, Terms};
use crate::types::{AccountId, InstrumentId, Price, Quantity};

/// What an amend that is not refused does.
pub(super) enum Change {
    /// Open quantity to zero.
    Cancel,
    /// Less or the same at the same price: it keeps its place.
    Reduce(Quantity),
    /// More, or another price: to the back of the queue there.
    Move(Price, Quantity),
    /// To a price at which it trades at once.
    Cross(Price, Quantity),
    /// A waiting stop, as it will be.
    Rewait {
        price: Price,
        quantity: Quantity,
        stop_price: Price,
        trail: Price,
        /// Newest, unless only its quantity fell.
        priority: Priority,
    },
}

/// A live order of the account, as it stands.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) slot: u32,
    pub(super) half: Half,
    /// 0: it has no limit.
    pub(super) price: Price,
    /// Hidden included.
    pub(super) open: Quantity,
}

impl Exchange {
    #[inline]
    pub(super) fn amend<S: Sink>(&mut self, amend: &Amend, sink: &mut S) {
        match self.plain_target(&amend.account, &amend.target) {
            Some(slot) => self.amend_plain(amend, slot, sink),
            None => self.amend_any(amend, sink),
        }
    }

    fn amend_any<S: Sink>(&mut self, amend: &Amend, sink: &mut S) {
        let party = self.accounts.party(&amend.account);
        let standing = party
            .known()
            .and_then(|account| self.locate(account, &amend.target))
            .map(|slot| self.standing(slot))
            .ok_or(Reason::UnknownOrder);
        let instrument = standing.map_or(InstrumentId::default(), |order| order.half.instrument());
        let judged = standing.and_then(|order| self.judge_amend(amend, order, party));
        match standing.and_then(|order| judged.map(|to| (order, to))) {
            Ok((order, change)) => {
                self.change(order, change, sink);
                self.aftermath(instrument, sink);
                self.settle(sink);
            }
            Err(reason) => {
                let whose = (party.number(), instrument);
                sink.event(&rejected(Op::Amend, reason, whose, amend.target));
            }
        }
    }

    fn standing(&self, slot: u32) -> Standing {
        let Terms { half, .. } = self.terms[slot as usize];
        Standing { slot, half, price: self.shown_price(slot), open: self.open(slot) }
    }

    /// Its limit; 0: it has none.
    fn shown_price(&self, slot: u32) -> Price {
        let Terms { order_type, fields, price, .. } = self.terms[slot as usize];
        match super::shape::limit(order_type, fields, price) {
            Limit::At(price) => price,
            Limit::Any => Price(0),
        }
    }

    fn judge_amend(&self, amend: &Amend, order: Standing, party: Party) -> Result<Change, Reason> {
        let Standing { slot, half, price: old_price, open } = order;
        let fields = amend.fields;
        let state = self.terms[slot as usize].state;
        self.judge_amend_shape(fields, slot)?;
        let price = if fields.has(AmendFields::PRICE) { amend.price } else { old_price };
        let quantity = if fields.has(AmendFields::QUANTITY) { amend.quantity } else { open };
        if fields.has(AmendFields::PRICE) && price.0 < 1 {
            return Err(Reason::BadPrice);
        }
        if fields.has(AmendFields::STOP_PRICE) && amend.stop_price.0 < 1
            || fields.has(AmendFields::TRAIL) && amend.trail.0 < 1
        {
            return Err(Reason::BadStop);
        }
        if quantity == Quantity::INVALID {
            return Err(Reason::BadQuantity);
        }
        let is_cancel = fields.has(AmendFields::QUANTITY) && quantity.is_zero();
        if is_cancel {
            self.judge_amend_status(half, party)?;
            return Ok(Change::Cancel);
        }
        self.judge_amend_numbers(slot, price, quantity)?;
        self.judge_amend_total(slot, quantity)?;
        if price.0 > 0 {
            self.judge_band(half.instrument(), price)?;
        }
        self.judge_amend_status(half, party)?;
        self.judge_amend_account(amend, order, (price, quantity))?;
        if state != State::Working {
            return Ok(self.rewait(amend, order, price, quantity));
        }
        if price == old_price && quantity <= open {
            return Ok(Change::Reduce(quantity));
        }
        let is_call = self.instruments.status(half.instrument()) == Status::Auction;
        if is_call || !self.book.is_within(half.opposite(), Limit::At(price)) {
            return Ok(Change::Move(price, quantity));
        }
        if self.terms[slot as usize].fields.has(OrderFields::POST_ONLY) {
            return Err(Reason::PostOnly);
        }
        Ok(Change::Cross(price, quantity))
    }

    /// Which fields the order has that could change.
    fn judge_amend_shape(&self, fields: AmendFields, slot: u32) -> Result<(), Reason> {
        let terms = &self.terms[slot as usize];
        let has_limit = self.shown_price(slot).0 > 0;
        let is_allowed = match terms.state {
            State::Parked => false,
            State::Working => {
                !fields.has(AmendFields::STOP_PRICE)
                    && !fields.has(AmendFields::TRAIL)
                    && (has_limit || !fields.has(AmendFields::PRICE))
            }
            State::Waiting => {
                !fields.has(AmendFields::TRAIL) && (has_limit || !fields.has(AmendFields::PRICE))
            }
            State::Trailing => {
                !fields.has(AmendFields::STOP_PRICE) && !fields.has(AmendFields::PRICE)
            }
        };
        // What has only a budget has no quantity to change.
        let has_quantity = terms.fields.has(OrderFields::QUANTITY);
        let is_quantity = fields.has(AmendFields::QUANTITY) && !has_quantity;
        let is_known = fields.0 & !AmendFields::KNOWN.0 == 0 && fields != AmendFields::NONE;
        (is_allowed && is_known && !is_quantity).then_some(()).ok_or(Reason::BadCombination)
    }

    fn judge_amend_numbers(
        &self,
        slot: u32,
        price: Price,
        quantity: Quantity,
    ) -> Result<(), Reason> {
        let terms = &self.terms[slot as usize];
        let instrument = terms.half.instrument();
        let bounds = &self.instruments.market(instrument).bounds;
        let worth = self.instruments.worth(instrument);
        let fits = price.0 < 1 || worth.fits(price, quantity);
        let is_bounded = !bounds.max_quantity.is_zero() && quantity > self.open(slot);
        if is_bounded && quantity > bounds.max_quantity {
            return Err(Reason::BadQuantity);
        }
        let display = self.conditions.get(terms.conditions).display;
        if display > 0 && quantity.0.div_ceil(display) > TIPS_MAX {
            return Err(Reason::BadDisplay);
        }
        let is_kept = price.0 == i64::MAX && !self.is_first_rules();
        (fits && !is_kept).then_some(()).ok_or(Reason::Overflow)
    }

    fn judge_amend_status(&self, half: Half, party: Party) -> Result<(), Reason> {
        match self.instruments.status(half.instrument()) {
            Status::Open | Status::Auction => {}
            Status::Halted => return Err(Reason::Halted),
            Status::Closed => return Err(Reason::Closed),
        }
        let account = party.known().expect("an order that was found is an account's");
        match self.accounts.settings(account).access {
            Access::Enabled => Ok(()),
            Access::Disabled => Err(Reason::AccountDisabled),
        }
    }

    /// The sums of the queues it stands in, or may come to.
    fn judge_amend_total(&self, slot: u32, quantity: Quantity) -> Result<(), Reason> {
        let Terms { half, state, .. } = self.terms[slot as usize];
        let (standing, waiting) = match state {
            State::Working => (self.open(slot), None),
            State::Waiting => (Quantity::ZERO, Some(self.open(slot))),
            State::Trailing | State::Parked => (Quantity::ZERO, None),
        };
        self.judge_total(half, standing, quantity)?;
        waiting.map_or(Ok(()), |old| self.judge_total(half.stops(), old, quantity))
    }

    /// Limits of the account on what grows, then money.
    fn judge_amend_account(
        &self,
        amend: &Amend,
        order: Standing,
        (price, quantity): (Price, Quantity),
    ) -> Result<(), Reason> {
        let account = self.owner(order.slot);
        if self.accounts.known(account).is_plain {
            return Ok(());
        }
        let settings = self.accounts.settings(account);
        let Terms { order_type, conditions, .. } = self.terms[order.slot as usize];
        let old_stop = self.conditions.get(conditions).stop_price;
        let is_restopped = amend.fields.has(AmendFields::STOP_PRICE);
        let stop_price = if is_restopped { amend.stop_price } else { old_stop };
        let was = self.wish_of(order.slot);
        let wish = Wish { price, open: quantity, ..was };
        let held = self.held(order.slot);
        let grows = quantity > order.open;
        let notional = self.notional(&wish, order_type, stop_price);
        if grows || notional > self.notional(&was, order_type, old_stop) {
            self.judge_limits(&wish, notional, settings)?;
        }
        if grows && settings.has(AccountFields::POSITION_LIMIT) {
            self.judge_position(&wish, held)?;
        }
        // Its sibling needs no more than the two hold now.
        self.judge_funds(&wish, held)
    }

    pub(super) fn wish_of(&self, slot: u32) -> Wish {
        let terms = &self.terms[slot as usize];
        let has_budget = terms.fields.has(OrderFields::BUDGET);
        Wish {
            account: self.owner(slot),
            instrument: terms.half.instrument(),
            side: terms.half.side(),
            fees: terms.fees,
            price: self.shown_price(slot),
            open: self.wanted(slot),
            budget: has_budget.then(|| self.conditions.get(terms.conditions).budget),
        }
    }

    /// How a waiting stop will stand.
    fn rewait(&self, amend: &Amend, order: Standing, price: Price, quantity: Quantity) -> Change {
        let conditions = self.conditions.get(self.terms[order.slot as usize].conditions);
        let has = |field| amend.fields.has(field);
        let (old_stop, old_trail) = (conditions.stop_price, conditions.trail);
        let stop_price = if has(AmendFields::STOP_PRICE) { amend.stop_price } else { old_stop };
        let trail = if has(AmendFields::TRAIL) { amend.trail } else { old_trail };
        let is_same = price == order.price && stop_price == old_stop && trail == old_trail;
        let is_kept = is_same
            && quantity <= order.open
            && !has(AmendFields::STOP_PRICE)
            && !has(AmendFields::TRAIL);
        let priority = if is_kept { Priority::Kept } else { Priority::Lost };
        Change::Rewait { price, quantity, stop_price, trail, priority }
    }

    fn change<S: Sink>(&mut self, order: Standing, change: Change, sink: &mut S) {
        let Standing { slot, half, price: old_price, .. } = order;
        let held = self.held(slot);
        match change {
            Change::Cancel => self.withdraw(slot, CancelReason::User, sink),
            Change::Reduce(quantity) => {
                let level = self.reduce(slot, quantity);
                self.rehold(slot, held);
                let level = if old_price.0 == 0 { Quantity::ZERO } else { level };
                self.amended(order, Priority::Kept, (old_price, quantity), (level, level), sink);
            }
            Change::Move(price, quantity) => {
                let left = self.take_off(slot, price, quantity, held);
                if old_price.0 == 0 {
                    let levels = (Quantity::ZERO, Quantity::ZERO);
                    self.amended(order, Priority::Lost, (price, quantity), levels, sink);
                    return self.rest_open(slot, sink);
                }
                let tip = self.tip(slot, quantity);
                self.hide(slot, quantity - tip);
                let level = self.rest(slot, half, price, tip);
                let old_level = if price == old_price { level } else { left };
                self.amended(order, Priority::Lost, (price, quantity), (old_level, level), sink);
            }
            Change::Cross(price, quantity) => {
                let left = self.take_off(slot, price, quantity, held);
                let levels = (left, Quantity::ZERO);
                self.amended(order, Priority::Lost, (price, quantity), levels, sink);
                self.start(slot, sink);
            }
            Change::Rewait { price, quantity, stop_price, trail, priority } => {
                self.change_stop(slot, (price, quantity), (stop_price, trail), priority);
                self.rehold(slot, held);
                let levels = (Quantity::ZERO, Quantity::ZERO);
                // It was at no level.
                let order = Standing { price: Price(0), ..order };
                self.amended(order, priority, (price, quantity), levels, sink);
                if priority == Priority::Lost {
                    self.tell_waiting(slot, sink);
                }
            }
        }
    }

    /// Less open quantity in the same place, what is hidden first. What the level shows.
    fn reduce(&mut self, slot: u32, quantity: Quantity) -> Quantity {
        let by = self.open(slot) - quantity;
        let hidden = Quantity(self.terms[slot as usize].hidden);
        let unseen = by.min(hidden);
        self.hide(slot, hidden - unseen);
        let seen = by - unseen;
        if seen.is_zero() { self.book.level_of(slot) } else { self.book.reduce(slot, seen) }
    }

    /// Out of its queue with a new price and quantity. What the level it left shows.
    fn take_off(&mut self, slot: u32, price: Price, quantity: Quantity, held: Held) -> Quantity {
        let left = self.book.leave(slot);
        self.hide(slot, Quantity::ZERO);
        self.book.set_open(slot, quantity);
        self.terms[slot as usize].price = price;
        self.rehold(slot, held);
        left
    }

    fn change_stop(
        &mut self,
        slot: u32,
        (price, quantity): (Price, Quantity),
        (stop_price, trail): (Price, Price),
        priority: Priority,
    ) {
        let Terms { half, state, conditions, .. } = self.terms[slot as usize];
        self.terms[slot as usize].price = price;
        let entry = self.conditions.get_mut(conditions).expect("a stop has conditions");
        (entry.stop_price, entry.trail) = (stop_price, trail);
        match (state, priority) {
            (State::Trailing, Priority::Kept) => self.book.set_open(slot, quantity),
            (State::Trailing, Priority::Lost) => {
                self.book.set_open(slot, quantity);
                let ticket = self.next_ticket(slot);
                self.trails.amend(slot, trail, ticket);
            }
            (State::Working | State::Waiting | State::Parked, Priority::Kept) => {
                self.book.show(slot, quantity);
            }
            (State::Working | State::Waiting | State::Parked, Priority::Lost) => {
                self.book.leave(slot);
                self.rest(slot, half.stops(), stop_price, quantity);
            }
        }
    }

    /// Says so. A level of zero at the new price: it does not rest there.
    #[inline]
    pub(super) fn amended<S: Sink>(
        &self,
        order: Standing,
        priority: Priority,
        (price, quantity): (Price, Quantity),
        (old_level, level): (Quantity, Quantity),
        sink: &mut S,
    ) {
        let place = if level.is_zero() { Place::OffBook } else { Place::Book };
        // Whoever keeps levels must not take a waiting stop for one that left its limit.
        let was_there = self.terms[order.slot as usize].state == State::Working;
        let old_price = if was_there { order.price } else { Price(0) };
        sink.event(&Event::Amended(Amended {
            order: self.order_id(order.slot),
            account: AccountId(self.book.orders()[order.slot].owner()),
            instrument: order.half.instrument(),
            side: order.half.side(),
            priority,
            place,
            old_price,
            price,
            quantity,
            old_level,
            level,
        }));
    }
}
