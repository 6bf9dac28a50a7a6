//! Reads a journal beside a running writer: takes no lock, never writes, sees what is committed.
//! It must not repair. In: a directory and a sequence. Out: checked records up to the last one
//! there is; asked again later, it goes on from there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::directory::{self, SegmentFile};
use crate::error::ReadError;
use crate::header::SegmentHeader;
use crate::record::RecordView;
use crate::scan::Stop;
use crate::tail;
use crate::walk::{End, Step, Walk};

/// A journal, opened for reading.
#[derive(Debug)]
pub struct Reader {
    directory: PathBuf,
    segments: Vec<SegmentFile>,
    boot_id: [u8; 16],
}

/// Records in order, from the one asked for.
pub struct Records {
    walk: Walk,
    from: u64,
    boot_id: [u8; 16],
}

impl Reader {
    /// Reads and checks the headers of all segments.
    pub fn open(directory: &Path) -> Result<Reader, ReadError> {
        let boot_id = directory::boot_id()
            .map_err(|e| directory::io_error("read the boot id for", directory, e))?;
        Reader::open_in_boot(directory, boot_id)
    }

    /// As `open`, on a machine whose boot id is `boot_id`; only tests need this.
    pub fn open_in_boot(directory: &Path, boot_id: [u8; 16]) -> Result<Reader, ReadError> {
        let segments = match directory.exists() {
            true => list_beside_others(directory)?,
            false => Vec::new(),
        };
        Reader::new(directory, segments, boot_id)
    }

    pub(crate) fn of_segments(
        directory: &Path,
        segments: Vec<SegmentFile>,
    ) -> Result<Reader, ReadError> {
        let boot_id = directory::boot_id()
            .map_err(|e| directory::io_error("read the boot id for", directory, e))?;
        Reader::new(directory, segments, boot_id)
    }

    fn new(
        directory: &Path,
        segments: Vec<SegmentFile>,
        boot_id: [u8; 16],
    ) -> Result<Reader, ReadError> {
        match segments.is_empty() {
            true => Err(ReadError::NotAJournal { path: directory.to_owned() }),
            false => Ok(Reader { directory: directory.to_owned(), segments, boot_id }),
        }
    }

    pub fn identity(&self) -> [u8; 16] {
        self.segments[0].header.identity
    }

    /// Sequence of the first command that can still be read; 1 unless segments were removed.
    pub fn first_sequence(&self) -> u64 {
        self.segments[0].begun.base()
    }

    /// The headers of all segments, in order.
    pub fn headers(&self) -> impl Iterator<Item = &SegmentHeader> {
        self.segments.iter().map(|segment| &segment.header)
    }

    /// All segments with their files, in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = (&Path, &SegmentHeader)> {
        self.segments.iter().map(|segment| (segment.path.as_path(), &segment.header))
    }

    pub(crate) fn boot_id(&self) -> [u8; 16] {
        self.boot_id
    }

    /// Everything, from the first segment on.
    pub(crate) fn walk(&self) -> Result<Walk, ReadError> {
        Walk::begin(&self.directory, &self.segments, self.first_sequence())
    }

    /// All records from the command `from` on; 0 and 1 mean the first there is. Reads from the
    /// beginning of its segment, because the chain is checked from there.
    pub fn records_from(&self, from: u64) -> Result<Records, ReadError> {
        let first = self.first_sequence();
        if from > 1 && from < first {
            return Err(ReadError::Pruned { asked: from, first });
        }
        let walk = Walk::begin(&self.directory, &self.segments, from)?;
        Ok(Records { walk, from, boot_id: self.boot_id })
    }

    /// As `records_from`, without what lies before: every record is checked and follows the one
    /// before it, but the chain of the segment in which it begins is not. For who looks something
    /// up; there is no `Records::chain` before the next segment.
    pub fn records_near(&self, from: u64) -> Result<Records, ReadError> {
        let first = self.first_sequence();
        if from > 1 && from < first {
            return Err(ReadError::Pruned { asked: from, first });
        }
        let walk = Walk::begin_near(&self.directory, &self.segments, from)?;
        Ok(Records { walk, from, boot_id: self.boot_id })
    }
}

/// A prune removes one segment after the other; what is gone after so many listings is damage.
const LISTINGS_MAX: u32 = 100;

/// A listing that met two renames on its way can miss the older one, and a segment that was listed
/// can be pruned before its header is read: then it is made again.
fn list_beside_others(directory: &Path) -> Result<Vec<SegmentFile>, ReadError> {
    let mut listings = 1;
    loop {
        match directory::list(directory) {
            Err(ReadError::Missing { .. }) if listings == 1 => {}
            Err(ReadError::Io { source, .. })
                if source.kind() == ErrorKind::NotFound && listings < LISTINGS_MAX => {}
            listing => return Ok(listing?.segments),
        }
        listings += 1;
    }
}

impl Records {
    /// The next record; `None` at the last one committed so far. A damaged record is an error
    /// unless it may be the tail of a machine that died, which ends the journal.
    #[expect(clippy::should_implement_trait, reason = "it lends, which Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>, ReadError> {
        loop {
            match self.walk.step()? {
                Step::Record if self.walk.last().sequence < self.from => {}
                Step::Record => return Ok(Some(self.walk.current())),
                Step::End(End::Sealed | End::Stop(Stop::Vacant)) => return Ok(None),
                Step::End(end @ End::Stop(Stop::Damaged(_))) => {
                    return tail::judge(&mut self.walk, end, &self.boot_id).map(|_| None);
                }
            }
        }
    }

    /// Sequence of the last command read.
    pub fn last_sequence(&self) -> u64 {
        self.walk.last().sequence
    }

    /// Chain value over everything in its segment up to the record that `next` gave last, that one
    /// included; a segment's chain begins with the value of the segment before.
    pub fn chain(&mut self) -> [u8; 32] {
        self.walk.chain()
    }

    /// Quarantined commands known so far, in order; those ahead are known before they come.
    pub fn voids(&self) -> impl Iterator<Item = u64> {
        self.walk.voids().iter().copied()
    }
}
