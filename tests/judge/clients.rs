//! The names that clients gave their orders: those of live orders, and behind them a window of
//! closed ones, per account and over all, from which the first that closed goes first.

use orison_core::command::{self, AccountRef, Genesis, Link};
use orison_core::{AccountId, ClientOrderId, Reason};

use super::order::Order;
use super::said::Id;

struct Named {
    account: AccountId,
    id: Id,
    link: Option<Link>,
    /// As it was asked for, with the account as a number.
    content: command::Order,
}

#[derive(Default)]
pub(super) struct Clients {
    live: Vec<Named>,
    /// In the order of closing.
    closed: Vec<Named>,
}

impl Clients {
    /// The order that was entered under the name of this leg, if the very same was asked for.
    pub(super) fn known(
        &self,
        account: AccountId,
        link: Option<Link>,
        leg: usize,
        asked: &command::Order,
    ) -> Result<Option<Id>, Reason> {
        let Some(known) = self.find(account, &asked.client_order_id) else { return Ok(None) };
        let content = command::Order { account: AccountRef::Id(account), ..*asked };
        let is_same = (known.content, known.link, usize::from(known.id.1)) == (content, link, leg);
        if is_same { Ok(Some(known.id)) } else { Err(Reason::DuplicateClientOrderId) }
    }

    fn find(&self, account: AccountId, name: &ClientOrderId) -> Option<&Named> {
        let mut all = self.live.iter().chain(&self.closed);
        all.find(|named| named.account == account && named.content.client_order_id == *name)
    }

    /// The live order of this name.
    pub(super) fn live(&self, account: AccountId, name: &ClientOrderId) -> Option<Id> {
        let is_it = |n: &&Named| n.account == account && n.content.client_order_id == *name;
        self.live.iter().find(is_it).map(|named| named.id)
    }

    pub(super) fn enter(&mut self, order: &Order, link: Option<Link>) {
        if !order.asked.client_order_id.is_empty() {
            let Order { account, id, .. } = *order;
            let content = command::Order { account: AccountRef::Id(account), ..order.asked };
            self.live.push(Named { account, id, link, content });
        }
    }

    pub(super) fn close(&mut self, id: Id, limits: &Genesis) {
        let Some(place) = self.live.iter().position(|named| named.id == id) else { return };
        let named = self.live.remove(place);
        let account = named.account;
        self.closed.push(named);
        let of_account = self.closed.iter().filter(|named| named.account == account).count();
        if of_account > limits.closed_ids_per_account_max as usize {
            let oldest = self.closed.iter().position(|named| named.account == account);
            self.closed.remove(oldest.expect("one was just put there"));
        }
        if self.closed.len() > limits.closed_ids_max as usize {
            self.closed.remove(0);
        }
    }
}
