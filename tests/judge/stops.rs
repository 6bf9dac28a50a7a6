//! What a command sets off: children whose parents are filled enter, and stops fire one after the
//! other, each tested against the last price as it stands by then.

use orison_core::command::OrderFields;
use orison_core::instrument::Status;
use orison_core::{InstrumentId, Reason, Side};

use super::Judge;
use super::order::{Order, Place};
use super::said::{Id, Said};

impl Judge {
    pub(super) fn settle(&mut self, instrument: InstrumentId) {
        loop {
            while !self.entering.is_empty() {
                let child = self.entering.remove(0);
                if self.find(child).is_some() {
                    self.enter_child(child);
                }
            }
            match self.elected(instrument) {
                Some(stop) => self.fire(stop),
                None => return,
            }
        }
    }

    /// Of either side the one furthest through, the oldest of its equals; of both the older.
    fn elected(&self, instrument: InstrumentId) -> Option<Id> {
        let market = self.listing.market(instrument);
        let last = market.last.filter(|_| market.instrument.status == Status::Open)?;
        let first = Side::BOTH.map(|side| {
            let stops = self.orders.iter().filter(|order| {
                (order.instrument, order.side) == (instrument, side) && order.is_elected(last)
            });
            stops.min_by_key(|order| {
                let stop = order.stop_price().expect("what is elected has a stop price");
                (if side == Side::Buy { stop } else { -stop }, order.ticket)
            })
        });
        first.into_iter().flatten().min_by_key(|order| order.ticket).map(|order| order.id)
    }

    fn fire(&mut self, id: Id) {
        self.said.push(Said::Triggered { order: id });
        let order = self.get_mut(id);
        (order.place, order.has_fired) = (Place::Hand, true);
        self.part_from_sibling(id);
        let order: Order = self.get(id).clone();
        let refusal = if order.has(OrderFields::PRICE) && self.is_outside_band(&order) {
            Err(Reason::PriceBand)
        } else if self.overflows(&order, &[]) {
            Err(Reason::Overflow)
        } else {
            self.book_allows(&order)
        };
        match refusal {
            Ok(()) => self.take(id),
            Err(reason) => self.reject_live(id, reason),
        }
    }
}
