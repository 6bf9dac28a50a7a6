//! The moments at which orders end, the nearest first: a binary heap that forgets lazily. An order
//! that ends early stays in it until it surfaces or there is no room left; the caller says which
//! entries still mean a living order, so that a dead one never shows. Nothing here asks a clock,
//! and nothing allocates after `new`.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::snapshot::{Input, Output, Stored, Unreadable};

/// The mark tells an order from a later one in its slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Expiry {
    at_ns: u64,
    mark: u64,
    slot: u32,
}

#[derive(Debug)]
pub(crate) struct Expiries {
    heap: BinaryHeap<Reverse<Expiry>>,
    entries_max: usize,
}

impl Expiries {
    /// Room for twice as many as can live: when it is full, half of it is dead, and what clearing
    /// that away costs is paid for by as many entries.
    pub(crate) fn new(orders_max: u32) -> Self {
        let entries_max = 2 * orders_max as usize;
        Self { heap: BinaryHeap::with_capacity(entries_max), entries_max }
    }

    /// Room for more, after the limit of living orders was raised.
    pub(crate) fn reserve(&mut self, orders_max: u32) {
        self.entries_max = 2 * orders_max as usize;
        self.heap.reserve_exact(self.entries_max.saturating_sub(self.heap.len()));
    }

    /// A living order, entered once. `is_live` is asked by slot and mark.
    pub(crate) fn push(
        &mut self,
        at_ns: u64,
        slot: u32,
        mark: u64,
        is_live: impl Fn(u32, u64) -> bool,
    ) {
        if self.heap.len() == self.entries_max {
            self.heap.retain(|Reverse(expiry)| is_live(expiry.slot, expiry.mark));
        }
        assert!(self.heap.len() < self.entries_max, "at most as many live as there are orders");
        self.heap.push(Reverse(Expiry { at_ns, mark, slot }));
    }

    /// When the next living order ends.
    pub(crate) fn next_ns(&mut self, is_live: impl Fn(u32, u64) -> bool) -> Option<u64> {
        loop {
            let &Reverse(Expiry { at_ns, mark, slot }) = self.heap.peek()?;
            if is_live(slot, mark) {
                return Some(at_ns);
            }
            self.heap.pop();
        }
    }

    /// Forgets every order that has ended by now, and shows the living ones by slot and mark:
    /// earliest first, then in order of their marks.
    pub(crate) fn pop_due(
        &mut self,
        now_ns: u64,
        is_live: impl Fn(u32, u64) -> bool,
        mut visit: impl FnMut(u32, u64),
    ) {
        while let Some(&Reverse(Expiry { at_ns, mark, slot })) = self.heap.peek()
            && at_ns <= now_ns
        {
            self.heap.pop();
            if is_live(slot, mark) {
                visit(slot, mark);
            }
        }
    }
}

crate::stored! {
    Expiry { at_ns, mark, slot }
}

/// The heap as it lies: what is a heap already stays as it is.
impl Stored for Expiries {
    fn store(&self, to: &mut Output<'_>) {
        let Self { heap, entries_max } = self;
        heap.len().store(to);
        heap.iter().for_each(|Reverse(expiry)| expiry.store(to));
        entries_max.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut expiries = Self::new(0);
        expiries.restore(from)?;
        Ok(expiries)
    }

    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        let (count, _) = from.count()?;
        let mut entries = core::mem::take(&mut self.heap).into_vec();
        entries.clear();
        for _ in 0..count {
            entries.push(Reverse(Expiry::load(from)?));
        }
        self.heap = BinaryHeap::from(entries);
        self.entries_max = usize::load(from)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const EVERY: fn(u32, u64) -> bool = |_, _| true;

    fn due(expiries: &mut Expiries, now_ns: u64) -> Vec<(u32, u64)> {
        let mut due = Vec::new();
        expiries.pop_due(now_ns, EVERY, |slot, mark| due.push((slot, mark)));
        due
    }

    #[test]
    fn what_is_due_comes_earliest_first_then_in_order_of_entry() {
        let mut expiries = Expiries::new(5);
        for (at_ns, slot, mark) in [(30, 0, 1), (10, 4, 7), (20, 2, 3), (10, 9, 5), (20, 1, 3)] {
            expiries.push(at_ns, slot, mark, EVERY);
        }
        type Row<'a> = (u64, &'a [(u32, u64)], Option<u64>);
        let rows: [Row<'_>; 4] = [
            (9, &[], Some(10)),
            (10, &[(9, 5), (4, 7)], Some(20)),
            (29, &[(1, 3), (2, 3)], Some(30)),
            (30, &[(0, 1)], None),
        ];
        for (now_ns, expected, next_ns) in rows {
            assert_eq!(due(&mut expiries, now_ns), expected, "due at {now_ns}");
            assert_eq!(expiries.next_ns(EVERY), next_ns, "next after {now_ns}");
        }
    }

    #[test]
    fn an_order_that_ended_early_is_no_deadline() {
        let mut expiries = Expiries::new(3);
        for (at_ns, mark) in [(10, 1), (20, 2), (30, 3)] {
            expiries.push(at_ns, 0, mark, EVERY);
        }
        let is_live = |_, mark| mark != 1;
        assert_eq!(expiries.next_ns(is_live), Some(20), "the slot was taken again at 2");
        let mut visited = Vec::new();
        expiries.pop_due(30, |_, mark| mark == 3, |slot, mark| visited.push((slot, mark)));
        assert_eq!(visited, [(0, 3)]);
        assert_eq!(expiries.next_ns(EVERY), None);
    }

    #[test]
    fn room_never_grows_and_the_living_never_lose_theirs() {
        const ORDERS_MAX: u32 = 8;
        let mut expiries = Expiries::new(ORDERS_MAX);
        let capacity = expiries.heap.capacity();
        let mut marks = [0; ORDERS_MAX as usize];
        for mark in 1..=10_000 {
            let slot = (mark * mark / 3 % u64::from(ORDERS_MAX)) as u32;
            marks[slot as usize] = mark;
            expiries.push(20_000 - mark, slot, mark, |slot, mark| marks[slot as usize] == mark);
            assert_eq!(expiries.heap.capacity(), capacity);
        }
        let is_live = |slot: u32, mark| marks[slot as usize] == mark;
        let newest = marks.into_iter().max().expect("there are slots");
        assert_eq!(expiries.next_ns(is_live), Some(20_000 - newest));
        let mut living = Vec::new();
        expiries.pop_due(u64::MAX, is_live, |_, mark| living.push(mark));
        let mut expected: Vec<_> = marks.into_iter().filter(|&mark| mark != 0).collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(living, expected);
    }
}
