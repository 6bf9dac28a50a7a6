//! Every write to a journal that is not running: names, seals, cuts, fresh segments.
//! It must not judge; it is told what to do. Each step leaves a directory that the next open
//! understands. In: positions from a walk. Out: the position at which appending may go on.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::directory::{self, SegmentFile};
use crate::entry::{ENTRY_VERSION, RESERVE_BYTES, SEAL_RECORD_BYTES};
use crate::error::{OpenError, ReadError};
use crate::header::{Begun, Link, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::options::SEGMENT_BYTES_STEP;
use crate::preparer;
use crate::record::{self, Head, Kind};
use crate::recovery::{CutTail, Recovered};
use crate::storage::{Storage, StorageError};
use crate::syncer;
use crate::walk::{self, Adoption, Last, Position};

/// Finishes what the syncer of a dead process had not: seals segments that were left, gives the
/// ones behind them link and name. Returns `tail` under the name that it has now.
pub(crate) fn adopt(
    directory: &Path,
    storage: &Storage,
    adoptions: &[Adoption],
    mut tail: Position,
) -> Result<Position, StorageError> {
    let mut renamed: Option<PathBuf> = None;
    for adoption in adoptions {
        let before = renamed.take().unwrap_or_else(|| adoption.before.path.clone());
        if !adoption.before.sealed {
            let position = Position { path: before, ..adoption.before.clone() };
            seal(storage, &position, adoption.last, &adoption.chain)?;
        }
        let Last { sequence: last_sequence, .. } = adoption.last;
        let begun = Begun { last_sequence, chain: adoption.chain };
        let header = SegmentHeader { link: Link::Begun(begun), ..adoption.header };
        let file = storage.open(&adoption.path)?;
        storage.write(&file, &adoption.path, 0, &header.encode())?;
        storage.sync_file(&file, &adoption.path)?;
        let path = name(directory, storage, &adoption.path, begun.base())?;
        tail.path.clone_from(&path);
        tail.header = header;
        renamed = Some(path);
    }
    Ok(tail)
}

/// Zeroes what is cut off and removes what never began; but behind a seal, the file of the next
/// segment stays until it is made anew.
pub(crate) fn settle_tail(
    storage: &Storage,
    position: &Position,
    cut: Option<&CutTail>,
    never_begun: impl Iterator<Item = PathBuf>,
) -> Result<(), StorageError> {
    if let Some(CutTail { path, offset, sequence, reason }) = cut {
        let path_shown = path.display();
        tracing::warn!(path = %path_shown, offset, sequence, reason, "a torn tail is cut");
        if !position.sealed {
            let file = storage.open(&position.path)?;
            zero_behind(storage, &file, position)?;
            storage.sync_file(&file, &position.path)?;
        }
    }
    let next = position.sealed.then(|| {
        let directory = position.path.parent().expect("a segment lies in a directory");
        directory::ready_path(directory, position.header.epoch + 1)
    });
    for path in never_begun.filter(|path| next.as_ref() != Some(path)) {
        storage.remove(&path)?;
    }
    Ok(())
}

fn zero_behind(storage: &Storage, file: &File, position: &Position) -> Result<(), StorageError> {
    let range = (position.offset, position.header.segment_bytes);
    let filled = storage.fill(file, &position.path, range, || ControlFlow::Continue(()))?;
    assert!(filled.is_continue(), "nothing ends this fill");
    Ok(())
}

/// Writes the seal of a segment that ends at `position`, and syncs it. Room is reserved for it.
fn seal(
    storage: &Storage,
    position: &Position,
    last: Last,
    chain: &[u8; 32],
) -> Result<(), StorageError> {
    let Position { path, header, offset, .. } = position;
    let file = storage.open(path)?;
    zero_behind(storage, &file, position)?;
    storage.sync_file(&file, path)?;
    let head = syncer::seal_head(header.epoch, last.sequence, last.time_ns);
    storage.write(&file, path, *offset, &record::encode(&head, chain))?;
    storage.sync_file(&file, path)
}

/// Makes the first segment of a journal.
pub(crate) fn make_first(
    directory: &Path,
    storage: &Storage,
    header: &SegmentHeader,
) -> Result<(), StorageError> {
    let Link::Begun(begun) = header.link else { unreachable!("the first segment has begun") };
    let ready = make_ready(directory, storage, header, &[])?;
    name(directory, storage, &ready, begun.base())?;
    Ok(())
}

/// Makes a segment under its temporary name, whole; it is in the directory when this returns.
fn make_ready(
    directory: &Path,
    storage: &Storage,
    header: &SegmentHeader,
    records: &[u8],
) -> Result<PathBuf, StorageError> {
    let ready = directory::ready_path(directory, header.epoch);
    let made = preparer::make(storage, &ready, header, records, || ControlFlow::Continue(()))?;
    assert!(made.is_continue(), "nothing ends this fill");
    storage.sync_directory(directory)?;
    Ok(ready)
}

fn name(
    directory: &Path,
    storage: &Storage,
    ready: &Path,
    base: u64,
) -> Result<PathBuf, StorageError> {
    let path = directory::segment_path(directory, base);
    storage.rename(ready, &path)?;
    storage.sync_directory(directory)?;
    Ok(path)
}

/// Gives back the disk space behind a seal; the file keeps whole pages.
fn release_unused(storage: &Storage, position: &Position) -> Result<(), StorageError> {
    let seal = if position.sealed { 0 } else { SEAL_RECORD_BYTES as u64 };
    let used = (position.offset + seal).next_multiple_of(SEGMENT_BYTES_STEP);
    let file = storage.open(&position.path)?;
    storage.shorten(&file, &position.path, used)?;
    // Its length is that of its copies elsewhere from here on.
    storage.sync_file_all(&file, &position.path)
}

/// A repair could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepairError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl<E> From<RepairError> for OpenError<E> {
    fn from(error: RepairError) -> OpenError<E> {
        match error {
            RepairError::Read(error) => OpenError::Read(error),
            RepairError::Storage(error) => OpenError::Storage(error),
        }
    }
}

/// What a new segment is to be.
pub(crate) struct Fresh<'a> {
    pub(crate) rules_version: u32,
    pub(crate) segment_bytes: u64,
    /// Commands to quarantine with void records at its beginning.
    pub(crate) voids: &'a [u64],
}

/// Ends the last segment and begins a new one, in the boot we live in. One without a command
/// keeps its place in the row: it is made anew, with the voids it held.
pub(crate) fn begin_fresh_segment(
    directory: &Path,
    recovered: &mut Recovered,
    fresh: &Fresh<'_>,
) -> Result<(), RepairError> {
    let Recovered { storage, last, last_before, position, integrity, .. } = recovered;
    let Link::Begun(begun) = position.header.link else { unreachable!("it has a name") };
    let replaces = last.sequence == *last_before;
    let mut voids = BTreeSet::new();
    let (epoch, begun) = if replaces {
        let (path, header) = (position.path.clone(), position.header);
        walk::read_voids(&SegmentFile { path, header, begun }, &mut voids)?;
        (position.header.epoch, begun)
    } else {
        let begun = Begun { last_sequence: last.sequence, chain: integrity.chain() };
        (position.header.epoch + 1, begun)
    };
    voids.extend(fresh.voids);
    let records: Vec<u8> =
        voids.iter().flat_map(|&voided| void_record(epoch, *last, voided)).collect();
    let offset = (SEGMENT_HEADER_BYTES + records.len()) as u64;
    let least = (offset + 2 * RESERVE_BYTES as u64).next_multiple_of(SEGMENT_BYTES_STEP);
    let header = SegmentHeader {
        rules_version: fresh.rules_version,
        boot_id: recovered.boot_id,
        segment_bytes: fresh.segment_bytes.max(least),
        epoch,
        link: Link::Begun(begun),
        ..position.header
    };
    // First the next segment, then the seal: a seal without one means that it was lost.
    let ready = make_ready(directory, storage, &header, &records)?;
    if !replaces && !position.sealed {
        seal(storage, position, *last, &begun.chain)?;
    }
    let path = name(directory, storage, &ready, begun.base())?;
    if !replaces {
        release_unused(storage, position)?;
    }
    integrity.next_segment(&begun.chain);
    integrity.advance(&records, |_| unreachable!("no command is among these records"));
    *position = Position { path, header, offset, sealed: false };
    *last_before = last.sequence;
    Ok(())
}

fn void_record(epoch: u32, last: Last, voided: u64) -> Vec<u8> {
    let (sequence, time_ns) = (last.sequence, last.time_ns);
    let kind = Kind::Void;
    let head = Head { kind, version: ENTRY_VERSION, epoch, sequence, time_ns, durable: sequence };
    record::encode(&head, &voided.to_le_bytes())
}
