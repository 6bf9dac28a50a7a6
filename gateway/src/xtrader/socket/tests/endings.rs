//! How sessions end: with which code, and that nobody else notices.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use super::harness::{Market, subscribe};
use crate::http::OrderEntry;
use crate::language::Language;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_protocol_does_not_survive_is_closed_with_its_code() {
    let market = Market::start();
    let masked = |head: &[u8], payload: &[u8]| {
        let mut frame = head.to_vec();
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    };
    let big = masked(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], &[b'x'; 65_537]);
    for (frame, code) in [
        (masked(&[0x81, 0x82], b"\xff\xfe"), 1007),
        (masked(&[0x83, 0x80], b""), 1002),
        (masked(&[0xc1, 0x80], b""), 1002),
        (masked(&[0x80, 0x80], b""), 1002),
        (vec![0x81, 0x01, b'x'], 1002),
        (big, 1009),
    ] {
        let mut client = market.connect().await;
        client.socket.get_mut().write_all(&frame).await.unwrap();
        assert_eq!(client.closed().await.0, code, "{:02x?}", &frame[..2]);
        let mut rest = Vec::new();
        client.socket.get_mut().read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"", "the connection ends");
    }
    market.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_answered() {
    let market = Market::start();
    let mut client = market.connect().await;
    client.socket.send(Message::Close(None)).await.unwrap();
    let frame = client.frame().await;
    assert!(matches!(frame, Message::Close(_)), "{frame:?}");
    market.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_closes_its_own_session_alone() {
    let market = Market::start();
    let mut other = market.connect().await;
    let mut client = market.connect().await;
    client.say(r#"{"type":"Panic"}"#).await;
    assert_eq!(client.closed().await, (1011, "internal error".into()));
    other.ask(r#"{"type":"Ping"}"#, "Pong").await;
    assert_eq!(market.app.hub.counters().panics.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_refused_but_not_of_orders() {
    let market = Market::start();
    let mut client = market.connect().await;
    for _ in 0..3_000 {
        client.say(r#"{"type":"CancelOrder","client_order_id":"none"}"#).await;
        client.next_of("OrderResponse").await;
    }
    let flood = async {
        loop {
            let sent = client.socket.feed(Message::text("{}")).await;
            if sent.is_err() || client.socket.flush().await.is_err() {
                return;
            }
        }
    };
    // The client writes on until the server has had enough; what it reads comes after.
    let _ended = tokio::time::timeout(Duration::from_millis(500), flood).await;
    assert_eq!(client.closed().await.0, 1008);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_end_no_message_are_a_flood_too() {
    let market = Market::start();
    let masked = |head: u8, payload: &[u8]| {
        let mut frame = vec![head, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        frame.extend(payload);
        frame
    };
    for (first, again) in [
        (masked(0x8a, b""), masked(0x89, b"ping")),
        (masked(0x8a, b""), masked(0x8a, b"")),
        (masked(0x01, b"{"), masked(0x00, b"")),
    ] {
        let mut client = market.connect().await;
        let mut frames = first;
        frames.extend(again.repeat(5_000));
        // What the pipe does not hold any more the server has not taken.
        let sending = client.socket.get_mut().write_all(&frames);
        let _in_time = tokio::time::timeout(Duration::from_millis(500), sending).await;
        assert_eq!(client.closed().await, (1008, "too many messages".into()));
    }
    market.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_is_closed_and_one_that_answers_is_not() {
    let market = Market::start_with(|settings| {
        settings.heartbeat = Duration::from_millis(20);
        settings.silence_max = Duration::from_millis(150);
    });
    let mut silent = market.connect().await;
    let mut answering = market.connect().await;
    let (mut texts, mut pings) = (0, 0);
    while texts < 10 || pings < 10 {
        match answering.frame().await {
            Message::Text(text) if text.contains(r#""type":"Ping""#) => {
                texts += 1;
                answering.say(r#"{"type":"Pong"}"#).await;
            }
            Message::Ping(_) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(silent.closed().await, (4408, "heartbeat timeout".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_is_announced_and_said_to_everybody() {
    let market = Market::start();
    let mut client = market.connect().await;
    let app = std::sync::Arc::clone(&market.app);
    let stopping = tokio::spawn(async move { app.hub.stop().await });
    client.next_of("Maintenance").await;
    assert_eq!(client.closed().await, (1001, "Shutdown".into()));
    drop(client);
    stopping.await.unwrap();
    market.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_closed_and_others_do_not_wait_for_it() {
    let market = Market::start_with(|settings| settings.outbox.event_bytes_max = 64 << 10);
    let mut slow = market.connect_as(Language::Unsaid, OrderEntry::Allowed, 4 << 10).await;
    slow.ask(subscribe(&["executions", "orderbook"], ""), "SubscribeSuccess").await;
    let mut quick = market.connect().await;
    quick.ask(subscribe(&["executions"], ""), "SubscribeSuccess").await;
    let mut trader = market.connect().await;
    let mut executions = 0;
    while market.app.hub.counters().overflows.get() == 0 {
        trader.place("alice", "Sell", 100, "1").await;
        trader.place("bob", "Buy", 100, "1").await;
        quick.next_of("Execution").await;
        executions += 1;
    }
    assert!(executions > 64 << 10 >> 9, "not before its outbox was full");
    assert_eq!(slow.closed().await, (4500, "slow consumer".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_client_does_not_read_in_time_closes_it() {
    let age = Duration::from_millis(300);
    let market = Market::start_with(|settings| settings.outbox.event_age_max = age);
    let mut slow = market.connect_as(Language::Unsaid, OrderEntry::Allowed, 256).await;
    slow.ask(subscribe(&["executions"], ""), "SubscribeSuccess").await;
    let mut trader = market.connect().await;
    for _ in 0..3 {
        trader.place("alice", "Sell", 100, "1").await;
        trader.place("bob", "Buy", 100, "1").await;
    }
    // Nobody trades any more: the session finds out by itself.
    market.until(|market| market.app.hub.counters().overflows.get() == 1).await;
    assert_eq!(slow.closed().await.0, 4500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_watches_states_alone_may_be_as_slow_as_it_likes() {
    let age = Duration::from_millis(100);
    let market = Market::start_with(|settings| settings.outbox.event_age_max = age);
    let mut slow = market.connect_as(Language::Unsaid, OrderEntry::Allowed, 256).await;
    slow.ask(subscribe(&["orderbook"], r#","interval_ms":0"#), "SubscribeSuccess").await;
    let mut trader = market.connect().await;
    let mut last = String::new();
    while market.app.hub.counters().conflated.get() < 100 {
        last = trader.place("alice", "Sell", 100, "1").await;
    }
    let quantity = {
        let views = market.app.views.read();
        let id = orison_core::OrderId::parse(&last).unwrap();
        let book = views.depth.book(views.orders.order(id).unwrap().instrument).unwrap();
        book.best(orison_core::Side::Sell).unwrap().1.0 / 100_000_000
    };
    let mut previous = None;
    loop {
        let book = slow.next_of("OrderBookUpdate").await;
        assert!(previous.is_none_or(|previous| previous == book["prev_sequence"]), "{book}");
        previous = Some(book["sequence"].clone());
        if book["asks"] == serde_json::json!([[100, quantity]]) {
            break;
        }
    }
}
