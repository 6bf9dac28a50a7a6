//! What the model guesses, and weights on request.

use serde_json::json;

use crate::client::{Quest, hurried};
use crate::support::Exchange;

#[tokio::test]
async fn a_signal_before_the_first_guess_is_hold_with_nulls() {
    let exchange = Exchange::start_with(hurried).await;
    let mut quest = Quest::open(&exchange, "/ws/ml-signals").await;
    let (kind, confirmed) = quest.ask("SUBSCRIBE", json!({"symbols": ["AAPL"]})).await;
    assert_eq!(
        (kind.as_str(), &confirmed["symbols"], &confirmed["updateInterval"]),
        ("SUBSCRIPTION_CONFIRMED", &json!(["AAPL"]), &json!(20))
    );
    for _ in 0..3 {
        let told = quest.told().await;
        let expected = json!({
            "symbol": "AAPL", "signal": "HOLD", "probability": null, "features": null,
            "horizon": 10, "modelVersion": told["data"]["modelVersion"], "sampledAt": null,
            "learned": 0, "outOfSample": null, "sinceBegin": null,
        });
        assert_eq!((&told["type"], &told["data"]), (&json!("SIGNAL_UPDATE"), &expected));
        assert!(told["data"]["modelVersion"].is_string());
    }
    let (_, left) = quest.ask("UNSUBSCRIBE", json!({"symbols": ["AAPL"]})).await;
    assert_eq!(left["symbols"], json!([]));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn weights_that_nothing_determines_are_an_error() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/ml-signals").await;
    for (data, code) in [
        (json!({"symbols": ["BTC-KRW", "ETH-KRW"]}), "INSUFFICIENT_DATA"),
        (json!({}), "DIFFERENT_CURRENCIES"),
        (json!({"symbols": []}), "INVALID_PARAMETER"),
        (json!({"symbols": ["BTC-KRW", "GOOGL"]}), "SYMBOL_NOT_FOUND"),
        (json!({"objective": "best"}), "INVALID_PARAMETER"),
        (json!({"riskAversion": 0}), "INVALID_PARAMETER"),
        (json!({"riskAversion": 1e-30}), "INVALID_PARAMETER"),
        (json!({"riskAversion": 1e308}), "INVALID_PARAMETER"),
        (json!({"riskAversion": 1_000_000.1}), "INVALID_PARAMETER"),
        (json!({"symbols": ["AAPL"], "riskAversion": 1_000_000}), "INSUFFICIENT_DATA"),
        (json!({"symbols": ["AAPL"], "riskAversion": 0.000001}), "INSUFFICIENT_DATA"),
        (json!({"interval": "1y"}), "INVALID_INTERVAL"),
    ] {
        let (kind, body) = quest.ask("OPTIMIZE_PORTFOLIO", data.clone()).await;
        assert_eq!((kind.as_str(), body["code"].as_str()), ("ERROR", Some(code)), "{data}");
        if body["field"] == "riskAversion" {
            assert_eq!(body["error"], "riskAversion must be a number from 0.000001 to 1000000");
        }
    }
    drop(quest);
    exchange.stop().await;
}
