//! One record on disk: where its fields lie, how it is encoded, and what makes it valid.
//! It knows neither files nor the order of records; it must not know what a payload means.
//! In: a `Head` and payload parts become bytes. Out: bytes become a `RecordView` or `Damage`.

use std::ops::RangeInclusive;

use crate::error::Damage;

//  A record, little-endian, at an offset that is a multiple of 8:
//
//   0       4       8    9    10    12      16          24        32        40
//  +-------+-------+----+----+-----+-------+-----------+---------+---------+---------+-----+
//  |commit |crc32c |kind|ver.|flags| epoch | sequence  | time ns | durable | payload | pad |
//  +-------+-------+----+----+-----+-------+-----------+---------+---------+---------+-----+
//
//  commit   0xC5 in the top byte, below it the bytes from `commit` to the end of the payload.
//           Stored last, with Release: zero until the record is whole. The tag keeps any change
//           of a single byte from turning a committed record into one that never was.
//  crc32c   over everything behind it up to the end of the payload, seeded with commit and epoch.
//  flags    zero in this version.
//  epoch    of the segment: 1 for the first, one more for each next.
//  durable  the highest sequence known to be on disk when this record was written.
//  pad      zeros up to the next multiple of 8.
const COMMIT_AT: usize = 0;
const CRC_AT: usize = COMMIT_AT + 4;
const KIND_AT: usize = CRC_AT + 4;
const VERSION_AT: usize = KIND_AT + 1;
const FLAGS_AT: usize = VERSION_AT + 1;
const EPOCH_AT: usize = FLAGS_AT + 2;
const SEQUENCE_AT: usize = EPOCH_AT + 4;
const TIME_AT: usize = SEQUENCE_AT + 8;
const DURABLE_AT: usize = TIME_AT + 8;
const PAYLOAD_AT: usize = DURABLE_AT + 8;

/// Bytes of a record before its payload.
pub const RECORD_HEADER_BYTES: usize = 40;
/// Bytes of the longest record, header included.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the longest payload. Small segments may hold less.
pub const PAYLOAD_BYTES_MAX: usize = RECORD_BYTES_MAX - RECORD_HEADER_BYTES;
/// The kinds that belong to the caller. Each such record is one command: sequence plus one.
pub const COMMAND_KINDS: RangeInclusive<u8> = 0x01..=0xEF;

pub(crate) const RECORD_ALIGN: usize = 8;
const COMMIT_TAG: u32 = 0xC5 << 24;
const COMMIT_TAG_MASK: u32 = 0xFF << 24;

const _: () = assert!(PAYLOAD_AT == RECORD_HEADER_BYTES);
const _: () = assert!(RECORD_HEADER_BYTES.is_multiple_of(RECORD_ALIGN));
const _: () = assert!(SEQUENCE_AT.is_multiple_of(RECORD_ALIGN));
const _: () = assert!(RECORD_BYTES_MAX < 1 << 24);

/// What a record is. The numbers 0xF0 and above are the journal's own; 0xF4..=0xFF and 0x00 are
/// reserved and damage in this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A record of the caller, with the caller's number.
    Command(u8),
    /// 0xF0: the end of a segment; carries the chain value.
    Seal,
    /// 0xF1: digests about an earlier sequence.
    Checkpoint,
    /// 0xF2: a clean stop; carries the chain value and the caller's digests.
    Close,
    /// 0xF3: the quarantine of one command.
    Void,
}

impl Kind {
    pub(crate) fn from_byte(byte: u8) -> Option<Kind> {
        match byte {
            0x01..=0xEF => Some(Kind::Command(byte)),
            0xF0 => Some(Kind::Seal),
            0xF1 => Some(Kind::Checkpoint),
            0xF2 => Some(Kind::Close),
            0xF3 => Some(Kind::Void),
            0x00 | 0xF4..=0xFF => None,
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Kind::Command(byte) => byte,
            Kind::Seal => 0xF0,
            Kind::Checkpoint => 0xF1,
            Kind::Close => 0xF2,
            Kind::Void => 0xF3,
        }
    }
}

/// A valid record, borrowed from the buffer it was read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView<'a> {
    pub kind: Kind,
    /// The caller's version of the payload; 1 for the journal's own records.
    pub version: u8,
    /// A command: its own sequence. An own record: that of the last command before it.
    pub sequence: u64,
    pub time_ns: u64,
    /// Highest sequence known to be on disk when this record was written.
    pub durable: u64,
    pub payload: &'a [u8],
    /// The record as it lies on disk, padding included.
    pub bytes: &'a [u8],
    /// The command has been quarantined: replay counts its sequence and skips its effect.
    pub voided: bool,
}

/// The fields of a record header that its writer chooses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) version: u8,
    pub(crate) epoch: u32,
    pub(crate) sequence: u64,
    pub(crate) time_ns: u64,
    pub(crate) durable: u64,
}

/// The header bytes behind the checksum.
pub(crate) type HeadBytes = [u8; RECORD_HEADER_BYTES - KIND_AT];
pub(crate) const HEAD_BYTES_AT: usize = KIND_AT;
pub(crate) const CHECKSUM_AT: usize = CRC_AT;

impl Head {
    #[inline]
    pub(crate) fn encode(&self) -> HeadBytes {
        let mut bytes = [0; RECORD_HEADER_BYTES - KIND_AT];
        bytes[0] = self.kind.byte();
        bytes[VERSION_AT - KIND_AT] = self.version;
        bytes[EPOCH_AT - KIND_AT..][..4].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[SEQUENCE_AT - KIND_AT..][..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[TIME_AT - KIND_AT..][..8].copy_from_slice(&self.time_ns.to_le_bytes());
        bytes[DURABLE_AT - KIND_AT..][..8].copy_from_slice(&self.durable.to_le_bytes());
        bytes
    }
}

/// The commit word of a record of `bytes`, header included, padding not.
#[inline]
pub(crate) fn commit_word(bytes: usize) -> u32 {
    debug_assert!((RECORD_HEADER_BYTES..=RECORD_BYTES_MAX).contains(&bytes));
    COMMIT_TAG | bytes as u32
}

/// Bytes of a record on disk: up to the next multiple of 8.
#[inline]
pub(crate) fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(RECORD_ALIGN)
}

/// What the checksum starts from, so that a record of another length or segment never fits.
#[inline]
pub(crate) fn checksum_seed(commit: u32, epoch: u32) -> u32 {
    commit ^ epoch.swap_bytes()
}

/// The whole record as a vector: what tools and repairs write through a file, not the map.
pub(crate) fn encode(head: &Head, payload: &[u8]) -> Vec<u8> {
    let bytes = RECORD_HEADER_BYTES + payload.len();
    let commit = commit_word(bytes);
    let mut record = Vec::with_capacity(padded(bytes));
    record.extend_from_slice(&commit.to_le_bytes());
    record.extend_from_slice(&[0; 4]);
    record.extend_from_slice(&head.encode());
    record.extend_from_slice(payload);
    let crc = crc32c::crc32c_append(checksum_seed(commit, head.epoch), &record[KIND_AT..]);
    record[CRC_AT..][..4].copy_from_slice(&crc.to_le_bytes());
    record.resize(padded(bytes), 0);
    record
}

/// What lies at the start of `bytes`.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    /// The commit word is zero: nothing was ever finished here.
    Vacant,
    Record(RecordView<'a>),
    /// A record may be here, but `bytes` end before it does.
    Short,
    Damaged(Damage),
}

/// Reads the commit word: the padded bytes of the record, or why there is none.
fn decode_length(bytes: &[u8]) -> Result<Option<usize>, Damage> {
    let commit = u32_at(bytes, COMMIT_AT);
    if commit == 0 {
        return Ok(None);
    }
    let length = (commit & !COMMIT_TAG_MASK) as usize;
    if commit & COMMIT_TAG_MASK != COMMIT_TAG
        || !(RECORD_HEADER_BYTES..=RECORD_BYTES_MAX).contains(&length)
    {
        return Err(Damage::CommitWord { word: commit });
    }
    Ok(Some(length))
}

/// Checks everything a record says about itself: length, checksum, padding, kind, epoch.
/// Whether its sequence fits is for the reader of the whole segment to say.
pub(crate) fn decode(bytes: &[u8], epoch: u32) -> Slot<'_> {
    if bytes.len() < 4 {
        return Slot::Short;
    }
    let length = match decode_length(bytes) {
        Ok(None) => return Slot::Vacant,
        Ok(Some(length)) => length,
        Err(damage) => return Slot::Damaged(damage),
    };
    let Some(record) = bytes.get(..padded(length)) else { return Slot::Short };
    match decode_whole(record, length, epoch) {
        Ok(view) => Slot::Record(view),
        Err(damage) => Slot::Damaged(damage),
    }
}

fn decode_whole(record: &[u8], length: usize, epoch: u32) -> Result<RecordView<'_>, Damage> {
    let commit = u32_at(record, COMMIT_AT);
    let stored = u32_at(record, CRC_AT);
    let seed = checksum_seed(commit, epoch);
    let computed = crc32c::crc32c_append(seed, &record[KIND_AT..length]);
    if computed != stored {
        return Err(Damage::Checksum { stored, computed });
    }
    if record[length..].iter().any(|&byte| byte != 0) {
        return Err(Damage::Padding);
    }
    let found = u32_at(record, EPOCH_AT);
    if found != epoch {
        return Err(Damage::Epoch { found, expected: epoch });
    }
    if record[FLAGS_AT..][..2] != [0, 0] {
        return Err(Damage::Flags);
    }
    let kind_byte = record[KIND_AT];
    match Kind::from_byte(kind_byte) {
        Some(kind) => Ok(fields(record, length, kind)),
        None => Err(Damage::Kind { kind: kind_byte }),
    }
}

/// A record by itself, as a proof carries it: all that it says of itself is checked.
pub fn decode_alone(record: &[u8]) -> Result<RecordView<'_>, Damage> {
    let found = record.len();
    if found < RECORD_HEADER_BYTES {
        return Err(Damage::PayloadBytes { found: 0, expected: RECORD_HEADER_BYTES });
    }
    let Some(length) = decode_length(record)? else {
        return Err(Damage::CommitWord { word: 0 });
    };
    if padded(length) != found {
        return Err(Damage::PayloadBytes { found, expected: padded(length) });
    }
    decode_whole(record, length, u32_at(record, EPOCH_AT))
}

/// The record that `bytes`, already checked, hold.
pub(crate) fn view(record: &[u8]) -> RecordView<'_> {
    let length = (u32_at(record, COMMIT_AT) & !COMMIT_TAG_MASK) as usize;
    let kind = Kind::from_byte(record[KIND_AT]).expect("a checked record has a known kind");
    fields(record, length, kind)
}

fn fields(record: &[u8], length: usize, kind: Kind) -> RecordView<'_> {
    RecordView {
        kind,
        version: record[VERSION_AT],
        sequence: u64_at(record, SEQUENCE_AT),
        time_ns: u64_at(record, TIME_AT),
        durable: u64_at(record, DURABLE_AT),
        payload: &record[PAYLOAD_AT..length],
        bytes: record,
        voided: false,
    }
}

/// A cheap refusal for the search for later records: could a record of `epoch` begin here?
#[inline]
pub(crate) fn may_begin(bytes: &[u8], epoch: u32) -> bool {
    bytes.len() >= RECORD_HEADER_BYTES
        && u32_at(bytes, COMMIT_AT) & COMMIT_TAG_MASK == COMMIT_TAG
        && u32_at(bytes, EPOCH_AT) == epoch
}

/// The records in `bytes`, which hold whole, already checked records and nothing else:
/// yields kind, sequence and bytes on disk of each.
pub(crate) fn split(mut bytes: &[u8]) -> impl Iterator<Item = (Kind, u64, &[u8])> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let length = (u32_at(bytes, COMMIT_AT) & !COMMIT_TAG_MASK) as usize;
        let (record, rest) = bytes.split_at(padded(length));
        bytes = rest;
        let kind = Kind::from_byte(record[KIND_AT]).expect("a checked record has a known kind");
        Some((kind, u64_at(record, SEQUENCE_AT), record))
    })
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes are four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}
