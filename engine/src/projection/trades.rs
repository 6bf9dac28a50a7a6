//! The public tape: bounded history of trades by instrument, resumable by sequence.

use orison_core::event::Trade;
use orison_core::{ExecutionId, InstrumentId, Stamp};

use super::begin_news;
use super::dense::Dense;
use super::history::{History, Sequenced};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicTrade {
    pub execution: ExecutionId,
    pub stamp: Stamp,
    /// Index of the event within its command.
    pub index: u32,
    /// Sequence of the instrument's trade before this one; 0 = none. The trades of one sweep
    /// share a sequence: from the second on this is their own.
    pub previous_sequence: u64,
    pub trade: Trade,
}

impl Sequenced for PublicTrade {
    fn sequence(&self) -> u64 {
        self.stamp.sequence.0
    }
}

/// Where a resumed reading starts.
#[derive(Debug)]
pub enum Resume<I> {
    From(I),
    /// History begins later: the oldest sequence that could be resumed from.
    TooOld {
        oldest: u64,
    },
}

pub struct Trades {
    trades_max: usize,
    tapes: Dense<InstrumentId, History<PublicTrade>>,
    fresh: Vec<PublicTrade>,
}

impl Trades {
    pub(super) fn new(trades_max: usize) -> Self {
        Self { trades_max, tapes: Dense::new(), fresh: Vec::new() }
    }

    pub(super) fn begin(&mut self) {
        begin_news(&mut self.fresh);
    }

    pub(super) fn on_trade(&mut self, stamp: Stamp, index: u32, trade: &Trade) {
        let trades_max = self.trades_max;
        let tape = self.tapes.entry(trade.instrument, || History::new(trades_max));
        let trade = PublicTrade {
            execution: ExecutionId { sequence: stamp.sequence, index: self.fresh.len() as u32 },
            stamp,
            index,
            previous_sequence: tape.newest().map_or(0, Sequenced::sequence),
            trade: *trade,
        };
        tape.push(trade);
        self.fresh.push(trade);
    }

    /// Newest first.
    pub fn recent(
        &self,
        instrument: InstrumentId,
    ) -> impl DoubleEndedIterator<Item = &PublicTrade> + '_ {
        self.tapes.get(instrument).into_iter().flat_map(|tape| tape.iter().rev())
    }

    /// Oldest first, from the command `sequence` on, inclusive.
    pub fn since(
        &self,
        instrument: InstrumentId,
        sequence: u64,
    ) -> Resume<impl DoubleEndedIterator<Item = &PublicTrade> + '_> {
        match self.tapes.get(instrument).map(|tape| tape.since(sequence)) {
            Some(Resume::From(trades)) => Resume::From(Some(trades).into_iter().flatten()),
            Some(Resume::TooOld { oldest }) => Resume::TooOld { oldest },
            None => Resume::From(None.into_iter().flatten()),
        }
    }

    /// Trades made by the last command, in order.
    pub fn fresh(&self) -> &[PublicTrade] {
        &self.fresh
    }
}

orison_core::stored! {
    PublicTrade { execution, stamp, index, previous_sequence, trade }
    Trades { trades_max, tapes, fresh }
}
