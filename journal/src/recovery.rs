//! Opening for writing: read what is there once, cut only what is torn, and go on behind it.
//! It must not know what records mean. In: directory, options, a visitor. Out: a `Writer` whose
//! journal is whole and on disk up to where it begins, and what was found on the way.
//!
//! A new segment begins whenever the boot or the rules version is another than in the last
//! header, never otherwise: so one header names the boot of all its records, as the verdict on a
//! torn tail needs, and a process that restarts again and again takes no more disk than one.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain;
use crate::directory::{self, Listing};
use crate::entry::RESERVE_BYTES;
use crate::error::{OpenError, ReadError};
use crate::header::{Begun, Link, SegmentHeader};
use crate::integrity::{CHECKPOINT_COMMANDS, Integrity, Mark};
use crate::lock::{self, Lock};
use crate::options::{Durability, Options, Wake};
use crate::positions::Positions;
use crate::preparer::{self, Preparer, SegmentParts};
use crate::record::RecordView;
use crate::repair::{self, Fresh};
use crate::storage::{Storage, StorageError};
use crate::syncer::{self, Syncer};
use crate::tail::{self, Torn};
use crate::walk::{End, Last, Position, Step, Walk};
use crate::writer::{Publish, Shared, Start, Writer};

/// The door to a journal.
pub struct Journal;

/// What was found when a journal was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Random, from the birth of the journal: a snapshot of another one must be refused.
    pub identity: [u8; 16],
    /// There was no journal here before.
    pub created: bool,
    /// Sequence of the last command; 0 if there is none.
    pub last_sequence: u64,
    pub last_time_ns: u64,
    /// What was cut off, if the tail was torn.
    pub cut: Option<CutTail>,
    /// The last record was that of a clean stop.
    pub closed_cleanly: bool,
    /// Quarantined commands, in order.
    pub voids: Vec<u64>,
    pub records: u64,
}

/// A torn tail that has been cut: nothing in it was ever acknowledged as durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutTail {
    pub path: PathBuf,
    pub offset: u64,
    /// The first command that is not in the journal any more, if it ever was there.
    pub sequence: u64,
    pub reason: String,
}

/// A journal that is whole, with no thread running yet.
pub(crate) struct Recovered {
    pub(crate) lock: Lock,
    pub(crate) storage: Storage,
    pub(crate) opened: Opened,
    pub(crate) last: Last,
    pub(crate) last_before: u64,
    pub(crate) position: Position,
    pub(crate) integrity: Integrity,
    pub(crate) marks: VecDeque<Mark>,
    pub(crate) boot_id: [u8; 16],
}

impl Journal {
    /// Creates or opens the journal in `directory`. Every valid record from `visit_from` on, the
    /// journal's own ones too, goes to `visit`, in order, once. An error after that means the
    /// journal is not open and what was visited must not be used.
    pub fn open<E>(
        directory: &Path,
        options: &Options,
        visit: impl FnMut(RecordView<'_>) -> Result<(), E>,
    ) -> Result<(Writer, Opened), OpenError<E>> {
        options.check()?;
        let mut recovered = recover(directory, options, visit)?;
        if needs_fresh_segment(&recovered, options) {
            let Options { rules_version, segment_bytes, .. } = *options;
            let fresh = Fresh { rules_version, segment_bytes, voids: &[] };
            repair::begin_fresh_segment(directory, &mut recovered, &fresh)?;
        }
        let opened = recovered.opened.clone();
        let writer = start(directory, options, recovered)?;
        Ok((writer, opened))
    }
}

/// Takes the lock, reads, judges and repairs. Creates the journal if there is none.
pub(crate) fn recover<E>(
    directory: &Path,
    options: &Options,
    visit: impl FnMut(RecordView<'_>) -> Result<(), E>,
) -> Result<Recovered, OpenError<E>> {
    fs::create_dir_all(directory).map_err(|e| directory::io_error("create", directory, e))?;
    let lock = lock::take(directory)?;
    let storage = Storage::new(options.seams.faults.clone());
    let boot_id = match options.seams.boot_id {
        Some(boot_id) => boot_id,
        None => directory::boot_id().map_err(OpenError::Chance)?,
    };
    let mut listing = directory::list(directory)?;
    let created = listing.segments.is_empty();
    if created {
        create(directory, options, boot_id, &storage)?;
        listing = directory::list(directory)?;
    }
    settle(&listing, &storage)?;
    let (mut walk, end) = read(directory, &listing, options.visit_from, visit)?;
    let tail = tail::judge(&mut walk, end, &boot_id)?;
    let mut opened = describe(&walk, created);
    let (last, last_before) = (walk.last(), walk.last_before());
    let (integrity, marks, adoptions) = walk.finish();
    let position = repair::adopt(directory, &storage, &adoptions, tail.position)?;
    opened.cut = tail.torn.map(|torn| CutTail::new(&position, last, &torn));
    let never_begun = listing.ready.into_iter().filter(|path| path.exists());
    repair::settle_tail(&storage, &position, opened.cut.as_ref(), never_begun)?;
    Ok(Recovered { lock, storage, opened, last, last_before, position, integrity, marks, boot_id })
}

/// A journal is born: identity, first segment.
fn create<E>(
    directory: &Path,
    options: &Options,
    boot_id: [u8; 16],
    storage: &Storage,
) -> Result<(), OpenError<E>> {
    let identity = match options.seams.identity {
        Some(identity) => identity,
        None => directory::random_identity().map_err(OpenError::Chance)?,
    };
    let header = SegmentHeader {
        rules_version: options.rules_version,
        identity,
        boot_id,
        segment_bytes: options.segment_bytes,
        epoch: 1,
        link: Link::Begun(Begun { last_sequence: 0, chain: chain::birth(&identity) }),
    };
    repair::make_first(directory, storage, &header)?;
    Ok(())
}

/// Brings to the device what a process that died has left in memory, and reads it from there:
/// after a failed sync the cache holds what the disk does not.
fn settle(listing: &Listing, storage: &Storage) -> Result<(), StorageError> {
    let last = listing.segments.last().map(|segment| &segment.path);
    for path in last.into_iter().chain(&listing.ready) {
        let file = storage.open(path)?;
        storage.sync_file(&file, path)?;
        storage.forget_cached(&file, path)?;
    }
    Ok(())
}

/// Reads all that has to be read, once: what the visitor wants, and the checkpoint interval in
/// which the journal ends.
fn read<E>(
    directory: &Path,
    listing: &Listing,
    visit_from: u64,
    mut visit: impl FnMut(RecordView<'_>) -> Result<(), E>,
) -> Result<(Walk, End), OpenError<E>> {
    let first = listing.segments.first().map_or(1, |segment| segment.begun.base());
    if visit_from.max(1) < first {
        return Err(ReadError::Pruned { asked: visit_from.max(1), first }.into());
    }
    let base = listing.segments.last().map_or(1, |segment| segment.begun.base());
    let interval = (base - 1) / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
    let mut walk = Walk::begin(directory, &listing.segments, interval.min(visit_from.max(1)))?;
    loop {
        match walk.step()? {
            Step::End(end) => return Ok((walk, end)),
            Step::Record => {
                let view = walk.current();
                let sequence = view.sequence;
                if sequence >= visit_from {
                    visit(view).map_err(|source| OpenError::Visit { sequence, source })?;
                }
            }
        }
    }
}

fn describe(walk: &Walk, created: bool) -> Opened {
    let last = walk.last();
    Opened {
        identity: walk.scan().header().identity,
        created,
        last_sequence: last.sequence,
        last_time_ns: last.time_ns,
        cut: None,
        closed_cleanly: last.is_close(),
        voids: walk.voids().iter().copied().collect(),
        records: walk.counts().records,
    }
}

impl CutTail {
    pub(crate) fn new(position: &Position, last: Last, torn: &Torn) -> CutTail {
        CutTail {
            path: position.path.clone(),
            offset: position.offset,
            sequence: last.sequence + 1,
            reason: torn.to_string(),
        }
    }
}

fn needs_fresh_segment(recovered: &Recovered, options: &Options) -> bool {
    let Position { header, offset, sealed, .. } = &recovered.position;
    *sealed
        || header.boot_id != recovered.boot_id
        || header.rules_version != options.rules_version
        || header.segment_bytes - offset < RESERVE_BYTES as u64
}

fn start<E>(
    directory: &Path,
    options: &Options,
    recovered: Recovered,
) -> Result<Writer, OpenError<E>> {
    let Recovered { lock, storage, last, position, integrity, marks, .. } = recovered;
    let Position { path, header, offset, .. } = position;
    let positions =
        Positions::new(last.sequence, options.durability, options.notify.clone(), storage.clone());
    let file = storage.open(&path)?;
    let tip = preparer::map(&storage, &path, &file, &header, offset)?;
    let shared = Arc::new(Shared::new(directory.to_owned(), storage, Arc::new(positions)));
    for mark in marks {
        syncer::offer(&shared.marks, mark);
    }
    let mapping = Arc::clone(tip.mapping());
    let template = preparer::next_header(&header, options.segment_bytes);
    let preparer = Preparer::new(Arc::clone(&shared), Arc::clone(&mapping), template);
    let segment = SegmentParts { path, file, header, mapping };
    let pace = (options.durability, options.wake, options.sync_interval);
    let syncer = Syncer::new(Arc::clone(&shared), pace, segment, integrity);
    let publish = match (options.durability, options.wake) {
        (Durability::Durable, Wake::Unpark) => Publish::Waking,
        (Durability::Durable, Wake::Never) | (Durability::Journaled, _) => Publish::Plain,
    };
    let start = Start {
        tip,
        sequence: last.sequence,
        time_ns: last.time_ns,
        publish,
        segment_bytes: options.segment_bytes,
    };
    Writer::start(start, shared, syncer, preparer, lock).map_err(OpenError::Thread)
}
