//! The public tape: bounded history of trades by instrument, resumable by sequence.

use orison_core::event::Trade;
use orison_core::{ExecutionId, InstrumentId, Stamp};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicTrade {
    pub execution: ExecutionId,
    pub stamp: Stamp,
    /// Index of the event within its command.
    pub index: u32,
    /// Sequence of the instrument's trade before this one; 0 = none.
    pub previous_sequence: u64,
    pub trade: Trade,
}

/// Where a resumed reading starts.
pub enum Resume<I> {
    From(I),
    /// History begins later: the oldest sequence that could be resumed from.
    TooOld {
        oldest: u64,
    },
}

#[derive(Default)]
pub struct Trades {}

impl Trades {
    /// Newest first.
    pub fn recent(&self, _instrument: InstrumentId) -> Box<dyn Iterator<Item = &PublicTrade> + '_> {
        todo!()
    }
    /// Oldest first, from the command `sequence` on, inclusive.
    pub fn since(
        &self,
        _instrument: InstrumentId,
        _sequence: u64,
    ) -> Resume<Box<dyn Iterator<Item = &PublicTrade> + '_>> {
        todo!()
    }
    /// Trades made by the last command, in order.
    pub fn fresh(&self) -> &[PublicTrade] {
        todo!()
    }
}
