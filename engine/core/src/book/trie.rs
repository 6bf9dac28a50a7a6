//! The leaves of all halves, and above them, half by half, a path-compressed trie of sixteen ways:
//! a node stands only where prefixes part, so there are fewer nodes than leaves and the depth
//! follows how far prices spread, never how many there are. Order is the order of the bits.

use alloc::vec::Vec;

use super::ladder::Level;
use super::slab::NONE;
use crate::snapshot::{Input, Output, Stored, Unreadable};

/// Sixteen neighbouring keys, with their levels.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Leaf {
    /// The keys without their last four bits.
    pub(super) prefix: u64,
    /// The half it belongs to; `NONE`: the leaf is free.
    pub(super) owner: u32,
    /// The node above; of a free leaf, the next free one.
    parent: u32,
    pub(super) occupied: u16,
    pub(super) levels: [Level; 16],
}

impl Leaf {
    pub(super) const BITS: u32 = 4;
    pub(super) const MASK: u64 = 0xf;
}

/// Where prefixes part: child `d` holds those with the digit `d` at `shift`.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Any prefix below it; only the bits above its digit count.
    prefix: u64,
    parent: u32,
    shift: u32,
    occupied: u16,
    children: [u32; 16],
}

/// Marks a link to a leaf; links to nodes lack it.
const LEAF: u32 = 1 << 31;

#[derive(Debug)]
pub(super) struct Trie {
    leaves: Vec<Leaf>,
    nodes: Vec<Node>,
    free_leaf: u32,
    free_node: u32,
}

impl Trie {
    pub(super) fn new(leaves_max: u32) -> Self {
        let leaves = Vec::with_capacity(leaves_max as usize);
        let nodes = Vec::with_capacity(leaves_max as usize);
        Self { leaves, nodes, free_leaf: NONE, free_node: NONE }
    }

    pub(super) fn reserve(&mut self, leaves_max: u32) {
        let leaves = leaves_max as usize;
        self.leaves.reserve_exact(leaves.saturating_sub(self.leaves.len()));
        self.nodes.reserve_exact(leaves.saturating_sub(self.nodes.len()));
    }

    #[inline]
    pub(super) fn leaf(&self, leaf: u32) -> &Leaf {
        &self.leaves[leaf as usize]
    }

    #[inline]
    pub(super) fn leaf_mut(&mut self, leaf: u32) -> &mut Leaf {
        &mut self.leaves[leaf as usize]
    }

    /// Whether `leaf`, which may be any number, is the one of this prefix.
    #[inline]
    pub(super) fn is(&self, leaf: u32, owner: u32, prefix: u64) -> bool {
        self.leaves
            .get(leaf as usize)
            .is_some_and(|leaf| leaf.prefix == prefix && leaf.owner == owner)
    }

    pub(super) fn find(&self, root: u32, prefix: u64) -> Option<u32> {
        let mut at = root;
        while at != NONE {
            if at & LEAF != 0 {
                let leaf = at & !LEAF;
                return (self.leaf(leaf).prefix == prefix).then_some(leaf);
            }
            let node = &self.nodes[at as usize];
            let digit = digit(prefix, node.shift);
            // A node may stand for other prefixes: the leaf tells.
            at = if node.occupied & 1 << digit == 0 { NONE } else { node.children[digit] };
        }
        None
    }

    pub(super) fn find_or_insert(&mut self, root: &mut u32, owner: u32, prefix: u64) -> u32 {
        let mut at = *root;
        if at == NONE {
            let leaf = self.new_leaf(owner, prefix, NONE);
            *root = leaf | LEAF;
            return leaf;
        }
        loop {
            let (below, bits) = self.prefix(at);
            let differing = (below ^ prefix) >> bits;
            if differing != 0 {
                return self.split(root, at, bits + differing.ilog2(), owner, prefix);
            }
            if at & LEAF != 0 {
                return at & !LEAF;
            }
            let node = &self.nodes[at as usize];
            let digit = digit(prefix, node.shift);
            if node.occupied & 1 << digit == 0 {
                let leaf = self.new_leaf(owner, prefix, at);
                let node = &mut self.nodes[at as usize];
                node.occupied |= 1 << digit;
                node.children[digit] = leaf | LEAF;
                return leaf;
            }
            at = node.children[digit];
        }
    }

    /// A prefix below a link, and how many of its low bits differ there.
    #[inline]
    fn prefix(&self, link: u32) -> (u64, u32) {
        if link & LEAF != 0 {
            (self.leaf(link & !LEAF).prefix, 0)
        } else {
            let node = &self.nodes[link as usize];
            (node.prefix, node.shift + Leaf::BITS)
        }
    }

    /// Puts a node above `at`, where the digit with `bit` parts it from the new leaf.
    fn split(&mut self, root: &mut u32, at: u32, bit: u32, owner: u32, prefix: u64) -> u32 {
        let (below, _) = self.prefix(at);
        let shift = bit & !(Leaf::BITS - 1);
        let parent = self.parent(at);
        let node = self.new_node(Node {
            prefix,
            parent,
            shift,
            occupied: 1 << digit(below, shift) | 1 << digit(prefix, shift),
            children: [NONE; 16],
        });
        let leaf = self.new_leaf(owner, prefix, node);
        let children = &mut self.nodes[node as usize].children;
        children[digit(below, shift)] = at;
        children[digit(prefix, shift)] = leaf | LEAF;
        self.set_parent(at, node);
        self.set_child(root, parent, prefix, node);
        leaf
    }

    /// Takes out an empty leaf; a node left with one child gives it its own place.
    pub(super) fn remove(&mut self, root: &mut u32, leaf: u32) {
        let Leaf { prefix, parent, .. } = *self.leaf(leaf);
        let free = self.free_leaf;
        let gone = self.leaf_mut(leaf);
        (gone.owner, gone.parent) = (NONE, free);
        self.free_leaf = leaf;
        if parent == NONE {
            *root = NONE;
            return;
        }
        let node = &mut self.nodes[parent as usize];
        node.occupied &= !(1 << digit(prefix, node.shift));
        if node.occupied.is_power_of_two() {
            let child = node.children[node.occupied.trailing_zeros() as usize];
            let above = node.parent;
            node.parent = self.free_node;
            self.free_node = parent;
            self.set_parent(child, above);
            self.set_child(root, above, prefix, child);
        }
    }

    /// The first leaf behind this one.
    pub(super) fn after(&self, leaf: u32) -> Option<u32> {
        let Leaf { prefix, parent, .. } = *self.leaf(leaf);
        let mut above = parent;
        while above != NONE {
            let node = &self.nodes[above as usize];
            let behind = u32::from(node.occupied) & (!1 << digit(prefix, node.shift));
            if behind != 0 {
                return Some(self.first(node.children[behind.trailing_zeros() as usize]));
            }
            above = node.parent;
        }
        None
    }

    fn first(&self, mut link: u32) -> u32 {
        while link & LEAF == 0 {
            let node = &self.nodes[link as usize];
            link = node.children[node.occupied.trailing_zeros() as usize];
        }
        link & !LEAF
    }

    fn parent(&self, link: u32) -> u32 {
        if link & LEAF != 0 {
            self.leaf(link & !LEAF).parent
        } else {
            self.nodes[link as usize].parent
        }
    }

    fn set_parent(&mut self, link: u32, parent: u32) {
        if link & LEAF != 0 {
            self.leaf_mut(link & !LEAF).parent = parent;
        } else {
            self.nodes[link as usize].parent = parent;
        }
    }

    fn set_child(&mut self, root: &mut u32, parent: u32, prefix: u64, child: u32) {
        if parent == NONE {
            *root = child;
        } else {
            let node = &mut self.nodes[parent as usize];
            node.children[digit(prefix, node.shift)] = child;
        }
    }

    fn new_leaf(&mut self, owner: u32, prefix: u64, parent: u32) -> u32 {
        let at = self.free_leaf;
        if let Some(leaf) = self.leaves.get_mut(at as usize) {
            self.free_leaf = leaf.parent;
            // Levels of a free leaf are empty: its last one was vacated empty.
            (leaf.prefix, leaf.owner, leaf.parent, leaf.occupied) = (prefix, owner, parent, 0);
            return at;
        }
        let levels = [Level::EMPTY; 16];
        self.leaves.push(Leaf { prefix, owner, parent, occupied: 0, levels });
        self.leaves.len() as u32 - 1
    }

    fn new_node(&mut self, node: Node) -> u32 {
        let at = self.free_node;
        if let Some(place) = self.nodes.get_mut(at as usize) {
            self.free_node = place.parent;
            *place = node;
            return at;
        }
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }
}

#[inline]
fn digit(prefix: u64, shift: u32) -> usize {
    (prefix >> shift & Leaf::MASK) as usize
}

crate::stored! {
    Trie { leaves, nodes, free_leaf, free_node }
}

/// The places that a mask of sixteen names.
fn occupied_places(occupied: u16) -> impl Iterator<Item = usize> {
    (0..16).filter(move |place| occupied & 1 << place != 0)
}

/// Levels that are not occupied are empty: most are.
impl Stored for Leaf {
    fn store(&self, to: &mut Output<'_>) {
        let Self { prefix, owner, parent, occupied, levels } = self;
        (*prefix, *owner).store(to);
        (*parent, *occupied).store(to);
        occupied_places(*occupied).for_each(|place| levels[place].store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let ((prefix, owner), (parent, occupied)) = Stored::load(from)?;
        let mut levels = [Level::EMPTY; 16];
        for place in occupied_places(occupied) {
            levels[place] = Level::load(from)?;
        }
        Ok(Self { prefix, owner, parent, occupied, levels })
    }
}

/// Children that are not occupied are never looked at.
impl Stored for Node {
    fn store(&self, to: &mut Output<'_>) {
        let Self { prefix, parent, shift, occupied, children } = self;
        (*prefix, *parent).store(to);
        (*shift, *occupied).store(to);
        occupied_places(*occupied).for_each(|place| children[place].store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let ((prefix, parent), (shift, occupied)) = Stored::load(from)?;
        let mut children = [NONE; 16];
        for place in occupied_places(occupied) {
            children[place] = u32::load(from)?;
        }
        Ok(Self { prefix, parent, shift, occupied, children })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn leaves_stand_in_order_whatever_the_prefixes(
            steps in prop::collection::vec((any::<bool>(), 0u64..40, 0u32..15), 1..400),
        ) {
            let (mut trie, mut root, mut model) = (Trie::new(0), NONE, BTreeMap::new());
            for (insert, low, digit) in steps {
                let prefix = low << (4 * digit) & (u64::MAX >> Leaf::BITS);
                if insert {
                    let leaf = trie.find_or_insert(&mut root, 7, prefix);
                    prop_assert!(trie.is(leaf, 7, prefix));
                    prop_assert_eq!(trie.find(root, prefix), Some(leaf));
                    prop_assert_eq!(*model.entry(prefix).or_insert(leaf), leaf);
                } else if let Some(leaf) = model.remove(&prefix) {
                    trie.remove(&mut root, leaf);
                    prop_assert_eq!(trie.find(root, prefix), None);
                }
                let first = (root != NONE).then(|| trie.first(root));
                let leaves = core::iter::successors(first, |&leaf| trie.after(leaf));
                prop_assert!(leaves.eq(model.values().copied()));
            }
        }
    }
}
