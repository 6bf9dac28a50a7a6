//! What the venues say arrives whole, once, and in order, however it is sent.

use std::time::Duration;

use gateway::feeds::{Depth, Forced, Format, LineName, Size, VenueEvent};
use orison_core::Decimal;
use orison_core::command::Foreign;
use serde_json::json;

use crate::town::Town;
use crate::venues::market::Futures;
use crate::venues::{Happened, binance, upbit};

fn forced(number: u64, quantity: &str) -> String {
    format!(
        r#"{{"e":"forceOrder","E":{number},"o":{{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC",
        "q":"{quantity}","p":"50000.00","ap":"50000.00","X":"FILLED","l":"1","z":"1",
        "T":{number}}},"st":1,"ps":"BTCUSDT","never_seen":{{"deep":[1,{{}}]}}}}"#
    )
}

fn trade(number: u64) -> String {
    format!(
        r#"{{"e":"aggTrade","E":5,"s":"BTCUSDT","a":{number},"p":"61800.10","q":"0.5","nq":"0.5",
        "f":1,"l":2,"T":4,"m":true}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn fragments_garbage_and_unknown_fields_lose_nothing() {
    for fragment_bytes in [0, 1, 7, 100] {
        let mut town = Town::with(&["binance:liquidation:*", "upbit:ticker:BTC-KRW"]);
        for house in [&town.binance, &town.upbit] {
            house.behave(|manners| manners.fragment_bytes = fragment_bytes);
        }
        town.rest().await;
        for number in 1..=50 {
            assert_eq!(binance::say(&town.binance, &["!forceOrder@arr"], &forced(number, "1")), 1);
            town.binance.blurt(r#"{"e":"forceOrder","E":1,"o":{"s":"BTC"#);
            town.binance.blurt(r#"{"e":"somethingNew","E":1,"o":[]}"#);
            town.binance.blurt("");
            let ticker = json!({"type": "ticker", "code": "KRW-BTC", "trade_price": number,
                "signed_change_rate": 0.5, "timestamp": number, "new": {"field": [null]}});
            upbit::say(&town.upbit, &ticker);
            town.upbit.blurt("[1,");
        }
        let (mut times, mut tickers) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            match town.hear().await {
                VenueEvent::Liquidation(forced) => times.push(forced.liquidation.event_time_ms),
                VenueEvent::Ticker(ticker) => tickers.push(ticker.event_time_ms),
                other => panic!("{other:?}"),
            }
        }
        let all: Vec<u64> = (1..=50).collect();
        assert_eq!((&times, &tickers), (&all, &all), "frames of {fragment_bytes} bytes");
        assert_eq!(town.metrics(LineName::BinanceMarket).connects, 1, "it lives on");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_twice_is_heard_once() {
    let mut town = Town::with(&[
        "binance:liquidation:*",
        "binance:liquidation:BTCUSDT",
        "binance:trade:BTCUSDT",
    ]);
    town.rest().await;
    let both = ["btcusdt@forceOrder", "!forceOrder@arr"];
    assert_eq!(binance::say(&town.binance, &both, &forced(1, "1")), 2, "on both streams");
    binance::say(&town.binance, &["btcusdt@aggTrade"], &trade(7));
    binance::say(&town.binance, &["btcusdt@aggTrade"], &trade(8));
    town.binance.cut_all();
    town.binance.until(|house| house.count(is_open) == 2 && house.carried().len() == 3).await;
    // A venue tells again what it told before the reconnect.
    binance::say(&town.binance, &both, &forced(1, "1"));
    binance::say(&town.binance, &["btcusdt@aggTrade"], &trade(8));
    binance::say(&town.binance, &["btcusdt@aggTrade"], &trade(11));
    binance::say(&town.binance, &both, &forced(2, "2"));
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(match town.hear().await {
            VenueEvent::Liquidation(Forced { size, usd_value, .. }) => {
                format!("{size:?} {usd_value}")
            }
            VenueEvent::Trade(trade) => format!("{:?} {}", trade.side, trade.trade_id),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(said, ["Ordinary 50000", "Sell 7", "Sell 8", "Sell 11", "Large 100000"]);
    town.rest().await;
    assert!(town.heard.try_recv().is_err(), "no more than that");
    let metrics = town.metrics(LineName::BinanceMarket);
    assert_eq!((metrics.duplicates, metrics.trades_missed, metrics.large_liquidations), (5, 2, 1));
}

fn is_open(what: &Happened) -> bool {
    matches!(what, Happened::Opened { .. })
}

#[tokio::test(start_paused = true)]
async fn a_large_liquidation_is_what_the_settings_say() {
    let mut town = Town::new(|settings| {
        settings.large_usd =
            "25000".parse::<u32>().map(|usd| orison_core::Decimal::new(usd.into(), 0)).unwrap();
        settings.topics = crate::town::topics(&["binance:liquidation:*"]);
    });
    town.rest().await;
    for (number, quantity, size) in [(1, "0.499", Size::Ordinary), (2, "0.5", Size::Large)] {
        binance::say(&town.binance, &["!forceOrder@arr"], &forced(number, quantity));
        let VenueEvent::Liquidation(heard) = town.hear().await else { panic!("no liquidation") };
        assert_eq!(heard.size, size);
    }
}

#[tokio::test(start_paused = true)]
async fn each_format_and_either_opcode_tells_the_same() {
    let mut told = Vec::new();
    for format in Format::ALL {
        for binary in [true, false] {
            let mut town = Town::new(|settings| {
                settings.upbit_format = format;
                settings.depth_levels = 2;
                settings.topics = crate::town::topics(&[
                    "upbit:ticker:BTC-KRW",
                    "upbit:trade:BTC-KRW",
                    "upbit:depth:BTC-KRW",
                ]);
            });
            town.upbit.behave(|manners| manners.binary = binary);
            // The first is there before anybody asks: it comes as the snapshot.
            let ticker = json!({"type": "ticker", "code": "KRW-BTC", "trade_price": 84000000.0,
                "signed_change_rate": -0.0123, "timestamp": 7});
            upbit::say(&town.upbit, &ticker);
            town.rest().await;
            let unit = |n: f64| {
                json!({"ask_price": 10.0 + n, "bid_price": 9.0 - n,
                "ask_size": 0.5, "bid_size": 1.25})
            };
            upbit::say(
                &town.upbit,
                &json!({"type": "trade", "code": "KRW-BTC", "timestamp": 8,
                "trade_price": 84000001.0, "trade_volume": 0.00012345, "ask_bid": "ASK",
                "sequential_id": 17_000_000_000_000_001_u64, "trade_date": "2026-11-21"}),
            );
            let units: Vec<_> = (0..30).map(|n| unit(f64::from(n))).collect();
            upbit::say(
                &town.upbit,
                &json!({"type": "orderbook", "code": "KRW-BTC",
                "timestamp": 9, "orderbook_units": units, "level": 0}),
            );
            let mut heard = Vec::new();
            for _ in 0..3 {
                heard.push(town.hear().await);
            }
            let [VenueEvent::Ticker(ticker), VenueEvent::Trade(trade), VenueEvent::Depth(depth)] =
                &heard[..]
            else {
                panic!("{heard:?}")
            };
            assert_eq!(ticker.symbol.as_str(), "BTC-KRW");
            assert_eq!(ticker.change_24h.to_decimal().to_string(), "-1.23");
            assert_eq!(trade.quantity.to_decimal().to_string(), "0.00012345");
            assert_eq!((depth.bids.len(), depth.asks.len()), (2, 2));
            told.push(heard);
        }
    }
    assert_eq!(told.len(), 8);
    assert!(told.iter().all(|heard| *heard == told[0]));
}

async fn depth(town: &mut Town) -> Depth {
    match town.hear().await {
        VenueEvent::Depth(depth) => depth,
        other => panic!("{other:?}"),
    }
}

/// The best levels as the venue has them in its own book.
fn best(town: &Town) -> (u64, [String; 4]) {
    let body = town.binance.lock().snapshots["BTCUSDT"].clone();
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let text = |side: &str, field: usize| body[side][0][field].as_str().expect("a text").to_owned();
    let id = body["lastUpdateId"].as_u64().expect("a number");
    (id, [text("bids", 0), text("bids", 1), text("asks", 0), text("asks", 1)])
}

fn shown(depth: &Depth) -> [Decimal; 4] {
    let (bid, ask) = (depth.bids[0], depth.asks[0]);
    [bid.price, bid.quantity, ask.price, ask.quantity].map(Foreign::to_decimal)
}

#[tokio::test(start_paused = true)]
async fn the_local_book_is_the_venues_book_through_gaps_and_reconnects() {
    let mut town = Town::with(&["binance:depth:BTCUSDT"]);
    let mut market = Futures::new("BTCUSDT", 61_800, 9);
    town.rest().await;
    let mut compared = 0;
    for beat in 0..2_000 {
        market.beat(&town.binance, beat % 97 == 96);
        if beat % 500 == 499 {
            town.binance.cut_all();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (id, levels) = best(&town);
        let mut last = None;
        while let Ok(event) = town.heard.try_recv() {
            let VenueEvent::Depth(depth) = event else { panic!("{event:?}") };
            last = Some(depth);
        }
        if let Some(depth) = last.filter(|depth| depth.update_id == id) {
            let levels = levels.map(|level| Decimal::parse(&level).unwrap());
            assert_eq!(shown(&depth), levels, "{beat}");
            compared += 1;
        }
    }
    let metrics = town.metrics(LineName::BinancePublic);
    // 20 gaps and 4 cuts: each costs some beats until a snapshot is in, not more.
    assert!(compared > 1_800, "{compared} compared, {metrics:?}");
    assert!((15..=24).contains(&metrics.book_resyncs), "{metrics:?}");
    assert_eq!((metrics.books, metrics.books_synced), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_refused_is_fetched_again_when_the_venue_says() {
    let mut town = Town::with(&["binance:depth:BTCUSDT"]);
    town.binance.behave(|manners| manners.fetch_refusals = vec![500, 429, 418]);
    let mut market = Futures::new("BTCUSDT", 61_800, 9);
    town.rest().await;
    let mut beats = 0;
    while town.heard.is_empty() {
        market.beat(&town.binance, false);
        tokio::time::sleep(Duration::from_millis(100)).await;
        beats += 1;
        assert!(beats < 1_000, "{:?}", town.metrics(LineName::BinancePublic));
    }
    depth(&mut town).await;
    let fetched = town.binance.log().into_iter().filter_map(|(at, what)| match what {
        Happened::Fetched { .. } => Some(at),
        _ => None,
    });
    let times: Vec<_> = fetched.collect();
    let waits: Vec<f64> = times.windows(2).map(|w| (w[1] - w[0]).as_secs_f64()).collect();
    assert_eq!(waits.len(), 3);
    assert!((0.9..1.4).contains(&waits[0]), "its own back-off: {waits:?}");
    assert!(waits[1..].iter().all(|wait| (7.0..8.0).contains(wait)), "Retry-After: {waits:?}");
    let metrics = town.metrics(LineName::BinancePublic);
    assert_eq!((metrics.snapshot_failures, metrics.books_synced), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn depth_leaves_at_the_pace_that_is_configured() {
    let mut town = Town::new(|settings| {
        settings.depth_interval = Duration::from_secs(1);
        settings.topics = crate::town::topics(&["binance:depth:BTCUSDT"]);
    });
    let mut market = Futures::new("BTCUSDT", 61_800, 3);
    town.rest().await;
    for _ in 0..300 {
        market.beat(&town.binance, false);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The last change comes when its turn does.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut count, mut last) = (0, 0);
    while let Ok(event) = town.heard.try_recv() {
        let VenueEvent::Depth(depth) = event else { panic!("{event:?}") };
        (count, last) = (count + 1, depth.update_id);
    }
    assert!((29..=32).contains(&count), "{count}");
    assert_eq!(last, best(&town).0, "what is left behind is never the last");
}
