//! HTTP/1.1: listeners, connections and their limits. A request that may go on becomes a call of
//! `xtrader::rest` or `admin`, an upgrade becomes a session of `xtrader::socket`; what an order
//! is, is not known here.

pub mod acceptor;
pub mod listener;
pub mod query;

mod address;
pub(crate) mod admission;
pub(crate) mod body;
mod connection;
mod crowd;
mod framing;
pub(crate) mod goodbye;
pub(crate) mod handshake;
pub(crate) mod hearing;
mod linger;
pub(crate) mod origin;
mod respond;
pub mod tls;
mod upgrade;
pub(crate) mod watch;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Either;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request};

use crate::App;
use crate::identity::Principal;
use crate::language::Language;

pub use acceptor::{Acceptor, Content, Reply, Site};
pub use crowd::{CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX};
pub use listener::{BindError, Listener};
pub use tls::{Tls, TlsError};
pub(crate) use upgrade::no_room;
pub use watch::IdleFrames;

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
    pub stomp: Option<SocketAddr>,
    pub transport: Transport,
}

/// How bytes travel to and from every listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Transport {
    #[default]
    Clear,
    Tls,
}

impl Directory {
    /// Name and URL of each listener that is on.
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        let s = match self.transport {
            Transport::Clear => "",
            Transport::Tls => "s",
        };
        let rest = self.rest.map(|address| ("rest", format!("http{s}://{address}")));
        let ws = self.ws.map(|address| ("ws", format!("ws{s}://{address}/ws")));
        let admin = self.admin.map(|address| ("admin", format!("http{s}://{address}")));
        let stomp = self.stomp.map(|address| ("stomp", format!("http{s}://{address}")));
        rest.into_iter().chain(ws).chain(stomp).chain(admin).collect()
    }
}

/// The listeners of the exchange.
pub struct Server {
    app: Arc<App>,
    directory: Directory,
    acceptor: Arc<Acceptor>,
}

impl Server {
    pub fn new(app: Arc<App>, directory: Directory, tls: Option<Tls>) -> Arc<Self> {
        let acceptor = Acceptor::new(app.metrics.connections.clone(), tls);
        Arc::new(Self { app, directory, acceptor })
    }

    /// Accepts from now on, until `stop`.
    pub fn serve(self: &Arc<Self>, listener: Listener, surface: Surface) {
        let entrance = Entrance { server: Arc::clone(self), surface };
        match surface {
            Surface::Rest | Surface::Socket => self.acceptor.serve(listener, &Arc::new(entrance)),
            Surface::Admin => self.acceptor.serve_apart(listener, &Arc::new(entrance)),
        }
    }

    /// The same for a listener with a site of its own.
    pub fn serve_site<S: Site>(&self, listener: Listener, site: &Arc<S>) {
        self.acceptor.serve(listener, site);
    }

    /// Accepts no more connections and no more requests; requests under way are answered.
    pub fn stop(&self) {
        self.acceptor.stop();
    }

    /// Returns once every connection has ended.
    pub async fn ended(&self) {
        self.acceptor.ended().await;
    }
}

/// One of the exchange's listeners.
struct Entrance {
    server: Arc<Server>,
    surface: Surface,
}

impl Site for Entrance {
    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Reply {
        let Ok(reply) = respond::respond(&self.server, self.surface, peer, request).await;
        reply.map(Either::Left)
    }
}

/// What a WebSocket session knows of its opening request.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub peer: SocketAddr,
    pub language: Language,
    pub order_entry: OrderEntry,
    /// None: the first message has to say it.
    pub principal: Option<Principal>,
}

/// Whether the page behind a connection may enter orders: it has no Origin, a loopback one or a
/// listed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderEntry {
    Allowed,
    Refused,
}

/// By the Origin of its opening request; `allowed` are the listed ones.
pub(crate) fn order_entry(headers: &HeaderMap, allowed: &[String]) -> OrderEntry {
    match origin::Origin::of(headers, allowed) {
        origin::Origin::Absent | origin::Origin::Trusted => OrderEntry::Allowed,
        origin::Origin::Foreign => OrderEntry::Refused,
    }
}
