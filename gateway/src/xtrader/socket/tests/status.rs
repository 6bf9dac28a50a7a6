//! What the status channel tells.

use orison_core::Command;
use orison_core::command::{Actor, StatusChange};
use orison_core::instrument::Status;
use serde_json::{Value, json};

use super::harness::{Client, Market, subscribe};

async fn set(market: &Market, status: Status) {
    let instrument = market.app.views.read().catalog.instruments()[0].id;
    let change = StatusChange { instrument, status, actor: Actor::EMPTY };
    market.carry_out(Command::Status(change)).await;
}

async fn watch(market: &Market) -> (Client, Value) {
    let mut client = market.connect().await;
    client.ask(subscribe(&["status"], ""), "SubscribeSuccess").await;
    let first = client.next().await;
    (client, first)
}

fn status(message: &Value) -> (&Value, &Value, &Value) {
    (&message["type"], &message["status"], &message["reason"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_status_is_told_and_follows_the_last() {
    let market = Market::start();
    let (mut client, first) = watch(&market).await;
    let told = json!("InstrumentStatus");
    assert_eq!(status(&first), (&told, &json!("open"), &json!("COMMAND")));
    assert_eq!(first["symbol"], "BTC-KRW");
    let mut last = first;
    for (next, word) in [
        (Status::Halted, "halted"),
        (Status::Open, "open"),
        (Status::Closed, "closed"),
        (Status::Open, "open"),
    ] {
        set(&market, next).await;
        let message = client.next().await;
        assert_eq!(status(&message), (&told, &json!(word), &json!("COMMAND")));
        assert_eq!(message["prev_sequence"], last["sequence"]);
        assert!(message["timestamp"].is_u64());
        last = message;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auction_is_told_while_it_is_on() {
    let market = Market::start();
    let (mut client, _) = watch(&market).await;
    let mut trader = market.connect().await;
    set(&market, Status::Auction).await;
    let message = client.next_of("InstrumentStatus").await;
    assert_eq!(message["status"], "auction");
    trader.place("alice", "Sell", 100, "1").await;
    trader.place("bob", "Buy", 105, "3").await;
    market.carry_out(Command::Clock).await;
    // At every whole second it is told too, and nothing would have traded then.
    let update = loop {
        let update = client.next_of("AuctionUpdate").await;
        if !update["price"].is_null() {
            break update;
        }
    };
    for (field, value) in [
        ("symbol", json!("BTC-KRW")),
        ("price", json!(105)),
        ("volume", json!(1)),
        ("surplus", json!(2)),
        ("surplus_side", json!("Buy")),
    ] {
        assert_eq!(update[field], value, "{field} of {update}");
    }
    let (mut late, status) = watch(&market).await;
    assert_eq!(status["status"], "auction");
    let shown = late.next().await;
    assert_eq!((&shown["type"], &shown["price"]), (&json!("AuctionUpdate"), &json!(105)));

    set(&market, Status::Open).await;
    let ended = client.next_of("InstrumentStatus").await;
    assert_eq!(ended["status"], "open");
    let (mut after, _) = watch(&market).await;
    after.say(r#"{"type":"Ping"}"#).await;
    assert_eq!(after.next().await["type"], "Pong", "no auction is on: only the status is shown");
}
