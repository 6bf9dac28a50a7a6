//! The life of an instrument: open, halted, closed, in auction; the end of a day; and what the
//! clock brings about by itself.

use core::mem;

use super::{Exchange, Leaving, rejected};
use crate::command::{CancelReason, EndOfDay, StatusChange, Target, TimeInForce, Uncross};
use crate::event::{Event, Op, Sink, StatusCause, StatusChanged};
use crate::id::OrderId;
use crate::instrument::Status;
use crate::reason::Reason;
use crate::timers::Calls;
use crate::types::{AccountId, InstrumentId};

impl Exchange {
    pub(super) fn status<S: Sink>(&mut self, change: &StatusChange, sink: &mut S) {
        if self.is_first_rules() {
            return self.refuse_later(Op::Status, sink);
        }
        let known = self.instruments.get(change.instrument).map(|known| known.status);
        match known {
            Some(status) if status != change.status => {
                self.turn(change.instrument, change.status, StatusCause::Command, sink);
                self.settle(sink);
            }
            Some(_) => self.refuse_status(Op::Status, Reason::BadStatus, change.instrument, sink),
            None => {
                self.refuse_status(Op::Status, Reason::UnknownSymbol, InstrumentId(0), sink);
            }
        }
    }

    pub(super) fn end_auction<S: Sink>(&mut self, uncross: &Uncross, sink: &mut S) {
        if self.is_first_rules() {
            return self.refuse_later(Op::Uncross, sink);
        }
        match self.instruments.get(uncross.instrument).map(|known| known.status) {
            Some(Status::Auction) => {
                self.turn(uncross.instrument, Status::Open, StatusCause::Command, sink);
                self.settle(sink);
            }
            Some(Status::Open | Status::Halted | Status::Closed) => {
                self.refuse_status(Op::Uncross, Reason::BadStatus, uncross.instrument, sink);
            }
            None => {
                self.refuse_status(Op::Uncross, Reason::UnknownSymbol, InstrumentId(0), sink);
            }
        }
    }

    /// The first rules knew nothing of it.
    fn refuse_later<S: Sink>(&self, op: Op, sink: &mut S) {
        self.refuse_status(op, Reason::BadCombination, InstrumentId(0), sink);
    }

    fn refuse_status<S: Sink>(
        &self,
        op: Op,
        reason: Reason,
        instrument: InstrumentId,
        sink: &mut S,
    ) {
        let no_order = Target::Order(OrderId::default());
        sink.event(&rejected(op, reason, (AccountId::default(), instrument), no_order));
    }

    /// A change of status with all that belongs to it.
    pub(super) fn turn<S: Sink>(
        &mut self,
        instrument: InstrumentId,
        status: Status,
        cause: StatusCause,
        sink: &mut S,
    ) {
        if self.instruments.status(instrument) == Status::Auction {
            self.uncross(instrument, sink);
        }
        self.set_status(instrument, status, cause, sink);
        if status == Status::Closed {
            let is_meant = |id: InstrumentId| id == instrument;
            self.cancel_days(is_meant, CancelReason::Closed, sink);
        }
        self.aftermath(instrument, sink);
    }

    pub(super) fn set_status<S: Sink>(
        &mut self,
        instrument: InstrumentId,
        status: Status,
        cause: StatusCause,
        sink: &mut S,
    ) {
        if cause != StatusCause::Interruption {
            self.instruments.market_mut(instrument).interruption_end_ns = 0;
        }
        self.instruments.set_status(instrument, status);
        sink.event(&Event::Status(StatusChanged { instrument, status, cause }));
        self.look_at_calls();
    }

    /// Auctions beat while there are any.
    pub(super) fn look_at_calls(&mut self) {
        let calls = self.instruments.as_slice().iter().any(|i| i.status == Status::Auction);
        let calls = if calls { Calls::Some } else { Calls::None };
        self.timers.calls(calls, self.applied.time_ns);
    }

    pub(super) fn end_of_day<S: Sink>(&mut self, end: &EndOfDay, sink: &mut S) {
        if self.is_first_rules() {
            return self.refuse_later(Op::EndOfDay, sink);
        }
        let known = end.instrument.map(|id| self.instruments.get(id).is_some());
        if known == Some(false) {
            let reason = Reason::UnknownSymbol;
            return self.refuse_status(Op::EndOfDay, reason, InstrumentId(0), sink);
        }
        let is_meant = |id: InstrumentId| end.instrument.is_none_or(|asked| asked == id);
        match self.cancel_days(is_meant, CancelReason::Expired, sink) {
            0 => sink.event(&Event::Done),
            _ => self.settle(sink),
        }
    }

    /// Day orders of these instruments are over. How many.
    fn cancel_days<S: Sink>(
        &mut self,
        is_meant: impl Fn(InstrumentId) -> bool,
        reason: CancelReason,
        sink: &mut S,
    ) -> usize {
        let mut leaving = mem::take(&mut self.leaving);
        leaving.extend(self.book.orders().iter().map(|(slot, _)| slot).filter_map(|slot| {
            let terms = &self.terms[slot as usize];
            let is_day = terms.time_in_force == TimeInForce::Day;
            let is_meant = is_day && is_meant(terms.half.instrument());
            is_meant.then(|| Leaving::of(&self.book, &self.terms, slot))
        }));
        self.cancel_each(leaving, reason, sink)
    }

    pub(super) fn clock<S: Sink>(&mut self, sink: &mut S) {
        let now_ns = self.applied.time_ns;
        self.timers.clock(now_ns);
        let expired = self.expire(sink);
        let mut told = expired > 0;
        for at in 0..self.instruments.as_slice().len() {
            let instrument = self.instruments.as_slice()[at].id;
            if self.instruments.status(instrument) != Status::Auction {
                continue;
            }
            told = true;
            let end_ns = self.instruments.market(instrument).interruption_end_ns;
            if end_ns > 0 && end_ns <= now_ns {
                self.turn(instrument, Status::Open, StatusCause::InterruptionEnd, sink);
            } else {
                self.tell_indication(instrument, sink);
            }
        }
        if told {
            self.settle(sink);
        } else {
            sink.event(&Event::Done);
        }
    }

    /// Orders whose moment has come. How many.
    fn expire<S: Sink>(&mut self, sink: &mut S) -> usize {
        if self.timers.expiry_ns.is_none() {
            return 0;
        }
        let now_ns = self.applied.time_ns;
        let mut leaving = mem::take(&mut self.leaving);
        let Self { expiries, book, terms, .. } = self;
        expiries.pop_due(
            now_ns,
            |slot, mark| book.orders().get(slot).is_some_and(|order| order.mark == mark),
            |slot, _| leaving.push(Leaving::of(book, terms, slot)),
        );
        self.cancel_each(leaving, CancelReason::Expired, sink)
    }

    /// When the next interruption ends, if one runs.
    pub(super) fn interruption_end_ns(&self) -> Option<u64> {
        let markets = self.instruments.as_slice().iter().map(|i| self.instruments.market(i.id));
        markets.map(|market| market.interruption_end_ns).filter(|&end_ns| end_ns > 0).min()
    }
}
