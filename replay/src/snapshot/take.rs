//! A snapshot by hand, of a journal that may be running: what is in it is brought to the device
//! before, for a snapshot never holds a command that a power cut could still take back.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use engine::projection::ViewLimits;
use journal::{ReadError, Reader, Storage};
use thiserror::Error;

use super::{Loaded, SnapshotError, load, write};
use crate::playback::PlaybackError;
use crate::recovery::{Source, candidates, play, wanted};

#[derive(Debug, Error)]
pub enum TakeError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Playback(#[from] PlaybackError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the journal ends with sequence {last}, sequence {asked} is asked for")]
    NotReached { last: u64, asked: u64 },
}

/// After the command `at`, or after the last one there is. `progress` gets each sequence passed.
pub fn take(
    storage: &Storage,
    directory: &Path,
    limits: ViewLimits,
    at: Option<u64>,
    mut progress: impl FnMut(u64),
) -> Result<PathBuf, TakeError> {
    let reader = Reader::open(directory)?;
    let end = at.unwrap_or(u64::MAX);
    let wanted = wanted(&reader, Some(limits))?;
    let before = candidates(directory, &reader).found.into_iter().rev();
    let loaded = before.filter(|found| found.sequence <= end).find_map(|found| {
        let loaded = load(&found.path, &wanted);
        loaded.inspect_err(|error| tracing::warn!(%error, "a snapshot is passed over")).ok()
    });
    let mut whole = match loaded {
        Some(Loaded { whole, .. }) => whole,
        None => {
            let source = Source::genesis(reader.identity(), limits).finish()?;
            source.expect("a beginning is there at once").0
        }
    };
    let mut last = whole.player().at().sequence.0;
    let mut records = reader.records_from(last + 1)?;
    while last < end {
        let Some(record) = records.next()? else { break };
        play(&mut whole, &record)?;
        last = whole.player().at().sequence.0;
        progress(last);
    }
    if let Some(asked) = at.filter(|&asked| asked != last) {
        return Err(TakeError::NotReached { last, asked });
    }
    journal::settle(storage, directory).map_err(SnapshotError::Storage)?;
    let mut pace = || ControlFlow::Continue(());
    let written = write(storage, directory, reader.identity(), &whole, &mut pace)?;
    Ok(written.expect("nobody breaks it off"))
}
