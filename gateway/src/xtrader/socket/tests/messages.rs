//! Every message, as a client reads it.

use serde_json::{Value, json};

use super::harness::Market;

fn subscribe(channels: &[&str], rest: &str) -> String {
    format!(r#"{{"type":"Subscribe","channels":{},"symbols":["BTC-KRW"]{rest}}}"#, json!(channels))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_reaches_every_topic() {
    let market = Market::start();
    let mut viewer = market.connect().await;
    let mut trader = market.connect().await;
    let done = viewer
        .ask(
            subscribe(&["all"], r#","intervals":["1m","5m"],"request_id":"r-1""#),
            "SubscribeSuccess",
        )
        .await;
    assert_eq!(
        done,
        json!({
            "type": "SubscribeSuccess",
            "channels": ["executions", "orderbook", "statistics", "candles"],
            "symbols": ["BTC-KRW"], "intervals": ["1m", "5m"], "request_id": "r-1",
        })
    );
    let book = viewer.next().await;
    assert_eq!((&book["type"], &book["bids"]), (&json!("OrderBookUpdate"), &json!([])));
    let statistics = viewer.next().await;
    assert_eq!(statistics["type"], "MarketStatistics");
    assert_eq!(statistics["last_price"], Value::Null);

    let maker = trader.place("alice", "Sell", 50_000_000, "1.5").await;
    let book = viewer.next_of("OrderBookUpdate").await;
    assert_eq!(book["asks"], json!([[50_000_000, 1.5]]));
    let taker = trader.place("bob", "Buy", 50_000_001, "0.5").await;
    let mut seen = Vec::new();
    let mut execution = Value::Null;
    while seen.len() < 5 {
        let message = viewer.next().await;
        if message["type"] == "Execution" {
            execution = message.clone();
        }
        if message["type"] == "CandlestickUpdate" {
            assert_eq!(message["candle"]["close"], 50_000_000);
            assert_eq!(message["candle"]["volume"], 0.5);
            assert_eq!(message["is_closed"], false);
        }
        seen.push(message["type"].as_str().unwrap().to_owned());
    }
    seen.sort();
    let expected = [
        "CandlestickUpdate",
        "CandlestickUpdate",
        "Execution",
        "MarketStatistics",
        "OrderBookUpdate",
    ];
    assert_eq!(seen, expected);
    assert_eq!(execution["order_id"], taker);
    assert_eq!(execution["maker_order_id"], maker);
    assert_eq!((&execution["side"], &execution["price"]), (&json!("Buy"), &json!(50_000_000)));
    assert_eq!(execution["fee"], 12_500, "500 ppm of 25,000,000");
}
