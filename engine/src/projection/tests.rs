//! Claims about the read models on hand-made events: whole values, row by row.

mod judge;

use orison_core::command::{
    CancelReason, Foreign, Liquidation, OrderFields, OrderType, Prayer, SelfTrade, Ticker,
    TimeInForce, Venue,
};
use orison_core::event::{
    Accepted, AccountOpened, Amended, Cancelled, Level, Money, Op, Phase, Prayed, Priority,
    Rejected, Rested, Trade,
};
use orison_core::{
    AccountId, AccountName, ClientOrderId, ExecutionId, OrderId, Price, Quantity, Reason, Sequence,
    Side, Symbol,
};

use super::candles::CandleChange;
use super::*;

const X: InstrumentId = InstrumentId(1);
const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const DAY: u64 = 1_440 * MINUTE;

/// Views fed with whole commands, numbered from 1.
struct Feed {
    views: Views,
    sequence: u64,
    time_ns: u64,
}

impl Feed {
    fn new() -> Self {
        Self::with(ViewLimits::DEFAULT)
    }

    fn with(limits: ViewLimits) -> Self {
        Self { views: Views::new(limits), sequence: 0, time_ns: 0 }
    }

    fn at(&mut self, time_ns: u64) -> &mut Self {
        self.time_ns = time_ns;
        self
    }

    fn command(&mut self, events: &[Event]) -> &mut Self {
        self.sequence += 1;
        let stamp = self.stamp(self.sequence);
        for (index, event) in (0..).zip(events) {
            self.views.on_event(stamp, index, event);
        }
        self.views.on_end(stamp);
        self
    }

    fn trade(&mut self, price: i64, quantity: u64) -> &mut Self {
        let maker = self.sequence + 1;
        self.command(&[accepted(ANN, maker, Side::Sell, price, quantity, quantity)]);
        let taker = self.sequence + 1;
        self.command(&[
            accepted(BOB, taker, Side::Buy, price, quantity, 0),
            trade((ANN, maker), (BOB, taker), Side::Buy, price, quantity),
        ])
    }

    /// The stamp of a command at the present time.
    fn stamp(&self, sequence: u64) -> Stamp {
        Stamp { sequence: Sequence(sequence), time_ns: self.time_ns }
    }
}

fn id(sequence: u64) -> OrderId {
    OrderId { sequence: Sequence(sequence), slot: (sequence % 4) as u32, leg: 0 }
}

fn named(account: AccountId, order: u64, name: &str) -> Event {
    let Event::Accepted(accepted) = accepted(account, order, Side::Buy, 100, 10, 10) else {
        unreachable!()
    };
    let client_order_id = ClientOrderId::new(name).unwrap();
    Event::Accepted(Accepted { client_order_id, ..accepted })
}

fn accepted(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    quantity: u64,
    level: u64,
) -> Event {
    Event::Accepted(Accepted {
        order: id(order),
        account,
        instrument: X,
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::AccountDefault,
        entry: Entry::New,
        fields: OrderFields::PRICE.with(OrderFields::QUANTITY),
        client_order_id: ClientOrderId::EMPTY,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

fn trade(
    (maker_account, maker): (AccountId, u64),
    (taker_account, taker): (AccountId, u64),
    taker_side: Side,
    price: i64,
    quantity: u64,
) -> Event {
    Event::Trade(Trade {
        maker: id(maker),
        taker: id(taker),
        maker_account,
        taker_account,
        instrument: X,
        taker_side,
        phase: Phase::Continuous,
        price: Price(price),
        quantity: Quantity(quantity),
        maker_fee: Money::new(-1),
        taker_fee: Money::new(3),
    })
}

fn rested(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    quantity: u64,
    level: u64,
) -> Event {
    Event::Rested(Rested {
        order: id(order),
        account,
        instrument: X,
        side,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

fn cancelled(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    (quantity, level): (u64, u64),
    (reason, place): (CancelReason, Place),
) -> Event {
    Event::Cancelled(Cancelled {
        order: id(order),
        account,
        instrument: X,
        side,
        reason,
        place,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

const BY_USER: (CancelReason, Place) = (CancelReason::User, Place::Book);

fn levels(views: &Views, side: Side) -> Vec<(i64, u64)> {
    let book = views.depth.book(X).unwrap();
    book.levels(side).map(|(price, quantity)| (price.0, quantity.0)).collect()
}

fn changes(views: &Views) -> Vec<(Side, i64, u64)> {
    let changes = views.depth.book(X).unwrap().changes();
    changes.iter().map(|change| (change.side, change.price.0, change.quantity.0)).collect()
}

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

#[test]
fn the_tape_resumes_from_any_command_it_still_has() {
    let mut feed = Feed::with(ViewLimits { trades_max: 3, ..ViewLimits::DEFAULT });
    feed.trade(100, 1).trade(101, 2).trade(102, 3).trade(103, 4);
    let trades = &feed.views.trades;
    let expected = PublicTrade {
        execution: ExecutionId { sequence: Sequence(8), index: 0 },
        stamp: feed.stamp(8),
        index: 1,
        previous_sequence: 6,
        trade: match trade((ANN, 7), (BOB, 8), Side::Buy, 103, 4) {
            Event::Trade(trade) => trade,
            _ => unreachable!(),
        },
    };
    assert_eq!(trades.fresh(), [expected]);
    assert_eq!(trades.recent(X).next(), Some(&expected));
    let since = |sequence| match trades.since(X, sequence) {
        Resume::From(trades) => Ok(trades.map(|of| of.stamp.sequence.0).collect::<Vec<_>>()),
        Resume::TooOld { oldest } => Err(oldest),
    };
    for (from, expected) in [
        (0, Err(3)),
        (2, Err(3)),
        (3, Ok(vec![4, 6, 8])),
        (4, Ok(vec![4, 6, 8])),
        (5, Ok(vec![6, 8])),
        (9, Ok(vec![])),
    ] {
        assert_eq!(since(from), expected, "since {from}");
    }
    assert!(matches!(trades.since(InstrumentId(9), 0), Resume::From(_)));
    assert_eq!(trades.recent(InstrumentId(9)).count(), 0);
}

#[test]
fn executions_of_a_sweep_are_counted_and_chained() {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Sell, 101, 5, 5)])
        .command(&[accepted(ANN, 2, Side::Sell, 102, 5, 5)])
        .command(&[
            accepted(BOB, 3, Side::Buy, 102, 10, 0),
            trade((ANN, 1), (BOB, 3), Side::Buy, 101, 5),
            trade((ANN, 2), (BOB, 3), Side::Buy, 102, 5),
        ]);
    let fresh = feed.views.trades.fresh();
    let seen: Vec<_> =
        fresh.iter().map(|of| (of.execution.index, of.index, of.previous_sequence)).collect();
    assert_eq!(seen, [(0, 1, 0), (1, 2, 3)]);
}

#[test]
fn statistics_forget_minute_by_minute_after_a_day() {
    let mut feed = Feed::new();
    let none = DayStatistics::default();
    assert_eq!(feed.views.statistics.day(X), none);
    feed.at(30 * SECOND).trade(100, 1);
    feed.at(90 * SECOND).trade(90, 2);
    feed.at(DAY).trade(95, 4);
    let day = feed.views.statistics.day(X);
    let all = DayStatistics {
        open: Some(Price(100)),
        high: Some(Price(100)),
        low: Some(Price(90)),
        last: Some(Price(95)),
        volume: 7,
        turnover: 660,
        trade_count: 3,
        sequence: 6,
        time_ns: DAY,
    };
    assert_eq!(day, all);
    assert_eq!(feed.views.statistics.changed(), [X]);

    feed.at(DAY + MINUTE - 1).command(&[Event::Done]);
    assert_eq!(feed.views.statistics.day(X), all, "its minute ended less than a day ago");
    assert_eq!(feed.views.statistics.changed(), []);

    feed.at(DAY + MINUTE).command(&[Event::Done]);
    let later = DayStatistics {
        open: Some(Price(90)),
        high: Some(Price(95)),
        volume: 6,
        turnover: 560,
        trade_count: 2,
        sequence: 8,
        time_ns: DAY + MINUTE,
        ..all
    };
    assert_eq!(feed.views.statistics.day(X), later);
    assert_eq!(feed.views.statistics.changed(), [X]);

    feed.at(3 * DAY).command(&[Event::Done]);
    let quiet = DayStatistics { last: Some(Price(95)), sequence: 9, time_ns: 3 * DAY, ..none };
    assert_eq!(feed.views.statistics.day(X), quiet);
}

#[test]
fn a_candle_closes_with_the_first_command_at_or_after_its_end() {
    let mut feed = Feed::with(ViewLimits { candles_max: 2, ..ViewLimits::DEFAULT });
    feed.at(10 * SECOND).trade(100, 1);
    feed.at(20 * SECOND).trade(98, 2);
    let candle = Candle {
        open_time_ns: 0,
        open: Price(100),
        high: Price(100),
        low: Price(98),
        close: Price(98),
        volume: 3,
        turnover: 296,
        trade_count: 2,
        sequence: 4,
    };
    assert_eq!(feed.views.candles.open(X, Interval::M1), Some(&candle));
    let open = |interval| CandleChange { instrument: X, interval, candle, is_closed: false };
    assert_eq!(feed.views.candles.changes(), Interval::ALL.map(open));

    feed.at(MINUTE - 1).command(&[Event::Done]);
    assert_eq!(feed.views.candles.changes(), []);
    feed.at(MINUTE).command(&[Event::Done]);
    assert_eq!(
        feed.views.candles.changes(),
        [CandleChange { instrument: X, interval: Interval::M1, candle, is_closed: true }]
    );
    assert_eq!(feed.views.candles.open(X, Interval::M1), None, "nothing traded since");
    assert_eq!(feed.views.candles.of(X, Interval::M1).collect::<Vec<_>>(), [&candle]);

    feed.at(7 * MINUTE).trade(97, 1);
    let closed_first: Vec<_> =
        feed.views.candles.changes().iter().map(|of| (of.interval, of.is_closed)).collect();
    assert_eq!(closed_first, Interval::ALL.map(|interval| (interval, false)));
    assert_eq!(
        feed.views.candles.open(X, Interval::M1).map(|of| of.open_time_ns),
        Some(7 * MINUTE),
        "minutes without a trade have no candle"
    );
    feed.at(8 * MINUTE).trade(96, 1);
    feed.at(9 * MINUTE).trade(95, 1);
    let opens: Vec<_> =
        feed.views.candles.of(X, Interval::M1).map(|of| of.open_time_ns / MINUTE).collect();
    assert_eq!(opens, [7, 8, 9], "two closed ones are kept, and the open one");
    assert_eq!(feed.views.candles.of(X, Interval::D1).count(), 1);
}

#[test]
fn prayers_fade_after_a_minute_and_totals_stay() {
    let prayed = |side, count, up_total, down_total| {
        Event::Prayed(Prayed { side, count, up_total, down_total })
    };
    let mut feed = Feed::new();
    feed.at(SECOND / 2).command(&[prayed(Prayer::Up, 3, 3, 0)]);
    feed.at(SECOND).command(&[prayed(Prayer::Down, 5, 3, 5)]);
    feed.at(2 * SECOND).command(&[prayed(Prayer::Up, 7, 10, 5)]);
    let view = |up_per_minute, down_per_minute, sequence, time_ns| PrayerView {
        up_total: 10,
        down_total: 5,
        up_per_minute,
        down_per_minute,
        sequence,
        time_ns,
    };
    assert_eq!(feed.views.prayers.view(), view(10, 5, 3, 2 * SECOND));
    for (time_ns, expected, has_changed) in [
        (60 * SECOND, view(10, 5, 3, 2 * SECOND), false),
        (61 * SECOND - 1, view(10, 5, 3, 2 * SECOND), false),
        (61 * SECOND, view(7, 0, 6, 61 * SECOND), true),
        (62 * SECOND, view(0, 0, 7, 62 * SECOND), true),
        (63 * SECOND, view(0, 0, 7, 62 * SECOND), false),
    ] {
        feed.at(time_ns).command(&[Event::Done]);
        assert_eq!(feed.views.prayers.view(), expected, "at {time_ns}");
        assert_eq!(feed.views.prayers.has_changed(), has_changed, "at {time_ns}");
    }
}

#[test]
fn the_latest_ticker_and_the_last_forced_orders_of_a_venue_are_kept() {
    let venue = |name| Venue::new(name).unwrap();
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let price = |mantissa| Foreign { mantissa, scale: 2 };
    let ticker = |name, mantissa| Ticker {
        venue: venue(name),
        symbol,
        price: price(mantissa),
        change_24h: price(1),
        event_time_ms: 7,
    };
    let forced = |mantissa| Liquidation {
        venue: venue("binance"),
        symbol,
        side: Side::Sell,
        quantity: price(1),
        price: price(mantissa),
        event_time_ms: 9,
    };
    let mut feed = Feed::new();
    for (name, mantissa) in [("binance", 1), ("upbit", 2), ("binance", 3)] {
        feed.command(&[Event::Ticker(ticker(name, mantissa))]);
    }
    for mantissa in [4, 5] {
        feed.command(&[Event::Liquidation(forced(mantissa))]);
    }
    let tickers = &feed.views.tickers;
    let latest = (feed.stamp(3), ticker("binance", 3));
    assert_eq!(tickers.latest(&venue("binance"), &symbol), Some(latest));
    assert_eq!(tickers.latest(&venue("kraken"), &symbol), None);
    let all: Vec<_> = tickers.all().collect();
    assert_eq!(all, [latest, (feed.stamp(2), ticker("upbit", 2))]);
    let seen: Vec<_> = tickers.liquidations(&venue("binance")).copied().collect();
    assert_eq!(seen, [(feed.stamp(5), forced(5)), (feed.stamp(4), forced(4))]);
    assert_eq!(tickers.liquidations(&venue("upbit")).count(), 0);
}

#[test]
fn foreign_words_never_take_more_than_their_limits() {
    let mut feed = Feed::new();
    let venue = |number: usize| Venue::new(&format!("v{number}")).unwrap();
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let price = Foreign { mantissa: 1, scale: 0 };
    for number in 0..=tickers::TICKERS_MAX {
        feed.command(&[Event::Ticker(Ticker {
            venue: venue(number),
            symbol,
            price,
            change_24h: price,
            event_time_ms: 0,
        })]);
    }
    for number in 0..=tickers::VENUES_MAX {
        for _ in 0..=tickers::LIQUIDATIONS_PER_VENUE_MAX {
            feed.command(&[Event::Liquidation(Liquidation {
                venue: venue(number),
                symbol,
                side: Side::Buy,
                quantity: price,
                price,
                event_time_ms: 0,
            })]);
        }
    }
    let tickers = &feed.views.tickers;
    assert_eq!(tickers.all().count(), tickers::TICKERS_MAX);
    assert_eq!(tickers.latest(&venue(0), &symbol), None, "heard of longest ago");
    assert!(tickers.latest(&venue(1), &symbol).is_some());
    let kept = |number| tickers.liquidations(&venue(number)).count();
    assert_eq!(kept(0), 0);
    assert_eq!(kept(1), tickers::LIQUIDATIONS_PER_VENUE_MAX);
}

#[test]
fn names_are_found_once_they_were_announced() {
    let mut feed = Feed::new();
    let name = AccountName::new("ann").unwrap();
    feed.command(&[Event::AccountOpened(AccountOpened { account: ANN, name }), Event::Done]);
    let catalog = &feed.views.catalog;
    assert_eq!(catalog.account(&name), Some(ANN));
    assert_eq!(catalog.account_name(ANN), Some(name));
    assert_eq!(catalog.account_name(AccountId(0)), None);
    assert_eq!(catalog.account(&AccountName::new("bob").unwrap()), None);
    assert!(catalog.instruments().is_empty());
}

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
