//! Orders taken back: one by its id or name, or all of an account that match.

use super::{Exchange, rejected};
use crate::command::{Cancel, CancelReason, MassCancel, Target};
use crate::event::{Cancelled, Event, Op, Place, Sink};
use crate::id::OrderId;
use crate::reason::Reason;
use crate::types::{AccountId, InstrumentId};

impl Exchange {
    pub(super) fn cancel<S: Sink>(&mut self, cancel: &Cancel, sink: &mut S) {
        let party = self.accounts.party(&cancel.account);
        // Whoever is not known has no orders: that is all there is to say of this one.
        match party.known().and_then(|account| self.locate(account, &cancel.target)) {
            Some(slot) => self.cancel_resting(slot, CancelReason::User, sink),
            None => {
                let whose = (party.number(), InstrumentId::default());
                sink.event(&rejected(Op::Cancel, Reason::UnknownOrder, whose, cancel.target));
            }
        }
    }

    /// Takes a resting order out of the book and out of the world.
    pub(super) fn cancel_resting<S: Sink>(
        &mut self,
        slot: u32,
        reason: CancelReason,
        sink: &mut S,
    ) {
        let (half, price) = self.book.place(slot).expect("a live order rests between commands");
        let (order, open) = (self.order_id(slot), self.open(slot));
        let account = AccountId(self.book.orders()[slot].owner);
        let level = self.book.leave(slot);
        self.close(slot);
        sink.event(&Event::Cancelled(Cancelled {
            order,
            account,
            instrument: half.instrument(),
            side: half.side(),
            reason,
            place: Place::Book,
            price,
            quantity: open,
            level,
        }));
    }

    /// Instruments by number, bids first, best price first, queue place. One look at every slot
    /// ever used, or as many as it takes to see all orders of the account; then a sort of those.
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
        let mut leaving = core::mem::take(&mut self.leaving);
        let own = self.book.orders().iter().filter(|(_, order)| order.owner == account.0);
        let orders = self.accounts.get(account).map_or(0, |account| account.orders);
        leaving.extend(own.take(orders as usize).map(|(slot, _)| slot).filter(|&slot| {
            self.book.place(slot).is_some_and(|(half, _)| {
                mass.instrument.is_none_or(|instrument| instrument == half.instrument())
                    && mass.side.is_none_or(|side| side == half.side())
            })
        }));
        leaving.sort_unstable_by_key(|&slot| {
            let (half, price) = self.book.place(slot).expect("only resting orders were taken");
            (half, half.key(price), self.terms[slot as usize].ticket)
        });
        for &slot in &leaving {
            self.cancel_resting(slot, mass.reason, sink);
        }
        if leaving.is_empty() {
            sink.event(&Event::Done);
        }
        leaving.clear();
        self.leaving = leaving;
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
