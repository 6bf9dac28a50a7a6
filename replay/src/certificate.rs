//! A replay certificate: what a journal is and leads to up to one command, signed. Its claims are
//! the digests of state and events, the chain over every byte before, and one rung a checkpoint
//! interval, so that a difference has a place. To check one takes the journal and a public key.
//! A journal and a key in; a text out, or the first claim that does not hold.

mod claims;

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::json::Object;
use crate::key::{PublicKey, SigningKey, unhex};
use crate::past::{PastError, Until};
use crate::playback::PlaybackError;
use crate::verify::is_finding;

pub(crate) use claims::interval;
pub use claims::{Claims, Rung};

pub const FORMAT_VERSION: u32 = 1;
/// Set before what is signed, so that the signature is good for nothing else.
const CONTEXT: &[u8] = b"orison replay certificate v1\n";

#[derive(Debug, Error)]
pub enum CertificateError {
    #[error(transparent)]
    Past(#[from] PastError),
    #[error("the certificate is none: {0}")]
    Unreadable(String),
    #[error("the signature is not of that key, or the certificate was changed")]
    Signature,
    #[error("the certificate is of journal {certified}, this one is {found}")]
    Identity { certified: String, found: String },
    #[error("the certificate speaks of sequence {certified}, the journal ends with {last}")]
    Short { certified: u64, last: u64 },
    #[error(
        "the certificate speaks of sequence {certified}, and what was before {oldest} is pruned: \
         nothing is left to hold against it, unless an archive is restored"
    )]
    Pruned { certified: u64, oldest: u64 },
    #[error("between sequences {from} and {to}: {what} is {found}, certified {certified}")]
    Differs { from: u64, to: u64, what: &'static str, certified: String, found: String },
}

impl From<journal::ReadError> for CertificateError {
    fn from(error: journal::ReadError) -> Self {
        Self::Past(error.into())
    }
}

impl From<PlaybackError> for CertificateError {
    fn from(error: PlaybackError) -> Self {
        Self::Past(error.into())
    }
}

impl CertificateError {
    /// False: it cannot be judged at all.
    pub fn is_finding(&self) -> bool {
        match self {
            Self::Past(PastError::Read(error)) => is_finding(error),
            Self::Past(PastError::Playback(_) | PastError::NoBeginning(_))
            | Self::Signature
            | Self::Identity { .. }
            | Self::Short { .. }
            | Self::Differs { .. } => true,
            Self::Past(PastError::NotReached { .. } | PastError::Before { .. })
            | Self::Unreadable(_)
            | Self::Pruned { .. } => false,
        }
    }
}

/// What was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    pub claims: Claims,
    pub public: PublicKey,
    /// Intervals that lie before what is left of the journal.
    pub rungs_unchecked: usize,
    /// The last command that came out of a snapshot, because nothing earlier is left; 0: all were
    /// replayed.
    pub begun_after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    #[serde(borrow)]
    certificate: &'a RawValue,
    public: String,
    signature: String,
}

/// Replays the journal up to a point and signs what it led to: the text of a certificate.
pub fn certify(
    directory: &Path,
    until: Until,
    key: &SigningKey,
    progress: impl FnMut(u64),
) -> Result<String, CertificateError> {
    let claims = Claims::of(directory, until, progress)?;
    if let Until::Sequence(asked) = until
        && claims.sequence != asked
    {
        return Err(PastError::NotReached { last: claims.sequence, asked }.into());
    }
    let body = claims.text();
    let signature = key.sign(&message(&body));
    let mut out = Vec::new();
    let mut object = Object::open(&mut out);
    object.bare("certificate", &body).shown("public", key.public()).hex("signature", &signature);
    object.close_line();
    Ok(String::from_utf8(out).expect("JSON is UTF-8"))
}

fn message(body: &str) -> Vec<u8> {
    [CONTEXT, body.as_bytes()].concat()
}

/// The claims of a certificate that this key has signed; the journal is not asked.
pub fn read(text: &str, public: PublicKey) -> Result<Claims, CertificateError> {
    let unreadable = |error: serde_json::Error| CertificateError::Unreadable(error.to_string());
    let file: File<'_> = serde_json::from_str(text).map_err(unreadable)?;
    let body = file.certificate.get();
    let signature = unhex(&file.signature).unwrap_or_default();
    let is_its_own = file.public == public.to_string();
    if !is_its_own || !public.has_signed(&message(body), &signature) {
        return Err(CertificateError::Signature);
    }
    let claims: Claims = serde_json::from_str(body).map_err(unreadable)?;
    match claims.format {
        FORMAT_VERSION => Ok(claims),
        format => {
            let what = format!("format {format}, this build reads {FORMAT_VERSION}");
            Err(CertificateError::Unreadable(what))
        }
    }
}

/// Whether the journal is the one that was certified and still leads to the same.
pub fn check(
    directory: &Path,
    text: &str,
    public: PublicKey,
    progress: impl FnMut(u64),
) -> Result<Checked, CertificateError> {
    let certified = read(text, public)?;
    let reader = journal::Reader::open(directory)?;
    let identity = claims::hex(&reader.identity());
    if certified.identity != identity {
        let certified = certified.identity;
        return Err(CertificateError::Identity { certified, found: identity });
    }
    let found = Claims::of(directory, Until::Sequence(certified.sequence), progress);
    let found = found.map_err(|error| match error {
        CertificateError::Past(PastError::Before { oldest, .. }) => {
            CertificateError::Pruned { certified: certified.sequence, oldest }
        }
        other => other,
    })?;
    let begun_after = found.begun_after;
    let rungs_unchecked = compare(&certified, &found)?;
    Ok(Checked { claims: certified, public, rungs_unchecked, begun_after })
}

/// The first claim that does not hold, with the commands that it may lie in.
fn compare(certified: &Claims, found: &Claims) -> Result<usize, CertificateError> {
    let mut from = 1;
    let mut unchecked = 0;
    let differs =
        |from: u64, to: u64, (what, certified, found): (&'static str, &String, &String)| {
            let (certified, found) = (certified.to_owned(), found.to_owned());
            CertificateError::Differs { from, to, what, certified, found }
        };
    for rung in &certified.rungs {
        let to = rung.sequence;
        // What is missing is said below.
        let Some(other) = found.rungs.iter().find(|other| other.sequence >= to) else { break };
        let (Some(root), Some(other_root)) = (&rung.merkle_root, &other.merkle_root) else {
            unchecked += 1;
            from = to + 1;
            continue;
        };
        if other.sequence != to {
            unchecked += 1;
            continue;
        }
        for row in [
            ("the Merkle root of the commands", root, other_root),
            ("the chain value", &rung.chain, &other.chain),
            ("the event digest", &rung.events, &other.events),
        ] {
            if row.1 != row.2 {
                return Err(differs(from, to, row));
            }
        }
        from = to + 1;
    }
    if found.sequence != certified.sequence {
        let (certified, last) = (certified.sequence, found.sequence);
        return Err(CertificateError::Short { certified, last });
    }
    let voids = [certified, found].map(|claims| format!("{:?}", claims.voids));
    let rules = [certified, found].map(|claims| claims.rules_version.to_string());
    let to = certified.sequence;
    for row in [
        ("the chain value", &certified.chain, &found.chain),
        ("what is quarantined", &voids[0], &voids[1]),
        ("the event digest", &certified.events, &found.events),
        ("the state digest", &certified.state, &found.state),
        ("the rules version", &rules[0], &rules[1]),
    ] {
        if row.1 != row.2 {
            return Err(differs(from.min(to), to, row));
        }
    }
    Ok(unchecked)
}
