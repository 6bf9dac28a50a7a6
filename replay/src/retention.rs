//! What of a journal may go, and where it goes: segments and snapshots that nobody needs to start
//! from are removed, sealed segments are copied away and back. Nothing is removed that recovery
//! from the older of two verified snapshots would read. In: directories and what to keep. Out: a
//! plan that says all it would do, and the same plan carried out.

mod archive;
mod restore;
mod thin;

use std::path::{Path, PathBuf};

use journal::{OpenError, Prunable, ReadError, Reader, Storage, StorageError};
use thiserror::Error;

use crate::recovery::{Candidates, candidates, wanted};
use crate::snapshot::{self, Found, SnapshotError};

pub use archive::{ArchiveError, archive};
pub use restore::{End, Restored, restore};
pub use thin::STAYS_COMMANDS;
pub(crate) use thin::thin;

/// Fewer and a single damaged file would cost the journal.
pub const SNAPSHOTS_MIN: usize = 2;

#[derive(Debug, Error)]
pub enum RetentionError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Remove(#[from] OpenError<std::convert::Infallible>),
    #[error("{asked} snapshots to keep: at least {SNAPSHOTS_MIN} are kept")]
    TooFew { asked: usize },
    #[error("{valid} valid snapshots, {needed} are needed before anything is removed")]
    NotEnough { valid: usize, needed: usize },
}

/// What pruning does, in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Snapshots that stay, oldest first; recovery can begin at each of them.
    pub kept: Vec<Found>,
    pub snapshots: Vec<PathBuf>,
    /// Segments that lie wholly below the oldest snapshot kept.
    pub segments: Vec<PathBuf>,
    /// Segments that stay.
    pub stay: Vec<PathBuf>,
    /// The first command that is needed afterwards.
    pub needed_from: u64,
    /// Commands from this one on stay too: the checkpoint interval of the last segment.
    pub interval_from: u64,
    /// Snapshots that are damaged or of another build; they do not count and are left alone.
    pub passed_over: Vec<String>,
}

/// What to keep beyond what must be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    pub snapshots: usize,
    /// Commands from this one on stay, whatever the snapshots say, and the newest snapshot before
    /// it, so that each of them can be looked at.
    pub from: Option<u64>,
}

/// Looks at everything, loads every snapshot that is to be relied on, and touches nothing.
pub fn plan(directory: &Path, keep: Keep) -> Result<Plan, RetentionError> {
    let needed = keep.snapshots;
    if needed < SNAPSHOTS_MIN {
        return Err(RetentionError::TooFew { asked: needed });
    }
    let reader = Reader::open(directory)?;
    let wanted = wanted(&reader, None)?;
    let Candidates { found, stale, ahead, passed_over } = candidates(directory, &reader);
    let mut passed_over: Vec<_> = passed_over.iter().map(ToString::to_string).collect();
    let last = last_sequence(&reader)?;
    passed_over.extend(
        ahead.iter().map(|found| {
            format!("{}: the journal ends with sequence {last}", found.path.display())
        }),
    );
    let (mut kept, mut snapshots) = (Vec::new(), Vec::new());
    // What stays because it was asked for needs a state to begin from.
    let mut has_base = keep.from.is_none();
    for found in found.into_iter().rev() {
        if kept.len() >= needed && has_base {
            snapshots.push(found.path);
            continue;
        }
        match snapshot::load(&found.path, &wanted) {
            Ok(_) => {
                has_base |= keep.from.is_some_and(|from| found.sequence < from);
                kept.push(found);
            }
            Err(error) => passed_over.push(error.to_string()),
        }
    }
    kept.reverse();
    let oldest = match kept.first() {
        Some(oldest) if kept.len() >= needed => oldest.sequence,
        Some(_) | None => {
            return Err(RetentionError::NotEnough { valid: kept.len(), needed });
        }
    };
    let needed_from = keep.from.map_or(oldest + 1, |from| from.min(oldest + 1));
    let Prunable { segments, stay, interval_from } = journal::prunable(directory, needed_from)?;
    snapshots.extend(stale.into_iter().rev().map(|found| found.path));
    snapshots.reverse();
    Ok(Plan { kept, snapshots, segments, stay, needed_from, interval_from, passed_over })
}

/// Segments first, oldest first: a crash on the way leaves a row that every kept snapshot can be
/// gone on from.
pub fn prune(storage: &Storage, directory: &Path, plan: &Plan) -> Result<(), RetentionError> {
    journal::prune(storage, directory, plan.needed_from)?;
    for path in &plan.snapshots {
        storage.remove(path).or_else(is_gone)?;
    }
    storage.sync_directory(directory)?;
    Ok(())
}

/// A follower beside removes snapshots too.
fn is_gone(error: StorageError) -> Result<(), StorageError> {
    match error.source.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

/// Of the last command that is committed.
fn last_sequence(reader: &Reader) -> Result<u64, ReadError> {
    let last = reader.headers().last().and_then(|header| match header.link {
        journal::Link::Begun(begun) => Some(begun.last_sequence),
        journal::Link::Ready => None,
    });
    let mut records = reader.records_from(last.unwrap_or(0).max(1))?;
    while records.next()?.is_some() {}
    Ok(records.last_sequence())
}
