//! REST as a client sees it: the real exchange, raw HTTP, rows for each answer it can give.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

#[path = "rest/audit.rs"]
mod audit;
#[path = "rest/crowd.rs"]
mod crowd;
#[path = "rest/entry.rs"]
mod entry;
#[path = "rest/market.rs"]
mod market;
#[path = "rest/money.rs"]
mod money;
#[path = "rest/orders.rs"]
mod orders;
#[path = "rest/pairs.rs"]
mod pairs;
#[path = "rest/protocol.rs"]
mod protocol;
#[path = "rest/refusals.rs"]
mod refusals;
#[path = "rest/service.rs"]
mod service;
#[path = "rest/stops.rs"]
mod stops;
#[path = "rest/stream.rs"]
mod stream;
