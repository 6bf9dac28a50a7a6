//! Where a replay begins: at a snapshot, which is loaded while the journal is being opened, or at
//! the very first command. It must not open journals. In: what is there. Out: a state to go on
//! with, once somebody needs it.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use engine::projection::ViewLimits;
use engine::snapshot::Gaps;
use journal::{ReadError, Reader};
use thiserror::Error;

use crate::Changes;
use crate::playback::Playback;
use crate::player::Depth;
use crate::snapshot::{self, Found, Loaded, SnapshotError, Wanted, Whole};

/// Where a state came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// Nothing but the commands.
    Genesis,
    Snapshot {
        path: PathBuf,
        sequence: u64,
        /// Views that begin empty: nothing is left that could make them.
        empty: Vec<&'static str>,
    },
}

impl Beginning {
    /// The last command that was not replayed.
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Genesis => 0,
            Self::Snapshot { sequence, .. } => *sequence,
        }
    }
}

/// Which snapshots were looked at and what came of it, a line each.
pub(super) fn found(passed_over: &[String], beginning: &Beginning) -> Vec<String> {
    let passed_over = passed_over.iter().map(|why| format!("passed over {why}"));
    let used = match beginning {
        Beginning::Genesis => None,
        Beginning::Snapshot { path, sequence, empty } => {
            let begun = format!("snapshot sequence={sequence} file={}", path.display());
            let empty = empty.iter().map(|view| format!(" empty={view}"));
            Some(begun + &empty.collect::<String>())
        }
    };
    passed_over.chain(used).collect()
}

/// What a snapshot of this journal must be like.
pub(crate) fn wanted(reader: &Reader, limits: Option<ViewLimits>) -> Result<Wanted, ReadError> {
    let voids = reader.records_from(0)?.voids().collect();
    let gaps = if reader.first_sequence() == 1 { Gaps::Refused } else { Gaps::Empty };
    let depth = Depth::Digests;
    Ok(Wanted { identity: reader.identity(), limits, gaps, voids, depth })
}

/// The beginning of a journal is pruned and nothing is left that could stand for it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "the journal begins with sequence {first} and no snapshot is in order from which it could \
     be gone on with{}; what was pruned comes back with `orison-replay restore DIRECTORY ARCHIVE`, \
     a snapshot from a copy of the directory",
    passed_over.iter().map(|why| format!("; {why}")).collect::<String>()
)]
pub struct NoBeginning {
    pub first: u64,
    /// Snapshots that cannot be used, and why.
    pub passed_over: Vec<String>,
}

/// The snapshots beside a journal, oldest first.
#[derive(Default)]
pub(crate) struct Candidates {
    /// From these it can be gone on with, if they are in order.
    pub(crate) found: Vec<Found>,
    /// The commands behind them are pruned.
    pub(crate) stale: Vec<Found>,
    /// They hold commands that the journal does not.
    pub(crate) ahead: Vec<Found>,
    /// They are not of this journal's history.
    pub(crate) passed_over: Vec<SnapshotError>,
}

pub(crate) fn candidates(directory: &Path, reader: &Reader) -> Candidates {
    let found = snapshot::list(directory).unwrap_or_else(|error| {
        tracing::warn!(%error, "the snapshots cannot be listed");
        Vec::new()
    });
    let mut candidates = Candidates::default();
    for found in found {
        if found.sequence + 1 < reader.first_sequence() {
            candidates.stale.push(found);
            continue;
        }
        match place(&found, reader) {
            Ok(Place::Within) => candidates.found.push(found),
            Ok(Place::Ahead) => candidates.ahead.push(found),
            Err(error) => {
                tracing::warn!(%error, "a snapshot is passed over");
                candidates.passed_over.push(error);
            }
        }
    }
    candidates
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Within,
    Ahead,
}

/// A snapshot that was carried here from a copy of this journal that went its own way has the
/// right identity: its last command tells, by its time. What cannot be read of either is for
/// whoever loads them to say.
fn place(found: &Found, reader: &Reader) -> Result<Place, SnapshotError> {
    let Found { sequence, path } = found;
    let (path, sequence) = (path.clone(), *sequence);
    let Ok(header) = snapshot::header(&path) else { return Ok(Place::Within) };
    if header.identity != reader.identity() {
        return Err(SnapshotError::Foreign { path });
    }
    if header.sequence != sequence {
        return Err(SnapshotError::Renamed { path, sequence: header.sequence });
    }
    // The one before the first command that is left.
    if sequence < reader.first_sequence() {
        return Ok(Place::Within);
    }
    let Ok(mut records) = reader.records_near(sequence) else { return Ok(Place::Within) };
    match records.next() {
        Ok(Some(record)) if record.time_ns == header.time_ns => Ok(Place::Within),
        Ok(Some(_)) => Err(SnapshotError::History { path, sequence }),
        Ok(None) => Ok(Place::Ahead),
        Err(_) => Ok(Place::Within),
    }
}

/// A state that is there, or will be.
pub(crate) enum Source {
    Ready(Box<Whole>, Beginning),
    Loading(JoinHandle<Result<Loaded, SnapshotError>>, PathBuf),
    /// There is no journal yet, or loading has failed.
    Nothing,
}

impl Source {
    pub(crate) fn genesis(identity: [u8; 16], limits: ViewLimits) -> Self {
        let playback = Playback::new(identity, limits);
        let whole = Whole { playback, changes: Changes::default() };
        Self::Ready(Box::new(whole), Beginning::Genesis)
    }

    pub(crate) fn snapshot(path: PathBuf, wanted: Wanted) -> Self {
        let file = path.clone();
        Self::Loading(std::thread::spawn(move || snapshot::load(&file, &wanted)), path)
    }

    /// Waits for it, if need be.
    pub(crate) fn whole(&mut self) -> Result<Option<&mut Whole>, SnapshotError> {
        if let Self::Loading(..) = self
            && let Self::Loading(loading, path) = std::mem::replace(self, Self::Nothing)
        {
            // What is whole by its checksums and panics all the same was written by another build.
            let loaded = loading.join().unwrap_or_else(|_| {
                let what = "it cannot be loaded".to_owned();
                Err(SnapshotError::Damaged { path: path.clone(), what })
            });
            let Loaded { header, whole, empty } = loaded?;
            let sequence = header.sequence;
            let beginning = Beginning::Snapshot { path, sequence, empty };
            *self = Self::Ready(Box::new(whole), beginning);
        }
        match self {
            Self::Ready(whole, _) => Ok(Some(whole)),
            Self::Loading(..) | Self::Nothing => Ok(None),
        }
    }

    pub(crate) fn finish(mut self) -> Result<Option<(Whole, Beginning)>, SnapshotError> {
        self.whole()?;
        match self {
            Self::Ready(whole, beginning) => Ok(Some((*whole, beginning))),
            Self::Loading(..) | Self::Nothing => Ok(None),
        }
    }
}
