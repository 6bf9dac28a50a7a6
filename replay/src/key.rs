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
/// The y of the points whose order divides 8, in every spelling: a signature by such a key holds of
/// whatever anybody wrote (RFC 8032, 8.9). Its sign is the highest bit of the last byte.
const WEAK: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
const SIGN: u8 = 0x80;
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
    #[error("{text}: a key of small order, for which anybody can sign anything: ask for another")]
    Weak { text: String },
    #[error("no randomness for a key")]
    Random,
}

/// Signs.
pub struct SigningKey(Ed25519KeyPair);

/// Checks what was signed; never a key that anybody can sign for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey([u8; 32]);

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
        let wrong = || KeyError::Public { text: text.to_owned() };
        let key = match of_digits(text) {
            Some(key) => key,
            None if Path::new(text).is_file() => in_file(Path::new(text))?.ok_or_else(wrong)?,
            None => return Err(wrong()),
        };
        match is_weak(key) {
            true => Err(KeyError::Weak { text: text.to_owned() }),
            false => Ok(Self(key)),
        }
    }

    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

/// None: there is no key in it.
fn in_file(path: &Path) -> Result<Option<[u8; 32]>, KeyError> {
    let bytes = read(path)?;
    if let Some(der) = pem(&bytes, PUBLIC) {
        return Ok(der.strip_prefix(&PUBLIC_PREFIX).and_then(|key| key.try_into().ok()));
    }
    let digits = std::str::from_utf8(&bytes).ok().map(str::trim);
    Ok(digits.and_then(of_digits))
}

fn of_digits(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

fn is_weak(mut key: [u8; 32]) -> bool {
    key[31] &= !SIGN;
    WEAK.contains(&Hex(&key).to_string().as_str())
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

    /// For each of them ring takes a signature that nobody made, on one message or another.
    #[test]
    fn a_key_that_anybody_can_sign_for_is_refused_however_it_is_spelled() {
        let nobodys: [u8; 64] = std::array::from_fn(|at| u8::from(at == 0));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pub");
        for (digits, sign) in WEAK.iter().flat_map(|digits| [(digits, 0), (digits, SIGN)]) {
            let mut key: [u8; 32] = of_digits(digits).unwrap();
            key[31] |= sign;
            let unparsed = UnparsedPublicKey::new(&ED25519, key);
            let is_forged = (0..=u8::MAX).any(|byte| unparsed.verify(&[byte], &nobodys).is_ok());
            assert!(is_forged, "{digits} {sign}");
            let text = Hex(&key).to_string();
            let der = STANDARD.encode([&PUBLIC_PREFIX[..], &key].concat());
            fs::write(&file, format!("-----BEGIN {PUBLIC}-----\n{der}\n-----END {PUBLIC}-----\n"))
                .unwrap();
            for named in [text.as_str(), file.to_str().unwrap()] {
                let error = PublicKey::parse(named).unwrap_err().to_string();
                assert!(error.contains("a key of small order"), "{error}");
            }
        }
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
