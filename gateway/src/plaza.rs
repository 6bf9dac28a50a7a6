//! The listener of browsers' messaging libraries: the five StockQuest sockets, each at its own
//! address and over SockJS below it; STOMP over WebSocket at `/ws` and `/ws/websocket`, over
//! SockJS below `/ws/`; `/asyncapi.json`; and the script that SockJS pages load. Paths are taken as
//! they come, the five names first. In open mode pages of every origin may use it; what belongs to
//! an account is for trusted pages alone, and so is the frame through which a page would be ours.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};

use crate::App;
use crate::connections::{Door, Kind};
use crate::http::admission;
use crate::http::origin::{Origin, check_host, frame_ancestors};
use crate::http::{Reply, Site};
use crate::identity::Mode;
use crate::sockjs::{self, Mount, Pages};
use crate::stockquest::{Hall, Socket, StockQuest, asyncapi};
use crate::stomp::{PROTOCOLS, Stomp};

const PREFIX: &str = "/ws";
/// What waits in the transport for a client; behind that state conflates in its outbox.
const OUTGOING_BYTES_MAX: usize = 64 << 10;

pub struct Plaza {
    app: Arc<App>,
    /// The five StockQuest sockets, each below its own prefix.
    quests: [(&'static str, Arc<Mount>); Socket::ALL.len()],
    stomp: Arc<Mount>,
}

impl Plaza {
    pub fn new(app: &Arc<App>) -> Arc<Self> {
        let settings = sockjs::Settings {
            outgoing_bytes_max: OUTGOING_BYTES_MAX,
            iframe_policy: Some(iframe_policy(&app.config.allowed_origins)),
            ..sockjs::Settings::default()
        };
        let door = |kind| Door::new(&app.connections, &app.identity, kind);
        let hall = Hall::new(app);
        let ping = Some(app.config.stockquest.heartbeat);
        let quests = Socket::ALL.map(|socket| {
            let pages = match socket.is_private() {
                true => Pages::Trusted { listed: app.config.allowed_origins.clone() },
                false => Pages::Every,
            };
            let settings = sockjs::Settings { ping, pages, ..settings.clone() };
            let quest = StockQuest::new(app, &hall, socket);
            (socket.path(), Mount::new(settings, &door(socket.kind()), quest))
        });
        let settings = sockjs::Settings { protocols: PROTOCOLS, ..settings };
        let stomp = Mount::new(settings, &door(Kind::Stomp), Stomp::new(Arc::clone(app)));
        Arc::new(Self { app: Arc::clone(app), quests, stomp })
    }

    /// With identities: only pages that we trust, and no secret in an address.
    fn admit<B>(&self, request: &Request<B>) -> Result<(), (StatusCode, &'static str)> {
        let identity = &self.app.identity;
        if admission::check_query(identity, request.uri().query()).is_err() {
            let text = "credentials never stand in an address: send them in a header or message\n";
            return Err((StatusCode::UNAUTHORIZED, text));
        }
        let origin = Origin::of(request.headers(), &self.app.config.allowed_origins);
        match (identity.mode(), origin) {
            (Mode::Authenticated, Origin::Foreign) => {
                Err((StatusCode::FORBIDDEN, "this web origin is not allowed here\n"))
            }
            (Mode::Open, _) | (_, Origin::Absent | Origin::Trusted) => Ok(()),
        }
    }

    /// Closes every session that the hub has not closed yet; returns once all have gone.
    pub async fn ended(&self) {
        for (_, mount) in &self.quests {
            mount.stop();
        }
        self.stomp.stop();
        self.app.connections.empty().await;
    }
}

impl Site for Plaza {
    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        if let Err((status, text)) = self.admit(&request) {
            return text_reply(status, text);
        }
        if !is_ours(&request, self.app.identity.mode()) {
            let text = "this Host is not ours: use 127.0.0.1, [::1] or localhost\n";
            return text_reply(StatusCode::FORBIDDEN, text);
        }
        for (prefix, mount) in &self.quests {
            if let Some(rest) = sockjs::below(prefix, &path) {
                return mount.answer(peer, rest, request).await;
            }
        }
        if let Some(rest) = sockjs::below(PREFIX, &path) {
            return self.stomp.answer(peer, rest, request).await;
        }
        let is_read = [Method::GET, Method::HEAD].contains(request.method());
        if path == "/asyncapi.json" && is_read {
            return reply(StatusCode::OK, "application/json", asyncapi::document());
        }
        match sockjs::script(&path).filter(|_| is_read) {
            Some(script) => script.answer(request.headers()),
            None => text_reply(StatusCode::NOT_FOUND, "there is nothing here\n"),
        }
    }
}

/// A frame is of our own origin, whoever shows it: through it a page would be us.
fn iframe_policy(allowed_origins: &[String]) -> HeaderValue {
    let policy = HeaderValue::from_str(&frame_ancestors(allowed_origins));
    policy.expect("only plain ASCII is listed")
}

/// Without identities a name that is not loopback may be one that a page has rebound to us.
fn is_ours<B>(request: &Request<B>, mode: Mode) -> bool {
    if request.version() == Version::HTTP_10 && !request.headers().contains_key(HOST) {
        return true;
    }
    check_host(request.headers(), request.uri().authority(), mode).is_ok()
}

fn text_reply(status: StatusCode, text: &'static str) -> Reply {
    reply(status, "text/plain; charset=UTF-8", text)
}

fn reply(status: StatusCode, kind: &'static str, text: &'static str) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(Bytes::from_static(text.as_bytes()))));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
