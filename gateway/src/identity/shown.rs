//! Credentials that an address shows: the one way in for every protocol, so that none forgets
//! what wrong ones cost.

use std::net::IpAddr;
use std::time::Instant;

use super::Identity;
use super::principal::Principal;
use super::refusal::Refusal;
use super::signed::Sent;

/// Whoever comes from one address.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    identity: &'a Identity,
    from: IpAddr,
}

impl Identity {
    pub fn shown_from(&self, from: IpAddr) -> Shown<'_> {
        Shown { identity: self, from }
    }
}

impl Shown<'_> {
    /// A JWT, as it stands behind `Bearer `.
    pub fn bearer(self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        self.judge(|identity| identity.of_bearer(token, now_ms))
    }

    /// A JWT, or a token that `mint` gave out: what a WebSocket's client says.
    pub fn token(self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        self.judge(|identity| identity.of_token(token, now_ms))
    }

    /// A request signed with an API key. Its nonce is used up only if the signature holds.
    pub fn signed(self, sent: &Sent<'_>, now_ms: u64) -> Result<Principal, Refusal> {
        self.judge(|identity| identity.of_signed(sent, now_ms))
    }

    /// What cannot even be read.
    pub fn unreadable<T>(self) -> Result<T, Refusal> {
        self.judge(|_| Err(Refusal::Malformed))
    }

    fn judge<T>(self, read: impl FnOnce(&Identity) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let Self { identity, from } = self;
        match &identity.keys {
            None => read(identity),
            Some(keys) => keys.guesses.judge(from, Instant::now(), || read(identity)),
        }
    }
}
