//! Quotes, candles, updates and the overview.

use serde_json::{Value, json};

use crate::client::{Quest, hurried, trade};
use crate::support::Exchange;

/// A quote of an instrument that nothing happened to.
fn silent(symbol: &str) -> Value {
    json!({
        "symbol": symbol, "price": null, "change": null, "changePercent": null, "open": null,
        "high": null, "low": null, "volume": 0, "turnover": 0, "tradeCount": 0,
        "bidPrice": null, "bidQuantity": null, "askPrice": null, "askQuantity": null,
        "status": "open", "sequence": 0, "updatedAt": null,
    })
}

fn without(mut quote: Value, names: &[&str]) -> Value {
    for name in names {
        quote.as_object_mut().unwrap().remove(*name);
    }
    quote
}

#[tokio::test]
async fn an_empty_market_answers_with_nulls_and_lists_that_are_empty() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    let overview = quest.told().await;
    assert_eq!(overview["type"], "MARKET_OVERVIEW", "everybody is told at once");
    let expected = json!({
        "index": {"value": null, "changePercent": null, "base": 1000, "constituents": 0},
        "markets": [silent("BTC-KRW"), silent("ETH-KRW"), silent("AAPL")],
        "advancing": 0, "declining": 0, "unchanged": 0, "tradeCount": 0,
    });
    assert_eq!(overview["data"], expected);
    for (kind, data, answer) in [
        ("REQUEST_QUOTE", json!({"symbol": "AAPL"}), ("QUOTE_RESPONSE", silent("AAPL"))),
        (
            "REQUEST_HISTORICAL",
            json!({"symbol": "AAPL"}),
            ("HISTORICAL_DATA", json!({"symbol": "AAPL", "interval": "1m", "candles": []})),
        ),
        (
            "REQUEST_ANALYTICS",
            json!({"symbol": "AAPL", "interval": "5m"}),
            (
                "ANALYTICS_DATA",
                json!({
                    "symbol": "AAPL", "interval": "5m", "candles": 0, "close": null,
                    "sma20": null, "ema20": null, "rsi14": null, "macd": null,
                    "bollinger": null, "atr14": null, "vwap": null, "volatility": null,
                }),
            ),
        ),
    ] {
        assert_eq!(quest.ask(kind, data).await, (answer.0.to_owned(), answer.1), "{kind}");
    }
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn a_quote_shows_the_day_and_the_best_of_the_book() {
    let exchange = Exchange::start().await;
    trade(&exchange, "BTC-KRW", 50_000_000, "0.5").await;
    trade(&exchange, "BTC-KRW", 51_000_000, "0.25").await;
    let body = json!({
        "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": 49_000_000, "quantity": 2,
    });
    crate::client::order(&exchange, body).await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    let (kind, quote) = quest.ask("REQUEST_QUOTE", json!({"symbol": "BTC-KRW"})).await;
    let expected = json!({
        "symbol": "BTC-KRW", "price": 51_000_000, "change": 1_000_000, "changePercent": 2,
        "open": 50_000_000, "high": 51_000_000, "low": 50_000_000, "volume": 0.75,
        "turnover": 37_750_000, "tradeCount": 2, "bidPrice": 49_000_000, "bidQuantity": 2,
        "askPrice": null, "askQuantity": null, "status": "open",
    });
    assert_eq!(kind, "QUOTE_RESPONSE");
    assert_eq!(without(quote, &["sequence", "updatedAt"]), expected);
    let request = json!({"symbol": "BTC-KRW", "interval": "1d", "limit": 5});
    let (_, history) = quest.ask("REQUEST_HISTORICAL", request).await;
    let bars = history["candles"].as_array().unwrap();
    let bars: Vec<Value> = bars.iter().map(|bar| without(bar.clone(), &["timestamp"])).collect();
    let expected = json!({
        "open": 50_000_000, "high": 51_000_000, "low": 50_000_000, "close": 51_000_000,
        "volume": 0.75, "tradeCount": 2,
    });
    assert_eq!((history["interval"].clone(), bars), (json!("1d"), vec![expected]));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn a_subscription_is_confirmed_then_shown_then_told_each_tick() {
    let exchange = Exchange::start_with(hurried).await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    let data = json!({"symbols": ["AAPL", "GOOGL", "AAPL"], "subscriptionType": "REAL_TIME"});
    let (kind, confirmed) = quest.ask("SUBSCRIBE", data).await;
    let expected = json!({
        "symbols": ["AAPL"], "unknownSymbols": ["GOOGL"], "subscriptionType": "REAL_TIME",
        "updateInterval": 20,
    });
    assert_eq!((kind.as_str(), confirmed), ("SUBSCRIPTION_CONFIRMED", expected));
    let initial = quest.told().await;
    assert_eq!(initial["data"], json!({"quotes": [silent("AAPL")]}));
    for _ in 0..3 {
        let update = quest.until("REAL_TIME_UPDATE").await;
        assert_eq!(update["data"], silent("AAPL"), "unchanged, and told all the same");
    }
    trade(&exchange, "AAPL", 190, "1").await;
    loop {
        let update = quest.until("REAL_TIME_UPDATE").await;
        if update["data"]["price"] == json!(190) {
            break;
        }
    }
    let (_, left) = quest.ask("UNSUBSCRIBE", json!({"symbols": ["AAPL"]})).await;
    assert_eq!(left["symbols"], json!([]));
    // What comes from here on is of the overview alone.
    for _ in 0..3 {
        assert_eq!(quest.told().await["type"], "MARKET_OVERVIEW");
    }
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn intervals_are_clamped_and_a_snapshot_has_no_updates() {
    let exchange = Exchange::start_with(hurried).await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    for (wished, told) in [(json!(1), 20), (json!(50), 60), (json!("40"), 40), (json!(null), 20)] {
        let data = json!({"symbols": ["AAPL"], "updateInterval": wished});
        let (_, confirmed) = quest.ask("SUBSCRIBE", data).await;
        assert_eq!(confirmed["updateInterval"], json!(told), "{wished}");
    }
    quest.ask("UNSUBSCRIBE", json!({})).await;
    let data = json!({"symbols": ["ETH-KRW"], "subscriptionType": "snapshot"});
    let (_, confirmed) = quest.ask("SUBSCRIBE", data).await;
    assert_eq!(
        (&confirmed["symbols"], &confirmed["subscriptionType"]),
        (&json!([]), &json!("SNAPSHOT"))
    );
    assert_eq!(quest.until("INITIAL_DATA").await["data"]["quotes"], json!([silent("ETH-KRW")]));
    for _ in 0..3 {
        assert_eq!(quest.told().await["type"], "MARKET_OVERVIEW");
    }
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn the_overview_has_an_index_of_equal_weights() {
    let exchange = Exchange::start().await;
    for (symbol, price) in
        [("BTC-KRW", 50_000_000), ("AAPL", 100), ("BTC-KRW", 60_000_000), ("AAPL", 95)]
    {
        trade(&exchange, symbol, price, "1").await;
    }
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    let overview = quest.told().await["data"].clone();
    // (1.2 + 0.95) / 2
    let index = json!({"value": 1075, "changePercent": 7.5, "base": 1000, "constituents": 2});
    assert_eq!(overview["index"], index);
    let counts = ["advancing", "declining", "unchanged", "tradeCount"];
    assert_eq!(counts.map(|name| overview[name].as_u64().unwrap()), [1, 1, 0, 4]);
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_error_and_the_session_lives_on() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    quest.told().await;
    for (text, code, field) in [
        ("", "BAD_REQUEST", json!(null)),
        ("[]", "BAD_REQUEST", json!(null)),
        (r#"{"data":{}}"#, "BAD_REQUEST", json!("type")),
        (r#"{"type":"SUBMIT_ORDER"}"#, "UNKNOWN_TYPE", json!("type")),
        (r#"{"type":"REAL_TIME_UPDATE"}"#, "UNKNOWN_TYPE", json!("type")),
        (r#"{"type":"subscribe"}"#, "UNKNOWN_TYPE", json!("type")),
        (r#"{"type":"REQUEST_QUOTE"}"#, "BAD_REQUEST", json!("symbol")),
        (r#"{"type":"REQUEST_QUOTE","data":[]}"#, "BAD_REQUEST", json!("data")),
        (r#"{"type":"REQUEST_QUOTE","timestamp":1}"#, "BAD_REQUEST", json!("timestamp")),
        (r#"{"type":"REQUEST_QUOTE","data":{"symbol":"X"}}"#, "SYMBOL_NOT_FOUND", json!("symbol")),
        (
            r#"{"type":"REQUEST_HISTORICAL","data":{"symbol":"AAPL","interval":"2m"}}"#,
            "INVALID_INTERVAL",
            json!("interval"),
        ),
        (
            r#"{"type":"REQUEST_HISTORICAL","data":{"symbol":"AAPL","limit":0}}"#,
            "INVALID_PARAMETER",
            json!("limit"),
        ),
        (r#"{"type":"SUBSCRIBE","data":{}}"#, "BAD_REQUEST", json!("symbols")),
        (
            r#"{"type":"SUBSCRIBE","data":{"symbols":["GOOGL"]}}"#,
            "SYMBOL_NOT_FOUND",
            json!("symbols"),
        ),
        (
            r#"{"type":"SUBSCRIBE","data":{"symbols":["AAPL"],"subscriptionType":"NONE"}}"#,
            "INVALID_PARAMETER",
            json!("subscriptionType"),
        ),
    ] {
        quest.send(text).await;
        let told = quest.told().await;
        let seen = (&told["type"], &told["data"]["code"], &told["data"]["field"]);
        assert_eq!(seen, (&json!("ERROR"), &json!(code), &field), "{text}");
        assert!(told["data"]["error"].is_string(), "{text}");
    }
    assert_eq!(quest.ask("REQUEST_QUOTE", json!({"symbol": "AAPL"})).await.0, "QUOTE_RESPONSE");
    drop(quest);
    exchange.stop().await;
}
