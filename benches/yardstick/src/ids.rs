//! The slot of each order that rests: ids are dense, so most have a place in an array; those
//! beyond it have one in a map.

use std::collections::HashMap;

use orison_core::book::NONE;

/// Ids with a place in the array: 256 MiB of addresses, whose pages are there when they are used.
const DENSE: usize = 1 << 26;
/// Places whose pages are touched at the start.
const TOUCHED: usize = 1 << 22;

pub(crate) struct Ids {
    /// Slots, each inverted: memory that was never written says `NONE`.
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
}

impl Ids {
    pub(crate) fn new() -> Self {
        let mut dense = vec![0; DENSE];
        let pages = dense[..TOUCHED].iter_mut().step_by(1024);
        pages.for_each(|place| *std::hint::black_box(place) = !NONE);
        Self { dense, sparse: HashMap::new() }
    }

    /// `NONE`: it does not rest.
    #[inline]
    pub(crate) fn slot(&self, id: u64) -> u32 {
        match self.dense.get(index(id)) {
            Some(slot) => !slot,
            None => self.slot_of_sparse(id),
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, id: u64, slot: u32) {
        match self.dense.get_mut(index(id)) {
            Some(place) => *place = !slot,
            None => self.set_sparse(id, slot),
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self, id: u64) {
        match self.dense.get_mut(index(id)) {
            Some(place) => *place = !NONE,
            None => self.clear_sparse(id),
        }
    }

    #[cold]
    fn slot_of_sparse(&self, id: u64) -> u32 {
        self.sparse.get(&id).copied().unwrap_or(NONE)
    }

    #[cold]
    fn set_sparse(&mut self, id: u64, slot: u32) {
        self.sparse.insert(id, slot);
    }

    #[cold]
    fn clear_sparse(&mut self, id: u64) {
        self.sparse.remove(&id);
    }
}

/// Beyond every array, where addresses are too small for it.
#[inline]
fn index(id: u64) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
