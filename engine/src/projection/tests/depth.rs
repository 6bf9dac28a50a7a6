//! Claims about the visible book.

use orison_core::event::{Amended, Level, Place, Priority};
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
    let level = |price, quantity| {
        Event::Level(Level {
            instrument: X,
            side: Side::Sell,
            price: Price(price),
            quantity: Quantity(quantity),
        })
    };
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
