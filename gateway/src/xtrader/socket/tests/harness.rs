//! An exchange in a directory that goes away, and clients on pipes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use orison_core::command::{AccountRef, Actor, Direction, Transfer};
use orison_core::{AccountName, AssetName, Command, Decimal, Event};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::config::Durability;
use crate::connections::Kind;
use crate::fanout;
use crate::http::{Handshake, OrderEntry};
use crate::language::Language;
use crate::{App, Config};

/// Nothing takes this long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the pipe holds before a writer waits.
const PIPE_BYTES: usize = 64 << 10;

pub(super) struct Market {
    pub(super) app: Arc<App>,
    _directory: TempDir,
}

impl Market {
    pub(super) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(super) fn start_with(change: impl FnOnce(&mut fanout::Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::for_tests(directory.path());
        config.segment_bytes = 1 << 22;
        config.durability = Durability::Journaled;
        change(&mut config.fan_out);
        let recovered = crate::app::recover(&config).unwrap();
        let app = App::start(config, recovered).unwrap();
        Self { app, _directory: directory }
    }

    /// Waits for what others bring about.
    pub(super) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it comes about in time");
    }

    /// Waits until every session has left.
    pub(super) async fn is_empty(&self) {
        self.until(|market| market.app.hub.connections().is_empty()).await;
    }

    /// As an administrator enters it.
    pub(super) async fn carry_out(&self, command: Command) {
        let outcome = self.app.desk.submit(command).await.unwrap();
        assert!(!matches!(outcome.answer, Event::Rejected(_)), "{command:?}: {outcome:?}");
    }

    pub(super) async fn deposit(&self, account: &str, asset: &str, amount: &str) {
        let transfer = Transfer {
            account: AccountRef::Name(AccountName::new(account).unwrap()),
            asset: AssetName::new(asset).unwrap(),
            direction: Direction::Deposit,
            amount: Decimal::parse(amount).unwrap(),
            actor: Actor::EMPTY,
        };
        self.carry_out(Command::Transfer(transfer)).await;
    }

    pub(super) async fn connect(&self) -> Client {
        self.connect_as(Language::Unsaid, OrderEntry::Allowed, PIPE_BYTES).await
    }

    /// Past the greeting.
    pub(super) async fn connect_as(
        &self,
        language: Language,
        order_entry: OrderEntry,
        pipe_bytes: usize,
    ) -> Client {
        let (ours, theirs) = tokio::io::duplex(pipe_bytes);
        let peer = "127.0.0.1:1".parse().unwrap();
        let principal = self.app.identity.of_nobody();
        let handshake = Handshake { peer, language, order_entry, principal };
        let place = self.app.connections.admit(Kind::XTrader, peer, None, None).unwrap();
        tokio::spawn(super::super::serve_on(Arc::clone(&self.app), theirs, handshake, place));
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let mut client = Client { socket };
        let connected = client.next().await;
        assert_eq!(connected["type"], "Connected", "{connected}");
        client
    }
}

/// A Subscribe to BTC-KRW; `rest` are further fields, each with its comma before it.
pub(super) fn subscribe(channels: &[&str], rest: &str) -> String {
    let channels = serde_json::json!(channels);
    format!(r#"{{"type":"Subscribe","channels":{channels},"symbols":["BTC-KRW"]{rest}}}"#)
}

pub(super) struct Client {
    pub(super) socket: WebSocketStream<DuplexStream>,
}

impl Client {
    pub(super) async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    pub(super) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// The next text message.
    pub(super) async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a text was expected: {other:?}"),
            }
        }
    }

    pub(super) async fn frame(&mut self) -> Message {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        frame.expect("a frame in time").expect("the socket is open").expect("a whole frame")
    }

    /// The next message of that type; others are passed over.
    pub(super) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub(super) async fn ask(&mut self, text: impl Into<String>, kind: &str) -> Value {
        self.say(text).await;
        self.next_of(kind).await
    }

    /// Places a limit order; gives back its id.
    pub(super) async fn place(
        &mut self,
        account: &str,
        side: &str,
        price: u64,
        quantity: &str,
    ) -> String {
        let order = format!(
            concat!(
                r#"{{"type":"PlaceOrder","symbol":"BTC-KRW","account":"{}","side":"{}","#,
                r#""order_type":"Limit","price":{},"quantity":{}}}"#
            ),
            account, side, price, quantity
        );
        let answer = self.ask(order, "OrderResponse").await;
        assert_eq!(answer["status"], 202, "{answer}");
        answer["order_id"].as_str().unwrap().to_owned()
    }

    /// The code and reason that the server closes with; messages before it are passed over.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(close) = self.frame().await {
                let close = close.expect("a close with a code");
                return (close.code.into(), close.reason.as_str().to_owned());
            }
        }
    }
}
