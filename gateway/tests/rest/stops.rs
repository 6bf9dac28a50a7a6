//! Orders that wait, expire, hide or are only tested.

use serde_json::{Value, json};

use super::support::{Client, Exchange};
use orison_core::instrument::Status;

fn order(account: &str, fields: &str) -> String {
    format!("{{\"symbol\":\"AAPL\",\"account\":\"{account}\",{fields}}}")
}

async fn place(client: &mut Client, account: &str, fields: &str) -> String {
    let reply = client.post("/v1/order", &order(account, fields)).await;
    assert_eq!(reply.status, 202, "{fields}: {}", reply.body);
    reply.text("order_id")
}

async fn shown(client: &mut Client, account: &str, id: &str) -> Value {
    client.get(&format!("/v1/order/{id}?account={account}")).await.json()
}

fn happenings(order: &Value) -> Vec<&str> {
    order["events"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect()
}

/// The last price is 100 afterwards.
async fn trade_at_100(client: &mut Client) {
    place(client, "maker", r#""side":"Sell","type":"Limit","price":100,"quantity":1"#).await;
    place(client, "taker", r#""side":"Buy","type":"Market","quantity":1"#).await;
}

#[tokio::test]
async fn an_order_shows_what_was_said_of_it() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let none = json!({
        "post_only": false, "stp": null, "stop_price": null, "trail": null, "triggered": null,
        "display": null, "min_quantity": null, "budget": null, "expire_at": null, "link": null,
        "linked_order_id": null, "reason": null,
    });
    let limit = r#""side":"Buy","type":"limit","price":90,"quantity":10"#;
    let rows = [
        (String::new(), json!({"type": "Limit", "time_in_force": "GTC"})),
        (
            r#","post_only":true,"stp":"cancel-both""#.into(),
            json!({
                "post_only": true, "stp": "CancelBoth",
            }),
        ),
        (r#","display":"2.5""#.into(), json!({"display": 2.5, "remaining_quantity": 10})),
        (r#","tif":"day""#.into(), json!({"time_in_force": "DAY"})),
        (
            r#","tif":"gtd","expire_at":"4102444800000000000""#.into(),
            json!({
                "time_in_force": "GTD", "expire_at": 4_102_444_800_000_000_000_u64,
            }),
        ),
    ];
    for (more, said) in rows {
        let id = place(&mut client, "alice", &format!("{limit}{more}")).await;
        let order = shown(&mut client, "alice", &id).await;
        for (field, value) in none.as_object().unwrap() {
            let value = said.get(field).unwrap_or(value);
            assert_eq!(order[field], *value, "{field} of {more}");
        }
        for (field, value) in said.as_object().unwrap() {
            assert_eq!(order[field], *value, "{field} of {more}");
        }
    }
    let stops = [
        (
            r#""type":"Stop","stop_price":80,"quantity":1"#,
            json!({
                "type": "Stop", "stop_price": 80, "triggered": false, "price": null,
            }),
        ),
        (
            r#""type":"STOP_LIMIT","stop_price":80,"price":79.5,"quantity":1"#,
            json!({
                "type": "StopLimit", "stop_price": 80, "price": 79.5, "triggered": false,
            }),
        ),
        (
            r#""type":"trailing-stop","trail":"1.25","quantity":1"#,
            json!({
                "type": "TrailingStop", "trail": 1.25, "stop_price": null, "triggered": false,
            }),
        ),
        (r#""type":"stop","stop_price":80,"budget":"50.5""#, json!({"budget": 50.5})),
    ];
    for (fields, said) in stops {
        let id = place(&mut client, "alice", &format!(r#""side":"Sell",{fields}"#)).await;
        let order = shown(&mut client, "alice", &id).await;
        for (field, value) in said.as_object().unwrap() {
            assert_eq!(order[field], *value, "{field} of {fields}");
        }
        assert_eq!(order["status"], "NEW");
    }
}

#[tokio::test]
async fn a_stop_waits_is_moved_and_fires() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let id =
        place(&mut client, "alice", r#""side":"Buy","type":"Stop","stop_price":120,"quantity":1"#)
            .await;
    let amend = |change: &str| format!("{{\"order_id\":\"{id}\",\"account\":\"alice\",{change}}}");
    for (change, status, told) in [
        (r#""stop_price":0"#, 422, "BAD_STOP"),
        (r#""trail":1"#, 422, "BAD_COMBINATION"),
        (r#""price":110"#, 422, "BAD_COMBINATION"),
        (r#""stop_price":100"#, 200, ""),
    ] {
        let reply = client.post("/v1/order/amend", &amend(change)).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, told), "{change}");
    }
    assert_eq!(shown(&mut client, "alice", &id).await["stop_price"], 100);
    place(&mut client, "maker", r#""side":"Sell","type":"Limit","price":101,"quantity":5"#).await;
    trade_at_100(&mut client).await;
    let order = shown(&mut client, "alice", &id).await;
    assert_eq!((&order["status"], &order["triggered"]), (&json!("FILLED"), &json!(true)));
    assert_eq!(
        happenings(&order),
        ["accepted", "waiting", "amended", "waiting", "triggered", "trade"]
    );
    assert_eq!(order["average_price"], 101);
}

#[tokio::test]
async fn a_stop_that_fires_into_a_refusal_was_accepted() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    trade_at_100(&mut client).await;
    let id =
        place(&mut client, "alice", r#""side":"Buy","type":"Stop","stop_price":100,"quantity":1"#)
            .await;
    let order = shown(&mut client, "alice", &id).await;
    assert_eq!((&order["status"], &order["reason"]), (&json!("REJECTED"), &json!("no_liquidity")));
    assert_eq!(happenings(&order), ["accepted", "waiting", "triggered", "rejected"]);
}

#[tokio::test]
async fn a_test_answers_as_the_order_would_and_enters_nothing() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    place(&mut client, "maker", r#""side":"Sell","type":"Limit","price":100,"quantity":1"#).await;
    let known = r#""side":"Buy","type":"Limit","price":90,"quantity":1,"client_order_id":"a""#;
    place(&mut client, "alice", known).await;
    exchange.deposit("rich", "USD", "100").await;
    let before = client.get("/health").await.json()["sequence"].clone();
    let limit = |more: &str| format!(r#""side":"Buy","type":"Limit","price":100{more}"#);
    let rows = [
        ("alice", limit(r#","quantity":1"#), 200, ""),
        ("nobody", limit(r#","quantity":1"#), 200, ""),
        ("alice", known.to_owned(), 200, ""),
        ("alice", known.replace("90", "91"), 409, "DUPLICATE_CLIENT_ORDER_ID"),
        ("alice", limit(r#","quantity":0"#), 400, "INVALID_QUANTITY"),
        ("alice", limit(r#","quantity":1,"post_only":true"#), 422, "POST_ONLY"),
        ("alice", limit(r#","quantity":2,"tif":"FOK""#), 422, "FOK"),
        ("alice", limit(r#","quantity":2,"min_quantity":"1.5""#), 422, "MIN_QUANTITY"),
        ("alice", limit(r#","quantity":1,"tif":"GTD","expire_at":5"#), 422, "BAD_EXPIRY"),
        ("alice", limit(r#","quantity":1,"expire_at":5"#), 422, "BAD_EXPIRY"),
        ("alice", r#""side":"Sell","type":"Market","quantity":1"#.into(), 200, ""),
        ("rich", limit(r#","quantity":1"#), 200, ""),
        ("rich", limit(r#","quantity":2"#), 422, "INSUFFICIENT_FUNDS"),
    ];
    for (account, fields, status, code) in rows {
        let reply = client.post("/v1/order/test", &order(account, &fields)).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, code), "{account} {fields}");
        if status == 200 {
            assert_eq!(reply.body, r#"{"status":"OK"}"#);
        } else {
            let entered = client.post("/v1/order", &order(account, &fields)).await;
            assert_eq!(entered.body, reply.body, "as the order itself: {fields}");
        }
    }
    let orders = client.get("/v1/orders?account=nobody").await.json();
    assert_eq!(orders["orders"].as_array().unwrap().len(), 0);
    let refused = rows_refused_by_the_core();
    let after = client.get("/health").await.json()["sequence"].as_u64();
    assert_eq!(after, before.as_u64().map(|before| before + refused), "tests have no sequence");
    for (status, code) in
        [(Status::Halted, "HALTED"), (Status::Closed, "CLOSED"), (Status::Auction, "AUCTION")]
    {
        exchange.set_status("AAPL", status).await;
        let body = order("alice", &limit(r#","quantity":1,"tif":"IOC""#));
        let reply = client.post("/v1/order/test", &body).await;
        assert_eq!((reply.status, reply.error().as_str()), (422, code));
        let known = client.post("/v1/order/test", &order("alice", known)).await;
        assert_eq!(known.status, 200, "a repeat is right whatever the status");
    }
}

/// Of the rows above: those that reach the ring when they are entered.
fn rows_refused_by_the_core() -> u64 {
    7
}
