//! What an account holds, told when asked and when it changes.

use serde_json::{Value, json};

use crate::client::{Quest, hurried, trade};
use crate::support::Exchange;

const TAKER: &str = "/ws/portfolio?account=taker";

fn subscribed(updates: &str) -> Value {
    json!({"portfolioId": 1, "updateType": updates, "updateInterval": 5000})
}

#[tokio::test]
async fn an_account_that_nobody_knows_has_one_empty_portfolio() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/portfolio?account=nobody").await;
    let list = quest.told().await;
    let entry = json!({"portfolioId": 1, "account": "nobody", "currencies": [], "positions": 0});
    assert_eq!(list["type"], "PORTFOLIO_LIST");
    assert_eq!(list["data"], json!({"portfolios": [entry]}));
    let position = json!({
        "portfolioId": 1, "symbol": "AAPL", "currency": "USD", "quantity": 0, "averageCost": 0,
        "cost": 0, "price": null, "marketValue": 0, "unrealizedPnL": 0, "realizedPnL": 0,
        "dayChange": null, "dayChangeRatio": null, "allocation": null,
    });
    for (kind, data, told, expected) in [
        (
            "REQUEST_PORTFOLIO_SNAPSHOT",
            json!({}),
            "PORTFOLIO_SNAPSHOT",
            json!({
                "portfolioId": 1, "account": "nobody", "totalCost": 0, "totalValue": 0,
                "unrealizedPnL": 0, "realizedPnL": 0, "dayChange": 0,
                "diversificationScore": null, "parts": [], "positions": [],
            }),
        ),
        (
            "PORTFOLIO_ANALYTICS",
            json!({"portfolioId": "1"}),
            "PORTFOLIO_ANALYTICS",
            json!({"portfolioId": 1, "parts": []}),
        ),
        ("UPDATE_POSITION", json!({"symbol": "AAPL"}), "POSITION_UPDATE", position),
    ] {
        let answer = quest.ask(kind, data).await;
        assert_eq!(answer, (told.to_owned(), expected), "{kind}");
    }
    assert!(exchange.app.views.read().catalog.account_names().is_empty(), "a read opens none");
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn fills_make_positions_with_their_cost_and_profit() {
    let exchange = Exchange::start().await;
    // It buys 10 at 100 and 10 at 120: 20 at 110, worth 2,400.
    for price in [100, 120] {
        trade(&exchange, "AAPL", price, "10").await;
    }
    let mut quest = Quest::open(&exchange, TAKER).await;
    let list = quest.told().await["data"]["portfolios"][0].clone();
    assert_eq!((&list["currencies"], &list["positions"]), (&json!(["USD"]), &json!(1)));
    let (_, snapshot) = quest.ask("REQUEST_PORTFOLIO_SNAPSHOT", json!({"portfolioId": 1})).await;
    let totals = ["totalCost", "totalValue", "unrealizedPnL", "realizedPnL", "dayChange"];
    assert_eq!(totals.map(|name| snapshot[name].as_i64().unwrap()), [2200, 200, 200, 0, 400]);
    assert_eq!(snapshot["diversificationScore"], json!(0));
    let position = &snapshot["positions"][0];
    let expected = json!({
        "symbol": "AAPL", "currency": "USD", "quantity": 20, "averageCost": 110, "cost": 2200,
        "price": 120, "marketValue": 2400, "unrealizedPnL": 200, "realizedPnL": 0,
        "dayChange": 400, "dayChangeRatio": 0.2, "allocation": 1,
    });
    assert_eq!(*position, expected);
    let (kind, details) = quest.ask("REQUEST_POSITION_DETAILS", json!({"symbol": "AAPL"})).await;
    assert_eq!((kind.as_str(), &details["cost"]), ("POSITION_DETAILS", &json!(2200)));
    assert_eq!((&details["quote"]["price"], &details["openOrders"]), (&json!(120), &json!([])));
    // The other side is short of the same.
    let mut maker = Quest::open(&exchange, "/ws/portfolio?account=maker").await;
    let (_, short) = maker.ask("UPDATE_POSITION", json!({"symbol": "AAPL"})).await;
    assert_eq!(
        (&short["quantity"], &short["marketValue"], &short["unrealizedPnL"]),
        (&json!(-20), &json!(-2400), &json!(-200))
    );
    drop((quest, maker));
    exchange.stop().await;
}

#[tokio::test]
async fn several_currencies_have_parts_and_no_total() {
    let exchange = Exchange::start().await;
    trade(&exchange, "AAPL", 100, "1").await;
    trade(&exchange, "BTC-KRW", 50_000_000, "0.1").await;
    let mut quest = Quest::open(&exchange, TAKER).await;
    let (_, snapshot) = quest.ask("REQUEST_PORTFOLIO_SNAPSHOT", json!({})).await;
    assert_eq!((&snapshot["totalValue"], &snapshot["totalCost"]), (&json!(null), &json!(null)));
    let parts = snapshot["parts"].as_array().unwrap();
    let cost = |part: &Value| (part["currency"].clone(), part["totalCost"].clone());
    let mut costs: Vec<_> = parts.iter().map(cost).collect();
    costs.sort_by_key(|(currency, _)| currency.to_string());
    assert_eq!(costs, [(json!("KRW"), json!(5_000_000)), (json!("USD"), json!(100))]);
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn a_subscription_shows_all_and_then_only_what_changes() {
    let exchange = Exchange::start_with(hurried).await;
    trade(&exchange, "AAPL", 100, "1").await;
    let mut quest = Quest::open(&exchange, TAKER).await;
    quest.told().await;
    let shown = quest.ask_for_all("SUBSCRIBE_PORTFOLIO", subscribed("ALL")).await;
    let confirmed = json!({
        "portfolioId": 1, "account": "taker", "subscribed": true, "updateType": "ALL",
        "updateInterval": 5000, "positionInterval": 5000,
    });
    assert_eq!(shown[0]["data"], confirmed);
    let kinds: Vec<String> = quest.next(2).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["PORTFOLIO_SNAPSHOT", "PORTFOLIO_ANALYTICS"]);
    let data = json!({"portfolioId": 1, "updateType": "all", "updateInterval": 0});
    let shown = quest.ask_for_all("SUBSCRIBE_PORTFOLIO", data).await;
    let intervals = (&shown[0]["data"]["updateInterval"], &shown[0]["data"]["positionInterval"]);
    assert_eq!(intervals, (&json!(100), &json!(40)), "the schedules, of ticks of 20 ms");
    quest.next(2).await;
    // A command that is none of its own changes nothing that it is told.
    trade(&exchange, "ETH-KRW", 3_000_000, "1").await;
    let updates = ["POSITION_UPDATE", "PORTFOLIO_UPDATE"];
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let told = quest.told().await;
        let kind = told["type"].as_str().unwrap().to_owned();
        if updates.contains(&kind.as_str()) {
            seen.push((kind, told["data"]["symbol"].clone(), told["data"]["parts"].clone()));
        }
    }
    assert_eq!((&seen[0].0, &seen[0].1), (&"POSITION_UPDATE".to_owned(), &json!("ETH-KRW")));
    assert_eq!(seen[1].2.as_array().unwrap().len(), 2, "a second currency");
    let (_, left) = quest.ask("UNSUBSCRIBE_PORTFOLIO", json!({"portfolioId": 1})).await;
    assert_eq!((&left["subscribed"], &left["updateType"]), (&json!(false), &json!(null)));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn positions_are_read_and_portfolios_are_ones_own() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, TAKER).await;
    quest.told().await;
    for (kind, data, code) in [
        ("UPDATE_POSITION", json!({"symbol": "AAPL", "quantity": 5}), "POSITION_READ_ONLY"),
        ("UPDATE_POSITION", json!({"symbol": "AAPL", "averageCost": 5}), "POSITION_READ_ONLY"),
        ("UPDATE_POSITION", json!({"symbol": "GOOGL"}), "SYMBOL_NOT_FOUND"),
        ("UPDATE_POSITION", json!({"portfolioId": 1}), "BAD_REQUEST"),
        ("REQUEST_POSITION_DETAILS", json!({}), "BAD_REQUEST"),
        ("REQUEST_PORTFOLIO_SNAPSHOT", json!({"portfolioId": 2}), "PORTFOLIO_NOT_FOUND"),
        ("SUBSCRIBE_PORTFOLIO", json!({"portfolioId": "x"}), "PORTFOLIO_NOT_FOUND"),
        ("SUBSCRIBE_PORTFOLIO", json!({"updateType": "NONE"}), "INVALID_PARAMETER"),
        ("SUBSCRIBE_PORTFOLIO", json!({"updateInterval": -1}), "INVALID_PARAMETER"),
        ("SUBMIT_ORDER", json!({}), "UNKNOWN_TYPE"),
    ] {
        let (told, body) = quest.ask(kind, data.clone()).await;
        assert_eq!((told.as_str(), body["code"].as_str()), ("ERROR", Some(code)), "{kind} {data}");
    }
    drop(quest);
    exchange.stop().await;
}
