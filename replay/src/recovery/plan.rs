//! What a start would do with a journal, found out as a start does it: snapshots are loaded, newest
//! first, until one is in order. Nothing is opened for writing and no command is decided.

use std::path::Path;

use engine::projection::ViewLimits;
use journal::{OpenError, Reader};

use super::beginning::{self, Beginning, NoBeginning, Source};
use super::{Candidates, RecoverError, candidates, wanted};

/// What a start would begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub beginning: Beginning,
    /// Snapshots that cannot be used, and why.
    pub passed_over: Vec<String>,
    /// To be replayed, the quarantined ones included.
    pub commands: u64,
}

impl Plan {
    /// Which snapshots were looked at and what came of it, a line each.
    pub fn found(&self) -> Vec<String> {
        beginning::found(&self.passed_over, &self.beginning)
    }
}

/// Of a journal whose last command is `last`.
pub fn plan(directory: &Path, limits: ViewLimits, last: u64) -> Result<Plan, RecoverError> {
    let reader = Reader::open(directory).map_err(OpenError::Read)?;
    let Candidates { found, ahead, passed_over, .. } = candidates(directory, &reader);
    let mut passed_over: Vec<_> = passed_over.iter().map(ToString::to_string).collect();
    for candidate in found.into_iter().chain(ahead).rev() {
        let wanted = wanted(&reader, Some(limits)).map_err(OpenError::Read)?;
        match Source::snapshot(candidate.path, wanted).finish() {
            Ok(None) => {}
            Ok(Some((_, beginning))) => return begun(beginning, passed_over, last),
            Err(error) => passed_over.push(error.to_string()),
        }
    }
    match reader.first_sequence() {
        1 => begun(Beginning::Genesis, passed_over, last),
        first => Err(NoBeginning { first, passed_over }.into()),
    }
}

fn begun(beginning: Beginning, passed_over: Vec<String>, last: u64) -> Result<Plan, RecoverError> {
    match (last.checked_sub(beginning.sequence()), &beginning) {
        (None, Beginning::Snapshot { path, sequence, .. }) => {
            Err(RecoverError::Ahead { path: path.clone(), sequence: *sequence, last })
        }
        (commands, _) => Ok(Plan { commands: commands.unwrap_or(0), beginning, passed_over }),
    }
}
