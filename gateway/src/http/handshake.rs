//! The opening handshake of a WebSocket (RFC 6455 section 4.2): checked whole, then answered with
//! 101 and handed over. No extension is ever accepted.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT};
use hyper::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The version of RFC 6455.
const VERSION: &str = "13";
/// With the drafts that differ from it only in how a browser names its page (hybi-07, hybi-10).
pub(crate) const VERSIONS_WITH_DRAFTS: &str = "13, 8, 7";
const DRAFTS: [&str; 2] = ["8", "7"];

/// What is spoken beside RFC 6455.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Drafts {
    Refused,
    Spoken,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum HandshakeError {
    #[error("this address speaks WebSocket: send the upgrade of RFC 6455")]
    NoUpgrade,
    #[error("this version of the WebSocket protocol is not spoken")]
    Version,
    #[error("Sec-WebSocket-Key must be the base64 of 16 bytes, once")]
    Key,
    /// The connection cannot be handed over.
    #[error("this connection cannot be upgraded")]
    Fixed,
}

/// A handshake that is right in all.
pub(crate) struct Opened {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

/// Does the request ask for a WebSocket, rightly or not?
pub(crate) fn is_asked(request: &Parts) -> bool {
    has_token(&request.headers, UPGRADE, "websocket")
}

/// Checks the handshake and takes the connection's upgrade out of the request.
pub(crate) fn open(request: &mut Parts, drafts: Drafts) -> Result<Opened, HandshakeError> {
    let key = check(request, drafts)?;
    let accept = derive_accept_key(&key);
    let accept = HeaderValue::from_str(&accept).map_err(|_| HandshakeError::Key)?;
    let upgrade = request.extensions.remove::<OnUpgrade>().ok_or(HandshakeError::Fixed)?;
    Ok(Opened { accept, upgrade })
}

impl Opened {
    /// The answer, and what becomes the connection once the answer has left. `protocol` is the
    /// subprotocol, one of those that the client offered.
    pub(crate) fn accept(self, protocol: Option<&'static str>) -> (Response<Full<Bytes>>, Upgrade) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        (response, Upgrade(self.upgrade))
    }
}

/// A connection on its way from HTTP to a session.
pub(crate) struct Upgrade(OnUpgrade);

impl Upgrade {
    pub(crate) async fn stream(self) -> Result<TokioIo<Upgraded>, hyper::Error> {
        self.0.await.map(TokioIo::new)
    }
}

/// The client's key.
fn check(request: &Parts, drafts: Drafts) -> Result<Vec<u8>, HandshakeError> {
    let headers = &request.headers;
    let is_upgrade = is_asked(request)
        && has_token(headers, CONNECTION, "upgrade")
        && request.version == Version::HTTP_11
        && request.method == Method::GET;
    if !is_upgrade {
        return Err(HandshakeError::NoUpgrade);
    }
    let mut versions = headers.get_all(SEC_WEBSOCKET_VERSION).iter();
    let is_ours = versions.next().is_some_and(|version| {
        let is_draft = DRAFTS.iter().any(|draft| version == draft);
        version == VERSION || (is_draft && drafts == Drafts::Spoken)
    });
    if !is_ours || versions.next().is_some() {
        return Err(HandshakeError::Version);
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = keys.next().map(HeaderValue::as_bytes).filter(|key| is_key(key));
    match (key, keys.next()) {
        (Some(key), None) => Ok(key.to_vec()),
        (_, _) => Err(HandshakeError::Key),
    }
}

/// 16 bytes in base64: 22 digits, the last of which carries four zero bits, and `==`.
fn is_key(key: &[u8]) -> bool {
    let Some(digits) = key.strip_suffix(b"==") else { return false };
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || *b == b'+' || *b == b'/';
    digits.len() == 22 && digits.iter().all(is_digit) && b"AQgw".contains(&digits[21])
}

/// Is the word among the comma-separated ones of the header, in any letter case?
fn has_token(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name);
    let mut texts = values.iter().filter_map(|value| value.to_str().ok());
    texts.any(|text| text.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
}

/// The first of `ours` that the client offers; subprotocols are compared as they are.
pub(crate) fn protocol(request: &Parts, ours: &[&'static str]) -> Option<&'static str> {
    let values = request.headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    let offered: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
    ours.iter().copied().find(|ours| offered.contains(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_bytes_of_base64() {
        for (key, good) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", true),
            ("AAAAAAAAAAAAAAAAAAAAAA==", true),
            ("AAAAAAAAAAAAAAAAAAAAAB==", false),
            ("dGhlIHNhbXBsZSBub25jZQ", false),
            ("short==", false),
            ("", false),
            ("AAAA AAAAAAAAAAAAAAAAA==", false),
        ] {
            assert_eq!(is_key(key.as_bytes()), good, "{key}");
        }
    }

    #[test]
    fn the_best_subprotocol_that_both_know_is_taken() {
        let ours = ["v12.stomp", "v11.stomp"];
        for (offered, taken) in [
            (&[][..], None),
            (&["v10.stomp, mqtt"], None),
            (&["v11.stomp,v12.stomp"], Some("v12.stomp")),
            (&["v10.stomp", "v11.stomp"], Some("v11.stomp")),
            (&["V12.STOMP"], None),
        ] {
            let mut request = hyper::Request::new(()).into_parts().0;
            for value in offered {
                let value = HeaderValue::from_static(value);
                request.headers.append(SEC_WEBSOCKET_PROTOCOL, value);
            }
            assert_eq!(protocol(&request, &ours), taken, "{offered:?}");
        }
    }
}
