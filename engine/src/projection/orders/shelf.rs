//! Where order views lie: an arena whose places are chained by order id, by client's name and by
//! account. Open orders stay; of the closed ones the last so many, by account and over all, in
//! the order they ended. Memory of a forgotten one serves the next.

use orison_core::{AccountId, ClientOrderId, OrderId};

use super::folders::Folder;
use super::index::{HEADS_GROWTH, HEADS_MIN, Heads, NameHash, id_hash};
use super::quota::Quota;
use super::{AccountEvent, OrderStatus, OrderView};
use crate::projection::ViewLimits;
use crate::projection::dense::Dense;

/// Index into the arena.
pub(super) type Place = u32;
pub(super) const NONE: Place = Place::MAX;

/// Apart from the views, and small: neighbours in a chain are seldom neighbours in time, and to
/// pass by one must not cost its view's memory.
#[derive(Clone, Copy)]
struct Links {
    /// The next of the chain by id; of a free place, the next free one.
    id_next: Place,
    client_next: Place,
    /// Neighbours among the orders of the account.
    older: Place,
    newer: Place,
    /// The one of the account that ended after this one.
    closed_next: Place,
}

pub(super) struct Shelf {
    views: Vec<OrderView>,
    /// By place.
    links: Vec<Links>,
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
            views: Vec::new(),
            links: Vec::new(),
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
        let (id, account) = (view.id, view.account);
        let place = self.store(view);
        self.views[place as usize].events.push(*told, self.events_max);
        let folder = self.folders.entry(account, || Folder::EMPTY);
        let older = std::mem::replace(&mut folder.newest, place);
        self.links[place as usize].older = older;
        if let Some(older) = self.links.get_mut(older as usize) {
            older.newer = place;
        }
        if self.views.len() > self.ids.len() {
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

    /// In the place of a forgotten order, or in a new one.
    fn store(&mut self, view: OrderView) -> Place {
        const UNLINKED: Links =
            Links { id_next: NONE, client_next: NONE, older: NONE, newer: NONE, closed_next: NONE };
        if self.free == NONE {
            self.views.push(view);
            self.links.push(UNLINKED);
            return (self.views.len() - 1) as Place;
        }
        let place = self.free;
        let old = &mut self.views[place as usize];
        let events = std::mem::take(&mut old.events);
        *old = OrderView { events, ..view };
        self.free = std::mem::replace(&mut self.links[place as usize], UNLINKED).id_next;
        place
    }

    /// More heads; every place is in use, or one would have been taken.
    fn rehash(&mut self) {
        let heads = self.ids.len() * HEADS_GROWTH;
        (self.ids, self.clients) = (Heads::new(heads), Heads::new(heads));
        for place in 0..self.views.len() {
            self.chain(place as Place);
        }
    }

    fn chain(&mut self, place: Place) {
        let (view, links) = (&self.views[place as usize], &mut self.links[place as usize]);
        links.id_next = std::mem::replace(self.ids.of_mut(id_hash(view.id)), place);
        if !view.client_order_id.is_empty() {
            let hash = self.names.hash(view.account, &view.client_order_id);
            links.client_next = std::mem::replace(self.clients.of_mut(hash), place);
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
        let Some(view) = self.views.get_mut(place as usize) else { return };
        if !view.status.is_open() {
            return;
        }
        change(view);
        view.updated = told.stamp;
        view.events.push(*told, self.events_max);
        if !view.status.is_open() {
            let account = view.account;
            self.close(place, account);
        }
    }

    /// Ends an open order as filled of which no event says so.
    pub(super) fn finish(&mut self, id: OrderId) {
        let place = self.find(id);
        let Some(view) = self.views.get_mut(place as usize) else { return };
        if view.status.is_open() {
            view.status = OrderStatus::Filled;
            let account = view.account;
            self.close(place, account);
        }
    }

    /// Changes an open order by what its owner is not told.
    pub(super) fn note(&mut self, id: OrderId, note: impl FnOnce(&mut OrderView)) {
        let place = self.find(id);
        if let Some(view) = self.views.get_mut(place as usize) {
            note(view);
        }
    }

    fn close(&mut self, place: Place, account: AccountId) {
        if let Some(other) = self.closed_total.enter(account) {
            self.forget_oldest(other);
        }
        let folder = self.folders.entry(account, || Folder::EMPTY);
        match std::mem::replace(&mut folder.closed_newest, place) {
            NONE => folder.closed_oldest = place,
            newest => self.links[newest as usize].closed_next = place,
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
        let Links { older, newer, closed_next, .. } = self.links[place as usize];
        folder.closed_oldest = closed_next;
        folder.closed_count -= 1;
        if closed_next == NONE {
            folder.closed_newest = NONE;
        }
        match self.links.get_mut(newer as usize) {
            Some(newer) => newer.older = older,
            None => folder.newest = older,
        }
        if let Some(older) = self.links.get_mut(older as usize) {
            older.newer = newer;
        }
        self.unchain(place);
        let view = &mut self.views[place as usize];
        view.events.recycle();
        let latest = &mut self.slots[view.id.slot as usize];
        if *latest == place {
            *latest = NONE;
        }
        self.links[place as usize].id_next = std::mem::replace(&mut self.free, place);
    }

    fn unchain(&mut self, place: Place) {
        let view = &self.views[place as usize];
        let head = self.ids.of_mut(id_hash(view.id));
        cut(&mut self.links, head, place, |links| &mut links.id_next);
        if !view.client_order_id.is_empty() {
            let head = self.clients.of_mut(self.names.hash(view.account, &view.client_order_id));
            cut(&mut self.links, head, place, |links| &mut links.client_next);
        }
    }

    fn find(&self, id: OrderId) -> Place {
        let latest = self.slots.get(id.slot as usize).copied().unwrap_or(NONE);
        if self.views.get(latest as usize).is_some_and(|view| view.id == id) {
            return latest;
        }
        let mut place = self.ids.of(id_hash(id));
        while let Some(view) = self.views.get(place as usize) {
            if view.id == id {
                break;
            }
            place = self.links[place as usize].id_next;
        }
        place
    }

    pub(super) fn order(&self, id: OrderId) -> Option<&OrderView> {
        self.views.get(self.find(id) as usize)
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
        self.from(head, |links| links.client_next)
            .filter(|view| view.account == account && view.client_order_id == *client)
            .max_by_key(|view| view.id)
    }

    pub(super) fn of_account(&self, account: AccountId) -> impl Iterator<Item = &OrderView> {
        let newest = self.folders.get(account).map_or(NONE, |folder| folder.newest);
        self.from(newest, |links| links.older)
    }

    pub(super) fn of_account_before(
        &self,
        account: AccountId,
        before: OrderId,
    ) -> Option<impl Iterator<Item = &OrderView>> {
        let place = self.find(before);
        let view = self.views.get(place as usize)?;
        let older = self.links[place as usize].older;
        (view.account == account).then(|| self.from(older, |links| links.older))
    }

    fn from(
        &self,
        first: Place,
        next: impl Fn(&Links) -> Place,
    ) -> impl Iterator<Item = &OrderView> {
        let known = |place: Place| (place != NONE).then_some(place);
        std::iter::successors(known(first), move |&at| known(next(&self.links[at as usize])))
            .map(|place| &self.views[place as usize])
    }
}

/// Takes `place` out of the chain that begins at `head`.
fn cut(
    links: &mut [Links],
    head: &mut Place,
    place: Place,
    next: impl Fn(&mut Links) -> &mut Place,
) {
    let after = *next(&mut links[place as usize]);
    if *head == place {
        *head = after;
        return;
    }
    let mut before = *head;
    loop {
        let link = next(&mut links[before as usize]);
        if *link == place {
            *link = after;
            return;
        }
        before = *link;
    }
}

orison_core::stored! {
    Links { id_next, client_next, older, newer, closed_next }
    Shelf {
        views, links, free, ids, clients, names, slots, folders, closed_max, closed_total,
        events_max,
    }
}
