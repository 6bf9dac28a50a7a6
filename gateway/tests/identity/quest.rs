//! The StockQuest sockets with identities: nobody is told anything, and an account is its owner's.

use serde_json::json;

use super::house::{House, Proof};
use super::stockquest::Quest;

const FIRST: [(&str, &str); 4] = [
    ("market-data", "MARKET_OVERVIEW"),
    ("portfolio", "PORTFOLIO_LIST"),
    ("orders", "ACTIVE_ORDERS"),
    ("risk-monitoring", "RISK_UPDATE"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_auth_there_are_errors_only_and_a_wrong_token_ends_it() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    for (name, first) in FIRST {
        let path = format!("/ws/{name}");
        let mut quest = Quest::dial(&house.exchange, &path, None).await;
        assert_eq!(quest.told().await["data"]["account"], json!(null), "{name}");
        let (kind, body) = quest.ask("REQUEST_QUOTE", json!({"symbol": "AAPL"})).await;
        assert_eq!((kind.as_str(), &body["code"]), ("ERROR", &json!("UNAUTHENTICATED")), "{name}");
        let (_, body) = quest.ask("AUTH", json!({})).await;
        assert_eq!(body["field"], json!("token"), "{name}");
        let (kind, body) = quest.ask("AUTH", json!({"token": ann.token})).await;
        assert_eq!((kind.as_str(), &body["role"]), ("AUTH_CONFIRMED", &json!("trader")), "{name}");
        assert_eq!(quest.told().await["type"], first, "{name}");
        let (_, again) = quest.ask("AUTH", json!({"token": "guess"})).await;
        assert_eq!(again["code"], "UNAUTHENTICATED", "a live session survives it");
        assert_eq!(quest.ask("HEARTBEAT", json!({})).await.0, "HEARTBEAT");
        let mut guesser = Quest::open(&house.exchange, &path).await;
        let (kind, _) = guesser.ask("AUTH", json!({"token": "guess"})).await;
        assert_eq!((kind.as_str(), guesser.close_code().await), ("ERROR", Some(4401)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_shown_to_its_owner_and_to_who_may_audit() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let bob = house.person("bob", "trader", "bob").await;
    let eve = house.person("eve", "auditor", "eve").await;
    for name in ["portfolio", "orders", "risk-monitoring"] {
        let path = format!("/ws/{name}?account=bob");
        for (person, reads) in [(&ann, false), (&bob, true), (&eve, true)] {
            let mut quest = Quest::open(&house.exchange, &path).await;
            let (kind, body) = quest.ask("AUTH", json!({"token": person.token})).await;
            assert_eq!(kind, "AUTH_CONFIRMED", "{body}");
            if reads {
                assert_eq!(body["account"], "bob", "{name}");
                assert_ne!(quest.told().await["type"], "ERROR", "{name}");
            } else {
                let error = quest.told().await;
                assert_eq!(error["data"]["code"], "UNKNOWN_ACCOUNT", "{name}");
                assert_eq!(quest.close_code().await, Some(1008), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_entered_by_traders_for_their_own_account() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let bob = house.person("bob", "trader", "bob").await;
    let vic = house.person("vic", "viewer", "ann").await;
    let foreign = house.place(&bob, "b1").await;
    let listed = house.rest(Proof::Bearer, Some(&bob), "GET", "/api/v1/orders", "").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let order = |account: serde_json::Value| {
        json!({
            "symbol": "AAPL", "side": "buy", "type": "limit", "price": 1, "quantity": 1,
            "account": account,
        })
    };
    for (person, kind, data, told, code) in [
        (&vic, "SUBMIT_ORDER", order(json!(null)), "ERROR", json!("FORBIDDEN")),
        (&ann, "SUBMIT_ORDER", order(json!(null)), "ORDER_SUBMITTED", json!(null)),
        (&ann, "SUBMIT_ORDER", order(json!("ann")), "ORDER_SUBMITTED", json!(null)),
        (&ann, "SUBMIT_ORDER", order(json!("bob")), "ORDER_REJECTED", json!("UNKNOWN_ACCOUNT")),
        (
            &ann,
            "CANCEL_ORDER",
            json!({"orderId": foreign}),
            "ORDER_REJECTED",
            json!("ORDER_NOT_FOUND"),
        ),
        (
            &ann,
            "REQUEST_ORDER_STATUS",
            json!({"orderId": foreign}),
            "ERROR",
            json!("ORDER_NOT_FOUND"),
        ),
    ] {
        let mut quest = Quest::open(&house.exchange, "/ws/orders").await;
        assert_eq!(quest.ask("AUTH", json!({"token": person.token})).await.0, "AUTH_CONFIRMED");
        let (answer, body) = quest.ask(kind, data.clone()).await;
        assert_eq!((answer.as_str(), &body["code"]), (told, &code), "{kind} {data}: {body}");
    }
}
