//! Bad input, from outside, to the real program: each row is answered with its precise error,
//! nothing of it reaches the journal, and the server goes on. Codes: those of the wire, never
//! their translated texts.

mod rest;
mod websocket;

use serde_json::json;

use crate::server::{Durability, Server};

/// Runs the rows against a server of their own; afterwards it is as it was, and still trades.
fn unharmed(attack: impl FnOnce(&Server)) {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), Durability::Journaled);
    let before = server.sequence();
    attack(&server);
    assert_eq!(server.sequence(), before, "bad input reaches no journal");
    let good = json!({
        "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": "1", "quantity": "1",
    });
    let answer = server.client().post("/api/v1/order", &good).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.json());
    assert_eq!(answer.json()["sequence"], before + 1, "the next command is the next sequence");
    assert!(server.stop().success(), "SIGTERM ends it with status 0");
}
