//! Where order views lie: an arena whose entries are chained by order id, by client's name and by
//! account. Open orders stay; of the closed ones the last so many, by account and over all, in
//! the order they ended. Memory of a forgotten one serves the next.

use orison_core::{AccountId, ClientOrderId, OrderId};

use super::folders::Folder;
use super::index::{HEADS_GROWTH, HEADS_MIN, Heads, NameHash, id_hash};
use super::quota::Quota;
use super::{AccountEvent, OrderView};
use crate::projection::ViewLimits;
use crate::projection::dense::Dense;

/// Index of an entry.
pub(super) type Place = u32;
pub(super) const NONE: Place = Place::MAX;

struct Entry {
    view: OrderView,
    /// The next of the chain by id; of a free entry, the next free one.
    id_next: Place,
    client_next: Place,
    /// Neighbours among the orders of the account.
    older: Place,
    newer: Place,
    /// The one of the account that ended after this one.
    closed_next: Place,
}

pub(super) struct Shelf {
    entries: Vec<Entry>,
    free: Place,
    ids: Heads,
    clients: Heads,
    names: NameHash,
    /// By slot of the core's arena: the order that came there last. The open ones are found here.
    slots: Vec<Place>,
    folders: Dense<AccountId, Folder>,
    closed_max: usize,
    closed_total: Quota,
    events_max: usize,
}

impl Shelf {
    pub(super) fn new(limits: &ViewLimits) -> Self {
        assert!(limits.closed_orders_max > 0, "an order is still there when its end is told");
        Self {
            entries: Vec::new(),
            free: NONE,
            ids: Heads::new(HEADS_MIN),
            clients: Heads::new(HEADS_MIN),
            names: NameHash::new(),
            slots: Vec::new(),
            folders: Dense::new(),
            closed_max: limits.closed_orders_max,
            closed_total: Quota::new(limits.closed_orders_total_max),
            events_max: limits.order_events_max,
        }
    }

    pub(super) fn enter(&mut self, view: OrderView, told: &AccountEvent) {
        let folder = self.folders.entry(view.account, || Folder::EMPTY);
        let (id, older) = (view.id, folder.newest);
        let place = if self.free == NONE { self.entries.len() as Place } else { self.free };
        folder.newest = place;
        if let Some(older) = self.entries.get_mut(older as usize) {
            older.newer = place;
        }
        let mut entry =
            Entry { view, id_next: NONE, client_next: NONE, older, newer: NONE, closed_next: NONE };
        if let Some(old) = self.entries.get_mut(place as usize) {
            self.free = old.id_next;
            std::mem::swap(&mut entry.view.events, &mut old.view.events);
            entry.view.events.push(*told, self.events_max);
            *old = entry;
        } else {
            entry.view.events.push(*told, self.events_max);
            self.entries.push(entry);
        }
        if self.entries.len() > self.ids.len() {
            self.rehash();
        } else {
            self.chain(place);
        }
        let slot = id.slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, NONE);
        }
        self.slots[slot] = place;
    }

    /// More heads; every entry is in use, or one would have been taken.
    fn rehash(&mut self) {
        let heads = self.ids.len() * HEADS_GROWTH;
        (self.ids, self.clients) = (Heads::new(heads), Heads::new(heads));
        for place in 0..self.entries.len() {
            self.chain(place as Place);
        }
    }

    fn chain(&mut self, place: Place) {
        let entry = &mut self.entries[place as usize];
        entry.id_next = std::mem::replace(self.ids.of_mut(id_hash(entry.view.id)), place);
        if !entry.view.client_order_id.is_empty() {
            let hash = self.names.hash(entry.view.account, &entry.view.client_order_id);
            entry.client_next = std::mem::replace(self.clients.of_mut(hash), place);
        }
    }

    /// Changes an open order by what it is told; a change of status to a final one ends it.
    /// An order that is not here (its entry fell to a lost snapshot) stays unknown.
    pub(super) fn change(
        &mut self,
        id: OrderId,
        told: &AccountEvent,
        change: impl FnOnce(&mut OrderView),
    ) {
        let place = self.find(id);
        let Some(entry) = self.entries.get_mut(place as usize) else { return };
        if !entry.view.status.is_open() {
            return;
        }
        change(&mut entry.view);
        entry.view.updated = told.stamp;
        entry.view.events.push(*told, self.events_max);
        if !entry.view.status.is_open() {
            self.close(place);
        }
    }

    fn close(&mut self, place: Place) {
        let account = self.entries[place as usize].view.account;
        if let Some(other) = self.closed_total.enter(account) {
            self.forget_oldest(other);
        }
        let folder = self.folders.entry(account, || Folder::EMPTY);
        match std::mem::replace(&mut folder.closed_newest, place) {
            NONE => folder.closed_oldest = place,
            newest => self.entries[newest as usize].closed_next = place,
        }
        folder.closed_count += 1;
        if folder.closed_count > self.closed_max {
            self.forget_oldest(account);
            self.closed_total.drop_oldest(account);
        }
    }

    /// The order of the account that ended first goes.
    fn forget_oldest(&mut self, account: AccountId) {
        let folder = self.folders.entry(account, || Folder::EMPTY);
        let place = folder.closed_oldest;
        assert!(place != NONE, "an account that must forget an order has closed one");
        let entry = &mut self.entries[place as usize];
        let (older, newer) = (entry.older, entry.newer);
        folder.closed_oldest = entry.closed_next;
        folder.closed_count -= 1;
        if folder.closed_oldest == NONE {
            folder.closed_newest = NONE;
        }
        if newer == NONE {
            folder.newest = older;
        } else {
            self.entries[newer as usize].older = older;
        }
        if older != NONE {
            self.entries[older as usize].newer = newer;
        }
        self.unchain(place);
        let entry = &mut self.entries[place as usize];
        let latest = &mut self.slots[entry.view.id.slot as usize];
        if *latest == place {
            *latest = NONE;
        }
        entry.view.events.recycle();
        entry.id_next = std::mem::replace(&mut self.free, place);
    }

    fn unchain(&mut self, place: Place) {
        let Entry { view, id_next, client_next, .. } = &self.entries[place as usize];
        let (id, client, account) = (view.id, view.client_order_id, view.account);
        let (id_next, client_next) = (*id_next, *client_next);
        let head = self.ids.of_mut(id_hash(id));
        if *head == place {
            *head = id_next;
        } else {
            let mut before = *head;
            while self.entries[before as usize].id_next != place {
                before = self.entries[before as usize].id_next;
            }
            self.entries[before as usize].id_next = id_next;
        }
        if client.is_empty() {
            return;
        }
        let head = self.clients.of_mut(self.names.hash(account, &client));
        if *head == place {
            *head = client_next;
        } else {
            let mut before = *head;
            while self.entries[before as usize].client_next != place {
                before = self.entries[before as usize].client_next;
            }
            self.entries[before as usize].client_next = client_next;
        }
    }

    fn find(&self, id: OrderId) -> Place {
        let latest = self.slots.get(id.slot as usize).copied().unwrap_or(NONE);
        if self.entries.get(latest as usize).is_some_and(|entry| entry.view.id == id) {
            return latest;
        }
        let mut place = self.ids.of(id_hash(id));
        while let Some(entry) = self.entries.get(place as usize) {
            if entry.view.id == id {
                break;
            }
            place = entry.id_next;
        }
        place
    }

    pub(super) fn order(&self, id: OrderId) -> Option<&OrderView> {
        self.entries.get(self.find(id) as usize).map(|entry| &entry.view)
    }

    pub(super) fn by_client(
        &self,
        account: AccountId,
        client: &ClientOrderId,
    ) -> Option<&OrderView> {
        if client.is_empty() {
            return None;
        }
        let head = self.clients.of(self.names.hash(account, client));
        self.from(head, |entry| entry.client_next)
            .filter(|view| view.account == account && view.client_order_id == *client)
            .max_by_key(|view| view.id)
    }

    pub(super) fn of_account(&self, account: AccountId) -> impl Iterator<Item = &OrderView> {
        let newest = self.folders.get(account).map_or(NONE, |folder| folder.newest);
        self.from(newest, |entry| entry.older)
    }

    pub(super) fn of_account_before(
        &self,
        account: AccountId,
        before: OrderId,
    ) -> Option<impl Iterator<Item = &OrderView>> {
        let entry = self.entries.get(self.find(before) as usize)?;
        (entry.view.account == account).then(|| self.from(entry.older, |entry| entry.older))
    }

    fn from(
        &self,
        first: Place,
        next: impl Fn(&Entry) -> Place,
    ) -> impl Iterator<Item = &OrderView> {
        let entry = |place: Place| self.entries.get(place as usize);
        std::iter::successors(entry(first), move |before| entry(next(before)))
            .map(|entry| &entry.view)
    }
}
