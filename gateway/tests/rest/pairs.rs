//! Two linked orders in one request.

use serde_json::Value;

use super::support::{Client, Exchange};

/// An order of alice in AAPL; `fields` as they stand in it.
fn leg(fields: &str) -> String {
    let rest = r#""symbol":"AAPL","type":"Limit","account":"alice","quantity":1"#;
    format!("{{{rest},{fields}}}")
}

fn oco(first: &str, second: &str) -> String {
    format!("{{\"orders\":[{first},{second}]}}")
}

fn oto(parent: &str, child: &str) -> String {
    format!("{{\"parent\":{parent},\"child\":{child}}}")
}

async fn order(client: &mut Client, id: &Value) -> Value {
    let path = format!("/v1/order/{}?account=alice", id.as_str().unwrap());
    let reply = client.get(&path).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

#[tokio::test]
async fn both_orders_of_a_pair_are_in_and_one_cancels_the_other() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let low = leg(r#""side":"Buy","price":90,"client_order_id":"low""#);
    let high = leg(r#""side":"Sell","price":110"#);
    let reply = client.post("/api/v1/order/oco", &oco(&low, &high)).await;
    let answer = reply.json();
    assert_eq!(reply.status, 202, "{answer}");
    assert_eq!((&answer["status"], &answer["durability"]), (&"ACCEPTED".into(), &"durable".into()));
    assert!(answer["sequence"].is_u64(), "{answer}");
    assert_eq!(answer.get("duplicate"), None);
    let orders = &answer["orders"];
    assert_eq!(orders[0]["client_order_id"], "low");
    assert_eq!(orders[1].get("client_order_id"), None);
    for (one, other) in [(0, 1), (1, 0)] {
        let shown = order(&mut client, &orders[one]["order_id"]).await;
        assert_eq!((&shown["status"], &shown["link"]), (&"NEW".into(), &"OCO".into()));
        assert_eq!(shown["linked_order_id"], orders[other]["order_id"]);
    }

    let taker = r#"{"symbol":"AAPL","type":"Market","side":"Buy","quantity":"0.5"}"#;
    assert_eq!(client.post("/v1/order", taker).await.status, 202);
    let traded = order(&mut client, &orders[1]["order_id"]).await;
    assert_eq!(traded["status"], "PARTIALLY_FILLED");
    let sibling = order(&mut client, &orders[0]["order_id"]).await;
    assert_eq!((&sibling["status"], &sibling["reason"]), (&"CANCELLED".into(), &"oco".into()));
}

#[tokio::test]
async fn a_child_waits_for_its_parent() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let parent = leg(r#""side":"Buy","price":100"#);
    let child = leg(r#""side":"Sell","price":120"#);
    let reply = client.post("/v1/order/oto", &oto(&parent, &child)).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let orders = reply.json()["orders"].clone();
    let asks = |body: &str| body.contains("\"asks\":[]");
    assert!(asks(&client.get("/v1/orderbook/AAPL").await.body), "the child is not in the book");
    let shown = order(&mut client, &orders[1]["order_id"]).await;
    assert_eq!((&shown["status"], &shown["link"]), (&"NEW".into(), &"OTO".into()));

    let taker = r#"{"symbol":"AAPL","type":"Market","side":"Sell","quantity":1}"#;
    assert_eq!(client.post("/v1/order", taker).await.status, 202);
    assert_eq!(order(&mut client, &orders[0]["order_id"]).await["status"], "FILLED");
    let book = client.get("/v1/orderbook/AAPL").await.body;
    assert!(book.contains("\"asks\":[[120,1]]"), "{book}");
}

#[tokio::test]
async fn a_pair_that_is_sent_again_is_answered_with_its_first_orders() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let low = leg(r#""side":"Buy","price":90,"client_order_id":"low""#);
    let high = leg(r#""side":"Sell","price":110,"client_order_id":"high","tif":"gtc""#);
    let first = client.post("/v1/order/oco", &oco(&low, &high)).await.json();
    let again = client.post("/v1/order/oco", &oco(&low, &high)).await.json();
    assert_eq!((&again["orders"], &again["duplicate"]), (&first["orders"], &true.into()));
    let other = high.replace("110", "111");
    let other = client.post("/v1/order/oco", &oco(&low, &other)).await;
    let told = (other.status, other.error(), other.text("field"));
    assert_eq!(told, (409, "DUPLICATE_CLIENT_ORDER_ID".into(), "orders[1]".into()));
}

#[tokio::test]
async fn a_refused_pair_names_its_leg_and_enters_nothing() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let resting = leg(r#""side":"Sell","price":100"#).replace("alice", "maker");
    assert_eq!(client.post("/v1/order", &resting).await.status, 202);
    let good = leg(r#""side":"Buy","price":90,"client_order_id":"good""#);
    let crossing = leg(r#""side":"Buy","price":100,"post_only":true,"client_order_id":"bad""#);
    let rows = [
        ("order/oco", oco(&good, &crossing), 422, "POST_ONLY", "orders[1]"),
        ("order/oco", oco(&crossing, &good), 422, "POST_ONLY", "orders[0]"),
        ("order/oto", oto(&crossing, &good), 422, "POST_ONLY", "parent"),
        (
            "order/oco",
            oco(&good, &leg(r#""side":"Buy","price":0"#)),
            400,
            "INVALID_PRICE",
            "orders[1].price",
        ),
        (
            "order/oto",
            oto(&good, &leg(r#""side":"Buy","price":"x""#)),
            400,
            "BAD_REQUEST",
            "child.price",
        ),
        ("order/oto", oto(&leg(r#""price":5"#), &good), 400, "BAD_REQUEST", "parent.side"),
        (
            "order/oco",
            oco(&leg(r#""side":"Buy","price":5,"colour":1"#), &good),
            400,
            "UNKNOWN_FIELD",
            "orders[0].colour",
        ),
        (
            "order/oco",
            oco(&good, &crossing.replace("alice", "bob")),
            422,
            "BAD_COMBINATION",
            "orders[1]",
        ),
        (
            "order/oco",
            oco(&good, &crossing.replace("AAPL", "BTC-KRW")),
            422,
            "BAD_COMBINATION",
            "orders[1]",
        ),
        ("order/oco", oco(&good, "7"), 400, "BAD_REQUEST", "orders[1]"),
        ("order/oco", format!("{{\"orders\":[{good}]}}"), 400, "INVALID_PARAMETER", "orders"),
        ("order/oco", "{}".into(), 400, "BAD_REQUEST", "orders"),
        ("order/oto", format!("{{\"parent\":{good}}}"), 400, "BAD_REQUEST", "child"),
        ("order/oto", oto(&good, "null"), 400, "BAD_REQUEST", "child"),
    ];
    for (call, body, status, code, field) in rows {
        let reply = client.post(&format!("/v1/{call}"), &body).await;
        let told = (reply.status, reply.error(), reply.text("field"));
        assert_eq!(told, (status, code.into(), field.into()), "{call} {body}");
    }
    let orders = client.get("/v1/orders?account=alice").await.json();
    assert_eq!(orders["orders"].as_array().unwrap().len(), 0);
}
