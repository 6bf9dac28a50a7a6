//! Builds the Merkle root of one checkpoint interval, command by command, in bounded memory.
//! It must not know the chain or files. In: the records of commands in order. Out: the root once
//! the interval is full. What a root is, `merkle` defines; this only gets there sooner, by
//! hashing up to 16 leaves or nodes of one length at once: 20 ns a command in place of 210.

use blake3::IncrementCounter;
use blake3::platform::Platform;

use crate::merkle::{self, Hash, LEAF_BLOCK_BYTES, LEAF_KEY, NODE_KEY};

/// Leaves that are reduced to one node together.
const SUBTREE_LEAVES: usize = 1024;
/// Hashes made at once.
const LANES: usize = 16;
/// Records of more blocks than this are hashed one by one.
const BLOCKS_MAX: usize = 4;
const NODE_BYTES: usize = 64;

/// Flags of BLAKE3 (paper, table 3) for a keyed hash of at most one chunk.
const KEYED_HASH: u8 = 1 << 4;
const CHUNK_START: u8 = 1 << 0;
const CHUNK_END_AND_ROOT: u8 = 1 << 1 | 1 << 3;

pub(crate) struct Builder {
    platform: Platform,
    /// Perfect subtrees, the widest first: the hash and how many leaves are under it.
    peaks: Vec<(Hash, u32)>,
    /// Leaves of the subtree being filled; those still in `waiting` are zero.
    leaves: Vec<Hash>,
    /// Records whose leaves are not hashed yet, by their length in blocks.
    waiting: [Box<Waiting>; BLOCKS_MAX],
    /// Where the levels of a full subtree are made.
    level: Vec<Hash>,
    count: u32,
}

/// Records of one length that wait until there are enough of them.
struct Waiting {
    records: [[u8; BLOCKS_MAX * LEAF_BLOCK_BYTES]; LANES],
    /// Which leaf each of them becomes.
    leaves: [usize; LANES],
    filled: usize,
}

impl Waiting {
    fn new() -> Box<Waiting> {
        let records = [[0; BLOCKS_MAX * LEAF_BLOCK_BYTES]; LANES];
        Box::new(Waiting { records, leaves: [0; LANES], filled: 0 })
    }
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            platform: Platform::detect(),
            peaks: Vec::with_capacity(32),
            leaves: Vec::with_capacity(SUBTREE_LEAVES),
            waiting: std::array::from_fn(|_| Waiting::new()),
            level: Vec::with_capacity(SUBTREE_LEAVES),
            count: 0,
        }
    }

    pub(crate) fn leaves(&self) -> u32 {
        self.count
    }

    pub(crate) fn push(&mut self, record: &[u8]) {
        self.count += 1;
        let blocks = record.len().div_ceil(LEAF_BLOCK_BYTES);
        if blocks > BLOCKS_MAX {
            self.leaves.push(merkle::leaf(record));
        } else {
            let waiting = &mut self.waiting[blocks - 1];
            let slot = &mut waiting.records[waiting.filled];
            slot[..record.len()].copy_from_slice(record);
            slot[record.len()..blocks * LEAF_BLOCK_BYTES].fill(0);
            waiting.leaves[waiting.filled] = self.leaves.len();
            waiting.filled += 1;
            self.leaves.push([0; 32]);
            if self.waiting[blocks - 1].filled == LANES {
                self.hash_waiting(blocks);
            }
        }
        if self.leaves.len() == SUBTREE_LEAVES {
            self.reduce();
        }
    }

    /// The root over what was pushed; the next interval begins. `None` when nothing was.
    pub(crate) fn finish(&mut self) -> Option<Hash> {
        (1..=BLOCKS_MAX).for_each(|blocks| self.hash_waiting(blocks));
        for index in 0..self.leaves.len() {
            self.add_peak(self.leaves[index], 1);
        }
        self.leaves.clear();
        self.count = 0;
        let (last, _) = self.peaks.pop()?;
        Some(self.peaks.drain(..).rev().fold(last, |right, (left, _)| merkle::node(&left, &right)))
    }

    /// Turns the full subtree into one peak.
    fn reduce(&mut self) {
        (1..=BLOCKS_MAX).for_each(|blocks| self.hash_waiting(blocks));
        while self.leaves.len() > 1 {
            self.level.clear();
            for pairs in self.leaves.as_flattened().chunks(LANES * NODE_BYTES) {
                let (inputs, _) = pairs.as_chunks::<NODE_BYTES>();
                let mut nodes = [[0; 32]; LANES];
                keyed_hashes(self.platform, &NODE_KEY, inputs.iter(), &mut nodes);
                self.level.extend_from_slice(&nodes[..inputs.len()]);
            }
            std::mem::swap(&mut self.leaves, &mut self.level);
        }
        if let Some(top) = self.leaves.pop() {
            self.add_peak(top, SUBTREE_LEAVES as u32);
        }
    }

    fn add_peak(&mut self, mut hash: Hash, mut width: u32) {
        while let Some(&(left, left_width)) = self.peaks.last()
            && left_width == width
        {
            hash = merkle::node(&left, &hash);
            width *= 2;
            self.peaks.pop();
        }
        self.peaks.push((hash, width));
    }

    /// Hashes the leaves of the waiting records of this length.
    fn hash_waiting(&mut self, blocks: usize) {
        let waiting = &mut self.waiting[blocks - 1];
        let mut hashes = [[0; 32]; LANES];
        match blocks {
            1 => hash_records::<64>(self.platform, waiting, &mut hashes),
            2 => hash_records::<128>(self.platform, waiting, &mut hashes),
            3 => hash_records::<192>(self.platform, waiting, &mut hashes),
            4 => hash_records::<256>(self.platform, waiting, &mut hashes),
            _ => unreachable!("longer records do not wait"),
        }
        for (hash, &leaf) in hashes.iter().zip(&waiting.leaves).take(waiting.filled) {
            self.leaves[leaf] = *hash;
        }
        waiting.filled = 0;
    }
}

fn hash_records<const BYTES: usize>(
    platform: Platform,
    waiting: &Waiting,
    hashes: &mut [Hash; LANES],
) {
    let records = waiting.records[..waiting.filled].iter();
    let inputs = records.map(|record| {
        record.first_chunk::<BYTES>().expect("a slot has room for the longest record that waits")
    });
    keyed_hashes(platform, &LEAF_KEY, inputs, hashes);
}

/// `blake3::keyed_hash` of up to `LANES` inputs of one length of whole blocks, side by side. The
/// crate offers this entry without documenting it; the tests below hold it to the public one.
fn keyed_hashes<'a, const BYTES: usize>(
    platform: Platform,
    key: &Hash,
    inputs: impl Iterator<Item = &'a [u8; BYTES]>,
    hashes: &mut [Hash; LANES],
) {
    const { assert!(BYTES.is_multiple_of(LEAF_BLOCK_BYTES) && BYTES <= 1024) };
    let mut lanes = [&[0; BYTES]; LANES];
    let mut filled = 0;
    for input in inputs {
        lanes[filled] = input;
        filled += 1;
    }
    let (words, _) = key.as_chunks::<4>();
    let key = std::array::from_fn(|word| u32::from_le_bytes(words[word]));
    let out = &mut hashes.as_flattened_mut()[..filled * 32];
    let (start, end) = (CHUNK_START, CHUNK_END_AND_ROOT);
    let same_counter = IncrementCounter::No;
    platform.hash_many(&lanes[..filled], &key, 0, same_counter, KEYED_HASH, start, end, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|i| vec![i as u8 ^ 0x5A; 8 * (i * 7 % 60 + 5)]).collect()
    }

    #[test]
    fn the_builder_and_the_definition_agree_for_every_count() {
        let mut builder = Builder::new();
        for count in (0..300).chain([1023, 1024, 1025, 2047, 2048, 3000, 4096]) {
            let records = records(count);
            let leaves: Vec<Hash> = records.iter().map(|record| merkle::leaf(record)).collect();
            records.iter().for_each(|record| builder.push(record));
            assert_eq!(builder.leaves() as usize, count);
            assert_eq!(builder.finish(), merkle::root(&leaves), "{count} leaves");
            assert_eq!(builder.finish(), None);
        }
    }
}
