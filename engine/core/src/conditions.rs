//! What few orders have and most have not: stop price, trail, tip, budget, expiry, and the order
//! it is linked to. One pool, reserved once; an order's terms carry the number of its entry.

use alloc::vec::Vec;

use crate::book::NONE;
use crate::types::Price;

/// What an order is to its partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Role {
    Alone = 0,
    /// One of two that cancel each other.
    Leg = 1,
    /// Its child waits for it to be filled.
    Parent = 2,
    Child = 3,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    /// Of a budget order: what is left of it, smallest units of the quote asset.
    pub(crate) budget: i128,
    pub(crate) stop_price: Price,
    pub(crate) trail: Price,
    /// Of a child with one: its limit is set when it enters. -1: it has none.
    pub(crate) protection: Price,
    /// Largest visible quantity; 0: all of it.
    pub(crate) display: u64,
    pub(crate) min_quantity: u64,
    /// 0: it does not expire at a moment.
    pub(crate) expire_at_ns: u64,
    /// Slot of the linked order; of a free entry, the next free one.
    pub(crate) partner: u32,
    pub(crate) role: Role,
}

impl Conditions {
    pub(crate) const NONE: Self = Self {
        budget: 0,
        stop_price: Price(0),
        trail: Price(0),
        protection: Price(-1),
        display: 0,
        min_quantity: 0,
        expire_at_ns: 0,
        partner: NONE,
        role: Role::Alone,
    };
}

/// At most as many as orders.
#[derive(Debug)]
pub(crate) struct ConditionsPool {
    entries: Vec<Conditions>,
    free: u32,
}

impl ConditionsPool {
    pub(crate) fn new(orders_max: u32) -> Self {
        Self { entries: Vec::with_capacity(orders_max as usize), free: NONE }
    }

    pub(crate) fn reserve(&mut self, orders_max: u32) {
        self.entries.reserve_exact((orders_max as usize).saturating_sub(self.entries.len()));
    }

    pub(crate) fn enter(&mut self, conditions: Conditions) -> u32 {
        let at = self.free;
        if let Some(place) = self.entries.get_mut(at as usize) {
            self.free = place.partner;
            *place = conditions;
            at
        } else {
            self.entries.push(conditions);
            self.entries.len() as u32 - 1
        }
    }

    pub(crate) fn release(&mut self, at: u32) {
        if at != NONE {
            self.entries[at as usize].partner = self.free;
            self.free = at;
        }
    }

    /// `NONE`: an order without any.
    #[inline]
    pub(crate) fn get(&self, at: u32) -> &Conditions {
        self.entries.get(at as usize).unwrap_or(&Conditions::NONE)
    }

    pub(crate) fn get_mut(&mut self, at: u32) -> Option<&mut Conditions> {
        self.entries.get_mut(at as usize)
    }
}

crate::stored_words! {
    Role { Alone, Leg, Parent, Child }
}
crate::stored! {
    Conditions {
        budget, stop_price, trail, protection, display, min_quantity, expire_at_ns, partner, role,
    }
    ConditionsPool { entries, free }
}
