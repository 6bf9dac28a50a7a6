//! Builds the Merkle root of one checkpoint interval, command by command, in bounded memory.
//! It must not know the chain or files. In: the records of commands in order. Out: the root once
//! the interval is full. What a root is, `merkle` defines; this only gets there sooner.

use crate::merkle::{self, Hash};

pub(crate) struct Builder {
    /// Perfect subtrees, the widest first: the hash and how many leaves are under it.
    peaks: Vec<(Hash, u32)>,
    leaves: u32,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { peaks: Vec::with_capacity(32), leaves: 0 }
    }

    pub(crate) fn leaves(&self) -> u32 {
        self.leaves
    }

    pub(crate) fn push(&mut self, record: &[u8]) {
        let mut hash = merkle::leaf(record);
        let mut width = 1;
        while let Some(&(left, left_width)) = self.peaks.last()
            && left_width == width
        {
            hash = merkle::node(&left, &hash);
            width *= 2;
            self.peaks.pop();
        }
        self.peaks.push((hash, width));
        self.leaves += 1;
    }

    /// The root over what was pushed; the next interval begins. `None` when nothing was.
    pub(crate) fn finish(&mut self) -> Option<Hash> {
        self.leaves = 0;
        let (last, _) = self.peaks.pop()?;
        Some(self.peaks.drain(..).rev().fold(last, |right, (left, _)| merkle::node(&left, &right)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_and_the_definition_agree_for_every_count() {
        for count in 0..300_usize {
            let records: Vec<Vec<u8>> =
                (0..count).map(|i| vec![i as u8; 8 * (i % 40 + 5)]).collect();
            let leaves: Vec<Hash> = records.iter().map(|record| merkle::leaf(record)).collect();
            let mut builder = Builder::new();
            records.iter().for_each(|record| builder.push(record));
            assert_eq!(builder.leaves() as usize, count);
            assert_eq!(builder.finish(), merkle::root(&leaves), "{count} leaves");
            assert_eq!(builder.finish(), None);
        }
    }
}
