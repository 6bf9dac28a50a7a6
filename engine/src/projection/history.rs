//! A bounded past, readable from any command that is still wholly in it. The oldest goes first,
//! and it is remembered how far that has come.

use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use std::collections::VecDeque;

use super::trades::Resume;

/// Something that a command left; entered in the order of sequences.
pub(super) trait Sequenced {
    fn sequence(&self) -> u64;
}

pub(super) struct History<T> {
    items: VecDeque<T>,
    items_max: usize,
    /// The last command of which something is no longer here; 0: all of it is.
    forgotten: u64,
}

impl<T: Sequenced> History<T> {
    pub(super) fn new(items_max: usize) -> Self {
        assert!(items_max > 0, "a history that keeps nothing is none");
        Self { items: VecDeque::new(), items_max, forgotten: 0 }
    }

    pub(super) fn push(&mut self, item: T) {
        if self.items.len() == self.items_max
            && let Some(oldest) = self.items.pop_front()
        {
            self.forgotten = oldest.sequence();
        }
        self.items.push_back(item);
    }

    pub(super) fn newest(&self) -> Option<&T> {
        self.items.back()
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> std::collections::vec_deque::Iter<'_, T> {
        self.items.iter()
    }

    /// Oldest first, from the command `sequence` on, inclusive.
    pub(super) fn since(&self, sequence: u64) -> Resume<std::collections::vec_deque::Iter<'_, T>> {
        if sequence <= self.forgotten && self.forgotten > 0 {
            return Resume::TooOld { oldest: self.forgotten + 1 };
        }
        let start = self.items.partition_point(|item| item.sequence() < sequence);
        Resume::From(self.items.range(start..))
    }
}

impl<T: Stored> Stored for History<T> {
    fn store(&self, to: &mut Output<'_>) {
        let Self { items, items_max, forgotten } = self;
        items.store(to);
        items_max.store(to);
        forgotten.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let items = Stored::load(from)?;
        let items_max = Stored::load(from)?;
        Ok(Self { items, items_max, forgotten: Stored::load(from)? })
    }
}
