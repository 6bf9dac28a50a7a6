//! What a stage does while there is nothing to do: spin, then yield, then give its core away.
//! It must not know what is waited for; the bell does the waking.

use std::time::{Duration, Instant};
use std::{hint, thread};

use super::Wait;
use super::bell::Bell;

/// Rounds of a pause instruction before a stage begins to yield: some 10 us.
const SPINS: u32 = 512;
/// A stage that has been idle for this long parks.
const PARK_AFTER: Duration = Duration::from_millis(1);
/// Stages beside a spinning matcher nap once they have been idle: nobody makes the system call
/// that would wake them.
const NAP: Duration = Duration::from_micros(50);
/// A parked stage looks up this often, for nothing but a failed disk that nobody appends to.
pub(super) const LOOK_UP: Duration = Duration::from_millis(250);

/// How a stage waits; `Napping` is what `Wait::Spin` means for all but the matcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    Spinning,
    Yielding,
    Napping,
    Parking,
}

impl Manner {
    pub(super) fn of_matcher(wait: Wait) -> Self {
        match wait {
            Wait::Spin => Self::Spinning,
            Wait::Yield => Self::Yielding,
            Wait::Backoff => Self::Parking,
        }
    }

    pub(super) fn of_projector(wait: Wait) -> Self {
        match wait {
            Wait::Spin => Self::Napping,
            Wait::Yield => Self::Yielding,
            Wait::Backoff => Self::Parking,
        }
    }
}

/// One stretch of idleness.
pub(super) struct Pause {
    manner: Manner,
    rounds: u32,
    yielding_since: Option<Instant>,
}

/// What a round of waiting came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Round {
    /// Look again.
    Waited,
    /// Idle for so long that the stage should block, in whatever way it can be woken.
    Block,
}

impl Pause {
    pub(super) fn new(manner: Manner) -> Self {
        Self { manner, rounds: 0, yielding_since: None }
    }

    /// There was something to do.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.rounds = 0;
        self.yielding_since = None;
    }

    #[inline]
    pub(super) fn round(&mut self) -> Round {
        if self.manner == Manner::Spinning || self.rounds < SPINS {
            self.rounds = self.rounds.saturating_add(1);
            hint::spin_loop();
            return Round::Waited;
        }
        self.give_way()
    }

    fn give_way(&mut self) -> Round {
        let since = *self.yielding_since.get_or_insert_with(Instant::now);
        let is_long = self.manner != Manner::Yielding && since.elapsed() >= PARK_AFTER;
        match (is_long, self.manner) {
            (true, Manner::Parking) => return Round::Block,
            (true, Manner::Napping) => thread::sleep(NAP),
            _ => thread::yield_now(),
        }
        Round::Waited
    }

    /// A round that ends in the bell's care when it should block.
    pub(super) fn wait(&mut self, bell: &Bell, timeout: Duration, has_work: impl FnOnce() -> bool) {
        if self.round() == Round::Block {
            bell.park(timeout, has_work);
        }
    }
}
