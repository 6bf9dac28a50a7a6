//! One request to its answer: who asks, where to, is it whole; then the call itself; then the
//! headers that every answer carries.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use orison_core::Reason;

use super::address::Address;
use super::admission;
use super::body::{self, BodyError, Rest, put_away};
use super::origin::{self, HostError, Origin};
use super::query::Query;
use super::{Handshake, OrderEntry, Server, Surface, upgrade};
use crate::admin;
use crate::audit;
use crate::bucket::{Empty, Standing};
use crate::identity::{Action, Mode, Principal, Refusal};
use crate::language::{Language, Message};
use crate::openapi;
use crate::peer::Source;
use crate::ui;
use crate::xtrader::entry::{Caller, PRAYERS, account_name};
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem};
use crate::xtrader::rest::{self, Call, Route};

type Reply = Response<Full<Bytes>>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Who gives an operator's command.
const ACTOR: HeaderName = HeaderName::from_static("x-actor");
/// A longer request id is not echoed.
const REQUEST_ID_BYTES_MAX: usize = 128;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE, OPTIONS");
const CORS_HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, authorization, accept-language, x-request-id");
const CORS_EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
);
/// Seconds that a browser may remember a preflight.
const CORS_MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// What 401 asks for.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"orison\"");
/// What 503 and 429 tell a client to wait, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

pub(super) async fn respond(
    server: &Arc<Server>,
    surface: Surface,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Reply, Infallible> {
    let begun = Instant::now();
    let (mut parts, body) = request.into_parts();
    let request_id = parts.headers.get(REQUEST_ID).filter(|id| id.len() <= REQUEST_ID_BYTES_MAX);
    let request_id = request_id.cloned();
    let origin = match surface {
        Surface::Rest | Surface::Socket => {
            Origin::of(&parts.headers, &server.app.config.allowed_origins)
        }
        Surface::Admin => Origin::of_nobody(&parts.headers),
    };
    let page = parts.headers.get(header::ORIGIN).filter(|_| origin == Origin::Trusted).cloned();
    let mut asked = Asked { server, surface, peer, origin, language: language(&parts.headers) };

    let mut reply = asked.answer(&mut parts, body).await;

    let headers = reply.headers_mut();
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID, id);
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(page) = page {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, CORS_EXPOSED);
    }
    let route = reply.extensions_mut().remove::<RouteName>().map_or("none", |name| name.0);
    server.app.metrics.http(route, &parts.method, reply.status(), begun.elapsed());
    Ok(reply)
}

/// The route of an answer, on its way to the metrics.
#[derive(Clone, Copy)]
struct RouteName(&'static str);

fn language(headers: &HeaderMap) -> Language {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let texts: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    Language::from_accept_language(&texts.join(","))
}

/// A request with everything known of it but its route and body.
struct Asked<'a> {
    server: &'a Arc<Server>,
    surface: Surface,
    peer: SocketAddr,
    origin: Origin,
    language: Language,
}

impl Asked<'_> {
    async fn answer(&mut self, parts: &mut Parts, body: Incoming) -> Reply {
        let path = parts.uri.path().to_owned();
        let (route, allowed) = match self.admit(parts, &path) {
            Ok(admitted) => admitted,
            Err(reply) => return self.without_body(parts, body, *reply).await,
        };
        let name = RouteName(route.name());
        let mut reply = match allowed {
            Go::Reply(reply) => self.without_body(parts, body, *reply).await,
            Go::Upgrade => {
                let handshake = self.handshake(parts);
                handshake
                    .and_then(|handshake| upgrade::upgrade(&self.server.app, parts, handshake))
                    .unwrap_or_else(|problem| self.problem(&problem))
            }
            Go::Stream => {
                let streamed = self.stream(parts, &route).await;
                streamed.unwrap_or_else(|problem| self.problem(&problem))
            }
            Go::Call => self.call(parts, route, body).await,
        };
        reply.extensions_mut().insert(name);
        reply
    }

    /// Everything that can be said without the body.
    fn admit(&self, parts: &Parts, path: &str) -> Result<(Address, Go), Box<Reply>> {
        self.check_host(parts).map_err(|problem| Box::new(self.problem(&problem)))?;
        if let Some(page) = self.page(parts, path) {
            return Err(Box::new(page));
        }
        let route = match Address::of(path, self.surface) {
            Ok(Some(route)) => route,
            Ok(None) => {
                let message = Message::ours("there is nothing here", "없는 주소입니다");
                let problem = Problem::new(404, "NOT_FOUND", message);
                return Err(Box::new(self.problem(&problem)));
            }
            Err(problem) => return Err(Box::new(self.problem(&problem))),
        };
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        let go = match (method, &route) {
            (&Method::OPTIONS, _) => Go::Reply(Box::new(self.options(parts, &route))),
            (method, _) if !route.methods().contains(method) => {
                Go::Reply(Box::new(self.method_not_allowed(&route)))
            }
            (_, Address::Public(Route::WebSocket)) => Go::Upgrade,
            (method, address) => match self.check_said(parts, address.action(method)) {
                Ok(()) if *address == Address::Audit(audit::Route::Stream) => Go::Stream,
                Ok(()) => Go::Call,
                Err(problem) => Go::Reply(Box::new(self.problem(&problem))),
            },
        };
        Ok((route, go))
    }

    fn check_host(&self, parts: &Parts) -> Result<(), Problem> {
        if parts.version == Version::HTTP_10 && !parts.headers.contains_key(header::HOST) {
            return Ok(());
        }
        let mode = self.server.app.identity.mode();
        let checked = origin::check_host(&parts.headers, parts.uri.authority(), mode);
        checked.map_err(|error| match error {
            HostError::NotOne => {
                Problem::bad_request("exactly one Host is needed", "Host 헤더가 하나 있어야 합니다")
            }
            HostError::Foreign => {
                let english = "this Host is not ours: use 127.0.0.1, [::1] or localhost";
                let message = Message::ours(english, "허용되지 않은 Host입니다");
                Problem::new(403, "FORBIDDEN_HOST", message)
            }
        })
    }

    /// A file of the web page.
    fn page(&self, parts: &Parts, path: &str) -> Option<Reply> {
        if self.surface != Surface::Socket || ![Method::GET, Method::HEAD].contains(&parts.method) {
            return None;
        }
        let asset = ui::asset(path)?;
        let content_type = HeaderValue::from_static(asset.content_type);
        Some(reply(200, content_type, Bytes::from_static(asset.bytes)))
    }

    /// Without the body: a request that has to say who it is from says something of it.
    fn check_said(&self, parts: &Parts, action: Option<Action>) -> Result<(), Problem> {
        let is_open = self.server.app.identity.mode() == Mode::Open;
        match action {
            Some(_) if !is_open && !admission::is_said(&parts.headers) => {
                Err(Refusal::Missing.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// With the body: who it is from, and whether that one may.
    fn principal(
        &self,
        parts: &Parts,
        address: &Address,
        body: Option<&[u8]>,
    ) -> Result<Principal, Problem> {
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        let Some(action) = address.action(method) else { return Ok(Principal::anonymous()) };
        let identity = &self.server.app.identity;
        let principal =
            admission::principal(identity, self.peer.ip(), parts, body.unwrap_or_default())?;
        match principal.may(action) {
            true => Ok(principal),
            false => Err(Refusal::Forbidden.into()),
        }
    }

    fn handshake(&self, parts: &Parts) -> Result<Handshake, Problem> {
        let order_entry = match self.origin {
            Origin::Absent | Origin::Trusted => OrderEntry::Allowed,
            Origin::Foreign => OrderEntry::Refused,
        };
        let identity = &self.server.app.identity;
        if identity.mode() == Mode::Authenticated && order_entry == OrderEntry::Refused {
            return Err(origin_refused());
        }
        let principal =
            admission::opener(identity, self.peer.ip(), &parts.headers, parts.uri.query())?;
        Ok(Handshake { peer: self.peer, language: self.language, order_entry, principal })
    }

    /// Everything that happened is no business of a page of another origin, in open mode neither.
    async fn stream(&self, parts: &mut Parts, route: &Address) -> Result<Reply, Problem> {
        if self.origin == Origin::Foreign {
            return Err(origin_refused());
        }
        let principal = Some(self.principal(parts, route, None)?);
        let (peer, language) = (self.peer, self.language);
        let handshake = Handshake { peer, language, order_entry: OrderEntry::Refused, principal };
        upgrade::stream(&self.server.app, parts, handshake).await
    }

    /// A preflight, or the plain question which methods there are.
    fn options(&self, parts: &Parts, route: &Address) -> Reply {
        let mut reply = Response::new(Full::default());
        *reply.status_mut() = StatusCode::NO_CONTENT;
        let headers = reply.headers_mut();
        headers.insert(header::ALLOW, allow(route));
        let asks = parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if asks && self.origin == Origin::Trusted {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, CORS_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE);
        }
        reply
    }

    fn method_not_allowed(&self, route: &Address) -> Reply {
        let message =
            Message::ours("this method is not allowed here", "허용되지 않는 메서드입니다");
        let mut reply = self.problem(&Problem::new(405, "METHOD_NOT_ALLOWED", message));
        reply.headers_mut().insert(header::ALLOW, allow(route));
        reply
    }

    /// An answer that did not need the body.
    async fn without_body(&self, parts: &Parts, body: Incoming, mut reply: Reply) -> Reply {
        if put_away(parts, body).await == Rest::Unread {
            close(&mut reply);
        }
        reply
    }

    async fn call(&self, parts: &Parts, route: Address, body: Incoming) -> Reply {
        let is_read = match &parts.method {
            &Method::POST | &Method::PUT | &Method::PATCH => true,
            &Method::DELETE => {
                route == Address::Public(Route::FeedSubscriptions) && !body.is_end_stream()
            }
            _ => false,
        };
        if !is_read {
            let rest = put_away(parts, body).await;
            let mut reply = self.carry_out(parts, route, None).await;
            if rest == Rest::Unread {
                close(&mut reply);
            }
            return reply;
        }
        if let Err(problem) = check_content_type(&parts.headers) {
            return self.without_body(parts, body, self.problem(&problem)).await;
        }
        let is_large = body.size_hint().lower() > body::BODY_BYTES_MAX as u64;
        if is_large && parts.headers.contains_key(header::EXPECT) {
            return self.without_body(parts, body, self.problem(&too_large())).await;
        }
        match body::read(body).await {
            Ok(bytes) => self.carry_out(parts, route, Some(bytes)).await,
            Err(error) => {
                let (problem, rest) = match error {
                    BodyError::TooLarge(rest) => (too_large(), rest),
                    BodyError::Timeout => {
                        let english = "the body did not come within 10 s";
                        let message = Message::ours(english, "본문이 10초 안에 오지 않았습니다");
                        (Problem::new(408, "REQUEST_TIMEOUT", message), Rest::Unread)
                    }
                    BodyError::Broken => {
                        let english = "the body ended before its end";
                        (Problem::bad_request(english, "본문이 중간에 끊겼습니다"), Rest::Unread)
                    }
                };
                let mut reply = self.problem(&problem);
                if rest == Rest::Unread {
                    close(&mut reply);
                }
                reply
            }
        }
    }

    async fn carry_out(&self, parts: &Parts, address: Address, body: Option<Vec<u8>>) -> Reply {
        let principal = match self.principal(parts, &address, body.as_deref()) {
            Ok(principal) => principal,
            Err(problem) => return self.problem(&problem),
        };
        match address {
            Address::Public(route) => self.carry_out_public(parts, principal, route, body).await,
            Address::Audit(route) => self.audit(parts, route).await,
            Address::Admin(admin::Route::Metrics) => self.metrics(),
            Address::Admin(admin::Route::OpenApi) => reply(200, JSON, admin::document().into()),
            Address::Admin(route) => self.admin(parts, &principal, route, body).await,
        }
    }

    async fn carry_out_public(
        &self,
        parts: &Parts,
        principal: Principal,
        route: Route,
        body: Option<Vec<u8>>,
    ) -> Reply {
        let app = &self.server.app;
        let (taken, refusal) = match &route {
            Route::Metrics => return self.metrics(),
            Route::OpenApi => return reply(200, JSON, openapi::document().into()),
            Route::Config => return self.answered(&rest::config(app, &self.server.directory)),
            Route::Prayer if body.is_some() => {
                let (source, now) = (Source::of(self.peer.ip()), Instant::now());
                (app.prayer_buckets.take(source, PRAYERS, 1, now).map(Some), too_many())
            }
            route => {
                let taken = self.draw(&parts.method, &principal, route);
                (taken, Problem::refused(Reason::RateLimit))
            }
        };
        let mut reply = match taken {
            Ok(_) => self.rest(parts, principal, route, body).await,
            Err(_) => self.problem(&refusal),
        };
        match taken {
            Ok(None) => {}
            Ok(Some(Standing { limit, remaining, reset })) => {
                rate_limit(reply.headers_mut(), limit, remaining, reset);
            }
            Err(Empty { limit, reset }) => rate_limit(reply.headers_mut(), limit, 0, reset),
        }
        reply
    }

    /// What enters or cancels orders takes its tokens before it is parsed.
    fn draw(
        &self,
        method: &Method,
        principal: &Principal,
        route: &Route,
    ) -> Result<Option<Standing>, Empty> {
        let Some((purpose, tokens)) = route.draws(method) else { return Ok(None) };
        let user = (!principal.is_anonymous()).then_some(&principal.user);
        let budgets = self.server.app.connections.budgets();
        budgets.take_for(purpose, tokens, user, self.peer.ip())
    }

    async fn rest(
        &self,
        parts: &Parts,
        principal: Principal,
        route: Route,
        body: Option<Vec<u8>>,
    ) -> Reply {
        let action = route.action(&parts.method).unwrap_or(Action::ReadMarket);
        let called = self.prepared(parts, &principal, action, body);
        let answer = match called {
            Ok((caller, query, body)) => {
                let (app, method) = (&self.server.app, &parts.method);
                let call = Call { app, method, principal, caller, query, body };
                rest::call(call, route).await
            }
            Err(problem) => problem.answer(self.language),
        };
        self.answered(&answer)
    }

    async fn audit(&self, parts: &Parts, route: audit::Route) -> Reply {
        let answer = match Query::parse(parts.uri.query().unwrap_or_default()) {
            Ok(query) => {
                let (app, language) = (&self.server.app, self.language);
                audit::call(audit::Call { app, language, query }, route).await
            }
            Err(problem) => problem.answer(self.language),
        };
        self.answered(&answer)
    }

    async fn admin(
        &self,
        parts: &Parts,
        principal: &Principal,
        route: admin::Route,
        body: Option<Vec<u8>>,
    ) -> Reply {
        let called = self.prepared_admin(parts, principal, body);
        let answer = match called {
            Ok(call) => admin::call(call, route).await,
            Err(problem) => problem.answer(self.language),
        };
        self.answered(&answer)
    }

    /// An operator who says nothing more than the address says `{}`.
    fn prepared_admin(
        &self,
        parts: &Parts,
        principal: &Principal,
        body: Option<Vec<u8>>,
    ) -> Result<admin::Call<'_>, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let named = parts.headers.get(ACTOR).map(HeaderValue::as_bytes);
        let actor = admin::actor(principal, named)?;
        let body = body.map(|bytes| match bytes.is_empty() {
            true => Object::parse(b"{}"),
            false => Object::parse(&bytes),
        });
        let (app, language) = (&self.server.app, self.language);
        Ok(admin::Call { app, language, actor, query, body: body.transpose()? })
    }

    fn metrics(&self) -> Reply {
        let app = &self.server.app;
        let content_type =
            HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        reply(200, content_type, app.metrics.render(app).into())
    }

    /// Query and body, taken apart.
    fn prepared(
        &self,
        parts: &Parts,
        principal: &Principal,
        action: Action,
        body: Option<Vec<u8>>,
    ) -> Result<(Caller, Query, Option<Object>), Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let account = query.get("account").map(account_name).transpose()?;
        let caller = Caller::of(principal, account, action, self.language);
        let body = body.map(|bytes| Object::parse(&bytes)).transpose()?;
        Ok((caller, query, body))
    }

    fn problem(&self, problem: &Problem) -> Reply {
        self.answered(&problem.answer(self.language))
    }

    fn answered(&self, answer: &Answer) -> Reply {
        if let Some(code) = answer.error {
            self.server.app.metrics.error(code);
        }
        let mut reply = reply(answer.status, JSON, answer.body.clone().into());
        let headers = reply.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("accept-language"));
        match answer.status {
            401 => headers.insert(header::WWW_AUTHENTICATE, BEARER),
            503 | 429 => headers.insert(header::RETRY_AFTER, RETRY_AFTER),
            426 => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
            }
            _ => None,
        };
        reply
    }
}

/// What happens to an admitted request.
enum Go {
    Reply(Box<Reply>),
    Upgrade,
    Stream,
    Call,
}

fn reply(status: u16, content_type: HeaderValue, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(header::CONTENT_TYPE, content_type);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn close(reply: &mut Reply) {
    reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

fn allow(route: &Address) -> HeaderValue {
    let mut words: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
    if words.contains(&"GET") {
        words.push("HEAD");
    }
    words.push("OPTIONS");
    HeaderValue::from_str(&words.join(", ")).expect("methods are header text")
}

/// A page of another origin cannot send this type without a preflight: so it is demanded of
/// every request that changes something, with an empty body too.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let essence = text(header::CONTENT_TYPE).and_then(|value| value.split(';').next());
    let is_json = essence.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let is_plain = match headers.contains_key(header::CONTENT_ENCODING) {
        true => text(header::CONTENT_ENCODING).is_some_and(|e| e.eq_ignore_ascii_case("identity")),
        false => true,
    };
    if is_json && is_plain {
        return Ok(());
    }
    let english = "the body must be application/json, not encoded";
    let message = Message::ours(english, "본문은 application/json이어야 합니다");
    Err(Problem::new(415, "UNSUPPORTED_MEDIA_TYPE", message))
}

fn origin_refused() -> Problem {
    let english = "this web origin is not allowed here";
    let message = Message::ours(english, "허용되지 않은 웹 출처입니다");
    Problem::new(403, "ORIGIN_REFUSED", message)
}

fn too_large() -> Problem {
    let message = Message::ours("the body is over 64 KiB", "본문이 64KiB를 넘습니다");
    Problem::new(413, "PAYLOAD_TOO_LARGE", message)
}

fn too_many() -> Problem {
    let message = Message::of_seeds("Too many requests.", "Too many requests.");
    Problem::new(429, "RATE_LIMIT_EXCEEDED", message)
}

fn rate_limit(headers: &mut HeaderMap, limit: u32, remaining: u32, reset: Duration) {
    let reset_seconds = reset.as_millis().div_ceil(1000);
    for (name, value) in [
        ("x-ratelimit-limit", Cow::Owned(limit.to_string())),
        ("x-ratelimit-remaining", Cow::Owned(remaining.to_string())),
        ("x-ratelimit-reset", Cow::Owned(reset_seconds.to_string())),
    ] {
        let value: Cow<'static, str> = value;
        let value = HeaderValue::from_str(&value).expect("digits are header text");
        headers.insert(HeaderName::from_static(name), value);
    }
}
