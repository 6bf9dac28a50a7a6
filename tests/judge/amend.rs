//! An order that is to have another quantity or price: it stays in its place, moves to the back of
//! a queue, trades at once, or is as it was.

use orison_core::command::{Amend, AmendFields, CancelReason, OrderFields};
use orison_core::event::{Amended, Op, Place, Priority};
use orison_core::{Event, InstrumentId, Price, Quantity, Reason, Side};

use super::Judge;
use super::book::Resting;

impl Judge {
    pub(super) fn amend(&mut self, amend: &Amend) {
        let party = self.party(&amend.account);
        let Some((instrument, side, order)) = self.locate(party, &amend.target) else {
            let reason = Reason::UnknownOrder;
            return self.reject(Op::Amend, reason, party, InstrumentId(0), amend.target);
        };
        match self.refusal_of(amend, instrument, &order) {
            None => self.change(amend, instrument, side, order),
            Some(reason) => self.reject(Op::Amend, reason, party, instrument, amend.target),
        }
    }

    fn refusal_of(
        &self,
        amend: &Amend,
        instrument: InstrumentId,
        order: &Resting,
    ) -> Option<Reason> {
        let (price, quantity) = aim(amend, order);
        let later = AmendFields(!(AmendFields::QUANTITY.0 | AmendFields::PRICE.0));
        if amend.fields == AmendFields::NONE || amend.fields.has(later) {
            return Some(Reason::BadCombination);
        }
        if price.0 < 1 {
            return Some(Reason::BadPrice);
        }
        if quantity == Quantity::INVALID {
            return Some(Reason::BadQuantity);
        }
        if quantity.is_zero() {
            return None;
        }
        let more = u128::from(quantity.0.saturating_sub(order.open.0));
        let fits = self.listing.fits(instrument, price, quantity)
            && self.fits_side(instrument, order.side, more);
        if !fits {
            return Some(Reason::Overflow);
        }
        let stays = price == order.price && quantity <= order.open;
        let book = &self.books[usize::from(instrument.0) - 1];
        let trades = !stays && book.reachable(order.side, Some(price)) > 0;
        (trades && order.asked.has(OrderFields::POST_ONLY)).then_some(Reason::PostOnly)
    }

    fn change(&mut self, amend: &Amend, instrument: InstrumentId, side: Side, mut order: Resting) {
        let (price, quantity) = aim(amend, &order);
        if quantity.is_zero() {
            return self.cancel_resting(instrument, side, order.id, CancelReason::User);
        }
        let (id, old_price) = (order.id, order.price);
        let mut amended = Amended {
            order: id,
            account: order.account,
            instrument,
            side,
            priority: Priority::Lost,
            place: Place::Book,
            old_price,
            price,
            quantity,
            old_level: Quantity(0),
            level: Quantity(0),
        };
        let stays = price == old_price && quantity <= order.open;
        let book = self.book_mut(instrument);
        if stays {
            let mut queue = book.side_mut(side).iter_mut();
            queue.find(|other| other.id == id).expect("it was found there").open = quantity;
            let level = book.level(side, price);
            amended = Amended { priority: Priority::Kept, old_level: level, level, ..amended };
            return self.events.push(Event::Amended(amended));
        }
        book.take(id);
        amended.old_level = book.level(side, old_price);
        (order.price, order.open) = (price, quantity);
        if book.reachable(side, Some(price)) == 0 {
            order.ticket = self.next_ticket();
            amended.level = self.book_mut(instrument).rest(order);
            if price == old_price {
                amended.old_level = amended.level;
            }
            return self.events.push(Event::Amended(amended));
        }
        amended.place = Place::OffBook;
        self.events.push(Event::Amended(amended));
        self.trade(instrument, &mut order, Some(price));
        self.rest_what_is_left(instrument, order);
    }
}

/// What was named, and what it has for the rest.
fn aim(amend: &Amend, order: &Resting) -> (Price, Quantity) {
    let price = if amend.fields.has(AmendFields::PRICE) { amend.price } else { order.price };
    let quantity =
        if amend.fields.has(AmendFields::QUANTITY) { amend.quantity } else { order.open };
    (price, quantity)
}
