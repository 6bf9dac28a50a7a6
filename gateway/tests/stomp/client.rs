//! A STOMP client by hand: it reads frames strictly, one a WebSocket message, and fails at
//! anything that a library would stumble over.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::fanout::Hub;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::support::Exchange;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Stomp {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// The subprotocol that the server took.
    pub(crate) protocol: Option<String>,
    receipts: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) command: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// What came next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    Frame(Frame),
    Beat,
    /// The close code.
    Closed(Option<u16>),
}

pub(crate) fn address(exchange: &Exchange) -> SocketAddr {
    exchange.adapters.directory.stomp.unwrap()
}

impl Stomp {
    /// A WebSocket alone; `offered` are its subprotocols.
    pub(crate) async fn open(address: SocketAddr, path: &str, offered: &str) -> Self {
        Self::open_on(TcpSocket::new_v4().unwrap(), address, path, offered).await
    }

    async fn open_on(socket: TcpSocket, address: SocketAddr, path: &str, offered: &str) -> Self {
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if !offered.is_empty() {
            let offered = HeaderValue::from_str(offered).unwrap();
            request.headers_mut().insert("sec-websocket-protocol", offered);
        }
        let opened = tokio_tungstenite::client_async(request, stream).await;
        let (socket, response) = opened.unwrap();
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
        Self { socket, protocol, receipts: 0 }
    }

    /// Connected in 1.2, as `@stomp/stompjs` does it.
    pub(crate) async fn connect(exchange: &Exchange) -> Self {
        Self::connect_on(TcpSocket::new_v4().unwrap(), exchange).await
    }

    /// The kernel keeps little of what it does not read.
    pub(crate) async fn connect_slow(exchange: &Exchange) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        Self::connect_on(socket, exchange).await
    }

    async fn connect_on(socket: TcpSocket, exchange: &Exchange) -> Self {
        let offered = "v12.stomp, v11.stomp, v10.stomp";
        let mut stomp = Self::open_on(socket, address(exchange), "/ws", offered).await;
        stomp.send("CONNECT\naccept-version:1.2,1.1,1.0\n\n\0").await;
        assert_eq!(stomp.frame().await.command, "CONNECTED");
        stomp
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Sends a frame and waits for its receipt; gives back what came before it.
    pub(crate) async fn ask(&mut self, head: &str, body: &str) -> Vec<Frame> {
        self.receipts += 1;
        let receipt = format!("r-{}", self.receipts);
        self.send(&format!("{head}\nreceipt:{receipt}\n\n{body}\0")).await;
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame.command == "RECEIPT" && frame.header("receipt-id") == Some(&receipt) {
                return before;
            }
            assert_ne!(frame.command, "ERROR", "{frame:?}");
            before.push(frame);
        }
    }

    /// The receipt comes before the first message.
    pub(crate) async fn subscribe(&mut self, id: &str, destination: &str) {
        let head = format!("SUBSCRIBE\nid:{id}\ndestination:{destination}");
        let before = self.ask(&head, "").await;
        assert!(before.iter().all(|frame| frame.header("subscription") != Some(id)), "{before:?}");
    }

    pub(crate) async fn pray(&mut self, body: &str) {
        self.send(&format!("SEND\ndestination:/app/prayer\n\n{body}\0")).await;
    }

    /// The next frame; heart-beats are passed over.
    pub(crate) async fn frame(&mut self) -> Frame {
        loop {
            match self.heard().await {
                Heard::Frame(frame) => return frame,
                Heard::Beat => {}
                Heard::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    /// The next message of a subscription, as JSON; others are passed over.
    pub(crate) async fn message(&mut self, subscription: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame.header("subscription") == Some(subscription) {
                return frame.json();
            }
        }
    }

    pub(crate) async fn heard(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.socket.next());
        match next.await.expect("the server is stuck") {
            Some(Ok(Message::Text(text))) if text.as_str() == "\n" => Heard::Beat,
            Some(Ok(Message::Text(text))) => Heard::Frame(Frame::read(text.as_str())),
            Some(Ok(Message::Close(frame))) => {
                Heard::Closed(frame.map(|frame| u16::from(frame.code)))
            }
            None => Heard::Closed(None),
            other => panic!("{other:?}"),
        }
    }

    /// The ERROR that ends the session, and its close code.
    pub(crate) async fn error(&mut self) -> (Frame, Option<u16>) {
        let error = loop {
            let frame = self.frame().await;
            if frame.command == "ERROR" {
                break frame;
            }
        };
        match self.heard().await {
            Heard::Closed(code) => (error, code),
            other => panic!("after ERROR came {other:?}"),
        }
    }
}

impl Frame {
    fn read(text: &str) -> Self {
        let (head, rest) = text.split_once("\n\n").expect("a blank line ends the head");
        let mut lines = head.split('\n');
        let command = lines.next().unwrap().to_owned();
        assert!(command.bytes().all(|byte| byte.is_ascii_uppercase()), "{text:?}");
        assert!(!head.contains('\r'), "LF alone ends a line: {text:?}");
        let headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header has a colon");
                (name.to_owned(), value.to_owned())
            })
            .collect();
        let body = rest.strip_suffix('\0').expect("NUL ends the frame").to_owned();
        let frame = Self { command, headers, body };
        match frame.header("content-length") {
            Some(length) => assert_eq!(length.parse(), Ok(frame.body.len()), "{frame:?}"),
            None => assert_eq!(frame.body, "", "{frame:?}"),
        }
        frame
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Waits until a topic has so many subscribers.
pub(crate) async fn until_watched(hub: &Hub, topic: &str, members: usize) {
    let is_so = || {
        let topics = hub.topics();
        topics.iter().find(|(name, _)| name == topic).map_or(0, |(_, known)| *known) == members
    };
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("nobody comes or goes");
}
