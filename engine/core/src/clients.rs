//! Clients' own names for their orders, so that a repeat is known as one. An entry lives as long
//! as its order, and after that in the window of closed ones: per account and over all, the one
//! that closed first goes first. One pool for both, reserved once and touched as it is used; it is
//! found by a keyed hash that nobody iterates.

use alloc::vec::Vec;

use crate::command::{Link, Order};
use crate::id::OrderId;
use crate::keyed::{Chains, END, Key, words};
use crate::text::ClientOrderId;
use crate::types::{AccountId, Sequence};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) content: Content,
    sequence: Sequence,
    /// Neighbours among all closed ones, by time of closing.
    older: u32,
    newer: u32,
    /// The next closed one of the same account.
    newer_of_account: u32,
    /// The next of the hash chain; of a free entry, the next free one.
    chain_next: u32,
    slot: u32,
    account: AccountId,
    leg: u16,
    name: ClientOrderId,
}

const _: () = assert!(size_of::<Entry>() <= 80);

/// A digest of everything a client said of an order but the account and the name: the same
/// in every journal, since it is part of the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Content(pub(crate) u64);

impl Content {
    /// Of an order that nobody will ask for by name.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(order: &Order) -> Self {
        let words = u64::from(order.instrument.0)
            | (order.side as u64) << 16
            | (order.order_type as u64) << 24
            | (order.time_in_force as u64) << 32
            | (order.self_trade as u64) << 40
            | u64::from(order.fields.0) << 48;
        Self(Key::FIXED.hash([
            words,
            order.price.0 as u64,
            order.quantity.0,
            order.stop_price.0 as u64,
            order.trail.0 as u64,
            order.display.0,
            order.min_quantity.0,
            order.budget as u64,
            (order.budget >> 64) as u64,
            order.protection.0 as u64,
            order.expire_at_ns,
        ]))
    }
}

impl Content {
    /// Of one order of a pair, which is not the same as that order alone.
    pub(crate) fn linked(self, link: Link, leg: u16) -> Self {
        Self(Key::FIXED.hash([self.0, link as u64, u64::from(leg)]))
    }
}

/// Closed ones of an account, oldest first.
#[derive(Clone, Copy, Debug)]
struct Window {
    oldest: u32,
    newest: u32,
    count: u32,
}

impl Window {
    const EMPTY: Self = Self { oldest: END, newest: END, count: 0 };
}

#[derive(Debug)]
pub(crate) struct Clients {
    key: Key,
    entries: Vec<Entry>,
    free: u32,
    chains: Chains,
    /// By account, number 1 first.
    windows: Vec<Window>,
    all: Window,
    closed_max: u32,
    closed_per_account_max: u32,
}

impl Clients {
    pub(crate) fn new(
        key: Key,
        (orders_max, accounts_max): (u32, u32),
        closed_max: u32,
        closed_per_account_max: u32,
    ) -> Self {
        let entries_max = orders_max as usize + closed_max as usize;
        Self {
            key,
            entries: Vec::with_capacity(entries_max),
            free: END,
            chains: Chains::new(entries_max),
            windows: Vec::with_capacity(accounts_max as usize),
            all: Window::EMPTY,
            closed_max,
            closed_per_account_max,
        }
    }

    /// Room for more, after the limits were raised. Chains only become longer.
    pub(crate) fn reserve(
        &mut self,
        (orders_max, accounts_max): (u32, u32),
        closed_max: u32,
        closed_per_account_max: u32,
    ) {
        let entries_max = orders_max as usize + closed_max as usize;
        self.entries.reserve_exact(entries_max.saturating_sub(self.entries.len()));
        let accounts = (accounts_max as usize).saturating_sub(self.windows.len());
        self.windows.reserve_exact(accounts);
        self.closed_max = closed_max;
        self.closed_per_account_max = closed_per_account_max;
    }

    /// The next account, numbered from 1.
    pub(crate) fn open_account(&mut self) {
        self.windows.push(Window::EMPTY);
    }

    fn hash(&self, account: AccountId, name: &ClientOrderId) -> u64 {
        self.key.hash(words(name).chain([u64::from(account.0)]))
    }

    /// The order that the account last gave this name, and what it said of it then.
    pub(crate) fn find(
        &self,
        account: AccountId,
        name: &ClientOrderId,
    ) -> Option<(OrderId, Content)> {
        let mut at = self.chains.head(self.hash(account, name));
        while at != END {
            let entry = &self.entries[at as usize];
            if entry.account == account && entry.name == *name {
                return Some((entry.order(), entry.content));
            }
            at = entry.chain_next;
        }
        None
    }

    /// Remembers a name that the account has not in use. The number of its entry.
    pub(crate) fn enter(
        &mut self,
        account: AccountId,
        name: ClientOrderId,
        order: OrderId,
        content: Content,
    ) -> u32 {
        let hash = self.hash(account, &name);
        let entry = Entry {
            content,
            sequence: order.sequence,
            older: END,
            newer: END,
            newer_of_account: END,
            chain_next: self.chains.head(hash),
            slot: order.slot,
            account,
            leg: order.leg,
            name,
        };
        let mut at = self.free;
        if let Some(place) = self.entries.get_mut(at as usize) {
            self.free = place.chain_next;
            *place = entry;
        } else {
            at = self.entries.len() as u32;
            self.entries.push(entry);
        }
        self.chains.set_head(hash, at);
        at
    }

    pub(crate) fn name(&self, entry: u32) -> ClientOrderId {
        self.entries.get(entry as usize).map_or(ClientOrderId::EMPTY, |entry| entry.name)
    }

    pub(crate) fn content(&self, entry: u32) -> Option<Content> {
        self.entries.get(entry as usize).map(|entry| entry.content)
    }

    /// The order of this entry is no more: the window has it from now on. `END`: it had no name.
    #[inline]
    pub(crate) fn close(&mut self, at: u32) {
        if at != END {
            self.enter_window(at);
        }
    }

    fn enter_window(&mut self, at: u32) {
        let account = self.entries[at as usize].account;
        self.entries[at as usize].older = self.all.newest;
        match self.all.newest {
            END => self.all.oldest = at,
            newest => self.entries[newest as usize].newer = at,
        }
        self.all.newest = at;
        self.all.count += 1;
        let window = &mut self.windows[account.0 as usize - 1];
        match window.newest {
            END => window.oldest = at,
            newest => self.entries[newest as usize].newer_of_account = at,
        }
        window.newest = at;
        window.count += 1;
        let Window { oldest, count, .. } = *window;
        if count > self.closed_per_account_max {
            self.evict(oldest);
        }
        if self.all.count > self.closed_max {
            self.evict(self.all.oldest);
        }
    }

    /// Forgets the oldest closed one of an account. Over all accounts the oldest is also the
    /// oldest of its own.
    fn evict(&mut self, at: u32) {
        let Entry { older, newer, newer_of_account, account, name, .. } = self.entries[at as usize];
        let window = &mut self.windows[account.0 as usize - 1];
        assert!(window.oldest == at, "an account's names are forgotten in the order they closed");
        window.oldest = newer_of_account;
        window.count -= 1;
        if window.oldest == END {
            window.newest = END;
        }
        match older {
            END => self.all.oldest = newer,
            older => self.entries[older as usize].newer = newer,
        }
        match newer {
            END => self.all.newest = older,
            newer => self.entries[newer as usize].older = older,
        }
        self.all.count -= 1;
        self.unchain(at, self.hash(account, &name));
        self.entries[at as usize].chain_next = self.free;
        self.free = at;
    }

    fn unchain(&mut self, at: u32, hash: u64) {
        let next = self.entries[at as usize].chain_next;
        let mut before = self.chains.head(hash);
        if before == at {
            self.chains.set_head(hash, next);
            return;
        }
        while self.entries[before as usize].chain_next != at {
            before = self.entries[before as usize].chain_next;
        }
        self.entries[before as usize].chain_next = next;
    }

    pub(crate) fn closed_count(&self) -> u32 {
        self.all.count
    }

    /// The window over all accounts, oldest first.
    pub(crate) fn closed(&self) -> impl Iterator<Item = &Entry> {
        let entry = |at: u32| self.entries.get(at as usize);
        core::iter::successors(entry(self.all.oldest), move |last| entry(last.newer))
    }
}

impl Entry {
    pub(crate) fn order(&self) -> OrderId {
        OrderId { sequence: self.sequence, slot: self.slot, leg: self.leg }
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) fn name(&self) -> &ClientOrderId {
        &self.name
    }
}

crate::stored_newtypes!(Content);
crate::stored! {
    Entry {
        content, sequence, older, newer, newer_of_account, chain_next, slot, account, leg, name,
    }
    Window { oldest, newest, count }
    Clients { key, entries, free, chains, windows, all, closed_max, closed_per_account_max }
}
