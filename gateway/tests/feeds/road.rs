//! From a venue's words to what anybody reads of the exchange, and through its journal again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::Views;
use gateway::feeds::{Settings, VenueName};
use orison_core::Symbol;
use orison_core::command::Venue;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::Exchange;
use crate::town::topics;
use crate::venues::{Happened, House, Kind, binance, upbit};

pub(crate) async fn listen(house: &Arc<House>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let house = Arc::clone(house);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(Arc::clone(&house).serve(stream));
        }
    });
    address.to_string()
}

const TICKER: &str = r#"{"e":"24hrTicker","E":7,"s":"BTCUSDT","c":"61800.20","P":"-2.5"}"#;
const FORCED: &str = r#"{"e":"forceOrder","E":8,"o":{"s":"BTCUSDT","S":"SELL","q":"2","p":"61000",
    "T":8}}"#;
const TRADE: &str =
    r#"{"e":"aggTrade","E":9,"s":"BTCUSDT","a":5,"p":"61800.1","q":"0.5","m":true}"#;
const DEPTH: &str = r#"{"e":"depthUpdate","E":10,"s":"BTCUSDT","U":1,"u":3,"pu":0,
    "b":[["61800.2","2.5"]],"a":[["61800.3","1"]]}"#;
const SNAPSHOT: &str = r#"{"lastUpdateId":2,"bids":[["61800.1","4"]],"asks":[]}"#;

/// What the views show of both venues.
fn shown(views: &Views) -> String {
    let (venue, symbol) = (Venue::new("binance").unwrap(), Symbol::new("BTCUSDT").unwrap());
    let tickers: Vec<String> = views
        .tickers
        .all()
        .map(|(_, t)| format!("{} {} {}", t.venue, t.symbol, t.price.to_decimal()))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let forced = views.tickers.liquidations(&venue).count();
    let trade = views.external.trade(&venue, &symbol).map(|(_, trade)| trade.trade_id);
    let book = views.external.book(&venue, &symbol).map(|book| {
        (book.update_id, book.bids.len(), book.asks.len(), book.bids[0].0.to_decimal())
    });
    format!("{tickers:?} {forced} {trade:?} {book:?}")
}

const SUBSCRIPTIONS: &str = "/api/v1/feeds/subscriptions";

async fn asks_over_rest(exchange: &Exchange, futures: &House) {
    let mut rest = exchange.rest().await;
    let feeds = rest.get("/v1/feeds").await.json();
    assert_eq!(feeds["venues"], json!(["binance", "upbit"]));
    assert_eq!(feeds["subscription_stats"]["components"]["configuration"], json!(1));
    assert_eq!(feeds["subscription_stats"]["public_subscriptions"]["binance:trade:BTCUSDT"], 1);
    let lines = feeds["connection_metrics"].as_array().unwrap();
    let names: Vec<&str> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!(names, ["binance_market", "binance_public", "upbit_public"]);
    assert!(lines.iter().all(|line| line["state"] == "open" && line["pending"] == "idle"));
    assert!(feeds["rate_limiter_status"].as_array().unwrap().len() >= 3);
    let more = r#"{"topics":["binance:ticker:ETHUSDT","binance:ticker:BTCUSDT"]}"#;
    let wanted = json!({"topics": ["binance:ticker:BTCUSDT", "binance:ticker:ETHUSDT"]});
    let answer = rest.post(SUBSCRIPTIONS, more).await;
    assert_eq!((answer.status, answer.json()), (200, wanted));
    futures.until(|house| house.carried().contains("ethusdt@ticker")).await;
    for (body, status, error) in [
        (r#"{}"#, 400, "BAD_REQUEST"),
        (r#"{"topics":[1]}"#, 400, "BAD_REQUEST"),
        (r#"{"topics":["kraken:ticker:X"]}"#, 400, "INVALID_PARAMETER"),
        (r#"{"topics":["upbit:order"]}"#, 422, "FEED_NO_KEYS"),
    ] {
        let refused = rest.post(SUBSCRIPTIONS, body).await;
        assert_eq!((refused.status, refused.error().as_str()), (status, error), "{body}");
    }
    let one = format!("{SUBSCRIPTIONS}?topics=binance:ticker:ETHUSDT");
    let left = rest.delete(&one).await.json();
    assert_eq!(left, json!({"topics": ["binance:ticker:BTCUSDT"]}));
    futures.until(|house| !house.carried().contains("ethusdt@ticker")).await;
    assert_eq!(rest.delete(SUBSCRIPTIONS).await.json(), json!({"topics": []}));
    assert!(futures.carried().contains("btcusdt@ticker"), "the configuration wants it still");
}

#[tokio::test]
async fn what_a_venue_says_is_journaled_once_and_replayed() {
    let (futures, won) = (House::new(Kind::Binance), House::new(Kind::Upbit));
    let (futures_at, won_at) = (listen(&futures).await, listen(&won).await);
    futures.lock().snapshots.insert("BTCUSDT".into(), SNAPSHOT.into());
    let mut settings = Settings::new(VenueName::ALL.into_iter().collect());
    settings.binance_ws = format!("ws://{futures_at}");
    settings.binance_rest = format!("http://{futures_at}");
    settings.upbit_ws = format!("ws://{won_at}/websocket/v1");
    settings.topics = topics(&[
        "binance:ticker:BTCUSDT",
        "binance:liquidation:*",
        "binance:trade:BTCUSDT",
        "binance:depth:BTCUSDT",
        "upbit:ticker:BTC-KRW",
    ]);
    let exchange = Exchange::start_with(|config| config.feeds = Some(settings)).await;
    futures.until(|house| house.carried().len() == 4).await;
    won.until(|house| house.carried().len() == 1).await;
    let before = exchange.app.views.read().at().sequence.0;
    for _ in 0..2 {
        binance::say(&futures, &["btcusdt@ticker"], TICKER);
        binance::say(&futures, &["!forceOrder@arr"], FORCED);
        binance::say(&futures, &["btcusdt@aggTrade"], TRADE);
        let ticker = json!({"type": "ticker", "code": "KRW-BTC", "trade_price": 84000000.0,
            "signed_change_rate": 0.01, "timestamp": 7});
        upbit::say(&won, &ticker);
    }
    binance::say(&futures, &["btcusdt@depth"], DEPTH);
    let expected = "[\"binance BTCUSDT 61800.2\", \"upbit BTC-KRW 84000000\"] 1 Some(5) \
        Some((3, 2, 1, 61800.2))";
    let all = async {
        while shown(&exchange.app.views.read()) != expected {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), all).await;
    waited.unwrap_or_else(|_| panic!("{}", shown(&exchange.app.views.read())));
    let entered = exchange.app.views.read().at().sequence.0 - before;
    assert_eq!(entered, 5, "each was said twice but the depth, and entered once");
    let mut rest = exchange.rest().await;
    let ticker = rest.get("/api/v1/ticker/upbit/BTC-KRW").await;
    assert_eq!((ticker.status, ticker.json()["priceChange24h"].clone()), (200, json!(1)));
    let primary = rest.get("/api/v1/ticker").await.json();
    assert_eq!(
        (primary["price"].clone(), primary["timestamp"].clone()),
        (json!(61800.2), json!(7))
    );
    asks_over_rest(&exchange, &futures).await;
    let directory = exchange.stop().await;
    let farewell = |what: &Happened| match what {
        Happened::Closed { code, reason, .. } => *code == Some(1000) && reason == "Shutdown",
        _ => false,
    };
    assert_eq!((futures.count(farewell), won.count(farewell)), (2, 1));
    let again = Exchange::start_in(directory, |_| ()).await;
    assert_eq!(shown(&again.app.views.read()), expected, "a replay has it too");
    let mut rest = again.rest().await;
    let feeds = rest.get("/api/v1/feeds").await;
    assert_eq!((feeds.status, feeds.json()["venues"].clone()), (200, json!([])), "off by default");
    let refused = rest.post(SUBSCRIPTIONS, r#"{"topics":["upbit:ticker:BTC-KRW"]}"#).await;
    assert_eq!((refused.status, refused.error()), (422, "FEED_OFF".to_owned()));
    again.stop().await;
}

/// No network: the exchange trades on, says why the feed is down, and tries again.
#[tokio::test]
async fn a_venue_out_of_reach_is_shown_and_the_exchange_lives_on() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut settings = Settings::new([VenueName::Binance].into());
    settings.binance_ws = format!("ws://{closed}");
    settings.topics = topics(&["binance:ticker:BTCUSDT", "binance:depth:BTCUSDT"]);
    let exchange = Exchange::start_with(|config| config.feeds = Some(settings)).await;
    let mut rest = exchange.rest().await;
    let failed = async {
        loop {
            let feeds = rest.get("/api/v1/feeds").await.json();
            let lines = feeds["connection_metrics"].as_array().unwrap().clone();
            if lines.iter().all(|line| line["connect_failures"].as_u64() >= Some(2)) {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let lines = tokio::time::timeout(Duration::from_secs(60), failed).await.unwrap();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let error = line["last_error"].as_str().unwrap();
        assert!(error.contains("127.0.0.1") && error.contains("refused"), "{error}");
        assert!(["waiting", "connecting"].contains(&line["state"].as_str().unwrap()), "{line}");
        assert_eq!(line["connects"], 0);
    }
    let order = r#"{"symbol":"AAPL","side":"Buy","type":"Limit","price":1,"quantity":1}"#;
    assert_eq!(rest.post("/api/v1/order", order).await.status, 202);
    exchange.stop().await;
}
