//! The opening handshake of a WebSocket (RFC 6455 section 4.2): checked whole, no extension is
//! ever accepted.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT};
use hyper::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Handshake;
use crate::App;
use crate::language::Message;
use crate::xtrader::problem::Problem;
use crate::xtrader::socket;

const VERSION: &str = "13";

/// Answers 101 and hands the connection over to the session, or says what is wrong.
pub(super) fn upgrade(
    app: &Arc<App>,
    request: &mut Parts,
    handshake: Handshake,
) -> Result<Response<Full<Bytes>>, Problem> {
    let key = check(request)?;
    let accept = HeaderValue::from_str(&derive_accept_key(&key)).map_err(|_| bad_key())?;
    let upgraded = request.extensions.remove::<OnUpgrade>().ok_or_else(Problem::internal)?;
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let peer = handshake.peer;
        match upgraded.await {
            Ok(upgraded) => socket::serve(app, TokioIo::new(upgraded), handshake).await,
            Err(error) => tracing::debug!(%peer, %error, "left during the handshake"),
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().extend([
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ]);
    Ok(response)
}

/// The client's key, of a handshake that is right in all.
fn check(request: &Parts) -> Result<Vec<u8>, Problem> {
    let headers = &request.headers;
    let is_upgrade = has_token(headers, UPGRADE, "websocket")
        && has_token(headers, CONNECTION, "upgrade")
        && request.version == Version::HTTP_11
        && request.method == Method::GET;
    if !is_upgrade {
        let english = "this address speaks WebSocket: send the upgrade of RFC 6455";
        return Err(upgrade_required(
            english,
            "WebSocket 주소입니다: RFC 6455 업그레이드가 필요합니다",
        ));
    }
    let mut versions = headers.get_all(SEC_WEBSOCKET_VERSION).iter();
    let is_ours = versions.next().is_some_and(|version| version == VERSION);
    if !is_ours || versions.next().is_some() {
        let english = "only version 13 of the WebSocket protocol is spoken";
        return Err(upgrade_required(english, "WebSocket 버전 13만 지원합니다"));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = keys.next().map(HeaderValue::as_bytes).filter(|key| is_key(key));
    match (key, keys.next()) {
        (Some(key), None) => Ok(key.to_vec()),
        (_, _) => Err(bad_key()),
    }
}

fn upgrade_required(english: &'static str, korean: &'static str) -> Problem {
    Problem::new(426, "UPGRADE_REQUIRED", Message::ours(english, korean))
}

fn bad_key() -> Problem {
    let english = "Sec-WebSocket-Key must be the base64 of 16 bytes, once";
    Problem::bad_request(english, "Sec-WebSocket-Key가 올바르지 않습니다")
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
}
