//! Who a request is from: its headers say it, or nothing does. A secret in an address is refused,
//! because addresses are logged on their way.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use super::query::{self, Plus};
use crate::app::wall_ns;
use crate::identity::{self, Identity, Mode, Principal, Refusal, Sent, Shown};

/// Parameters that would carry a secret.
const SECRETS: [&str; 10] = [
    "token",
    "access_token",
    "auth",
    "authorization",
    "jwt",
    "bearer",
    "passcode",
    "password",
    "api_key",
    "secret",
];

/// Whether a request says anything of who it is from.
pub(crate) fn is_said(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION) || identity::is_signed(headers)
}

/// The query of a request carries no secret.
pub(crate) fn check_query(identity: &Identity, query: Option<&str>) -> Result<(), Refusal> {
    match identity.mode() {
        Mode::Authenticated if names_secret(query.unwrap_or_default()) => Err(Refusal::InQuery),
        Mode::Authenticated | Mode::Open => Ok(()),
    }
}

/// However it is spelled; what cannot be decoded is no parameter to anybody.
fn names_secret(query: &str) -> bool {
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let mut names = names.filter_map(|name| query::decode(name, Plus::Space));
    names.any(|name| SECRETS.iter().any(|secret| name.trim().eq_ignore_ascii_case(secret)))
}

/// By `Authorization: Bearer JWT`, or by a signature over the request.
pub(crate) fn principal(
    identity: &Identity,
    from: IpAddr,
    parts: &Parts,
    body: &[u8],
) -> Result<Principal, Refusal> {
    if let Some(anonymous) = identity.of_nobody() {
        return Ok(anonymous);
    }
    check_query(identity, parts.uri.query())?;
    let now_ms = wall_ns() / 1_000_000;
    let shown = identity.shown_from(from);
    match (bearer(shown, &parts.headers)?, identity::is_signed(&parts.headers)) {
        (Some(token), false) => shown.bearer(token, now_ms),
        (None, true) => {
            let sent = Sent {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                query: parts.uri.query().unwrap_or_default(),
                headers: &parts.headers,
                body,
            };
            shown.signed(&sent, now_ms)
        }
        (Some(_), true) => shown.unreadable(),
        (None, false) => Err(Refusal::Missing),
    }
}

/// Who opens a session, as far as the opening says. None: its first message will.
pub(crate) fn opener(
    identity: &Identity,
    from: IpAddr,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Option<Principal>, Refusal> {
    if let Some(anonymous) = identity.of_nobody() {
        return Ok(Some(anonymous));
    }
    check_query(identity, query)?;
    let shown = identity.shown_from(from);
    let token = bearer(shown, headers)?;
    token.map(|token| shown.token(token, wall_ns() / 1_000_000)).transpose()
}

fn bearer<'a>(shown: Shown<'_>, headers: &'a HeaderMap) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) => None,
    };
    match value.and_then(token) {
        Some(token) => Ok(Some(token)),
        None => shown.unreadable(),
    }
}

/// What stands behind `Bearer `.
pub(crate) fn token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_query_is_found_however_it_is_spelled() {
        for (query, expected) in [
            ("token=x", true),
            ("symbol=a&TOKEN=x", true),
            ("?%74oken=x", false),
            ("%74oken=x", true),
            ("a=b&%54%4f%4B%45%4E", true),
            ("api%5Fkey=x", true),
            ("+token=x", true),
            ("a=token", false),
            ("token%zz=x", false),
            ("tokens=x", false),
            ("", false),
        ] {
            assert_eq!(names_secret(query), expected, "{query}");
        }
    }

    #[test]
    fn a_bearer_is_one_word_behind_its_scheme() {
        for (value, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(token(value), expected, "{value:?}");
        }
    }
}
