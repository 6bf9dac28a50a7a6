//! All resting orders with their priority, known from events alone, and the sum of their hashes.
//! An order's place in the core's arena is part of its id, so they lie here in the same order.

use orison_core::event::{Accepted, Amended, Cancelled, Entry, Place, Priority, Rested, Trade};
use orison_core::{BookOrder, Event, OrderId, Price, Quantity};
use xxhash_rust::xxh3::xxh3_128;

#[derive(Clone, Default)]
pub(super) struct RestingSet {
    /// By slot.
    slots: Vec<Slot>,
    /// The last ticket given.
    tickets: u64,
    /// Modulo 2^128.
    sum: u128,
}

/// The order that last had this slot.
#[derive(Clone)]
struct Slot {
    order: BookOrder,
    /// What it adds to the sum: 0 while it does not rest.
    hash: u128,
}

/// What a resting order adds to the set hash.
pub(super) fn order_hash(order: &BookOrder) -> u128 {
    let mut bytes = [0; BookOrder::CANONICAL_MAX];
    let length = order.canonical(&mut bytes);
    xxh3_128(&bytes[..length])
}

impl RestingSet {
    pub(super) fn hash(&self) -> [u8; 16] {
        self.sum.to_le_bytes()
    }

    pub(super) fn on_event(&mut self, event: &Event) {
        match event {
            Event::Accepted(accepted) => self.on_accepted(accepted),
            Event::Trade(trade) => self.on_trade(trade),
            Event::Rested(Rested { order, price, quantity, .. }) => {
                self.rest(*order, *price, *quantity);
            }
            Event::Cancelled(Cancelled { order, place: Place::Book, .. }) => self.leave(*order),
            Event::Amended(amended) => self.on_amended(amended),
            Event::Cancelled(_)
            | Event::Rejected(_)
            | Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    fn on_accepted(&mut self, accepted: &Accepted) {
        match accepted.entry {
            Entry::Duplicate => return,
            Entry::New => {}
        }
        let slot = Slot {
            order: BookOrder {
                id: accepted.order,
                account: accepted.account,
                instrument: accepted.instrument,
                side: accepted.side,
                price: accepted.price,
                open: accepted.quantity,
                hidden: Quantity::ZERO,
                client_order_id: accepted.client_order_id,
                ticket: 0,
            },
            hash: 0,
        };
        let place = accepted.order.slot as usize;
        if self.slots.len() <= place {
            self.slots.resize(place + 1, slot.clone());
        }
        self.slots[place] = slot;
        if !accepted.level.is_zero() {
            self.rest(accepted.order, accepted.price, accepted.quantity);
        }
    }

    fn on_trade(&mut self, trade: &Trade) {
        let left = self.slot(trade.maker).order.open - trade.quantity;
        if left.is_zero() {
            self.leave(trade.maker);
        } else {
            self.change(trade.maker, |order| order.open = left);
        }
    }

    fn on_amended(&mut self, amended: &Amended) {
        match (amended.priority, amended.place) {
            (Priority::Kept, _) => {
                self.change(amended.order, |order| order.open = amended.quantity);
            }
            (Priority::Lost, Place::Book) => {
                self.leave(amended.order);
                self.rest(amended.order, amended.price, amended.quantity);
            }
            (Priority::Lost, Place::OffBook) => self.leave(amended.order),
        }
    }

    fn slot(&mut self, id: OrderId) -> &mut Slot {
        let slot = self.slots.get_mut(id.slot as usize);
        slot.filter(|slot| slot.order.id == id).expect("an order is accepted before all else")
    }

    /// At the back of the queue there.
    fn rest(&mut self, id: OrderId, price: Price, open: Quantity) {
        self.tickets += 1;
        let ticket = self.tickets;
        self.change(id, |order| {
            order.price = price;
            order.open = open;
            order.ticket = ticket;
        });
    }

    fn change(&mut self, id: OrderId, change: impl FnOnce(&mut BookOrder)) {
        let slot = self.slot(id);
        change(&mut slot.order);
        let hash = order_hash(&slot.order);
        let before = std::mem::replace(&mut slot.hash, hash);
        self.sum = self.sum.wrapping_sub(before).wrapping_add(hash);
    }

    fn leave(&mut self, id: OrderId) {
        let before = std::mem::take(&mut self.slot(id).hash);
        self.sum = self.sum.wrapping_sub(before);
    }
}
