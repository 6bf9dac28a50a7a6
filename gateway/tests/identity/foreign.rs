//! A foreign order is answered exactly like one that is not there, byte for byte, whichever way it
//! is probed: nobody learns that it is.

use orison_core::OrderId;
use serde_json::{Value, json};

use super::house::{House, Person, Proof, Socket};

/// An id that reads like that one and that nobody has.
fn unknown_like(id: &str) -> String {
    let unknown = |at: usize, digit: char| {
        let mut text: Vec<char> = id.chars().collect();
        text[at] = digit;
        text.into_iter().collect::<String>()
    };
    let candidates = (0..id.len()).flat_map(|at| "0123456789abcdef".chars().map(move |d| (at, d)));
    let mut candidates = candidates.map(|(at, digit)| unknown(at, digit));
    // The same leg and slot of a command far ahead.
    candidates
        .find(|text| match (OrderId::parse(text), OrderId::parse(id)) {
            (Some(other), Some(known)) => other.sequence.0 > known.sequence.0 + 1_000_000,
            (_, _) => false,
        })
        .unwrap()
}

/// Each way to ask for an order: method, path, body; `{id}` is the order's.
const BY_ID: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/order/{id}", ""),
    ("DELETE", "/api/v1/order/{id}", ""),
    ("POST", "/api/v1/order/cancel", r#"{"order_id":"{id}"}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","quantity":0.5}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","price":999}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","price":0.3}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","quantity":-1}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","quantity":1e-30}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","stop_price":1}"#),
    ("POST", "/api/v1/orders/batch", r#"{"orders":[{"op":"cancel","order_id":"{id}"}]}"#),
];

/// Naming an account that is bob's, or nobody's: `{account}`.
const BY_ACCOUNT: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/order/{id}?account={account}", ""),
    ("GET", "/api/v1/orders?account={account}", ""),
    ("GET", "/api/v1/fills?account={account}", ""),
    ("GET", "/api/v1/account?account={account}", ""),
    ("GET", "/api/v1/balances?account={account}", ""),
    ("GET", "/api/v1/positions?account={account}", ""),
    ("DELETE", "/api/v1/order/{id}?account={account}", ""),
    ("POST", "/api/v1/order/cancel", r#"{"order_id":"{id}","account":"{account}"}"#),
    ("POST", "/api/v1/order/cancel", r#"{"client_order_id":"bobs","account":"{account}"}"#),
    ("POST", "/api/v1/order/amend", r#"{"order_id":"{id}","price":9,"account":"{account}"}"#),
    ("POST", "/api/v1/order/cancel-all", r#"{"account":"{account}"}"#),
    (
        "POST",
        "/api/v1/order",
        r#"{"account":"{account}","symbol":"BTC-KRW","side":"Buy","type":"Market","quantity":1}"#,
    ),
];

/// What a client reads, with the asked names and the journal's count blotted out.
fn blotted(status: u16, body: &str, names: &[&str]) -> (u16, String) {
    let mut body: Value = serde_json::from_str(body).unwrap();
    if let Some(sequence) = body.get_mut("sequence") {
        *sequence = json!("-");
    }
    let text = names.iter().fold(body.to_string(), |text, name| text.replace(name, "-"));
    (status, text)
}

async fn asked(
    house: &House,
    ann: &Person,
    (method, path, body): (&str, &str, &str),
    (id, account): (&str, &str),
) -> (u16, String) {
    let fill = |text: &str| text.replace("{id}", id).replace("{account}", account);
    let reply = house.rest(Proof::Signed, Some(ann), method, &fill(path), &fill(body)).await;
    blotted(reply.status, &reply.body, &[id, account])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_order_is_answered_like_one_that_is_not_there() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let bob = house.person("bob", "trader", "bob").await;
    let anns = house.place(&ann, "anns").await;
    let foreign = house.place(&bob, "bobs").await;
    let unknown = unknown_like(&foreign);
    let mut socket = Socket::of(&house, &ann.token).await;
    for &call in BY_ID {
        let of_foreign = asked(&house, &ann, call, (&foreign, "-")).await;
        let of_unknown = asked(&house, &ann, call, (&unknown, "-")).await;
        assert_eq!(of_foreign, of_unknown, "{call:?}");
        assert!(of_foreign.1.contains("ORDER_NOT_FOUND"), "{call:?}: {of_foreign:?}");
    }
    for &call in BY_ACCOUNT {
        let of_foreign = asked(&house, &ann, call, (&foreign, "bob")).await;
        let of_unknown = asked(&house, &ann, call, (&unknown, "nil")).await;
        assert_eq!(of_foreign, of_unknown, "{call:?}");
    }
    for (of_foreign, of_unknown) in [
        (json!({"type": "CancelOrder", "order_id": foreign}), unknown.as_str()),
        (json!({"type": "AmendOrder", "order_id": foreign, "price": 0.3}), unknown.as_str()),
        (json!({"type": "AmendOrder", "order_id": foreign, "quantity": 2}), unknown.as_str()),
        (json!({"type": "CancelOrder", "client_order_id": "bobs"}), "none"),
        (json!({"type": "AmendOrder", "client_order_id": "bobs", "quantity": 2}), "none"),
    ] {
        let mut other = of_foreign.clone();
        for field in ["order_id", "client_order_id"] {
            if let Some(name) = other.get_mut(field) {
                *name = json!(of_unknown);
            }
        }
        let names = [foreign.as_str(), &unknown];
        let first = blotted(0, &socket.ask(of_foreign.clone()).await.to_string(), &names);
        let second = blotted(0, &socket.ask(other).await.to_string(), &names);
        assert_eq!(first, second, "{of_foreign}");
        assert!(first.1.contains("ORDER_NOT_FOUND"), "{of_foreign}: {first:?}");
    }
    // bob's client order id is free for ann, and no repeat of his order.
    let again = house.place(&ann, "bobs").await;
    assert!(again != foreign && again != anns);
    let path = format!("/api/v1/order/{foreign}");
    let reply = house.rest(Proof::Bearer, Some(&bob), "GET", &path, "").await;
    assert_eq!((reply.status, reply.text("status").as_str()), (200, "NEW"), "{reply:?}");
}
