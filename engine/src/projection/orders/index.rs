//! Chains of a hash table over places of the shelf: the heads here, the links in the entries. It
//! knows neither keys nor entries; whoever asks compares them.

use super::shelf::{NONE, Place};

const HEADS_MIN: usize = 1 << 12;

pub(super) struct Heads {
    heads: Vec<Place>,
}

impl Heads {
    /// For about so many entries.
    pub(super) fn new(entries: usize) -> Self {
        Self { heads: vec![NONE; entries.next_power_of_two().max(HEADS_MIN)] }
    }

    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn of(&self, hash: u64) -> Place {
        self.heads[hash as usize & (self.heads.len() - 1)]
    }

    pub(super) fn of_mut(&mut self, hash: u64) -> &mut Place {
        let mask = self.heads.len() - 1;
        &mut self.heads[hash as usize & mask]
    }
}
