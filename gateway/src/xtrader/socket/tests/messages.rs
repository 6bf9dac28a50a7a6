//! Every message, as a client reads it.

use serde_json::{Value, json};

use super::harness::{Client, Market, subscribe};
use crate::http::OrderEntry;
use crate::language::Language;

fn limit_order(fields: &str) -> String {
    let opening = r#""type":"PlaceOrder","symbol":"BTC-KRW","order_type":"Limit""#;
    format!("{{{opening},{fields}}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_reaches_every_topic() {
    let market = Market::start();
    let mut viewer = market.connect().await;
    let mut trader = market.connect().await;
    let wish = r#","intervals":["1m","5m"],"request_id":"r-1""#;
    let done = viewer.ask(subscribe(&["all"], wish), "SubscribeSuccess").await;
    assert_eq!(
        done,
        json!({
            "type": "SubscribeSuccess",
            "channels": ["executions", "orderbook", "statistics", "candles"],
            "symbols": ["BTC-KRW"], "intervals": ["1m", "5m"], "request_id": "r-1",
        })
    );
    let book = viewer.next().await;
    assert_eq!((&book["type"], &book["bids"]), (&json!("OrderBookUpdate"), &json!([])));
    let statistics = viewer.next().await;
    assert_eq!(statistics["type"], "MarketStatistics");
    assert_eq!(statistics["last_price"], Value::Null);

    let maker = trader.place("alice", "Sell", 50_000_000, "1.5").await;
    let book = viewer.next_of("OrderBookUpdate").await;
    assert_eq!(book["asks"], json!([[50_000_000, 1.5]]));
    let taker = trader.place("bob", "Buy", 50_000_001, "0.5").await;
    let mut seen = Vec::new();
    let mut execution = Value::Null;
    while seen.len() < 5 {
        let message = viewer.next().await;
        if message["type"] == "Execution" {
            execution = message.clone();
        }
        if message["type"] == "CandlestickUpdate" {
            assert_eq!(message["candle"]["close"], 50_000_000);
            assert_eq!(message["candle"]["volume"], 0.5);
            assert_eq!(message["is_closed"], false);
        }
        seen.push(message["type"].as_str().unwrap().to_owned());
    }
    seen.sort();
    let expected = [
        "CandlestickUpdate",
        "CandlestickUpdate",
        "Execution",
        "MarketStatistics",
        "OrderBookUpdate",
    ];
    assert_eq!(seen, expected);
    assert_eq!(execution["order_id"], taker);
    assert_eq!(execution["maker_order_id"], maker);
    assert_eq!((&execution["side"], &execution["price"]), (&json!("Buy"), &json!(50_000_000)));
    assert_eq!(execution["fee"], 12_500, "500 ppm of 25,000,000");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_reads_what_happens_to_its_orders() {
    let market = Market::start();
    let mut alice = market.connect().await;
    let mut public = market.connect().await;
    public.ask(subscribe(&["executions"], ""), "SubscribeSuccess").await;
    let done = alice.ask(subscribe(&["orders"], r#","account":"alice""#), "SubscribeSuccess").await;
    assert_eq!(done["account"], "alice");
    let snapshot = alice.next().await;
    assert_eq!((&snapshot["type"], &snapshot["orders"]), (&json!("OrdersSnapshot"), &json!([])));

    let mut trader = market.connect().await;
    let order = concat!(
        r#"{"type":"PlaceOrder","symbol":"BTC-KRW","account":"alice","side":"Sell","#,
        r#""order_type":"Limit","price":"100","quantity":"3","client_order_id":"mine"}"#
    );
    let maker = trader.ask(order, "OrderResponse").await;
    let accepted = alice.next().await;
    for (field, value) in [
        ("type", json!("OrderAccepted")),
        ("account", json!("alice")),
        ("order_id", maker["order_id"].clone()),
        ("client_order_id", json!("mine")),
        ("symbol", json!("BTC-KRW")),
        ("side", json!("Sell")),
        ("order_type", json!("Limit")),
        ("time_in_force", json!("GTC")),
        ("price", json!(100)),
        ("quantity", json!(3)),
        ("sequence", maker["sequence"].clone()),
    ] {
        assert_eq!(accepted[field], value, "{field} of {accepted}");
    }

    trader.place("bob", "Buy", 100, "1").await;
    let execution = alice.next().await;
    let tape = public.next_of("Execution").await;
    for (field, value) in [
        ("type", json!("OrderExecution")),
        ("exec_id", tape["exec_id"].clone()),
        ("order_id", maker["order_id"].clone()),
        ("client_order_id", json!("mine")),
        ("liquidity", json!("Maker")),
        ("side", json!("Sell")),
        ("price", json!(100)),
        ("quantity", json!(1)),
        ("prev_sequence", accepted["sequence"].clone()),
    ] {
        assert_eq!(execution[field], value, "{field} of {execution}");
    }

    let amend = r#"{"type":"AmendOrder","account":"alice","client_order_id":"mine","quantity":1}"#;
    trader.ask(amend, "OrderResponse").await;
    let amended = alice.next().await;
    assert_eq!(amended["type"], "OrderAmended");
    assert_eq!(
        (&amended["remaining_quantity"], &amended["kept_priority"]),
        (&json!(1), &json!(true))
    );
    let cancel = r#"{"type":"CancelOrder","account":"alice","client_order_id":"mine"}"#;
    let answer = trader.ask(cancel, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["order_status"]), (&json!(200), &json!("CANCELLED")));
    let cancelled = alice.next().await;
    assert_eq!(cancelled["type"], "OrderCancelled");
    assert_eq!(
        (&cancelled["reason"], &cancelled["remaining_quantity"]),
        (&json!("USER"), &json!(1))
    );

    let fok = order.replace("mine", "all or none").replace("}", r#","time_in_force":"FOK"}"#);
    let answer = trader.ask(fok, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!(422), &json!("FOK")));
    let rejected = alice.next().await;
    assert_eq!((&rejected["type"], &rejected["reason"]), (&json!("OrderRejected"), &json!("FOK")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_order_names_no_price_from_its_entry_to_its_end() {
    let market = Market::start();
    let mut alice = market.connect().await;
    alice.place("bob", "Sell", 100, "1").await;
    alice.ask(subscribe(&["orders"], r#","account":"alice""#), "SubscribeSuccess").await;
    let order = concat!(
        r#"{"type":"PlaceOrder","symbol":"BTC-KRW","account":"alice","side":"Buy","#,
        r#""order_type":"Market","quantity":"3"}"#
    );
    alice.say(order).await;
    for (kind, price) in [
        ("OrderAccepted", json!(null)),
        ("OrderExecution", json!(100)),
        ("OrderCancelled", json!(null)),
    ] {
        assert_eq!(alice.next_of(kind).await["price"], price, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_with_oneself_is_told_as_taker_and_as_maker() {
    let market = Market::start();
    let mut client = market.connect().await;
    client.place("demo", "Sell", 100, "1").await;
    let snapshot = {
        client.ask(r#"{"type":"Subscribe","channels":["orders"]}"#, "SubscribeSuccess").await;
        client.next_of("OrdersSnapshot").await
    };
    assert_eq!(snapshot["orders"].as_array().unwrap().len(), 1);
    assert_eq!(snapshot["orders"][0]["status"], "NEW");
    client.say(limit_order(r#""side":"Buy","price":100,"quantity":1"#)).await;
    let taker = client.next_of("OrderExecution").await;
    let maker = client.next_of("OrderExecution").await;
    assert_eq!((&taker["liquidity"], &taker["side"]), (&json!("Taker"), &json!("Buy")));
    assert_eq!((&maker["liquidity"], &maker["side"]), (&json!("Maker"), &json!("Sell")));
    assert_eq!(taker["exec_id"], maker["exec_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_is_a_snapshot_and_then_every_command() {
    let market = Market::start();
    let mut trader = market.connect().await;
    trader.place("alice", "Sell", 110, "1").await;
    let mut client = market.connect().await;
    client.ask(subscribe(&["depth"], ""), "SubscribeSuccess").await;
    let snapshot = client.next().await;
    assert_eq!(snapshot["type"], "DepthSnapshot");
    assert_eq!(snapshot["asks"], json!([[110, 1]]));
    trader.place("alice", "Sell", 111, "2").await;
    trader.place("bob", "Buy", 111, "2").await;
    let first = client.next().await;
    assert_eq!((&first["bids"], &first["asks"]), (&json!([]), &json!([[111, 2]])));
    assert_eq!(first["prev_sequence"], snapshot["sequence"]);
    let second = client.next().await;
    assert_eq!(second["asks"], json!([[110, 0], [111, 1]]), "one message a command, absolute");
    assert_eq!(second["prev_sequence"], first["sequence"]);
    client.say(r#"{"type":"Snapshot","channels":["depth"]}"#).await;
    let again = client.next().await;
    assert_eq!(again["asks"], json!([[111, 1]]));
    assert_eq!(again["sequence"], second["sequence"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_depth_follows_the_snapshot_too() {
    let market = Market::start();
    let mut trader = market.connect().await;
    let mut client = market.connect().await;
    client.ask(subscribe(&["depth"], r#","interval_ms":40"#), "SubscribeSuccess").await;
    let snapshot = client.next().await;
    for price in 100..120 {
        trader.place("alice", "Sell", price, "1").await;
    }
    let (mut previous, mut asks) = (snapshot["sequence"].clone(), Vec::new());
    while asks.len() < 20 {
        let delta = client.next().await;
        assert_eq!((&delta["type"], &delta["prev_sequence"]), (&json!("DepthDelta"), &previous));
        asks.extend(delta["asks"].as_array().unwrap().iter().map(|level| level[0].clone()));
        previous = delta["sequence"].clone();
    }
    assert_eq!(json!(asks), json!((100..120).collect::<Vec<_>>()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_shows_so_many_levels_and_every_change_if_asked() {
    let market = Market::start();
    let mut trader = market.connect().await;
    let mut client = market.connect().await;
    let wish = r#","depth":2,"interval_ms":0"#;
    client.ask(subscribe(&["orderbook"], wish), "SubscribeSuccess").await;
    let mut last = client.next().await;
    for (price, shown) in [
        (105, json!([[105, 1]])),
        (104, json!([[104, 1], [105, 1]])),
        (103, json!([[103, 1], [104, 1]])),
    ] {
        trader.place("alice", "Sell", price, "1").await;
        let book = client.next().await;
        assert_eq!((&book["asks"], &book["prev_sequence"]), (&shown, &last["sequence"]));
        last = book;
    }
    trader.place("alice", "Sell", 105, "1").await;
    let below = client.next().await;
    assert_eq!(below["asks"], last["asks"], "a change below what is shown moves the sequence");
    assert_eq!(below["prev_sequence"], last["sequence"]);
    assert_ne!(below["sequence"], last["sequence"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_an_error_and_the_session_lives_on() {
    let market = Market::start();
    let mut client = market.connect().await;
    for (text, code, message) in [
        ("{", "BAD_REQUEST", None),
        (r#"{"type":"Nonsense","request_id":7}"#, "BAD_REQUEST", None),
        (
            r#"{"type":"Subscribe","channels":["orderbook"],"symbols":["XYZ-KRW"]}"#,
            "SUBSCRIPTION_FAILED",
            Some("지원하지 않는 심볼입니다: XYZ-KRW"),
        ),
        (
            r#"{"type":"Subscribe","channels":["orderbook"],"symbols":["XYZ-KRW"],"lang":"en"}"#,
            "SUBSCRIPTION_FAILED",
            Some("the symbol is not supported: XYZ-KRW"),
        ),
    ] {
        let error = client.ask(text, "Error").await;
        assert_eq!(error["code"], code, "{text}");
        if text.contains("request_id") {
            assert_eq!(error["request_id"], 7);
        }
        if let Some(message) = message {
            assert_eq!(error["message"], message);
        }
    }
    client.send_binary(b"{}").await;
    assert_eq!(client.next_of("Error").await["code"], "UNSUPPORTED_DATA");
    let pong = client.ask(r#"{"type":"Ping","timestamp":17,"request_id":"p"}"#, "Pong").await;
    assert_eq!(pong, json!({"type": "Pong", "timestamp": 17, "request_id": "p"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_of_the_handshake_counts() {
    let market = Market::start();
    let pipe_bytes = 1 << 16;
    let mut client = market.connect_as(Language::English, OrderEntry::Allowed, pipe_bytes).await;
    let ask = r#"{"type":"Subscribe","channels":["orderbook"],"symbols":["X"]}"#;
    let error = client.ask(ask, "Error").await;
    assert_eq!(error["message"], "the symbol is not supported: X");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_answered_as_rest_answers_them() {
    let market = Market::start();
    let mut client = market.connect().await;
    for (fields, status, error) in [
        (r#""side":"Buy","order_type":"Limit","price":100,"quantity":0"#, 400, "INVALID_QUANTITY"),
        (
            r#""side":"Buy","order_type":"Limit","price":100,"quantity":1,"x":1"#,
            400,
            "UNKNOWN_FIELD",
        ),
        (r#""side":"Buy","order_type":"Market","quantity":1"#, 422, "NO_LIQUIDITY"),
    ] {
        let order =
            format!(r#"{{"type":"PlaceOrder","request_id":"1","symbol":"BTC-KRW",{fields}}}"#);
        let answer = client.ask(order, "OrderResponse").await;
        assert_eq!((&answer["status"], &answer["error"]), (&json!(status), &json!(error)));
        assert_eq!(answer["request_id"], "1");
    }
    let order = limit_order(r#""side":"Buy","price":1,"quantity":0"#);
    let answer = client.ask(order, "OrderResponse").await;
    assert_eq!(answer["message"], "수량은 0보다 커야 합니다");
    client.place("demo", "Buy", 100, "1").await;
    client.place("demo", "Buy", 101, "1").await;
    let answer = client.ask(r#"{"type":"CancelAll","symbol":"BTC-KRW"}"#, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["cancelled"]), (&json!(200), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_order_of_the_orders() {
    let market = Market::start();
    let mut client = market.connect().await;
    let order = |id: u32| {
        limit_order(&format!(r#""request_id":{id},"side":"Buy","price":15,"quantity":0.5"#))
    };
    for id in 0..500 {
        client.say(order(id)).await;
    }
    let mut last = 0;
    for id in 0..500 {
        let answer = client.next_of("OrderResponse").await;
        assert_eq!(answer["request_id"], id);
        let sequence = answer["sequence"].as_u64().unwrap();
        assert!(sequence > last, "entered in the order they came in");
        last = sequence;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_may_look_but_not_order() {
    let market = Market::start();
    let mut client = market.connect_as(Language::Unsaid, OrderEntry::Refused, 1 << 16).await;
    client.ask(subscribe(&["orderbook"], ""), "OrderBookUpdate").await;
    let order = limit_order(r#""side":"Buy","price":1,"quantity":1"#);
    let answer = client.ask(order, "OrderResponse").await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!(403), &json!("ORIGIN_REFUSED")));
    for channels in [&["orders"][..], &["orderbook", "orders"]] {
        let told = client.ask(subscribe(channels, ""), "Error").await;
        assert_eq!((&told["code"], &told["field"]), (&json!("ORIGIN_REFUSED"), &json!("channels")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsubscribe_is_the_last_word_of_its_topics() {
    let market = Market::start();
    let mut trader = market.connect().await;
    let mut client = market.connect().await;
    client.ask(subscribe(&["all", "depth"], ""), "SubscribeSuccess").await;
    trader.place("alice", "Sell", 100, "1").await;
    let leave = r#"{"type":"Unsubscribe","channels":["all"],"symbols":["all"],"request_id":9}"#;
    let done = client.ask(leave, "UnsubscribeSuccess").await;
    assert_eq!(done["request_id"], 9);
    assert_eq!(done["symbols"], json!(["BTC-KRW", "ETH-KRW", "AAPL"]));
    trader.place("alice", "Sell", 101, "1").await;
    trader.place("bob", "Buy", 101, "2").await;
    client.say(r#"{"type":"Ping"}"#).await;
    assert_eq!(client.next().await["type"], "Pong", "nothing in between");
    assert_eq!(market.app.hub.topics(), []);
}

async fn subscribed(market: &Market, channels: &[&str], rest: &str) -> Client {
    let mut client = market.connect().await;
    client.ask(subscribe(channels, rest), "SubscribeSuccess").await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_sends_the_snapshot_again_and_nothing_twice() {
    let market = Market::start();
    let mut trader = market.connect().await;
    let mut client = subscribed(&market, &["executions", "orderbook"], "").await;
    client.next_of("OrderBookUpdate").await;
    client.ask(subscribe(&["executions", "orderbook"], ""), "SubscribeSuccess").await;
    client.next_of("OrderBookUpdate").await;
    assert_eq!(
        market.app.hub.topics(),
        [("executions:BTC-KRW".to_owned(), 1), ("orderbook:BTC-KRW".to_owned(), 1)]
    );
    trader.place("alice", "Sell", 100, "1").await;
    trader.place("bob", "Buy", 100, "1").await;
    client.next_of("Execution").await;
    client.say(r#"{"type":"Ping"}"#).await;
    loop {
        let message = client.next().await;
        assert_ne!(message["type"], "Execution", "once");
        if message["type"] == "Pong" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_shown() {
    let market = Market::start();
    let mut client = subscribed(&market, &["status"], "").await;
    let status = client.next().await;
    assert_eq!((&status["type"], &status["status"]), (&json!("InstrumentStatus"), &json!("open")));
}
