//! A service below a prefix: its settings, its sessions, and every request to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;

use super::answer::{self, Cookie};
use super::callback::Callback;
use super::format::Format;
use super::page::Page;
use super::path::{Door, Place};
use super::payload::{self, PayloadError};
use super::seats::{Seat, Seats};
use super::service::{Close, Opening, Service, Serving, Talk, Transport, Wire, outlive};
use super::session::Session;
use super::settings::{Settings, WebSocket};
use super::socket::Pump;
use super::{locked, receive};
use crate::http::Reply;
use crate::http::body::{self, BodyError, Rest};
use crate::http::handshake::{self, HandshakeError};

/// How long a closed session stays to tell why while the process is stopping.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);
/// A send is answered when the service has heard it and waits for more, but then at the latest.
const HEARING_MAX: Duration = Duration::from_millis(100);

pub struct Mount {
    settings: Settings,
    service: Arc<dyn Service>,
    iframe: Page,
    /// Those over HTTP, by the id that their client chose.
    sessions: Mutex<HashMap<Box<str>, Arc<Session>>>,
    seats: Arc<Seats>,
    /// True once the process is stopping.
    stopping: watch::Sender<bool>,
}

/// A request with all but its body.
struct Asked<'a> {
    peer: SocketAddr,
    parts: &'a Parts,
}

impl Mount {
    pub fn new(settings: Settings, service: impl Service) -> Arc<Self> {
        let iframe = Page::iframe(&settings.sockjs_url);
        let seats = Seats::new(settings.sessions_max, settings.sessions_per_address_max);
        let (stopping, _) = watch::channel(false);
        let (service, sessions) = (Arc::new(service), Mutex::default());
        Arc::new(Self { settings, service, iframe, sessions, seats, stopping })
    }

    /// Sessions open now, over all transports.
    pub fn sessions(&self) -> usize {
        self.seats.taken()
    }

    /// Opens no more sessions and closes those that are open with 1001.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns once every session has ended.
    pub async fn ended(&self) {
        self.seats.empty().await;
    }

    /// Answers a request; `path` is what `below` left of it.
    pub async fn answer(
        self: &Arc<Self>,
        peer: SocketAddr,
        path: &str,
        request: Request<Incoming>,
    ) -> Reply {
        let (mut parts, body) = request.into_parts();
        let Some(place) = Place::of(path).filter(|place| self.has(*place)) else {
            return put_away(&parts, body, answer::not_found()).await;
        };
        let raw = match place {
            Place::RawWebSocket => true,
            Place::Greeting => handshake::is_asked(&parts) && self.has(Place::RawWebSocket),
            _ => false,
        };
        if parts.method == Method::GET && (raw || place == Place::WebSocket) {
            let transport =
                if raw { Transport::RawWebSocket } else { Transport::WebSocket };
            let reply = self.upgrade(peer, &mut parts, transport);
            return put_away(&parts, body, reply).await;
        }
        let methods = place.methods();
        let asked = Asked { peer, parts: &parts };
        match &parts.method {
            method if !methods.contains(method) => {
                put_away(&parts, body, answer::not_allowed(methods)).await
            }
            &Method::OPTIONS => {
                let mut reply = answer::options(methods);
                answer::share(&parts.headers, reply.headers_mut());
                self.give_cookie(place, &parts.headers, reply.headers_mut());
                put_away(&parts, body, reply).await
            }
            _ => {
                let mut reply = match place {
                    Place::Session { id, door } => self.enter(&asked, id, door, body).await,
                    Place::Info => put_away(&parts, body, self.info()).await,
                    Place::Iframe => {
                        let page = answer::page(&self.iframe, &parts.headers);
                        return put_away(&parts, body, page).await;
                    }
                    Place::Greeting | Place::RawWebSocket | Place::WebSocket => {
                        return put_away(&parts, body, greeting()).await;
                    }
                };
                answer::share(&parts.headers, reply.headers_mut());
                answer::uncached(reply.headers_mut());
                self.give_cookie(place, &parts.headers, reply.headers_mut());
                reply
            }
        }
    }

    fn has(&self, place: Place<'_>) -> bool {
        let is_socket = matches!(place, Place::RawWebSocket | Place::WebSocket);
        !is_socket || self.settings.websocket == WebSocket::On
    }

    /// The addresses of a session set it, since only they need to come back to this server.
    fn give_cookie(&self, place: Place<'_>, request: &HeaderMap, headers: &mut HeaderMap) {
        let is_session = matches!(place, Place::Session { .. });
        if is_session && self.settings.cookie == Cookie::SessionId {
            answer::set_cookie(request, headers);
        }
    }

    fn info(&self) -> Reply {
        #[derive(Serialize)]
        struct Info {
            websocket: bool,
            origins: [&'static str; 1],
            cookie_needed: bool,
            entropy: u32,
        }
        let info = Info {
            websocket: self.settings.websocket == WebSocket::On,
            origins: ["*:*"],
            cookie_needed: self.settings.cookie == Cookie::SessionId,
            // The first field of a random UUID is random in all its bits.
            entropy: uuid::Uuid::new_v4().as_fields().0,
        };
        let text = serde_json::to_string(&info).expect("plain fields have a text");
        answer::reply(StatusCode::OK, answer::JSON, text)
    }

    async fn enter(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        id: &str,
        door: Door,
        body: Incoming,
    ) -> Reply {
        let (format, transport) = match door {
            Door::XhrSend | Door::JsonpSend => return self.send(asked, id, door, body).await,
            Door::Xhr => (Ok(Format::Xhr), Transport::Xhr),
            Door::XhrStreaming => (Ok(Format::Xhr), Transport::XhrStreaming),
            Door::EventSource => (Ok(Format::EventSource), Transport::EventSource),
            Door::HtmlFile => (asked.callback().map(Format::HtmlFile), Transport::HtmlFile),
            Door::Jsonp => (asked.callback().map(Format::Jsonp), Transport::Jsonp),
        };
        let format = match format {
            Ok(format) => format,
            Err(error) => return put_away(asked.parts, body, answer::failed(&error)).await,
        };
        // To its end, or the connection's end would not be seen while the answer waits.
        if body::put_away(asked.parts, body).await == Rest::Unread {
            return too_large(Rest::Unread);
        }
        let Some(session) = self.session(asked, id, transport) else {
            return answer::busy("too many sessions are open\n");
        };
        let mut reply = match transport {
            Transport::Xhr | Transport::Jsonp => {
                receive::poll(session, format, &self.settings).await
            }
            Transport::XhrStreaming
            | Transport::EventSource
            | Transport::HtmlFile
            | Transport::WebSocket
            | Transport::RawWebSocket => receive::stream(session, format, self.settings.clone()),
        };
        answer::as_said(reply.headers_mut());
        reply
    }

    /// The session of that id; a new one if there is none. None: there is no room for it.
    fn session(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        id: &str,
        transport: Transport,
    ) -> Option<Arc<Session>> {
        let mut sessions = locked(&self.sessions);
        if let Some(session) = sessions.get(id) {
            return Some(Arc::clone(session));
        }
        let seat = self.seat(asked.peer)?;
        let wire = self.wire();
        let session = Session::new(Arc::clone(&wire));
        sessions.insert(id.into(), Arc::clone(&session));
        drop(sessions);
        let serving = self.serving(asked.opening(transport, None), wire);
        let kept = Arc::clone(&session);
        tokio::spawn(Arc::clone(self).keep(id.into(), kept, serving, seat));
        Some(session)
    }

    /// The service's part of a session, whatever it does.
    fn serving(&self, opening: Opening, wire: Arc<Wire>) -> Serving {
        let service = Arc::clone(&self.service);
        let serving = async move { service.serve(opening, Talk::new(wire)).await };
        Box::pin(AssertUnwindSafe(serving).catch_unwind().map(|close| {
            close.unwrap_or_else(|_| {
                tracing::error!("a session panicked; it alone is closed");
                Close::PANIC
            })
        }))
    }

    fn seat(&self, peer: SocketAddr) -> Option<Seat> {
        if *self.stopping.borrow() {
            return None;
        }
        let seat = self.seats.take(peer.ip());
        seat.inspect_err(|error| tracing::debug!(%peer, %error, "no session")).ok()
    }

    fn wire(&self) -> Arc<Wire> {
        Wire::new(self.settings.incoming_bytes_max, self.settings.outgoing_bytes_max)
    }

    /// A session over HTTP from its first request to its last.
    async fn keep(
        self: Arc<Self>,
        id: Box<str>,
        session: Arc<Session>,
        mut serving: Serving,
        seat: Seat,
    ) {
        let patience = self.settings.session_timeout;
        let has_ended = tokio::select! {
            close = &mut serving => {
                session.close(close);
                true
            }
            () = session.closed() => false,
            () = session.abandoned(patience) => {
                self.forget(&id, &session);
                session.interrupt();
                false
            }
            () = self.stopped() => {
                session.close(Close::SHUTDOWN);
                false
            }
        };
        if !has_ended {
            outlive(serving).await;
        }
        let stopped = async {
            self.stopped().await;
            session.abandoned(LAST_WORD_MAX).await;
        };
        tokio::select! {
            () = session.abandoned(patience) => {}
            () = stopped => {}
        }
        self.forget(&id, &session);
        drop(seat);
    }

    fn forget(&self, id: &str, session: &Arc<Session>) {
        let mut sessions = locked(&self.sessions);
        if sessions.get(id).is_some_and(|known| Arc::ptr_eq(known, session)) {
            sessions.remove(id);
        }
    }

    async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is ours: it cannot be gone before us.
        let seen = stopping.wait_for(|&stopping| stopping).await.is_ok();
        debug_assert!(seen, "the mount holds the sender");
    }

    async fn send(&self, asked: &Asked<'_>, id: &str, door: Door, body: Incoming) -> Reply {
        let session = locked(&self.sessions).get(id).map(Arc::clone);
        let Some(session) = session else {
            return put_away(asked.parts, body, answer::not_found()).await;
        };
        let body = match body::read_up_to(body, self.settings.payload_bytes_max).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(rest)) => return too_large(rest),
            Err(BodyError::Timeout | BodyError::Broken) => {
                let mut reply = answer::reply(
                    StatusCode::REQUEST_TIMEOUT,
                    answer::TEXT,
                    "the body did not come whole\n",
                );
                answer::last(reply.headers_mut());
                return reply;
            }
        };
        let decoded = match door {
            Door::JsonpSend if asked.is_form() => payload::decode_form(&body),
            _ => payload::decode(&body),
        };
        let mut messages = match decoded {
            Ok(messages) => messages,
            Err(error @ (PayloadError::Missing | PayloadError::Broken)) => {
                return answer::failed(&error);
            }
            Err(error @ PayloadError::TooMany) => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return answer::reply(status, answer::TEXT, error.to_string());
            }
        };
        let incoming = &session.wire.incoming;
        let putting = std::future::poll_fn(|context| incoming.poll_put(context, &mut messages));
        match timeout(self.settings.send_timeout, putting).await {
            // A closed session says so to its receiver, not here.
            Ok(Ok(()) | Err(_)) => {}
            Err(_) => return answer::busy("the session takes no messages now\n"),
        }
        // So that a poll after this answer finds what the service said to it.
        let hearing = std::future::poll_fn(|context| incoming.poll_heard(context));
        let _in_time = timeout(HEARING_MAX, hearing).await;
        match door {
            Door::JsonpSend => answer::reply(StatusCode::OK, answer::TEXT, "ok"),
            _ => {
                // Without the type Firefox takes the empty answer for broken XML.
                let mut reply = answer::bare(StatusCode::NO_CONTENT);
                let text = hyper::header::HeaderValue::from_static(answer::TEXT);
                reply.headers_mut().insert(CONTENT_TYPE, text);
                reply
            }
        }
    }

    fn upgrade(
        self: &Arc<Self>,
        peer: SocketAddr,
        parts: &mut Parts,
        transport: Transport,
    ) -> Reply {
        let opened = match handshake::open(parts) {
            Ok(opened) => opened,
            Err(error) => return refusal(error),
        };
        let Some(seat) = self.seat(peer) else {
            return answer::busy("too many sessions are open\n");
        };
        let protocol = handshake::protocol(parts, self.settings.protocols);
        let (reply, upgrade) = opened.accept(protocol);
        let opening = Asked { peer, parts }.opening(transport, protocol);
        let mount = Arc::clone(self);
        tokio::spawn(async move {
            match upgrade.stream().await {
                Ok(stream) => {
                    let wire = mount.wire();
                    let serving = mount.serving(opening, Arc::clone(&wire));
                    let pump = Pump::new(transport, &wire, &mount.settings, serving);
                    pump.run(stream, mount.stopped()).await;
                }
                Err(error) => tracing::debug!(%peer, %error, "left during the handshake"),
            }
            drop(seat);
        });
        reply.map(Either::Left)
    }
}

impl Asked<'_> {
    fn opening(&self, transport: Transport, protocol: Option<&'static str>) -> Opening {
        Opening {
            peer: self.peer,
            transport,
            query: self.parts.uri.query().unwrap_or_default().into(),
            headers: self.parts.headers.clone(),
            protocol,
        }
    }

    fn callback(&self) -> Result<Callback, super::callback::CallbackError> {
        Callback::of_query(self.parts.uri.query().unwrap_or_default())
    }

    fn is_form(&self) -> bool {
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}

fn greeting() -> Reply {
    answer::reply(StatusCode::OK, answer::TEXT, "Welcome to SockJS!\n")
}

fn refusal(error: HandshakeError) -> Reply {
    let status = match error {
        HandshakeError::NoUpgrade | HandshakeError::Key => StatusCode::BAD_REQUEST,
        HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Fixed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = match error {
        HandshakeError::NoUpgrade => "Not a valid websocket request\n".to_owned(),
        HandshakeError::Version | HandshakeError::Key | HandshakeError::Fixed => {
            format!("{error}\n")
        }
    };
    let mut reply = answer::reply(status, answer::TEXT, text);
    if status == StatusCode::UPGRADE_REQUIRED {
        answer::offer_version(reply.headers_mut());
    }
    reply
}

fn too_large(rest: Rest) -> Reply {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    let mut reply = answer::reply(status, answer::TEXT, "the body is too large\n");
    if rest == Rest::Unread {
        answer::last(reply.headers_mut());
    }
    reply
}

/// An answer that did not need the body.
async fn put_away(parts: &Parts, body: Incoming, mut reply: Reply) -> Reply {
    if body::put_away(parts, body).await == Rest::Unread {
        answer::last(reply.headers_mut());
    }
    reply
}
