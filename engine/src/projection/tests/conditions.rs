//! Claims about orders that are more than a limit and a quantity.

use orison_core::command::{CancelReason, Link, OrderFields, OrderType};
use orison_core::event::{
    Accepted, Amended, Conditions, Money, Op, Phase, Place, Priority, Rejected, StatusCause,
};
use orison_core::instrument::Status;
use orison_core::{ClientOrderId, Event, Price, Quantity, Reason, Side};

use super::feed::*;
use crate::projection::*;

/// ANN's order 1: a buy stop-limit at 105 with the limit 107.
fn stop_limit() -> [Event; 3] {
    let Event::Accepted(plain) = accepted(ANN, 1, Side::Buy, 107, 4, 0) else { unreachable!() };
    let fields = plain.fields.with(OrderFields::STOP_PRICE);
    [
        Event::Accepted(Accepted { order_type: OrderType::StopLimit, fields, ..plain }),
        Event::Conditions(Conditions { stop_price: Price(105), ..conditions(1) }),
        waiting(ANN, 1, 105, 4),
    ]
}

fn order(feed: &Feed, order: u64) -> OrderView {
    feed.views.orders.order(id(order)).unwrap().clone()
}

fn refused(op: Op, reason: Reason, order: u64) -> Event {
    Event::Rejected(Rejected {
        op,
        reason,
        account: ANN,
        instrument: X,
        order: id(order),
        client_order_id: ClientOrderId::EMPTY,
    })
}

#[test]
fn a_stop_waits_where_it_was_put_last_until_it_fires() {
    let mut feed = Feed::new();
    feed.command(&stop_limit());
    let stop_price = |feed: &Feed| order(feed, 1).conditions.unwrap().stop_price;
    let seen = order(&feed, 1);
    assert_eq!((seen.status, seen.remaining), (OrderStatus::New, Quantity(4)));
    assert_eq!((seen.price, stop_price(&feed)), (Some(Price(107)), Price(105)));

    let amended = Amended {
        order: id(1),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        priority: Priority::Lost,
        place: Place::OffBook,
        old_price: Price(0),
        price: Price(108),
        quantity: Quantity(6),
        old_level: Quantity::ZERO,
        level: Quantity::ZERO,
    };
    feed.command(&[Event::Amended(amended), waiting(ANN, 1, 104, 6)]);
    let seen = order(&feed, 1);
    assert_eq!((seen.quantity, seen.remaining), (Quantity(6), Quantity(6)));
    assert_eq!((seen.price, stop_price(&feed)), (Some(Price(108)), Price(104)));
    assert!(!seen.is_triggered);

    feed.command(&[triggered(ANN, 1, 104), rested(ANN, 1, Side::Buy, 108, 6, 6)]);
    let seen = order(&feed, 1);
    assert_eq!((seen.status, seen.is_triggered), (OrderStatus::New, true));
    assert_eq!(seen.events.len(), 6, "what was said with its entry is no event of its life");
}

#[test]
fn what_was_said_with_an_order_is_kept_with_it() {
    let said = Conditions {
        partner: id(2),
        link: Some(Link::Oto),
        trail: Price(3),
        display: Quantity(2),
        min_quantity: Quantity(1),
        expire_at_ns: 77,
        budget: Money::new(1 << 90),
        ..conditions(1)
    };
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Buy, 100, 4, 2), Event::Conditions(said)]);
    assert_eq!(order(&feed, 1).conditions.as_deref(), Some(&said));
    assert_eq!(feed.views.orders.fresh().len(), 1);
}

#[test]
fn a_fired_stop_ends_in_its_own_way() {
    let sold = accepted(BOB, 9, Side::Sell, 106, 9, 9);
    for (end, status, filled) in [
        (refused(Op::New, Reason::PriceBand, 1), OrderStatus::Rejected, 0),
        (trade((BOB, 9), (ANN, 1), Side::Buy, 106, 4), OrderStatus::Filled, 4),
        (
            cancelled(ANN, 1, Side::Buy, 107, (4, 0), (CancelReason::Expired, Place::OffBook)),
            OrderStatus::Expired,
            0,
        ),
    ] {
        let mut feed = Feed::new();
        feed.command(&stop_limit()).command(&[sold]).command(&[triggered(ANN, 1, 105), end]);
        let seen = order(&feed, 1);
        assert_eq!((seen.status, seen.filled), (status, Quantity(filled)), "{end:?}");
    }
}

#[test]
fn a_refused_amend_or_pair_ends_no_order() {
    let mut feed = Feed::new();
    feed.command(&stop_limit());
    for op in [Op::Amend, Op::Cancel, Op::Oco, Op::Oto] {
        feed.command(&[refused(op, Reason::BadCombination, 1)]);
        assert_eq!(order(&feed, 1).status, OrderStatus::New, "{op:?}");
    }
}

#[test]
fn an_order_with_a_budget_alone_is_filled_when_its_command_ends_with_a_trade() {
    let entry = || {
        let Event::Accepted(plain) = accepted(ANN, 3, Side::Buy, 0, 0, 0) else { unreachable!() };
        let fields = OrderFields::BUDGET;
        Event::Accepted(Accepted { order_type: OrderType::Market, fields, ..plain })
    };
    let fills = [
        trade((BOB, 1), (ANN, 3), Side::Buy, 101, 2),
        trade((BOB, 2), (ANN, 3), Side::Buy, 102, 5),
    ];
    let (reason, nothing) = ((CancelReason::Ioc, Place::OffBook), (0, 0));
    let rest = cancelled(ANN, 3, Side::Buy, 0, nothing, reason);
    for (events, status, filled) in [
        (vec![entry(), fills[0], fills[1]], OrderStatus::Filled, 7),
        (vec![entry(), fills[0], fills[1], rest], OrderStatus::Cancelled, 7),
        (vec![entry(), rest], OrderStatus::Cancelled, 0),
        (vec![entry(), waiting(ANN, 3, 105, 0)], OrderStatus::New, 0),
    ] {
        let mut feed = Feed::new();
        feed.command(&[accepted(BOB, 1, Side::Sell, 101, 2, 2)])
            .command(&[accepted(BOB, 2, Side::Sell, 102, 5, 5)])
            .command(&events);
        let seen = order(&feed, 3);
        assert_eq!(
            (seen.status, seen.price, seen.filled, seen.quantity, seen.remaining),
            (status, None, Quantity(filled), Quantity(filled), Quantity::ZERO),
            "{events:?}"
        );
        let open = feed.views.orders.of_account(ANN).filter(|of| of.status.is_open()).count();
        assert_eq!(open, usize::from(status.is_open()));
    }
}

#[test]
fn a_stop_with_a_budget_alone_waits_and_is_filled_by_a_later_command() {
    let Event::Accepted(plain) = accepted(ANN, 1, Side::Buy, 0, 0, 0) else { unreachable!() };
    let fields = OrderFields::BUDGET.with(OrderFields::STOP_PRICE);
    let stop = Event::Accepted(Accepted { order_type: OrderType::Stop, fields, ..plain });
    let mut feed = Feed::new();
    feed.command(&[stop, waiting(ANN, 1, 105, 0)])
        .command(&[accepted(BOB, 2, Side::Sell, 106, 9, 9)])
        .command(&[triggered(ANN, 1, 105), trade((BOB, 2), (ANN, 1), Side::Buy, 106, 3)]);
    let seen = order(&feed, 1);
    assert_eq!((seen.status, seen.filled), (OrderStatus::Filled, Quantity(3)));
    assert_eq!(order(&feed, 2).status, OrderStatus::PartiallyFilled);
}

#[test]
fn prevention_takes_from_both_orders_and_is_told_once() {
    let by_prevention = (CancelReason::SelfTrade, Place::OffBook);
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)]).command(&[
        accepted(ANN, 2, Side::Buy, 101, 3, 0),
        decremented(Phase::Continuous, (1, 2), 3, (2, 0)),
        cancelled(ANN, 2, Side::Buy, 101, (0, 0), by_prevention),
    ]);
    assert_eq!(feed.views.orders.fresh().len(), 3);
    let (maker, taker) = (order(&feed, 1), order(&feed, 2));
    assert_eq!((maker.status, maker.remaining), (OrderStatus::New, Quantity(2)));
    assert_eq!((maker.quantity, maker.filled), (Quantity(5), Quantity::ZERO));
    assert_eq!((taker.status, taker.remaining), (OrderStatus::Cancelled, Quantity::ZERO));
    assert_eq!((maker.events.len(), taker.events.len()), (2, 3));
}

#[test]
fn a_market_order_has_the_limit_of_its_protection() {
    let Event::Accepted(plain) = accepted(ANN, 1, Side::Buy, 0, 4, 0) else { unreachable!() };
    let market = Accepted { order_type: OrderType::Market, fields: OrderFields::QUANTITY, ..plain };
    let fields = market.fields.with(OrderFields::PROTECTION);
    let protected = Accepted { price: Price(103), fields, ..market };
    for (entry, price, level, limit) in
        [(protected, 103, 4, Some(Price(103))), (market, 0, 0, None)]
    {
        let mut feed = Feed::new();
        feed.command(&[Event::Accepted(entry)]);
        assert_eq!(order(&feed, 1).price, limit);
        feed.command(&[rested(ANN, 1, Side::Buy, price, 4, level)]);
        assert_eq!(order(&feed, 1).price, limit);
    }
}

#[test]
fn an_account_is_told_what_is_its_own_and_nothing_else() {
    let public = [
        level(Side::Buy, 99, 4),
        refreshed(ANN, 1, (1, 1), 1),
        Event::Conditions(conditions(1)),
        Event::Status(status(Status::Halted, StatusCause::Command)),
        Event::Done,
    ];
    let own = [
        waiting(ANN, 1, 105, 4),
        triggered(ANN, 1, 105),
        rested(ANN, 1, Side::Buy, 107, 4, 4),
        Event::Balance(balance(ANN, QUOTE, 5, 6)),
    ];
    let mut feed = Feed::new();
    feed.command(&stop_limit()).command(&public);
    assert_eq!(feed.views.orders.fresh(), []);
    feed.command(&own);
    let told: Vec<_> = feed.views.orders.fresh().iter().map(|of| (of.0, of.1.event)).collect();
    assert_eq!(told, own.map(|event| (ANN, event)));
    let Resume::From(resumed) = feed.views.orders.events_since(ANN, 3) else { panic!("kept") };
    assert!(resumed.map(|told| told.event).eq(own));
    let Resume::From(mut resumed) = feed.views.orders.events_since(BOB, 0) else { panic!("kept") };
    assert!(resumed.next().is_none());
}
