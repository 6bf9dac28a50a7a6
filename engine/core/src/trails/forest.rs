//! Pairing heaps over one arena: the least (key, ticket) of each is its root. Two of them meld in
//! one comparison, and any node leaves from where it is. Nodes are numbered by the owner, who keeps
//! the roots. Nothing recurses; tickets differ, so that no order depends on a heap's shape.

use alloc::vec::Vec;

use crate::keyed::END;
use crate::snapshot::{Input, Output, Stored, Unreadable};

#[derive(Clone, Copy, Debug)]
struct Node {
    key: i64,
    ticket: u64,
    /// The first of the heaps below.
    child: u32,
    /// The sibling behind.
    next: u32,
    /// The sibling before, of the first one: the parent.
    prev: u32,
}

#[derive(Debug)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// Nodes melded or walked over so far.
    #[cfg(test)]
    pub(super) steps: u64,
}

impl Forest {
    pub(super) fn reserve(&mut self, nodes_max: u32) {
        self.nodes.reserve_exact((nodes_max as usize).saturating_sub(self.nodes.len()));
    }

    pub(super) fn new(nodes_max: u32) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes_max as usize),
            #[cfg(test)]
            steps: 0,
        }
    }

    /// A heap of its own: a node of a number never used is the next one.
    pub(super) fn place(&mut self, node: u32, key: i64, ticket: u64) {
        let single = Node { key, ticket, child: END, next: END, prev: END };
        match self.nodes.get_mut(node as usize) {
            Some(place) => *place = single,
            None => {
                assert!(node as usize == self.nodes.len(), "nodes are numbered without gaps");
                self.nodes.push(single);
            }
        }
    }

    pub(super) fn key(&self, node: u32) -> (i64, u64) {
        let Node { key, ticket, .. } = self.nodes[node as usize];
        (key, ticket)
    }

    /// The root of both; either may be empty.
    pub(super) fn meld(&mut self, a: u32, b: u32) -> u32 {
        if a == END || b == END {
            return if a == END { b } else { a };
        }
        self.step();
        let (root, under) = if self.key(a) < self.key(b) { (a, b) } else { (b, a) };
        let first = core::mem::replace(&mut self.nodes[root as usize].child, under);
        let node = &mut self.nodes[under as usize];
        (node.next, node.prev) = (first, root);
        self.set_prev(first, under);
        root
    }

    /// Takes a node out of the heap of a root; what was below it takes its place. The new root.
    pub(super) fn remove(&mut self, root: u32, node: u32) -> u32 {
        let Node { child, next, prev, .. } = self.nodes[node as usize];
        let heir = self.join(child);
        if node == root {
            return heir;
        }
        let behind = if heir == END {
            next
        } else {
            self.nodes[heir as usize].next = next;
            self.set_prev(next, heir);
            heir
        };
        self.set_prev(behind, prev);
        let before = &mut self.nodes[prev as usize];
        if before.child == node {
            before.child = behind;
        } else {
            before.next = behind;
        }
        root
    }

    /// One heap of siblings: in pairs from the first to the last, then all pairs back again.
    fn join(&mut self, first: u32) -> u32 {
        let mut pairs = END;
        let mut at = first;
        while at != END {
            let one = at;
            let other = self.detach(one);
            at = if other == END { END } else { self.detach(other) };
            let pair = self.meld(one, other);
            self.nodes[pair as usize].next = pairs;
            pairs = pair;
        }
        let mut root = END;
        while pairs != END {
            let pair = pairs;
            pairs = self.detach(pair);
            root = self.meld(root, pair);
        }
        root
    }

    /// Forgets the siblings of a node; the one behind it.
    fn detach(&mut self, node: u32) -> u32 {
        let node = &mut self.nodes[node as usize];
        node.prev = END;
        core::mem::replace(&mut node.next, END)
    }

    fn set_prev(&mut self, node: u32, prev: u32) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.prev = prev;
        }
    }

    /// The node after another on a walk over the whole heap that begins at its root; `END` after
    /// the last.
    pub(super) fn after(&mut self, mut node: u32) -> u32 {
        let Node { child, .. } = self.nodes[node as usize];
        if child != END {
            return child;
        }
        while node != END && self.nodes[node as usize].next == END {
            node = self.parent(node);
        }
        self.nodes.get(node as usize).map_or(END, |node| node.next)
    }

    fn parent(&mut self, mut node: u32) -> u32 {
        loop {
            self.step();
            let Node { prev, .. } = self.nodes[node as usize];
            if prev == END || self.nodes[prev as usize].child == node {
                return prev;
            }
            node = prev;
        }
    }

    #[inline]
    fn step(&mut self) {
        #[cfg(test)]
        {
            self.steps += 1;
        }
    }
}

crate::stored! {
    Node { key, ticket, child, next, prev }
}

impl Stored for Forest {
    fn store(&self, to: &mut Output<'_>) {
        self.nodes.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut forest = Self::new(0);
        forest.restore(from)?;
        Ok(forest)
    }

    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        self.nodes.restore(from)
    }
}
