//! The latest administrative commands: who changed instruments, accounts, limits and money, and
//! what came of it. Filled from a journal while it is replayed and by whoever enters more of
//! them; the oldest go first. Nothing is decided here.

use std::collections::{HashMap, VecDeque};

use orison_core::command::{Actor, CancelReason};
use orison_core::{Command, Event, InstrumentId, Reason, Sequence, Stamp};

/// Changes that are kept; one more and the oldest is forgotten. All of them are in the journal.
pub const CHANGES_MAX: usize = 1 << 12;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    pub stamp: Stamp,
    pub command: Command,
    /// None: it was carried out.
    pub refused: Option<Reason>,
}

impl Change {
    pub fn actor(&self) -> Actor {
        actor(&self.command).unwrap_or_default()
    }
}

/// None: the command is not an administrative one.
pub fn actor(command: &Command) -> Option<Actor> {
    match command {
        Command::Genesis(genesis) => Some(genesis.actor),
        Command::Instrument(spec) => Some(spec.actor),
        Command::Status(change) => Some(change.actor),
        Command::Uncross(uncross) => Some(uncross.actor),
        Command::EndOfDay(end) => Some(end.actor),
        Command::Transfer(transfer) => Some(transfer.actor),
        Command::Account(spec) => Some(spec.actor),
        Command::MassCancel(mass) => (mass.reason == CancelReason::Admin).then_some(mass.actor),
        Command::Place(_)
        | Command::Pair(_)
        | Command::Cancel(_)
        | Command::Amend(_)
        | Command::Clock
        | Command::Pray(_)
        | Command::Ticker(_)
        | Command::Liquidation(_)
        | Command::ExternalTrade(_)
        | Command::ExternalDepth(_) => None,
    }
}

/// In the order of their sequences.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub(crate) latest: VecDeque<Change>,
    pub(crate) statuses: StatusTimes,
}

/// When an instrument was last given another status, nanoseconds.
pub type StatusTimes = HashMap<InstrumentId, u64>;

impl Changes {
    /// Two commands may be told in the wrong order: each finds its place.
    pub fn push(&mut self, change: Change) {
        let sequence = change.stamp.sequence;
        let at = self.latest.partition_point(|known| known.stamp.sequence < sequence);
        self.latest.insert(at, change);
        if self.latest.len() > CHANGES_MAX {
            self.latest.pop_front();
        }
    }

    /// Those before a sequence, newest first.
    pub fn before(&self, sequence: Sequence) -> impl Iterator<Item = &Change> {
        let end = self.latest.partition_point(|known| known.stamp.sequence < sequence);
        self.latest.range(..end).rev()
    }

    /// Of the replayed journal, whoever's doing it was; being created is none.
    pub fn status_times(&self) -> &StatusTimes {
        &self.statuses
    }

    /// A command of the journal, with all that came of it.
    pub(crate) fn on_command(&mut self, stamp: Stamp, command: &Command, seen: &Seen) {
        if seen.is_decided && actor(command).is_some() {
            self.push(Change { stamp, command: *command, refused: seen.refused });
        }
    }

    pub(crate) fn on_event(&mut self, stamp: Stamp, event: &Event) {
        if let Event::Status(changed) = event {
            self.statuses.insert(changed.instrument, stamp.time_ns);
        }
    }
}

/// What the events of one command have said so far.
#[derive(Default)]
pub(crate) struct Seen {
    /// False: it was passed over.
    is_decided: bool,
    refused: Option<Reason>,
}

impl Seen {
    pub(crate) fn refused(&self) -> Option<Reason> {
        self.refused
    }

    pub(crate) fn on_event(&mut self, index: u32, event: &Event) {
        self.is_decided = true;
        if let (0, Event::Rejected(rejected)) = (index, event) {
            self.refused = Some(rejected.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orison_core::command::{StatusChange, Uncross};
    use orison_core::event::{StatusCause, StatusChanged};
    use orison_core::instrument::Status;

    fn stamp(sequence: u64) -> Stamp {
        Stamp { sequence: Sequence(sequence), time_ns: sequence * 10 }
    }

    fn change(sequence: u64) -> Change {
        let (instrument, actor) = (InstrumentId(1), Actor::new("ann").unwrap());
        let command = Command::Uncross(Uncross { instrument, actor });
        Change { stamp: stamp(sequence), command, refused: None }
    }

    #[test]
    fn the_latest_are_kept_in_order_and_shown_newest_first() {
        let mut changes = Changes::default();
        for sequence in [5, 9, 7] {
            changes.push(change(sequence));
        }
        let before = |changes: &Changes, sequence| {
            let found = changes.before(Sequence(sequence)).map(|change| change.stamp.sequence.0);
            found.take(3).collect::<Vec<_>>()
        };
        assert_eq!(before(&changes, u64::MAX), [9, 7, 5]);
        assert_eq!(before(&changes, 9), [7, 5]);
        assert_eq!(before(&changes, 5), [0; 0]);
        let last = 10 + CHANGES_MAX as u64;
        (10..=last).for_each(|sequence| changes.push(change(sequence)));
        assert_eq!(changes.latest.len(), CHANGES_MAX);
        assert_eq!(before(&changes, u64::MAX), [last, last - 1, last - 2]);
        assert_eq!(before(&changes, 12), [11], "the oldest went first");
    }

    #[test]
    fn of_a_journal_administrative_commands_and_statuses_are_noted() {
        let mut changes = Changes::default();
        let halted = StatusChanged {
            instrument: InstrumentId(2),
            status: Status::Halted,
            cause: StatusCause::Command,
        };
        let status = Command::Status(StatusChange {
            instrument: InstrumentId(2),
            status: Status::Halted,
            actor: Actor::EMPTY,
        });
        let rows = [
            (1, Command::Clock, Some(Event::Done)),
            (2, change(2).command, Some(Event::Done)),
            (3, status, Some(Event::Status(halted))),
            (4, change(4).command, None),
        ];
        for (sequence, command, event) in rows {
            let mut seen = Seen::default();
            if let Some(event) = event {
                seen.on_event(0, &event);
                changes.on_event(stamp(sequence), &event);
            }
            changes.on_command(stamp(sequence), &command, &seen);
        }
        let noted: Vec<_> = changes.before(Sequence(9)).map(|c| c.stamp.sequence.0).collect();
        assert_eq!(noted, [3, 2], "the fourth was passed over");
        assert_eq!(changes.status_times(), &StatusTimes::from([(InstrumentId(2), 30)]));
    }
}
