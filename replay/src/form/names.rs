//! What clients called the orders of a tape: by engine id for showing, by the client's id for
//! finding the latest order of that name in any account. Fed by events; the book is not asked.

use std::collections::HashMap;

use engine::Views;
use orison_core::event::Entry;
use orison_core::{AccountId, ClientOrderId, Event, OrderId};

#[derive(Default)]
pub(crate) struct ClientNames {
    /// By slot: a slot is given away again only after the last event of the order in it.
    by_slot: Vec<(OrderId, ClientOrderId)>,
    latest: HashMap<ClientOrderId, AccountId>,
}

impl ClientNames {
    pub(crate) fn on_event(&mut self, event: &Event) {
        if let Event::Accepted(accepted) = event
            && accepted.entry == Entry::New
        {
            self.enter(accepted.order, accepted.client_order_id, accepted.account);
        }
    }

    /// The orders of an exchange that was running already, parked and ended ones too, as far as
    /// its views remember them.
    pub(crate) fn of_views(views: &Views) -> Self {
        let is_known = |id: &AccountId| views.catalog.account_name(*id).is_some();
        let accounts = (1..).map(AccountId).take_while(is_known);
        let mut orders: Vec<_> = accounts.flat_map(|id| views.orders.of_account(id)).collect();
        orders.sort_unstable_by_key(|order| order.id);
        let mut names = Self::default();
        for order in orders {
            names.enter(order.id, order.client_order_id, order.account);
        }
        names
    }

    fn enter(&mut self, order: OrderId, client: ClientOrderId, account: AccountId) {
        let slot = order.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, (OrderId::default(), ClientOrderId::EMPTY));
        }
        self.by_slot[slot] = (order, client);
        if !client.is_empty() {
            self.latest.insert(client, account);
        }
    }

    /// None: the order is not known or was entered without a name.
    pub(crate) fn client(&self, order: OrderId) -> Option<&ClientOrderId> {
        let (known, client) = self.by_slot.get(order.slot as usize)?;
        (*known == order && !client.is_empty()).then_some(client)
    }

    /// The account whose order of that name came in last.
    pub(crate) fn latest_account(&self, client: &ClientOrderId) -> Option<AccountId> {
        self.latest.get(client).copied()
    }
}
