//! Identities as clients meet them: who may what over every protocol, what is foreign and what is
//! not there, live sessions that end, TLS, and secrets that stay where they are.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

#[allow(dead_code, reason = "the tests of SockJS use the rest")]
#[path = "sockjs/client.rs"]
mod sockjs;
#[allow(dead_code, reason = "only a part of it is needed here")]
#[path = "stockquest/client.rs"]
mod stockquest;
#[path = "stomp/client.rs"]
#[allow(dead_code, reason = "the tests of STOMP use the rest")]
mod stomp;

#[path = "identity/bound.rs"]
mod bound;
#[path = "identity/budgets.rs"]
mod budgets;
#[path = "identity/canary.rs"]
mod canary;
#[path = "identity/connections.rs"]
mod connections;
#[path = "identity/doors.rs"]
mod doors;
#[path = "identity/foreign.rs"]
mod foreign;
#[path = "identity/house.rs"]
mod house;
#[path = "identity/line.rs"]
mod line;
#[path = "identity/matrix.rs"]
mod matrix;
#[path = "identity/matrix_quests.rs"]
mod matrix_quests;
#[path = "identity/matrix_stomp.rs"]
mod matrix_stomp;
#[path = "identity/promises.rs"]
mod promises;
#[path = "identity/quest.rs"]
mod quest;
#[path = "identity/quester.rs"]
mod quester;
#[path = "identity/sessions.rs"]
mod sessions;
#[path = "identity/streams.rs"]
mod streams;
#[path = "identity/tls.rs"]
mod tls;
