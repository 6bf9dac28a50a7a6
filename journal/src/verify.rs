//! Checks a whole journal without writing or locking: every checksum, sequence, link, chain
//! value, Merkle root, and that the end is one. In: a directory. Out: a `Report`, or the error
//! that names file, offset, sequence and reason.

use std::path::Path;

use crate::error::ReadError;
use crate::reader::Reader;
use crate::recovery::CutTail;
use crate::tail;
use crate::walk::{Step, Walk};

/// Records between two calls of the progress callback.
const PROGRESS_RECORDS: u64 = 1 << 16;

/// What a journal that is in order consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub identity: [u8; 16],
    /// All records, the journal's own included.
    pub records: u64,
    pub commands: u64,
    /// 1 unless segments were removed.
    pub first_sequence: u64,
    /// Of the last command; `first_sequence - 1` if there is none.
    pub last_sequence: u64,
    pub last_time_ns: u64,
    pub segments: u64,
    pub checkpoints: u64,
    /// Those of `checkpoints` whose chain value or Merkle root could not be computed, because
    /// what they are about begins before the first segment.
    pub checkpoints_unchecked: u64,
    /// The last command that a chain value in the journal vouches for, of a checkpoint, a seal or
    /// a close; what comes behind it has its checksums alone.
    pub chained_to: u64,
    /// Chain value over everything in the last segment so far.
    pub chain: [u8; 32],
    pub closed_cleanly: bool,
    /// What the next open will cut.
    pub torn: Option<CutTail>,
    /// Quarantined commands, in order.
    pub voids: Vec<u64>,
}

/// Verifies the journal in `directory`. `progress` gets the last sequence passed, now and then.
/// Beside a running writer it verifies what is committed when it gets there.
pub fn verify(directory: &Path, progress: impl FnMut(u64)) -> Result<Report, ReadError> {
    verify_reader(&Reader::open(directory)?, progress)
}

/// As `verify`, for a journal that is open for reading already.
pub fn verify_reader(reader: &Reader, mut progress: impl FnMut(u64)) -> Result<Report, ReadError> {
    let mut walk = reader.walk()?;
    let mut step = walk.step()?;
    loop {
        let Step::End(end) = step else {
            if walk.counts().records.is_multiple_of(PROGRESS_RECORDS) {
                progress(walk.last().sequence);
            }
            step = walk.step()?;
            continue;
        };
        let verdict = tail::judge(&mut walk, end, &reader.boot_id());
        // What looked wrong may have been a record that a running writer had not finished yet.
        step = walk.step()?;
        if let Step::End(_) = step {
            let torn = verdict?.torn;
            let torn = torn.map(|torn| CutTail::new(&walk.position(), walk.last(), &torn));
            return Ok(report(reader, walk, torn));
        }
    }
}

fn report(reader: &Reader, mut walk: Walk, torn: Option<CutTail>) -> Report {
    let (last, counts) = (walk.last(), walk.counts());
    Report {
        identity: reader.identity(),
        records: counts.records,
        commands: counts.commands,
        first_sequence: reader.first_sequence(),
        last_sequence: last.sequence,
        last_time_ns: last.time_ns,
        segments: counts.segments,
        checkpoints: counts.checkpoints,
        checkpoints_unchecked: counts.checkpoints_unchecked,
        chained_to: counts.chained_to,
        chain: walk.chain(),
        closed_cleanly: last.is_close(),
        torn,
        voids: walk.voids().iter().copied().collect(),
    }
}
