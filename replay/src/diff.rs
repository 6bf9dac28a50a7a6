//! Two journals side by side: the first command, time or event in which they are not the same.
//! Identity and the place of checkpoints are no difference.

use std::path::Path;

use orison_core::Event;
use thiserror::Error;

use crate::dump::put_played;
use crate::form::event::Naming;
use crate::past::{Past, PastError, Played, Until};
use crate::verify::SMALL_VIEWS;

#[derive(Debug, Error)]
pub enum DiffError {
    #[error("left: {0}")]
    Left(PastError),
    #[error("right: {0}")]
    Right(PastError),
}

/// Where two journals part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub sequence: u64,
    pub kind: Kind,
    /// Dump lines of that command on either side; empty: this side has ended.
    pub left: String,
    pub right: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Command,
    Time,
    /// The command is quarantined on one side only.
    Effect,
    /// The event with this index, from 0.
    Event(usize),
    /// One side ends before this command.
    Length,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Time => "time",
            Self::Effect => "effect",
            Self::Event(_) => "event",
            Self::Length => "length",
        }
    }
}

/// None: both tell the same. Some: the number of commands they share is `sequence - 1`.
pub fn diff(
    left: &Path,
    right: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Option<Difference>, DiffError> {
    let mut left = Past::open(left, SMALL_VIEWS).map_err(DiffError::Left)?;
    let mut right = Past::open(right, SMALL_VIEWS).map_err(DiffError::Right)?;
    loop {
        let ours = left.step(Until::End).map_err(DiffError::Left)?;
        let theirs = right.step(Until::End).map_err(DiffError::Right)?;
        let kind = match (&ours, &theirs) {
            (None, None) => return Ok(None),
            (Some(ours), Some(theirs)) => {
                progress(ours.stamp.sequence.0);
                compare((ours, left.events()), (theirs, right.events()))
            }
            (Some(_), None) | (None, Some(_)) => Some(Kind::Length),
        };
        let Some(kind) = kind else { continue };
        let played = ours.or(theirs).expect("one side has a command where they differ");
        let sequence = played.stamp.sequence.0;
        let (left, right) = (show(&left, ours.as_ref()), show(&right, theirs.as_ref()));
        return Ok(Some(Difference { sequence, kind, left, right }));
    }
}

fn compare(
    (ours, our_events): (&Played, &[Event]),
    (theirs, their_events): (&Played, &[Event]),
) -> Option<Kind> {
    if ours.command != theirs.command {
        return Some(Kind::Command);
    }
    if ours.stamp.time_ns != theirs.stamp.time_ns {
        return Some(Kind::Time);
    }
    if ours.effect != theirs.effect {
        return Some(Kind::Effect);
    }
    if our_events == their_events {
        return None;
    }
    let same = our_events.iter().zip(their_events).take_while(|(ours, theirs)| ours == theirs);
    Some(Kind::Event(same.count()))
}

fn show(past: &Past, played: Option<&Played>) -> String {
    let mut lines = Vec::new();
    if let Some(played) = played {
        put_played(&mut lines, past, played, Naming::Engine);
    }
    String::from_utf8(lines).expect("JSON is UTF-8")
}
