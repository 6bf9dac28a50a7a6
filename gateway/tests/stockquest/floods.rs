//! What a client may send that costs more than it weighs: frames that no message comes of, and
//! requests for figures that take long.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Quest, address};
use crate::support::Exchange;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const FRAMES: usize = 100_000;

/// The code that a socket is closed with which is sent these bytes, once it is open.
async fn close_code(exchange: &Exchange, path: &str, first: &[u8], again: &[u8]) -> u16 {
    let stream = TcpStream::connect(address(exchange)).await.unwrap();
    let url = format!("ws://{}{path}", address(exchange));
    let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let (mut read, mut write) = socket.into_inner().into_split();
    let (first, again) = (first.to_vec(), again.to_vec());
    let sending = tokio::spawn(async move {
        // The server may close long before all is written.
        let _sent = write.write_all(&first).await;
        for _ in 0..FRAMES / 1_000 {
            if write.write_all(&again.repeat(1_000)).await.is_err() {
                break;
            }
        }
        write
    });
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, read.read_to_end(&mut bytes)).await;
    // A reset may follow the close.
    let _ended = reading.expect("the server closes");
    drop(sending.await.unwrap());
    let mut at = 0;
    while at + 4 <= bytes.len() {
        let (head, short) = (bytes[at], usize::from(bytes[at + 1]));
        if head == 0x88 {
            return u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]);
        }
        at += match short {
            126 => 4 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]])),
            127 => panic!("no message is that long"),
            short => 2 + short,
        };
    }
    panic!("no close: {} bytes", bytes.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_end_no_message_are_bounded_on_every_socket() {
    let exchange = Exchange::start().await;
    let masked = |head: u8, payload: &[u8]| {
        let mut frame = vec![head, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        frame.extend(payload);
        frame
    };
    let (ping, pong) = (masked(0x89, b""), masked(0x8a, b"x"));
    let (begin, part, empty) = (masked(0x01, b"["), masked(0x00, b""), masked(0x81, b"[]"));
    for (path, first, again) in [
        ("/ws/market-data", &[][..], &ping),
        ("/ws/orders", &[], &pong),
        ("/ws/orders", &begin, &part),
        ("/ws/orders/0/a/websocket", &[], &ping),
        ("/ws/orders/0/a/websocket", &begin, &part),
        ("/ws/orders/0/a/websocket", &[], &empty),
        ("/ws", &[], &ping),
        ("/ws", &begin, &part),
        ("/ws/0/a/websocket", &[], &ping),
    ] {
        let code = close_code(&exchange, path, first, again).await;
        assert_eq!(code, 1008, "{path} {:02x}", again[0]);
    }
    exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_have_a_budget_of_their_own_and_the_session_lives_on() {
    let exchange = Exchange::start().await;
    for (socket, kind, data) in [
        ("market-data", "REQUEST_HISTORICAL", json!({"symbol": "AAPL", "limit": 1_000})),
        ("market-data", "REQUEST_ANALYTICS", json!({"symbol": "AAPL"})),
        ("ml-signals", "OPTIMIZE_PORTFOLIO", json!({"symbols": ["AAPL"]})),
        ("portfolio", "PORTFOLIO_ANALYTICS", json!({})),
        ("risk-monitoring", "SUBSCRIBE", json!({})),
        ("orders", "REQUEST_ORDER_HISTORY", json!({})),
    ] {
        let mut quest = Quest::open(&exchange, &format!("/ws/{socket}")).await;
        let mut answered = 0;
        let refused: Value = loop {
            let (_, body) = quest.ask(kind, data.clone()).await;
            if body["code"] == "RATE_LIMIT" {
                break body;
            }
            answered += 1;
            assert!(answered < 10_000, "{socket} {kind}");
        };
        assert!(answered >= 50, "{socket} {kind}: {answered}");
        assert_eq!(refused["error"], "too many requests");
        assert_eq!(quest.ask("HEARTBEAT", json!({})).await.0, "HEARTBEAT", "{socket}");
    }
    exchange.stop().await;
}
