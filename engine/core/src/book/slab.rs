//! The arena of orders: fixed records, 32-bit links, freed slots first in last out. A slot keeps
//! its place for the life of its order, so that an id can carry it. Memory is reserved once and
//! touched only as far as slots were ever used.

use alloc::vec::Vec;

/// No slot, no level, no link.
pub const NONE: u32 = u32::MAX;
/// With one more, the last level of the last leaf of the ladder would have the number `NONE`.
pub const ORDERS_MAX: u32 = (1 << 28) - 1;

/// What matching touches of an order: half a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Order {
    /// Visible open quantity.
    pub open: u64,
    /// The caller's mark of the order, never 0 while it lives; 0 = the slot is free.
    pub mark: u64,
    /// The caller's number of who entered it, and `ATTENDED`.
    owner: u32,
    /// The level it rests at; `NONE`: it is in no queue.
    pub(super) level: u32,
    /// Neighbours in the queue of the level; `next` of a free slot is the next free one.
    pub(super) next: u32,
    pub(super) prev: u32,
}

const _: () = assert!(size_of::<Order>() == 32);

/// The bit of an owner's number that says: a sweep stops before this order, and the caller decides
/// what meeting it means.
pub(super) const ATTENDED: u32 = 1 << 31;

impl Order {
    #[inline]
    pub fn owner(&self) -> u32 {
        self.owner & !ATTENDED
    }

    #[inline]
    pub fn is_attended(&self) -> bool {
        self.owner & ATTENDED != 0
    }

    /// Whether it is in a queue.
    #[inline]
    pub fn is_resting(&self) -> bool {
        self.level != NONE
    }

    /// Whom a sweep that avoids `owner` stops at.
    #[inline]
    pub(super) fn halts(&self, avoid: u32) -> bool {
        self.owner == avoid || self.owner & ATTENDED != 0
    }

    pub fn attend(&mut self, attention: Attention) {
        match attention {
            Attention::Swept => self.owner &= !ATTENDED,
            Attention::Attended => self.owner |= ATTENDED,
        }
    }
}

/// How a sweep takes an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attention {
    /// Like any other: it trades and is shown.
    Swept,
    /// It stops before it.
    Attended,
}

#[derive(Debug)]
pub struct Slab {
    orders: Vec<Order>,
    free: u32,
    live: u32,
    orders_max: u32,
}

impl Slab {
    pub(super) fn new(orders_max: u32) -> Self {
        assert!(orders_max <= ORDERS_MAX, "an arena has at most {ORDERS_MAX} slots");
        let orders = Vec::with_capacity(orders_max as usize);
        Self { orders, free: NONE, live: 0, orders_max }
    }

    pub(super) fn reserve(&mut self, orders_max: u32) {
        assert!(orders_max <= ORDERS_MAX, "an arena has at most {ORDERS_MAX} slots");
        self.orders.reserve_exact((orders_max as usize).saturating_sub(self.orders.len()));
        self.orders_max = orders_max;
    }

    /// None: every slot is taken.
    #[inline]
    pub(super) fn take(&mut self, mark: u64, owner: u32, open: u64) -> Option<u32> {
        if self.live == self.orders_max {
            return None;
        }
        assert!(mark != 0, "a mark of 0 means a free slot");
        assert!(owner & ATTENDED == 0, "owners are numbered below the bit");
        self.live += 1;
        let order = Order { open, mark, owner, level: NONE, next: NONE, prev: NONE };
        let slot = self.free;
        if let Some(place) = self.orders.get_mut(slot as usize) {
            self.free = place.next;
            *place = order;
            Some(slot)
        } else {
            self.orders.push(order);
            Some(self.orders.len() as u32 - 1)
        }
    }

    #[inline]
    pub(super) fn release(&mut self, slot: u32) {
        let free = self.free;
        let order = &mut self[slot];
        debug_assert!(order.mark != 0, "a slot is released once");
        order.mark = 0;
        order.next = free;
        self.free = slot;
        self.live -= 1;
    }

    /// The live order in a slot that may be any number.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&Order> {
        self.orders.get(slot as usize).filter(|order| order.mark != 0)
    }

    #[inline]
    pub fn is_full(&self) -> bool {
        self.live == self.orders_max
    }

    /// Whether so many more would find a slot.
    pub fn has_room(&self, more: u32) -> bool {
        self.orders_max - self.live >= more
    }

    pub fn live(&self) -> u32 {
        self.live
    }

    /// Every live order, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Order)> {
        (0u32..).zip(&self.orders).filter(|(_, order)| order.mark != 0)
    }

    /// Slots ever used.
    pub fn used(&self) -> u32 {
        self.orders.len() as u32
    }

    /// Free slots in the order in which they will be taken.
    pub fn free(&self) -> impl Iterator<Item = u32> + '_ {
        let known = |slot: u32| (slot != NONE).then_some(slot);
        core::iter::successors(known(self.free), move |&slot| known(self[slot].next))
    }
}

impl core::ops::Index<u32> for Slab {
    type Output = Order;
    #[inline]
    fn index(&self, slot: u32) -> &Order {
        &self.orders[slot as usize]
    }
}

impl core::ops::IndexMut<u32> for Slab {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.orders[slot as usize]
    }
}

crate::stored! {
    Order { open, mark, owner, level, next, prev }
    Slab { orders, free, live, orders_max }
}
