//! Claims about orders as their owners see them.

use orison_core::command::{CancelReason, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::event::{Accepted, Entry, Op, Place, Rejected};
use orison_core::{
    AccountId, ClientOrderId, Event, OrderId, Price, Quantity, Reason, Sequence, Side, Stamp,
};

use super::feed::*;
use crate::projection::*;

#[test]
fn an_order_is_told_from_its_entry_to_its_end() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)]).command(&[
        accepted(BOB, 2, Side::Buy, 101, 2, 0),
        trade((ANN, 1), (BOB, 2), Side::Buy, 101, 2),
    ]);
    let told = |sequence, index, previous_sequence, event| AccountEvent {
        stamp: Stamp { sequence: Sequence(sequence), time_ns: 0 },
        index,
        previous_sequence,
        event,
    };
    let (entry, fill) =
        (accepted(ANN, 1, Side::Sell, 101, 5, 5), trade((ANN, 1), (BOB, 2), Side::Buy, 101, 2));
    let maker = OrderView {
        id: id(1),
        client_order_id: ClientOrderId::EMPTY,
        account: ANN,
        instrument: X,
        side: Side::Sell,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::AccountDefault,
        fields: OrderFields::PRICE.with(OrderFields::QUANTITY),
        conditions: None,
        is_triggered: false,
        price: Some(Price(101)),
        quantity: Quantity(5),
        filled: Quantity(2),
        remaining: Quantity(3),
        filled_notional: 202,
        fee: -1,
        status: OrderStatus::PartiallyFilled,
        reason: None,
        cancel_reason: None,
        created: feed.stamp(1),
        updated: feed.stamp(2),
        events: vec![told(1, 0, 0, entry), told(2, 1, 1, fill)].into(),
    };
    assert_eq!(feed.views.orders.order(id(1)), Some(&maker));
    let entry = accepted(BOB, 2, Side::Buy, 101, 2, 0);
    let taker = OrderView {
        id: id(2),
        account: BOB,
        side: Side::Buy,
        quantity: Quantity(2),
        remaining: Quantity(0),
        fee: 3,
        status: OrderStatus::Filled,
        created: feed.stamp(2),
        events: vec![told(2, 0, 0, entry), told(2, 1, 2, fill)].into(),
        ..maker.clone()
    };
    assert_eq!(feed.views.orders.order(id(2)), Some(&taker));
    assert_eq!(
        feed.views.orders.fresh(),
        [(BOB, told(2, 0, 0, entry)), (ANN, told(2, 1, 1, fill)), (BOB, told(2, 1, 2, fill)),]
    );

    let end = cancelled(ANN, 1, Side::Sell, 101, (3, 0), BY_USER);
    feed.command(&[end]);
    let events = vec![maker.events[0], maker.events[1], told(3, 0, 2, end)].into();
    let ended = OrderView {
        status: OrderStatus::Cancelled,
        cancel_reason: Some(CancelReason::User),
        updated: feed.stamp(3),
        events,
        ..maker
    };
    assert_eq!(feed.views.orders.order(id(1)), Some(&ended));
}

#[test]
fn an_end_has_a_status() {
    for (reason, status) in [
        (CancelReason::User, OrderStatus::Cancelled),
        (CancelReason::Ioc, OrderStatus::Cancelled),
        (CancelReason::Mass, OrderStatus::Cancelled),
        (CancelReason::SelfTrade, OrderStatus::Cancelled),
        (CancelReason::Closed, OrderStatus::Cancelled),
        (CancelReason::Expired, OrderStatus::Expired),
    ] {
        let mut feed = Feed::new();
        feed.command(&[
            accepted(ANN, 1, Side::Buy, 100, 5, 0),
            cancelled(ANN, 1, Side::Buy, 100, (5, 0), (reason, Place::OffBook)),
        ]);
        let order = feed.views.orders.order(id(1)).unwrap();
        assert_eq!((order.status, order.cancel_reason), (status, Some(reason)));
        assert_eq!(order.remaining, Quantity(5), "what was open when it ended");
    }
}

#[test]
fn a_repeat_and_a_refusal_change_no_order() {
    let mut feed = Feed::new();
    feed.command(&[named(ANN, 1, "a")]);
    let before = feed.views.orders.order(id(1)).cloned();
    let Event::Accepted(first) = named(ANN, 1, "a") else { unreachable!() };
    feed.command(&[Event::Accepted(Accepted { entry: Entry::Duplicate, ..first })]);
    assert_eq!(feed.views.orders.fresh(), []);
    let rejected = |account, op, order| {
        Event::Rejected(Rejected {
            op,
            reason: Reason::UnknownOrder,
            account,
            instrument: X,
            order,
            client_order_id: ClientOrderId::EMPTY,
        })
    };
    feed.command(&[rejected(ANN, Op::Amend, id(1))])
        .command(&[rejected(BOB, Op::Cancel, id(1))])
        .command(&[rejected(AccountId(0), Op::Cancel, id(1))])
        .command(&[rejected(ANN, Op::New, OrderId::default())]);
    assert_eq!(feed.views.orders.order(id(1)).cloned(), before);
    assert_eq!(changes(&feed.views), [(Side::Buy, 100, 10)]);
    let stream = |account, from| match feed.views.orders.events_since(account, from) {
        Resume::From(told) => told.map(|of| (of.stamp.sequence.0, of.previous_sequence)).collect(),
        Resume::TooOld { oldest } => vec![(oldest, u64::MAX)],
    };
    assert_eq!(stream(ANN, 0), [(1, 0), (3, 1), (6, 3)]);
    assert_eq!(stream(ANN, 4), [(6, 3)]);
    assert_eq!(stream(BOB, 0), [(4, 0)]);
    assert_eq!(stream(AccountId(7), 0), []);

    feed.command(&[rejected(ANN, Op::New, id(1))]);
    let order = feed.views.orders.order(id(1)).unwrap();
    assert_eq!((order.status, order.reason), (OrderStatus::Rejected, Some(Reason::UnknownOrder)));
}

#[test]
fn a_trade_with_oneself_is_told_once() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)]).command(&[
        accepted(ANN, 2, Side::Buy, 101, 5, 0),
        trade((ANN, 1), (ANN, 2), Side::Buy, 101, 5),
    ]);
    assert_eq!(feed.views.orders.fresh().len(), 2);
    for order in [1, 2] {
        let order = feed.views.orders.order(id(order)).unwrap();
        assert_eq!((order.status, order.filled), (OrderStatus::Filled, Quantity(5)));
    }
}

#[test]
fn an_account_sees_its_orders_newest_first_within_its_bound() {
    let limits = ViewLimits {
        closed_orders_max: 2,
        closed_orders_total_max: 3,
        account_events_max: 3,
        ..ViewLimits::DEFAULT
    };
    let mut feed = Feed::with(limits);
    let end = |account, order| cancelled(account, order, Side::Buy, 100, (10, 0), BY_USER);
    for order in 1..=5 {
        feed.command(&[named(ANN, order, "n")]);
    }
    let ids = |feed: &Feed, account| -> Vec<u64> {
        feed.views.orders.of_account(account).map(|order| order.id.sequence.0).collect()
    };
    assert_eq!(ids(&feed, ANN), [5, 4, 3, 2, 1]);
    for order in [4, 1, 5] {
        feed.command(&[end(ANN, order)]);
    }
    assert_eq!(ids(&feed, ANN), [5, 3, 2, 1], "4 ended first");
    assert_eq!(feed.views.orders.order(id(4)), None);

    for order in 9..=10 {
        feed.command(&[named(BOB, order, "m"), end(BOB, order)]);
    }
    assert_eq!(ids(&feed, ANN), [5, 3, 2], "three closed ones over all");
    assert_eq!(ids(&feed, BOB), [10, 9]);
    let orders = &feed.views.orders;
    let latest = |account, name| {
        let client = ClientOrderId::new(name).unwrap();
        orders.by_client(account, &client).map(|order| order.id.sequence.0)
    };
    assert_eq!(latest(ANN, "n"), Some(5));
    assert_eq!(latest(BOB, "n"), None);
    assert_eq!(latest(ANN, ""), None);
    let before = |account, order| {
        let older = orders.of_account_before(account, id(order))?;
        Some(older.map(|order| order.id.sequence.0).collect::<Vec<_>>())
    };
    assert_eq!(before(ANN, 5), Some(vec![3, 2]));
    assert_eq!(before(BOB, 5), None, "another account's");
    assert_eq!(before(ANN, 4), None, "forgotten");
    let Resume::TooOld { oldest } = orders.events_since(ANN, 0) else {
        panic!("8 events, 3 are kept")
    };
    assert_eq!(oldest, 6);
}
