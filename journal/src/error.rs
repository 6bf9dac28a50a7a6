//! What can go wrong with a journal, one enum per operation; fields are the evidence.
//! It must not decide anything. In: what was found where. Out: one precise line for an operator.

use std::io;
use std::path::PathBuf;

use crate::header::HeaderDamage;
use crate::options::OptionsError;
use crate::positions::Failure;
use crate::storage::StorageError;

/// Why the bytes at an offset are not the record that belongs there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("commit word {word:#010x} is not one")]
    CommitWord { word: u32 },
    #[error("checksum {computed:#010x}, stored {stored:#010x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("the padding is not zero")]
    Padding,
    #[error("segment epoch {found}, expected {expected}")]
    Epoch { found: u32, expected: u32 },
    #[error("flags are set that this version does not know")]
    Flags,
    #[error("kind {kind:#04x} is reserved")]
    Kind { kind: u8 },
    #[error("payload of {found} bytes, expected {expected}")]
    PayloadBytes { found: usize, expected: usize },
    #[error("sequence {found}, expected {expected}")]
    Sequence { found: u64, expected: u64 },
    #[error("claims that sequence {durable} was durable before it was written")]
    Durable { durable: u64 },
    #[error("the file has {found} bytes of {expected}")]
    FileEnds { found: u64, expected: u64 },
    #[error("commit word is zero, yet sequence {later_sequence} at {later_offset} came after it")]
    CommitWordLost { later_offset: u64, later_sequence: u64 },
    #[error("the records up to sequence {found}, which begins the next segment, are missing")]
    RecordsMissing { found: u64 },
    #[error("the segment has no seal, yet the next one has begun")]
    Unsealed,
    #[error("the segment is sealed, yet the next one is missing")]
    SuccessorMissing,
    #[error("chain value {}, stored {}", hex(computed), hex(stored))]
    Chain { stored: [u8; 32], computed: [u8; 32] },
    #[error("Merkle root {}, stored {}", hex(computed), hex(stored))]
    MerkleRoot { stored: [u8; 32], computed: [u8; 32] },
    #[error("a checkpoint about sequence {about}, which none can be about")]
    CheckpointAbout { about: u64 },
    #[error("voids sequence {voided}, which is no earlier command")]
    VoidOf { voided: u64 },
    #[error("a void that does not stand at the beginning of its segment")]
    VoidPlace,
}

/// A journal cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{operation} {}: {source}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("{}: no journal here", path.display())]
    NotAJournal { path: PathBuf },
    #[error("segment {}: {reason}", path.display())]
    Header { path: PathBuf, reason: HeaderDamage },
    #[error("segment {}: its header says base sequence {base}", path.display())]
    Name { path: PathBuf, base: u64 },
    #[error(
        "segment {}: belongs to journal {}, not to {}",
        path.display(), hex(found), hex(expected)
    )]
    Foreign { path: PathBuf, found: [u8; 16], expected: [u8; 16] },
    #[error(
        "segment {}: epoch {found} where {expected} is due; a segment is missing or misplaced",
        path.display()
    )]
    Missing { path: PathBuf, found: u32, expected: u32 },
    #[error(
        "segment {}: linked to sequence {found}, the segment before ends with {expected}",
        path.display()
    )]
    LinkSequence { path: PathBuf, found: u64, expected: u64 },
    #[error(
        "segment {}: linked to chain value {}, the segment before ends with {}",
        path.display(), hex(found), hex(expected)
    )]
    LinkChain { path: PathBuf, found: [u8; 32], expected: [u8; 32] },
    #[error("sequence {asked} is asked for, the journal begins with {first}")]
    Pruned { asked: u64, first: u64 },
    #[error("segment {} byte {offset}, sequence {sequence}: {reason}", path.display())]
    Corrupt { path: PathBuf, offset: u64, sequence: u64, reason: Damage },
}

/// A journal cannot be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError<E> {
    #[error("the journal {} is in use by {}", path.display(), holder(*pid))]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error("cannot lock {}: {source}", path.display())]
    Lock { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot start a thread of the journal: {0}")]
    Thread(io::Error),
    #[error("cannot draw an identity or read the boot id: {0}")]
    Chance(io::Error),
    #[error("sequence {sequence} is not a command of this journal")]
    NoSuchCommand { sequence: u64 },
    #[error("the visitor refused sequence {sequence}: {source}")]
    Visit { sequence: u64, source: E },
}

/// A record was not appended; nothing of it is in the journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("the journal has failed: {0}")]
    Failed(Failure),
    #[error("kind {kind:#04x} is the journal's own")]
    Kind { kind: u8 },
    #[error("sequence {found}, expected {expected}")]
    Sequence { found: u64, expected: u64 },
    #[error("payload of {bytes} bytes, this journal takes {bytes_max}")]
    PayloadBytes { bytes: usize, bytes_max: usize },
    #[error("a checkpoint about sequence {about} while the last command is {last}")]
    CheckpointAbout { about: u64, last: u64 },
}

/// The close record is not on disk; the next open treats the journal as not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    #[error("the journal has failed: {0}")]
    Failed(Failure),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "a process that no LOCK file names any more".to_owned(),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
