//! Claims about what everybody may read: trades, statistics, candles, prayers, foreign prices.

use orison_core::command::{ExternalTrade, Foreign, Liquidation, Prayer, Ticker, Venue};
use orison_core::event::{AccountOpened, ExternalHead, ExternalQuote, Prayed};
use orison_core::{
    AccountId, AccountName, Event, ExecutionId, InstrumentId, Price, Sequence, Side, Symbol,
};

use super::feed::*;
use crate::projection::candles::{Candle, CandleChange, Interval};
use crate::projection::*;

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
fn a_venues_book_is_the_one_told_last_and_whole() {
    let foreign = |mantissa| Foreign { mantissa, scale: 1 };
    let (venue, symbol) = (Venue::new("binance").unwrap(), Symbol::new("BTCUSDT").unwrap());
    let head = |bids, asks, update_id| {
        let event_time_ms = update_id + 1;
        Event::ExternalDepth(ExternalHead { venue, symbol, bids, asks, update_id, event_time_ms })
    };
    let level = |side, price| {
        let (price, quantity) = (foreign(price), foreign(2));
        Event::ExternalLevel(ExternalQuote { side, price, quantity })
    };
    let trade = ExternalTrade {
        venue,
        symbol,
        side: Side::Buy,
        price: foreign(3),
        quantity: foreign(4),
        trade_id: 5,
        event_time_ms: 6,
    };
    let mut feed = Feed::new();
    let first = [head(2, 1, 1), level(Side::Buy, 9), level(Side::Buy, 8), level(Side::Sell, 10)];
    feed.command(&first);
    feed.command(&[head(1, 0, 2), level(Side::Buy, 7)]);
    feed.command(&[Event::ExternalTrade(trade)]);
    let external = &feed.views.external;
    let book = ExternalBook {
        stamp: feed.stamp(2),
        bids: vec![(foreign(7), foreign(2))],
        asks: vec![],
        update_id: 2,
        event_time_ms: 3,
    };
    assert_eq!(external.book(&venue, &symbol), Some(&book));
    assert_eq!(external.trade(&venue, &symbol), Some((feed.stamp(3), trade)));
    let upbit = Venue::new("upbit").unwrap();
    assert_eq!((external.book(&upbit, &symbol), external.trade(&upbit, &symbol)), (None, None));
}

#[test]
fn books_of_venues_never_take_more_than_their_limit() {
    let mut feed = Feed::new();
    let venue = Venue::new("binance").unwrap();
    let symbol = |number: usize| Symbol::new(&format!("S{number}")).unwrap();
    for number in 0..=external::CHANNELS_MAX {
        let (bids, asks, update_id, event_time_ms) = (0, 0, 0, 0);
        let symbol = symbol(number);
        let head = ExternalHead { venue, symbol, bids, asks, update_id, event_time_ms };
        feed.command(&[Event::ExternalDepth(head)]);
    }
    let external = &feed.views.external;
    assert_eq!(external.book(&venue, &symbol(0)), None, "heard of longest ago");
    assert!(external.book(&venue, &symbol(1)).is_some());
    assert!(external.book(&venue, &symbol(external::CHANNELS_MAX)).is_some());
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
    assert_eq!(catalog.instruments(), [instrument()]);
}

#[test]
fn a_turnover_beyond_128_bits_is_the_most_there_is_until_it_fits_again() {
    let largest = i128::from(i64::MAX) * (u64::MAX as i128 - 1);
    let mut feed = Feed::new();
    let day = |feed: &Feed| feed.views.statistics.day(X);
    feed.trade(i64::MAX, u64::MAX - 1);
    assert_eq!(day(&feed).turnover, largest);
    feed.trade(i64::MAX, u64::MAX - 1).trade(3, 5);
    assert_eq!((day(&feed).turnover, day(&feed).trade_count), (i128::MAX, 3));
    feed.at(DAY);
    feed.trade(2, 5);
    assert_eq!(day(&feed).turnover, i128::MAX, "the minute it happened in is not over");
    feed.at(DAY + MINUTE);
    feed.command(&[]);
    assert_eq!((day(&feed).turnover, day(&feed).trade_count), (10, 1));
}
