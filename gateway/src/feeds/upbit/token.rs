//! The token of Upbit's private feed: a JWT, HS512, of the access key and a nonce.
//! Spec: docs.upbit.com/kr/reference/auth

use std::fmt;
use std::path::Path;

use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::jose;

/// What an account of the venue is proven with; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    access: String,
    secret: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    access_key: &'a str,
    nonce: String,
}

impl Keys {
    pub fn new(access: &str, secret: &str) -> Option<Self> {
        let is_key = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        (is_key(access) && is_key(secret))
            .then(|| Self { access: access.into(), secret: secret.into() })
    }

    /// Two lines of a file: the access key, the secret key.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = match (lines.next(), lines.next(), lines.next()) {
            (Some(access), Some(secret), None) => Self::new(access, secret),
            (_, _, _) => None,
        };
        keys.ok_or_else(|| "the access key and the secret key, each on a line of its own".into())
    }

    /// Another one each time: the nonce is random.
    pub(super) fn token(&self) -> Result<String, Error> {
        jose::install();
        let claims = Claims { access_key: &self.access, nonce: uuid::Uuid::new_v4().to_string() };
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims, &key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

#[cfg(test)]
mod tests {
    use ring::hmac;

    use super::*;

    #[test]
    fn a_token_is_signed_with_the_secret_and_used_once() {
        let keys = Keys::new("access", "secret").unwrap();
        let [first, second] = [keys.token().unwrap(), keys.token().unwrap()];
        assert_ne!(first, second, "each has its nonce");
        let (signed, signature) = first.rsplit_once('.').unwrap();
        let header = jsonwebtoken::decode_header(&first).unwrap();
        assert_eq!(header.alg, Algorithm::HS512);
        let key = hmac::Key::new(hmac::HMAC_SHA512, b"secret");
        let expected = hmac::sign(&key, signed.as_bytes());
        assert_eq!(signature.len(), expected.as_ref().len().div_ceil(3) * 4 - 2, "base64, bare");
        let claims = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(&first).unwrap();
        assert_eq!(claims.claims["access_key"], "access");
        assert_eq!(format!("{keys:?}"), "Keys(..)");
    }

    #[test]
    fn keys_are_read_from_two_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for (text, good) in
            [("a\nb\n", true), ("\n a \n\nb", true), ("a", false), ("a\nb\nc", false)]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Keys::read(&path).is_ok(), good, "{text:?}");
        }
        assert!(Keys::read(&folder.path().join("none")).is_err());
    }
}
