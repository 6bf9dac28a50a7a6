//! Who a browser says it is: the Host it reached us by and the Origin of its page. What a page
//! loads as a script or a frame carries no Origin: there the Referer says it, or nothing does.

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, ORIGIN, REFERER};
use hyper::http::uri::Authority;

use crate::identity::Mode;

/// Browsers alone set it: how the page stands to us.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The page behind a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// No browser, or a page of our own.
    Absent,
    /// Loopback on any port, or listed in the configuration.
    Trusted,
    Foreign,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap, allowed: &[String]) -> Self {
        let Some(value) = headers.get(ORIGIN) else { return Self::Absent };
        value.to_str().map_or(Self::Foreign, |origin| Self::named(origin, headers, allowed))
    }

    /// Of what a page may load without an Origin. Absent: nothing proves what page it is.
    pub(crate) fn of_load(headers: &HeaderMap, allowed: &[String]) -> Self {
        if headers.contains_key(ORIGIN) {
            return Self::of(headers, allowed);
        }
        if headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin") {
            return Self::Trusted;
        }
        let Some(value) = headers.get(REFERER) else { return Self::Absent };
        let origin = value.to_str().ok().and_then(origin_of);
        origin.map_or(Self::Foreign, |origin| Self::named(origin, headers, allowed))
    }

    fn named(origin: &str, headers: &HeaderMap, allowed: &[String]) -> Self {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let is_loopback = host.is_some_and(is_loopback);
        // The page is ours: it was loaded from the name that it reaches us by.
        let ours = headers.get(HOST).and_then(|value| value.to_str().ok());
        let is_ours = matches!((host, ours), (Some(host), Some(ours)) if is_same(host, ours));
        let is_listed = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
        if is_loopback || is_listed || is_ours { Self::Trusted } else { Self::Foreign }
    }

    /// Where no page is trusted.
    pub(super) fn of_nobody(headers: &HeaderMap) -> Self {
        if headers.contains_key(ORIGIN) { Self::Foreign } else { Self::Absent }
    }
}

/// Scheme and authority of an address.
fn origin_of(address: &str) -> Option<&str> {
    let authority_at = address.find("://")? + 3;
    let end = address[authority_at..].find(['/', '?', '#']).map(|end| authority_at + end);
    Some(&address[..end.unwrap_or(address.len())])
}

/// Who may show our pages in a frame of its own, as `frame-ancestors` says it: whose Origin would
/// be trusted. What cannot stand there, no browser sends as an Origin either.
pub(crate) fn frame_ancestors(allowed: &[String]) -> String {
    let local = ["http://localhost:*", "https://localhost:*", "http://127.0.0.1:*"];
    let is_plain =
        |origin: &&str| origin.bytes().all(|b| b.is_ascii_graphic() && !b";,".contains(&b));
    let listed = allowed.iter().map(String::as_str).filter(is_plain);
    let all: Vec<&str> =
        ["'self'"].into_iter().chain(local).chain(["https://127.0.0.1:*"]).chain(listed).collect();
    format!("frame-ancestors {}", all.join(" "))
}

/// What is wrong with the Host of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HostError {
    /// HTTP/1.1 demands exactly one.
    NotOne,
    /// A name that is not ours: the request may come from a page that rebound its own name.
    Foreign,
}

/// In open mode only a loopback name reaches us; with identities any does, since no request says
/// who it is from without its page knowing. `target` is that of an absolute request line.
pub(crate) fn check_host(
    headers: &HeaderMap,
    target: Option<&Authority>,
    mode: Mode,
) -> Result<(), HostError> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(HostError::NotOne);
    };
    if mode == Mode::Authenticated {
        return Ok(());
    }
    let host = host.to_str().map_err(|_| HostError::Foreign)?;
    let is_ours = is_loopback(host) && target.is_none_or(|target| is_loopback(target.as_str()));
    if is_ours { Ok(()) } else { Err(HostError::Foreign) }
}

/// The same host, on whatever port.
fn is_same(one: &str, other: &str) -> bool {
    let host = |authority: &str| {
        let parts = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        parts.map_or(authority, |(host, _)| host).to_ascii_lowercase()
    };
    !one.is_empty() && host(one) == host(other)
}

/// `localhost`, 127.0.0.0/8 or `[::1]`, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return false;
    }
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse().is_ok_and(|ip: std::net::Ipv6Addr| ip.is_loopback()),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn only_loopback_names_are_ours() {
        for (authority, ours) in [
            ("localhost", true),
            ("LOCALHOST:7000", true),
            ("127.0.0.1:7000", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("[::1]:7000", true),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example:7000", false),
            ("localhost:port", false),
            ("localhost:99999", false),
            ("user@localhost", false),
            ("10.0.0.1", false),
            ("[::2]", false),
            ("::1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(authority), ours, "{authority}");
        }
    }

    #[test]
    fn an_origin_is_trusted_if_loopback_or_listed() {
        let allowed = ["https://trade.example".to_owned()];
        for (origin, expected) in [
            ("http://localhost:5173", Origin::Trusted),
            ("https://127.0.0.1", Origin::Trusted),
            ("https://trade.example", Origin::Trusted),
            ("https://trade.example:444", Origin::Foreign),
            ("http://trade.example", Origin::Foreign),
            ("http://localhost.evil.example", Origin::Foreign),
            ("null", Origin::Foreign),
            ("file://", Origin::Foreign),
        ] {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            assert_eq!(Origin::of(&headers, &allowed), expected, "{origin}");
        }
        assert_eq!(Origin::of(&HeaderMap::new(), &allowed), Origin::Absent);
    }

    #[test]
    fn a_load_is_trusted_if_its_page_is_proven() {
        use Origin::{Absent, Foreign, Trusted};
        let allowed = ["https://trade.example".to_owned()];
        for (name, value, expected) in [
            ("sec-fetch-site", "same-origin", Trusted),
            ("sec-fetch-site", "same-site", Absent),
            ("sec-fetch-site", "cross-site", Absent),
            ("sec-fetch-site", "none", Absent),
            ("referer", "http://localhost:5173/", Trusted),
            ("referer", "http://127.0.0.1:8080/ws/iframe.html?a#b", Trusted),
            ("referer", "https://trade.example", Trusted),
            ("referer", "http://evil.example/", Foreign),
            ("referer", "http://evil.example/http://localhost/", Foreign),
            ("referer", "http://localhost@evil.example/", Foreign),
            ("referer", "http://evil.example?://localhost/", Foreign),
            ("referer", "localhost", Foreign),
            ("referer", "", Foreign),
            ("origin", "http://evil.example", Foreign),
            ("origin", "http://localhost", Trusted),
            ("host", "localhost", Absent),
        ] {
            let name: HeaderName = name.parse().unwrap();
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
            assert_eq!(Origin::of_load(&headers, &allowed), expected, "{value}");
        }
    }

    #[test]
    fn frames_are_for_trusted_pages() {
        let allowed = ["https://trade.example".to_owned(), "https://a; script-src *".to_owned()];
        assert_eq!(
            frame_ancestors(&allowed),
            "frame-ancestors 'self' http://localhost:* https://localhost:* http://127.0.0.1:* \
             https://127.0.0.1:* https://trade.example"
        );
    }
}
