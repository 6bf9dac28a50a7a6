//! Orders taken back: one by its id or name, or all of an account that match.

use alloc::vec::Vec;

use super::{Exchange, rejected};
use crate::book::{Book, Half};
use crate::command::{Cancel, CancelReason, MassCancel, Target};
use crate::event::{Event, Op, Sink};
use crate::id::OrderId;
use crate::reason::Reason;
use crate::terms::{State, Terms};
use crate::types::{AccountId, InstrumentId, Sequence, Side};

/// An order on its way out with others, sorted as the rules say: instruments by number; in each
/// the book, bids first, best price first, queue place; then stops, then whatever else waits, by
/// entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Leaving {
    instrument: InstrumentId,
    kind: Kind,
    half: Half,
    /// Of the price; of what waits, the sequence of its entry.
    key: u64,
    /// Its place in the queue; of what waits, its leg.
    ticket: u64,
    order: OrderId,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Resting,
    Stop,
    Parked,
}

impl Leaving {
    pub(super) fn of(book: &Book, terms: &[Terms], slot: u32) -> Self {
        let Terms { half, leg, ticket, state, .. } = terms[slot as usize];
        let sequence = Sequence(book.orders()[slot].mark);
        let (order, instrument) = (OrderId { sequence, slot, leg }, half.instrument());
        let waits = |kind| Self {
            instrument,
            kind,
            half: Half::of(instrument, Side::Buy),
            key: sequence.0,
            ticket: leg.into(),
            order,
        };
        match (state, book.place(slot)) {
            (State::Working, Some((half, price))) => {
                let key = half.key(price);
                Self { instrument, kind: Kind::Resting, half, key, ticket, order }
            }
            (State::Parked, _) => waits(Kind::Parked),
            (State::Working | State::Waiting | State::Trailing, _) => waits(Kind::Stop),
        }
    }
}

impl Exchange {
    pub(super) fn cancel<S: Sink>(&mut self, cancel: &Cancel, sink: &mut S) {
        let party = self.accounts.party(&cancel.account);
        // Whoever is not known has no orders: that is all there is to say of this one.
        match party.known().and_then(|account| self.locate(account, &cancel.target)) {
            // Nothing follows from it.
            Some(slot) if self.is_plain_order(slot) => {
                self.withdraw_plain(slot, CancelReason::User, sink);
            }
            Some(slot) => {
                let instrument = self.terms[slot as usize].half.instrument();
                self.withdraw(slot, CancelReason::User, sink);
                self.aftermath(instrument, sink);
                self.settle(sink);
            }
            None => {
                let whose = (party.number(), InstrumentId::default());
                sink.event(&rejected(Op::Cancel, Reason::UnknownOrder, whose, cancel.target));
            }
        }
    }

    pub(super) fn mass_cancel<S: Sink>(&mut self, mass: &MassCancel, sink: &mut S) {
        let party = self.accounts.party(&mass.account);
        let account = match self.judge_mass_cancel(mass, party.known()) {
            Ok(account) => account,
            Err(reason) => {
                let whose = (party.number(), InstrumentId::default());
                let no_order = Target::Order(OrderId::default());
                return sink.event(&rejected(Op::MassCancel, reason, whose, no_order));
            }
        };
        let is_meant = |half: Half| {
            mass.instrument.is_none_or(|instrument| instrument == half.instrument())
                && mass.side.is_none_or(|side| side == half.side())
        };
        match self.cancel_all_of(account, is_meant, mass.reason, sink) {
            0 => sink.event(&Event::Done),
            _ => self.settle(sink),
        }
    }

    /// Those of an account. One look at every slot ever used, or as many as it takes to see all
    /// its orders; then a sort of those. How many.
    pub(super) fn cancel_all_of<S: Sink>(
        &mut self,
        account: AccountId,
        is_meant: impl Fn(Half) -> bool,
        reason: CancelReason,
        sink: &mut S,
    ) -> usize {
        let mut leaving = core::mem::take(&mut self.leaving);
        let own = self.book.orders().iter().filter(|(_, order)| order.owner() == account.0);
        let orders = self.accounts.get(account).map_or(0, |account| account.orders);
        let slots = own.take(orders as usize).map(|(slot, _)| slot);
        let meant = slots.filter(|&slot| is_meant(self.terms[slot as usize].half));
        leaving.extend(meant.map(|slot| Leaving::of(&self.book, &self.terms, slot)));
        self.cancel_each(leaving, reason, sink)
    }

    /// Cancels orders in the order of the rules and gives back the list's memory. How many.
    pub(super) fn cancel_each<S: Sink>(
        &mut self,
        mut leaving: Vec<Leaving>,
        reason: CancelReason,
        sink: &mut S,
    ) -> usize {
        leaving.sort_unstable();
        let count = leaving.len();
        for Leaving { order, .. } in leaving.iter() {
            // A partner may have taken it along.
            if let Some(slot) = self.live(*order) {
                self.withdraw(slot, reason, sink);
            }
        }
        leaving.clear();
        self.leaving = leaving;
        count
    }

    fn judge_mass_cancel(
        &self,
        mass: &MassCancel,
        account: Option<AccountId>,
    ) -> Result<AccountId, Reason> {
        if mass.instrument.is_some_and(|instrument| self.instruments.get(instrument).is_none()) {
            return Err(Reason::UnknownSymbol);
        }
        let account = account.ok_or(Reason::UnknownAccount)?;
        match mass.reason {
            CancelReason::Mass
            | CancelReason::Admin
            | CancelReason::Disconnect
            | CancelReason::Timer => Ok(account),
            CancelReason::User
            | CancelReason::Ioc
            | CancelReason::SelfTrade
            | CancelReason::Expired
            | CancelReason::Oco
            | CancelReason::Range
            | CancelReason::Uncross
            | CancelReason::Closed => Err(Reason::BadCombination),
        }
    }
}
