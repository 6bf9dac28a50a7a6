//! The core's book behind the messages of the interface: ids become slots, what happens becomes
//! reports, which go wherever a sink takes them. No accounts, no journal, no bare pointer.

use orison_core::book::{Book, Fill, Half, Limit, NONE};
use orison_core::{InstrumentId, Price, Quantity, Side};

use crate::ids::Ids;
use crate::wire::{
    CANCEL_ACK, CANCEL_REJECT, Cancel, MODIFY_ACK, MODIFY_REJECT, Modify, NewOrder, ORDER_ACK,
    Report, TRADE,
};

/// Resting orders at once; a new one beyond is refused.
const ORDERS_MAX: u32 = 1 << 24;
const INSTRUMENT: InstrumentId = InstrumentId(1);
/// The one number that is no order's id: its mark would be that of a free slot.
const NO_ID: u64 = u64::MAX;

/// Takes reports, in the order in which what they tell happened.
pub trait Sink {
    fn push(&mut self, report: &Report);
}

pub struct Engine<S> {
    book: Book,
    ids: Ids,
    sink: S,
}

/// What the reports of one message have in common.
#[derive(Clone, Copy)]
struct Origin {
    sequence: u64,
    order: u64,
    side: Side,
}

impl<S: Sink> Engine<S> {
    pub fn new(sink: S) -> Self {
        let mut book = Book::new(1, ORDERS_MAX);
        book.open_instrument();
        Self { book, ids: Ids::new(), sink }
    }

    #[inline]
    pub fn on_new_order(&mut self, new: &NewOrder) {
        let side = Side::BOTH[usize::from(new.side != 0)];
        let origin = Origin { sequence: new.sequence_number, order: new.order_id, side };
        let (price, quantity) = (Price(new.price_ticks), Quantity(new.quantity.into()));
        let is_id = new.order_id != NO_ID;
        if !is_id || quantity.is_zero() || self.ids.slot(new.order_id) != NONE {
            return self.refuse(CANCEL_REJECT, new.order_id, new.sequence_number);
        }
        self.tell(ORDER_ACK, origin, price, new.quantity);
        let left = self.trade(origin, price, quantity);
        if left.is_zero() {
            return;
        }
        if new.ioc != 0 {
            return self.tell(CANCEL_ACK, origin, price, left.0 as u32);
        }
        match self.book.take(new.order_id + 1, 0, left) {
            Some(slot) => {
                self.ids.set(new.order_id, slot);
                self.book.rest(slot, Half::of(INSTRUMENT, side), price, left);
            }
            None => self.tell(CANCEL_ACK, origin, price, left.0 as u32),
        }
    }

    #[inline]
    pub fn on_cancel(&mut self, cancel: &Cancel) {
        let slot = self.ids.slot(cancel.order_id);
        let Some((half, price)) = self.resting(slot) else {
            return self.refuse(CANCEL_REJECT, cancel.order_id, cancel.sequence_number);
        };
        let open = self.book.orders()[slot].open;
        self.book.leave(slot);
        self.book.release(slot);
        self.ids.clear(cancel.order_id);
        let (sequence, order) = (cancel.sequence_number, cancel.order_id);
        self.tell(CANCEL_ACK, Origin { sequence, order, side: half.side() }, price, open as u32);
    }

    #[inline]
    pub fn on_modify(&mut self, modify: &Modify) {
        let slot = self.ids.slot(modify.order_id);
        let quantity = Quantity(modify.new_quantity.into());
        let half = match self.resting(slot) {
            Some((half, _)) if !quantity.is_zero() => half,
            Some(_) | None => {
                return self.refuse(MODIFY_REJECT, modify.order_id, modify.sequence_number);
            }
        };
        let price = Price(modify.new_price_ticks);
        let (sequence, order) = (modify.sequence_number, modify.order_id);
        let origin = Origin { sequence, order, side: half.side() };
        self.book.leave(slot);
        self.tell(MODIFY_ACK, origin, price, modify.new_quantity);
        let left = self.trade(origin, price, quantity);
        if left.is_zero() {
            self.book.release(slot);
            self.ids.clear(modify.order_id);
        } else {
            self.book.rest(slot, half, price, left);
        }
    }

    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    pub fn best(&self, side: Side) -> Option<i64> {
        self.book.best(Half::of(INSTRUMENT, side)).map(|price| price.0)
    }

    pub fn depth_at(&self, side: Side, price: i64) -> u64 {
        self.book.depth_at(Half::of(INSTRUMENT, side), Price(price)).0
    }

    /// What it has not traded. Most orders trade nothing, and do without a call.
    #[inline(always)]
    fn trade(&mut self, origin: Origin, limit: Price, open: Quantity) -> Quantity {
        let (against, limit) = (Half::of(INSTRUMENT, origin.side).opposite(), Limit::At(limit));
        if self.book.is_within(against, limit) {
            self.sweep(origin, against, limit, open)
        } else {
            open
        }
    }

    #[inline(never)]
    fn sweep(&mut self, origin: Origin, against: Half, limit: Limit, open: Quantity) -> Quantity {
        let Self { book, ids, sink } = self;
        let swept = book.sweep(against, limit, open, NONE, |fill: Fill| {
            let maker = fill.mark - 1;
            sink.push(&Report {
                kind: TRADE,
                side: origin.side as u8,
                sequence_number: origin.sequence,
                order_id: origin.order,
                price_ticks: fill.price.0,
                quantity: fill.quantity.0 as u32,
                maker_order_id: maker,
                taker_order_id: origin.order,
                ..Report::default()
            });
            if fill.left.is_zero() {
                ids.clear(maker);
            }
        });
        swept.left
    }

    #[inline]
    fn resting(&self, slot: u32) -> Option<(Half, Price)> {
        if slot == NONE { None } else { self.book.place(slot) }
    }

    #[inline]
    fn tell(&mut self, kind: u8, origin: Origin, price: Price, quantity: u32) {
        self.sink.push(&Report {
            kind,
            side: origin.side as u8,
            sequence_number: origin.sequence,
            order_id: origin.order,
            price_ticks: price.0,
            quantity,
            ..Report::default()
        });
    }

    fn refuse(&mut self, kind: u8, order_id: u64, sequence_number: u64) {
        self.sink.push(&Report { kind, sequence_number, order_id, ..Report::default() });
    }
}
