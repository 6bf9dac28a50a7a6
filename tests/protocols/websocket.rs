//! Rows for the xTrader socket: an error for each, and the session lives, save where the frame
//! itself cannot be read.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::unharmed;
use crate::server::Server;
use crate::socket::{self, Socket};

/// A text frame and the code of its error.
const TEXTS: &[(&str, &str)] = &[
    ("", "BAD_REQUEST"),
    ("hello", "BAD_REQUEST"),
    ("{", "BAD_REQUEST"),
    ("[]", "BAD_REQUEST"),
    ("null", "BAD_REQUEST"),
    ("{}", "BAD_REQUEST"),
    (r#"{"type":7}"#, "BAD_REQUEST"),
    (r#"{"type":"Dance"}"#, "BAD_REQUEST"),
    (r#"{"type":"subscribe","channels":["executions"],"symbols":["AAPL"]}"#, "BAD_REQUEST"),
    (r#"{"type":"Subscribe","channels":["gossip"],"symbols":["AAPL"]}"#, "SUBSCRIPTION_FAILED"),
    (r#"{"type":"Subscribe","channels":["executions"],"symbols":["NONE"]}"#, "SUBSCRIPTION_FAILED"),
    (
        r#"{"type":"Subscribe","channels":["executions","gossip"],"symbols":["AAPL"]}"#,
        "SUBSCRIPTION_FAILED",
    ),
    (
        r#"{"type":"Subscribe","channels":["candles"],"symbols":["AAPL"],"intervals":["7m"]}"#,
        "SUBSCRIPTION_FAILED",
    ),
];

#[test]
fn every_bad_text_has_its_error_and_the_session_lives() {
    unharmed(|server| {
        socket::run(async {
            let mut socket = connected(server).await;
            for (text, code) in TEXTS {
                socket.send(Message::text(*text)).await.unwrap();
                let error = next_of_type(&mut socket, "Error").await;
                assert_eq!(error["code"], *code, "{text}: {error}");
                let message = error["message"].as_str().unwrap_or_default();
                assert!(!message.is_empty(), "{text}: {error}");
            }
            alive(&mut socket).await;
        });
    });
}

#[test]
fn an_error_belongs_to_its_request() {
    unharmed(|server| {
        socket::run(async {
            let mut socket = connected(server).await;
            let request = json!({
                "type": "Subscribe", "request_id": "r-1",
                "channels": ["gossip"], "symbols": ["AAPL"],
            });
            socket.send(Message::text(request.to_string())).await.unwrap();
            let error = next_of_type(&mut socket, "Error").await;
            assert_eq!(error["request_id"], "r-1", "{error}");
            let order = json!({
                "type": "PlaceOrder", "request_id": "r-2", "symbol": "AAPL", "side": "Buy",
                "order_type": "Limit", "price": 0, "quantity": 1,
            });
            socket.send(Message::text(order.to_string())).await.unwrap();
            let answer = next_of_type(&mut socket, "OrderResponse").await;
            assert_eq!(answer["request_id"], "r-2", "{answer}");
            assert_eq!(answer["status"], 400, "{answer}");
            alive(&mut socket).await;
        });
    });
}

#[test]
fn a_binary_frame_is_refused_and_the_session_lives() {
    unharmed(|server| {
        socket::run(async {
            let mut socket = connected(server).await;
            socket.send(Message::binary(&b"\x00\xff\x00"[..])).await.unwrap();
            let error = next_of_type(&mut socket, "Error").await;
            assert_eq!(error["code"], "UNSUPPORTED_DATA", "{error}");
            alive(&mut socket).await;
        });
    });
}

#[test]
fn a_frame_over_64_kib_ends_the_session_with_1009() {
    unharmed(|server| {
        socket::run(async {
            let mut socket = connected(server).await;
            // The server may close before all of it is sent.
            socket.send(Message::text("x".repeat((64 << 10) + 1))).await.ok();
            assert_eq!(close_code(&mut socket).await, CloseCode::Size);
            alive(&mut connected(server).await).await;
        });
    });
}

#[test]
fn a_thousand_subscriptions_are_too_many_and_change_nothing() {
    unharmed(|server| {
        socket::run(async {
            let mut socket = connected(server).await;
            let symbols: Vec<String> = (0..1_000).map(|n| format!("S{n}")).collect();
            let request =
                json!({ "type": "Subscribe", "channels": ["executions"], "symbols": symbols });
            socket.send(Message::text(request.to_string())).await.unwrap();
            let error = next_of_type(&mut socket, "Error").await;
            assert_eq!(error["code"], "SUBSCRIPTION_LIMIT", "{error}");
            // A thousand times the same is one.
            let request = json!({
                "type": "Subscribe", "channels": ["executions"], "symbols": ["AAPL"],
            });
            for _ in 0..1_000 {
                socket.feed(Message::text(request.to_string())).await.unwrap();
            }
            socket.flush().await.unwrap();
            for _ in 0..1_000 {
                next_of_type(&mut socket, "SubscribeSuccess").await;
            }
            alive(&mut socket).await;
        });
    });
}

async fn connected(server: &Server) -> Socket {
    let mut socket = socket::connect(server.ws).await.unwrap();
    next_of_type(&mut socket, "Connected").await;
    socket
}

/// It still answers.
async fn alive(socket: &mut Socket) {
    socket.send(Message::text(r#"{"type":"Ping"}"#)).await.unwrap();
    next_of_type(socket, "Pong").await;
}

async fn next_of_type(socket: &mut Socket, wanted: &str) -> Value {
    loop {
        let message = socket.next().await.expect("the session lives").expect("a whole frame");
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).expect("the server speaks JSON");
        if message["type"] == wanted {
            return message;
        }
        let is_bad = message["type"] == "Error" || message["type"] == "OrderResponse";
        assert!(!is_bad, "waiting for {wanted}: {message}");
    }
}

async fn close_code(socket: &mut Socket) -> CloseCode {
    loop {
        let message = socket.next().await.expect("a close frame comes before the end");
        if let Message::Close(frame) = message.expect("a close frame comes before the end") {
            return frame.expect("the server says why").code;
        }
    }
}
