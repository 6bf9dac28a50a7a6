//! Group commit: syncs what the writer has appended, publishes how far, then chains it.
//! It must not append commands. In: committed bytes of the mapped segment, segments the writer
//! has left. Out: the durable sequence, marks for checkpoints, sealed and named segments.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::directory;
use crate::entry::ENTRY_VERSION;
use crate::header::{Begun, Link, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::integrity::{Integrity, Mark};
use crate::options::{Durability, Wake};
use crate::preparer::SegmentParts;
use crate::record::{Head, Kind};
use crate::storage::StorageError;
use crate::writer::{Rolled, Shared};

/// Idle rounds of a durable syncer before it yields, and before it parks or naps.
const SPINS: u32 = 200;
const YIELDS: u32 = 50;
const NAP: Duration = Duration::from_micros(50);

pub(crate) struct Syncer {
    shared: Arc<Shared>,
    durability: Durability,
    wake: Wake,
    sync_interval: Duration,
    segment: SegmentParts,
    /// Offset up to which the segment is on disk.
    synced: u64,
    /// Offset up to which the segment is in `integrity`.
    chained: u64,
    integrity: Integrity,
}

enum Round {
    Busy,
    Idle,
}

impl Syncer {
    /// `segment` is on disk up to what it has committed, and `integrity` has taken all of that.
    pub(crate) fn new(
        shared: Arc<Shared>,
        (durability, wake, sync_interval): (Durability, Wake, Duration),
        segment: SegmentParts,
        integrity: Integrity,
    ) -> Syncer {
        let at = segment.mapping.committed();
        Syncer {
            shared,
            durability,
            wake,
            sync_interval,
            segment,
            synced: at,
            chained: at,
            integrity,
        }
    }

    /// Works until it is told to stop and nothing is left, or until another thread of the journal
    /// has failed; then it gives itself back.
    pub(crate) fn run(mut self) -> Result<Syncer, StorageError> {
        let mut idle_rounds = 0;
        loop {
            if self.shared.positions.has_failed() {
                return Ok(self);
            }
            let stopping = self.shared.stop.load(Ordering::Acquire);
            match self.round()? {
                Round::Busy => idle_rounds = 0,
                Round::Idle if stopping => return Ok(self),
                Round::Idle => idle_rounds += 1,
            }
            match self.durability {
                Durability::Journaled if !stopping => {
                    self.shared.storage.rest(|| std::thread::park_timeout(self.sync_interval));
                }
                Durability::Durable if idle_rounds > 0 => {
                    self.shared.storage.rest(|| self.rest(idle_rounds));
                }
                Durability::Journaled | Durability::Durable => {}
            }
        }
    }

    /// Chain value over everything in the segment so far.
    pub(crate) fn chain(&self) -> [u8; 32] {
        self.integrity.chain()
    }

    /// Syncs what was appended behind the syncer's last round; only once its thread has ended.
    pub(crate) fn sync_rest(&mut self) -> Result<(), StorageError> {
        self.sync_until(self.segment.mapping.committed())
    }

    /// One group commit, or the end of one segment.
    fn round(&mut self) -> Result<Round, StorageError> {
        // Read before `rolled` and `committed`: what they cover then includes this sequence.
        let sequence = self.shared.positions.journaled();
        if let Some(rolled) = self.shared.rolled.pop() {
            self.end_segment(rolled)?;
            return Ok(Round::Busy);
        }
        let committed = self.segment.mapping.committed();
        let nothing = committed == self.synced;
        self.sync_until(committed)?;
        // Bytes are committed before their sequence is published: the round before this one may
        // have synced the bytes of a sequence that it had not seen yet.
        if sequence > self.shared.positions.durable() {
            self.shared.positions.publish_durable(sequence);
        } else if nothing {
            return Ok(Round::Idle);
        }
        self.chain_until(committed);
        Ok(Round::Busy)
    }

    fn sync_until(&mut self, to: u64) -> Result<(), StorageError> {
        if to > self.synced {
            let SegmentParts { mapping, path, .. } = &self.segment;
            self.shared.storage.sync_range(mapping, path, self.synced, to)?;
            self.synced = to;
        }
        Ok(())
    }

    fn chain_until(&mut self, to: u64) {
        let records = self.segment.mapping.committed_bytes(self.chained);
        let records = &records[..(to - self.chained) as usize];
        let marks = &self.shared.marks;
        self.integrity.advance(records, |mark| offer(marks, mark));
        self.chained = to;
    }

    /// Syncs, seals and syncs the segment that the writer has left, and only then gives the next
    /// one its link and its name: a named successor proves that a segment is whole on disk.
    fn end_segment(&mut self, rolled: Rolled) -> Result<(), StorageError> {
        let Rolled { mut tip, sequence, time_ns } = rolled;
        assert!(Arc::ptr_eq(tip.mapping(), &self.segment.mapping), "segments end in order");
        let end = tip.at();
        self.sync_until(end)?;
        self.shared.positions.publish_durable(sequence);
        self.chain_until(end);
        let chain = self.integrity.chain();
        let epoch = tip.mapping().epoch();
        tip.append(&seal_head(epoch, sequence, time_ns), &[&chain]);
        self.sync_until(tip.at())?;
        let next = self.shared.prepared.pop();
        let next = next.expect("the writer has left for a segment that was prepared");
        self.segment = begin(&self.shared, next, Begun { last_sequence: sequence, chain })?;
        self.synced = SEGMENT_HEADER_BYTES as u64;
        self.chained = SEGMENT_HEADER_BYTES as u64;
        self.integrity.next_segment(&chain);
        Ok(())
    }

    fn rest(&self, idle_rounds: u32) {
        if idle_rounds < SPINS {
            std::hint::spin_loop();
        } else if idle_rounds < SPINS + YIELDS {
            std::thread::yield_now();
        } else {
            match self.wake {
                Wake::Never => std::thread::sleep(NAP),
                Wake::Unpark => self.park(),
            }
        }
    }

    /// Parks unless something has come in since. SeqCst on both sides: either the writer's load
    /// of `parked` comes after our store, or our load comes after its store of the sequence.
    fn park(&self) {
        self.shared.parked.store(true, Ordering::SeqCst);
        let sequence = self.shared.positions.journaled_in_order();
        let nothing = sequence == self.shared.positions.durable()
            && self.segment.mapping.committed() == self.synced
            && self.shared.rolled.is_empty()
            && !self.shared.positions.has_failed()
            && !self.shared.stop.load(Ordering::SeqCst);
        if nothing {
            std::thread::park();
        }
        self.shared.parked.store(false, Ordering::SeqCst);
    }
}

/// The head of a seal: nothing in it is left to chance, so it can be made again.
pub(crate) fn seal_head(epoch: u32, sequence: u64, time_ns: u64) -> Head {
    let version = ENTRY_VERSION;
    Head { kind: Kind::Seal, version, epoch, sequence, time_ns, durable: sequence }
}

/// Gives a prepared segment its link and its final name. The header goes through the file: a
/// process killed in the middle of a store to the map could leave half of it.
fn begin(shared: &Shared, ready: SegmentParts, begun: Begun) -> Result<SegmentParts, StorageError> {
    let header = SegmentHeader { link: Link::Begun(begun), ..ready.header };
    let path = directory::segment_path(&shared.directory, begun.base());
    let SegmentParts { file, mapping, .. } = ready;
    shared.storage.write(&file, &ready.path, 0, &header.encode())?;
    shared.storage.sync_file(&file, &ready.path)?;
    shared.storage.rename(&ready.path, &path)?;
    shared.storage.sync_directory(&shared.directory)?;
    Ok(SegmentParts { path, file, header, mapping })
}

/// Marks wait for their owner; when `MARKS_MAX` wait, the oldest goes and its checkpoint with it.
pub(crate) fn offer(marks: &crossbeam::queue::ArrayQueue<Mark>, mark: Mark) {
    if mark.merkle_root.is_some() && marks.force_push(mark).is_some() {
        tracing::warn!(about = mark.about, "checkpoint marks are not fetched; the oldest is lost");
    }
}
