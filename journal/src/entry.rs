//! Payloads of the journal's own records: seal, checkpoint, close, void.
//! What the caller's digests in them mean it must not know; it carries them.
//! In: typed values become payload bytes. Out: payload bytes become values or `Damage`.

use crate::error::Damage;
use crate::record::{Kind, RECORD_HEADER_BYTES, RecordView, u64_at};

/// Version byte of the journal's own records.
pub(crate) const ENTRY_VERSION: u8 = 1;

/// Bytes of a chain value, a digest, a Merkle root.
pub(crate) const HASH_BYTES: usize = 32;
/// Bytes of the set hash of the state.
pub(crate) const STATE_HASH_BYTES: usize = 16;

//  Seal        | chain 32 |
//  Checkpoint  | about 8 | state set hash 16 | event digest 32 | chain 32 | Merkle root 32 |
//  Close       | state digest 32 | event digest 32 | chain 32 |
//  Void        | voided sequence 8 |
pub(crate) const SEAL_BYTES: usize = HASH_BYTES;
pub(crate) const CHECKPOINT_BYTES: usize = 8 + STATE_HASH_BYTES + 3 * HASH_BYTES;
pub(crate) const CLOSE_BYTES: usize = 3 * HASH_BYTES;
pub(crate) const VOID_BYTES: usize = 8;

const _: () = assert!(CHECKPOINT_BYTES == 120);
const _: () = assert!(CLOSE_BYTES == 96);

/// Bytes kept free at the end of every segment, so that a seal and the close of one run always
/// fit: the end of a segment is never reached without its seal.
pub(crate) const RESERVE_BYTES: usize = SEAL_RECORD_BYTES + padded_record(CLOSE_BYTES);
/// Bytes of a seal on disk.
pub(crate) const SEAL_RECORD_BYTES: usize = padded_record(SEAL_BYTES);

const fn padded_record(payload: usize) -> usize {
    (RECORD_HEADER_BYTES + payload).next_multiple_of(8)
}

const _: () = assert!(RESERVE_BYTES == 72 + 136);

/// What a checkpoint record says about the sequence `about`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// A multiple of `CHECKPOINT_COMMANDS`, not above the last command.
    pub about: u64,
    /// Set hash of the state after `about`; the caller's.
    pub state: [u8; STATE_HASH_BYTES],
    /// Digest of all events up to and including those of `about`; the caller's.
    pub events: [u8; HASH_BYTES],
    /// Chain value up to and including the record of `about`.
    pub chain: [u8; HASH_BYTES],
    /// Merkle root of the `CHECKPOINT_COMMANDS` commands that end with `about`.
    pub merkle_root: [u8; HASH_BYTES],
}

/// What the record of a clean stop says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Full digest of the state; the caller's.
    pub state: [u8; HASH_BYTES],
    /// Digest of all events; the caller's.
    pub events: [u8; HASH_BYTES],
    /// Chain value up to this record, itself excluded.
    pub chain: [u8; HASH_BYTES],
}

impl Checkpoint {
    pub(crate) fn encode(&self) -> [u8; CHECKPOINT_BYTES] {
        let mut bytes = [0; CHECKPOINT_BYTES];
        bytes[..8].copy_from_slice(&self.about.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.state);
        bytes[24..56].copy_from_slice(&self.events);
        bytes[56..88].copy_from_slice(&self.chain);
        bytes[88..120].copy_from_slice(&self.merkle_root);
        bytes
    }

    /// Decodes the payload of a checkpoint record.
    pub fn decode(payload: &[u8]) -> Result<Checkpoint, Damage> {
        expect_bytes(payload, CHECKPOINT_BYTES)?;
        Ok(Checkpoint {
            about: u64_at(payload, 0),
            state: payload[8..24].try_into().expect("sixteen bytes"),
            events: hash_at(payload, 24),
            chain: hash_at(payload, 56),
            merkle_root: hash_at(payload, 88),
        })
    }
}

impl Close {
    pub(crate) fn encode(&self) -> [u8; CLOSE_BYTES] {
        let mut bytes = [0; CLOSE_BYTES];
        bytes[..32].copy_from_slice(&self.state);
        bytes[32..64].copy_from_slice(&self.events);
        bytes[64..].copy_from_slice(&self.chain);
        bytes
    }

    /// Decodes the payload of a close record.
    pub fn decode(payload: &[u8]) -> Result<Close, Damage> {
        expect_bytes(payload, CLOSE_BYTES)?;
        Ok(Close {
            state: hash_at(payload, 0),
            events: hash_at(payload, 32),
            chain: hash_at(payload, 64),
        })
    }
}

/// What a record of the journal itself says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Own {
    Seal { chain: [u8; HASH_BYTES] },
    Checkpoint(Checkpoint),
    Close(Close),
    Void { sequence: u64 },
}

/// Decodes the payload of a record that is the journal's own; `None` for a command.
pub(crate) fn decode(view: &RecordView<'_>) -> Result<Option<Own>, Damage> {
    Ok(match view.kind {
        Kind::Command(_) => None,
        Kind::Seal => Some(Own::Seal { chain: decode_seal(view.payload)? }),
        Kind::Checkpoint => Some(Own::Checkpoint(Checkpoint::decode(view.payload)?)),
        Kind::Close => Some(Own::Close(Close::decode(view.payload)?)),
        Kind::Void => Some(Own::Void { sequence: decode_void(view.payload)? }),
    })
}

/// The chain value in the payload of a seal record.
fn decode_seal(payload: &[u8]) -> Result<[u8; HASH_BYTES], Damage> {
    expect_bytes(payload, SEAL_BYTES)?;
    Ok(hash_at(payload, 0))
}

/// The sequence that the payload of a void record quarantines.
pub(crate) fn decode_void(payload: &[u8]) -> Result<u64, Damage> {
    expect_bytes(payload, VOID_BYTES)?;
    Ok(u64_at(payload, 0))
}

fn expect_bytes(payload: &[u8], expected: usize) -> Result<(), Damage> {
    match payload.len() == expected {
        true => Ok(()),
        false => Err(Damage::PayloadBytes { found: payload.len(), expected }),
    }
}

fn hash_at(payload: &[u8], at: usize) -> [u8; HASH_BYTES] {
    payload[at..at + HASH_BYTES].try_into().expect("thirty-two bytes")
}
