//! The names that clients gave their orders: those of live orders, and behind them a window of
//! closed ones, per account and over all, from which the first that closed goes first.

use orison_core::command::{AccountRef, Order};
use orison_core::{AccountId, ClientOrderId, OrderId};

struct Named {
    account: AccountId,
    name: ClientOrderId,
    id: OrderId,
    content: Order,
}

#[derive(Default)]
pub(super) struct Clients {
    live: Vec<Named>,
    /// In the order of closing.
    closed: Vec<Named>,
}

impl Clients {
    /// The order that has this name, and whether the very same was asked for then.
    pub(super) fn known(&self, account: AccountId, asked: &Order) -> Option<(OrderId, Sameness)> {
        let mut all = self.live.iter().chain(&self.closed);
        let known = all.find(|n| n.account == account && n.name == asked.client_order_id)?;
        let same = Order { account: AccountRef::Id(account), ..*asked } == known.content;
        Some((known.id, if same { Sameness::Same } else { Sameness::Other }))
    }

    /// The live order of this name.
    pub(super) fn live(&self, account: AccountId, name: &ClientOrderId) -> Option<OrderId> {
        self.live.iter().find(|n| n.account == account && n.name == *name).map(|n| n.id)
    }

    pub(super) fn enter(&mut self, account: AccountId, id: OrderId, asked: &Order) {
        if !asked.client_order_id.is_empty() {
            let content = Order { account: AccountRef::Id(account), ..*asked };
            self.live.push(Named { account, name: asked.client_order_id, id, content });
        }
    }

    pub(super) fn close(&mut self, id: OrderId, per_account_max: u32, over_all_max: u32) {
        let Some(place) = self.live.iter().position(|named| named.id == id) else { return };
        let named = self.live.remove(place);
        let account = named.account;
        self.closed.push(named);
        let of_account = self.closed.iter().filter(|named| named.account == account).count();
        if of_account > per_account_max as usize {
            let oldest = self.closed.iter().position(|named| named.account == account);
            self.closed.remove(oldest.expect("one was just put there"));
        }
        if self.closed.len() > over_all_max as usize {
            self.closed.remove(0);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sameness {
    Same,
    Other,
}
