//! HTTP/1.1: listeners, connections and their limits.

use std::net::SocketAddr;

use crate::language::Language;

/// What a WebSocket session knows of its opening request.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub peer: SocketAddr,
    pub language: Language,
    pub order_entry: OrderEntry,
}

/// Whether the page behind a connection may enter orders: it has no Origin, a loopback one or a
/// listed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderEntry {
    Allowed,
    Refused,
}
