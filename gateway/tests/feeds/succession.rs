//! Connections that have grown old: the next one takes over before the venue ends them.

use std::time::Duration;

use gateway::feeds::{LineName, VenueEvent};

use crate::connection::{TICKER, say, subscribed};
use crate::town::{Town, topics};
use crate::venues::Door;
use crate::venues::market::{Futures, Won};

/// What the venue says all the while is heard once each, and no book is made anew.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_day_leaves_no_hole() {
    let mut town = Town::new(|settings| {
        settings.timing.life = Duration::from_secs(120);
        settings.topics = topics(&[
            TICKER,
            "binance:trade:BTCUSDT",
            "binance:depth:BTCUSDT",
            "upbit:trade:BTC-KRW",
            "upbit:depth:BTC-KRW",
        ]);
    });
    town.rest().await;
    let (mut futures, mut won) =
        (Futures::new("BTCUSDT", 61_800, 7), Won::new("KRW-BTC", 84_000_000, 8));
    let (mut trades, mut sold, mut books) = (Vec::new(), 0, 0);
    let mut levels: Vec<u64> = Vec::new();
    const BEATS: u64 = 10 * 60 * 10;
    for _ in 0..BEATS {
        futures.beat(&town.binance, false);
        won.beat(&town.upbit);
        tokio::time::sleep(Duration::from_millis(100)).await;
        while let Ok(event) = town.heard.try_recv() {
            match event {
                VenueEvent::Trade(trade) if trade.venue.as_str() == "binance" => {
                    trades.push(trade.trade_id);
                }
                VenueEvent::Trade(_) => sold += 1,
                VenueEvent::Depth(depth) if depth.update_id > 0 => levels.push(depth.update_id),
                VenueEvent::Depth(_) => books += 1,
                VenueEvent::Ticker(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(trades, (1..=BEATS).collect::<Vec<_>>(), "each once, in order");
    assert_eq!((sold, books), (BEATS, BEATS));
    assert!(levels.windows(2).all(|pair| pair[0] < pair[1]), "the book never goes back");
    for (house, line) in [
        (&town.binance, LineName::BinanceMarket),
        (&town.binance, LineName::BinancePublic),
        (&town.upbit, LineName::UpbitPublic),
    ] {
        let metrics = town.metrics(line);
        assert!((4..=5).contains(&metrics.reconnects), "{metrics:?}");
        let faults = (metrics.trades_missed, metrics.book_resyncs, metrics.last_error);
        assert_eq!(faults, (0, 0, None), "{line:?}");
        let together = house.lock().together_max.clone();
        assert!(together.values().all(|most| *most == 2), "the old and the new: {together:?}");
    }
    // As many beats less the first, which the snapshot needs.
    assert!(levels.len() as u64 >= BEATS - 10, "{}", levels.len());
}

/// One that is let in and hears nothing does not take over; the old one goes on meanwhile.
#[tokio::test(start_paused = true)]
async fn a_next_connection_that_is_no_good_does_not_take_over() {
    for (door, mute, aloof) in [
        (Door::Refuse(503), false, false),
        (Door::Hang, false, false),
        (Door::Slam, false, false),
        (Door::Open, true, false),
        (Door::Open, true, true),
    ] {
        let mut town = Town::new(|settings| {
            settings.timing.life = Duration::from_secs(300);
            settings.timing.silence = Duration::from_secs(3600);
            settings.topics = topics(&[TICKER]);
        });
        subscribed(&town).await;
        say(&town, 1);
        town.hear().await;
        let behave = |door, mute, aloof| {
            let wanted = (door, mute, aloof);
            town.binance.behave(|m| (m.door, m.mute, m.aloof) = wanted);
        };
        behave(door, mute, aloof);
        tokio::time::sleep(Duration::from_secs(780)).await;
        let failures = town.metrics(LineName::BinanceMarket).connect_failures;
        assert!(failures >= 3, "it is tried again and again: {door:?} {failures}");
        let metrics = town.metrics(LineName::BinanceMarket);
        assert_eq!((metrics.connects, metrics.reconnects), (1, 0), "{door:?}: {metrics:?}");
        assert!(metrics.last_error.unwrap().starts_with("the next connection: "));
        behave(Door::Open, false, false);
        for number in 2..200 {
            say(&town, number);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let metrics = town.metrics(LineName::BinanceMarket);
        assert_eq!((metrics.connects, metrics.reconnects), (2, 1), "{door:?}: {metrics:?}");
        let mut numbers = Vec::new();
        while let Ok(VenueEvent::Ticker(ticker)) = town.heard.try_recv() {
            numbers.push(ticker.event_time_ms);
        }
        assert_eq!(numbers, (2..200).collect::<Vec<_>>(), "{door:?}");
    }
}
