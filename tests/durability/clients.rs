//! Clients of the crash lab: they enter orders as fast as they are answered, until the server is
//! killed, and write down what was acknowledged and what was still in doubt.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::http::Client;
use crate::server::{STUCK, Server};
use crate::socket::{self, Socket};
use crate::stream::Dice;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wire {
    Rest,
    WebSocket,
}

/// One client each.
pub(super) const WIRES: [Wire; 3] = [Wire::Rest, Wire::Rest, Wire::WebSocket];

/// Requests a WebSocket client sends before it waits for an answer.
const PIPELINE: usize = 8;

/// An order as it was asked for: the body of the REST call, the same on both wires.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().expect("names are text")
    }
}

#[derive(Clone, Debug)]
pub(super) struct Ack {
    pub(super) order_id: String,
    pub(super) sequence: u64,
    pub(super) answered: Answered,
}

/// Whether the order was entered by this request or by an earlier one of the same name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answered {
    First,
    Again,
}

impl Ack {
    pub(super) fn read(answer: &Value) -> Self {
        let order_id = answer["order_id"].as_str();
        let sequence = answer["sequence"].as_u64();
        Self {
            order_id: order_id.unwrap_or_else(|| panic!("no order_id in {answer}")).into(),
            sequence: sequence.unwrap_or_else(|| panic!("no sequence in {answer}")),
            answered: if answer["duplicate"] == true { Answered::Again } else { Answered::First },
        }
    }
}

/// What the clients know.
#[derive(Default)]
pub(super) struct Ledger {
    acknowledged: Vec<(Asked, Ack)>,
    doubts: Vec<Asked>,
}

impl Ledger {
    pub(super) fn acknowledge(&mut self, asked: Asked, ack: Ack) {
        self.acknowledged.push((asked, ack));
    }

    /// Busy: it was not entered, and nobody asks again. Timeout: nobody knows.
    fn answered(&mut self, asked: Asked, status: u64, answer: &Value, heard: &Sender<()>) {
        match status {
            202 => {
                self.acknowledge(asked, Ack::read(answer));
                // Nobody counts any more once the server is killed.
                heard.send(()).ok();
            }
            503 => {}
            504 => self.doubts.push(asked),
            _ => panic!("{}: {answer}", asked.body),
        }
    }

    pub(super) fn acknowledged(&self) -> &[(Asked, Ack)] {
        &self.acknowledged
    }

    pub(super) fn take_doubts(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.doubts)
    }

    pub(super) fn doubts(&self) -> usize {
        self.doubts.len()
    }

    pub(super) fn sequence_max(&self) -> u64 {
        self.acknowledged.iter().map(|(_, ack)| ack.sequence).max().unwrap_or_default()
    }

    fn absorb(&mut self, mut other: Self) {
        self.acknowledged.append(&mut other.acknowledged);
        self.doubts.append(&mut other.doubts);
    }
}

/// Ends the server by `end` once `enough` orders were acknowledged, while more are on their way.
pub(super) fn enter_until(
    enough: u64,
    server: Server,
    mut ledger: Ledger,
    (round, seed): (u64, u64),
    end: impl FnOnce(Server),
) -> Ledger {
    let (sender, heard) = channel();
    let clients = (0..).zip(WIRES).map(|(number, wire)| {
        let orders = Orders::new(round, number, seed);
        let (rest, ws, sender) = (server.rest, server.ws, sender.clone());
        thread::spawn(move || match wire {
            Wire::Rest => over_rest(rest, orders, &sender),
            Wire::WebSocket => socket::run(over_websocket(ws, orders, sender)),
        })
    });
    let clients: Vec<JoinHandle<Ledger>> = Iterator::collect(clients);
    for count in 0..enough {
        let acknowledged = heard.recv_timeout(STUCK);
        acknowledged.unwrap_or_else(|_| panic!("{count} acknowledgements, and then silence"));
    }
    end(server);
    drop(heard);
    for client in clients {
        ledger.absorb(client.join().expect("a client only panics at a wrong answer"));
    }
    ledger
}

fn over_rest(rest: SocketAddr, orders: Orders, heard: &Sender<()>) -> Ledger {
    let mut ledger = Ledger::default();
    let Ok(mut client) = Client::connect(rest) else { return ledger };
    for asked in orders {
        match client.post("/api/v1/order", &asked.body) {
            Ok(answer) => ledger.answered(asked, answer.status.into(), &answer.json(), heard),
            Err(_) => {
                ledger.doubts.push(asked);
                return ledger;
            }
        }
    }
    ledger
}

async fn over_websocket(ws: SocketAddr, orders: Orders, heard: Sender<()>) -> Ledger {
    let mut ledger = Ledger::default();
    let mut waiting = Vec::new();
    if let Ok(socket) = socket::connect(ws).await {
        converse(socket, orders, &mut waiting, &mut ledger, &heard).await.ok();
    }
    ledger.doubts.append(&mut waiting);
    ledger
}

/// Until the connection breaks; whoever is `waiting` then was not answered.
async fn converse(
    mut socket: Socket,
    mut orders: Orders,
    waiting: &mut Vec<Asked>,
    ledger: &mut Ledger,
    heard: &Sender<()>,
) -> Result<Infallible, Error> {
    loop {
        while waiting.len() < PIPELINE {
            let asked = orders.next().expect("orders never end");
            let mut request = asked.body.clone();
            request["order_type"] = request["type"].take();
            request["type"] = "PlaceOrder".into();
            request["request_id"] = asked.body["client_order_id"].clone();
            waiting.push(asked);
            socket.send(Message::text(request.to_string())).await?;
        }
        let message = socket.next().await.ok_or(Error::ConnectionClosed)??;
        let Message::Text(text) = message else { continue };
        let answer: Value = serde_json::from_str(&text).expect("the server speaks JSON");
        if answer["type"] == "OrderResponse" {
            let is_meant = |asked: &Asked| asked.body["client_order_id"] == answer["request_id"];
            let place = waiting.iter().position(is_meant);
            let asked = waiting.remove(place.expect("answers belong to a request"));
            let status = answer["status"].as_u64().expect("an answer has a status");
            ledger.answered(asked, status, &answer, heard);
        }
    }
}

/// The orders of one client in one round, without end: most rest, some trade.
struct Orders {
    dice: Dice,
    account: String,
    count: u64,
}

impl Orders {
    fn new(round: u64, number: u64, seed: u64) -> Self {
        let account = format!("lab-{round}-{number}");
        Self { dice: Dice::new(seed ^ number << 32), account, count: 0 }
    }
}

impl Iterator for Orders {
    type Item = Asked;

    fn next(&mut self) -> Option<Asked> {
        self.count += 1;
        let is_buy = self.dice.one_in(2);
        let away = self.dice.below(60);
        let price = if is_buy { 1_010 - away } else { 1_000 + away };
        let quantity = self.dice.below(9) + 1;
        Some(Asked {
            body: json!({
                "symbol": self.dice.pick(&["BTC-KRW", "ETH-KRW", "AAPL"]),
                "side": if is_buy { "Buy" } else { "Sell" },
                "type": "Limit",
                "price": price,
                "quantity": quantity,
                "client_order_id": format!("{}-{}", self.account, self.count),
                "account": self.account,
            }),
        })
    }
}
