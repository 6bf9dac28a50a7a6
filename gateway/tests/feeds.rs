//! The feeds against venues of our own, which keep the rules of the real ones and break them when
//! told to. Time is tokio's paused one: a day passes in a moment, and nothing depends on the
//! machine; few tests go over real sockets: one with TLS, one to the real exchange.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "stomp/client.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod stomp;
mod support;
#[path = "support/venues/house.rs"]
mod venues;

#[path = "feeds/connection.rs"]
mod connection;
#[path = "feeds/data.rs"]
mod data;
#[path = "feeds/private.rs"]
mod private;
#[path = "feeds/recordings.rs"]
mod recordings;
#[path = "feeds/refusal.rs"]
mod refusal;
#[path = "feeds/road.rs"]
mod road;
#[path = "feeds/subscription.rs"]
mod subscription;
#[path = "feeds/succession.rs"]
mod succession;
#[path = "feeds/tls.rs"]
mod tls;
#[path = "feeds/town.rs"]
mod town;
#[path = "feeds/wishes.rs"]
mod wishes;
