//! Price levels in matching order, for every side of every instrument. A price becomes a key that
//! is smaller the better the price is, so that one code serves both sides. Sixteen neighbouring
//! keys share a leaf; leaves hang in a trie (`trie`); a directory of the leaves last used saves
//! the way down. Every price pattern of the 64-bit domain takes the same road.

use alloc::vec::Vec;

use super::slab::NONE;
use super::trie::{Leaf, Trie};
use crate::types::{InstrumentId, Price, Side};

/// One side of one instrument's book, or of its stops that wait for a trade price.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Half(u32);

impl Half {
    #[inline]
    pub fn of(instrument: InstrumentId, side: Side) -> Self {
        Self(u32::from(instrument.0) << 2 | side as u32)
    }

    /// The stops of this side, which are in no book: furthest through is best.
    #[inline]
    #[must_use]
    pub fn stops(self) -> Self {
        Self(self.0 | STOPS)
    }

    #[inline]
    pub fn is_book(self) -> bool {
        self.0 & STOPS == 0
    }

    /// Where orders without a limit stand in a call phase: ahead of every price.
    #[inline]
    pub fn market(self) -> Price {
        self.price(0)
    }

    #[inline]
    pub fn side(self) -> Side {
        Side::BOTH[(self.0 & 1) as usize]
    }

    #[inline]
    pub fn instrument(self) -> InstrumentId {
        InstrumentId((self.0 >> 2) as u16)
    }

    #[inline]
    #[must_use]
    pub fn opposite(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// The place of a price in this half's order of matching: smaller is better.
    #[inline]
    pub fn key(self, price: Price) -> u64 {
        price.0 as u64 ^ self.mask()
    }

    #[inline]
    pub(super) fn price(self, key: u64) -> Price {
        Price((key ^ self.mask()) as i64)
    }

    /// Instruments are numbered from 1. Beyond every side: the half of no instrument.
    #[inline]
    fn index(self) -> usize {
        (self.0 as usize).wrapping_sub(HALVES)
    }

    /// Sells, and stops of buys: the sign bit flipped, so that signed order is unsigned order.
    /// The others: all the rest flipped too, so that it runs backwards.
    #[inline]
    fn mask(self) -> u64 {
        if (self.0 ^ self.0 >> 1) & 1 == 1 { 1 << 63 } else { !(1 << 63) }
    }
}

/// The bit of a half of stops.
const STOPS: u32 = 2;
/// Of one instrument: the book's and the stops', two sides each.
const HALVES: usize = 4;

/// A price with its queue. `NONE` links and no quantity: nothing rests there.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Level {
    /// Sum of the visible open quantities.
    pub(super) quantity: u64,
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl Level {
    pub(super) const EMPTY: Self = Self { quantity: 0, head: NONE, tail: NONE };
}

/// What is known of a half without looking at a level.
#[derive(Clone, Copy, Debug)]
struct Top {
    /// Key of the best level; `u64::MAX` when there is none, and for the worst price of all.
    best_key: u64,
    best: u32,
    root: u32,
    /// Sum of the visible open quantities.
    total: u64,
    /// Sum of the open quantities that no level shows.
    hidden: u64,
}

impl Top {
    const EMPTY: Self = Self { best_key: u64::MAX, best: NONE, root: NONE, total: 0, hidden: 0 };
}

#[derive(Debug)]
pub(super) struct Ladder {
    tops: Vec<Top>,
    trie: Trie,
    /// Leaves last used, by a hash of half and prefix; an entry may be stale, never wrong.
    directory: Vec<u32>,
}

const DIRECTORY_BITS: u32 = 10;

impl Ladder {
    /// Levels are at most as many as orders; memory for that many leaves is reserved here, so
    /// that nothing is allocated later.
    pub(super) fn new(instruments_max: u16, orders_max: u32) -> Self {
        let entries = if orders_max == 0 { 0 } else { 1 << DIRECTORY_BITS };
        Self {
            tops: Vec::with_capacity(HALVES * usize::from(instruments_max)),
            trie: Trie::new(orders_max),
            directory: alloc::vec![0; entries],
        }
    }

    pub(super) fn reserve(&mut self, instruments_max: u16, orders_max: u32) {
        let tops = HALVES * usize::from(instruments_max);
        self.tops.reserve_exact(tops.saturating_sub(self.tops.len()));
        self.trie.reserve(orders_max);
        if self.directory.is_empty() && orders_max > 0 {
            self.directory = alloc::vec![0; 1 << DIRECTORY_BITS];
        }
    }

    pub(super) fn open_instrument(&mut self) {
        self.tops.extend([Top::EMPTY; HALVES]);
    }

    pub(super) fn knows(&self, half: Half) -> bool {
        half.index() < self.tops.len()
    }

    #[inline]
    pub(super) fn best(&self, half: Half) -> Option<u32> {
        let best = self.tops[half.index()].best;
        (best != NONE).then_some(best)
    }

    /// `u64::MAX` when nothing rests.
    #[inline]
    pub(super) fn best_key(&self, half: Half) -> u64 {
        self.tops[half.index()].best_key
    }

    #[inline]
    pub(super) fn total(&self, half: Half) -> u64 {
        self.tops[half.index()].total
    }

    #[inline]
    pub(super) fn total_mut(&mut self, half: Half) -> &mut u64 {
        &mut self.tops[half.index()].total
    }

    #[inline]
    pub(super) fn hidden(&self, half: Half) -> u64 {
        self.tops[half.index()].hidden
    }

    #[inline]
    pub(super) fn hidden_mut(&mut self, half: Half) -> &mut u64 {
        &mut self.tops[half.index()].hidden
    }

    #[inline]
    pub(super) fn level(&self, level: u32) -> &Level {
        &self.trie.leaf(leaf_of(level)).levels[offset_of(level)]
    }

    #[inline]
    pub(super) fn level_mut(&mut self, level: u32) -> &mut Level {
        &mut self.trie.leaf_mut(leaf_of(level)).levels[offset_of(level)]
    }

    #[inline]
    pub(super) fn key(&self, level: u32) -> u64 {
        self.trie.leaf(leaf_of(level)).prefix << Leaf::BITS | u64::from(level) & Leaf::MASK
    }

    #[inline]
    pub(super) fn half(&self, level: u32) -> Half {
        Half(self.trie.leaf(leaf_of(level)).owner)
    }

    /// The level of a key. None: nothing rests there.
    pub(super) fn find(&self, half: Half, key: u64) -> Option<u32> {
        let leaf = self.trie.find(self.tops[half.index()].root, key >> Leaf::BITS)?;
        let offset = key & Leaf::MASK;
        let is_there = self.trie.leaf(leaf).occupied & 1 << offset != 0;
        is_there.then_some(leaf << Leaf::BITS | offset as u32)
    }

    /// The level of a key, made if there was none.
    #[inline]
    pub(super) fn enter(&mut self, half: Half, key: u64) -> u32 {
        let prefix = key >> Leaf::BITS;
        let entry = directory_entry(half, prefix);
        let mut at = self.directory[entry];
        if !self.trie.is(at, half.0, prefix) {
            at = self.trie.find_or_insert(&mut self.tops[half.index()].root, half.0, prefix);
            self.directory[entry] = at;
        }
        let offset = key & Leaf::MASK;
        let level = at << Leaf::BITS | offset as u32;
        self.trie.leaf_mut(at).occupied |= 1 << offset;
        let top = &mut self.tops[half.index()];
        // Not `<`: the worst key of all is also the mark of an empty half.
        if key <= top.best_key {
            top.best_key = key;
            top.best = level;
        }
        level
    }

    /// Takes away a level whose queue has become empty.
    #[inline]
    pub(super) fn vacate(&mut self, level: u32) {
        let leaf = self.trie.leaf_mut(leaf_of(level));
        let half = Half(leaf.owner);
        leaf.occupied &= !(1 << offset_of(level));
        let occupied = leaf.occupied;
        if self.tops[half.index()].best == level {
            let best = self.worse(level);
            let best_key = best.map_or(u64::MAX, |best| self.key(best));
            let top = &mut self.tops[half.index()];
            (top.best, top.best_key) = (best.unwrap_or(NONE), best_key);
        }
        if occupied == 0 {
            self.trie.remove(&mut self.tops[half.index()].root, leaf_of(level));
        }
    }

    /// The next level behind this one.
    #[inline]
    pub(super) fn worse(&self, level: u32) -> Option<u32> {
        let (at, offset) = (leaf_of(level), offset_of(level));
        let behind = u32::from(self.trie.leaf(at).occupied) & (!1 << offset);
        if behind != 0 {
            return Some(at << Leaf::BITS | behind.trailing_zeros());
        }
        let next = self.trie.after(at)?;
        Some(next << Leaf::BITS | self.trie.leaf(next).occupied.trailing_zeros())
    }
}

#[inline]
fn leaf_of(level: u32) -> u32 {
    level >> Leaf::BITS
}

#[inline]
fn offset_of(level: u32) -> usize {
    (u64::from(level) & Leaf::MASK) as usize
}

#[inline]
fn directory_entry(half: Half, prefix: u64) -> usize {
    // Fibonacci hashing: the high bits of the product depend on all bits below.
    let mixed = (prefix ^ u64::from(half.0) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - DIRECTORY_BITS)) as usize
}

crate::stored_newtypes!(Half);
crate::stored! {
    Level { quantity, head, tail }
    Top { best_key, best, root, total, hidden }
    Ladder { tops, trie, directory }
}
