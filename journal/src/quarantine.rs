//! Takes one command out of every later replay: a chained void record, never a change of bytes.
//! It must not know why. In: a directory and a sequence, with the journal not running.
//! Out: a new segment that begins with the void, so that a reader knows of it before the command.

use std::convert::Infallible;
use std::path::Path;

use crate::error::{OpenError, ReadError};
use crate::options::{Options, Seams};
use crate::reader::Reader;
use crate::recovery;
use crate::repair::{self, Fresh};

/// Voids the command `sequence` of the journal in `directory`. Takes the lock, and repairs a torn
/// tail as opening does. A command that is void already stays so.
pub fn quarantine(directory: &Path, sequence: u64) -> Result<(), OpenError<Infallible>> {
    quarantine_with(directory, sequence, Seams::default())
}

/// As `quarantine`, with chance and disk replaced; only tests need this.
pub fn quarantine_with(
    directory: &Path,
    sequence: u64,
    seams: Seams,
) -> Result<(), OpenError<Infallible>> {
    let reader = Reader::open(directory)?;
    let last = reader.headers().last().copied();
    let Some(header) = last else {
        return Err(ReadError::NotAJournal { path: directory.to_owned() }.into());
    };
    let options = Options { seams, visit_from: reader.first_sequence(), ..Options::default() };
    let mut recovered = recovery::recover(directory, &options, |_| Ok(()))?;
    if !(reader.first_sequence()..=recovered.last.sequence).contains(&sequence) {
        return Err(OpenError::NoSuchCommand { sequence });
    }
    if recovered.opened.voids.contains(&sequence) {
        return Ok(());
    }
    let fresh = Fresh {
        rules_version: header.rules_version,
        segment_bytes: header.segment_bytes,
        voids: &[sequence],
    };
    repair::begin_fresh_segment(directory, &mut recovered, &fresh)?;
    Ok(())
}
