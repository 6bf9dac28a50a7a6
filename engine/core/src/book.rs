//! The resting orders of every instrument: an arena (`slab`), price levels (`ladder`, `trie`) and
//! the queues that tie them together. It knows quantities, prices and places in queues; it knows
//! no account, fee, client or event. Orders enter by slot; what a sweep trades against is shown to
//! a visitor, maker by maker. Nothing here allocates after `new`.

mod ladder;
mod slab;
mod trie;

#[cfg(test)]
mod tests;

pub use ladder::Half;
pub use slab::{Attention, NONE, ORDERS_MAX, Order, Slab};

use crate::types::{Price, Quantity};
use ladder::{Ladder, Level};

#[derive(Debug)]
pub struct Book {
    orders: Slab,
    ladder: Ladder,
}

/// How a sweep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Swept {
    /// What it has not traded.
    pub left: Quantity,
    pub end: End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Nothing is left, or nothing within the limit.
    Done,
    /// The next maker within the limit is attended, or the owner to avoid.
    Halted,
}

/// A maker met by a sweep, as it stands after the trade.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    pub slot: u32,
    pub mark: u64,
    pub owner: u32,
    pub price: Price,
    pub quantity: Quantity,
    /// What the maker has left; zero: it leaves the book after this visit.
    pub left: Quantity,
}

impl Book {
    /// Reserves memory for all of it; pages are touched as they are needed.
    pub fn new(instruments_max: u16, orders_max: u32) -> Self {
        Self { orders: Slab::new(orders_max), ladder: Ladder::new(instruments_max, orders_max) }
    }

    /// Room for more, after the limits were raised.
    pub fn reserve(&mut self, instruments_max: u16, orders_max: u32) {
        self.orders.reserve(orders_max);
        self.ladder.reserve(instruments_max, orders_max);
    }

    /// The next instrument, numbered from 1.
    pub fn open_instrument(&mut self) {
        self.ladder.open_instrument();
    }

    /// A slot for a new order that is in no queue yet. None: the arena is full.
    #[inline]
    pub fn take(&mut self, mark: u64, owner: u32, open: Quantity) -> Option<u32> {
        self.orders.take(mark, owner, open.0)
    }

    /// Gives back the slot of an order that is in no queue.
    #[inline]
    pub fn release(&mut self, slot: u32) {
        debug_assert!(self.orders[slot].level == NONE, "an order leaves its queue first");
        self.orders.release(slot);
    }

    /// Puts an order at the back of its price. The level's visible quantity after it.
    #[inline]
    pub fn rest(&mut self, slot: u32, half: Half, price: Price, open: Quantity) -> Quantity {
        let at = self.ladder.enter(half, half.key(price));
        let level = self.ladder.level_mut(at);
        level.quantity += open.0;
        let (quantity, tail) = (level.quantity, level.tail);
        level.tail = slot;
        if tail == NONE {
            level.head = slot;
        } else {
            self.orders[tail].next = slot;
        }
        let order = &mut self.orders[slot];
        order.open = open.0;
        (order.level, order.next, order.prev) = (at, NONE, tail);
        *self.ladder.total_mut(half) += open.0;
        Quantity(quantity)
    }

    /// Takes a resting order out of its queue; it keeps its slot. The level's visible quantity
    /// after it.
    #[inline]
    pub fn leave(&mut self, slot: u32) -> Quantity {
        let order = &mut self.orders[slot];
        let Order { open, level: at, next, prev, .. } = *order;
        order.level = NONE;
        let half = self.ladder.half(at);
        *self.ladder.total_mut(half) -= open;
        let level = self.ladder.level_mut(at);
        level.quantity -= open;
        let quantity = level.quantity;
        if prev == NONE {
            level.head = next;
        } else {
            self.orders[prev].next = next;
        }
        if next == NONE {
            level.tail = prev;
        } else {
            self.orders[next].prev = prev;
        }
        if prev == next {
            debug_assert!(prev == NONE, "only a lone order has the same neighbours");
            self.ladder.vacate(at);
        }
        Quantity(quantity)
    }

    /// Takes quantity from a resting order, which keeps its place. The level's visible quantity
    /// after it.
    #[inline]
    pub fn reduce(&mut self, slot: u32, by: Quantity) -> Quantity {
        let order = &mut self.orders[slot];
        assert!(order.open > by.0, "an order reduced to nothing leaves instead");
        order.open -= by.0;
        let at = order.level;
        *self.ladder.total_mut(self.ladder.half(at)) -= by.0;
        let level = self.ladder.level_mut(at);
        level.quantity -= by.0;
        Quantity(level.quantity)
    }

    /// Trades up to `open` against the orders of `half` no worse than `limit`, best price first,
    /// then place. Each maker is shown to `visit`; one that is filled gives back its slot right
    /// after. It halts before an attended maker, and before one whose owner is `avoid`; `NONE`
    /// avoids nobody.
    #[inline]
    pub fn sweep(
        &mut self,
        half: Half,
        limit: Limit,
        open: Quantity,
        avoid: u32,
        mut visit: impl FnMut(Fill),
    ) -> Swept {
        let limit = limit.key(half);
        let mut left = open.0;
        let mut end = End::Done;
        while left > 0 && end == End::Done && self.ladder.best_key(half) <= limit {
            let Some(at) = self.ladder.best(half) else { break };
            (left, end) = self.sweep_level(half, at, left, avoid, &mut visit);
        }
        *self.ladder.total_mut(half) -= open.0 - left;
        Swept { left: Quantity(left), end }
    }

    #[inline]
    fn sweep_level(
        &mut self,
        half: Half,
        at: u32,
        open: u64,
        avoid: u32,
        visit: &mut impl FnMut(Fill),
    ) -> (u64, End) {
        let price = half.price(self.ladder.key(at));
        let Level { mut quantity, head, .. } = *self.ladder.level(at);
        let (mut left, mut slot) = (open, head);
        let mut end = End::Done;
        while left > 0 && slot != NONE {
            let order = &mut self.orders[slot];
            if order.halts(avoid) {
                end = End::Halted;
                break;
            }
            let traded = order.open.min(left);
            order.open -= traded;
            left -= traded;
            quantity -= traded;
            let Order { open, mark, next, .. } = *order;
            let owner = order.owner();
            let (traded, rest) = (Quantity(traded), Quantity(open));
            visit(Fill { slot, mark, owner, price, quantity: traded, left: rest });
            if open > 0 {
                break;
            }
            self.orders[slot].level = NONE;
            self.orders.release(slot);
            slot = next;
        }
        let level = self.ladder.level_mut(at);
        (level.quantity, level.head) = (quantity, slot);
        if slot == NONE {
            level.tail = NONE;
            self.ladder.vacate(at);
        } else {
            self.orders[slot].prev = NONE;
        }
        (left, end)
    }

    /// The maker that a taker of the other side meets first, and where it rests.
    #[inline]
    pub fn first(&self, half: Half) -> Option<(u32, Price)> {
        let at = self.ladder.best(half)?;
        Some((self.ladder.level(at).head, half.price(self.ladder.key(at))))
    }

    /// Quantity of this half that no level shows becomes so much more and less.
    pub fn hide(&mut self, half: Half, more: u64, less: u64) {
        let hidden = self.ladder.hidden_mut(half);
        *hidden = *hidden + more - less;
    }

    #[inline]
    pub fn hidden(&self, half: Half) -> u64 {
        self.ladder.hidden(half)
    }

    #[inline]
    pub fn attend(&mut self, slot: u32, attention: Attention) {
        self.orders[slot].attend(attention);
    }

    /// Open quantity of an order that is in no queue.
    #[inline]
    pub fn set_open(&mut self, slot: u32, open: Quantity) {
        self.orders[slot].open = open.0;
    }

    /// Changes what a resting order shows, in its place. The level's visible quantity after it.
    pub fn show(&mut self, slot: u32, open: Quantity) -> Quantity {
        let order = &mut self.orders[slot];
        let before = core::mem::replace(&mut order.open, open.0);
        let at = order.level;
        let half = self.ladder.half(at);
        let total = self.ladder.total_mut(half);
        *total = *total - before + open.0;
        let level = self.ladder.level_mut(at);
        level.quantity = level.quantity - before + open.0;
        Quantity(level.quantity)
    }

    /// Whether an order with this limit would trade against `half` at once.
    #[inline]
    pub fn is_within(&self, half: Half, limit: Limit) -> bool {
        self.ladder.best_key(half) <= limit.key(half) && self.ladder.best(half).is_some()
    }

    /// Whether `half` can fill `quantity` no worse than `limit`. Linear in the levels it takes.
    pub fn can_fill(&self, half: Half, limit: Limit, quantity: Quantity) -> bool {
        let limit = limit.key(half);
        let mut wanted = quantity.0;
        let mut next = self.ladder.best(half);
        while let Some(at) = next.filter(|&at| self.ladder.key(at) <= limit) {
            let there = self.ladder.level(at).quantity;
            if there >= wanted {
                return true;
            }
            wanted -= there;
            next = self.ladder.worse(at);
        }
        false
    }

    pub fn orders(&self) -> &Slab {
        &self.orders
    }

    /// Where a live order rests. None: it is in no queue.
    #[inline]
    pub fn place(&self, slot: u32) -> Option<(Half, Price)> {
        let at = self.orders[slot].level;
        (at != NONE).then(|| {
            let half = self.ladder.half(at);
            (half, half.price(self.ladder.key(at)))
        })
    }

    /// Visible quantity of the level a resting order is at.
    pub fn level_of(&self, slot: u32) -> Quantity {
        Quantity(self.ladder.level(self.orders[slot].level).quantity)
    }

    /// Sum of all open quantities of a half, hidden included.
    #[inline]
    pub fn total(&self, half: Half) -> Quantity {
        Quantity(self.ladder.total(half) + self.ladder.hidden(half))
    }

    pub fn best(&self, half: Half) -> Option<Price> {
        self.ladder.best(half).map(|at| half.price(self.ladder.key(at)))
    }

    /// Visible quantity at a price; zero: no level there.
    pub fn depth_at(&self, half: Half, price: Price) -> Quantity {
        let level = self.ladder.find(half, half.key(price));
        level.map_or(Quantity::ZERO, |at| Quantity(self.ladder.level(at).quantity))
    }

    /// The levels of a half, best first, with their visible quantity.
    pub fn levels(&self, half: Half) -> impl Iterator<Item = (Price, Quantity)> + '_ {
        self.level_numbers(half).map(move |at| {
            (half.price(self.ladder.key(at)), Quantity(self.ladder.level(at).quantity))
        })
    }

    /// The slots of a half in matching order. An unknown half has none.
    pub fn queue(&self, half: Half) -> impl Iterator<Item = u32> + '_ {
        let known = |slot: u32| (slot != NONE).then_some(slot);
        self.level_numbers(half).flat_map(move |at| {
            core::iter::successors(known(self.ladder.level(at).head), move |&slot| {
                known(self.orders[slot].next)
            })
        })
    }

    fn level_numbers(&self, half: Half) -> impl Iterator<Item = u32> + '_ {
        let best = self.ladder.knows(half).then(|| self.ladder.best(half)).flatten();
        core::iter::successors(best, |&at| self.ladder.worse(at))
    }
}

/// How far a taker may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    At(Price),
    /// A market order: as far as there is something.
    Any,
}

impl Limit {
    /// Whether a taker with this limit trades against `half` at a price.
    #[inline]
    pub fn allows(self, half: Half, price: Price) -> bool {
        half.key(price) <= self.key(half)
    }

    #[inline]
    fn key(self, half: Half) -> u64 {
        match self {
            Self::At(price) => half.key(price),
            Self::Any => u64::MAX,
        }
    }
}

crate::stored! {
    Book { orders, ladder }
}
