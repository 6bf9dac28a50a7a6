//! The resting orders that hand-made events lead to, with what they show and their tickets.

use orison_core::command::{CancelReason, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::event::{
    Accepted, Amended, Cancelled, Conditions, Decremented, Entry, Money, Phase, Place, Priority,
    Refreshed, Rested, Trade, Waiting,
};
use orison_core::{
    AccountId, BookOrder, ClientOrderId, Event, InstrumentId, OrderId, Price, Quantity, Sequence,
    Side, Stamp,
};

use crate::witness::{Witness, resting};

const ANN: AccountId = AccountId(1);
const X: InstrumentId = InstrumentId(1);

fn id(order: u32) -> OrderId {
    OrderId { sequence: Sequence(u64::from(order)), slot: order, leg: 0 }
}

/// A buy order; `level` 0: it does not rest yet.
fn accepted(order: u32, price: i64, quantity: u64, level: u64) -> Event {
    Event::Accepted(Accepted {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::AccountDefault,
        entry: Entry::New,
        fields: OrderFields::NONE,
        client_order_id: ClientOrderId::EMPTY,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

fn display(order: u32, display: u64) -> Event {
    Event::Conditions(Conditions {
        order: id(order),
        partner: OrderId::default(),
        link: None,
        stop_price: Price(0),
        trail: Price(0),
        display: Quantity(display),
        min_quantity: Quantity::ZERO,
        expire_at_ns: 0,
        budget: Money::ZERO,
    })
}

fn waiting(order: u32) -> Event {
    Event::Waiting(Waiting {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        stop_price: Price(120),
        trail: Price(0),
        quantity: Quantity(1),
    })
}

fn rested(order: u32, price: i64, quantity: u64, level: u64) -> Event {
    Event::Rested(Rested {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

fn trade(phase: Phase, maker: u32, taker: u32, quantity: u64) -> Event {
    Event::Trade(Trade {
        maker: id(maker),
        taker: id(taker),
        maker_account: ANN,
        taker_account: ANN,
        instrument: X,
        taker_side: Side::Sell,
        phase,
        price: Price(100),
        quantity: Quantity(quantity),
        maker_fee: Money::ZERO,
        taker_fee: Money::ZERO,
    })
}

fn refreshed(order: u32, tip: u64, hidden: u64) -> Event {
    Event::Refreshed(Refreshed {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        price: Price(100),
        tip: Quantity(tip),
        hidden: Quantity(hidden),
        level: Quantity(tip),
    })
}

fn decremented(phase: Phase, maker: u32, taker: u32, quantity: u64) -> Event {
    Event::Decremented(Decremented {
        maker: id(maker),
        taker: id(taker),
        account: ANN,
        instrument: X,
        taker_side: Side::Sell,
        phase,
        price: Price(100),
        quantity: Quantity(quantity),
        level: Quantity::ZERO,
        taker_level: Quantity::ZERO,
    })
}

fn amended(order: u32, priority: Priority, place: Place, price: i64, quantity: u64) -> Event {
    Event::Amended(Amended {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        priority,
        place,
        old_price: Price(price),
        price: Price(price),
        quantity: Quantity(quantity),
        old_level: Quantity::ZERO,
        level: Quantity::ZERO,
    })
}

fn cancelled(order: u32, place: Place) -> Event {
    Event::Cancelled(Cancelled {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        reason: CancelReason::User,
        place,
        price: Price(100),
        quantity: Quantity::ZERO,
        level: Quantity::ZERO,
    })
}

/// Order, price, visible, hidden, ticket.
type Resting = (u32, i64, u64, u64, u64);

fn check(rows: &[(&str, Vec<Event>, &[Resting])]) {
    for (claim, events, resting) in rows {
        let mut witness = Witness::new();
        let stamp = Stamp { sequence: Sequence(1), time_ns: 0 };
        for event in events {
            witness.on_event(stamp, event);
        }
        witness.on_end(stamp);
        let hashes = resting.iter().map(|&(order, price, open, hidden, ticket)| {
            resting::order_hash(&BookOrder {
                id: id(order),
                account: ANN,
                instrument: X,
                side: Side::Buy,
                price: Price(price),
                open: Quantity(open),
                hidden: Quantity(hidden),
                client_order_id: ClientOrderId::EMPTY,
                ticket,
            })
        });
        let sum = hashes.fold(0u128, u128::wrapping_add);
        assert_eq!(witness.digests().set, sum.to_le_bytes(), "{claim}");
    }
}

/// Ten at 100, three of them shown, ticket 1.
fn iceberg() -> Vec<Event> {
    vec![accepted(1, 100, 10, 3), display(1, 3)]
}

fn after(mut events: Vec<Event>, more: &[Event]) -> Vec<Event> {
    events.extend(more);
    events
}

#[test]
fn an_iceberg_shows_a_tip_and_keeps_the_rest_hidden() {
    use Phase::Continuous;
    let taker = accepted(9, 100, 50, 0);
    let first = [taker, trade(Continuous, 1, 9, 3), refreshed(1, 3, 4)];
    let (book, off) = (Place::Book, Place::OffBook);
    check(&[
        ("at entry", iceberg(), &[(1, 100, 3, 7, 1)]),
        (
            "within its tip",
            after(iceberg(), &[taker, trade(Continuous, 1, 9, 2)]),
            &[(1, 100, 1, 7, 1)],
        ),
        ("next tip", after(iceberg(), &first), &[(1, 100, 3, 4, 2)]),
        (
            "last tip",
            after(
                iceberg(),
                &[
                    taker,
                    trade(Continuous, 1, 9, 3),
                    refreshed(1, 3, 4),
                    trade(Continuous, 1, 9, 3),
                    refreshed(1, 3, 1),
                    trade(Continuous, 1, 9, 3),
                    refreshed(1, 1, 0),
                ],
            ),
            &[(1, 100, 1, 0, 4)],
        ),
        (
            "all of it",
            after(
                after(iceberg(), &first),
                &[trade(Continuous, 1, 9, 3), refreshed(1, 1, 0), trade(Continuous, 1, 9, 1)],
            ),
            &[],
        ),
        (
            "amended down: hidden goes first",
            after(iceberg(), &[amended(1, Priority::Kept, book, 100, 4)]),
            &[(1, 100, 3, 1, 1)],
        ),
        (
            "amended below its tip",
            after(iceberg(), &[amended(1, Priority::Kept, book, 100, 2)]),
            &[(1, 100, 2, 0, 1)],
        ),
        (
            "amended up: a new tip at the back",
            after(
                iceberg(),
                &[taker, trade(Continuous, 1, 9, 2), amended(1, Priority::Lost, book, 100, 20)],
            ),
            &[(1, 100, 3, 17, 2)],
        ),
        (
            "amended through the other side",
            after(iceberg(), &[amended(1, Priority::Lost, off, 101, 20), rested(1, 101, 5, 3)]),
            &[(1, 101, 3, 2, 2)],
        ),
        (
            "decremented: hidden goes first",
            after(iceberg(), &[taker, decremented(Continuous, 1, 9, 8)]),
            &[(1, 100, 2, 0, 1)],
        ),
        ("cancelled", after(iceberg(), &[cancelled(1, book)]), &[]),
        (
            "rests after trades",
            vec![accepted(1, 100, 9, 0), display(1, 2), rested(1, 100, 5, 2)],
            &[(1, 100, 2, 3, 1)],
        ),
    ]);
}

#[test]
fn an_uncross_reduces_both_orders_where_they_stand() {
    use Phase::Uncross;
    let call = || after(iceberg(), &[accepted(2, 99, 20, 20), display(2, 15)]);
    check(&[
        ("call", call(), &[(1, 100, 3, 7, 1), (2, 99, 15, 5, 2)]),
        (
            "traded",
            after(call(), &[trade(Uncross, 1, 2, 8)]),
            &[(1, 100, 2, 0, 1), (2, 99, 12, 0, 2)],
        ),
        ("filled", after(call(), &[trade(Uncross, 1, 2, 10)]), &[(2, 99, 10, 0, 2)]),
        (
            "prevented",
            after(call(), &[decremented(Uncross, 1, 2, 6)]),
            &[(1, 100, 3, 1, 1), (2, 99, 14, 0, 2)],
        ),
        (
            "prevented to nothing",
            after(call(), &[decremented(Uncross, 1, 2, 10), cancelled(1, Place::Book)]),
            &[(2, 99, 10, 0, 2)],
        ),
    ]);
}

#[test]
fn a_market_order_rests_in_a_call_ahead_of_every_price() {
    let call = || vec![accepted(1, 0, 9, 0), rested(1, 0, 9, 0)];
    let off = Place::OffBook;
    check(&[
        ("call", call(), &[(1, 0, 9, 0, 1)]),
        (
            "amended down",
            after(call(), &[amended(1, Priority::Kept, off, 0, 4)]),
            &[(1, 0, 4, 0, 1)],
        ),
        (
            "amended up",
            after(call(), &[amended(1, Priority::Lost, Place::Book, 0, 14)]),
            &[(1, 0, 14, 0, 2)],
        ),
        (
            "traded in part",
            after(call(), &[accepted(2, 99, 4, 4), trade(Phase::Uncross, 1, 2, 4)]),
            &[(1, 0, 5, 0, 1)],
        ),
        ("its remainder", after(call(), &[cancelled(1, off)]), &[]),
    ]);
}

#[test]
fn a_pending_stop_takes_tickets_and_is_not_in_the_set() {
    let stop = || vec![accepted(1, 107, 4, 0), waiting(1)];
    let (lost, kept, off) = (Priority::Lost, Priority::Kept, Place::OffBook);
    let behind = accepted(2, 100, 1, 1);
    check(&[
        ("waits", after(stop(), &[behind]), &[(2, 100, 1, 0, 2)]),
        ("keeps", after(stop(), &[amended(1, kept, off, 107, 3), behind]), &[(2, 100, 1, 0, 2)]),
        (
            "waits again",
            after(stop(), &[amended(1, lost, off, 107, 9), waiting(1), behind]),
            &[(2, 100, 1, 0, 3)],
        ),
        ("fires", after(stop(), &[rested(1, 107, 4, 4)]), &[(1, 107, 4, 0, 2)]),
        ("is cancelled", after(stop(), &[cancelled(1, off), behind]), &[(2, 100, 1, 0, 2)]),
    ]);
}
