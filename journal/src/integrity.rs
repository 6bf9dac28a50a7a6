//! Chain and Merkle root together, as records pass: what a checkpoint has to say about a sequence.
//! It must not know files or threads. In: runs of whole, checked records. Out: the chain value,
//! and a `Mark` at every multiple of `CHECKPOINT_COMMANDS`.

use crate::chain::Chain;
use crate::entry::HASH_BYTES;
use crate::merkle_builder::Builder;
use crate::record::{self, Kind};

/// A checkpoint is about a multiple of this many commands.
pub const CHECKPOINT_COMMANDS: u64 = 65_536;

/// What the journal itself knows for the checkpoint about one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub about: u64,
    /// Chain value up to and including the record of `about`.
    pub chain: [u8; HASH_BYTES],
    /// Root over the interval; `None` when its beginning has been pruned away.
    pub merkle_root: Option<[u8; HASH_BYTES]>,
}

pub(crate) struct Integrity {
    chain: Chain,
    interval: Builder,
}

impl Integrity {
    pub(crate) fn begin(chain_before: &[u8; HASH_BYTES]) -> Integrity {
        Integrity { chain: Chain::begin(chain_before), interval: Builder::new() }
    }

    /// The next segment: the chain begins again from `chain_before`, the interval goes on.
    pub(crate) fn next_segment(&mut self, chain_before: &[u8; HASH_BYTES]) {
        self.chain = Chain::begin(chain_before);
    }

    /// Value over everything that `advance` has seen of this segment.
    pub(crate) fn chain(&self) -> [u8; HASH_BYTES] {
        self.chain.value()
    }

    /// Takes whole records, in order, and tells of each mark they pass.
    pub(crate) fn advance(&mut self, records: &[u8], mut passed: impl FnMut(Mark)) {
        let mut chained = 0;
        let mut at = 0;
        for (kind, sequence, record) in record::split(records) {
            at += record.len();
            let Kind::Command(_) = kind else { continue };
            self.interval.push(record);
            if sequence.is_multiple_of(CHECKPOINT_COMMANDS) {
                self.chain.update(&records[chained..at]);
                chained = at;
                let whole = u64::from(self.interval.leaves()) == CHECKPOINT_COMMANDS;
                let root = self.interval.finish().filter(|_| whole);
                passed(Mark { about: sequence, chain: self.chain.value(), merkle_root: root });
            }
        }
        self.chain.update(&records[chained..]);
    }
}
