//! Our tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037) and nothing else. `kid` names the
//! key; iss and aud are `orison`; sub is the user; exp and iat are demanded. Time is an argument.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::keyring::{Keyring, checked_account, checked_user};
use super::principal::{Credential, Principal, Role};
use super::refusal::Refusal;
use crate::jose;

/// Who issues our tokens, and whom they are for.
pub(super) const NAME: &str = "orison";
/// By how much the clocks of whoever signs and of this machine may differ: a token is good so
/// much longer and so much earlier than it says.
pub const LEEWAY_MS: u64 = 5_000;
/// A longer text is no token of ours.
const BYTES_MAX: usize = 4_096;

#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The user.
    pub(super) sub: String,
    pub(super) role: String,
    /// The user's name if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// Seconds since 1970, all three.
    pub(super) iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    pub(super) exp: u64,
    /// Its own mark, so that two tokens are never the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
}

/// None: there is no key to sign with.
pub(super) fn sign(ring: &Keyring, claims: &Claims) -> Option<String> {
    jose::install();
    let (id, key) = ring.newest()?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(id.to_string());
    jsonwebtoken::encode(&header, claims, &key.sign).ok()
}

pub(super) fn read(ring: &Keyring, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
    jose::install();
    if token.len() > BYTES_MAX || token.is_empty() {
        return Err(Refusal::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Unknown)?;
    // What a header declares critical has to be understood; we understand nothing of the kind.
    if header.alg != Algorithm::EdDSA || header.crit.is_some() {
        return Err(Refusal::Unknown);
    }
    let (id, key) = header
        .kid
        .and_then(|kid| ring.signing.get_key_value(kid.as_str()))
        .ok_or(Refusal::Unknown)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[NAME]);
    validation.set_audience(&[NAME]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The crate asks the wall clock; we are told the time.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let token = jsonwebtoken::decode::<Claims>(token, &key.verify, &validation);
    let claims = token.map_err(|_| Refusal::Unknown)?.claims;
    let expires_at_ms = claims.exp.saturating_mul(1_000).saturating_add(LEEWAY_MS);
    if now_ms >= expires_at_ms {
        return Err(Refusal::Expired);
    }
    let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat).saturating_mul(1_000);
    if begins > now_ms.saturating_add(LEEWAY_MS) {
        return Err(Refusal::Early);
    }
    let account = claims.account.as_deref().unwrap_or(&claims.sub);
    Ok(Principal {
        account: Some(checked_account(account).map_err(|_| Refusal::Unknown)?),
        user: checked_user(&claims.sub).map_err(|_| Refusal::Unknown)?,
        role: Role::parse(&claims.role).ok_or(Refusal::Unknown)?,
        expires_at_ms: Some(expires_at_ms),
        credential: Credential::Key(Arc::clone(id)),
    })
}
