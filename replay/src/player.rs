//! The state machine and everything derived from it, moved together: core, read models, witness.
//! It knows neither files nor text. Commands go in with their stamps; state is read from its
//! fields, events are shown to the caller as they happen.

use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::projection::ViewLimits;
use engine::{Views, Witness};
use orison_core::{Command, Event, Exchange, Sequence, Stamp};
use thiserror::Error;

use crate::relay::{Broken, Relay};

pub struct Player {
    pub exchange: Exchange,
    pub views: Views,
    pub witness: Witness,
    pub(crate) depth: Depth,
    /// Some: that has the views, and those here are nobody's.
    relay: Option<Relay>,
}

/// How much of a state is moved on; what is not stays as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// The core alone: books, stops and balances.
    Core,
    /// With what is known of instruments and assets, and statistics.
    Market,
    /// With everything derived from it.
    Views,
    /// With the digests of events and orders, which are compared with every checkpoint.
    #[default]
    Digests,
}

/// The core broke one of its invariants; the player must not be used any further.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the core panicked at sequence {sequence} ({message}) on {command}")]
pub struct CorePanic {
    pub sequence: u64,
    pub command: String,
    pub message: String,
}

impl Depth {
    /// Whether what is in that section of a snapshot is moved on.
    pub(crate) fn needs(self) -> fn(&str) -> bool {
        match self {
            Self::Core => |name| matches!(name, "core" | "playback"),
            Self::Market => {
                |name| matches!(name, "core" | "playback" | "views" | "catalog" | "statistics")
            }
            Self::Views => |name| !matches!(name, "witness" | "changes"),
            Self::Digests => |_| true,
        }
    }
}

impl Player {
    pub(crate) fn of(exchange: Exchange, views: Views, witness: Witness) -> Self {
        Self { exchange, views, witness, depth: Depth::default(), relay: None }
    }

    /// Before the first command. `identity` is the journal's; it decides nothing.
    pub fn new(identity: [u8; 16], limits: ViewLimits) -> Self {
        Self::of(Exchange::new(identity), Views::new(limits), Witness::new())
    }

    /// A long replay begins: what is moved on beside the core is so by a thread of its own, and not
    /// to be read before `gather`.
    pub(crate) fn part(&mut self) {
        match self.depth {
            Depth::Core | Depth::Market => {}
            Depth::Views | Depth::Digests => {
                let nobodys = Views::new(self.views.limits());
                let views = std::mem::replace(&mut self.views, nobodys);
                self.relay = Some(Relay::start(views));
            }
        }
    }

    /// Everything is here again, behind the last command.
    pub(crate) fn gather(&mut self) -> Result<(), CorePanic> {
        let Some(relay) = self.relay.take() else { return Ok(()) };
        self.views = relay.end().map_err(CorePanic::of_views)?;
        Ok(())
    }

    /// The stamp of the last command.
    pub fn at(&self) -> Stamp {
        self.exchange.applied()
    }

    /// Applies one command; `see` gets each event with its index, from 0.
    pub fn apply(&mut self, stamp: Stamp, command: &Command, see: impl FnMut(u32, &Event)) {
        let Self { exchange, views, witness, depth, relay } = self;
        if let Some(relay) = relay {
            let witness = (*depth == Depth::Digests).then_some(witness);
            return advance_relayed((exchange, relay, witness), stamp, command, see);
        }
        match depth {
            Depth::Digests => advance((exchange, views, witness), stamp, command, see),
            Depth::Views => advance_views((exchange, views), stamp, command, see),
            Depth::Market => advance_market((exchange, views), stamp, command, see),
            Depth::Core => advance_core(exchange, stamp, command, see),
        }
    }

    /// As `apply`, for commands that may be older than this build: a panic becomes an error that
    /// names the command.
    pub fn replay(
        &mut self,
        stamp: Stamp,
        command: &Command,
        see: impl FnMut(u32, &Event),
    ) -> Result<(), CorePanic> {
        let applied = catch_unwind(AssertUnwindSafe(|| self.apply(stamp, command, see)));
        applied.or_else(|panic| {
            // If it is because of the views, they know better.
            self.gather()?;
            let (sequence, message) = (stamp.sequence.0, message_of(&*panic));
            Err(CorePanic { sequence, command: format!("{command:?}"), message })
        })
    }
}

impl CorePanic {
    fn of_views(broken: Broken) -> Self {
        let Broken { at, message } = broken;
        let command = "the events of a command that had been decided".to_owned();
        Self { sequence: at.sequence.0, command, message }
    }
}

pub(crate) fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}

/// The stamp of the command that comes next, at this time.
pub(crate) fn next_stamp(exchange: &Exchange, time_ns: u64) -> Stamp {
    Stamp { sequence: Sequence(exchange.applied().sequence.0 + 1), time_ns }
}

/// One command through all three; `see` gets each event with its index, from 0.
pub(crate) fn advance(
    (exchange, views, witness): (&mut Exchange, &mut Views, &mut Witness),
    stamp: Stamp,
    command: &Command,
    mut see: impl FnMut(u32, &Event),
) {
    let mut index = 0;
    exchange.apply(stamp, command, &mut |event: &Event| {
        views.on_event(stamp, index, event);
        witness.on_event(stamp, event);
        see(index, event);
        index += 1;
    });
    views.on_end(stamp);
    witness.on_end(stamp);
}

/// The views on their thread, the rest on this one: so both have half of the work.
fn advance_relayed(
    (exchange, relay, mut witness): (&mut Exchange, &mut Relay, Option<&mut Witness>),
    stamp: Stamp,
    command: &Command,
    mut see: impl FnMut(u32, &Event),
) {
    let mut index = 0;
    exchange.apply(stamp, command, &mut |event: &Event| {
        relay.on_event(stamp, index, event);
        if let Some(witness) = &mut witness {
            witness.on_event(stamp, event);
        }
        see(index, event);
        index += 1;
    });
    if let Some(witness) = witness {
        witness.on_end(stamp);
    }
    assert!(relay.on_end(stamp), "a view could not take up what was decided before");
}

fn advance_views(
    (exchange, views): (&mut Exchange, &mut Views),
    stamp: Stamp,
    command: &Command,
    mut see: impl FnMut(u32, &Event),
) {
    let mut index = 0;
    exchange.apply(stamp, command, &mut |event: &Event| {
        views.on_event(stamp, index, event);
        see(index, event);
        index += 1;
    });
    views.on_end(stamp);
}

fn advance_market(
    (exchange, views): (&mut Exchange, &mut Views),
    stamp: Stamp,
    command: &Command,
    mut see: impl FnMut(u32, &Event),
) {
    let mut index = 0;
    exchange.apply(stamp, command, &mut |event: &Event| {
        views.on_market_event(index, event);
        see(index, event);
        index += 1;
    });
    views.on_market_end(stamp);
}

fn advance_core(
    exchange: &mut Exchange,
    stamp: Stamp,
    command: &Command,
    mut see: impl FnMut(u32, &Event),
) {
    let mut index = 0;
    exchange.apply(stamp, command, &mut |event: &Event| {
        see(index, event);
        index += 1;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_core_names_the_command_and_what_was_broken() {
        let mut player = Player::new([0; 16], ViewLimits::DEFAULT);
        // No journal has a second command without a first one.
        let stamp = Stamp { sequence: Sequence(2), time_ns: 0 };
        let error = player.replay(stamp, &Command::Clock, |_, _| {}).unwrap_err();
        let expected = CorePanic {
            sequence: 2,
            command: "Clock".to_owned(),
            message: "commands arrive gapless and in order".to_owned(),
        };
        assert_eq!(error, expected);
    }
}
