//! HTTP/1.1: listeners, connections and their limits. A request that may go on becomes a call of
//! `xtrader::rest` or `admin`, an upgrade becomes a session of `xtrader::socket`; what an order
//! is, is not known here.

pub mod bucket;
pub mod listener;
pub mod query;

mod address;
mod body;
mod connection;
mod linger;
mod origin;
mod respond;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::App;
use crate::language::Language;

pub use listener::{BindError, Listener};

/// HTTP connections open at once, over all listeners; one more is answered 503 and closed. An
/// upgraded connection is a session and no longer counts.
pub const CONNECTIONS_MAX: usize = 4096;

/// Which of the listeners a request came in by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Surface {
    /// REST alone.
    Rest,
    /// The web page, the socket, and REST under the same origin.
    Socket,
    /// The operator's calls alone; no page of any origin may use them.
    Admin,
}

/// The addresses that clients are told in `/config.json`.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub rest: Option<SocketAddr>,
    pub ws: Option<SocketAddr>,
    pub admin: Option<SocketAddr>,
}

impl Directory {
    /// Name and URL of each listener that is on.
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        let rest = self.rest.map(|address| ("rest", format!("http://{address}")));
        let ws = self.ws.map(|address| ("ws", format!("ws://{address}/ws")));
        let admin = self.admin.map(|address| ("admin", format!("http://{address}")));
        rest.into_iter().chain(ws).chain(admin).collect()
    }
}

/// What all connections share.
pub struct Server {
    app: Arc<App>,
    directory: Directory,
    connections: Arc<Semaphore>,
    /// True once the process is stopping.
    stopping: watch::Sender<bool>,
}

impl Server {
    pub fn new(app: Arc<App>, directory: Directory) -> Arc<Self> {
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (stopping, _) = watch::channel(false);
        Arc::new(Self { app, directory, connections, stopping })
    }

    /// Accepts from now on, until `stop`.
    pub fn serve(self: &Arc<Self>, listener: Listener, surface: Surface) {
        for socket in listener.into_sockets() {
            tokio::spawn(listener::accept(Arc::clone(self), socket, surface));
        }
    }

    /// Accepts no more connections and no more requests; requests under way are answered.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns once `stop` was called.
    async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is ours: it cannot be gone before us.
        let seen = stopping.wait_for(|&stopping| stopping).await.is_ok();
        debug_assert!(seen, "the server holds the sender");
    }

    /// Returns once every connection has ended.
    pub async fn ended(&self) {
        let all = u32::try_from(CONNECTIONS_MAX).expect("a small number");
        let permits = self.connections.acquire_many(all).await;
        drop(permits.expect("the semaphore is never closed"));
    }
}

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
