//! Answers with the headers that SockJS demands: who may read them, who may keep them, and the
//! cookie that load balancers look for.

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{
    self, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ETAG, EXPIRES,
    HeaderMap, HeaderValue, IF_NONE_MATCH, ORIGIN, VARY,
};
use hyper::{Method, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::page::{Page, Script};
use super::seats::NoRoom;
use crate::http::Reply;
use crate::http::handshake::VERSIONS_WITH_DRAFTS;

pub(super) const TEXT: &str = "text/plain; charset=UTF-8";
pub(super) const JSON: &str = "application/json; charset=UTF-8";
const UNCACHED: HeaderValue =
    HeaderValue::from_static("no-store, no-cache, no-transform, must-revalidate, max-age=0");
const YEAR_SECONDS: i64 = 31_536_000;
const YEAR_CACHED: HeaderValue = HeaderValue::from_static("public, max-age=31536000");
const YEAR: HeaderValue = HeaderValue::from_static("31536000");
/// What 401 asks for.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"orison\"");
const COOKIE_NAME: &str = "JSESSIONID=";

/// Whether a mount sets the cookie that keeps a client at its server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cookie {
    None,
    /// `JSESSIONID=dummy`, or the one that the client has.
    SessionId,
}

pub(super) fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Reply {
    let mut reply = bare(status);
    *reply.body_mut() = Either::Left(Full::new(body.into()));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// Without a body.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut reply = Response::new(Either::Left(Full::default()));
    *reply.status_mut() = status;
    reply
}

pub(super) fn not_found() -> Reply {
    reply(StatusCode::NOT_FOUND, TEXT, "404 Error: Page not found\n")
}

/// Not for this page, with the reason.
pub(super) fn forbidden(text: &'static str) -> Reply {
    reply(StatusCode::FORBIDDEN, TEXT, text)
}

pub(super) fn not_allowed(methods: &[Method]) -> Reply {
    let mut reply = bare(StatusCode::METHOD_NOT_ALLOWED);
    reply.headers_mut().insert(header::ALLOW, words(methods));
    reply
}

/// No room for a session: in all, or for the one who asks.
pub(super) fn no_room(why: NoRoom) -> Reply {
    match why {
        NoRoom::All => busy("too many sessions are open\n"),
        NoRoom::Stopping => busy("no more sessions are opened\n"),
        NoRoom::User => too_many("too many sessions of this user are open\n"),
        NoRoom::Address => too_many("too many sessions are open from this address\n"),
        NoRoom::Refused { status: 429, text } => too_many(format!("{text}\n")),
        NoRoom::Refused { status, text } => refused(status, text),
    }
}

/// 401 says what it asks for.
fn refused(status: u16, text: &'static str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = reply(status, TEXT, format!("{text}\n"));
    if status == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
    }
    reply
}

fn too_many(text: impl Into<Bytes>) -> Reply {
    let mut reply = reply(StatusCode::TOO_MANY_REQUESTS, TEXT, text);
    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    reply
}

/// Full, or stopping: the same may be asked again.
pub(super) fn busy(text: &'static str) -> Reply {
    let mut reply = reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, text);
    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    reply
}

pub(super) fn failed(error: &impl ToString) -> Reply {
    reply(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string())
}

/// A preflight, or the plain question which methods there are.
pub(super) fn options(methods: &[Method]) -> Reply {
    let mut reply = bare(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    cached(headers);
    headers.insert(ACCESS_CONTROL_MAX_AGE, YEAR);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, words(methods));
    reply
}

fn words(methods: &[Method]) -> HeaderValue {
    let words: Vec<&str> =
        methods.iter().filter(|method| *method != Method::HEAD).map(Method::as_str).collect();
    HeaderValue::from_str(&words.join(", ")).expect("methods are header text")
}

pub(super) fn page(page: &Page, request: &HeaderMap) -> Reply {
    let tags = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
    let is_known = tags.any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == page.tag || tag == "*");
    let mut reply = match is_known {
        true => bare(StatusCode::NOT_MODIFIED),
        false => reply(StatusCode::OK, page.content_type, page.body.clone()),
    };
    cached(reply.headers_mut());
    let tag = HeaderValue::from_str(&page.tag).expect("a tag is hex digits in quotes");
    reply.headers_mut().insert(ETAG, tag);
    reply
}

impl Script {
    /// Its answer to a GET or HEAD with these headers.
    pub fn answer(&self, request: &HeaderMap) -> Reply {
        page(&self.0, request)
    }
}

pub(super) fn uncached(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, UNCACHED);
}

fn cached(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, YEAR_CACHED);
    let in_a_year = Timestamp::now().saturating_add(SignedDuration::from_secs(YEAR_SECONDS));
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let date = in_a_year.ok().and_then(|at| printer.timestamp_to_rfc9110_string(&at).ok());
    let date = date.and_then(|date| HeaderValue::from_str(&date).ok());
    headers.insert(EXPIRES, date.expect("a date of this era has a text"));
}

/// Lets pages of every origin read the answer; with credentials only if they say who they are.
pub(super) fn share(request: &HeaderMap, headers: &mut HeaderMap) {
    match request.get(ORIGIN) {
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        None => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
    headers.append(VARY, HeaderValue::from_static("origin"));
    let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|asked| !asked.is_empty());
    if let Some(asked) = asked {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
}

pub(super) fn set_cookie(request: &HeaderMap, headers: &mut HeaderMap) {
    let texts = request.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).map(str::trim);
    let known = pairs.find_map(|pair| pair.strip_prefix(COOKIE_NAME));
    let value = known.unwrap_or("dummy");
    let cookie = HeaderValue::from_str(&format!("{COOKIE_NAME}{value}; path=/"));
    headers.insert(header::SET_COOKIE, cookie.expect("parts of header text are header text"));
}

/// Text that a browser must not take for something else.
pub(super) fn as_said(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What a client with another version of WebSocket may speak instead.
pub(super) fn offer_version(headers: &mut HeaderMap) {
    let versions = HeaderValue::from_static(VERSIONS_WITH_DRAFTS);
    headers.insert(header::SEC_WEBSOCKET_VERSION, versions);
}

/// The connection cannot go on after this answer.
pub(super) fn last(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_the_client_is_kept() {
        for (cookies, expected) in [
            (&[][..], "JSESSIONID=dummy; path=/"),
            (&["a=b"], "JSESSIONID=dummy; path=/"),
            (&["JSESSIONID=abcdef"], "JSESSIONID=abcdef; path=/"),
            (&["a=b; JSESSIONID=x.y"], "JSESSIONID=x.y; path=/"),
            (&["a=b", "c=d;JSESSIONID=z;e=f"], "JSESSIONID=z; path=/"),
            (&["XJSESSIONID=no"], "JSESSIONID=dummy; path=/"),
        ] {
            let (mut request, mut headers) = (HeaderMap::new(), HeaderMap::new());
            for cookie in cookies {
                request.append(header::COOKIE, HeaderValue::from_static(cookie));
            }
            set_cookie(&request, &mut headers);
            assert_eq!(headers[header::SET_COOKIE], expected, "{cookies:?}");
        }
    }
}
