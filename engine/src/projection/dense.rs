//! A table by one of the core's numbers. They are given from 1 without gaps, so the table is an
//! array; it grows to the highest number seen.

use std::marker::PhantomData;

use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::types::AssetId;
use orison_core::{AccountId, InstrumentId};

/// A number counted from 1; 0 is nobody's.
pub(super) trait Number: Copy {
    fn count(self) -> usize;
    /// `count` is that of a number given before.
    fn from_count(count: usize) -> Self;
}

impl Number for InstrumentId {
    fn count(self) -> usize {
        usize::from(self.0)
    }
    fn from_count(count: usize) -> Self {
        Self(count as u16)
    }
}

impl Number for AccountId {
    fn count(self) -> usize {
        self.0 as usize
    }
    fn from_count(count: usize) -> Self {
        Self(count as u32)
    }
}

impl Number for AssetId {
    fn count(self) -> usize {
        usize::from(self.0)
    }
    fn from_count(count: usize) -> Self {
        Self(count as u16)
    }
}

pub(super) struct Dense<N, T> {
    items: Vec<T>,
    number: PhantomData<N>,
}

impl<N: Number, T> Dense<N, T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), number: PhantomData }
    }

    pub(super) fn get(&self, number: N) -> Option<&T> {
        self.items.get(number.count().checked_sub(1)?)
    }

    pub(super) fn get_mut(&mut self, number: N) -> Option<&mut T> {
        self.items.get_mut(number.count().checked_sub(1)?)
    }

    /// What the number has; it and those before it are made if this is the first time.
    pub(super) fn entry(&mut self, number: N, make: impl FnMut() -> T) -> &mut T {
        assert!(number.count() > 0, "numbers count from 1");
        if self.items.len() < number.count() {
            self.items.resize_with(number.count(), make);
        }
        &mut self.items[number.count() - 1]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (N, &T)> {
        (1..).map(N::from_count).zip(&self.items)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (N, &mut T)> {
        (1..).map(N::from_count).zip(&mut self.items)
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.items
    }
}

impl<N, T: Stored> Stored for Dense<N, T> {
    fn store(&self, to: &mut Output<'_>) {
        let Self { items, number: PhantomData } = self;
        items.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        Ok(Self { items: Stored::load(from)?, number: PhantomData })
    }
}
