//! Claims about the visible book.

use orison_core::command::CancelReason;
use orison_core::event::{Amended, Conditions, Phase, Place, Priority};
use orison_core::{Event, Price, Quantity, Side};

use super::feed::*;
use crate::projection::OrderStatus;

#[test]
fn a_book_changes_once_a_command_to_final_quantities() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)])
        .command(&[accepted(ANN, 2, Side::Sell, 102, 5, 5)])
        .command(&[accepted(ANN, 3, Side::Sell, 101, 2, 7)])
        .command(&[accepted(ANN, 4, Side::Buy, 99, 1, 1)]);
    assert_eq!(levels(&feed.views, Side::Sell), [(101, 7), (102, 5)]);
    assert_eq!(changes(&feed.views), [(Side::Buy, 99, 1)]);
    assert_eq!(feed.views.depth.changed(), [X]);

    feed.command(&[
        accepted(BOB, 5, Side::Buy, 102, 15, 0),
        trade((ANN, 1), (BOB, 5), Side::Buy, 101, 5),
        trade((ANN, 3), (BOB, 5), Side::Buy, 101, 2),
        trade((ANN, 2), (BOB, 5), Side::Buy, 102, 5),
        rested(BOB, 5, Side::Buy, 102, 3, 3),
    ]);
    let book = feed.views.depth.book(X).unwrap();
    assert_eq!(
        changes(&feed.views),
        [(Side::Buy, 102, 3), (Side::Sell, 101, 0), (Side::Sell, 102, 0)]
    );
    assert_eq!(book.changed_at(), feed.stamp(5));
    assert_eq!(book.previous_sequence(), 4);
    assert_eq!(book.best(Side::Buy), Some((Price(102), Quantity(3))));
    assert_eq!(book.best(Side::Sell), None);

    feed.command(&[Event::Done]);
    let book = feed.views.depth.book(X).unwrap();
    assert_eq!(feed.views.depth.changed(), [], "nothing touched it");
    assert_eq!(book.changed_at(), feed.stamp(5));
    assert_eq!(book.changes().len(), 3, "the last change is still the last");
}

#[test]
fn a_level_that_ends_as_it_began_has_not_changed() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)]);
    let level = |price, quantity| level(Side::Sell, price, quantity);
    feed.command(&[level(101, 2), level(102, 1), level(102, 0), level(101, 5)]);
    assert_eq!(feed.views.depth.changed(), []);
    assert_eq!(feed.views.depth.book(X).unwrap().changed_at(), feed.stamp(1));
    feed.command(&[level(101, 2), level(102, 3), level(101, 5), level(101, 4)]);
    assert_eq!(changes(&feed.views), [(Side::Sell, 101, 4), (Side::Sell, 102, 3)]);
    assert_eq!(feed.views.depth.book(X).unwrap().previous_sequence(), 1);
}

#[test]
fn an_amend_moves_quantity_between_levels() {
    let amended = |order, old, price, quantity, (old_level, level), place| {
        Event::Amended(Amended {
            order: id(order),
            account: ANN,
            instrument: X,
            side: Side::Buy,
            priority: Priority::Lost,
            place,
            old_price: Price(old),
            price: Price(price),
            quantity: Quantity(quantity),
            old_level: Quantity(old_level),
            level: Quantity(level),
        })
    };
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Buy, 99, 5, 5)])
        .command(&[accepted(BOB, 2, Side::Buy, 98, 1, 1)])
        .command(&[accepted(BOB, 3, Side::Sell, 101, 4, 4)])
        .command(&[amended(1, 99, 98, 6, (0, 7), Place::Book)]);
    assert_eq!(changes(&feed.views), [(Side::Buy, 99, 0), (Side::Buy, 98, 7)]);

    feed.command(&[
        amended(1, 98, 101, 6, (1, 0), Place::OffBook),
        trade((BOB, 3), (ANN, 1), Side::Buy, 101, 4),
        rested(ANN, 1, Side::Buy, 101, 2, 2),
    ]);
    assert_eq!(
        changes(&feed.views),
        [(Side::Buy, 101, 2), (Side::Buy, 98, 1), (Side::Sell, 101, 0)]
    );
    let order = feed.views.orders.order(id(1)).unwrap();
    assert_eq!(
        (order.status, order.price, order.quantity, order.filled, order.remaining),
        (OrderStatus::PartiallyFilled, Some(Price(101)), Quantity(6), Quantity(4), Quantity(2))
    );
    assert_eq!((order.filled_notional, order.fee, order.events.len()), (404, 3, 5));
}

#[test]
fn an_iceberg_shows_its_tip_only() {
    let mut feed = Feed::new();
    feed.command(&[
        accepted(ANN, 1, Side::Sell, 101, 10, 3),
        Event::Conditions(Conditions { display: Quantity(3), ..conditions(1) }),
    ])
    .command(&[accepted(BOB, 2, Side::Sell, 101, 2, 5)]);
    assert_eq!(levels(&feed.views, Side::Sell), [(101, 5)]);
    feed.command(&[
        accepted(BOB, 3, Side::Buy, 101, 7, 0),
        trade((ANN, 1), (BOB, 3), Side::Buy, 101, 3),
        refreshed(ANN, 1, (3, 4), 5),
        trade((BOB, 2), (BOB, 3), Side::Buy, 101, 2),
        trade((ANN, 1), (BOB, 3), Side::Buy, 101, 2),
    ]);
    assert_eq!(changes(&feed.views), [(Side::Sell, 101, 1)]);
    let iceberg = feed.views.orders.order(id(1)).unwrap();
    assert_eq!((iceberg.filled, iceberg.remaining), (Quantity(5), Quantity(5)));
}

#[test]
fn an_uncross_says_its_levels_after_its_trades() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)])
        .command(&[accepted(BOB, 2, Side::Buy, 103, 4, 4)])
        .command(&[accepted(BOB, 3, Side::Buy, 0, 2, 0), rested(BOB, 3, Side::Buy, 0, 2, 0)]);
    assert_eq!(levels(&feed.views, Side::Buy), [(103, 4)], "crossed, and without its market order");
    assert_eq!(feed.views.depth.changed(), []);
    feed.command(&[
        uncrossed((ANN, 1), (BOB, 3), Side::Buy, 102, 2),
        uncrossed((ANN, 1), (BOB, 2), Side::Buy, 102, 3),
        level(Side::Buy, 103, 1),
        level(Side::Sell, 101, 0),
    ]);
    assert_eq!(changes(&feed.views), [(Side::Buy, 103, 1), (Side::Sell, 101, 0)]);
    assert_eq!(feed.views.statistics.day(X).last, Some(Price(102)));
    assert_eq!(feed.views.trades.fresh().len(), 2);
}

#[test]
fn prevention_says_the_levels_of_those_that_rest() {
    let entered = || {
        let mut feed = Feed::new();
        feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)]);
        feed
    };
    let mut feed = entered();
    feed.command(&[
        accepted(ANN, 2, Side::Buy, 101, 3, 0),
        decremented(Phase::Continuous, (1, 2), 3, (2, 0)),
        cancelled(ANN, 2, Side::Buy, 101, (0, 0), (CancelReason::SelfTrade, Place::OffBook)),
    ]);
    assert_eq!(changes(&feed.views), [(Side::Sell, 101, 2)]);
    let mut feed = entered();
    feed.command(&[accepted(ANN, 2, Side::Buy, 103, 3, 3)]).command(&[decremented(
        Phase::Uncross,
        (1, 2),
        2,
        (3, 1),
    )]);
    assert_eq!(changes(&feed.views), [(Side::Buy, 103, 1), (Side::Sell, 101, 3)]);
}

#[test]
fn an_amended_stop_changes_no_level() {
    let mut feed = Feed::new();
    feed.command(&[accepted(BOB, 1, Side::Buy, 99, 5, 5)])
        .command(&[accepted(ANN, 2, Side::Buy, 99, 4, 0), waiting(ANN, 2, 105, 4)])
        .command(&[
            Event::Amended(Amended {
                order: id(2),
                account: ANN,
                instrument: X,
                side: Side::Buy,
                priority: Priority::Lost,
                place: Place::OffBook,
                old_price: Price(0),
                price: Price(99),
                quantity: Quantity(4),
                old_level: Quantity::ZERO,
                level: Quantity::ZERO,
            }),
            waiting(ANN, 2, 104, 4),
        ]);
    assert_eq!(levels(&feed.views, Side::Buy), [(99, 5)]);
}
