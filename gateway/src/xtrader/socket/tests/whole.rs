//! Every private message and those of the status channel, to the last field.

use std::collections::BTreeMap;

use orison_core::Command;
use orison_core::command::{Actor, EndOfDay, StatusChange};
use orison_core::instrument::Status;
use serde_json::{Value, json};

use super::harness::{Client, Market, subscribe};

/// Follows the orders of an account: what is different in each run (times, ids, sequences) is
/// checked here and taken away or named, so that the rest can be compared whole.
struct Follower {
    client: Client,
    names: BTreeMap<String, &'static str>,
    last: Value,
}

impl Follower {
    async fn of(market: &Market, account: &str) -> Self {
        let mut client = market.connect().await;
        let wish = format!(r#","account":"{account}""#);
        client.ask(subscribe(&["orders"], &wish), "SubscribeSuccess").await;
        let snapshot = client.next().await;
        assert_eq!(
            (&snapshot["type"], &snapshot["orders"]),
            (&json!("OrdersSnapshot"), &json!([]))
        );
        Self { client, names: BTreeMap::new(), last: json!(0) }
    }

    async fn next(&mut self) -> Value {
        let mut message = self.client.next().await;
        let fields = message.as_object_mut().unwrap();
        assert!(fields.remove("timestamp").unwrap().as_u64().unwrap() > 1_700_000_000_000);
        let time = fields.remove("transaction_time").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        let sequence = fields.remove("sequence").unwrap();
        assert!(fields.remove("index").unwrap().is_u64());
        let previous = fields.remove("prev_sequence").unwrap();
        assert_eq!(previous, self.last, "{sequence} follows the last one");
        self.last = sequence;
        if let Some(execution) = fields.get_mut("exec_id") {
            assert_eq!(execution.as_str().unwrap().len(), 36);
            *execution = json!("an exec_id");
        }
        for field in ["order_id", "linked_order_id", "other_order_id"] {
            if let Some(id) = fields.get_mut(field)
                && let Some(name) = id.as_str().and_then(|id| self.names.get(id))
            {
                *id = json!(name);
            }
        }
        message
    }

    async fn tells(&mut self, expected: &[Value]) {
        for expected in expected {
            assert_eq!(self.next().await, *expected);
        }
    }
}

/// Asks for orders in BTC-KRW and names them.
async fn place(trader: &mut Client, follower: &mut Follower, name: &'static str, fields: &str) {
    let order = format!(r#"{{"type":"PlaceOrder","symbol":"BTC-KRW",{fields}}}"#);
    let answer = trader.ask(order, "OrderResponse").await;
    assert_eq!(answer["status"], 202, "{answer}");
    follower.names.insert(answer["order_id"].as_str().unwrap().to_owned(), name);
}

const ALICE: &str = r#""account":"alice","order_type":"Limit","quantity":2"#;

/// The fields of an OrderAccepted of alice that nothing was said about.
fn accepted(name: &str, more: Value) -> Value {
    let mut message = json!({
        "type": "OrderAccepted", "account": "alice", "order_id": name, "client_order_id": null,
        "symbol": "BTC-KRW", "side": "Buy", "order_type": "Limit", "time_in_force": "GTC",
        "price": 100, "quantity": 2, "post_only": false, "stp": null,
    });
    for (field, value) in more.as_object().unwrap() {
        message[field] = value.clone();
    }
    message
}

fn executed(name: &str, side: &str, liquidity: &str, price: u64, quantity: f64, fee: f64) -> Value {
    let number = |value: f64| if value.fract() == 0.0 { json!(value as u64) } else { json!(value) };
    json!({
        "type": "OrderExecution", "account": "alice", "order_id": name, "client_order_id": null,
        "exec_id": "an exec_id", "symbol": "BTC-KRW", "side": side, "liquidity": liquidity,
        "price": price, "quantity": number(quantity), "fee": number(fee),
    })
}

fn ended(kind: &str, name: &str, price: Value, quantity: u64, reason: &str) -> Value {
    json!({
        "type": kind, "account": "alice", "order_id": name, "client_order_id": null,
        "symbol": "BTC-KRW", "side": "Buy", "price": price, "remaining_quantity": quantity,
        "reason": reason,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_as_it_was_said_and_to_its_end() {
    let market = Market::start();
    let (mut alice, mut trader) = (Follower::of(&market, "alice").await, market.connect().await);
    let buy = format!(r#"{ALICE},"side":"Buy""#);
    let plain = format!(r#"{buy},"price":100,"client_order_id":"c-1""#);
    place(&mut trader, &mut alice, "plain", &plain).await;
    alice.tells(&[accepted("plain", json!({"client_order_id": "c-1"}))]).await;
    let amend = r#"{"type":"AmendOrder","account":"alice","client_order_id":"c-1","quantity":1}"#;
    assert_eq!(trader.ask(amend, "OrderResponse").await["status"], 200);
    let cancel = r#"{"type":"CancelOrder","account":"alice","client_order_id":"c-1"}"#;
    assert_eq!(trader.ask(cancel, "OrderResponse").await["status"], 200);
    let amended = json!({
        "type": "OrderAmended", "account": "alice", "order_id": "plain", "client_order_id": "c-1",
        "symbol": "BTC-KRW", "side": "Buy", "old_price": 100, "price": 100,
        "remaining_quantity": 1, "kept_priority": true,
    });
    let mut cancelled = ended("OrderCancelled", "plain", json!(100), 1, "USER");
    cancelled["client_order_id"] = json!("c-1");
    alice.tells(&[amended, cancelled]).await;

    let iceberg = format!(r#"{buy},"price":90,"display":"0.5","tif":"day","post_only":true"#);
    place(&mut trader, &mut alice, "iceberg", &format!(r#"{iceberg},"stp":"cancel_both""#)).await;
    let said = json!({
        "price": 90, "display": 0.5, "time_in_force": "DAY", "post_only": true,
        "stp": "CancelBoth",
    });
    alice.tells(&[accepted("iceberg", said)]).await;
    let end = EndOfDay { instrument: None, actor: Actor::EMPTY };
    market.carry_out(Command::EndOfDay(end)).await;
    alice.tells(&[ended("OrderExpired", "iceberg", json!(90), 2, "EXPIRED")]).await;

    trader.place("maker", "Sell", 100, "0.5").await;
    let dated = format!(r#"{buy},"price":100,"min_quantity":0.5,"tif":"gtd""#);
    let dated = format!(r#"{dated},"expire_at":4102444800000000000"#);
    place(&mut trader, &mut alice, "dated", &dated).await;
    trader.place("taker", "Sell", 99, "0.5").await;
    let said = json!({
        "min_quantity": 0.5, "time_in_force": "GTD", "expire_at": 4_102_444_800_000_000_000_u64,
    });
    alice
        .tells(&[
            accepted("dated", said),
            executed("dated", "Buy", "Taker", 100, 0.5, 0.025),
            executed("dated", "Buy", "Maker", 100, 0.5, 0.025),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_links_and_preventions_are_told_whole() {
    let market = Market::start();
    let (mut alice, mut trader) = (Follower::of(&market, "alice").await, market.connect().await);
    let stop =
        r#""account":"alice","order_type":"Stop","side":"Buy","quantity":2,"stop_price":105"#;
    place(&mut trader, &mut alice, "stop", stop).await;
    let trailing = r#""account":"alice","order_type":"TrailingStop","side":"Sell","quantity":2"#;
    place(&mut trader, &mut alice, "trailing", &format!(r#"{trailing},"trail":50"#)).await;
    let (stop, trail) = ("Stop", "TrailingStop");
    let stop = json!({"order_type": stop, "price": null, "stop_price": 105});
    let trail = json!({"order_type": trail, "price": null, "trail": 50, "side": "Sell"});
    alice.tells(&[accepted("stop", stop), accepted("trailing", trail)]).await;
    trader.place("maker", "Sell", 105, "2").await;
    trader.place("bob", "Buy", 105, "1").await;
    let triggered = json!({
        "type": "OrderTriggered", "account": "alice", "order_id": "stop", "client_order_id": null,
        "symbol": "BTC-KRW", "side": "Buy", "price": 105,
    });
    alice
        .tells(&[
            triggered,
            executed("stop", "Buy", "Taker", 105, 1.0, 0.0525),
            ended("OrderCancelled", "stop", json!(null), 1, "IOC"),
        ])
        .await;

    let leg = |side: &str, price: u64| {
        let rest = r#""symbol":"BTC-KRW","account":"alice","type":"Limit","quantity":2"#;
        format!(r#"{{{rest},"side":"{side}","price":{price}}}"#)
    };
    let pair = format!(r#"{{"type":"PlaceOco","orders":[{},{}]}}"#, leg("Buy", 90), leg("Buy", 80));
    let answer = trader.ask(pair, "OrderResponse").await;
    for (index, name) in [(0, "near"), (1, "far")] {
        let id = answer["orders"][index]["order_id"].as_str().unwrap();
        alice.names.insert(id.to_owned(), name);
    }
    let near = json!({"price": 90, "link": "OCO", "linked_order_id": "far"});
    let far = json!({"price": 80, "link": "OCO", "linked_order_id": "near"});
    alice.tells(&[accepted("near", near), accepted("far", far)]).await;
    let sell = r#""account":"alice","order_type":"Limit","side":"Sell","quantity":3,"price":90"#;
    place(&mut trader, &mut alice, "own", &format!(r#"{sell},"stp":"decrement""#)).await;
    let own = json!({"side": "Sell", "quantity": 3, "price": 90, "stp": "Decrement"});
    let decremented = |name: &str, other: &str, side: &str| {
        json!({
            "type": "OrderDecremented", "account": "alice", "order_id": name,
            "client_order_id": null, "symbol": "BTC-KRW", "side": side, "other_order_id": other,
            "quantity": 2,
        })
    };
    alice.tells(&[accepted("own", own)]).await;
    let mut sides = [alice.next().await, alice.next().await];
    sides.sort_by_key(|message| message["side"].as_str().unwrap().to_owned());
    assert_eq!(sides, [decremented("near", "own", "Buy"), decremented("own", "near", "Sell")]);
    alice
        .tells(&[
            ended("OrderCancelled", "near", json!(90), 0, "STP"),
            ended("OrderCancelled", "far", json!(80), 2, "OCO"),
        ])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_money_are_told_whole() {
    let market = Market::start();
    let (mut alice, mut trader) = (Follower::of(&market, "alice").await, market.connect().await);
    market.deposit("alice", "KRW", "150").await;
    let balance = |asset: &str, free: Value, locked: Value| {
        json!({
            "type": "BalanceUpdate", "account": "alice", "asset": asset, "free": free,
            "locked": locked,
        })
    };
    alice.tells(&[balance("KRW", json!(150), json!(0))]).await;
    let order = format!(r#""symbol":"BTC-KRW",{ALICE},"side":"Buy","price":100"#);
    let order = format!(r#"{{"type":"PlaceOrder",{order},"client_order_id":"c-2"}}"#);
    let answer = trader.ask(order, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!(422), &json!("INSUFFICIENT_FUNDS")));
    let refused = json!({
        "type": "OrderRejected", "account": "alice", "order_id": null, "client_order_id": "c-2",
        "symbol": "BTC-KRW", "op": "new", "reason": "INSUFFICIENT_FUNDS",
    });
    alice.tells(&[refused]).await;
    trader.place("bob", "Sell", 50, "2").await;
    let market_order = r#""account":"alice","order_type":"Market","side":"Buy","budget":"100""#;
    place(&mut trader, &mut alice, "market", market_order).await;
    let said = json!({
        "order_type": "Market", "price": null, "quantity": 0, "budget": 100,
    });
    let first = alice.next().await;
    assert_eq!(first, accepted("market", said));
    let fill = alice.next().await;
    assert_eq!((&fill["type"], &fill["price"]), (&json!("OrderExecution"), &json!(50)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_channel_is_told_whole() {
    let market = Market::start();
    let mut client = market.connect().await;
    client.ask(subscribe(&["status"], ""), "SubscribeSuccess").await;
    let mut trader = market.connect().await;
    let instrument = market.app.views.read().catalog.instruments()[0].id;
    let set = async |status: Status| {
        let change = StatusChange { instrument, status, actor: Actor::EMPTY };
        market.carry_out(Command::Status(change)).await;
    };
    // Each kind follows the last of its kind.
    let mut last = BTreeMap::new();
    // A call is told at every whole second too: what it was may come again before what it is.
    let mut tells = async |client: &mut Client, known: &Value, expected: &Value| loop {
        let mut message = client.next().await;
        let kind = message["type"].as_str().unwrap().to_owned();
        let fields = message.as_object_mut().unwrap();
        assert!(fields.remove("timestamp").unwrap().is_u64());
        let previous = fields.remove("prev_sequence").unwrap();
        let sequence = fields.remove("sequence").unwrap();
        let before = last.insert(kind, sequence.clone()).unwrap_or(json!(0));
        assert_eq!(previous, before, "{message}");
        if message == *expected {
            return sequence;
        }
        assert_eq!(message, *known);
    };
    let status = |word: &str| {
        json!({
            "type": "InstrumentStatus", "symbol": "BTC-KRW", "status": word, "reason": "COMMAND",
        })
    };
    tells(&mut client, &json!(null), &status("open")).await;
    set(Status::Auction).await;
    tells(&mut client, &json!(null), &status("auction")).await;
    market.carry_out(Command::Clock).await;
    let auction = |price: Value, volume: u64, surplus: u64, side: Value| {
        json!({
            "type": "AuctionUpdate", "symbol": "BTC-KRW", "price": price, "volume": volume,
            "surplus": surplus, "surplus_side": side,
        })
    };
    let nothing = auction(json!(null), 0, 0, json!(null));
    tells(&mut client, &json!(null), &nothing).await;
    trader.place("alice", "Sell", 100, "3").await;
    trader.place("bob", "Buy", 105, "1").await;
    market.carry_out(Command::Clock).await;
    let crossed = auction(json!(100), 1, 2, json!("Sell"));
    let told = tells(&mut client, &nothing, &crossed).await;
    set(Status::Open).await;
    let ended = tells(&mut client, &json!(null), &crossed).await;
    assert!(told.as_u64() < ended.as_u64(), "as it ended");
    tells(&mut client, &crossed, &status("open")).await;
}
