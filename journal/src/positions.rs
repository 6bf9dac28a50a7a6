//! How far records have reached memory and disk, and whether the journal has failed: the one
//! place other threads look. It must not know who waits for what.
//! In: the writer and the syncer publish. Out: sequences, a failure, a blocking wait.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use crossbeam::utils::CachePadded;

use crate::options::{Durability, Notify};
use crate::storage::Storage;

/// Of the room on the disk.
const UNKNOWN: u64 = u64::MAX;

/// Why the journal acknowledges nothing any more. It never recovers: the next open decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Shared, lock-free to read. Sequences only grow; after a failure `durable` stands still.
pub struct Positions {
    durability: Durability,
    journaled: CachePadded<AtomicU64>,
    reached_disk: CachePadded<Disk>,
    waits: CachePadded<AtomicU64>,
    nearly_full: CachePadded<AtomicBool>,
    /// `UNKNOWN` until somebody has looked.
    free_bytes: AtomicU64,
    failure: OnceLock<Failure>,
    waiting: Mutex<usize>,
    advanced: Condvar,
    notify: Option<Notify>,
    storage: Storage,
}

/// What the syncer writes and the writer reads with every record: one cache line.
struct Disk {
    durable: AtomicU64,
    failed: AtomicBool,
}

impl Positions {
    pub(crate) fn new(
        last: u64,
        durability: Durability,
        notify: Option<Notify>,
        storage: Storage,
    ) -> Positions {
        Positions {
            durability,
            journaled: CachePadded::new(AtomicU64::new(last)),
            reached_disk: CachePadded::new(Disk {
                durable: AtomicU64::new(last),
                failed: AtomicBool::new(false),
            }),
            waits: CachePadded::new(AtomicU64::new(0)),
            nearly_full: CachePadded::new(AtomicBool::new(false)),
            free_bytes: AtomicU64::new(UNKNOWN),
            failure: OnceLock::new(),
            waiting: Mutex::new(0),
            advanced: Condvar::new(),
            notify,
            storage,
        }
    }

    /// Sequence of the last command whose record is in the mapped page.
    #[inline]
    pub fn journaled(&self) -> u64 {
        self.journaled.load(Ordering::Acquire)
    }

    /// Sequence of the last command that a successful sync has covered.
    #[inline]
    pub fn durable(&self) -> u64 {
        self.reached_disk.durable.load(Ordering::Acquire)
    }

    /// The last command that may be acknowledged in the mode the journal was opened with.
    /// Check `failed` before acting on it in `Durability::Journaled`.
    #[inline]
    pub fn reached(&self) -> u64 {
        match self.durability {
            Durability::Journaled => self.journaled(),
            Durability::Durable => self.durable(),
        }
    }

    #[inline]
    pub fn has_failed(&self) -> bool {
        self.reached_disk.failed.load(Ordering::Acquire)
    }

    /// Why nothing may be acknowledged any more.
    pub fn failed(&self) -> Option<&Failure> {
        self.failure.get()
    }

    /// How often the writer had to wait for a segment to be ready.
    pub fn segment_waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// The disk has no room for another segment; the ones already made are what is left to
    /// append to. It ends when room is made.
    #[inline]
    pub fn is_nearly_full(&self) -> bool {
        self.nearly_full.load(Ordering::Relaxed)
    }

    /// What is left on the disk, as of the last look at it; None: the disk does not say.
    pub fn disk_free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes.load(Ordering::Relaxed)).filter(|&bytes| bytes != UNKNOWN)
    }

    /// Blocks until `durable` has reached `sequence`, or the journal has failed.
    pub fn wait_durable(&self, sequence: u64) -> Result<(), Failure> {
        let is_due = || self.durable() < sequence && self.failed().is_none();
        while is_due() {
            self.storage.rest(|| {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                *waiting += 1;
                while is_due() {
                    waiting = self.advanced.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
                *waiting -= 1;
            });
        }
        match self.failed() {
            Some(failure) if self.durable() < sequence => Err(failure.clone()),
            Some(_) | None => Ok(()),
        }
    }

    #[inline]
    pub(crate) fn publish_journaled(&self, sequence: u64, order: Ordering) {
        self.journaled.store(sequence, order);
    }

    /// `journaled`, in the one order of all SeqCst operations: `Syncer::park` says why.
    pub(crate) fn journaled_in_order(&self) -> u64 {
        self.journaled.load(Ordering::SeqCst)
    }

    pub(crate) fn publish_durable(&self, sequence: u64) {
        if self.has_failed() {
            return;
        }
        self.reached_disk.durable.store(sequence, Ordering::Release);
        self.tell();
    }

    /// The first failure stands; later ones are its consequences.
    pub(crate) fn fail(&self, message: String) {
        tracing::error!(%message, "the journal has failed, nothing is acknowledged any more");
        self.failure.get_or_init(|| Failure { message });
        self.reached_disk.failed.store(true, Ordering::Release);
        self.tell();
    }

    pub(crate) fn publish_free_bytes(&self, bytes: u64) {
        self.free_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn publish_nearly_full(&self, nearly_full: bool) {
        if self.nearly_full.swap(nearly_full, Ordering::Relaxed) == nearly_full {
            return;
        }
        match nearly_full {
            true => tracing::error!("the disk has no room for another segment of the journal"),
            false => tracing::info!("the disk has room for another segment of the journal again"),
        }
    }

    pub(crate) fn count_segment_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    /// Waiters hold the mutex from their check to their wait, so none misses this.
    fn tell(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if *waiting > 0 {
            self.advanced.notify_all();
        }
        drop(waiting);
        if let Some(notify) = &self.notify {
            notify();
        }
    }
}
