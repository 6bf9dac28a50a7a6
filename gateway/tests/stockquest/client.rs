//! A StockQuest client by hand: it reads envelopes strictly and fails at anything that a client
//! would stumble over.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::Config;
use gateway::stockquest::Settings;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::support::Exchange;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Quest {
    pub(crate) socket: WebSocketStream<TcpStream>,
    requests: u32,
}

/// What came next.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Heard {
    Told(Value),
    Ping,
    /// The close code.
    Closed(Option<u16>),
}

pub(crate) fn address(exchange: &Exchange) -> SocketAddr {
    exchange.adapters.directory.stomp.unwrap()
}

/// Everything that has a schedule has it in milliseconds.
pub(crate) fn hurried(config: &mut Config) {
    let tick = Duration::from_millis(20);
    config.stockquest = Settings { tick, overview_ticks: 3, ..config.stockquest };
}

impl Quest {
    /// The greeting is heard; `path` may name an account.
    pub(crate) async fn open(exchange: &Exchange, path: &str) -> Self {
        let mut quest = Self::dial(exchange, path, None).await;
        let greeting = quest.told().await;
        assert_eq!(greeting["type"], "CONNECTION_ESTABLISHED", "{greeting}");
        quest
    }

    pub(crate) async fn dial(exchange: &Exchange, path: &str, origin: Option<&str>) -> Self {
        Self::dial_on(TcpSocket::new_v4().unwrap(), exchange, path, origin).await
    }

    pub(crate) async fn dial_on(
        socket: TcpSocket,
        exchange: &Exchange,
        path: &str,
        origin: Option<&str>,
    ) -> Self {
        let address = address(exchange);
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Self { socket, requests: 0 }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Asks and gives back what came up to the answer, the answer last.
    pub(crate) async fn ask_for_all(&mut self, kind: &str, data: Value) -> Vec<Value> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({"type": kind, "id": id, "data": data}).to_string()).await;
        let mut all = Vec::new();
        loop {
            let told = self.told().await;
            let is_answer = told["id"] == json!(id);
            all.push(told);
            if is_answer {
                return all;
            }
        }
    }

    /// The answer: type and data.
    pub(crate) async fn ask(&mut self, kind: &str, data: Value) -> (String, Value) {
        let answer = self.ask_for_all(kind, data).await.pop().unwrap();
        (answer["type"].as_str().unwrap().to_owned(), answer["data"].clone())
    }

    /// The next message; pings are passed over.
    pub(crate) async fn told(&mut self) -> Value {
        loop {
            match self.heard().await {
                Heard::Told(told) => return told,
                Heard::Ping => {}
                Heard::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    /// The next of that type; others are passed over.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let told = self.told().await;
            if told["type"] == kind {
                return told;
            }
        }
    }

    /// The next messages, as type and data.
    pub(crate) async fn next(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for _ in 0..count {
            let told = self.told().await;
            all.push((told["type"].as_str().unwrap().to_owned(), told["data"].clone()));
        }
        all
    }

    pub(crate) async fn heard(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.socket.next());
        match next.await.expect("the server is stuck") {
            Some(Ok(Message::Text(text))) => Heard::Told(envelope(text.as_str())),
            Some(Ok(Message::Ping(_))) => Heard::Ping,
            Some(Ok(Message::Close(frame))) => {
                Heard::Closed(frame.map(|frame| u16::from(frame.code)))
            }
            None => Heard::Closed(None),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.heard().await {
                return code;
            }
        }
    }
}

fn envelope(text: &str) -> Value {
    let told: Value = serde_json::from_str(text).unwrap();
    let fields = told.as_object().unwrap();
    for (name, value) in fields {
        let good = match name.as_str() {
            "type" => value.as_str().is_some_and(|kind| kind == kind.to_ascii_uppercase()),
            "timestamp" => value.as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')),
            "data" => value.is_object(),
            "seq" => value.is_u64(),
            "id" => true,
            _ => false,
        };
        assert!(good, "{name}: {text}");
    }
    for name in ["type", "timestamp", "data"] {
        assert!(fields.contains_key(name), "no {name}: {text}");
    }
    told
}

/// Enters an order as another wire does, and gives back its id.
pub(crate) async fn order(exchange: &Exchange, body: Value) -> String {
    let mut rest = exchange.rest().await;
    let reply = rest.post("/api/v1/order", &body.to_string()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.text("order_id")
}

/// Two accounts of their own trade so much at that price.
pub(crate) async fn trade(exchange: &Exchange, symbol: &str, price: i64, quantity: &str) {
    for (account, side) in [("maker", "Sell"), ("taker", "Buy")] {
        let body = json!({
            "symbol": symbol, "side": side, "type": "Limit", "price": price,
            "quantity": quantity, "account": account,
        });
        order(exchange, body).await;
    }
}
