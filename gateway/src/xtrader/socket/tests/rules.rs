//! What the orders channel tells of orders that wait, are linked or meet their own, and of money.

use serde_json::{Value, json};

use super::harness::{Client, Market, subscribe};

/// Asks for an order in BTC-KRW; `fields` as they stand in it. Gives back the answer.
async fn place(client: &mut Client, account: &str, fields: &str) -> Value {
    let order = format!(
        r#"{{"type":"PlaceOrder","symbol":"BTC-KRW","account":"{account}","quantity":1,{fields}}}"#
    );
    let answer = client.ask(order, "OrderResponse").await;
    assert_eq!(answer["status"], 202, "{answer}");
    answer
}

async fn follow(client: &mut Client, account: &str) -> Value {
    let wish = format!(r#","account":"{account}""#);
    client.ask(subscribe(&["orders"], &wish), "SubscribeSuccess").await;
    client.next_of("OrdersSnapshot").await
}

/// The next messages, each with its fields named here.
async fn told(client: &mut Client, expected: &[Value]) {
    for expected in expected {
        let message = client.next().await;
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(message[field], *value, "{field} of {message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_told_from_its_entry_to_its_trade() {
    let market = Market::start();
    let (mut alice, mut trader) = (market.connect().await, market.connect().await);
    follow(&mut alice, "alice").await;
    let stop = r#""order_type":"stop_limit","side":"Buy","stop_price":100,"price":105"#;
    let stop = place(&mut trader, "alice", stop).await;
    told(
        &mut alice,
        &[json!({
            "type": "OrderAccepted", "order_type": "StopLimit", "stop_price": 100, "price": 105,
            "post_only": false, "stp": null,
        })],
    )
    .await;
    let amend = format!(
        r#"{{"type":"AmendOrder","account":"alice","order_id":{},"stop_price":101}}"#,
        stop["order_id"]
    );
    let answer = trader.ask(amend, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["order_status"]), (&json!(200), &json!("NEW")));
    told(
        &mut alice,
        &[json!({
            "type": "OrderAmended", "price": 105, "stop_price": 101, "kept_priority": false,
        })],
    )
    .await;
    let late = {
        let mut late = market.connect().await;
        follow(&mut late, "alice").await
    };
    let waiting = &late["orders"][0];
    assert_eq!(
        (&waiting["stop_price"], &waiting["triggered"], &waiting["status"]),
        (&json!(101), &json!(false), &json!("NEW"))
    );
    trader.place("maker", "Sell", 101, "2").await;
    trader.place("bob", "Buy", 101, "1").await;
    told(
        &mut alice,
        &[
            json!({"type": "OrderTriggered", "order_id": stop["order_id"], "price": 101}),
            json!({"type": "OrderExecution", "order_id": stop["order_id"], "price": 101}),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_fires_into_a_refusal_is_accepted_and_then_rejected() {
    let market = Market::start();
    let (mut alice, mut trader) = (market.connect().await, market.connect().await);
    trader.place("maker", "Sell", 100, "1").await;
    trader.place("bob", "Buy", 100, "1").await;
    follow(&mut alice, "alice").await;
    let stop = r#""order_type":"Stop","side":"Buy","stop_price":100,"client_order_id":"s""#;
    let answer = place(&mut trader, "alice", stop).await;
    told(
        &mut alice,
        &[
            json!({"type": "OrderAccepted", "sequence": answer["sequence"]}),
            json!({"type": "OrderTriggered"}),
            json!({
                "type": "OrderRejected", "op": "new", "reason": "NO_LIQUIDITY",
                "order_id": answer["order_id"], "client_order_id": "s",
            }),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_orders_are_told_with_each_other() {
    let market = Market::start();
    let (mut alice, mut trader) = (market.connect().await, market.connect().await);
    follow(&mut alice, "alice").await;
    let leg = |side: &str, price: u64| {
        let rest = r#""symbol":"BTC-KRW","type":"Limit","account":"alice","quantity":1"#;
        format!(r#"{{{rest},"side":"{side}","price":{price}}}"#)
    };
    let (low, high) = (leg("Buy", 90), leg("Sell", 110));
    let pair = format!(r#"{{"type":"PlaceOco","request_id":1,"orders":[{low},{high}]}}"#);
    let answer = trader.ask(pair, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["order_status"]), (&json!(202), &json!("ACCEPTED")));
    let ids = [&answer["orders"][0]["order_id"], &answer["orders"][1]["order_id"]];
    let accepted = |one: usize, other: usize| {
        let (id, linked) = (ids[one], ids[other]);
        json!({"type": "OrderAccepted", "order_id": id, "link": "OCO", "linked_order_id": linked})
    };
    told(&mut alice, &[accepted(0, 1), accepted(1, 0)]).await;
    trader.place("bob", "Buy", 110, "1").await;
    told(
        &mut alice,
        &[
            json!({"type": "OrderExecution", "order_id": ids[1]}),
            json!({"type": "OrderCancelled", "order_id": ids[0], "reason": "OCO"}),
        ],
    )
    .await;

    let pair = format!(r#"{{"type":"PlaceOto","parent":{low},"child":{high}}}"#);
    let answer = trader.ask(pair, "OrderResponse").await;
    assert_eq!(answer["status"], 202, "{answer}");
    let refused = format!(r#"{{"type":"PlaceOto","parent":{low},"child":{}}}"#, leg("Buy", 0));
    let answer = trader.ask(refused, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["field"]), (&json!(400), &json!("child.price")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prevented_trade_is_told_to_both_orders() {
    let market = Market::start();
    let mut alice = market.connect().await;
    let maker = alice.place("alice", "Sell", 100, "3").await;
    follow(&mut alice, "alice").await;
    let taker = r#""order_type":"Limit","side":"Buy","price":100,"stp":"Decrement""#;
    alice
        .say(format!(
            r#"{{"type":"PlaceOrder","symbol":"BTC-KRW","account":"alice","quantity":2,{taker}}}"#
        ))
        .await;
    let accepted = alice.next_of("OrderAccepted").await;
    assert_eq!(accepted["stp"], "Decrement");
    let taker = accepted["order_id"].clone();
    let mut decremented = Vec::new();
    for _ in 0..2 {
        let message = alice.next_of("OrderDecremented").await;
        assert_eq!(message["quantity"], 2);
        decremented.push((
            message["order_id"].clone(),
            message["other_order_id"].clone(),
            message["side"].clone(),
        ));
    }
    let maker = json!(maker);
    assert_eq!(
        decremented,
        [(taker.clone(), maker.clone(), json!("Buy")), (maker, taker.clone(), json!("Sell")),]
    );
    let cancelled = alice.next_of("OrderCancelled").await;
    assert_eq!(
        (&cancelled["order_id"], &cancelled["reason"], &cancelled["remaining_quantity"]),
        (&taker, &json!("STP"), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_told_as_it_stands_after_each_command() {
    let market = Market::start();
    let (mut alice, mut trader) = (market.connect().await, market.connect().await);
    let snapshot = follow(&mut alice, "alice").await;
    assert_eq!(snapshot["balances"], json!([]), "an account before its opening");
    market.deposit("alice", "KRW", "1000").await;
    told(
        &mut alice,
        &[json!({
            "type": "BalanceUpdate", "account": "alice", "asset": "KRW", "free": 1000, "locked": 0,
        })],
    )
    .await;
    let order = place(&mut trader, "alice", r#""order_type":"Limit","side":"Buy","price":100"#);
    let order = order.await;
    told(
        &mut alice,
        &[
            json!({"type": "OrderAccepted", "order_id": order["order_id"]}),
            json!({"type": "BalanceUpdate", "asset": "KRW", "free": 899.95, "locked": 100.05}),
        ],
    )
    .await;
    trader.place("bob", "Sell", 100, "1").await;
    told(
        &mut alice,
        &[
            json!({"type": "OrderExecution", "fee": 0.05}),
            json!({"type": "BalanceUpdate", "asset": "BTC", "free": 1, "locked": 0}),
            json!({"type": "BalanceUpdate", "asset": "KRW", "free": 899.95, "locked": 0}),
        ],
    )
    .await;
    let late = {
        let mut late = market.connect().await;
        follow(&mut late, "alice").await
    };
    let balances = json!([
        {"asset": "BTC", "free": 1, "locked": 0},
        {"asset": "KRW", "free": 899.95, "locked": 0},
    ]);
    assert_eq!(late["balances"], balances);
    let from = order["sequence"].as_u64().unwrap();
    let wish = format!(r#","account":"alice","from_sequence":{from}"#);
    let mut again = market.connect().await;
    again.ask(subscribe(&["orders"], &wish), "SubscribeSuccess").await;
    told(
        &mut again,
        &[
            json!({"type": "OrderAccepted"}),
            json!({"type": "BalanceUpdate", "locked": 100.05, "prev_sequence": from}),
            json!({"type": "OrderExecution"}),
            json!({"type": "BalanceUpdate", "asset": "BTC"}),
            json!({"type": "BalanceUpdate", "asset": "KRW", "locked": 0}),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_amended_by_its_name_before_it_is_answered() {
    let market = Market::start();
    let mut client = market.connect().await;
    for round in 0..100 {
        let name = format!(r#""client_order_id":"c{round}""#);
        let order =
            r#""symbol":"BTC-KRW","order_type":"Limit","side":"Buy","price":90,"quantity":2"#;
        client.say(format!(r#"{{"type":"PlaceOrder",{order},{name}}}"#)).await;
        client.say(format!(r#"{{"type":"AmendOrder",{name},"quantity":"0.5"}}"#)).await;
        client.say(format!(r#"{{"type":"CancelOrder",{name}}}"#)).await;
        for (status, remaining) in [(202, json!(null)), (200, json!(null)), (200, json!(0.5))] {
            let answer = client.next_of("OrderResponse").await;
            assert_eq!(answer["status"], status, "{round}: {answer}");
            assert_eq!(answer["remaining_quantity"], remaining);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_tested_over_the_socket() {
    let market = Market::start();
    let mut client = market.connect().await;
    for (more, status, told) in [
        ("", 200, ("order_status", "OK")),
        (r#","time_in_force":"FOK""#, 422, ("error", "FOK")),
        (r#","trail":1"#, 422, ("error", "BAD_COMBINATION")),
    ] {
        let plain =
            r#""symbol":"BTC-KRW","order_type":"Limit","side":"Buy","price":5,"quantity":1"#;
        let order = format!(r#"{{"type":"TestOrder",{plain}{more}}}"#);
        let answer = client.ask(order, "OrderResponse").await;
        assert_eq!(
            (&answer["status"], &answer[told.0]),
            (&json!(status), &json!(told.1)),
            "{more}"
        );
    }
    assert_eq!(follow(&mut client, "demo").await["orders"], json!([]));
}
