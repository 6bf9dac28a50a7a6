//! Ed25519 keys in files: a private one as PKCS #8, in PEM or plain, that nobody else may read; a
//! public one as 64 hexadecimal digits or as PEM. What is signed is none of its business.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use thiserror::Error;

use crate::json::Hex;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// What stands before the 32 bytes in the DER of an Ed25519 public key (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
/// What group and world may do.
const OTHERS: u32 = 0o077;
/// Of a key's file.
const FILE_BYTES_MAX: u64 = 16 << 10;

#[derive(Debug, Error)]
pub enum KeyError {
    #[error("{operation} {}: {source}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{}: others may read it (mode {mode:03o}): chmod 600", path.display())]
    Readable { path: PathBuf, mode: u32 },
    #[error("{}: no Ed25519 private key in PKCS #8", path.display())]
    Private { path: PathBuf },
    #[error("{text}: neither 64 hexadecimal digits nor the file of an Ed25519 public key")]
    Public { text: String },
    #[error("no randomness for a key")]
    Random,
}

/// Signs.
pub struct SigningKey(Ed25519KeyPair);

/// Checks what was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey(pub [u8; 32]);

impl SigningKey {
    /// Draws a key and writes it into a new file that only its owner may read.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| KeyError::Random)?;
        let encoded = STANDARD.encode(document.as_ref());
        let mut text = format!("-----BEGIN {PRIVATE}-----\n");
        for line in encoded.as_bytes().chunks(64) {
            text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
            text.push('\n');
        }
        text.push_str(&format!("-----END {PRIVATE}-----\n"));
        let error = |source| KeyError::Io { operation: "create", path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(path).map_err(error)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(error)?;
        Self::of_der(document.as_ref()).ok_or(KeyError::Random)
    }

    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = read(path)?;
        let error = |source| KeyError::Io { operation: "look at", path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(error)?.mode() & 0o777;
        if mode & OTHERS != 0 {
            return Err(KeyError::Readable { path: path.to_owned(), mode });
        }
        let der = pem(&bytes, PRIVATE).unwrap_or(bytes);
        Self::of_der(&der).ok_or_else(|| KeyError::Private { path: path.to_owned() })
    }

    fn of_der(der: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self)
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.0.sign(message);
        signature.as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().expect("an Ed25519 public key has 32 bytes"))
    }
}

impl PublicKey {
    /// Of its digits, or of a file that holds them or a PEM.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(key) = Self::of_digits(text) {
            return Ok(key);
        }
        let wrong = || KeyError::Public { text: text.to_owned() };
        let path = Path::new(text);
        if !path.is_file() {
            return Err(wrong());
        }
        let bytes = read(path)?;
        if let Some(der) = pem(&bytes, PUBLIC) {
            let key = der.strip_prefix(&PUBLIC_PREFIX).and_then(|key| key.try_into().ok());
            return key.map(Self).ok_or_else(wrong);
        }
        let digits = std::str::from_utf8(&bytes).ok().map(str::trim);
        digits.and_then(Self::of_digits).ok_or_else(wrong)
    }

    fn of_digits(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(Self)
    }

    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Bytes of hexadecimal text in lower case.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || !text.as_bytes().iter().all(is_hex) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs.iter().map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8)).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let error = |source| KeyError::Io { operation: "read", path: path.to_owned(), source };
    let length = fs::metadata(path).map_err(error)?.len();
    if length > FILE_BYTES_MAX {
        return Err(error(std::io::Error::other("it is longer than any key")));
    }
    fs::read(path).map_err(error)
}

/// What stands between the lines of that name. None: this is no such PEM.
fn pem(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, behind) = text.split_once(&format!("-----BEGIN {name}-----"))?;
    let (body, _) = behind.split_once(&format!("-----END {name}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_signs_after_it_was_written_and_read_and_no_other_key_has_signed() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        let created = SigningKey::create(&ours).unwrap();
        let loaded = SigningKey::load(&ours).unwrap();
        assert_eq!(created.public(), loaded.public());
        let other = SigningKey::create(&theirs).unwrap();
        let signature = loaded.sign(b"said");
        assert!(created.public().has_signed(b"said", &signature));
        assert!(!created.public().has_signed(b"Said", &signature));
        assert!(!other.public().has_signed(b"said", &signature));
        assert!(SigningKey::create(&ours).is_err(), "a key is never written over");
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
        let error = SigningKey::load(&ours).err().unwrap().to_string();
        assert!(error.ends_with("others may read it (mode 640): chmod 600"), "{error}");
    }

    #[test]
    fn a_public_key_is_digits_a_file_of_digits_or_a_pem() {
        let folder = tempfile::tempdir().unwrap();
        let key = PublicKey([0xab; 32]);
        let (digits, file) = (key.to_string(), folder.path().join("key.pub"));
        assert_eq!(PublicKey::parse(&digits).unwrap(), key);
        fs::write(&file, format!("{digits}\n")).unwrap();
        let name = file.to_str().unwrap();
        assert_eq!(PublicKey::parse(name).unwrap(), key);
        let der = [&PUBLIC_PREFIX[..], &key.0].concat();
        let text = STANDARD.encode(der);
        fs::write(&file, format!("-----BEGIN {PUBLIC}-----\n{text}\n-----END {PUBLIC}-----\n"))
            .unwrap();
        assert_eq!(PublicKey::parse(name).unwrap(), key);
        for wrong in ["", "ab", &digits.to_uppercase(), &digits[1..]] {
            assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
