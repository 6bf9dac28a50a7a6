//! What clients called the orders of a tape: by engine id for showing, by the client's id for
//! finding the latest order of that name in any account. Fed by events; the book is not asked.

use std::collections::HashMap;

use orison_core::event::{Accepted, Entry};
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
            self.enter(accepted);
        }
    }

    fn enter(&mut self, accepted: &Accepted) {
        let slot = accepted.order.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, (OrderId::default(), ClientOrderId::EMPTY));
        }
        self.by_slot[slot] = (accepted.order, accepted.client_order_id);
        if !accepted.client_order_id.is_empty() {
            self.latest.insert(accepted.client_order_id, accepted.account);
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
