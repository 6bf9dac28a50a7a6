//! All segments as one row of checked records: sequences without a gap, links, chain values,
//! checkpoints and voids. It must not decide what to do about a bad tail; it says where it stops.
//! In: a directory and the sequence to begin at. Out: records one by one, then the `Stop`.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::directory::{self, SegmentFile};
use crate::entry::{self, Checkpoint, Close, Own};
use crate::error::{Damage, ReadError};
use crate::header::{Begun, Link, SegmentHeader};
use crate::integrity::{CHECKPOINT_COMMANDS, Integrity, Mark};
use crate::landing::Landing;
use crate::record::{self, Kind, RecordView};
use crate::scan::{Scan, Step as ScanStep, Stop};
use crate::{syncer, torn};

/// Marks remembered while their checkpoint has not come yet; older ones cannot be checked.
const MARKS_OPEN_MAX: usize = 1024;

/// The last record passed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Last {
    /// Of the last command.
    pub(crate) sequence: u64,
    pub(crate) time_ns: u64,
    /// Of the last record of any kind; `None` before the first.
    pub(crate) kind: Option<Kind>,
}

impl Last {
    /// The journal ends with a clean stop.
    pub(crate) fn is_close(&self) -> bool {
        self.kind == Some(Kind::Close)
    }
}

/// A segment that had begun under its temporary name when its process died.
#[derive(Debug, Clone)]
pub(crate) struct Adoption {
    pub(crate) before: Position,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Chain value and last sequence to link to.
    pub(crate) chain: [u8; 32],
    pub(crate) last: Last,
}

/// A place in the journal where records end.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) offset: u64,
    pub(crate) sealed: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) commands: u64,
    pub(crate) segments: u64,
    pub(crate) checkpoints: u64,
    /// Checkpoints whose interval or segment begins before what was walked.
    pub(crate) checkpoints_unchecked: u64,
    /// The last command that a chain value vouches for.
    pub(crate) chained_to: u64,
}

pub(crate) enum Step {
    /// `Walk::current` lends the record.
    Record,
    End(End),
}

/// Where the records end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Behind a seal, and no next segment has begun.
    Sealed,
    Stop(Stop),
}

pub(crate) struct Walk {
    directory: PathBuf,
    scan: Scan,
    /// Named segments behind the one being scanned, as listed at the start.
    listed: VecDeque<SegmentFile>,
    sealed: bool,
    last: Last,
    /// Last command before the segment being scanned.
    last_before: u64,
    integrity: Integrity,
    /// Offset of the first byte that `integrity` has not taken yet.
    taken: u64,
    /// The first segment was entered in its midst, and nothing has depended on the chain so far.
    is_unchained: bool,
    marks: VecDeque<Mark>,
    voids: BTreeSet<u64>,
    adoptions: Vec<Adoption>,
    counts: Counts,
}

impl Walk {
    /// Begins with the segment that holds sequence `from`, or the first one there is.
    pub(crate) fn begin(
        directory: &Path,
        segments: &[SegmentFile],
        from: u64,
    ) -> Result<Walk, ReadError> {
        let start = segments.partition_point(|segment| segment.begun.base() <= from.max(1));
        let start = start.saturating_sub(1);
        let Some(first) = segments.get(start) else {
            return Err(ReadError::NotAJournal { path: directory.to_owned() });
        };
        let mut voids = BTreeSet::new();
        for segment in segments {
            read_voids(segment, &mut voids)?;
        }
        let scan = Scan::open(&first.path, first.header)?;
        Ok(Walk {
            directory: directory.to_owned(),
            taken: scan.offset(),
            is_unchained: false,
            scan,
            listed: segments[start + 1..].iter().cloned().collect(),
            sealed: false,
            last: Last { sequence: first.begun.last_sequence, ..Last::default() },
            last_before: first.begun.last_sequence,
            integrity: Integrity::begin(&first.begun.chain),
            marks: VecDeque::new(),
            voids,
            adoptions: Vec::new(),
            counts: Counts {
                segments: 1,
                chained_to: first.begun.last_sequence,
                ..Counts::default()
            },
        })
    }

    /// As `begin`, with a record before `from` that is found by its checksum. What is skipped is
    /// not read, and the chain of that segment is not checked unless its end is in doubt.
    pub(crate) fn begin_near(
        directory: &Path,
        segments: &[SegmentFile],
        from: u64,
    ) -> Result<Walk, ReadError> {
        let mut walk = Walk::begin(directory, segments, from)?;
        if let Some(Landing { offset, last }) = walk.scan.landing(from)? {
            walk.scan.jump(offset);
            walk.last.sequence = last;
            walk.is_unchained = true;
        }
        Ok(walk)
    }

    /// Reads its segment from the beginning, as far as it has come: the chain is known from here
    /// on.
    fn chain_up(&mut self) -> Result<(), ReadError> {
        let until = self.scan.offset();
        self.scan.rewind();
        self.taken = self.scan.offset();
        self.last = Last { sequence: self.last_before, ..Last::default() };
        (self.is_unchained, self.sealed) = (false, false);
        while self.scan.offset() < until {
            match self.step()? {
                Step::Record => {}
                // What was skipped is damaged; whoever asks why it ends is told.
                Step::End(_) => break,
            }
        }
        Ok(())
    }

    pub(crate) fn last(&self) -> Last {
        self.last
    }

    /// Last command before the segment in which the walk stands.
    pub(crate) fn last_before(&self) -> u64 {
        self.last_before
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn voids(&self) -> &BTreeSet<u64> {
        &self.voids
    }

    pub(crate) fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Offset behind the last record, in the segment in which the walk stands.
    pub(crate) fn position(&self) -> Position {
        Position {
            path: self.scan.path().to_owned(),
            header: *self.scan.header(),
            offset: self.scan.offset(),
            sealed: self.sealed,
        }
    }

    /// Chain value over all records of this segment so far, a seal excluded.
    pub(crate) fn chain(&mut self) -> [u8; 32] {
        assert!(!self.is_unchained, "who asks for the chain reads from the segment's beginning");
        self.take_until(self.scan.offset());
        self.integrity.chain()
    }

    /// Ends the walk: the state of chain and interval, the marks without a checkpoint, and the
    /// segments that have to be given their names.
    pub(crate) fn finish(mut self) -> (Integrity, VecDeque<Mark>, Vec<Adoption>) {
        self.take_until(self.scan.offset());
        (self.integrity, self.marks, self.adoptions)
    }

    /// The record that the last `step` found.
    pub(crate) fn current(&self) -> RecordView<'_> {
        let view = self.scan.current();
        let voided = matches!(view.kind, Kind::Command(_)) && self.voids.contains(&view.sequence);
        RecordView { voided, ..view }
    }

    /// Goes to the next record. At the end it may be called again: a writer may have gone on.
    pub(crate) fn step(&mut self) -> Result<Step, ReadError> {
        let mut reread = false;
        let mut successor_seen = false;
        loop {
            if self.sealed {
                match self.enter_next()? {
                    Entered::Yes => continue,
                    Entered::No | Entered::MustBeSealed => return Ok(Step::End(End::Sealed)),
                }
            }
            match self.scan.step(self.last.sequence) {
                ScanStep::Record => {
                    self.pass()?;
                    return Ok(Step::Record);
                }
                ScanStep::Starved => {
                    self.take_until(self.scan.offset());
                    self.scan.refill()?;
                }
                ScanStep::Stop(_) if !reread => {
                    // What was read may be older than the file: a writer stores while we read.
                    reread = true;
                    self.take_until(self.scan.offset());
                    self.scan.reread()?;
                }
                ScanStep::Stop(stop) => match self.leave_unsealed(&stop)? {
                    Entered::Yes => reread = false,
                    Entered::No => return Ok(Step::End(End::Stop(stop))),
                    Entered::MustBeSealed if !successor_seen => {
                        successor_seen = true;
                        self.scan.reread()?;
                    }
                    Entered::MustBeSealed => return Err(self.unsealed(stop)),
                },
            }
        }
    }

    fn unsealed(&self, stop: Stop) -> ReadError {
        let reason = match stop {
            Stop::Vacant => Damage::Unsealed,
            Stop::Damaged(damage) => damage,
        };
        self.corrupt(self.scan.offset(), reason)
    }

    pub(crate) fn corrupt(&self, offset: u64, reason: Damage) -> ReadError {
        let sequence = self.last.sequence + 1;
        ReadError::Corrupt { path: self.scan.path().to_owned(), offset, sequence, reason }
    }

    /// Accounts for the record just found and checks what it claims about those before it.
    fn pass(&mut self) -> Result<(), ReadError> {
        let view = self.scan.current();
        let (kind, sequence, time_ns) = (view.kind, view.sequence, view.time_ns);
        if let Err(reason) = entry::decode(&view).and_then(|own| self.check(own)) {
            let (path, offset) = (self.scan.path().to_owned(), self.scan.current_offset());
            return Err(ReadError::Corrupt { path, offset, sequence, reason });
        }
        self.counts.records += 1;
        if let Kind::Command(_) = kind {
            self.counts.commands += 1;
        }
        self.sealed = kind == Kind::Seal;
        self.last = Last { sequence, time_ns, kind: Some(kind) };
        Ok(())
    }

    fn check(&mut self, own: Option<Own>) -> Result<(), Damage> {
        match own {
            None => Ok(()),
            Some(Own::Seal { chain: stored } | Own::Close(Close { chain: stored, .. })) => {
                if self.is_unchained {
                    return Ok(());
                }
                self.take_until(self.scan.current_offset());
                let computed = self.integrity.chain();
                if computed != stored {
                    return Err(Damage::Chain { stored, computed });
                }
                self.counts.chained_to = self.last.sequence;
                Ok(())
            }
            Some(Own::Checkpoint(checkpoint)) => self.check_checkpoint(&checkpoint),
            Some(Own::Void { sequence }) => self.check_void(sequence),
        }
    }

    fn check_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Damage> {
        self.take_until(self.scan.current_offset());
        let about = checkpoint.about;
        let due = about.is_multiple_of(CHECKPOINT_COMMANDS);
        if !due || about == 0 || about > self.last.sequence {
            return Err(Damage::CheckpointAbout { about });
        }
        self.counts.checkpoints += 1;
        let Some(index) = self.marks.iter().position(|mark| mark.about == about) else {
            self.counts.checkpoints_unchecked += 1;
            return Ok(());
        };
        let mark = self.marks.remove(index).expect("the index was just found");
        if mark.chain != checkpoint.chain {
            return Err(Damage::Chain { stored: checkpoint.chain, computed: mark.chain });
        }
        self.counts.chained_to = self.counts.chained_to.max(about);
        match mark.merkle_root {
            None => {
                self.counts.checkpoints_unchecked += 1;
                Ok(())
            }
            Some(computed) if computed == checkpoint.merkle_root => Ok(()),
            Some(computed) => Err(Damage::MerkleRoot { stored: checkpoint.merkle_root, computed }),
        }
    }

    fn check_void(&mut self, voided: u64) -> Result<(), Damage> {
        if self.last.sequence != self.last_before {
            return Err(Damage::VoidPlace);
        }
        if !(1..=self.last.sequence).contains(&voided) {
            return Err(Damage::VoidOf { voided });
        }
        self.voids.insert(voided);
        Ok(())
    }

    /// Gives the records up to `offset` to chain and interval.
    fn take_until(&mut self, offset: u64) {
        if self.sealed || self.is_unchained {
            return; // A seal is not part of the chain, and nothing follows it.
        }
        let marks = &mut self.marks;
        self.integrity.advance(self.scan.between(self.taken, offset), |mark| {
            if marks.len() == MARKS_OPEN_MAX {
                marks.pop_front();
            }
            marks.push_back(mark);
        });
        self.taken = offset;
    }

    /// Behind a seal: goes on in the next segment, if one has begun. It is in the directory before
    /// the seal is written and gets its name in one step, so it is there under one of the two.
    fn enter_next(&mut self) -> Result<Entered, ReadError> {
        if let Some(next) = self.listed.pop_front() {
            return self.enter(next);
        }
        if let Some(next) = self.named_successor()? {
            return self.enter(next);
        }
        if let Entered::Yes = self.enter_ready()? {
            return Ok(Entered::Yes);
        }
        if directory::ready_path(&self.directory, self.scan.header().epoch + 1).exists() {
            return Ok(Entered::No);
        }
        match self.named_successor()? {
            Some(next) => self.enter(next),
            None => Err(self.corrupt(self.scan.offset(), Damage::SuccessorMissing)),
        }
    }

    /// At the end of a segment without a seal: legal at the end of the journal, or when the
    /// writer has gone on in a segment that has no name yet.
    fn leave_unsealed(&mut self, stop: &Stop) -> Result<Entered, ReadError> {
        if !self.listed.is_empty() || self.named_successor()?.is_some() {
            return Ok(Entered::MustBeSealed);
        }
        match stop {
            Stop::Damaged(_) if self.is_unchained => {
                self.chain_up()?;
                self.leave_unsealed(stop)
            }
            Stop::Vacant => self.enter_ready(),
            Stop::Damaged(_) if self.is_torn_seal() => self.enter_ready(),
            Stop::Damaged(_) => Ok(Entered::No),
        }
    }

    /// What the scan has stopped at is a half of the very seal that belongs there.
    fn is_torn_seal(&mut self) -> bool {
        let chain = self.chain();
        let head =
            syncer::seal_head(self.scan.header().epoch, self.last.sequence, self.last.time_ns);
        let seal = record::encode(&head, &chain);
        torn::is_seal(self.scan.ahead(seal.len()), &seal, self.scan.offset())
    }

    /// The named segment behind this one, if it has appeared since the listing.
    fn named_successor(&self) -> Result<Option<SegmentFile>, ReadError> {
        let path = directory::segment_path(&self.directory, self.last.sequence + 1);
        if self.last.sequence == self.last_before || !path.exists() {
            return Ok(None);
        }
        directory::read_segment(path, self.last.sequence + 1).map(Some)
    }

    fn enter(&mut self, next: SegmentFile) -> Result<Entered, ReadError> {
        let (found, expected) = (next.header.epoch, self.scan.header().epoch + 1);
        if found != expected {
            return Err(ReadError::Missing { path: next.path, found, expected });
        }
        let chain = if self.is_unchained { next.begun.chain } else { self.integrity.chain() };
        check_link(&next.path, &next.begun, self.last.sequence, chain)?;
        read_voids(&next, &mut self.voids)?;
        let scan = Scan::open(&next.path, next.header)?;
        self.switch(scan, chain);
        Ok(Entered::Yes)
    }

    /// Goes on in the segment that is ready under its temporary name, if it holds the next record.
    fn enter_ready(&mut self) -> Result<Entered, ReadError> {
        let Some(chain) = self.chain_for_ready()? else { return Ok(Entered::No) };
        let before = self.position();
        let Some(mut scan) = self.open_ready(chain)? else { return Ok(Entered::No) };
        scan.refill()?;
        let ScanStep::Record = scan.step(self.last.sequence) else { return Ok(Entered::No) };
        let (path, header) = (scan.path().to_owned(), *scan.header());
        if let Link::Begun(begun) = header.link {
            check_link(&path, &begun, self.last.sequence, chain)?;
        }
        scan.rewind();
        self.adoptions.push(Adoption { before, path, header, chain, last: self.last });
        self.switch(scan, chain);
        Ok(Entered::Yes)
    }

    /// What a next segment without a name has to be linked to. None: nothing has begun in one.
    fn chain_for_ready(&mut self) -> Result<Option<[u8; 32]>, ReadError> {
        if self.is_unchained {
            let path = directory::ready_path(&self.directory, self.scan.header().epoch + 1);
            match self.open_ready([0; 32])? {
                None if !path.exists() => return Ok(None),
                // Half of a header can only be told from damage by the chain.
                None => {}
                Some(mut scan) => {
                    scan.refill_little()?;
                    if let ScanStep::Stop(Stop::Vacant) = scan.step(self.last.sequence) {
                        return Ok(None);
                    }
                    if let Link::Begun(begun) = scan.header().link {
                        return Ok(Some(begun.chain));
                    }
                }
            }
            self.chain_up()?;
        }
        Ok(Some(self.chain()))
    }

    /// The next segment under its temporary name, if it is whole and of this journal. `chain` is
    /// what it was being linked to, if that was cut short.
    pub(crate) fn open_ready(&self, chain: [u8; 32]) -> Result<Option<Scan>, ReadError> {
        let here = self.scan.header();
        let path = directory::ready_path(&self.directory, here.epoch + 1);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(directory::io_error("open", &path, error)),
        };
        let begun = Begun { last_sequence: self.last.sequence, chain };
        let Some(header) = directory::read_ready_header(&file, &path, begun)? else {
            return Ok(None); // Still being made.
        };
        if header.identity != here.identity || header.epoch != here.epoch + 1 {
            return Ok(None);
        }
        let scan = Scan::of(&path, file, header);
        Ok((scan.file_bytes()? == header.segment_bytes).then_some(scan))
    }

    fn switch(&mut self, scan: Scan, chain: [u8; 32]) {
        self.integrity.next_segment(&chain);
        self.is_unchained = false;
        self.taken = scan.offset();
        self.scan = scan;
        self.sealed = false;
        self.last_before = self.last.sequence;
        self.counts.segments += 1;
    }
}

enum Entered {
    Yes,
    No,
    MustBeSealed,
}

fn check_link(
    path: &Path,
    begun: &Begun,
    last_sequence: u64,
    chain: [u8; 32],
) -> Result<(), ReadError> {
    let path = path.to_owned();
    let (found, expected) = (begun.last_sequence, last_sequence);
    if found != expected {
        return Err(ReadError::LinkSequence { path, found, expected });
    }
    match begun.chain == chain {
        true => Ok(()),
        false => Err(ReadError::LinkChain { path, found: begun.chain, expected: chain }),
    }
}

/// Voids stand before the first command of their segment, so that they are known before replay
/// reaches what they void.
pub(crate) fn read_voids(
    segment: &SegmentFile,
    voids: &mut BTreeSet<u64>,
) -> Result<(), ReadError> {
    let mut scan = Scan::open(&segment.path, segment.header)?;
    scan.refill_little()?;
    loop {
        match scan.step(segment.begun.last_sequence) {
            ScanStep::Starved => scan.refill()?,
            ScanStep::Stop(_) => return Ok(()),
            ScanStep::Record => {
                let view = scan.current();
                match view.kind {
                    Kind::Command(_) | Kind::Seal => return Ok(()),
                    Kind::Void => voids.extend(entry::decode_void(view.payload).ok()),
                    Kind::Checkpoint | Kind::Close => {}
                }
            }
        }
    }
}
