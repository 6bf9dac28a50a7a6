//! The slot of each order that rests: ids are dense, so most have a place in an array; those
//! beyond it have one in a map.

use std::collections::HashMap;

use orison_core::book::NONE;

/// Ids with a place in the array: 256 MiB of addresses, whose pages are there when they are used.
const DENSE: u64 = 1 << 26;
/// Places whose pages are touched at the start.
const TOUCHED: usize = 1 << 22;

pub(crate) struct Ids {
    /// Slots, each inverted: memory that was never written says `NONE`.
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
}

/// Where the slot of an id is kept.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Dense(usize),
    Sparse(u64),
}

impl Ids {
    pub(crate) fn new() -> Self {
        let mut dense = vec![0; DENSE as usize];
        let pages = dense[..TOUCHED].iter_mut().step_by(1024);
        pages.for_each(|place| *std::hint::black_box(place) = !NONE);
        Self { dense, sparse: HashMap::new() }
    }

    #[inline]
    pub(crate) fn place(&self, id: u64) -> Place {
        if id < DENSE { Place::Dense(id as usize) } else { Place::Sparse(id) }
    }

    /// `NONE`: it does not rest.
    #[inline]
    pub(crate) fn slot(&self, place: Place) -> u32 {
        match place {
            Place::Dense(index) => !self.dense[index],
            Place::Sparse(id) => self.sparse.get(&id).copied().unwrap_or(NONE),
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, place: Place, slot: u32) {
        match place {
            Place::Dense(index) => self.dense[index] = !slot,
            Place::Sparse(id) => {
                self.sparse.insert(id, slot);
            }
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self, place: Place) {
        match place {
            Place::Dense(index) => self.dense[index] = !NONE,
            Place::Sparse(id) => {
                self.sparse.remove(&id);
            }
        }
    }
}
