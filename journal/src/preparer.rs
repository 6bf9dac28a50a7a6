//! Makes the next segment before it is needed and keeps pages ahead of the writer populated, on a
//! thread of its own: neither group commit nor the writer waits for 256 MiB of zeros.
//! It must not know records. In: how far the writer is. Out: ready segments through `Shared`.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::directory;
use crate::header::{Link, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::segment::{Mapping, Tip};
use crate::storage::{Storage, StorageError};
use crate::writer::Shared;

/// Bytes ahead of the writer whose pages are present and writable: a store to them is cheap.
const POPULATE_AHEAD_BYTES: u64 = 8 << 20;
/// Pages are populated when so many bytes of them are due.
const POPULATE_STEP_BYTES: u64 = 1 << 20;
/// How often the writer's progress is looked at: while it moves, and at most when it does not.
const TICK_MIN: Duration = Duration::from_millis(4);
const TICK_MAX: Duration = Duration::from_millis(128);

/// The part of a segment, one in so many, in which the next one is made whatever the disk says.
const LAST_PART: u64 = 8;

/// A segment file as the syncer needs it.
pub(crate) struct SegmentParts {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) header: SegmentHeader,
    pub(crate) mapping: Arc<Mapping>,
}

pub(crate) struct Preparer {
    shared: Arc<Shared>,
    current: Arc<Mapping>,
    /// Made and handed over; becomes current when the writer has taken it.
    upcoming: Option<Arc<Mapping>>,
    populated: u64,
    /// The header of the segment to make next.
    header: SegmentHeader,
}

impl Preparer {
    /// `template` is the header of the next segment to make, not begun.
    pub(crate) fn new(
        shared: Arc<Shared>,
        current: Arc<Mapping>,
        template: SegmentHeader,
    ) -> Preparer {
        let populated = current.committed();
        Preparer { shared, current, upcoming: None, populated, header: template }
    }

    pub(crate) fn run(mut self) -> Result<(), StorageError> {
        let mut tick = TICK_MIN;
        let mut seen = 0;
        while !self.shared.stopping() {
            self.tend();
            self.look_at_disk();
            if self.upcoming.is_none() && self.is_due() {
                self.prepare()?;
                self.look_at_disk();
            }
            let at = self.current.committed();
            tick = if at == seen { TICK_MAX.min(tick * 2) } else { TICK_MIN };
            seen = at;
            self.shared.storage.rest(|| std::thread::park_timeout(tick));
        }
        Ok(())
    }

    /// Follows the writer into the segment it has taken and populates ahead of it.
    fn tend(&mut self) {
        if self.shared.ready.is_empty()
            && let Some(upcoming) = self.upcoming.take()
        {
            self.current = upcoming;
            self.populated = SEGMENT_HEADER_BYTES as u64 + POPULATE_AHEAD_BYTES;
        }
        let at = self.current.committed();
        let due = self.current.bytes().min(at + POPULATE_AHEAD_BYTES);
        let from = self.populated.max(at);
        if due >= from + POPULATE_STEP_BYTES || (due == self.current.bytes() && due > from) {
            populate(&self.current, from, due);
            self.populated = due;
        }
    }

    /// On a disk that is nearly full it is tried only when it cannot be put off: room may be made
    /// until then, and a failure is the end.
    fn is_due(&self) -> bool {
        let left = self.current.bytes() - self.current.committed();
        !self.shared.positions.is_nearly_full() || left < self.current.bytes() / LAST_PART
    }

    /// Says early that another segment would find no room: most of one is left then, or more.
    fn look_at_disk(&self) {
        match self.shared.storage.free_bytes(&self.shared.directory) {
            Ok(bytes) => {
                self.shared.positions.publish_free_bytes(bytes);
                self.shared.positions.publish_nearly_full(bytes < self.header.segment_bytes);
            }
            Err(error) => tracing::debug!(%error, "the room on the disk is not known"),
        }
    }

    /// Makes one segment under its temporary name and hands it over.
    fn prepare(&mut self) -> Result<(), StorageError> {
        let path = directory::ready_path(&self.shared.directory, self.header.epoch);
        let shared = Arc::clone(&self.shared);
        let header = self.header;
        let made = make(&shared.storage, &path, &header, &[], || {
            self.tend();
            match shared.stopping() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        let ControlFlow::Continue(file) = made else { return Ok(()) };
        // The segment before it may be sealed from now on: a seal proves that this one was here.
        shared.storage.sync_directory(&shared.directory)?;
        let begin = SEGMENT_HEADER_BYTES as u64;
        let tip = map(&shared.storage, &path, &file, &header, begin)?;
        let mapping = Arc::clone(tip.mapping());
        populate(&mapping, begin, mapping.bytes().min(begin + POPULATE_AHEAD_BYTES));
        let parts = SegmentParts { path, file, header, mapping: Arc::clone(&mapping) };
        // First the syncer's part, then the writer's: who sees the second finds the first.
        let full = "a segment is made only when the one before it was taken";
        shared.prepared.push(parts).map_err(|_| full).expect(full);
        self.upcoming = Some(mapping);
        shared.ready.push(tip).map_err(|_| full).expect(full);
        self.header.epoch += 1;
        Ok(())
    }
}

/// A failure only makes the first store to a page slower, so it is told and not acted on.
fn populate(mapping: &Mapping, from: u64, to: u64) {
    if let Err(error) = mapping.populate(from, to) {
        tracing::debug!(%error, "pages ahead of the writer could not be populated");
    }
}

/// Makes a whole segment file at `path`: reserved, zero-filled, `records` and header, synced.
/// `between` runs after each block of zeros and may give up the file.
pub(crate) fn make(
    storage: &Storage,
    path: &Path,
    header: &SegmentHeader,
    records: &[u8],
    between: impl FnMut() -> ControlFlow<()>,
) -> Result<ControlFlow<(), File>, StorageError> {
    let begin = SEGMENT_HEADER_BYTES as u64;
    let file = storage.create(path)?;
    storage.allocate(&file, path, header.segment_bytes)?;
    if storage.fill(&file, path, (begin, header.segment_bytes), between)?.is_break() {
        return Ok(ControlFlow::Break(()));
    }
    if !records.is_empty() {
        storage.write(&file, path, begin, records)?;
    }
    storage.write(&file, path, 0, &header.encode())?;
    storage.sync_file_all(&file, path)?;
    Ok(ControlFlow::Continue(file))
}

pub(crate) fn map(
    storage: &Storage,
    path: &Path,
    file: &File,
    header: &SegmentHeader,
    committed: u64,
) -> Result<Tip, StorageError> {
    storage.map(path, || Mapping::open(file, header.segment_bytes, committed, header.epoch))
}

/// The header of the segment after the one of `header`, not begun.
pub(crate) fn next_header(header: &SegmentHeader, segment_bytes: u64) -> SegmentHeader {
    SegmentHeader { segment_bytes, epoch: header.epoch + 1, link: Link::Ready, ..*header }
}

impl Shared {
    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire) || self.positions.has_failed()
    }
}
