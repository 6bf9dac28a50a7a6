//! What our own clients subscribe to is asked of the venues, and is no longer wanted when its
//! subscription or session ends, however it ends.

use std::sync::Arc;
use std::time::Duration;

use gateway::feeds::{Settings, VenueName};
use serde_json::json;

use crate::road::listen;
use crate::stomp::Stomp;
use crate::support::Exchange;
use crate::venues::{House, Kind, binance, upbit};

const STUCK: Duration = Duration::from_secs(60);

/// Both venues, of which nothing is wanted yet.
async fn exchange() -> (Exchange, Arc<House>, Arc<House>) {
    let (futures, won) = (House::new(Kind::Binance), House::new(Kind::Upbit));
    let (futures_at, won_at) = (listen(&futures).await, listen(&won).await);
    let mut settings = Settings::new(VenueName::ALL.into_iter().collect());
    settings.binance_ws = format!("ws://{futures_at}");
    settings.binance_rest = format!("http://{futures_at}");
    settings.upbit_ws = format!("ws://{won_at}/websocket/v1");
    let exchange = Exchange::start_with(|config| config.feeds = Some(settings)).await;
    (exchange, futures, won)
}

/// Until exactly these are carried.
async fn carries(house: &House, streams: &[&str]) {
    let is_so = |house: &House| house.carried().iter().eq(streams.iter().copied());
    let waited = tokio::time::timeout(STUCK, house.until(is_so)).await;
    waited.unwrap_or_else(|_| panic!("{:?} and not {streams:?}", house.carried()));
}

/// How many components want what, by the word of `/api/v1/feeds`.
fn wanted(exchange: &Exchange) -> Vec<(String, usize)> {
    let stats = exchange.app.feeds.get().unwrap().status().subscription_stats;
    stats.public_subscriptions.into_iter().collect()
}

#[tokio::test]
async fn a_subscription_asks_the_venue_until_the_last_of_it_ends() {
    let (exchange, futures, won) = exchange().await;
    let (mut one, mut two) = (Stomp::connect(&exchange).await, Stomp::connect(&exchange).await);
    one.subscribe("t", "/topic/ticker.binance.ETHUSDT").await;
    carries(&futures, &["ethusdt@ticker"]).await;
    two.subscribe("t", "/topic/ticker.binance.ETHUSDT").await;
    two.subscribe("p", "/topic/trade.upbit.KRW-BTC").await;
    two.subscribe("d", "/topic/depth.upbit.BTC-KRW").await;
    carries(&won, &["orderbook:KRW-BTC.5", "trade:KRW-BTC"]).await;
    let both = ["binance:ticker:ETHUSDT", "upbit:depth:BTC-KRW", "upbit:trade:BTC-KRW"];
    let counts = [2, 1, 1].into_iter();
    let expected: Vec<_> = both.iter().map(|t| t.to_string()).zip(counts).collect();
    assert_eq!(wanted(&exchange), expected);
    one.ask("UNSUBSCRIBE\nid:t", "").await;
    assert_eq!(wanted(&exchange)[0], (both[0].to_owned(), 1));
    two.ask("UNSUBSCRIBE\nid:p", "").await;
    carries(&won, &["orderbook:KRW-BTC.5"]).await;
    assert_eq!(futures.carried().len(), 1, "the other still wants it");
    // The wire ends without a word.
    drop(two);
    for house in [&futures, &won] {
        tokio::time::timeout(STUCK, house.until(|h| h.lock().guests.is_empty())).await.unwrap();
    }
    assert_eq!(wanted(&exchange), []);
    one.subscribe("all", "/topic/*").await;
    carries(&futures, &["!forceOrder@arr", "btcusdt@ticker"]).await;
    one.ask("DISCONNECT", "").await;
    tokio::time::timeout(STUCK, futures.until(|h| h.lock().guests.is_empty())).await.unwrap();
    exchange.stop().await;
}

#[tokio::test]
async fn what_a_venue_trades_and_quotes_is_told_and_read() {
    let (exchange, futures, won) = exchange().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("trades", "/topic/trade.binance.BTCUSDT").await;
    stomp.subscribe("book", "/topic/depth.upbit.BTC-KRW").await;
    carries(&futures, &["btcusdt@aggTrade"]).await;
    carries(&won, &["orderbook:KRW-BTC.5"]).await;
    let trade = |id: u64| {
        format!(
            r#"{{"e":"aggTrade","E":9,"s":"BTCUSDT","a":{id},"p":"61800.10","q":"0.50","m":true}}"#
        )
    };
    for id in [5, 6, 6, 7] {
        binance::say(&futures, &["btcusdt@aggTrade"], &trade(id));
    }
    let book = json!({"type": "orderbook", "code": "KRW-BTC", "timestamp": 4, "level": 0,
        "orderbook_units": [{"ask_price": 11, "bid_price": 10.5, "ask_size": 2, "bid_size": 0.25},
            {"ask_price": 12, "bid_price": 0, "ask_size": 1, "bid_size": 0}]});
    upbit::say(&won, &book);
    for id in 5..=7 {
        let told = stomp.message("trades").await;
        let sequence = told["sequence"].clone();
        assert_eq!(
            told,
            json!({"type": "TRADE", "venue": "binance", "symbol": "BTCUSDT", "side": "SELL",
                "price": 61800.1, "quantity": 0.5, "tradeId": id, "sequence": sequence,
                "timestamp": 9})
        );
    }
    // The one on the way may have come while the trades were read.
    upbit::say(&won, &{
        let mut next = book.clone();
        next["timestamp"] = json!(5);
        next
    });
    let told = stomp.message("book").await;
    let levels = (json!([[10.5, 0.25]]), json!([[11, 2], [12, 1]]));
    assert_eq!((told["bids"].clone(), told["asks"].clone()), levels);
    assert_eq!((&told["type"], &told["venue"]), (&json!("DEPTH"), &json!("upbit")));
    let mut late = Stomp::connect(&exchange).await;
    late.subscribe("0", "/topic/depth.upbit.KRW-BTC").await;
    assert_eq!(late.message("0").await["asks"], levels.1, "the state at once");
    let mut rest = exchange.rest().await;
    let seen = rest.get("/api/v1/external/binance/BTCUSDT").await;
    let (body, sequence) = (seen.json(), seen.json()["trade"]["sequence"].clone());
    assert_eq!(
        (seen.status, body),
        (
            200,
            json!({"venue": "binance", "symbol": "BTCUSDT", "ticker": null, "orderbook": null,
                "trade": {"side": "SELL", "price": 61800.1, "quantity": 0.5, "tradeId": 7,
                    "timestamp": 9, "sequence": sequence}})
        )
    );
    for symbol in ["BTC-KRW", "KRW-BTC"] {
        let seen = rest.get(&format!("/v1/external/upbit/{symbol}?depth=1")).await.json();
        assert_eq!((&seen["symbol"], &seen["trade"]), (&json!("BTC-KRW"), &json!(null)));
        assert_eq!(seen["orderbook"]["bids"], levels.0);
        assert_eq!(seen["orderbook"]["asks"], json!([[11, 2]]));
    }
    for (path, status, error) in [
        ("external/upbit/ETH-KRW", 404, "EXTERNAL_NOT_FOUND"),
        ("external/kraken/BTC", 404, "EXTERNAL_NOT_FOUND"),
        ("external/binance/BTCUSDT?depth=0", 400, "INVALID_PARAMETER"),
    ] {
        let refused = rest.get(&format!("/api/v1/{path}")).await;
        assert_eq!((refused.status, refused.error().as_str()), (status, error), "{path}");
    }
    exchange.stop().await;
}
