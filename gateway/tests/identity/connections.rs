//! Who may connect once more, how fast orders may come in, what is told of the connected, and what
//! is cancelled when they are gone.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::house::{House, Proof, Socket};
use super::stomp::address;
use crate::support::{Exchange, Reply};

const PATIENCE: Duration = Duration::from_secs(60);

/// An opening by hand: status, Retry-After, and the connection as long as it is wanted.
async fn open(address: std::net::SocketAddr, path: &str) -> (u16, Option<String>, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let retry = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
    (head[9..12].parse().unwrap(), retry.map(str::to_owned), stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_1001st_session_of_all_protocols_is_answered_503_until_one_leaves() {
    // Both ends of each connection are ours.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let exchange = Exchange::start().await;
    let ws = exchange.adapters.directory.ws.unwrap();
    let doors = [(ws, "/ws"), (address(&exchange), "/ws"), (address(&exchange), "/ws/websocket")];
    let mut sessions = Vec::new();
    for index in 0..1_000 {
        let (address, path) = doors[index % doors.len()];
        let (status, _, stream) = open(address, path).await;
        assert_eq!(status, 101, "{index}");
        sessions.push(stream);
    }
    for (address, path) in doors.into_iter().chain([(address(&exchange), "/ws/0/x/websocket")]) {
        let (status, retry, _stream) = open(address, path).await;
        assert_eq!((status, retry.as_deref()), (503, Some("1")), "{path}");
    }
    let shown: Value = exchange.rest().await.get("/api/v1/connections").await.json();
    assert_eq!(shown["totalConnections"], 1_000);
    assert_eq!(shown["connectionsByType"]["xtrader"], 334);
    assert_eq!(shown["connectionsByType"]["stomp"], 666);
    assert_eq!(shown["uniqueUsers"], 1, "one address, nobody with a name");
    sessions.pop();
    let again = async { while open(ws, "/ws").await.0 != 101 {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_11th_session_of_a_user_is_refused_before_the_upgrade_or_closed_with_1013() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let root = house.person("root", "admin", "root").await;
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("authorization", bearer.as_str())];
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(Socket::open(house.ws(), "", &headers).await.ok().unwrap());
    }
    assert_eq!(Socket::open(house.ws(), "", &headers).await.err(), Some(429));
    let mut nobody = Socket::open(house.ws(), "", &[]).await.ok().unwrap();
    nobody.say(json!({"type": "Auth", "token": ann.token})).await;
    assert_eq!(nobody.closed().await.0, 1013);
    let url = format!("ws://{}/ws", address(&house.exchange));
    let stream = TcpStream::connect(address(&house.exchange)).await.unwrap();
    let (mut stomp, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let connect = format!("CONNECT\naccept-version:1.2\npasscode:{}\n\n\0", ann.token);
    stomp.send(Message::text(connect)).await.unwrap();
    let code = loop {
        match stomp.next().await.unwrap().unwrap() {
            Message::Close(close) => break u16::from(close.unwrap().code),
            Message::Text(text) => panic!("{text}"),
            _ => {}
        }
    };
    assert_eq!(code, 1013);
    drop((nobody, stomp));
    let path = "/api/v1/connections";
    let shown = async {
        loop {
            let reply = house.rest(Proof::Bearer, Some(&root), "GET", path, "").await;
            let shown: Value = reply.json();
            if shown["totalConnections"] == 10 {
                return shown;
            }
        }
    };
    let shown = tokio::time::timeout(PATIENCE, shown).await.expect("who was refused is gone");
    let of_ann = shown["connections"].as_array().unwrap().iter();
    assert_eq!(of_ann.filter(|entry| entry["user"] == "ann").count(), 10, "{shown}");
    assert_eq!(shown["uniqueUsers"], 1, "{shown}");
    sessions.pop();
    let again = async { while Socket::open(house.ws(), "", &headers).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_beyond_the_rate_are_refused_and_cancels_have_a_budget_of_their_own() {
    let house = House::start_with(|config| config.order_rate = 20).await;
    let ann = house.person("ann", "trader", "ann").await;
    let order = json!({
        "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": 1_000, "quantity": 1,
    });
    let mut socket = Socket::of(&house, &ann.token).await;
    let mut place = order.clone();
    place["type"] = json!("PlaceOrder");
    place["order_type"] = json!("Limit");
    let mut entered = 0;
    let refused = loop {
        let answer = socket.ask(place.clone()).await;
        if answer["type"] == "Error" {
            break answer;
        }
        assert_eq!(answer["status"], 202, "{answer}");
        entered += 1;
        assert!(entered < 10_000, "a session has 40, and 20 a second more");
    };
    assert_eq!(refused["code"], "RATE_LIMIT", "{refused}");
    assert!(entered >= 40, "{entered}");
    let cancelled = socket.ask(json!({"type": "CancelAll"})).await;
    assert_eq!(cancelled["status"], 200, "{cancelled}");
    let path = "/api/v1/order";
    let ask = |path: &'static str, body: String| {
        let (house, ann) = (&house, &ann);
        async move { house.rest(Proof::Bearer, Some(ann), "POST", path, &body).await }
    };
    let mut left: Option<u32> = None;
    let refused: Reply = loop {
        let reply = ask(path, order.to_string()).await;
        assert_eq!(reply.header("x-ratelimit-limit"), Some("80"), "{reply:?}");
        if reply.status == 429 {
            break reply;
        }
        assert_eq!(reply.status, 202, "{reply:?}");
        let remaining = reply.header("x-ratelimit-remaining").unwrap().parse().unwrap();
        assert!(left.is_none_or(|left| remaining < left + 80), "{remaining}");
        left = Some(remaining);
    };
    assert_eq!(refused.text("error"), "RATE_LIMIT");
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert!(
        refused.header("x-ratelimit-reset").is_some() && refused.header("retry-after").is_some()
    );
    assert_eq!(ask(path, "no JSON".into()).await.status, 429, "before it is parsed");
    let reply = ask("/api/v1/order/cancel-all", "{}".into()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("x-ratelimit-limit"), Some("160"));
}

/// Waits until the account has no open order.
pub(super) async fn is_flat(exchange: &Exchange, account: &str) {
    let path = format!("/api/v1/orders?account={account}&status=open");
    let mut client = exchange.rest().await;
    let flat = async {
        loop {
            let open: Value = client.get(&path).await.json();
            if open["orders"].as_array().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, flat).await.expect("the orders are cancelled");
}

pub(super) async fn place(exchange: &Exchange, account: &str) {
    let order = json!({
        "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": 1_000, "quantity": 1,
        "account": account,
    });
    let reply = exchange.rest().await.post("/api/v1/order", &order.to_string()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
}

pub(super) async fn open_orders(exchange: &Exchange, account: &str) -> usize {
    let path = format!("/api/v1/orders?account={account}&status=open");
    let open: Value = exchange.rest().await.get(&path).await.json();
    open["orders"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_leaves_behind_is_cancelled_if_it_asked_for_that() {
    let exchange = Exchange::start().await;
    let ws = exchange.adapters.directory.ws.unwrap();
    for account in ["ann", "bob", "cid"] {
        place(&exchange, account).await;
        place(&exchange, account).await;
    }
    let mut ann = Socket::open(ws, "", &[]).await.ok().unwrap();
    let options = json!({"type": "SetSession", "account": "ann", "cancel_on_disconnect": true});
    let answer = ann.ask(options).await;
    let told = json!({
        "type": "SessionUpdated", "account": "ann", "cancel_on_disconnect": true,
        "dead_man_ms": 0, "request_id": "r",
    });
    assert_eq!(answer, told);
    let mut bob = Socket::open(ws, "", &[]).await.ok().unwrap();
    bob.ask(json!({"type": "SetSession", "account": "bob", "cancel_on_disconnect": true})).await;
    bob.ask(json!({"type": "SetSession", "account": "bob"})).await;
    drop((ann, bob));
    is_flat(&exchange, "ann").await;
    let mut cid = Socket::open(ws, "", &[]).await.ok().unwrap();
    let armed = json!({"type": "SetSession", "account": "cid", "dead_man_ms": 60_000});
    assert_eq!(cid.ask(armed).await["dead_man_ms"], 60_000);
    assert_eq!(open_orders(&exchange, "cid").await, 2);
    let armed = json!({"type": "SetSession", "account": "cid", "dead_man_ms": 1_000});
    cid.say(armed).await;
    while cid.next().await["type"] != "DeadManFired" {}
    is_flat(&exchange, "cid").await;
    assert_eq!(open_orders(&exchange, "bob").await, 2, "its options were taken back");
    for (wrong, code) in [
        (json!({"type": "SetSession", "dead_man_ms": 86_400_001}), "INVALID_PARAMETER"),
        (json!({"type": "SetSession", "dead_man_ms": 999}), "INVALID_PARAMETER"),
        (json!({"type": "SetSession", "account": ""}), "INVALID_PARAMETER"),
    ] {
        assert_eq!(cid.ask(wrong).await["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_of_rest_cancels_unless_it_is_set_again_or_turned_off() {
    let exchange = Exchange::start().await;
    let set = |account: &'static str, timeout_ms: u64| {
        let exchange = &exchange;
        async move {
            let body = json!({"account": account, "timeout_ms": timeout_ms}).to_string();
            let path = "/api/v1/order/cancel-all-after";
            let reply = exchange.rest().await.post(path, &body).await;
            assert_eq!(reply.status, 200, "{reply:?}");
            reply.json()
        }
    };
    for account in ["ann", "bob"] {
        place(&exchange, account).await;
    }
    let armed: Value = set("ann", 60_000).await;
    let trigger = armed["trigger_time"].as_u64().unwrap();
    assert_eq!(trigger - armed["current_time"].as_u64().unwrap(), 60_000);
    set("bob", 60_000).await;
    let off: Value = set("bob", 0).await;
    assert_eq!((&off["account"], &off["trigger_time"]), (&json!("bob"), &Value::Null));
    set("ann", 1_000).await;
    is_flat(&exchange, "ann").await;
    assert_eq!(open_orders(&exchange, "bob").await, 1);
    let wrong = json!({"account": "ann"}).to_string();
    let reply = exchange.rest().await.post("/api/v1/order/cancel-all-after", &wrong).await;
    assert_eq!((reply.status, reply.text("error")), (400, "BAD_REQUEST".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_account_has_no_timer() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let body = json!({"account": "bob", "timeout_ms": 1_000}).to_string();
    let path = "/api/v1/order/cancel-all-after";
    let reply = house.rest(Proof::Signed, Some(&ann), "POST", path, &body).await;
    assert_eq!((reply.status, reply.text("error")), (422, "UNKNOWN_ACCOUNT".to_owned()));
    let mut socket = Socket::of(&house, &ann.token).await;
    let answer = socket.ask(json!({"type": "SetSession", "account": "bob"})).await;
    assert_eq!(answer["code"], "UNKNOWN_ACCOUNT", "{answer}");
}
