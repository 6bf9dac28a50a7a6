//! Orders in, and what happens to them, in the order it happened.

use serde_json::{Value, json};

use crate::client::{Quest, order};
use crate::support::Exchange;

const ALICE: &str = "/ws/orders?account=alice";

fn limit(side: &str, price: i64, quantity: &str) -> Value {
    json!({
        "symbol": "BTC-KRW", "side": side, "type": "limit", "price": price, "quantity": quantity,
    })
}

fn named(mut order: Value, client_order_id: &str) -> Value {
    order["clientOrderId"] = json!(client_order_id);
    order
}

/// As another account, over REST.
fn of_bob(side: &str, price: i64, quantity: &str) -> Value {
    let mut order = limit(side, price, quantity);
    order["account"] = json!("bob");
    order
}

/// Types with how much was filled, how much remains and the status.
fn lives(all: &[Value]) -> Vec<(String, Value, Value, String)> {
    let life = |told: &Value| {
        let data = &told["data"];
        let kind = told["type"].as_str().unwrap().to_owned();
        let status = data["orderStatus"].as_str().or(data["status"].as_str()).unwrap_or("-");
        (kind, data["filledQuantity"].clone(), data["remainingQuantity"].clone(), status.to_owned())
    };
    all.iter().map(life).collect()
}

fn life(
    kind: &str,
    filled: Value,
    remaining: Value,
    status: &str,
) -> (String, Value, Value, String) {
    (kind.to_owned(), filled, remaining, status.to_owned())
}

async fn some(quest: &mut Quest, count: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(quest.told().await);
    }
    all
}

#[tokio::test]
async fn what_is_open_comes_first_even_of_an_account_that_nobody_knows() {
    let exchange = Exchange::start().await;
    let mut nobody = Quest::open(&exchange, "/ws/orders?account=nobody").await;
    let told = nobody.told().await;
    let empty = json!({"account": "nobody", "orders": [], "complete": true});
    assert_eq!((&told["type"], &told["data"]), (&json!("ACTIVE_ORDERS"), &empty));
    assert!(exchange.app.views.read().catalog.account_names().is_empty(), "a read opens none");
    let id = order(&exchange, of_bob("Buy", 100, "2")).await;
    let mut bob = Quest::open(&exchange, "/ws/orders?account=bob").await;
    let orders = bob.told().await["data"]["orders"].clone();
    assert_eq!((orders.as_array().unwrap().len(), &orders[0]["orderId"]), (1, &json!(id)));
    drop((nobody, bob));
    exchange.stop().await;
}

#[tokio::test]
async fn an_order_is_submitted_before_anything_else_is_said_of_it() {
    let exchange = Exchange::start().await;
    for (price, quantity) in [(100, "1"), (101, "2"), (102, "5")] {
        order(&exchange, of_bob("Sell", price, quantity)).await;
    }
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    let submitted = quest.ask_for_all("SUBMIT_ORDER", limit("Buy", 102, "4")).await;
    let mut all = submitted;
    all.extend(some(&mut quest, 6).await);
    assert_eq!(
        lives(&all),
        [
            life("ORDER_SUBMITTED", json!(0), json!(4), "NEW"),
            life("EXECUTION_REPORT", json!(1), json!(3), "PARTIALLY_FILLED"),
            life("ORDER_PARTIALLY_FILLED", json!(1), json!(3), "PARTIALLY_FILLED"),
            life("EXECUTION_REPORT", json!(3), json!(1), "PARTIALLY_FILLED"),
            life("ORDER_PARTIALLY_FILLED", json!(3), json!(1), "PARTIALLY_FILLED"),
            life("EXECUTION_REPORT", json!(4), json!(0), "FILLED"),
            life("ORDER_FILLED", json!(4), json!(0), "FILLED"),
        ]
    );
    let ids: Vec<&Value> = all.iter().map(|told| &told["data"]["orderId"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let sequences: Vec<&Value> = all.iter().map(|told| &told["seq"]).collect();
    assert!(sequences.iter().all(|seq| *seq == sequences[0]), "one command: {sequences:?}");
    let report = &all[3]["data"];
    assert_eq!(
        (&report["price"], &report["quantity"], &report["liquidity"], &report["side"]),
        (&json!(101), &json!(2), &json!("Taker"), &json!("Buy"))
    );
    assert_eq!(all[6]["data"]["averagePrice"], json!(101));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn a_resting_order_lives_until_it_is_modified_filled_or_cancelled() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    let order_of = |order: &str| json!({"clientOrderId": order});
    quest.ask("SUBMIT_ORDER", named(limit("Buy", 100, "4"), "a")).await;
    let mut modify = order_of("a");
    modify["quantity"] = json!(3);
    let mut all = quest.ask_for_all("MODIFY_ORDER", modify).await;
    assert_eq!(all[0]["data"]["keptPriority"], json!(true));
    crate::client::order(&exchange, of_bob("Sell", 100, "1")).await;
    all.extend(some(&mut quest, 2).await);
    let fill = all[1]["data"]["liquidity"].clone();
    assert_eq!(fill, json!("Maker"));
    all.extend(quest.ask_for_all("CANCEL_ORDER", order_of("a")).await);
    assert_eq!(
        lives(&all),
        [
            life("ORDER_MODIFIED", json!(0), json!(3), "NEW"),
            life("EXECUTION_REPORT", json!(1), json!(2), "PARTIALLY_FILLED"),
            life("ORDER_PARTIALLY_FILLED", json!(1), json!(2), "PARTIALLY_FILLED"),
            life("ORDER_CANCELLED", json!(1), json!(2), "CANCELLED"),
        ]
    );
    assert_eq!(all[3]["data"]["reason"], json!("USER"));
    let (kind, status) = quest.ask("REQUEST_ORDER_STATUS", order_of("a")).await;
    assert_eq!((kind.as_str(), &status["status"]), ("ORDER_STATUS", &json!("CANCELLED")));
    let (_, history) = quest.ask("REQUEST_ORDER_HISTORY", json!({"symbol": "BTC-KRW"})).await;
    assert_eq!(history["orders"].as_array().unwrap().len(), 1);
    assert_eq!(history["next"], json!(null));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn a_fired_stop_is_a_status_before_its_fill() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    let stop = json!({
        "symbol": "BTC-KRW", "side": "Sell", "orderType": "STOP", "stopPrice": 90, "quantity": "1",
    });
    let (kind, submitted) = quest.ask("SUBMIT_ORDER", stop).await;
    assert_eq!((kind.as_str(), &submitted["triggered"]), ("ORDER_SUBMITTED", &json!(false)));
    order(&exchange, of_bob("Buy", 90, "5")).await;
    let mut carol = of_bob("Sell", 90, "1");
    carol["account"] = json!("carol");
    order(&exchange, carol).await;
    let all = some(&mut quest, 3).await;
    assert_eq!(
        lives(&all),
        [
            life("ORDER_STATUS", json!(0), json!(1), "NEW"),
            life("EXECUTION_REPORT", json!(1), json!(0), "FILLED"),
            life("ORDER_FILLED", json!(1), json!(0), "FILLED"),
        ]
    );
    assert_eq!(all[0]["data"]["triggered"], json!(true));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn content_that_is_bad_rejects_the_order_and_a_bad_message_is_an_error() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    let with = |name: &str, value: Value| {
        let mut order = named(limit("Buy", 100, "1"), "c");
        order[name] = value;
        order
    };
    let cancel = |id: &str| json!({"orderId": id});
    let unknown = "00000000-0000-4000-8000-000000000001";
    for (kind, data, told, code, field) in [
        (
            "SUBMIT_ORDER",
            with("quantity", json!(0)),
            "ORDER_REJECTED",
            "INVALID_QUANTITY",
            "quantity",
        ),
        ("SUBMIT_ORDER", with("price", json!("0.5")), "ORDER_REJECTED", "INVALID_PRICE", "price"),
        (
            "SUBMIT_ORDER",
            with("symbol", json!("GOOGL")),
            "ORDER_REJECTED",
            "SYMBOL_NOT_FOUND",
            "symbol",
        ),
        ("SUBMIT_ORDER", with("side", json!("up")), "ORDER_REJECTED", "INVALID_PARAMETER", "side"),
        ("SUBMIT_ORDER", with("more", json!(1)), "ORDER_REJECTED", "UNKNOWN_FIELD", "more"),
        (
            "SUBMIT_ORDER",
            with("account", json!("bob")),
            "ORDER_REJECTED",
            "INVALID_PARAMETER",
            "account",
        ),
        ("SUBMIT_ORDER", with("quantity", json!([])), "ERROR", "BAD_REQUEST", "quantity"),
        ("SUBMIT_ORDER", with("quantity", json!("x")), "ERROR", "BAD_REQUEST", "quantity"),
        ("SUBMIT_ORDER", json!({}), "ERROR", "BAD_REQUEST", "symbol"),
        ("SUBMIT_ORDER", json!({"symbol": "AAPL"}), "ERROR", "BAD_REQUEST", "side"),
        ("CANCEL_ORDER", cancel(unknown), "ORDER_REJECTED", "ORDER_NOT_FOUND", "-"),
        ("CANCEL_ORDER", cancel("x"), "ORDER_REJECTED", "ORDER_NOT_FOUND", "-"),
        ("CANCEL_ORDER", json!({}), "ERROR", "BAD_REQUEST", "orderId"),
        (
            "MODIFY_ORDER",
            json!({"clientOrderId": "no", "quantity": 1}),
            "ORDER_REJECTED",
            "ORDER_NOT_FOUND",
            "-",
        ),
        ("REQUEST_ORDER_STATUS", cancel(unknown), "ERROR", "ORDER_NOT_FOUND", "-"),
        ("REQUEST_ORDER_STATUS", json!({}), "ERROR", "BAD_REQUEST", "orderId"),
        ("REQUEST_ORDER_HISTORY", json!({"before": "x"}), "ERROR", "INVALID_PARAMETER", "before"),
    ] {
        let (answer, body) = quest.ask(kind, data.clone()).await;
        let seen = (answer.as_str(), body["code"].as_str().unwrap());
        assert_eq!(seen, (told, code), "{kind} {data}: {body}");
        assert_eq!(body["field"].as_str().unwrap_or("-"), field, "{kind} {data}");
    }
    let is_untouched = exchange.app.views.read().catalog.account_names().is_empty();
    assert!(is_untouched, "nothing of it reached the engine");
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn what_the_market_refuses_is_told_once() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    quest.ask("SUBSCRIBE_ORDERS", json!({})).await;
    // A refused order opens no account, and what has none has no stream.
    quest.ask("SUBMIT_ORDER", limit("Buy", 10, "1")).await;
    let mut market = named(limit("Buy", 100, "1"), "m");
    market["type"] = json!("Market");
    market["price"] = json!(null);
    let all = quest.ask_for_all("SUBMIT_ORDER", market).await;
    let data = &all[0]["data"];
    assert_eq!(
        (&all[0]["type"], &data["code"], &data["clientOrderId"], &data["operation"]),
        (&json!("ORDER_REJECTED"), &json!("NO_LIQUIDITY"), &json!("m"), &json!("SUBMIT"))
    );
    assert_eq!(quest.ask_for_all("REQUEST_ORDER_HISTORY", json!({})).await.len(), 1);
    // Another session of the account hears of it too.
    let mut other = Quest::open(&exchange, ALICE).await;
    other.told().await;
    other.ask("SUBSCRIBE_ORDERS", json!({})).await;
    let (_, rejected) = quest.ask("CANCEL_ORDER", json!({"clientOrderId": "m"})).await;
    assert_eq!(rejected["code"], "ORDER_NOT_FOUND");
    let told = other.told().await;
    let seen = (&told["type"], &told["data"]["code"], &told["data"]["operation"]);
    assert_eq!(seen, (&json!("ORDER_REJECTED"), &json!("ORDER_NOT_FOUND"), &json!("CANCEL")));
    drop((quest, other));
    exchange.stop().await;
}

#[tokio::test]
async fn without_a_subscription_a_session_hears_of_its_own_orders_only() {
    let exchange = Exchange::start().await;
    let mut alone = Quest::open(&exchange, ALICE).await;
    let mut all = Quest::open(&exchange, ALICE).await;
    let mut some = Quest::open(&exchange, ALICE).await;
    for quest in [&mut alone, &mut all, &mut some] {
        assert_eq!(quest.told().await["type"], "ACTIVE_ORDERS");
    }
    let (_, confirmed) = all.ask("SUBSCRIBE_ORDERS", json!({})).await;
    let expected =
        json!({"account": "alice", "subscribed": true, "symbols": null, "unknownSymbols": []});
    assert_eq!(confirmed, expected);
    some.ask("SUBSCRIBE_ORDERS", json!({"symbols": ["AAPL"]})).await;
    for symbol in ["BTC-KRW", "AAPL"] {
        let body = json!({
            "symbol": symbol, "side": "Buy", "type": "Limit", "price": 10, "quantity": 1,
            "account": "alice", "client_order_id": symbol,
        });
        order(&exchange, body).await;
    }
    let symbol = |told: &Value| told["data"]["symbol"].clone();
    assert_eq!(symbol(&all.told().await), json!("BTC-KRW"));
    assert_eq!(symbol(&all.told().await), json!("AAPL"));
    assert_eq!(symbol(&some.told().await), json!("AAPL"));
    // It is the answer, although the order is not its own.
    let cancelled = alone.ask_for_all("CANCEL_ORDER", json!({"clientOrderId": "AAPL"})).await;
    assert_eq!((cancelled.len(), &cancelled[0]["type"]), (1, &json!("ORDER_CANCELLED")));
    let (_, left) = all.ask("UNSUBSCRIBE_ORDERS", json!({})).await;
    assert_eq!((&left["subscribed"], &left["symbols"]), (&json!(false), &json!([])));
    drop((alone, all, some));
    exchange.stop().await;
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_first_order_and_enters_nothing() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    let (_, first) = quest.ask("SUBMIT_ORDER", named(limit("Buy", 100, "1"), "once")).await;
    let all = quest.ask_for_all("SUBMIT_ORDER", named(limit("Buy", 100, "1"), "once")).await;
    assert_eq!(all.len(), 1);
    let again = &all[0]["data"];
    assert_eq!(
        (&again["orderId"], &again["duplicate"], &first["duplicate"]),
        (&first["orderId"], &json!(true), &json!(null))
    );
    let (kind, refused) = quest.ask("SUBMIT_ORDER", named(limit("Buy", 100, "2"), "once")).await;
    assert_eq!(
        (kind.as_str(), &refused["code"]),
        ("ORDER_REJECTED", &json!("DUPLICATE_CLIENT_ORDER_ID"))
    );
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn many_orders_at_once_are_answered_each_in_their_order() {
    const ORDERS: usize = 300;
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    quest.ask("SUBSCRIBE_ORDERS", json!({})).await;
    for index in 0..ORDERS {
        let side = if index % 2 == 0 { "Buy" } else { "Sell" };
        let mut order = limit(side, 100, "1");
        order["stp"] = json!("none");
        let request = json!({"type": "SUBMIT_ORDER", "id": index, "data": order});
        quest.send(&request.to_string()).await;
    }
    let (mut submitted, mut filled, mut known) = (Vec::new(), 0, std::collections::HashSet::new());
    while filled < ORDERS {
        let told = quest.told().await;
        let id = told["data"]["orderId"].as_str().unwrap().to_owned();
        match told["type"].as_str().unwrap() {
            "ORDER_SUBMITTED" => {
                submitted.push(told["id"].as_u64().unwrap() as usize);
                assert!(known.insert(id), "once");
            }
            "ORDER_FILLED" => {
                assert!(known.contains(&id), "submitted first");
                filled += 1;
            }
            "EXECUTION_REPORT" => assert!(known.contains(&id), "submitted first"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(submitted, (0..ORDERS).collect::<Vec<_>>());
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn history_is_told_in_pages() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, ALICE).await;
    quest.told().await;
    for index in 0..5 {
        let order = named(limit("Buy", 100 + index, "1"), &format!("h{index}"));
        quest.ask("SUBMIT_ORDER", order).await;
    }
    let mut seen = Vec::new();
    let mut before = json!(null);
    loop {
        let data = json!({"limit": 2, "before": before});
        let (_, page) = quest.ask("REQUEST_ORDER_HISTORY", data).await;
        for order in page["orders"].as_array().unwrap() {
            seen.push(order["clientOrderId"].as_str().unwrap().to_owned());
        }
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["h4", "h3", "h2", "h1", "h0"]);
    drop(quest);
    exchange.stop().await;
}
