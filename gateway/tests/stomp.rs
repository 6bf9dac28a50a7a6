//! STOMP as a client library sees it: over a WebSocket to the real listener, frame by frame.

#![allow(clippy::unwrap_used, reason = "all of this is test code")]

mod support;

#[path = "stomp/client.rs"]
mod client;
#[path = "stomp/endings.rs"]
mod endings;
#[path = "stomp/handshake.rs"]
mod handshake;
#[path = "stomp/market.rs"]
mod market;
#[path = "stomp/prayers.rs"]
mod prayers;
#[path = "stomp/site.rs"]
mod site;
