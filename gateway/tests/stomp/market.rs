//! Market data as topics: the same messages as on the xTrader socket, under names and patterns.

use engine::projection::ViewLimits;
use serde_json::json;

use crate::client::{Stomp, until_watched};
use crate::support::Exchange;

const TRADE: [&str; 2] = [
    r#"{"symbol":"AAPL","side":"Sell","type":"Limit","price":190,"quantity":2}"#,
    r#"{"symbol":"AAPL","side":"Buy","type":"Limit","price":190,"quantity":1,"account":"bob"}"#,
];

#[tokio::test]
async fn each_topic_carries_its_messages() {
    let exchange = Exchange::start().await;
    let mut rest = exchange.rest().await;
    let mut stomp = Stomp::connect(&exchange).await;
    for (id, kind, has_state) in [
        ("orderbook", "OrderBookUpdate", true),
        ("statistics", "MarketStatistics", true),
        ("status", "InstrumentStatus", true),
        ("executions", "", false),
    ] {
        stomp.subscribe(id, &format!("/topic/{id}.AAPL")).await;
        if has_state {
            let state = stomp.message(id).await;
            assert_eq!((&state["type"], &state["symbol"]), (&json!(kind), &json!("AAPL")));
        }
    }
    stomp.subscribe("candles", "/topic/candles.AAPL.1m").await;
    for order in TRADE {
        assert_eq!(rest.post("/api/v1/order", order).await.status, 202);
    }
    let mut heard = std::collections::BTreeMap::new();
    while heard.len() < 4 {
        let frame = stomp.frame().await;
        let id = frame.header("subscription").unwrap().to_owned();
        let destination = frame.header("destination").unwrap().to_owned();
        heard.insert(id, (destination, frame.json()["type"].as_str().unwrap().to_owned()));
    }
    let heard: Vec<_> =
        heard.iter().map(|(id, (to, kind))| (&id[..], &to[..], &kind[..])).collect();
    assert_eq!(
        heard,
        [
            ("candles", "/topic/candles.AAPL.1m", "CandlestickUpdate"),
            ("executions", "/topic/executions.AAPL", "Execution"),
            ("orderbook", "/topic/orderbook.AAPL", "OrderBookUpdate"),
            ("statistics", "/topic/statistics.AAPL", "MarketStatistics"),
        ]
    );
    exchange.stop().await;
}

#[tokio::test]
async fn a_pattern_covers_what_it_matches_and_what_comes_to_be() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("all", "/topic/*").await;
    stomp.subscribe("books", "/topic/orderbook.*").await;
    until_watched(&exchange.app.hub, "orderbook:AAPL", 1).await;
    until_watched(&exchange.app.hub, "prayer", 1).await;
    until_watched(&exchange.app.hub, "liquidation", 1).await;
    let before = exchange.app.hub.topics().len();
    assert_eq!(before, 3 + 3 * (4 + 7), "every topic that there is");
    stomp.ask("UNSUBSCRIBE\nid:all", "").await;
    until_watched(&exchange.app.hub, "orderbook:AAPL", 1).await;
    assert_eq!(exchange.app.hub.topics().len(), 3, "the books are covered still");
    stomp.subscribe("soon", "/topic/statistics.NEW-KRW").await;
    let listed = json!({
        "symbol": "NEW-KRW", "base": "NEW", "quote": "KRW", "price_step": "1",
        "quantity_step": "0.1",
    });
    let reply = exchange.admin().await.post("/api/v1/admin/instruments", &listed.to_string()).await;
    assert!((200..300).contains(&reply.status), "{} {}", reply.status, reply.body);
    until_watched(&exchange.app.hub, "orderbook:NEW-KRW", 1).await;
    until_watched(&exchange.app.hub, "statistics:NEW-KRW", 1).await;
    loop {
        let message = stomp.message("soon").await;
        if message["symbol"] == "NEW-KRW" {
            break;
        }
    }
    stomp.ask("UNSUBSCRIBE\nid:books", "").await;
    stomp.ask("UNSUBSCRIBE\nid:soon", "").await;
    drop(stomp);
    until_watched(&exchange.app.hub, "orderbook:AAPL", 0).await;
    exchange.stop().await;
}

#[tokio::test]
async fn what_is_not_known_is_silent() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    for (id, destination) in
        [("0", "/topic/nothing"), ("1", "/queue/errors-user1"), ("2", "/topic/orderbook.NONE")]
    {
        stomp.subscribe(id, destination).await;
    }
    assert_eq!(stomp.ask("UNSUBSCRIBE\nid:0", "").await, []);
    assert_eq!(exchange.app.hub.topics(), []);
    exchange.stop().await;
}

#[tokio::test]
async fn executions_are_acknowledged_and_sent_again() {
    let exchange = Exchange::start().await;
    let mut rest = exchange.rest().await;
    let mut stomp = Stomp::connect(&exchange).await;
    let head = "SUBSCRIBE\nid:0\ndestination:/topic/executions.AAPL\nack:client-individual";
    stomp.ask(head, "").await;
    for order in TRADE {
        assert_eq!(rest.post("/api/v1/order", order).await.status, 202);
    }
    let first = stomp.frame().await;
    let id = first.header("ack").unwrap().to_owned();
    assert_eq!(first.header("message-id"), Some(id.as_str()));
    stomp.send(&format!("NACK\nid:{id}\n\n\0")).await;
    let again = stomp.frame().await;
    assert_eq!(again.header("redelivered"), Some("true"));
    assert_eq!((again.header("ack"), &again.body), (Some(id.as_str()), &first.body));
    assert_eq!(stomp.ask(&format!("ACK\nid:{id}"), "").await, []);
    assert_eq!(stomp.ask(&format!("NACK\nid:{id}"), "").await, [], "settled");
    exchange.stop().await;
}

/// How executions are numbered: by command, then by their index within it.
fn places(messages: &[serde_json::Value]) -> Vec<(u64, u64)> {
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    messages.iter().map(|one| (number(&one["sequence"]), number(&one["index"]))).collect()
}

async fn read(stomp: &mut Stomp, subscription: &str, count: usize) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(stomp.message(subscription).await);
    }
    all
}

/// One command that trades against this many orders.
async fn sweep(rest: &mut crate::support::Client, makers: usize) {
    for _ in 0..makers {
        assert_eq!(rest.post("/api/v1/order", TRADE[0]).await.status, 202);
    }
    let quantity = 2 * makers;
    let taker = format!(
        r#"{{"symbol":"AAPL","side":"Buy","type":"Limit","price":190,"quantity":{quantity},
            "account":"b"}}"#
    );
    assert_eq!(rest.post("/api/v1/order", &taker).await.status, 202);
}

#[tokio::test]
async fn executions_resume_from_a_sequence_and_go_on_without_gap() {
    let exchange = Exchange::start().await;
    let mut rest = exchange.rest().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("live", "/topic/executions.AAPL").await;
    for _ in 0..5 {
        sweep(&mut rest, 3).await;
    }
    let all = read(&mut stomp, "live", 15).await;
    let known = places(&all);
    assert!(known.is_sorted(), "{known:?}");
    for (skipped, id) in [(0, "all"), (3, "later"), (12, "last")] {
        let head = format!(
            "SUBSCRIBE\nid:{id}\ndestination:/topic/executions.AAPL\nfrom_sequence:{}",
            known[skipped].0
        );
        assert_eq!(stomp.ask(&head, "").await, [], "the receipt goes before history");
        let mut again = Vec::new();
        while again.len() < 15 - skipped {
            let frame = stomp.frame().await;
            assert_eq!(frame.header("subscription"), Some(id), "the others know it already");
            again.push(frame.json());
        }
        assert_eq!(again, all[skipped..], "{id}");
    }
    sweep(&mut rest, 1).await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        let frame = stomp.frame().await;
        assert_eq!(frame.json()["prev_sequence"], known[14].0, "no gap");
        heard.push(frame.header("subscription").unwrap().to_owned());
    }
    heard.sort();
    assert_eq!(heard, ["all", "last", "later", "live"], "each once");
    exchange.stop().await;
}

#[tokio::test]
async fn a_history_that_begins_later_is_refused_and_the_session_lives() {
    let limits = ViewLimits { trades_max: 2, ..ViewLimits::DEFAULT };
    let exchange = Exchange::start_remembering(limits).await;
    let mut rest = exchange.rest().await;
    for _ in 0..4 {
        sweep(&mut rest, 1).await;
    }
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("errors", "/user/queue/errors").await;
    let head = "SUBSCRIBE\nid:0\ndestination:/topic/executions.AAPL\nfrom_sequence:1";
    stomp.send(&format!("{head}\nreceipt:r\n\n\0")).await;
    let refused = stomp.frame().await;
    assert_eq!(refused.header("receipt-id"), Some("r"));
    assert_eq!(refused.json()["code"], "RESUME_TOO_OLD");
    let oldest = refused.json()["oldest"].as_u64().unwrap();
    assert_eq!(exchange.app.hub.topics(), [], "nothing was subscribed");
    let head =
        format!("SUBSCRIBE\nid:0\ndestination:/topic/executions.AAPL\nfrom_sequence:{oldest}");
    assert_eq!(stomp.ask(&head, "").await, []);
    assert!(places(&read(&mut stomp, "0", 1).await)[0].0 >= oldest);
    exchange.stop().await;
}

#[tokio::test]
async fn state_is_shown_to_the_new_subscription_alone() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    for (id, destination) in [
        ("a", "/topic/prayer"),
        ("b", "/topic/prayer"),
        ("c", "/topic/pray*"),
        ("d", "/topic/status.AAPL"),
        ("e", "/topic/status.AAPL"),
    ] {
        stomp.subscribe(id, destination).await;
        let shown = stomp.frame().await;
        assert_eq!(shown.header("subscription"), Some(id));
        assert_eq!(stomp.ask("UNSUBSCRIBE\nid:none", "").await, [], "nobody else is told: {id}");
    }
    stomp.pray(r#"{"side":"up","count":1}"#).await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(stomp.frame().await.header("subscription").unwrap().to_owned());
    }
    assert_eq!(heard, ["a", "b", "c"], "a change is told to all");
    exchange.stop().await;
}
