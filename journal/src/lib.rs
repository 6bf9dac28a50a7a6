//! The journal: an append-only sequence of records in mapped segment files, and nothing else.
//! It sees bytes with a kind, a sequence and a time; what they mean is none of its business.
//! In: `Journal::open` streams what is there and hands out the one `Writer`. Out: `Positions`
//! say how far records have reached memory and disk; `Reader`, `verify` read beside it.

#![deny(unsafe_code)]

// Bytes: what lies on disk and what makes it valid.
mod entry;
mod header;
mod record;

// Integrity: what proves that nothing was changed.
mod assembly;
mod chain;
mod integrity;
pub mod merkle;
mod merkle_builder;

// Files: the map, the disk, names, the lock.
mod directory;
mod landing;
mod lock;
mod segment;
mod storage;

// Reading: one segment, all segments, the verdict on the end.
mod scan;
mod tail;
mod torn;
mod walk;

// Running: one writer, its threads, what they publish.
mod options;
mod positions;
mod preparer;
mod syncer;
mod turns;
mod writer;

// Doors.
mod error;
mod prune;
mod quarantine;
mod reader;
mod recovery;
mod repair;
mod settle;
mod verify;

pub use assembly::{Files, assemble, end_behind};
pub use entry::{Checkpoint, Close};
pub use error::{AppendError, CloseError, Damage, OpenError, ReadError};
pub use header::{Begun, FORMAT_VERSION, HeaderDamage, Link};
pub use header::{SEGMENT_HEADER_BYTES, SegmentHeader};
pub use integrity::{CHECKPOINT_COMMANDS, Mark};
pub use lock::writer;
pub use options::{Durability, Notify, Options, OptionsError, Seams, Wake};
pub use options::{SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_BYTES_STEP};
pub use positions::{Failure, Positions};
pub use prune::{Prunable, prunable, prune};
pub use quarantine::{quarantine, quarantine_with};
pub use reader::{Reader, Records};
pub use record::{COMMAND_KINDS, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX, RECORD_HEADER_BYTES};
pub use record::{Kind, RecordView, decode_alone};
pub use recovery::{CutTail, Journal, Opened};
pub use settle::settle;
pub use storage::{Faults, Operation, Storage, StorageError};
pub use turns::{Running, Turn};
pub use verify::{Report, verify, verify_reader};
pub use writer::{MARKS_MAX, Writer};
