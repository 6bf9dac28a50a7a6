//! What a caller chooses when a journal is opened, with the named limits of each choice.
//! It must not know how any of it is done. In: plain values. Out: the same, checked.

use std::sync::Arc;
use std::time::Duration;

use crate::entry::RESERVE_BYTES;
use crate::header::SEGMENT_HEADER_BYTES;
use crate::storage::Faults;

/// Smallest segment: the header page and one page of records.
pub const SEGMENT_BYTES_MIN: u64 = 2 * SEGMENT_HEADER_BYTES as u64;
/// Largest segment: 16 GiB.
pub const SEGMENT_BYTES_MAX: u64 = 16 << 30;
/// A segment is a whole number of pages.
pub const SEGMENT_BYTES_STEP: u64 = SEGMENT_HEADER_BYTES as u64;
const SEGMENT_BYTES_DEFAULT: u64 = 256 << 20;
const SYNC_INTERVAL_DEFAULT: Duration = Duration::from_millis(100);

const _: () = assert!(RESERVE_BYTES < SEGMENT_HEADER_BYTES);

/// What an acknowledgement waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The record is in the mapped page: survives the process.
    Journaled,
    /// A sync of its range has succeeded: survives power loss.
    Durable,
}

/// How the syncer learns in `Durability::Durable` that there is something to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// It parks when idle and the writer unparks it: one fence per append, a system call only
    /// when it is parked.
    Unpark,
    /// It polls: spins, yields, naps for 50 us. The writer never makes a system call.
    Never,
}

/// Replaces chance and the disk; only tests set these.
#[derive(Clone, Default)]
pub struct Seams {
    /// Identity of a journal that is created; random otherwise.
    pub identity: Option<[u8; 16]>,
    /// Boot id of the machine; the kernel's otherwise.
    pub boot_id: Option<[u8; 16]>,
    pub faults: Option<Arc<dyn Faults>>,
}

/// Called by the syncer after each advance of the durable sequence and on failure.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub struct Options {
    /// Bytes of a new segment; a multiple of `SEGMENT_BYTES_STEP`. Existing ones keep theirs.
    pub segment_bytes: u64,
    pub durability: Durability,
    /// Time between two syncs in `Durability::Journaled`.
    pub sync_interval: Duration,
    pub wake: Wake,
    /// Version of the rules that decide the commands; another one begins a new segment.
    pub rules_version: u32,
    /// The first command that `Journal::open` must show to its visitor; segments that lie wholly
    /// below are checked by their headers only. 0 and 1 mean everything.
    pub visit_from: u64,
    pub notify: Option<Notify>,
    pub seams: Seams,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            durability: Durability::Durable,
            sync_interval: SYNC_INTERVAL_DEFAULT,
            wake: Wake::Unpark,
            rules_version: 1,
            visit_from: 0,
            notify: None,
            seams: Seams::default(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("durability", &self.durability)
            .field("sync_interval", &self.sync_interval)
            .field("wake", &self.wake)
            .field("rules_version", &self.rules_version)
            .field("visit_from", &self.visit_from)
            .finish_non_exhaustive()
    }
}

/// A value that no journal can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    #[error(
        "segment_bytes {segment_bytes}: allowed are multiples of {SEGMENT_BYTES_STEP} \
         from {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}"
    )]
    SegmentBytes { segment_bytes: u64 },
    #[error("sync_interval is zero")]
    SyncInterval,
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        let segment_bytes = self.segment_bytes;
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&segment_bytes)
            || !segment_bytes.is_multiple_of(SEGMENT_BYTES_STEP)
        {
            return Err(OptionsError::SegmentBytes { segment_bytes });
        }
        if self.sync_interval.is_zero() {
            return Err(OptionsError::SyncInterval);
        }
        Ok(())
    }
}
