//! The names that clients gave their orders: those of live orders, and behind them a window of
//! closed ones, per account and over all, from which the first that closed goes first.

use orison_core::command::{self, AccountRef, Genesis, Link};
use orison_core::{AccountId, ClientOrderId};

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

/// A name that was used before.
#[derive(Debug)]
pub(super) enum Repeat {
    /// For the very same, which then became these orders.
    Same(Vec<Id>),
    Other,
}

impl Clients {
    /// Whether the name of a leg was used before, and for what.
    pub(super) fn known(
        &self,
        account: AccountId,
        link: Option<Link>,
        legs: &[command::Order],
        leg: usize,
    ) -> Option<Repeat> {
        let name = legs[leg].client_order_id;
        let is_twice = leg == 1 && legs[0].client_order_id == name && !name.is_empty();
        if self.find(account, &name).is_none() {
            return is_twice.then_some(Repeat::Other);
        }
        let found = legs.iter().enumerate().map(|(index, asked)| {
            let known = self.find(account, &asked.client_order_id)?;
            let content = command::Order { account: AccountRef::Id(account), ..*asked };
            let is_same = known.content == content && known.link == link;
            (is_same && usize::from(known.id.1) == index).then_some(known.id)
        });
        let found: Option<Vec<Id>> = found.collect();
        let of_one_command = |ids: &Vec<Id>| ids.iter().all(|id| id.0 == ids[0].0);
        Some(found.filter(of_one_command).map_or(Repeat::Other, Repeat::Same))
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
