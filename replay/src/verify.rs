//! Whether a journal is what it says: every byte by the journal's own rules, then every digest by
//! a replay. Read-only. A directory in; a report, or the first thing that is wrong, out.

use std::path::Path;

use engine::projection::ViewLimits;
use engine::witness::{set_hash, state_digest};
use journal::{ReadError, Report};
use thiserror::Error;

use crate::past::{Past, PastError, Until};
use crate::playback::{Compared, PlaybackError};

/// Views are no part of what is verified: they keep next to nothing here.
pub const SMALL_VIEWS: ViewLimits = ViewLimits {
    trades_max: 1,
    candles_max: 1,
    closed_orders_max: 1,
    account_events_max: 1,
    order_events_max: 2,
    ..ViewLimits::DEFAULT
};

#[derive(Debug, Error)]
pub enum VerifyError {
    #[error(transparent)]
    Past(#[from] PastError),
    #[error("after sequence {sequence} the set hash kept from events is not that of the book")]
    SetHash { sequence: u64 },
}

impl From<ReadError> for VerifyError {
    fn from(error: ReadError) -> Self {
        Self::Past(error.into())
    }
}

impl VerifyError {
    /// False: the directory cannot be judged at all.
    pub fn is_finding(&self) -> bool {
        match self {
            Self::Past(PastError::Read(error)) => is_finding(error),
            Self::Past(PastError::Playback(_) | PastError::NoBeginning(_))
            | Self::SetHash { .. } => true,
            Self::Past(PastError::NotReached { .. } | PastError::Before { .. }) => false,
        }
    }

    /// What an operator can do about it, if that can be said.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Past(PastError::Read(error)) => remedy(error),
            Self::Past(PastError::Playback(PlaybackError::Panic(_))) => Some(REMEDY_PANIC),
            Self::Past(_) | Self::SetHash { .. } => None,
        }
    }
}

/// Of a command on which the core breaks.
pub(crate) const REMEDY_PANIC: &str =
    "`orison-replay quarantine DIRECTORY SEQUENCE` lets every replay pass over that command";

/// What an operator can do about a journal that cannot be read, if that can be said.
pub fn remedy(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::Header { .. } | ReadError::Name { .. } | ReadError::Corrupt { .. } => Some(
            "`orison-replay restore DIRECTORY ARCHIVE` puts an archived segment in its place and \
             keeps the damaged one beside it; without an archive take the file from a copy",
        ),
        ReadError::Missing { .. } => Some(
            "`orison-replay restore DIRECTORY ARCHIVE` brings back what is missing; without an \
             archive take the file from a copy",
        ),
        ReadError::Foreign { .. }
        | ReadError::LinkSequence { .. }
        | ReadError::LinkChain { .. } => Some(
            "files of two histories lie together: take out those that do not belong here, or take \
             a copy of the directory",
        ),
        ReadError::Io { .. } | ReadError::NotAJournal { .. } | ReadError::Pruned { .. } => None,
    }
}

/// Damage is found; a place that cannot be read, or is no journal, is not a finding.
pub fn is_finding(error: &ReadError) -> bool {
    match error {
        ReadError::Io { .. } | ReadError::NotAJournal { .. } | ReadError::Pruned { .. } => false,
        ReadError::Header { .. }
        | ReadError::Name { .. }
        | ReadError::Foreign { .. }
        | ReadError::Missing { .. }
        | ReadError::LinkSequence { .. }
        | ReadError::LinkChain { .. }
        | ReadError::Corrupt { .. } => true,
    }
}

/// A journal in which nothing is wrong.
#[derive(Clone, Debug)]
pub struct Verified {
    pub journal: Report,
    /// The last command that came out of a snapshot, because nothing earlier is left; 0: all
    /// commands were replayed.
    pub begun_after: u64,
    pub compared: Compared,
    /// The process that is writing it meanwhile.
    pub writer: Option<u32>,
    pub state: [u8; 32],
    pub events: [u8; 32],
}

/// Which of the two passes is running, and the last sequence it has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    Bytes(u64),
    Replay { sequence: u64, last: u64 },
}

pub fn verify(directory: &Path, mut progress: impl FnMut(Pass)) -> Result<Verified, VerifyError> {
    let journal = journal::verify(directory, |sequence| progress(Pass::Bytes(sequence)))?;
    let last = journal.last_sequence;
    let mut past = Past::open(directory, SMALL_VIEWS)?;
    past.play(Until::Sequence(last), |sequence| progress(Pass::Replay { sequence, last }))?;
    let player = past.player();
    let digests = player.witness.digests();
    if digests.set != set_hash(&player.exchange) {
        return Err(VerifyError::SetHash { sequence: last });
    }
    let state = state_digest(&player.exchange);
    let begun_after = past.begun_after();
    let writer = journal::writer(directory);
    Ok(Verified {
        writer,
        begun_after,
        compared: past.compared(),
        state,
        events: digests.events,
        journal,
    })
}
