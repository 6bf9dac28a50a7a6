//! Removes the oldest segments when somebody has decided that they are not needed any more.
//! It must not decide that. In: a directory and the first command still needed. Out: what was
//! removed; beside a running writer too, because the last segments are never touched.

use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::{OpenError, ReadError};
use crate::integrity::CHECKPOINT_COMMANDS;
use crate::storage::Storage;

/// What would go and what would stay, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prunable {
    /// Segments whose commands all lie below what is needed.
    pub segments: Vec<PathBuf>,
    /// The others; the last segment is always one of them.
    pub stay: Vec<PathBuf>,
    /// The first command of the checkpoint interval that the last segment begins in: it is needed
    /// for the Merkle root of that interval.
    pub interval_from: u64,
}

/// Looks and touches nothing.
pub fn prunable(directory: &Path, needed_from: u64) -> Result<Prunable, ReadError> {
    let segments = directory::list(directory)?.segments;
    let Some(last) = segments.last() else {
        return Err(ReadError::NotAJournal { path: directory.to_owned() });
    };
    let interval_from = (last.begun.base() - 1) / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
    let keep_from = needed_from.min(interval_from);
    let pairs = segments.windows(2);
    let below = pairs.take_while(|pair| pair[1].begun.base() <= keep_from).count();
    let mut paths: Vec<_> = segments.into_iter().map(|segment| segment.path).collect();
    let stay = paths.split_off(below);
    Ok(Prunable { segments: paths, stay, interval_from })
}

/// Removes what is `prunable`, the oldest first, so that a crash leaves a row without a gap. After
/// this, reading begins at `Reader::first_sequence`.
pub fn prune(
    storage: &Storage,
    directory: &Path,
    needed_from: u64,
) -> Result<Vec<PathBuf>, OpenError<std::convert::Infallible>> {
    let removed = prunable(directory, needed_from)?.segments;
    for path in &removed {
        storage.remove(path)?;
        storage.sync_directory(directory)?;
    }
    Ok(removed)
}
