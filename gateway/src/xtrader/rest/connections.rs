//! Who is connected, one by one and in numbers.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::connections::{Shown, Statistics};
use crate::fanout::{Connection, wall_ms};
use crate::xtrader::json::Number;
use crate::xtrader::problem::Answer;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionsAnswer {
    /// Sessions of all protocols: each a WebSocket, or a session of SockJS.
    total_connections: usize,
    /// Users who are known, and addresses of the sessions that have said none.
    unique_users: usize,
    /// xtrader, stomp, market-data, portfolio, orders, risk-monitoring, ml-signals, stream.
    connections_by_type: BTreeMap<&'static str, usize>,
    /// By age: <1m, 1-5m, 5-30m, 30-60m, >1h.
    connections_by_duration: BTreeMap<&'static str, usize>,
    /// Minutes.
    average_connection_duration: Number,
    timestamp: u64,
    connections: Vec<ConnectionEntry>,
}

/// Times in milliseconds of the wall clock.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectionEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// What it speaks.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    addr: String,
    connected_at: u64,
    /// When its last frame came in.
    last_ping: u64,
    /// Topics it follows.
    subscriptions: usize,
    /// Messages that wait for it.
    queue: usize,
}

/// Who is connected, over all protocols.
#[utoipa::path(
    get,
    path = "/connections",
    responses((status = 200, description = "As asked", body = ConnectionsAnswer))
)]
pub(crate) fn connections(app: &App) -> Answer {
    let (open, now_ms) = (app.connections.shown(), wall_ms());
    let at_hub = app.hub.connections().into_iter();
    let at_hub: HashMap<_, _> = at_hub.map(|known| (known.client_id, known)).collect();
    let Statistics { sessions, users, by_kind, by_age, average_minutes } =
        Statistics::of(&open, now_ms);
    let entry = |session: &Shown| {
        let known = session.client.and_then(|client| at_hub.get(&client));
        ConnectionEntry::new(session, known)
    };
    Answer::new(
        200,
        &ConnectionsAnswer {
            total_connections: sessions,
            unique_users: users,
            connections_by_type: by_kind,
            connections_by_duration: by_age,
            average_connection_duration: average_minutes.into(),
            timestamp: now_ms,
            connections: open.iter().map(entry).collect(),
        },
    )
}

impl ConnectionEntry {
    /// Before it has joined the hub nothing is for it.
    fn new(session: &Shown, known: Option<&Connection>) -> Self {
        Self {
            client_id: session.client.map(|client| client.to_string()),
            kind: session.kind.word(),
            user: session.user.as_deref().map(str::to_owned),
            addr: session.peer.to_string(),
            connected_at: session.opened_ms,
            last_ping: known.map_or(session.opened_ms, |known| known.heard_ms),
            subscriptions: known.map_or(0, |known| known.topics),
            queue: known.map_or(0, |known| known.queue),
        }
    }
}
