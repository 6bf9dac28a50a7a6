//! The integrity chain: one BLAKE3 stream over all record bytes of a segment, begun with the
//! value of the segment before. It must not know records' fields or files.
//! In: record bytes in order, in pieces of any size. Out: the value so far.

use crate::entry::HASH_BYTES;

/// Names the first value of a journal's chain; part of the format.
const BIRTH_CONTEXT: &str = "orison journal 2026 chain birth v1";

pub(crate) struct Chain {
    hasher: blake3::Hasher,
}

impl Chain {
    /// The chain of a segment; `before` is the value that its header links to.
    pub(crate) fn begin(before: &[u8; HASH_BYTES]) -> Chain {
        let mut hasher = blake3::Hasher::new();
        hasher.update(before);
        Chain { hasher }
    }

    /// Whole records as they lie on disk, padding included.
    pub(crate) fn update(&mut self, records: &[u8]) {
        self.hasher.update(records);
    }

    pub(crate) fn value(&self) -> [u8; HASH_BYTES] {
        *self.hasher.finalize().as_bytes()
    }
}

/// What the first segment of a journal links to.
pub(crate) fn birth(identity: &[u8; 16]) -> [u8; HASH_BYTES] {
    blake3::derive_key(BIRTH_CONTEXT, identity)
}
