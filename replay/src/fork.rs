//! What if: the same journal played twice, once as it was and once with one command changed or
//! left out, and every execution that differs. Later commands mean the same orders, accounts and
//! instruments in both, whatever their ids became; time is the journal's. It never writes.

mod change;
mod translate;

use std::collections::BTreeMap;
use std::path::Path;

use journal::Reader;
use orison_core::event::Trade;
use orison_core::{Command, Event, Reason, Sequence, Stamp};
use thiserror::Error;

use crate::json::Object;
use crate::past::{Effect, Past, PastError, Until};
use crate::playback::PlaybackError;
use crate::player::{CorePanic, Depth, Player};
use crate::verify::SMALL_VIEWS;
pub use change::{BadChange, Change, Field};
use translate::Names;

#[derive(Debug, Error)]
pub enum ForkError {
    #[error(transparent)]
    Past(#[from] PastError),
    #[error("in the fork: {0}")]
    Panic(#[from] CorePanic),
    #[error("sequence {at} cannot be forked at: it is the genesis of the journal")]
    Genesis { at: u64 },
    #[error("sequence {at} is quarantined: nothing came of it that could be left out")]
    Void { at: u64 },
    #[error("{0}")]
    Change(#[from] BadChange),
}

/// In which of the two an execution is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Only {
    Journal,
    Fork,
}

/// An execution that the other does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Of the journal's command.
    pub stamp: Stamp,
    pub only: Only,
    /// Its orders by the ids of the journal, as far as the journal has them.
    pub trade: Trade,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Commands played from the fork on.
    pub commands: u64,
    pub equal: u64,
    pub only_journal: u64,
    pub only_fork: u64,
    /// Why the command that differs was rejected in the journal, if it was.
    pub rejected_in_journal: Option<Reason>,
    /// As much of the fork.
    pub rejected_in_fork: Option<Reason>,
}

impl Report {
    pub fn put(&self, at: u64, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.text("event", "fork").bare("at", at).bare("commands", self.commands);
        object.bare("executions_equal", self.equal);
        object.bare("executions_only_journal", self.only_journal);
        object.bare("executions_only_fork", self.only_fork);
        for (key, rejected) in [
            ("rejected_in_journal", self.rejected_in_journal),
            ("rejected_in_fork", self.rejected_in_fork),
        ] {
            if let Some(reason) = rejected {
                object.shown(key, reason);
            }
        }
        object.close_line();
    }
}

impl Difference {
    /// One JSON line; `player` knows the instrument.
    pub fn put(&self, player: &Player, out: &mut Vec<u8>) {
        let Self { stamp, only, trade } = self;
        let mut object = Object::open(out);
        object.bare("sequence", stamp.sequence).bare("ts", stamp.time_ns);
        object.text(
            "only",
            match only {
                Only::Journal => "journal",
                Only::Fork => "fork",
            },
        );
        object.shown("maker", trade.maker).shown("taker", trade.taker);
        if let Some(instrument) = player.views.catalog.instrument(trade.instrument) {
            object
                .text("symbol", instrument.symbol.as_str())
                .shown("price", instrument.price_decimal(trade.price))
                .shown("quantity", instrument.quantity_decimal(trade.quantity));
        }
        object.close_line();
    }
}

/// Plays both from the command `at` up to `until`. `see` gets each difference and the state that
/// it is of; `progress` gets each sequence passed.
pub fn fork(
    directory: &Path,
    (at, change): (u64, &Change),
    until: Until,
    mut see: impl FnMut(&Difference, &Player),
    mut progress: impl FnMut(u64),
) -> Result<Report, ForkError> {
    if at <= 1 {
        return Err(ForkError::Genesis { at });
    }
    let before = Until::Sequence(at - 1);
    let begin = || {
        let mut past = Past::near(directory, SMALL_VIEWS, before, Depth::Digests)?;
        past.play(before, |_| {}).map_err(|error| match error {
            PastError::NotReached { last, .. } => PastError::NotReached { last, asked: at },
            other => other,
        })?;
        Ok::<_, PastError>(past)
    };
    let reader = Reader::open(directory).map_err(PastError::Read)?;
    let mut journal = begin()?.again(&reader).map_err(PastError::Read)?;
    let (_, playback) = begin()?.into_parts();
    let mut fork = Fork { player: playback.into_player(), names: Names::default() };
    let mut report = Report::default();
    while let Some(played) = journal.step(until)? {
        let stamp = played.stamp;
        progress(stamp.sequence.0);
        let is_here = stamp.sequence.0 == at;
        let command = match (played.effect, is_here) {
            (Effect::Void, true) => return Err(ForkError::Void { at }),
            (Effect::Void, false) => Command::Clock,
            (Effect::Decided, true) => change.applied(&played.command, &fork.player.exchange)?,
            (Effect::Decided, false) => {
                let exchanges = (&journal.player().exchange, &fork.player.exchange);
                fork.names.translate(&played.command, exchanges)
            }
        };
        let (theirs, rejected) = fork.step(stamp, &command, journal.events())?;
        if is_here {
            report.rejected_in_journal = journal.events().iter().find_map(rejection);
            report.rejected_in_fork = rejected;
        }
        report.commands += 1;
        let differences = compare(stamp, journal.events(), &theirs, &mut report);
        for difference in &differences {
            let player = match difference.only {
                Only::Journal => journal.player(),
                Only::Fork => &fork.player,
            };
            see(difference, player);
        }
    }
    if report.commands == 0 {
        let last = journal.player().at().sequence.0;
        return Err(PastError::NotReached { last, asked: at }.into());
    }
    Ok(report)
}

/// The other history.
struct Fork {
    player: Player,
    names: Names,
}

impl Fork {
    /// Its trades, by the ids of the journal, and why the command was rejected, if it was.
    fn step(
        &mut self,
        stamp: Stamp,
        command: &Command,
        events: &[Event],
    ) -> Result<(Vec<Trade>, Option<Reason>), CorePanic> {
        let mut own = Vec::new();
        // What is due by then happens first, as in the exchange; orders live longer or shorter
        // here than they did.
        let due = self.player.exchange.next_deadline();
        if *command != Command::Clock && due.is_some_and(|due_ns| due_ns <= stamp.time_ns) {
            self.apply(stamp, &Command::Clock, &mut own)?;
        }
        let due = own.len();
        self.apply(stamp, command, &mut own)?;
        let rejected = own[due..].iter().find_map(rejection);
        self.names.learn(stamp.sequence, events, &own);
        let trades = own.iter().filter_map(|event| {
            let Event::Trade(trade) = event else { return None };
            let (maker, taker) = (self.names.shown(trade.maker), self.names.shown(trade.taker));
            Some(Trade { maker, taker, ..*trade })
        });
        Ok((trades.collect(), rejected))
    }

    fn apply(
        &mut self,
        stamp: Stamp,
        command: &Command,
        own: &mut Vec<Event>,
    ) -> Result<(), CorePanic> {
        let sequence = Sequence(self.player.at().sequence.0 + 1);
        let stamp = Stamp { sequence, ..stamp };
        self.player.replay(stamp, command, |_, event| own.push(*event))
    }
}

fn rejection(event: &Event) -> Option<Reason> {
    let Event::Rejected(rejected) = event else { return None };
    Some(rejected.reason)
}

/// Who traded with whom, how much, at what price and fees.
fn key(trade: &Trade) -> (u128, u128, i64, u64, i128, i128) {
    let (maker, taker) = (trade.maker.to_u128(), trade.taker.to_u128());
    let (price, quantity) = (trade.price.0, trade.quantity.0);
    (maker, taker, price, quantity, trade.maker_fee.units(), trade.taker_fee.units())
}

/// Of one command.
fn compare(
    stamp: Stamp,
    events: &[Event],
    theirs: &[Trade],
    report: &mut Report,
) -> Vec<Difference> {
    let mut unmatched: BTreeMap<_, u64> = BTreeMap::new();
    for trade in theirs {
        *unmatched.entry(key(trade)).or_default() += 1;
    }
    let mut differences = Vec::new();
    for event in events {
        let Event::Trade(trade) = event else { continue };
        match unmatched.get_mut(&key(trade)).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                report.equal += 1;
            }
            None => {
                report.only_journal += 1;
                differences.push(Difference { stamp, only: Only::Journal, trade: *trade });
            }
        }
    }
    for trade in theirs {
        let Some(count) = unmatched.get_mut(&key(trade)).filter(|count| **count > 0) else {
            continue;
        };
        *count -= 1;
        report.only_fork += 1;
        differences.push(Difference { stamp, only: Only::Fork, trade: *trade });
    }
    differences
}

impl From<PlaybackError> for ForkError {
    fn from(error: PlaybackError) -> Self {
        Self::Past(error.into())
    }
}
