//! The one hand that appends. In `append` no allocation, no lock and no system call; the rare
//! exceptions are waiting for a segment that is not ready, and waking a syncer that is parked.
//! It must not sync or hash. In: kind, sequence, time, payload. Out: `Positions`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};

use crossbeam::queue::ArrayQueue;

use crate::entry::{Checkpoint, Close, ENTRY_VERSION, RESERVE_BYTES};
use crate::error::{AppendError, CloseError};
use crate::header::SEGMENT_HEADER_BYTES;
use crate::integrity::{CHECKPOINT_COMMANDS, Mark};
use crate::lock::Lock;
use crate::positions::{Failure, Positions};
use crate::preparer::{Preparer, SegmentParts};
use crate::record::{COMMAND_KINDS, Head, Kind, PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, padded};
use crate::segment::Tip;
use crate::storage::{Storage, StorageError};
use crate::syncer::Syncer;
use crate::turns::Running;

/// Marks that wait for their checkpoint; one more and the oldest is lost.
pub const MARKS_MAX: usize = 64;

/// Segments ahead of the syncer: the one in `rolled`, one that the writer waits to roll, the one
/// it goes on in, and one that is ready.
const SEGMENTS_AHEAD_MAX: usize = 4;

/// What the threads of one open journal share.
pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) positions: Arc<Positions>,
    /// Preparer to writer: the right to append to the next segment.
    pub(crate) ready: ArrayQueue<Tip>,
    /// Preparer to syncer: the same segments, as files.
    pub(crate) prepared: ArrayQueue<SegmentParts>,
    /// Writer to syncer: segments it has left.
    pub(crate) rolled: ArrayQueue<Rolled>,
    pub(crate) marks: ArrayQueue<Mark>,
    pub(crate) stop: AtomicBool,
    /// The syncer is parked, or about to.
    pub(crate) parked: AtomicBool,
}

/// A segment that the writer has left, with the last command in or before it.
pub(crate) struct Rolled {
    pub(crate) tip: Tip,
    pub(crate) sequence: u64,
    pub(crate) time_ns: u64,
}

impl Shared {
    pub(crate) fn new(directory: PathBuf, storage: Storage, positions: Arc<Positions>) -> Shared {
        Shared {
            directory,
            storage,
            positions,
            ready: ArrayQueue::new(1),
            prepared: ArrayQueue::new(SEGMENTS_AHEAD_MAX),
            rolled: ArrayQueue::new(1),
            marks: ArrayQueue::new(MARKS_MAX),
            stop: AtomicBool::new(false),
            parked: AtomicBool::new(false),
        }
    }
}

/// Whether an append has to look for a parked syncer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publish {
    /// The syncer looks by itself.
    Plain,
    Waking,
}

/// Appends records. Dropped without `close`, it leaves the journal as a crash would.
pub struct Writer {
    tip: Tip,
    epoch: u32,
    sequence: u64,
    time_ns: u64,
    publish: Publish,
    payload_bytes_max: usize,
    shared: Arc<Shared>,
    syncer_thread: Thread,
    preparer_thread: Thread,
    syncer: Option<Running<Option<Syncer>>>,
    preparer: Option<Running<Option<()>>>,
    _lock: Lock,
}

/// Where the writer goes on.
pub(crate) struct Start {
    pub(crate) tip: Tip,
    pub(crate) sequence: u64,
    pub(crate) time_ns: u64,
    pub(crate) publish: Publish,
    pub(crate) segment_bytes: u64,
}

impl Writer {
    pub(crate) fn start(
        start: Start,
        shared: Arc<Shared>,
        syncer: Syncer,
        preparer: Preparer,
        lock: Lock,
    ) -> std::io::Result<Writer> {
        let syncer = spawn("journal-syncer", &shared, move || syncer.run())?;
        let preparer = match spawn("journal-preparer", &shared, move || preparer.run()) {
            Ok(handle) => handle,
            Err(error) => {
                shared.stop.store(true, Ordering::SeqCst);
                syncer.thread().unpark();
                return Err(error);
            }
        };
        Ok(Writer {
            epoch: start.tip.mapping().epoch(),
            tip: start.tip,
            sequence: start.sequence,
            time_ns: start.time_ns,
            publish: start.publish,
            payload_bytes_max: payload_bytes_max(start.segment_bytes),
            shared,
            syncer_thread: syncer.thread().clone(),
            preparer_thread: preparer.thread().clone(),
            syncer: Some(syncer),
            preparer: Some(preparer),
            _lock: lock,
        })
    }

    /// Appends one command. `sequence` is the last one plus 1. When this returns, the record is
    /// in the mapped page; whether it may be acknowledged, `Positions::reached` says.
    #[inline]
    pub fn append(
        &mut self,
        kind: u8,
        version: u8,
        sequence: u64,
        time_ns: u64,
        payload: &[u8],
    ) -> Result<(), AppendError> {
        self.append_parts(kind, version, sequence, time_ns, &[payload])
    }

    /// Appends one command whose payload is `parts`, one behind the other.
    #[inline]
    pub fn append_parts(
        &mut self,
        kind: u8,
        version: u8,
        sequence: u64,
        time_ns: u64,
        parts: &[&[u8]],
    ) -> Result<(), AppendError> {
        if !COMMAND_KINDS.contains(&kind) {
            return Err(AppendError::Kind { kind });
        }
        if sequence != self.sequence + 1 {
            return Err(AppendError::Sequence { found: sequence, expected: self.sequence + 1 });
        }
        self.put(Kind::Command(kind), version, sequence, time_ns, parts)?;
        self.sequence = sequence;
        self.time_ns = time_ns;
        self.publish();
        Ok(())
    }

    /// Appends a checkpoint about an earlier command. `chain` and `merkle_root` come from the
    /// `Mark` about the same command.
    pub fn append_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), AppendError> {
        let (about, last) = (checkpoint.about, self.sequence);
        if about == 0 || !about.is_multiple_of(CHECKPOINT_COMMANDS) || about > last {
            return Err(AppendError::CheckpointAbout { about, last });
        }
        let payload = checkpoint.encode();
        self.put(Kind::Checkpoint, ENTRY_VERSION, last, self.time_ns, &[&payload])?;
        self.publish();
        Ok(())
    }

    /// The oldest mark that waits for its checkpoint. At most `MARKS_MAX` wait.
    pub fn next_mark(&self) -> Option<Mark> {
        self.shared.marks.pop()
    }

    /// Sequence of the last command appended.
    pub fn last_sequence(&self) -> u64 {
        self.sequence
    }

    pub fn positions(&self) -> Arc<Positions> {
        Arc::clone(&self.shared.positions)
    }

    /// Ends the journal cleanly: syncs everything, then appends and syncs the close record, which
    /// carries the caller's digests of state and events, and lets go of the lock.
    pub fn close(mut self, state: [u8; 32], events: [u8; 32]) -> Result<(), CloseError> {
        let mut syncer = match self.stop() {
            Some(syncer) if !self.shared.positions.has_failed() => syncer,
            Some(_) | None => return Err(CloseError::Failed(self.failure())),
        };
        let close = Close { state, events, chain: syncer.chain() };
        let head = Head {
            kind: Kind::Close,
            version: ENTRY_VERSION,
            epoch: self.epoch,
            sequence: self.sequence,
            time_ns: self.time_ns,
            durable: self.sequence,
        };
        self.tip.append(&head, &[&close.encode()]);
        syncer.sync_rest()?;
        while let Some(unused) = self.shared.prepared.pop() {
            self.shared.storage.remove(&unused.path)?;
        }
        Ok(())
    }

    #[inline]
    fn put(
        &mut self,
        kind: Kind,
        version: u8,
        sequence: u64,
        time_ns: u64,
        parts: &[&[u8]],
    ) -> Result<(), AppendError> {
        let positions = &self.shared.positions;
        if positions.has_failed() {
            return Err(AppendError::Failed(self.failure()));
        }
        let durable = positions.durable();
        let payload: usize = parts.iter().map(|part| part.len()).sum();
        if payload > self.payload_bytes_max {
            let bytes_max = self.payload_bytes_max;
            return Err(AppendError::PayloadBytes { bytes: payload, bytes_max });
        }
        if padded(RECORD_HEADER_BYTES + payload) + RESERVE_BYTES > self.tip.room() {
            self.roll()?;
        }
        let epoch = self.epoch;
        let head = Head { kind, version, epoch, sequence, time_ns, durable };
        self.tip.append(&head, parts);
        Ok(())
    }

    #[inline]
    fn publish(&self) {
        let positions = &self.shared.positions;
        match self.publish {
            Publish::Plain => positions.publish_journaled(self.sequence, Ordering::Release),
            // SeqCst on both, as on the syncer's side: `Syncer::park` says why.
            Publish::Waking => {
                positions.publish_journaled(self.sequence, Ordering::SeqCst);
                if self.shared.parked.load(Ordering::SeqCst) {
                    self.wake_syncer();
                }
            }
        }
    }

    #[cold]
    fn wake_syncer(&self) {
        self.shared.parked.store(false, Ordering::SeqCst);
        self.syncer_thread.unpark();
    }

    /// Leaves the full segment to the syncer and goes on in the one that is ready.
    #[cold]
    fn roll(&mut self) -> Result<(), AppendError> {
        let next = self.wait_for(|shared| shared.ready.pop())?;
        let left = std::mem::replace(&mut self.tip, next);
        self.epoch = self.tip.mapping().epoch();
        let mut rolled = Some(Rolled { tip: left, sequence: self.sequence, time_ns: self.time_ns });
        self.wait_for(|shared| {
            let pushed = shared.rolled.push(rolled.take()?);
            rolled = pushed.err();
            rolled.is_none().then_some(())
        })
    }

    /// Tries until it succeeds; counts one wait if that was not at once. Here the writer is
    /// late already, so it may make system calls.
    fn wait_for<T>(&self, mut attempt: impl FnMut(&Shared) -> Option<T>) -> Result<T, AppendError> {
        let mut waited = false;
        loop {
            if let Some(done) = attempt(&self.shared) {
                return Ok(done);
            }
            if self.shared.positions.has_failed() {
                return Err(AppendError::Failed(self.failure()));
            }
            if !std::mem::replace(&mut waited, true) {
                self.shared.positions.count_segment_wait();
            }
            self.preparer_thread.unpark();
            self.syncer_thread.unpark();
            self.shared.storage.rest(thread::yield_now);
        }
    }

    #[cold]
    fn failure(&self) -> Failure {
        self.shared
            .positions
            .failed()
            .cloned()
            .unwrap_or_else(|| Failure { message: "a thread of the journal has ended".to_owned() })
    }

    /// Ends both threads; the syncer has worked off everything, or the journal has failed.
    fn stop(&mut self) -> Option<Syncer> {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.preparer_thread.unpark();
        self.syncer_thread.unpark();
        if let Some(handle) = self.preparer.take() {
            handle.join().expect("panics of the preparer are caught within");
        }
        let handle = self.syncer.take()?;
        handle.join().expect("panics of the syncer are caught within")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Bytes of the longest payload that a segment of this size can hold beside its reserve.
fn payload_bytes_max(segment_bytes: u64) -> usize {
    let room = segment_bytes as usize - SEGMENT_HEADER_BYTES - RESERVE_BYTES;
    PAYLOAD_BYTES_MAX.min(room - RECORD_HEADER_BYTES)
}

/// A thread whose error or panic is the failure of the journal.
fn spawn<T: Send + 'static>(
    name: &'static str,
    shared: &Arc<Shared>,
    run: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> std::io::Result<Running<Option<T>>> {
    let positions = Arc::clone(&shared.positions);
    shared.storage.spawn(name, move || {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => positions.fail(error.to_string()),
            Err(panic) => positions.fail(format!("{name} panicked: {}", text_of(&*panic))),
        }
        None
    })
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
