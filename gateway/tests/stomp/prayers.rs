//! Prayers: entered, counted, told; refused to the one session alone.

use serde_json::{Value, json};

use crate::client::Stomp;
use crate::support::Exchange;

/// Without what differs from run to run.
fn counts(message: &Value) -> Value {
    json!({
        "type": message["type"], "up": message["upCount"], "down": message["downCount"],
        "upRatio": message["upRatio"], "downRatio": message["downRatio"],
    })
}

fn count(up: u64, down: u64, up_ratio: f64, down_ratio: f64) -> Value {
    // Whole numbers are shown without a point.
    let ratio = |ratio: f64| if ratio.fract() == 0.0 { json!(ratio as u64) } else { json!(ratio) };
    json!({
        "type": "PRAYER", "up": up, "down": down,
        "upRatio": ratio(up_ratio), "downRatio": ratio(down_ratio),
    })
}

#[tokio::test]
async fn subscribers_see_the_state_at_once_and_then_every_change() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("0", "/topic/prayer").await;
    let first = stomp.message("0").await;
    assert_eq!(counts(&first), count(0, 0, 0.5, 0.5));
    assert_eq!((&first["upRpm"], &first["downRpm"]), (&json!(0), &json!(0)));
    stomp.pray(r#"{"side":"up","count":3}"#).await;
    let second = stomp.message("0").await;
    assert_eq!(counts(&second), count(3, 0, 1.0, 0.0));
    assert_eq!(second["upRpm"], 3);
    assert_eq!(second["prev_sequence"], first["sequence"]);
    assert!(second["timestamp"].as_u64() > Some(1_600_000_000_000));
    stomp.pray(r#"{"side":"down","count":1,"userId":"ignored"}"#).await;
    assert_eq!(counts(&stomp.message("0").await), count(3, 1, 0.75, 0.25));
    let mut late = Stomp::connect(&exchange).await;
    late.subscribe("x", "/topic/prayer").await;
    assert_eq!(counts(&late.message("x").await), count(3, 1, 0.75, 0.25), "the state at once");
    let totals = exchange.rest().await.get("/api/v1/prayer").await.json();
    assert_eq!((&totals["upCount"], &totals["downCount"]), (&json!(3), &json!(1)));
    exchange.stop().await;
}

#[tokio::test]
async fn a_receipt_means_that_it_is_counted() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    for asked in 1..=10 {
        stomp.ask("SEND\ndestination:/app/prayer", r#"{"side":"up"}"#).await;
        assert_eq!(exchange.app.views.read().prayers.view().up_total, asked);
    }
    exchange.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_told_to_its_own_session_alone() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    let mut other = Stomp::connect(&exchange).await;
    stomp.subscribe("e", "/user/queue/errors").await;
    other.subscribe("e", "/user/queue/errors").await;
    for (body, code) in [
        (r#"{"side":"left","count":1}"#, "INVALID_SIDE"),
        (r#"{"side":"UP","count":1}"#, "INVALID_SIDE"),
        (r#"{"side":"up","count":0}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":101}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":-1}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":1.5}"#, "INVALID_COUNT"),
        (r#"{"side":"up","count":"many"}"#, "BAD_REQUEST"),
        (r#"{"count":1}"#, "BAD_REQUEST"),
        (r#"{"side":1}"#, "BAD_REQUEST"),
        ("[]", "BAD_REQUEST"),
        ("", "BAD_REQUEST"),
        ("\u{1}", "BAD_REQUEST"),
    ] {
        stomp.send(&format!("SEND\ndestination:/app/prayer\nreceipt:r\n\n{body}\0")).await;
        let frame = stomp.frame().await;
        assert_eq!(frame.command, "MESSAGE", "no receipt for {body}");
        assert_eq!(frame.header("destination"), Some("/user/queue/errors"), "{body}");
        assert_eq!(frame.header("receipt-id"), Some("r"), "{body}");
        let error = frame.json();
        assert_eq!(error["code"], code, "{body}: {error}");
        assert!(error["message"].is_string() && error["timestamp"].is_u64(), "{error}");
        assert_eq!(error.as_object().unwrap().len(), 3, "{error}");
    }
    for (destination, code) in [
        ("/topic/prayer", "FORBIDDEN_DESTINATION"),
        ("/user/queue/errors", "FORBIDDEN_DESTINATION"),
        ("/app/dance", "UNKNOWN_DESTINATION"),
    ] {
        stomp.send(&format!("SEND\ndestination:{destination}\n\nx\0")).await;
        assert_eq!(stomp.message("e").await["code"], code, "{destination}");
    }
    assert_eq!(other.ask("BEGIN\ntransaction:t", "").await, [], "the other heard nothing");
    assert_eq!(exchange.app.views.read().prayers.view().up_total, 0);
    exchange.stop().await;
}

#[tokio::test]
async fn the_bucket_holds_twenty_whatever_is_asked_and_a_new_session_does_not_refill_it() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("e", "/user/queue/errors").await;
    for index in 0..60 {
        let body = ["nonsense", r#"{"side":"up","count":100}"#][index % 2];
        stomp.pray(body).await;
    }
    let mut codes = Vec::new();
    while codes.last() != Some(&json!("RATE_LIMIT_EXCEEDED")) {
        codes.push(stomp.message("e").await["code"].clone());
    }
    let nonsense = codes.iter().filter(|code| **code == "BAD_REQUEST").count();
    assert!(nonsense >= 10, "a token is taken before the body is read: {codes:?}");
    let mut beside = Stomp::connect(&exchange).await;
    beside.ask("SEND\ndestination:/app/prayer", r#"{"side":"down"}"#).await;
    drop(stomp);
    while exchange.app.lobby.open() > 1 {
        tokio::task::yield_now().await;
    }
    let mut again = Stomp::connect(&exchange).await;
    again.subscribe("e", "/user/queue/errors").await;
    for _ in 0..20 {
        again.pray("{}").await;
    }
    let mut refused = false;
    for _ in 0..20 {
        refused |= again.message("e").await["code"] == "RATE_LIMIT_EXCEEDED";
    }
    assert!(refused, "it goes on with the bucket that was left");
    exchange.stop().await;
}

#[tokio::test]
async fn a_transaction_is_counted_whole_or_not_at_all() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("e", "/user/queue/errors").await;
    let up = || exchange.app.views.read().prayers.view().up_total;
    let send = |transaction: &str, body: &str| {
        format!("SEND\ndestination:/app/prayer\ntransaction:{transaction}\n\n{body}\0")
    };
    stomp.ask("BEGIN\ntransaction:t", "").await;
    for _ in 0..3 {
        stomp.send(&send("t", r#"{"side":"up","count":2}"#)).await;
    }
    stomp.ask("ACK\nid:x", "").await;
    assert_eq!(up(), 0, "nothing before COMMIT");
    stomp.ask("COMMIT\ntransaction:t", "").await;
    assert_eq!(up(), 6);
    stomp.ask("BEGIN\ntransaction:bad", "").await;
    stomp.send(&send("bad", r#"{"side":"up"}"#)).await;
    stomp.send(&send("bad", r#"{"side":"left"}"#)).await;
    stomp.send("COMMIT\ntransaction:bad\nreceipt:c\n\n\0").await;
    let refused = stomp.frame().await;
    assert_eq!(refused.header("receipt-id"), Some("c"));
    assert_eq!(refused.json()["code"], "INVALID_SIDE");
    stomp.ask("BEGIN\ntransaction:gone", "").await;
    stomp.send(&send("gone", r#"{"side":"up"}"#)).await;
    stomp.ask("ABORT\ntransaction:gone", "").await;
    assert_eq!(up(), 6, "neither the refused nor the aborted one");
    exchange.stop().await;
}

#[tokio::test]
async fn nothing_is_told_without_a_change_and_nothing_more_often_than_every_200_ms() {
    let exchange = Exchange::start().await;
    let mut watcher = Stomp::connect(&exchange).await;
    watcher.subscribe("0", "/topic/prayer").await;
    watcher.message("0").await;
    let started = std::time::Instant::now();
    let mut stomp = Stomp::connect(&exchange).await;
    let mut seen = Vec::new();
    for _ in 0..15 {
        stomp.ask("SEND\ndestination:/app/prayer", r#"{"side":"up"}"#).await;
    }
    while seen.last() != Some(&json!(15)) {
        seen.push(watcher.message("0").await["upCount"].clone());
    }
    let slots = started.elapsed().as_millis() / 200 + 2;
    assert!(seen.len() as u128 <= slots, "{} messages in {slots} slots", seen.len());
    let is_growing = seen.windows(2).all(|pair| pair[0].as_u64() < pair[1].as_u64());
    assert!(is_growing, "each shows a change: {seen:?}");
    exchange.stop().await;
}
