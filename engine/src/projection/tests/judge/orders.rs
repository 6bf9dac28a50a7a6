//! Orders and private streams, told anew from the first event on.

use std::collections::{BTreeMap, BTreeSet};

use orison_core::command::{CancelReason, Link, OrderFields, OrderType};
use orison_core::event::{Accepted, Entry, Op};
use orison_core::{AccountId, Event, Exchange, OrderId, Price, Quantity, Side};

use super::{Judge, LIMITS};
use crate::projection::*;

/// Who an event that nobody is told is told to.
const NOBODY: AccountId = AccountId(0);

/// Every order ever, as if nothing were ever forgotten but life events.
#[derive(Default)]
struct Past {
    orders: BTreeMap<OrderId, OrderView>,
    /// In the order of their ends.
    ended: Vec<OrderId>,
    /// With a budget alone, filled by the running command.
    spending: Vec<OrderId>,
}

impl Past {
    fn change(
        &mut self,
        id: OrderId,
        (account, told): (AccountId, AccountEvent),
        change: impl FnOnce(&mut OrderView),
    ) {
        let order = self.orders.get_mut(&id).unwrap();
        if order.account != account {
            return;
        }
        assert!(order.status.is_open(), "nothing happens to an order that has ended");
        change(order);
        order.updated = told.stamp;
        let mut events = order.events.to_vec();
        events.push(told);
        if events.len() > LIMITS.order_events_max {
            events.remove(1);
        }
        order.events = events.into();
        if !order.status.is_open() {
            self.ended.push(id);
        }
    }

    fn end_command(&mut self) {
        for id in std::mem::take(&mut self.spending) {
            let order = self.orders.get_mut(&id).unwrap();
            if order.status.is_open() {
                order.status = OrderStatus::Filled;
                self.ended.push(id);
            }
        }
    }

    fn hear(&mut self, account: AccountId, told: AccountEvent) {
        let to = (account, told);
        match told.event {
            Event::Accepted(of) if of.entry == Entry::New => {
                self.orders.insert(of.order, entered(&of, told));
            }
            Event::Rejected(of) if of.op == Op::New && self.orders.contains_key(&of.order) => {
                self.change(of.order, to, |order| {
                    order.reason = Some(of.reason);
                    order.status = OrderStatus::Rejected;
                });
            }
            Event::Trade(trade) => {
                for (id, fee) in [(trade.maker, trade.maker_fee), (trade.taker, trade.taker_fee)] {
                    self.change(id, to, |order| {
                        let has_quantity = order.fields.has(OrderFields::QUANTITY);
                        order.filled += trade.quantity;
                        if has_quantity {
                            order.remaining -= trade.quantity;
                        } else {
                            order.quantity = order.filled;
                        }
                        order.filled_notional += trade.price.notional(trade.quantity);
                        order.fee += fee.units();
                        order.status = match has_quantity && order.remaining.is_zero() {
                            true => OrderStatus::Filled,
                            false => OrderStatus::PartiallyFilled,
                        };
                    });
                    if !self.orders[&id].fields.has(OrderFields::QUANTITY) {
                        self.spending.push(id);
                    }
                }
            }
            Event::Rested(rested) => self.change(rested.order, to, |order| {
                assert_eq!(order.remaining, rested.quantity, "events account for all of it");
                order.price = Some(rested.price).filter(|price| price.0 != 0);
            }),
            Event::Cancelled(cancelled) => self.change(cancelled.order, to, |order| {
                assert_eq!(order.remaining, cancelled.quantity, "and of what is taken away");
                order.cancel_reason = Some(cancelled.reason);
                order.status = match cancelled.reason {
                    CancelReason::Expired => OrderStatus::Expired,
                    _ => OrderStatus::Cancelled,
                };
            }),
            Event::Amended(amended) => self.change(amended.order, to, |order| {
                order.price = Some(amended.price).filter(|price| price.0 != 0);
                order.remaining = amended.quantity;
                order.quantity = Quantity(order.filled.0 + amended.quantity.0);
            }),
            Event::Waiting(waiting) => self.change(waiting.order, to, |order| {
                assert_eq!(order.remaining, waiting.quantity, "what waits is all of it");
                let conditions = order.conditions.as_mut().unwrap();
                conditions.stop_price = waiting.stop_price;
                conditions.trail = waiting.trail;
            }),
            Event::Triggered(triggered) => {
                self.change(triggered.order, to, |order| order.is_triggered = true);
            }
            Event::Decremented(both) => {
                for id in [both.maker, both.taker] {
                    self.change(id, to, |order| {
                        if order.fields.has(OrderFields::QUANTITY) {
                            order.remaining -= both.quantity;
                        }
                    });
                }
            }
            Event::Conditions(conditions) => {
                let order = self.orders.get_mut(&conditions.order).unwrap();
                order.conditions = Some(Box::new(conditions));
            }
            _ => {}
        }
    }
}

impl Judge {
    pub(super) fn check_orders(&self, exchange: &Exchange, orders: &Orders) {
        let past = self.past();
        let live = live(exchange, orders, &past.orders);
        let kept = kept_closed(&past);
        for account in (1..=8).map(AccountId) {
            let expected: Vec<_> = past
                .orders
                .values()
                .rev()
                .filter(|order| order.account == account)
                .filter(|order| live.contains(&order.id) || kept.contains(&order.id))
                .collect();
            let shown: Vec<_> = orders.of_account(account).collect();
            let order_of_entry = |order: &&OrderView| (order.id.sequence, order.id.leg);
            let mut expected = expected;
            expected.sort_by_key(|order| std::cmp::Reverse(order_of_entry(order)));
            assert_eq!(shown, expected);
            for (place, order) in expected.iter().enumerate() {
                assert_eq!(order.status.is_open(), live.contains(&order.id));
                let older = orders.of_account_before(account, order.id).unwrap();
                assert!(older.eq(expected[place + 1..].iter().copied()));
                let named = |of: &&&OrderView| of.client_order_id == order.client_order_id;
                let latest = expected.iter().find(named).copied();
                let latest = latest.filter(|of| !of.client_order_id.is_empty());
                assert_eq!(orders.by_client(account, &order.client_order_id), latest);
            }
            self.check_stream(account, orders);
        }
        for id in past.orders.keys().filter(|id| !live.contains(id) && !kept.contains(id)) {
            assert_eq!(orders.order(*id), None);
        }
    }

    fn past(&self) -> Past {
        let mut past = Past::default();
        let mut sequence = 0;
        for (account, told) in self.heard() {
            if std::mem::replace(&mut sequence, told.stamp.sequence.0) != told.stamp.sequence.0 {
                past.end_command();
            }
            past.hear(account, told);
        }
        past.end_command();
        past
    }

    /// All that was ever said, and to whom.
    fn heard(&self) -> Vec<(AccountId, AccountEvent)> {
        let mut previous: BTreeMap<AccountId, u64> = BTreeMap::new();
        let mut heard = Vec::new();
        for &(stamp, index, event) in &self.log {
            for account in audience(&event) {
                let previous_sequence =
                    previous.insert(account, stamp.sequence.0).unwrap_or_default();
                heard.push((account, AccountEvent { stamp, index, previous_sequence, event }));
            }
        }
        heard
    }

    fn check_stream(&self, account: AccountId, orders: &Orders) {
        let mut told = self.heard();
        told.retain(|of| of.0 != NOBODY);
        let fresh: Vec<_> =
            told.iter().filter(|(_, told)| told.stamp == self.now).copied().collect();
        assert_eq!(orders.fresh(), fresh);
        let own: Vec<_> = told.iter().filter(|of| of.0 == account).map(|of| of.1).collect();
        let last = &told[told.len().saturating_sub(LIMITS.account_events_total_max)..];
        let count = last.iter().filter(|of| of.0 == account).count();
        let (gone, kept) = own.split_at(own.len() - count.min(LIMITS.account_events_max));
        let forgotten = gone.last().map_or(0, |told| told.stamp.sequence.0);
        for from in [0, forgotten, forgotten + 1, self.now.sequence.0] {
            match orders.events_since(account, from) {
                Resume::From(resumed) => {
                    assert!(from > forgotten || forgotten == 0);
                    assert!(resumed.eq(kept.iter().filter(|of| of.stamp.sequence.0 >= from)));
                }
                Resume::TooOld { oldest } => {
                    assert!(from <= forgotten);
                    assert_eq!(oldest, forgotten + 1);
                }
            }
        }
    }
}

/// What rests, waits for its trigger, or waits for its parent; each as the core says it is.
fn live(
    exchange: &Exchange,
    orders: &Orders,
    past: &BTreeMap<OrderId, OrderView>,
) -> BTreeSet<OrderId> {
    let mut live = BTreeSet::new();
    let known = |id| orders.order(id).expect("a live order is known");
    for instrument in exchange.instruments() {
        for order in Side::BOTH.into_iter().flat_map(|side| exchange.book(instrument.id, side)) {
            let view = known(order.id);
            let open = Quantity(order.open.0 + order.hidden.0);
            let limit = Some(order.price).filter(|price| price.0 > 0);
            assert_eq!((view.price, view.remaining), (limit, open));
            assert_eq!(view.client_order_id, order.client_order_id);
            live.insert(order.id);
        }
        for stop in exchange.stops(instrument.id) {
            let view = known(stop.id);
            let conditions = view.conditions.as_ref().expect("a stop has a stop price or a trail");
            assert_eq!(view.remaining, stop.quantity);
            assert!(!view.is_triggered);
            match view.order_type {
                OrderType::TrailingStop => assert_ne!(conditions.trail, Price(0)),
                _ => assert_eq!(stop.stop_price, Some(conditions.stop_price)),
            }
            live.insert(stop.id);
        }
    }
    for order in past.values().filter(|order| order.status.is_open()) {
        if !live.contains(&order.id) {
            let conditions = order.conditions.as_ref().expect("only a child is nowhere");
            assert_eq!((conditions.link, order.id.leg), (Some(Link::Oto), 1));
            assert!(past[&conditions.partner].status.is_open(), "its parent is not over");
            live.insert(order.id);
        }
    }
    live
}

/// Closed orders that must still be known.
fn kept_closed(past: &Past) -> BTreeSet<OrderId> {
    let ended = &past.ended;
    let first = ended.len().saturating_sub(LIMITS.closed_orders_total_max);
    let account = |id: &OrderId| past.orders[id].account;
    (first..ended.len())
        .filter(|&place| {
            let own = account(&ended[place]);
            let newer = ended[place + 1..].iter().filter(|id| account(id) == own).count();
            newer < LIMITS.closed_orders_max
        })
        .map(|place| ended[place])
        .collect()
}

fn entered(accepted: &Accepted, told: AccountEvent) -> OrderView {
    let fields = accepted.fields;
    let has_limit = fields.has(OrderFields::PRICE) || fields.has(OrderFields::PROTECTION);
    OrderView {
        id: accepted.order,
        client_order_id: accepted.client_order_id,
        account: accepted.account,
        instrument: accepted.instrument,
        side: accepted.side,
        order_type: accepted.order_type,
        time_in_force: accepted.time_in_force,
        self_trade: accepted.self_trade,
        fields,
        conditions: None,
        is_triggered: false,
        price: (has_limit && accepted.price.0 > 0).then_some(accepted.price),
        quantity: accepted.quantity,
        filled: Quantity::ZERO,
        remaining: accepted.quantity,
        filled_notional: 0,
        fee: 0,
        status: OrderStatus::New,
        reason: None,
        cancel_reason: None,
        created: told.stamp,
        updated: told.stamp,
        events: vec![told].into(),
    }
}

/// Whom an event is told, the maker before the taker.
fn audience(event: &Event) -> Vec<AccountId> {
    match event {
        Event::Accepted(of) if of.entry == Entry::New => vec![of.account],
        Event::Rejected(of) => vec![of.account],
        Event::Trade(of) if of.maker_account == of.taker_account => vec![of.maker_account],
        Event::Trade(of) => vec![of.maker_account, of.taker_account],
        Event::Rested(of) => vec![of.account],
        Event::Cancelled(of) => vec![of.account],
        Event::Amended(of) => vec![of.account],
        Event::Waiting(of) => vec![of.account],
        Event::Triggered(of) => vec![of.account],
        Event::Decremented(of) => vec![of.account],
        Event::Balance(of) => vec![of.account],
        Event::Conditions(_) => vec![NOBODY],
        _ => vec![],
    }
}
