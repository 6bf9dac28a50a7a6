//! A service below a prefix: its settings, its sessions, and every request to it.

mod pages;
mod send;
mod sessions;
mod upgrade;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::header::CONTENT_SECURITY_POLICY;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde::Serialize;
use tokio::sync::watch;

use super::answer::{self, Cookie};
use super::callback::{Callback, CallbackError};
use super::format::Format;
use super::page::Page;
use super::path::{Door, Place};
use super::receive;
use super::seats::Usher;
use super::service::{Opening, Service, Transport};
use super::session::Session;
use super::settings::{Settings, WebSocket};
use crate::http::Reply;
use crate::http::body::{self, Rest};
use crate::http::handshake;
use sessions::NoSession;

pub struct Mount {
    settings: Settings,
    service: Arc<dyn Service>,
    iframe: Page,
    /// Those over HTTP, by the id that their client chose.
    sessions: Mutex<HashMap<Box<str>, Arc<Session>>>,
    usher: Arc<dyn Usher>,
    /// True once the process is stopping.
    stopping: watch::Sender<bool>,
}

/// How frames leave in an answer: one ends it, or many fill it.
enum Manner {
    Poll,
    Stream,
}

/// A request with all but its body.
struct Asked<'a> {
    peer: SocketAddr,
    parts: &'a Parts,
}

impl Mount {
    /// Every session of it takes a seat of the usher's.
    pub fn new<U: Usher>(settings: Settings, usher: &Arc<U>, service: impl Service) -> Arc<Self> {
        let iframe = Page::iframe(&settings.sockjs_url);
        let (stopping, _) = watch::channel(false);
        let (service, sessions) = (Arc::new(service), Mutex::default());
        let usher: Arc<dyn Usher> = Arc::<U>::clone(usher);
        Arc::new(Self { settings, service, iframe, sessions, usher, stopping })
    }

    /// Opens no more sessions and closes those that are open with 1001; when all have ended, all
    /// seats are given back.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
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
            let transport = if raw { Transport::RawWebSocket } else { Transport::WebSocket };
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
                        let mut page = answer::page(&self.iframe, &parts.headers);
                        if let Some(policy) = &self.settings.iframe_policy {
                            page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy.clone());
                        }
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
        if let Err(text) = self.settings.pages.check(&asked.parts.headers, door) {
            return put_away(asked.parts, body, answer::forbidden(text)).await;
        }
        let (transport, format, manner) = match door {
            Door::XhrSend | Door::JsonpSend => return self.send(asked, id, door, body).await,
            Door::Xhr => (Transport::Xhr, Ok(Format::Xhr), Manner::Poll),
            Door::XhrStreaming => (Transport::XhrStreaming, Ok(Format::Xhr), Manner::Stream),
            Door::EventSource => (Transport::EventSource, Ok(Format::EventSource), Manner::Stream),
            Door::HtmlFile => {
                (Transport::HtmlFile, asked.callback().map(Format::HtmlFile), Manner::Stream)
            }
            Door::Jsonp => (Transport::Jsonp, asked.callback().map(Format::Jsonp), Manner::Poll),
        };
        let format = match format {
            Ok(format) => format,
            Err(error) => return put_away(asked.parts, body, answer::failed(&error)).await,
        };
        // To its end, or the connection's end would not be seen while the answer waits.
        if body::put_away(asked.parts, body).await == Rest::Unread {
            return too_large(Rest::Unread);
        }
        let session = match self.session(asked, id, transport) {
            Ok(session) => session,
            Err(NoSession::Foreign) => return answer::not_found(),
            Err(NoSession::NoRoom(why)) => return answer::no_room(why),
        };
        let mut reply = match manner {
            Manner::Poll => receive::poll(session, format, &self.settings).await,
            Manner::Stream => receive::stream(session, format, self.settings.clone()),
        };
        answer::as_said(reply.headers_mut());
        reply
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
            seat: None,
        }
    }

    fn callback(&self) -> Result<Callback, CallbackError> {
        Callback::of_query(self.parts.uri.query().unwrap_or_default())
    }
}

fn greeting() -> Reply {
    answer::reply(StatusCode::OK, answer::TEXT, "Welcome to SockJS!\n")
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
