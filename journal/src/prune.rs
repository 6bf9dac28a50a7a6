//! Removes the oldest segments when somebody has decided that they are not needed any more.
//! It must not decide that. In: a directory and the first command still needed. Out: what was
//! removed; beside a running writer too, because the last segments are never touched.

use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::{OpenError, ReadError};
use crate::integrity::CHECKPOINT_COMMANDS;
use crate::storage::Storage;

/// Segments whose commands all lie below `needed_from`, oldest first. What the checkpoint interval
/// of the last segment needs is not among them, nor is that segment.
pub fn prunable(directory: &Path, needed_from: u64) -> Result<Vec<PathBuf>, ReadError> {
    let segments = directory::list(directory)?.segments;
    let Some(last) = segments.last() else {
        return Err(ReadError::NotAJournal { path: directory.to_owned() });
    };
    let interval = (last.begun.base() - 1) / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
    let keep_from = needed_from.min(interval);
    let pairs = segments.windows(2);
    let below = pairs.take_while(|pair| pair[1].begun.base() <= keep_from);
    Ok(below.map(|pair| pair[0].path.clone()).collect())
}

/// Removes what is `prunable`, the oldest first, so that a crash leaves a row without a gap. After
/// this, reading begins at `Reader::first_sequence`.
pub fn prune(
    storage: &Storage,
    directory: &Path,
    needed_from: u64,
) -> Result<Vec<PathBuf>, OpenError<std::convert::Infallible>> {
    let removed = prunable(directory, needed_from)?;
    for path in &removed {
        storage.remove(path)?;
        storage.sync_directory(directory)?;
    }
    Ok(removed)
}
