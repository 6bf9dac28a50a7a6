//! An event stream while the program is killed: what a client was told before stays true, and it
//! goes on behind it without a gap or a double, as often as it has to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use replay::tell::Teller;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::http::Client;
use crate::server::{Durability, STUCK, Server};
use crate::socket;

/// Each but the last ends with kill -9 while orders come in.
const ROUNDS: u64 = 4;
/// Messages of a round.
const MESSAGES: usize = 300;

#[test]
fn a_stream_goes_on_after_kill_9_where_it_was_when_journaled() {
    goes_on(Durability::Journaled);
}

#[test]
fn a_stream_goes_on_after_kill_9_where_it_was_when_durable() {
    goes_on(Durability::Durable);
}

fn goes_on(durability: Durability) {
    let home = tempfile::tempdir().unwrap();
    let mut told: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let server = Server::start(home.path(), durability);
        let (rest, enough) = (server.rest, AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut numbers = 0..;
                let goes_on =
                    |number| !enough.load(Ordering::Relaxed) && enter(rest, round, number);
                while numbers.next().is_some_and(goes_on) {}
            });
            told.extend(socket::run(listen(rest, told.len() as u64 + 1)));
            if round + 1 < ROUNDS {
                server.kill();
            } else {
                enough.store(true, Ordering::Relaxed);
                assert!(server.stop().success());
            }
        });
    }
    let mut teller = Teller::open(&home.path().join("data"), 1, |_| {}).unwrap();
    let mut expected = Vec::new();
    while expected.len() < told.len() && teller.tell(u64::MAX, |text| expected.push(text)).unwrap()
    {
    }
    assert!(told.len() >= MESSAGES * ROUNDS as usize);
    let differs = told.iter().zip(&expected).position(|(told, expected)| told != expected);
    assert_eq!((differs, told.len()), (None, expected.len()));
}

/// False: the server is gone.
fn enter(rest: SocketAddr, round: u64, number: u64) -> bool {
    let (side, account) = if number.is_multiple_of(2) { ("Buy", "ann") } else { ("Sell", "bob") };
    let body = json!({
        "symbol": "BTC-KRW", "side": side, "type": "Limit", "price": 100 + number % 3,
        "quantity": 1, "account": account, "client_order_id": format!("{round}-{number}"),
    });
    Client::connect(rest).and_then(|mut client| client.post("/api/v1/order", &body)).is_ok()
}

async fn listen(rest: SocketAddr, from: u64) -> Vec<String> {
    let stream = TcpStream::connect(rest).await.unwrap();
    let url = format!("ws://{rest}/api/v1/stream?from={from}");
    let (mut stream, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let mut told = Vec::new();
    while told.len() < MESSAGES {
        let frame = tokio::time::timeout(STUCK, stream.next()).await;
        match frame.expect("a message in time").expect("the stream is open").unwrap() {
            Message::Text(text) => told.push(text.as_str().to_owned()),
            other => assert!(matches!(other, Message::Ping(_)), "{other:?}"),
        }
    }
    told
}
