//! Brings together what the journal knows of a sequence (chain, Merkle root) and what the
//! projector knows of it (event digest, set hash), and appends it as a checkpoint record.
//! It must not compute any of them. Whatever has no counterpart is left out: replay needs none.

use std::cmp::Ordering;
use std::sync::Arc;

use crossbeam::queue::ArrayQueue;
use journal::{AppendError, CHECKPOINT_COMMANDS, Checkpoint, Mark, Writer};

use crate::witness::Digests;

/// Digests that wait for their mark; one more and the oldest is lost.
const DIGESTS_MAX: usize = 64;

/// The projector's end.
#[derive(Clone)]
pub(super) struct DigestSlip(Arc<ArrayQueue<Digests>>);

impl DigestSlip {
    pub(super) fn new() -> Self {
        Self(Arc::new(ArrayQueue::new(DIGESTS_MAX)))
    }

    #[inline]
    pub(super) fn is_due(sequence: u64) -> bool {
        sequence.is_multiple_of(CHECKPOINT_COMMANDS)
    }

    pub(super) fn hand_over(&self, digests: Digests) {
        self.0.force_push(digests);
    }
}

/// The matcher's end.
pub(super) struct Checkpoints {
    slip: DigestSlip,
    digests: Option<Digests>,
    mark: Option<Mark>,
}

impl Checkpoints {
    pub(super) fn new(slip: DigestSlip) -> Self {
        Self { slip, digests: None, mark: None }
    }

    /// Once a batch: appends what is complete by now.
    #[inline]
    pub(super) fn append_due(&mut self, writer: &mut Writer) -> Result<(), AppendError> {
        while let Some(checkpoint) = self.next(writer) {
            writer.append_checkpoint(&checkpoint)?;
        }
        Ok(())
    }

    #[inline]
    fn next(&mut self, writer: &Writer) -> Option<Checkpoint> {
        loop {
            self.mark = self.mark.or_else(|| writer.next_mark());
            self.digests = self.digests.or_else(|| self.slip.0.pop());
            let (mark, digests) = (self.mark?, self.digests?);
            match mark.about.cmp(&digests.at.sequence.0) {
                Ordering::Less => self.mark = None,
                Ordering::Greater => self.digests = None,
                Ordering::Equal => {
                    self.mark = None;
                    self.digests = None;
                    if let Some(merkle_root) = mark.merkle_root {
                        return Some(Checkpoint {
                            about: mark.about,
                            state: digests.set,
                            events: digests.events,
                            chain: mark.chain,
                            merkle_root,
                        });
                    }
                }
            }
        }
    }
}
