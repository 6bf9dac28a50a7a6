//! Signed requests: HMAC-SHA256 over method, path, query, time, nonce and the SHA-256 of the body,
//! each on its line, with a secret that never travels. Compared in constant time by ring.

use std::sync::Arc;

use hyper::HeaderMap;
use ring::{digest, hmac};

use super::keyring::Keyring;
use super::principal::{Credential, Principal};
use super::refusal::Refusal;

pub const KEY: &str = "x-orison-key";
/// Milliseconds since 1970 by the client's clock.
pub const TIMESTAMP: &str = "x-orison-timestamp";
/// 16 to 64 letters, digits, `-` or `_`, never used before.
pub const NONCE: &str = "x-orison-nonce";
/// 64 hexadecimal digits.
pub const SIGNATURE: &str = "x-orison-signature";

const NONCE_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A request as it was sent: nothing decoded, nothing put in order.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Without `?`; "" if there is none.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// A signature that holds, and what has to be asked yet: whether time and nonce are new.
pub(super) struct Signed {
    pub(super) principal: Principal,
    pub(super) time_ms: u64,
    pub(super) nonce: [u8; 32],
}

/// Whether a request says that it is signed.
pub fn is_signed(headers: &HeaderMap) -> bool {
    [KEY, TIMESTAMP, NONCE, SIGNATURE].iter().any(|name| headers.contains_key(*name))
}

/// What is signed.
pub fn text(sent: &Sent<'_>, timestamp: &str, nonce: &str) -> String {
    let Sent { method, path, query, body, .. } = sent;
    let body = hex(digest::digest(&digest::SHA256, body).as_ref());
    format!("{method}\n{path}\n{query}\n{timestamp}\n{nonce}\n{body}")
}

pub(super) fn read(
    ring: &Keyring,
    sent: &Sent<'_>,
    window_ms: u64,
    now_ms: u64,
) -> Result<Signed, Refusal> {
    let [key, timestamp, nonce, signature] =
        [KEY, TIMESTAMP, NONCE, SIGNATURE].map(|name| one(sent.headers, name));
    let (key, timestamp, nonce, signature) = (key?, timestamp?, nonce?, signature?);
    let time_ms: u64 = timestamp.parse().map_err(|_| Refusal::Malformed)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !NONCE_BYTES.contains(&nonce.len()) || !nonce.bytes().all(is_plain) {
        return Err(Refusal::Malformed);
    }
    let signature = bytes(signature).ok_or(Refusal::Malformed)?;
    let (id, key) = ring.api.get_key_value(key).ok_or(Refusal::Unknown)?;
    let text = text(sent, timestamp, nonce);
    hmac::verify(&key.hmac, text.as_bytes(), &signature).map_err(|_| Refusal::Unknown)?;
    if now_ms.abs_diff(time_ms) > window_ms {
        return Err(Refusal::Stale);
    }
    let principal = Principal {
        user: Arc::clone(&key.user),
        account: Some(key.account),
        role: key.role,
        expires_at_ms: None,
        credential: Credential::Key(Arc::clone(id)),
    };
    let nonce = digest::digest(&digest::SHA256, nonce.as_bytes());
    let nonce = nonce.as_ref().try_into().expect("SHA-256 has 32 bytes");
    Ok(Signed { principal, time_ms, nonce })
}

/// The header's value, given exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Malformed),
        (_, _) => Err(Refusal::Malformed),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}
