//! Random streams: what must hold between commands does (the harness looks), the visible book and
//! the tickets can be kept from events alone, and the same commands give the same bytes.

extern crate std;

use std::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;

use super::harness::{Harness, account};
use crate::command::*;
use crate::event::{Entry, Event, Place, Priority};
use crate::id::OrderId;
use crate::text::ClientOrderId;
use crate::types::{InstrumentId, Price, Quantity, Side};

/// A consumer that sees nothing but events.
#[derive(Default)]
struct Follower {
    levels: BTreeMap<(Side, Price), u64>,
    tickets: BTreeMap<OrderId, u64>,
    last_ticket: u64,
}

impl Follower {
    fn set(&mut self, side: Side, price: Price, level: Quantity) {
        match level {
            Quantity::ZERO => self.levels.remove(&(side, price)),
            Quantity(level) => self.levels.insert((side, price), level),
        };
    }

    fn queued(&mut self, order: OrderId) {
        self.last_ticket += 1;
        self.tickets.insert(order, self.last_ticket);
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::Accepted(e) if e.entry == Entry::New && !e.level.is_zero() => {
                self.set(e.side, e.price, e.level);
                self.queued(e.order);
            }
            Event::Rested(e) => {
                self.set(e.side, e.price, e.level);
                self.queued(e.order);
            }
            Event::Trade(e) => {
                let at = (e.taker_side.opposite(), e.price);
                let level = self.levels[&at] - e.quantity.0;
                self.set(at.0, at.1, Quantity(level));
            }
            Event::Cancelled(e) if e.place == Place::Book => self.set(e.side, e.price, e.level),
            Event::Amended(e) => {
                self.set(e.side, e.old_price, e.old_level);
                if e.place == Place::Book {
                    self.set(e.side, e.price, e.level);
                }
                if (e.place, e.priority) == (Place::Book, Priority::Lost) {
                    self.queued(e.order);
                }
            }
            _ => {}
        }
    }
}

fn name(number: u32) -> ClientOrderId {
    ClientOrderId::new(&std::format!("{number}")).unwrap()
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![9 => (90i64..110).prop_map(Price), 1 => (0i64..=i64::MAX).prop_map(Price)]
}

fn order() -> impl Strategy<Value = Order> {
    let time = prop_oneof![
        6 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
    ];
    (0usize..3, side(), price(), 0u64..20, time, 0u32..8, 0u32..60).prop_map(
        |(who, side, price, quantity, time_in_force, kind, number)| {
            let who = account(["ann", "bob", "cat"][who]);
            let mut order = Order::limit(who, InstrumentId(1), side, price, Quantity(quantity));
            order.time_in_force = time_in_force;
            order.client_order_id = name(number);
            match kind {
                0 => {
                    order.order_type = OrderType::Market;
                    order.fields = OrderFields::QUANTITY;
                }
                1 => order.fields = order.fields.with(OrderFields::POST_ONLY),
                _ => {}
            }
            order
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let target = (0usize..3, 0u32..60).prop_map(|(who, number)| {
        (account(["ann", "bob", "cat"][who]), Target::Client(name(number)))
    });
    let amend = (target.clone(), 0u8..4, 0u64..20, price()).prop_map(
        |((account, target), fields, quantity, price)| Amend {
            account,
            target,
            fields: AmendFields(fields),
            quantity: Quantity(quantity),
            price,
            stop_price: Price(0),
            trail: Price(0),
        },
    );
    prop_oneof![
        12 => order().prop_map(Command::Place),
        4 => target.clone().prop_map(|(account, target)| {
            Command::Cancel(Cancel { account, target })
        }),
        5 => amend.prop_map(Command::Amend),
        1 => target.prop_map(|(account, _)| Command::MassCancel(MassCancel {
            account,
            instrument: None,
            side: None,
            reason: CancelReason::Mass,
            actor: Actor::EMPTY,
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_book_can_be_kept_from_events_alone(
        commands in prop::collection::vec(command(), 1..150),
    ) {
        let mut harness = Harness::with(Genesis {
            closed_ids_max: 10,
            closed_ids_per_account_max: 5,
            orders_max: 40,
            ..Genesis::DEFAULT
        });
        let mut follower = Follower::default();
        for command in &commands {
            for event in harness.apply(command) {
                follower.see(&event);
            }
            let mut levels: BTreeMap<_, u64> = BTreeMap::new();
            for side in Side::BOTH {
                for order in harness.exchange.book(InstrumentId(1), side) {
                    *levels.entry((side, order.price)).or_default() += order.open.0;
                    prop_assert_eq!(follower.tickets[&order.id], order.ticket);
                }
            }
            prop_assert_eq!(&follower.levels, &levels, "after {:?}", command);
        }
    }

    #[test]
    fn the_same_commands_give_the_same_bytes(
        commands in prop::collection::vec(command(), 1..100),
    ) {
        let run = || {
            let (mut harness, mut bytes) = (Harness::new(), Vec::new());
            for command in &commands {
                for event in harness.apply(command) {
                    let mut out = [0; Event::CANONICAL_MAX];
                    let length = event.canonical(&mut out);
                    bytes.extend_from_slice(&out[..length]);
                }
            }
            harness.exchange.canonical(&mut |piece| bytes.extend_from_slice(piece));
            bytes
        };
        prop_assert_eq!(run(), run());
    }
}
