//! Balances of accounts by asset: what is free and what live orders hold locked. It also knows
//! which ones the running command has touched, for one event each at its end. Conservation is the
//! caller's doing; that nothing locked goes below zero is asserted here.

use alloc::vec::Vec;

use crate::book::NONE;
use crate::types::{AccountId, AssetId};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) free: i128,
    pub(crate) locked: i128,
    /// As they were before the command.
    was: (i128, i128),
    pub(crate) account: AccountId,
    pub(crate) asset: AssetId,
    /// The next balance of the account.
    next: u32,
    is_touched: bool,
    /// Something was ever in it.
    pub(crate) is_used: bool,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    balances_max: u32,
    touched: Vec<u32>,
}

impl Ledger {
    pub(crate) fn new(balances_max: u32) -> Self {
        Self {
            entries: Vec::with_capacity(balances_max as usize),
            balances_max,
            touched: Vec::with_capacity(balances_max as usize),
        }
    }

    pub(crate) fn reserve(&mut self, balances_max: u32) {
        self.balances_max = balances_max;
        self.entries.reserve_exact((balances_max as usize).saturating_sub(self.entries.len()));
        self.touched.reserve_exact(balances_max as usize);
    }

    /// Whether so many more would find room.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.entries.len() + more <= self.balances_max as usize
    }

    /// `first`: head of the account's list.
    pub(crate) fn find(&self, first: u32, asset: AssetId) -> Option<u32> {
        let mut at = first;
        while at != NONE {
            let entry = &self.entries[at as usize];
            if entry.asset == asset {
                return Some(at);
            }
            at = entry.next;
        }
        None
    }

    /// The account's balance of an asset, opened if there was none. `first` is moved on.
    pub(crate) fn open(&mut self, account: AccountId, first: &mut u32, asset: AssetId) -> u32 {
        if let Some(at) = self.find(*first, asset) {
            return at;
        }
        assert!(self.has_room(1), "a balance is opened where there is room");
        let at = self.entries.len() as u32;
        let next = core::mem::replace(first, at);
        self.entries.push(Entry {
            free: 0,
            locked: 0,
            was: (0, 0),
            account,
            asset,
            next,
            is_touched: false,
            is_used: false,
        });
        at
    }

    pub(crate) fn get(&self, at: u32) -> &Entry {
        &self.entries[at as usize]
    }

    fn touch(&mut self, at: u32) -> &mut Entry {
        let entry = &mut self.entries[at as usize];
        if !entry.is_touched {
            (entry.is_touched, entry.is_used) = (true, true);
            entry.was = (entry.free, entry.locked);
            self.touched.push(at);
        }
        entry
    }

    /// Free money becomes so much more or less.
    pub(crate) fn add(&mut self, at: u32, units: i128) {
        let entry = self.touch(at);
        // Base that unfunded sellers made up may be more than can be counted.
        entry.free = entry.free.saturating_add(units);
    }

    /// What live orders hold becomes so much more or less; free money the other way.
    pub(crate) fn hold(&mut self, at: u32, units: i128) {
        if units != 0 {
            let entry = self.touch(at);
            entry.locked += units;
            entry.free -= units;
            assert!(entry.locked >= 0, "what is locked is never negative");
        }
    }

    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The balances that differ from what they were, by account, then asset. Then nothing is
    /// touched.
    pub(crate) fn settle(&mut self, mut tell: impl FnMut(&Entry)) {
        let mut touched = core::mem::take(&mut self.touched);
        touched.sort_unstable_by_key(|&at| {
            let entry = &self.entries[at as usize];
            (entry.account, entry.asset)
        });
        for &at in &touched {
            let entry = &mut self.entries[at as usize];
            entry.is_touched = false;
            if entry.was != (entry.free, entry.locked) {
                tell(entry);
            }
        }
        touched.clear();
        self.touched = touched;
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }
}

crate::stored! {
    Entry { free, locked, was, account, asset, next, is_touched, is_used }
    Ledger { entries, balances_max, touched }
}
