//! How orders end: filled, cancelled or refused late; and what that means for the order they are
//! linked to.

use super::{Exchange, Held};
use crate::command::CancelReason;
use crate::conditions::Role;
use crate::event::{Cancelled, Event, Place, Sink};
use crate::terms::State;
use crate::types::{Price, Quantity};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Filled,
    Cancelled(CancelReason),
    /// It fired, or its time came, and then it was not let in.
    Refused,
}

impl Exchange {
    /// Takes a live order out of wherever it is and out of the world.
    #[inline]
    pub(crate) fn withdraw<S: Sink>(&mut self, slot: u32, reason: CancelReason, sink: &mut S) {
        if self.is_plain_order(slot) {
            self.withdraw_plain(slot, reason, sink);
        } else {
            self.withdraw_special(slot, reason, sink);
        }
    }

    fn withdraw_special<S: Sink>(&mut self, slot: u32, reason: CancelReason, sink: &mut S) {
        let before = self.held(slot);
        self.release(slot, before);
        let open = self.wanted(slot);
        let (order, account) = (self.order_id(slot), self.owner(slot));
        let half = self.terms[slot as usize].half;
        let (place, price, level) = self.take_out(slot);
        sink.event(&Event::Cancelled(Cancelled {
            order,
            account,
            instrument: half.instrument(),
            side: half.side(),
            reason,
            place,
            price,
            quantity: open,
            level,
        }));
        self.end(slot, Ending::Cancelled(reason), sink);
    }

    /// Its group holds from here on what the sibling holds alone.
    fn release(&mut self, slot: u32, before: Held) {
        if !self.accounts.known(self.owner(slot)).is_watched {
            return;
        }
        let after = match self.partner_of(slot) {
            Some(sibling) if self.role_of(slot) == Role::Leg => self.held_alone(sibling),
            Some(_) | None => Held::default(),
        };
        self.move_holds(slot, before, after);
    }

    /// Out of its queue: where it stood, its price, and what its level shows now.
    fn take_out(&mut self, slot: u32) -> (Place, Price, Quantity) {
        let terms = &self.terms[slot as usize];
        let (half, price) = (terms.half, terms.price);
        match terms.state {
            State::Parked => (Place::OffBook, price, Quantity::ZERO),
            State::Waiting => {
                self.book.leave(slot);
                self.instruments.market_mut(half.instrument()).stops -= 1;
                (Place::OffBook, price, Quantity::ZERO)
            }
            State::Trailing => {
                self.trails.remove(slot);
                self.instruments.market_mut(half.instrument()).stops -= 1;
                (Place::OffBook, price, Quantity::ZERO)
            }
            State::Working => {
                self.hide(slot, Quantity::ZERO);
                match self.book.place(slot) {
                    None => (Place::OffBook, price, Quantity::ZERO),
                    Some((half, place)) => {
                        let level = self.book.leave(slot);
                        if place == half.market() {
                            (Place::OffBook, Price(0), Quantity::ZERO)
                        } else {
                            (Place::Book, place, level)
                        }
                    }
                }
            }
        }
    }

    /// An order that is in no queue and holds nothing is over; its partner learns of it.
    #[inline]
    pub(crate) fn end<S: Sink>(&mut self, slot: u32, ending: Ending, sink: &mut S) {
        let role = self.role_of(slot);
        if role == Role::Alone {
            return self.close(slot);
        }
        let partner = self.unlink(slot).expect("a linked order has a partner");
        self.close(slot);
        match (role, ending) {
            (Role::Parent, Ending::Filled) => self.children.push(self.order_id(partner)),
            (Role::Parent, Ending::Cancelled(reason)) => self.withdraw(partner, reason, sink),
            // There is no word for a refusal among those of cancels.
            (Role::Parent, Ending::Refused) => self.withdraw(partner, CancelReason::Ioc, sink),
            (Role::Leg, _) => self.withdraw(partner, CancelReason::Oco, sink),
            (Role::Child | Role::Alone, _) => {}
        }
    }

    /// Neither knows the other any more.
    pub(crate) fn unlink(&mut self, slot: u32) -> Option<u32> {
        let partner = self.partner_of(slot)?;
        if self.role_of(slot) == Role::Leg {
            let instrument = self.terms[slot as usize].half.instrument();
            self.instruments.market_mut(instrument).legs -= 2;
        }
        for slot in [slot, partner] {
            let at = self.terms[slot as usize].conditions;
            let conditions = self.conditions.get_mut(at).expect("a link is a condition");
            (conditions.role, conditions.partner) = (Role::Alone, crate::book::NONE);
        }
        Some(partner)
    }

    #[inline]
    pub(crate) fn role_of(&self, slot: u32) -> Role {
        self.conditions.get(self.terms[slot as usize].conditions).role
    }

    #[inline]
    pub(crate) fn partner_of(&self, slot: u32) -> Option<u32> {
        let conditions = self.conditions.get(self.terms[slot as usize].conditions);
        (conditions.role != Role::Alone).then_some(conditions.partner)
    }

    /// An order that is in no queue any more is over.
    #[inline]
    pub(super) fn close(&mut self, slot: u32) {
        let owner = self.owner(slot);
        self.accounts.known_mut(owner).orders -= 1;
        let terms = &self.terms[slot as usize];
        let (client, conditions) = (terms.client, terms.conditions);
        self.clients.close(client);
        self.conditions.release(conditions);
        self.book.release(slot);
    }
}
