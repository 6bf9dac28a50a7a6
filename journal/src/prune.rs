//! Removes the oldest segments when somebody has decided that they are not needed any more.
//! It must not decide that. In: a directory and the first command still needed. Out: what was
//! removed; beside a running writer too, because the last segments are never touched.

use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::{OpenError, ReadError};
use crate::integrity::CHECKPOINT_COMMANDS;
use crate::storage::Storage;

/// Removes every segment whose commands all lie below `needed_from`, the oldest first, so that a
/// crash leaves a row without a gap. What the checkpoint interval of the last segment needs
/// stays. After this, reading begins at `Reader::first_sequence`.
pub fn prune(
    directory: &Path,
    needed_from: u64,
) -> Result<Vec<PathBuf>, OpenError<std::convert::Infallible>> {
    let segments = directory::list(directory)?.segments;
    let Some(last) = segments.last() else {
        return Err(ReadError::NotAJournal { path: directory.to_owned() }.into());
    };
    let storage = Storage::default();
    let interval = (last.begun.base() - 1) / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
    let keep_from = needed_from.min(interval);
    let mut removed = Vec::new();
    for pair in segments.windows(2) {
        if pair[1].begun.base() > keep_from {
            break;
        }
        storage.remove(&pair[0].path)?;
        storage.sync_directory(directory)?;
        removed.push(pair[0].path.clone());
    }
    Ok(removed)
}
