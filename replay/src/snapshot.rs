//! Snapshots: the whole state of a journal at one sequence in a file beside its segments, and the
//! way back. A file counts only if every byte of it is what was written; what is wrong with one
//! that does not is told, so that recovery can fall back and say why.

mod aside;
mod frame;
mod read;
mod take;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use engine::snapshot::LoadError;
use journal::StorageError;
use thiserror::Error;

use crate::playback::Playback;
use crate::{Changes, Player};

pub use frame::{FORMAT_VERSION, Header};
pub use read::{Wanted, check, header, load};
pub use take::{TakeError, take};
pub use write::{Pace, clear, write};

const PREFIX: &str = "snapshot-";
const SUFFIX: &str = ".orison";
const SEQUENCE_DIGITS: usize = 20;

/// Everything that is at one sequence.
pub struct Whole {
    pub(crate) playback: Playback,
    pub(crate) changes: Changes,
}

impl Whole {
    pub fn player(&self) -> &Player {
        self.playback.player()
    }
}

/// A snapshot that has been loaded.
pub struct Loaded {
    pub header: Header,
    pub whole: Whole,
    /// Views that begin empty, because nothing is left that could make them.
    pub empty: Vec<&'static str>,
}

/// Why a file is no snapshot that can be used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("{operation} {}: {source}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{}: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("{}: belongs to another journal", path.display())]
    Foreign { path: PathBuf },
    #[error("{}: holds sequence {sequence}, which is not what its name says", path.display())]
    Renamed { path: PathBuf, sequence: u64 },
    #[error(
        "{}: sequence {sequence} was another command in the journal it was written of, a copy \
         that went its own way", path.display()
    )]
    History { path: PathBuf, sequence: u64 },
    #[error(
        "{}: was written in format {found}, this build reads {FORMAT_VERSION} at most",
        path.display()
    )]
    Format { path: PathBuf, found: u32 },
    #[error("{}: decides by rules {found}, this build by {known} at most", path.display())]
    Rules { path: PathBuf, found: u32, known: u32 },
    #[error("{}: {source}", path.display())]
    Load { path: PathBuf, source: LoadError },
    #[error("{}: the core in it has another digest than it was written of", path.display())]
    State { path: PathBuf },
    #[error("{}: counts command {sequence}, which has been quarantined since", path.display())]
    Quarantined { path: PathBuf, sequence: u64 },
}

/// A snapshot by its name alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub sequence: u64,
    pub path: PathBuf,
}

/// The snapshots in a journal's directory, oldest first. Nothing is read of them.
pub fn list(directory: &Path) -> Result<Vec<Found>, SnapshotError> {
    let error =
        |source| SnapshotError::Io { operation: "list", path: directory.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        if let Some(sequence) = entry.file_name().to_str().and_then(sequence_of) {
            found.push(Found { sequence, path: entry.path() });
        }
    }
    found.sort_unstable_by_key(|found| found.sequence);
    Ok(found)
}

fn sequence_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let plain = digits.len() == SEQUENCE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The snapshot of a sequence.
pub fn path_of(directory: &Path, sequence: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{sequence:0width$}{SUFFIX}", width = SEQUENCE_DIGITS))
}
