//! Gives a command its place and time, journals it, has it decided: the order of these is the
//! promise. It must not know rings or waiting. In: encoded commands, one at a time. Out: records
//! through the writer, events through the outbox.

use journal::{AppendError, Writer};
use orison_core::{Command, Exchange, Sequence, Stamp};

use super::Token;
use super::outbox::Outbox;
use crate::record::{self, Kind};

pub(super) struct Sequencer {
    pub(super) exchange: Exchange,
    pub(super) writer: Writer,
    pub(super) outbox: Outbox,
    last: Stamp,
    /// The last one; the next is read in its place.
    command: Command,
}

/// A command as it lies in ring and record.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) token: Token,
    pub(super) kind: u8,
    pub(super) version: u8,
    pub(super) payload: &'a [u8],
}

/// Nobody's: the engine itself journals it when something is due.
const CLOCK: Entry<'_> =
    Entry { token: Token(0), kind: Kind::Clock as u8, version: record::VERSION, payload: &[] };

impl Sequencer {
    pub(super) fn new(exchange: Exchange, writer: Writer, outbox: Outbox) -> Self {
        let last = exchange.applied();
        let journaled = writer.last_sequence();
        assert!(last.sequence.0 == journaled, "state {last:?} is not of journal at {journaled}");
        Self { exchange, writer, outbox, last, command: Command::Clock }
    }

    pub(super) fn sequence(&self) -> u64 {
        self.last.sequence.0
    }

    /// Time never goes back: an earlier one counts as that of the last command.
    #[inline]
    pub(super) fn decide(&mut self, entry: Entry<'_>, time_ns: u64) -> Result<(), AppendError> {
        let Entry { token, kind, version, payload } = entry;
        record::decode_into(&mut self.command, kind, version, payload)
            .expect("what comes in was encoded by this very build");
        let stamp = Stamp {
            sequence: Sequence(self.last.sequence.0 + 1),
            time_ns: self.last.time_ns.max(time_ns),
        };
        self.writer.append(kind, version, stamp.sequence.0, stamp.time_ns, payload)?;
        self.last = stamp;
        self.outbox.begin(token, stamp);
        self.exchange.apply(stamp, &self.command, &mut self.outbox);
        self.outbox.end();
        Ok(())
    }

    /// What the command would be refused for now: nothing of it stays but the answer, which
    /// follows the events of the last command through the gate.
    #[cold]
    pub(super) fn check(&mut self, entry: Entry<'_>, time_ns: u64) {
        let Entry { token, kind, version, payload } = entry;
        let command = record::decode(kind, version, payload)
            .expect("what comes in was encoded by this very build");
        let verdict = self.exchange.check(self.last.time_ns.max(time_ns), &command);
        self.outbox.answer(token, self.last, verdict);
    }

    /// What is due by now happens before anything else does; that is a command of its own.
    #[inline]
    pub(super) fn keep_time(&mut self, now_ns: u64) -> Result<Due, AppendError> {
        let now_ns = self.last.time_ns.max(now_ns);
        match self.exchange.next_deadline() {
            Some(due_ns) if due_ns <= now_ns => {
                self.decide(CLOCK, now_ns)?;
                Ok(Due::Happened)
            }
            Some(due_ns) => Ok(Due::In { ns: due_ns - now_ns }),
            None => Ok(Due::Never),
        }
    }
}

/// What time has to do with the next command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    Happened,
    In { ns: u64 },
    Never,
}
