//! Stops: waiting, elected by the last trade price, fired one after the other until nothing more
//! is due. Children of filled parents come in between. A loop, never a recursion.

use super::money::Held;
use super::shape::{Remainder, is_stop, judge_collected, remainder};
use super::{Ending, Exchange, rejected};
use crate::command::{OrderFields, OrderType, Target};
use crate::event::{Event, Op, Sink, Triggered, Waiting};
use crate::instrument::Status;
use crate::reason::Reason;
use crate::terms::{State, Terms};
use crate::types::{InstrumentId, Price, Quantity, Side};

/// A stop that the last price has reached.
#[derive(Clone, Copy)]
struct Elected {
    slot: u32,
    stop_price: Price,
    ticket: u64,
}

impl Exchange {
    /// A stop takes its place at the back of those with its stop price.
    pub(super) fn wait<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        let Terms { half, order_type, conditions, .. } = self.terms[slot as usize];
        let instrument = half.instrument();
        let conditions = self.conditions.get(conditions);
        let (stop_price, trail) = (conditions.stop_price, conditions.trail);
        self.instruments.market_mut(instrument).stops += 1;
        if order_type == OrderType::TrailingStop {
            self.terms[slot as usize].state = State::Trailing;
            let ticket = self.next_ticket(slot);
            let last = self.last_price(instrument);
            self.trails.insert(slot, instrument, half.side(), trail, ticket, last);
        } else {
            self.terms[slot as usize].state = State::Waiting;
            let open = self.open(slot);
            self.rest(slot, half.stops(), stop_price, open);
        }
        self.tell_waiting(slot, sink);
    }

    pub(super) fn tell_waiting<S: Sink>(&self, slot: u32, sink: &mut S) {
        let terms = &self.terms[slot as usize];
        let conditions = self.conditions.get(terms.conditions);
        sink.event(&Event::Waiting(Waiting {
            order: self.order_id(slot),
            account: self.owner(slot),
            instrument: terms.half.instrument(),
            side: terms.half.side(),
            stop_price: conditions.stop_price,
            trail: conditions.trail,
            quantity: self.open(slot),
        }));
    }

    /// What follows a command's own doing, to the end: children, then stops, then what they do.
    #[inline]
    pub(super) fn aftermath<S: Sink>(&mut self, instrument: InstrumentId, sink: &mut S) {
        if !self.children.is_empty() || self.instruments.market(instrument).stops > 0 {
            self.follow(instrument, sink);
        }
    }

    fn follow<S: Sink>(&mut self, instrument: InstrumentId, sink: &mut S) {
        loop {
            self.enter_children(sink);
            let Some(elected) = self.elect(instrument) else { return };
            self.fire(elected, sink);
        }
    }

    /// Children whose parents were filled, in the order in which they were.
    fn enter_children<S: Sink>(&mut self, sink: &mut S) {
        let mut next = 0;
        while let Some(&child) = self.children.get(next) {
            next += 1;
            if let Some(slot) = self.live(child) {
                self.enter_child(slot, sink);
            }
        }
        self.children.clear();
    }

    fn enter_child<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        let Terms { half, conditions, fields, .. } = self.terms[slot as usize];
        if fields.has(OrderFields::PROTECTION) {
            let points = self.conditions.get(conditions).protection;
            self.terms[slot as usize].price = self.protected(half, points);
        }
        if let Err(reason) = self.judge_child(slot) {
            return self.refuse_late(slot, reason, sink);
        }
        let held = self.held(slot);
        self.terms[slot as usize].state = State::Working;
        self.rehold(slot, held);
        if is_stop(self.terms[slot as usize].order_type) {
            self.wait(slot, sink);
        } else {
            self.start(slot, sink);
        }
    }

    fn judge_child(&self, slot: u32) -> Result<(), Reason> {
        let Terms { half, order_type, time_in_force, fields, .. } = self.terms[slot as usize];
        let is_stop = is_stop(order_type);
        let status = self.instruments.status(half.instrument());
        match status {
            Status::Open => {}
            Status::Auction if is_stop => {}
            Status::Auction => judge_collected(time_in_force, fields)?,
            Status::Halted => return Err(Reason::Halted),
            Status::Closed => return Err(Reason::Closed),
        }
        let wish = self.wish_of(slot);
        let worth = self.instruments.worth(half.instrument());
        if wish.price.0 > 0 && !worth.fits(wish.price, wish.open) {
            return Err(Reason::Overflow);
        }
        let rests = remainder(order_type, time_in_force, fields) == Remainder::Rests;
        if is_stop || rests || status == Status::Auction {
            self.judge_total(half, Quantity::ZERO, wish.open)?;
        }
        if is_stop {
            self.judge_total(half.stops(), Quantity::ZERO, wish.open)?;
        }
        if order_type == OrderType::TrailingStop && self.trails.is_full() {
            return Err(Reason::OrderLimit);
        }
        self.judge_funds(&wish, Held::default())?;
        if is_stop || status == Status::Auction { Ok(()) } else { self.judge_late(slot) }
    }

    /// The stop that the last price fires first, if the instrument trades.
    fn elect(&self, instrument: InstrumentId) -> Option<Elected> {
        let market = self.instruments.market(instrument);
        let last = market.last;
        let is_due = market.stops > 0 && last.0 > 0;
        if !is_due || self.instruments.status(instrument) != Status::Open {
            return None;
        }
        let buy = self.nearest(instrument, Side::Buy).filter(|stop| last >= stop.stop_price);
        let sell = self.nearest(instrument, Side::Sell).filter(|stop| last <= stop.stop_price);
        match (buy, sell) {
            (Some(buy), Some(sell)) => Some(if buy.ticket < sell.ticket { buy } else { sell }),
            (buy, sell) => buy.or(sell),
        }
    }

    /// Of a side: the stop furthest through, then the oldest.
    fn nearest(&self, instrument: InstrumentId, side: Side) -> Option<Elected> {
        let half = crate::book::Half::of(instrument, side).stops();
        let waiting = self.book.first(half).map(|(slot, stop_price)| Elected {
            slot,
            stop_price,
            ticket: self.terms[slot as usize].ticket,
        });
        let trailing = self
            .trails
            .first(instrument, side)
            .map(|(slot, stop_price, ticket)| Elected { slot, stop_price, ticket });
        let (waiting, trailing) = match (waiting, trailing) {
            (Some(waiting), Some(trailing)) => (waiting, trailing),
            (waiting, trailing) => return waiting.or(trailing),
        };
        let place = |stop: &Elected| (half.key(stop.stop_price), stop.ticket);
        Some(if place(&waiting) < place(&trailing) { waiting } else { trailing })
    }

    fn fire<S: Sink>(&mut self, elected: Elected, sink: &mut S) {
        let slot = elected.slot;
        let Terms { half, state, .. } = self.terms[slot as usize];
        let instrument = half.instrument();
        let open = self.open(slot);
        match state {
            State::Trailing => self.trails.remove(slot),
            State::Waiting => {
                self.book.leave(slot);
            }
            State::Working | State::Parked => unreachable!("only waiting stops are elected"),
        }
        let market = self.instruments.market_mut(instrument);
        market.stops -= 1;
        let price = market.last;
        self.terms[slot as usize].state = State::Working;
        self.book.set_open(slot, open);
        sink.event(&Event::Triggered(Triggered {
            order: self.order_id(slot),
            account: self.owner(slot),
            instrument,
            side: half.side(),
            price,
        }));
        self.drop_sibling(slot, sink);
        match self.judge_late(slot) {
            Ok(()) => self.start(slot, sink),
            Err(reason) => self.refuse_late(slot, reason, sink),
        }
    }

    /// An order that was in is not let into the market: it is over.
    fn refuse_late<S: Sink>(&mut self, slot: u32, reason: Reason, sink: &mut S) {
        let held = self.held(slot);
        self.move_holds(slot, held, Held::default());
        let order = self.order_id(slot);
        let whose = (self.owner(slot), self.terms[slot as usize].half.instrument());
        sink.event(&rejected(Op::New, reason, whose, Target::Order(order)));
        self.end(slot, Ending::Refused, sink);
    }
}
