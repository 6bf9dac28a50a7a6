//! What a tape drives: a player, and the journal behind it if there is one. Commands go in with
//! the tape's time, their events come back in a buffer. It knows no text.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use engine::projection::ViewLimits;
use engine::record;
use engine::witness::{Digests, state_digest};
use journal::{AppendError, CHECKPOINT_COMMANDS, Checkpoint, CloseError, Durability, Mark, Writer};
use orison_core::command::{Genesis, InstrumentSpec};
use orison_core::{Command, Event};
use thiserror::Error;

use crate::player::{Player, next_stamp};
use crate::recovery::{RecoverError, genesis, recover, upgrade};

/// Segments of tape and flow journals.
pub(crate) const SEGMENT_BYTES: u64 = 4 << 20;

#[derive(Debug, Error)]
pub enum EngineError {
    #[error(transparent)]
    Recover(#[from] RecoverError),
    #[error("{what} was refused: {reason}")]
    Refused { what: String, reason: orison_core::Reason },
    #[error("journal: {0}")]
    Append(#[from] AppendError),
    #[error("closing the journal: {0}")]
    Close(#[from] CloseError),
}

pub(super) struct Engine {
    player: Player,
    journal: Option<Journaling>,
    events: Vec<Event>,
}

/// The journal and what its checkpoints still wait for.
struct Journaling {
    writer: Writer,
    /// Digests about multiples of `CHECKPOINT_COMMANDS` whose mark has not come yet.
    digests: VecDeque<Digests>,
}

/// How long the end of a run waits for its last checkpoints: ten seconds.
const SETTLE_ROUNDS: u32 = 1_000;
const SETTLE_INTERVAL: Duration = Duration::from_millis(10);

/// Accounts are named like orders by default, so there may be as many.
const ACCOUNTS_MAX: u32 = 1 << 22;

/// The limits of a tape's exchange.
fn limits() -> Genesis {
    Genesis { accounts_max: ACCOUNTS_MAX, ..Genesis::DEFAULT }
}

/// How tape and flow journal: small segments, synced now and then.
pub(crate) fn journal_options() -> journal::Options {
    journal::Options {
        segment_bytes: SEGMENT_BYTES,
        durability: Durability::Journaled,
        sync_interval: Duration::from_millis(100),
        ..journal::Options::default()
    }
}

impl Engine {
    /// An exchange in memory that has begun.
    pub(super) fn in_memory(instruments: &[InstrumentSpec]) -> Result<Self, EngineError> {
        let player = Player::new([0; 16], ViewLimits::DEFAULT);
        let mut engine = Self { player, journal: None, events: Vec::new() };
        engine.begin(Command::Genesis(limits()), "the genesis")?;
        for spec in instruments {
            engine.begin(Command::Instrument(*spec), spec.symbol.as_str())?;
        }
        Ok(engine)
    }

    /// An exchange with a journal; it goes on where the journal ends, by the rules of today.
    pub(super) fn journaled(
        directory: &Path,
        instruments: &[InstrumentSpec],
    ) -> Result<Self, EngineError> {
        let options = journal_options();
        let mut recovered = recover(directory, &options, ViewLimits::DEFAULT, |_| {})?;
        genesis(&mut recovered, &limits(), instruments, 0)?;
        upgrade(&mut recovered, 0)?;
        let (exchange, views, witness) = (recovered.exchange, recovered.views, recovered.witness);
        Ok(Self {
            player: Player::of(exchange, views, witness),
            journal: Some(Journaling { writer: recovered.writer, digests: VecDeque::new() }),
            events: Vec::new(),
        })
    }

    fn begin(&mut self, command: Command, what: &str) -> Result<(), EngineError> {
        if let Some(Event::Rejected(rejected)) = self.apply(0, &command)?.first() {
            return Err(EngineError::Refused { what: what.to_owned(), reason: rejected.reason });
        }
        Ok(())
    }

    pub(super) fn player(&self) -> &Player {
        &self.player
    }

    /// What the last command led to.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Journals and decides one command.
    pub(super) fn apply(
        &mut self,
        time_ns: u64,
        command: &Command,
    ) -> Result<&[Event], EngineError> {
        let stamp = next_stamp(&self.player.exchange, time_ns);
        if let Some(journal) = &mut self.journal {
            let encoded = record::encode(command);
            let (kind, version) = (encoded.kind, encoded.version);
            let sequence = stamp.sequence.0;
            journal.writer.append(kind, version, sequence, time_ns, encoded.payload())?;
        }
        self.events.clear();
        let events = &mut self.events;
        self.player.apply(stamp, command, |_, event| events.push(*event));
        if let Some(journal) = &mut self.journal {
            journal.on_end(&self.player)?;
        }
        Ok(&self.events)
    }

    /// Ends the journal cleanly.
    pub(super) fn close(self) -> Result<(), EngineError> {
        let Some(mut journal) = self.journal else { return Ok(()) };
        journal.settle()?;
        let state = state_digest(&self.player.exchange);
        journal.writer.close(state, self.player.witness.digests().events)?;
        Ok(())
    }
}

impl Journaling {
    /// A command has been applied.
    fn on_end(&mut self, player: &Player) -> Result<(), AppendError> {
        if player.at().sequence.0.is_multiple_of(CHECKPOINT_COMMANDS) {
            self.digests.push_back(player.witness.digests());
        }
        self.append_due()
    }

    /// Writes the checkpoints whose marks have come.
    fn append_due(&mut self) -> Result<(), AppendError> {
        while let Some(Mark { about, chain, merkle_root }) = self.writer.next_mark() {
            while self.digests.front().is_some_and(|digests| digests.at.sequence.0 < about) {
                self.digests.pop_front();
            }
            // A mark may be about a command of before this run: replay has compared that already.
            let digests = self.digests.pop_front_if(|digests| digests.at.sequence.0 == about);
            let Some(digests) = digests else { continue };
            let Some(merkle_root) = merkle_root else { continue };
            let Digests { set: state, events, .. } = digests;
            let checkpoint = Checkpoint { about, state, events, chain, merkle_root };
            self.writer.append_checkpoint(&checkpoint)?;
        }
        Ok(())
    }

    /// Waits for the marks of the checkpoints that this run owes: they follow the next sync. One
    /// that does not come in time is left out, as replay needs none.
    fn settle(&mut self) -> Result<(), AppendError> {
        for _ in 0..SETTLE_ROUNDS {
            self.append_due()?;
            if self.digests.is_empty() || self.writer.positions().has_failed() {
                break;
            }
            std::thread::park_timeout(SETTLE_INTERVAL);
        }
        Ok(())
    }
}
