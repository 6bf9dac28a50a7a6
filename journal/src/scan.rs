//! One segment file, read block by block: the next record, or why there is none.
//! It must not know other segments, chains or the boot. Reads with `pread`, never through a map,
//! because a writer may be appending to the same file.
//! In: a path and its header. Out: records, where and why they stop, and what lies behind.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::directory::io_error;
use crate::error::{Damage, ReadError};
use crate::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::record::{self, Kind, RECORD_ALIGN, RECORD_BYTES_MAX, RecordView, Slot};

/// Bytes read at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes read at the end of what is written, where a reader may look often.
const REREAD_BYTES: usize = 2 * RECORD_BYTES_MAX;
const PAGE_BYTES: usize = 4096;

const _: () = assert!(BLOCK_BYTES >= 2 * RECORD_BYTES_MAX);

pub(crate) struct Scan {
    path: PathBuf,
    file: File,
    header: SegmentHeader,
    /// Bytes of the segment from offset `buffer_at` on.
    buffer: Vec<u8>,
    buffer_at: u64,
    /// Index in `buffer` of the next record.
    next: usize,
    /// Index in `buffer` of the current record; it ends at `next`.
    current: usize,
    /// The file has no more bytes behind the buffer.
    drained: bool,
}

/// What `Scan::step` came to.
pub(crate) enum Step {
    /// A valid record; `Scan::current` lends it.
    Record,
    /// More bytes are needed: `Scan::refill`.
    Starved,
    Stop(Stop),
}

/// Why no record follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A commit word that is zero.
    Vacant,
    Damaged(Damage),
}

/// What lies behind the point where the records of a segment stop.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// The first valid record found at any later offset: offset and sequence.
    pub(crate) later: Option<(u64, u64)>,
    /// A later valid record that was written after a sync of what is missing here.
    pub(crate) proof: Option<(u64, u64)>,
    /// Some byte is not zero.
    pub(crate) residue: bool,
}

impl Scan {
    pub(crate) fn open(path: &Path, header: SegmentHeader) -> Result<Scan, ReadError> {
        let file = File::open(path).map_err(|e| io_error("open", path, e))?;
        Ok(Scan::of(path, file, header))
    }

    /// Scans a file that is open already; its name may change meanwhile.
    pub(crate) fn of(path: &Path, file: File, header: SegmentHeader) -> Scan {
        Scan {
            path: path.to_owned(),
            file,
            header,
            buffer: Vec::new(),
            buffer_at: SEGMENT_HEADER_BYTES as u64,
            next: 0,
            current: 0,
            drained: false,
        }
    }

    /// Goes back to the first record.
    pub(crate) fn rewind(&mut self) {
        self.jump(SEGMENT_HEADER_BYTES as u64);
    }

    /// Goes to the record at that offset.
    pub(crate) fn jump(&mut self, offset: u64) {
        self.buffer.clear();
        self.buffer_at = offset;
        self.next = 0;
        self.current = 0;
        self.drained = false;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Offset of the next record.
    pub(crate) fn offset(&self) -> u64 {
        self.buffer_at + self.next as u64
    }

    /// Offset of the current record.
    pub(crate) fn current_offset(&self) -> u64 {
        self.buffer_at + self.current as u64
    }

    /// The record that the last `step` found.
    pub(crate) fn current(&self) -> RecordView<'_> {
        record::view(&self.buffer[self.current..self.next])
    }

    /// The bytes from offset `from` up to offset `to`; both within what is buffered.
    pub(crate) fn between(&self, from: u64, to: u64) -> &[u8] {
        &self.buffer[(from - self.buffer_at) as usize..(to - self.buffer_at) as usize]
    }

    /// At most so many bytes from the next record on, as far as they are buffered.
    pub(crate) fn ahead(&self, bytes: usize) -> &[u8] {
        &self.buffer[self.next..self.buffer.len().min(self.next + bytes)]
    }

    /// Goes to the next record, which has to follow the command `last`.
    pub(crate) fn step(&mut self, last: u64) -> Step {
        match record::decode(&self.buffer[self.next..], self.header.epoch) {
            Slot::Record(view) => match check_sequence(&view, last) {
                Ok(()) => {
                    let bytes = view.bytes.len();
                    self.current = self.next;
                    self.next += bytes;
                    Step::Record
                }
                Err(damage) => Step::Stop(Stop::Damaged(damage)),
            },
            Slot::Vacant => Step::Stop(Stop::Vacant),
            Slot::Short if self.drained => Step::Stop(Stop::Damaged(self.cut_short())),
            Slot::Short => Step::Starved,
            Slot::Damaged(damage) => Step::Stop(Stop::Damaged(damage)),
        }
    }

    /// The next record would reach beyond the file, or beyond the segment.
    fn cut_short(&self) -> Damage {
        let found = self.buffer_at + self.buffer.len() as u64;
        let expected = self.header.segment_bytes;
        match self.buffer.get(self.next..self.next + 4) {
            Some(_) if found == expected => {
                Damage::CommitWord { word: record::u32_at(&self.buffer, self.next) }
            }
            _ => Damage::FileEnds { found, expected },
        }
    }

    /// Drops what lies before the next record and reads on behind what is buffered.
    pub(crate) fn refill(&mut self) -> Result<(), ReadError> {
        self.read_on(BLOCK_BYTES)
    }

    /// Reads a little: enough for the first records of most segments.
    pub(crate) fn refill_little(&mut self) -> Result<(), ReadError> {
        self.read_on(PAGE_BYTES)
    }

    fn read_on(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.buffer.drain(..self.next);
        self.buffer_at += self.next as u64;
        self.next = 0;
        self.current = 0;
        let kept = self.buffer.len();
        let offset = self.buffer_at + kept as u64;
        let bytes = bytes.min(self.header.segment_bytes.saturating_sub(offset) as usize);
        self.buffer.resize(kept + bytes, 0);
        let read = read_full(&self.file, &mut self.buffer[kept..], offset)
            .map_err(|e| io_error("read", &self.path, e))?;
        self.buffer.truncate(kept + read);
        self.drained = read < bytes || offset + read as u64 == self.header.segment_bytes;
        Ok(())
    }

    /// Reads the next record again from the file: a writer may have gone on meanwhile.
    pub(crate) fn reread(&mut self) -> Result<(), ReadError> {
        self.buffer.truncate(self.next);
        self.read_on(REREAD_BYTES)
    }

    /// As many bytes as there are from `offset` on, whatever they are.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<usize, ReadError> {
        read_full(&self.file, bytes, offset).map_err(|e| io_error("read", &self.path, e))
    }

    /// Bytes of the file now.
    pub(crate) fn file_bytes(&self) -> Result<u64, ReadError> {
        let metadata = self.file.metadata().map_err(|e| io_error("stat", &self.path, e))?;
        Ok(metadata.len())
    }

    /// Looks at everything from the next record's offset to the end of the file. `last` is the
    /// last command before it.
    pub(crate) fn look_behind(&self, last: u64) -> Result<Behind, ReadError> {
        let mut behind = Behind::default();
        let mut offset = self.offset();
        let left = self.header.segment_bytes.saturating_sub(offset) as usize;
        let mut window = vec![0; (BLOCK_BYTES + RECORD_BYTES_MAX).min(left)];
        loop {
            let read = read_full(&self.file, &mut window, offset)
                .map_err(|e| io_error("read", &self.path, e))?;
            let searched = read.min(BLOCK_BYTES);
            self.search(&window[..read], searched, offset, last, &mut behind);
            offset += searched as u64;
            if read < window.len() || offset >= self.header.segment_bytes {
                return Ok(behind);
            }
        }
    }

    /// Looks for records that begin in the first `searched` bytes of `window`.
    fn search(&self, window: &[u8], searched: usize, offset: u64, last: u64, behind: &mut Behind) {
        let mut at = 0;
        while at < searched {
            let page = &window[at..window.len().min(at + PAGE_BYTES)];
            if page.iter().fold(0, |any, &byte| any | byte) == 0 {
                at += page.len();
                continue;
            }
            behind.residue = true;
            for slot in (at..searched.min(at + page.len())).step_by(RECORD_ALIGN) {
                if record::may_begin(&window[slot..], self.header.epoch)
                    && let Slot::Record(view) = record::decode(&window[slot..], self.header.epoch)
                    && view.sequence >= last
                {
                    note(behind, &view, offset + slot as u64, last);
                }
            }
            at += page.len();
        }
    }
}

fn check_sequence(view: &RecordView<'_>, last: u64) -> Result<(), Damage> {
    let expected = match view.kind {
        Kind::Command(_) => last + 1,
        Kind::Seal | Kind::Checkpoint | Kind::Close | Kind::Void => last,
    };
    if view.sequence != expected {
        return Err(Damage::Sequence { found: view.sequence, expected });
    }
    if view.durable > last {
        return Err(Damage::Durable { durable: view.durable });
    }
    Ok(())
}

/// A seal or a close is written only after a sync of everything before it; any record proves
/// that the sequence it names as durable was.
fn note(behind: &mut Behind, view: &RecordView<'_>, offset: u64, last: u64) {
    let place = (offset, view.sequence);
    behind.later.get_or_insert(place);
    let proves = match view.kind {
        Kind::Seal | Kind::Close => true,
        Kind::Command(_) | Kind::Checkpoint | Kind::Void => view.durable > last,
    };
    if proves {
        behind.proof.get_or_insert(place);
    }
}

fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
