//! An order that is to have another quantity, price or trigger: it stays in its place, moves to
//! the back of a queue, trades at once, or is as it was.

use orison_core::command::{Access, Amend, AmendFields, CancelReason, OrderFields, OrderType};
use orison_core::event::Op;
use orison_core::instrument::Status;
use orison_core::{Quantity, Reason};

use super::Judge;
use super::order::{Order, Place, UNBOUND};
use super::said::Said;

impl Judge {
    pub(super) fn amend(&mut self, amend: &Amend) {
        let Some(id) = self.locate(&amend.account, &amend.target) else {
            return self.reject_target(Op::Amend, &amend.target, Reason::UnknownOrder);
        };
        let order = self.get(id).clone();
        let aim = aim(amend, &order);
        if let Err(reason) = self.amend_allowed(amend, &order, &aim) {
            return self.reject_target(Op::Amend, &amend.target, reason);
        }
        if aim.open == 0 {
            return self.cancel(id, CancelReason::User);
        }
        // Whoever names a trigger makes his order the newest, also with the same one again.
        let names_trigger =
            amend.fields.has(AmendFields::STOP_PRICE) || amend.fields.has(AmendFields::TRAIL);
        let kept = keeps_its_place(&order, &aim) && !names_trigger;
        let (quantity, price) = (aim.shown_open(), aim.limit.unwrap_or_default());
        self.said.push(Said::Amended { order: id, quantity, price, kept });
        let (instrument, place) = (aim.instrument, aim.place);
        *self.get_mut(id) = aim;
        match place {
            Place::Book | Place::Waiting if kept => {}
            Place::Waiting => self.get_mut(id).ticket = self.next_ticket(),
            Place::Book if self.is_in_call(instrument) => self.rest(id),
            Place::Book => {
                self.get_mut(id).place = Place::Hand;
                self.take(id);
            }
            Place::Hand | Place::Parked => unreachable!("neither is amended"),
        }
        self.settle(instrument);
    }

    fn amend_allowed(&self, amend: &Amend, order: &Order, aim: &Order) -> Result<(), Reason> {
        let given = |field| amend.fields.has(field);
        let later = given(AmendFields::STOP_PRICE) || given(AmendFields::TRAIL);
        let is_trailing = order.asked.order_type == OrderType::TrailingStop;
        let waits = order.place == Place::Waiting;
        let no_such_field = amend.fields == AmendFields::NONE
            || self.genesis.rules_version < 2 && later
            || order.place == Place::Parked
            || given(AmendFields::PRICE) && order.limit.is_none()
            || given(AmendFields::STOP_PRICE) && (!waits || is_trailing)
            || given(AmendFields::TRAIL) && (!waits || !is_trailing)
            || given(AmendFields::QUANTITY) && order.open == UNBOUND;
        if no_such_field {
            return Err(Reason::BadCombination);
        }
        if given(AmendFields::PRICE) && amend.price.0 < 1 {
            return Err(Reason::BadPrice);
        }
        if given(AmendFields::STOP_PRICE) && amend.stop_price.0 < 1
            || given(AmendFields::TRAIL) && amend.trail.0 < 1
        {
            return Err(Reason::BadStop);
        }
        let market = self.listing.market(order.instrument);
        let most = market.bounds.max_quantity;
        let rises = aim.open > order.open;
        if given(AmendFields::QUANTITY)
            && (amend.quantity == Quantity::INVALID
                || rises && !most.is_zero() && amend.quantity > most)
        {
            return Err(Reason::BadQuantity);
        }
        if aim.open > 0 && self.is_too_finely_shown(aim) {
            return Err(Reason::BadDisplay);
        }
        if aim.open > 0 && self.overflows(aim, &[]) {
            return Err(Reason::Overflow);
        }
        if aim.open > 0 && self.is_outside_band(aim) {
            return Err(Reason::PriceBand);
        }
        match market.instrument.status {
            Status::Halted => return Err(Reason::Halted),
            Status::Closed => return Err(Reason::Closed),
            Status::Open | Status::Auction => {}
        }
        if aim.open == 0 {
            return Ok(());
        }
        self.amend_within_limits(order, aim)?;
        let would_trade = order.place == Place::Book
            && !keeps_its_place(order, aim)
            && !self.is_in_call(order.instrument)
            && self.best(order.instrument, order.side.opposite()).is_some_and(|p| aim.reaches(p));
        if would_trade && order.has(OrderFields::POST_ONLY) {
            return Err(Reason::PostOnly);
        }
        Ok(())
    }

    fn amend_within_limits(&self, order: &Order, aim: &Order) -> Result<(), Reason> {
        if self.account(order.account).settings.access == Access::Disabled {
            return Err(Reason::AccountDisabled);
        }
        let rises = aim.open > order.open;
        if rises || self.notional(aim) > self.notional(order) {
            self.size_allows(aim)?;
        }
        if rises {
            self.position_allows(aim, &[])?;
        }
        let market = self.listing.market(order.instrument).instrument;
        let lacks = |asset| {
            let account = order.account;
            let sibling = order.sibling().map_or(0, |sibling| self.need(self.get(sibling), asset));
            let now = self.need(order, asset).max(sibling);
            let then = self.need(aim, asset).max(sibling);
            self.locked(account, asset) - now + then > self.account(account).total(asset)
        };
        let is_funded = self.account(order.account).is_funded();
        if is_funded && (lacks(market.base) || lacks(market.quote)) {
            return Err(Reason::InsufficientFunds);
        }
        Ok(())
    }
}

/// The order as it is to be.
fn aim(amend: &Amend, order: &Order) -> Order {
    let mut aim = order.clone();
    if amend.fields.has(AmendFields::QUANTITY) {
        aim.open = amend.quantity.0;
    }
    if amend.fields.has(AmendFields::PRICE) {
        aim.limit = Some(amend.price.0);
    }
    if amend.fields.has(AmendFields::STOP_PRICE) {
        aim.stop = amend.stop_price.0;
    }
    if amend.fields.has(AmendFields::TRAIL) {
        aim.trail = amend.trail.0;
    }
    // Hidden quantity goes first.
    aim.tip = aim.tip.min(aim.open);
    aim
}

fn keeps_its_place(order: &Order, aim: &Order) -> bool {
    aim.limit == order.limit && aim.open <= order.open
}
