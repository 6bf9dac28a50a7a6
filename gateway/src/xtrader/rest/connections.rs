//! Who is connected by WebSocket, one by one and in numbers.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::fanout::{Connection, wall_ms};
use crate::xtrader::json::Number;
use crate::xtrader::problem::Answer;

const MINUTE_MS: u64 = 60_000;
/// Upper bounds of the buckets of ages, minutes, and their names.
const AGES: [(u64, &str); 5] =
    [(1, "<1m"), (5, "1-5m"), (30, "5-30m"), (60, "30-60m"), (u64::MAX, ">1h")];

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionsAnswer {
    total_connections: usize,
    /// Distinct addresses: in open mode nobody has a name until an order gives one.
    unique_users: usize,
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
    client_id: String,
    addr: String,
    connected_at: u64,
    /// When its last frame came in.
    last_ping: u64,
    /// Topics it follows.
    subscriptions: usize,
    /// Messages that wait for it.
    queue: usize,
}

/// Who is connected by WebSocket.
#[utoipa::path(
    get,
    path = "/connections",
    responses((status = 200, description = "As asked", body = ConnectionsAnswer))
)]
pub(crate) fn connections(app: &App) -> Answer {
    Answer::new(200, &summary(app.hub.connections(), wall_ms()))
}

fn summary(open: Vec<Connection>, now_ms: u64) -> ConnectionsAnswer {
    let mut by_duration: BTreeMap<&str, usize> = AGES.map(|(_, name)| (name, 0)).into();
    let mut age_ms_total = 0;
    for connection in &open {
        let age_ms = now_ms.saturating_sub(connection.connected_ms);
        age_ms_total += age_ms;
        let age = AGES.iter().find(|(minutes, _)| age_ms / MINUTE_MS < *minutes);
        let (_, name) = age.expect("the last bucket has no end");
        *by_duration.entry(name).or_default() += 1;
    }
    let addresses: BTreeSet<_> = open.iter().map(|connection| connection.peer.ip()).collect();
    // Hundredths of a minute.
    let average = age_ms_total * 100 / MINUTE_MS / (open.len() as u64).max(1);
    ConnectionsAnswer {
        total_connections: open.len(),
        unique_users: addresses.len(),
        connections_by_type: [("xtrader", open.len())].into(),
        connections_by_duration: by_duration,
        average_connection_duration: orison_core::Decimal::new(i128::from(average), 2).into(),
        timestamp: now_ms,
        connections: open.iter().map(ConnectionEntry::new).collect(),
    }
}

impl ConnectionEntry {
    fn new(connection: &Connection) -> Self {
        Self {
            client_id: connection.client_id.to_string(),
            addr: connection.peer.to_string(),
            connected_at: connection.connected_ms,
            last_ping: connection.heard_ms,
            subscriptions: connection.topics,
            queue: connection.queue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fall_into_their_buckets() {
        let now_ms = 10_000 * MINUTE_MS;
        let opened = [0, 1, 4, 5, 29, 30, 59, 60, 6000].map(|minutes: u64| Connection {
            client_id: uuid::Uuid::nil(),
            peer: "127.0.0.1:1".parse().unwrap(),
            connected_ms: now_ms - minutes * MINUTE_MS,
            heard_ms: now_ms,
            topics: 0,
            queue: 0,
        });
        let summary = summary(opened.into(), now_ms);
        let buckets: Vec<_> = AGES.map(|(_, name)| summary.connections_by_duration[name]).into();
        assert_eq!(buckets, [1, 2, 2, 2, 2]);
        assert_eq!((summary.total_connections, summary.unique_users), (9, 1));
        assert_eq!(summary.average_connection_duration.0.to_string(), "687.55");
        assert_eq!(super::summary(Vec::new(), 0).average_connection_duration.0.to_string(), "0");
    }
}
