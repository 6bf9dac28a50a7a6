//! Whoever knows the exchange by its events alone: the views, the witness, and a market-data
//! client that keeps a book from the changes it is sent. All must show what the core has.

use std::collections::BTreeMap;

use engine::projection::{ViewLimits, Views};
use engine::witness::{Witness, set_hash};
use orison_core::{Event, Exchange, InstrumentId, OrderId, Price, Quantity, Side, Stamp};

use crate::judge::{Order, Place};

pub(super) struct Follower {
    views: Views,
    witness: Witness,
    /// What a client has that applied every change; no level is zero.
    book: BTreeMap<(InstrumentId, Side, Price), Quantity>,
    /// The last change a client was sent of each book.
    sent: BTreeMap<InstrumentId, u64>,
}

impl Follower {
    pub(super) fn new() -> Self {
        Self {
            views: Views::new(ViewLimits { trades_max: 8, ..ViewLimits::DEFAULT }),
            witness: Witness::new(),
            book: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Everything that one command brought.
    pub(super) fn hear(&mut self, stamp: Stamp, events: &[Event]) -> Result<(), String> {
        for (index, event) in (0..).zip(events) {
            self.views.on_event(stamp, index, event);
            self.witness.on_event(stamp, event);
        }
        self.views.on_end(stamp);
        self.witness.on_end(stamp);
        for &instrument in self.views.depth.changed() {
            let book = self.views.depth.book(instrument).ok_or("a changed book is there")?;
            let before = self.sent.insert(instrument, stamp.sequence.0).unwrap_or_default();
            if (book.changed_at(), book.previous_sequence()) != (stamp, before) {
                return Err(format!(
                    "book {instrument} links {} to {:?}, sent was {before}",
                    book.previous_sequence(),
                    book.changed_at()
                ));
            }
            for change in book.changes() {
                let level = (instrument, change.side, change.price);
                let had = if change.quantity.is_zero() {
                    self.book.remove(&level)
                } else {
                    self.book.insert(level, change.quantity)
                };
                if had.unwrap_or_default() == change.quantity {
                    return Err(format!("{level:?} did not change, but was sent: {change:?}"));
                }
            }
        }
        Ok(())
    }

    /// Both show exactly these levels, best first.
    pub(super) fn check_levels(
        &self,
        instrument: InstrumentId,
        side: Side,
        levels: &[(Price, Quantity)],
    ) -> Result<(), String> {
        let shown: Vec<_> = match self.views.depth.book(instrument) {
            Some(book) => book.levels(side).collect(),
            None => Vec::new(),
        };
        if shown != levels {
            return Err(format!("{side:?} of {instrument}: shown {shown:?}, is {levels:?}"));
        }
        let of_side = (instrument, side, Price(i64::MIN))..=(instrument, side, Price(i64::MAX));
        let mut kept: Vec<_> =
            self.book.range(of_side).map(|((_, _, price), quantity)| (*price, *quantity)).collect();
        if side == Side::Buy {
            kept.reverse();
        }
        if kept != levels {
            return Err(format!("{side:?} of {instrument}: a client has {kept:?}, is {levels:?}"));
        }
        Ok(())
    }

    /// An order that was accepted lately is shown open with what it has left, or over.
    pub(super) fn check_order(&self, id: OrderId, judged: Option<&Order>) -> Result<(), String> {
        let shown = self.views.orders.order(id);
        let is_right = match (judged, shown) {
            (Some(judged), Some(shown)) => {
                let is_priced = judged.place == Place::Book && judged.limit.is_some();
                shown.status.is_open()
                    && shown.remaining.0 == judged.shown_open()
                    && (!is_priced || shown.price.map(|price| price.0) == judged.limit)
            }
            // What is over may have been forgotten.
            (None, shown) => shown.is_none_or(|shown| !shown.status.is_open()),
            (Some(_), None) => false,
        };
        if is_right { Ok(()) } else { Err(format!("{id}: {judged:?} is shown as {shown:?}")) }
    }

    pub(super) fn check_witness(&self, core: &Exchange) -> Result<(), String> {
        match self.witness.digests().set == set_hash(core) {
            true => Ok(()),
            false => Err("the witness's set of orders is not the core's".into()),
        }
    }
}
