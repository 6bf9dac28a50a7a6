//! The keys on disk: a folder of 0700 with a JSON file of 0600 for each key, written beside its
//! name and renamed, so that a reader sees a whole file. What others could read is not used: a
//! secret that has been read is none.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

const SUFFIX: &str = "json";
/// Keys of a folder; more are not read.
pub(super) const KEYS_MAX: usize = 10_000;
/// Of one file.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// What group and world may do.
const OTHERS: u32 = 0o077;

/// A key as its file has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum KeyFile {
    /// Signs requests with HMAC-SHA256.
    Api {
        id: String,
        user: String,
        account: String,
        role: String,
        created_at_ms: u64,
        revoked_at_ms: Option<u64>,
        /// Gone once it is revoked.
        secret: Option<String>,
    },
    /// Signs our tokens with Ed25519.
    Signing {
        id: String,
        created_at_ms: u64,
        revoked_at_ms: Option<u64>,
        /// The pair in PKCS#8, in base64; gone once it is revoked.
        pair: Option<String>,
    },
}

#[derive(Debug, Error)]
pub enum FolderError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: others may read it (mode {mode:o}); allowed: {allowed:o}")]
    NotPrivate { path: PathBuf, mode: u32, allowed: u32 },
    #[error("{path}: {reason}")]
    Content { path: PathBuf, reason: String },
    #[error("{path}: over {KEYS_MAX} keys")]
    TooMany { path: PathBuf },
}

/// What tells whether a folder has changed since it was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Fingerprint(Vec<(PathBuf, [i64; 5])>);

impl KeyFile {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Api { id, .. } | Self::Signing { id, .. } => id,
        }
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFile({})", self.id())
    }
}

/// Makes the folder, if it is not there.
pub(super) fn make(folder: &Path) -> Result<(), FolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| FolderError::Io { path: folder.into(), source })?;
    check(folder, 0o700).map(drop)
}

/// Every file of the folder, in order of the names. Outer: the folder; inner: one file.
pub(super) fn read(folder: &Path) -> Result<Vec<Result<KeyFile, FolderError>>, FolderError> {
    check(folder, 0o700)?;
    let paths = paths(folder)?;
    Ok(paths.iter().map(|path| read_one(path)).collect())
}

/// Writes the key's file, whether it was there or not.
pub(super) fn write(folder: &Path, key: &KeyFile) -> Result<(), FolderError> {
    let path = folder.join(key.id()).with_extension(SUFFIX);
    let beside = folder.join(key.id()).with_extension("new");
    let failed = |source| FolderError::Io { path: path.clone(), source };
    let text = serde_json::to_string_pretty(key).expect("a key is always JSON");
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&beside);
    let mut file = opened.map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, &path).map_err(failed)?;
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed)
}

pub(super) fn fingerprint(folder: &Path) -> Result<Fingerprint, FolderError> {
    let mut seen = Vec::new();
    for path in [vec![folder.to_owned()], paths(folder)?].concat() {
        let failed = |source| FolderError::Io { path: path.clone(), source };
        let meta = fs::metadata(&path).map_err(failed)?;
        let (mode, inode) = (i64::from(meta.mode()), meta.ino().cast_signed());
        let length = meta.len().cast_signed();
        seen.push((path, [mode, inode, length, meta.mtime(), meta.mtime_nsec()]));
    }
    Ok(Fingerprint(seen))
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let failed = |source| FolderError::Io { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX) {
            paths.push(path);
        }
        if paths.len() > KEYS_MAX {
            return Err(FolderError::TooMany { path: folder.into() });
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_one(path: &Path) -> Result<KeyFile, FolderError> {
    let bytes = check(path, 0o600)?.len();
    let content = |reason: String| FolderError::Content { path: path.into(), reason };
    if bytes > FILE_BYTES_MAX {
        return Err(content(format!("{bytes} bytes, at most {FILE_BYTES_MAX}")));
    }
    let failed = |source| FolderError::Io { path: path.into(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    // What serde quotes of a wrong file could be the secret: its place is said alone.
    let wrong = |error: serde_json::Error| {
        content(format!("not a key, line {} column {}", error.line(), error.column()))
    };
    let key: KeyFile = serde_json::from_str(&text).map_err(wrong)?;
    match path.file_stem().is_some_and(|stem| stem == key.id()) {
        true => Ok(key),
        false => Err(content("the name is not the key's id".into())),
    }
}

fn check(path: &Path, allowed: u32) -> Result<fs::Metadata, FolderError> {
    let meta = fs::metadata(path);
    let meta = meta.map_err(|source| FolderError::Io { path: path.into(), source })?;
    let mode = meta.mode() & 0o777;
    match mode & OTHERS {
        0 => Ok(meta),
        _ => Err(FolderError::NotPrivate { path: path.into(), mode, allowed }),
    }
}
