//! All resting orders with their priority, known from events alone, and the sum of their hashes.
//! An order's place in the core's arena is part of its id, so they lie here in the same order.

use orison_core::event::{
    Accepted, Amended, Conditions, Decremented, Entry, Phase, Place, Priority, Refreshed, Rested,
    Trade,
};
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
    /// Of an iceberg, the largest tip; of others, more than any quantity.
    display: Quantity,
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
            Event::Conditions(conditions) => self.on_conditions(conditions),
            Event::Trade(trade) => self.on_trade(trade),
            Event::Rested(Rested { order, price, quantity, .. }) => {
                self.rest(*order, *price, *quantity);
            }
            // A pending stop is not part of the set; its ticket is one like any other.
            Event::Waiting(_) => self.tickets += 1,
            Event::Refreshed(refreshed) => self.on_refreshed(refreshed),
            Event::Decremented(decremented) => self.on_decremented(decremented),
            // Wherever it stood: a market order in a call phase rests off the book.
            Event::Cancelled(cancelled) => self.leave(cancelled.order),
            Event::Amended(amended) => self.on_amended(amended),
            Event::Rejected(_)
            | Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Triggered(_)
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
            display: Quantity(u64::MAX),
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

    /// Follows its order's `Accepted`, with which the order may already rest.
    fn on_conditions(&mut self, conditions: &Conditions) {
        if conditions.display.is_zero() {
            return;
        }
        let slot = self.slot(conditions.order);
        slot.display = conditions.display;
        if slot.rests() {
            self.change(conditions.order, |slot| slot.show_tip(slot.total()));
        }
    }

    fn on_trade(&mut self, trade: &Trade) {
        match trade.phase {
            Phase::Continuous => {
                let visible = self.slot(trade.maker).order.open - trade.quantity;
                if visible.is_zero() {
                    // An iceberg comes back with its next tip.
                    self.leave(trade.maker);
                } else {
                    self.change(trade.maker, |slot| slot.order.open = visible);
                }
            }
            Phase::Uncross => {
                for order in [trade.maker, trade.taker] {
                    self.reduce(order, trade.quantity, Slot::show_tip);
                }
            }
        }
    }

    fn on_refreshed(&mut self, refreshed: &Refreshed) {
        let Refreshed { order, price, tip, hidden, .. } = *refreshed;
        self.enter(order, price, |slot| (slot.order.open, slot.order.hidden) = (tip, hidden));
    }

    fn on_decremented(&mut self, decremented: &Decremented) {
        let Decremented { maker, taker, phase, quantity, .. } = *decremented;
        self.reduce(maker, quantity, Slot::shrink);
        match phase {
            // On its way through the book it is not part of the set.
            Phase::Continuous => {}
            Phase::Uncross => self.reduce(taker, quantity, Slot::shrink),
        }
    }

    fn on_amended(&mut self, amended: &Amended) {
        let Amended { order, price, quantity, .. } = *amended;
        match (amended.priority, amended.place) {
            (Priority::Kept, _) if self.slot(order).rests() => {
                self.change(order, |slot| slot.shrink(quantity));
            }
            (Priority::Kept, _) => {}
            (Priority::Lost, Place::Book) => {
                self.leave(order);
                self.rest(order, price, quantity);
            }
            (Priority::Lost, Place::OffBook) => self.leave(order),
        }
    }

    fn slot(&mut self, id: OrderId) -> &mut Slot {
        let slot = self.slots.get_mut(id.slot as usize);
        slot.filter(|slot| slot.order.id == id).expect("an order is accepted before all else")
    }

    /// At the back of the queue there, with its tip of `total`.
    fn rest(&mut self, id: OrderId, price: Price, total: Quantity) {
        self.enter(id, price, |slot| slot.show_tip(total));
    }

    fn enter(&mut self, id: OrderId, price: Price, show: impl FnOnce(&mut Slot)) {
        self.tickets += 1;
        let ticket = self.tickets;
        self.change(id, |slot| {
            (slot.order.price, slot.order.ticket) = (price, ticket);
            show(slot);
        });
    }

    /// Takes quantity from an order that rests; one without any leaves. `keep` is given the total
    /// that is left.
    fn reduce(&mut self, id: OrderId, by: Quantity, keep: fn(&mut Slot, Quantity)) {
        let left = self.slot(id).total() - by;
        if left.is_zero() {
            self.leave(id);
        } else {
            self.change(id, |slot| keep(slot, left));
        }
    }

    fn change(&mut self, id: OrderId, change: impl FnOnce(&mut Slot)) {
        let slot = self.slot(id);
        change(slot);
        let hash = order_hash(&slot.order);
        let before = std::mem::replace(&mut slot.hash, hash);
        self.sum = self.sum.wrapping_sub(before).wrapping_add(hash);
    }

    fn leave(&mut self, id: OrderId) {
        let before = std::mem::take(&mut self.slot(id).hash);
        self.sum = self.sum.wrapping_sub(before);
    }
}

impl Slot {
    fn rests(&self) -> bool {
        self.hash != 0
    }

    /// Hidden included.
    fn total(&self) -> Quantity {
        Quantity(self.order.open.0 + self.order.hidden.0)
    }

    /// A new tip of `total`.
    fn show_tip(&mut self, total: Quantity) {
        self.order.open = total.min(self.display);
        self.order.hidden = total - self.order.open;
    }

    /// Hidden quantity goes first.
    fn shrink(&mut self, total: Quantity) {
        self.order.open = total.min(self.order.open);
        self.order.hidden = total - self.order.open;
    }
}

orison_core::stored! {
    RestingSet { slots, tickets, sum }
    Slot { order, display, hash }
}
