//! One local order book, kept as Binance documents it for USD-M: updates are buffered until a
//! snapshot fits among them; the first applied one has U <= lastUpdateId <= u; from then on each
//! names its predecessor, and one that names another means that something was lost. Pure: the
//! snapshot is fetched elsewhere.
//! Spec: .../websocket-market-streams/How-to-manage-a-local-order-book-correctly

use std::collections::{BTreeMap, VecDeque};

use orison_core::command::Foreign;
use orison_core::{Decimal, Symbol};

use crate::feeds::event::Level;

/// Updates that wait for a snapshot; beyond it the oldest goes, and then no snapshot fits until a
/// newer one is fetched. Enough for 100 s of the fastest stream.
const BUFFERED_MAX: usize = 1 << 14;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Update {
    pub(super) symbol: Symbol,
    /// `U`.
    pub(super) first_id: u64,
    /// `u`.
    pub(super) last_id: u64,
    /// `pu`.
    pub(super) previous_id: u64,
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
    pub(super) event_time_ms: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Snapshot {
    pub(super) last_id: u64,
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
    pub(super) event_time_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    bids: BTreeMap<Decimal, Foreign>,
    asks: BTreeMap<Decimal, Foreign>,
    state: State,
    last_id: u64,
    event_time_ms: u64,
}

#[derive(Debug)]
enum State {
    /// Until a snapshot comes.
    Unsynced {
        buffered: VecDeque<Update>,
    },
    /// The snapshot is in; the update that overlaps it is not here yet.
    Joining,
    Synced,
}

impl Default for State {
    fn default() -> Self {
        Self::Unsynced { buffered: VecDeque::new() }
    }
}

/// What became of an update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Buffered,
    /// Older than the snapshot.
    Stale,
    Applied,
    /// Something is missing or impossible: a new snapshot is needed.
    Broken(Fault),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The predecessor is not the one that was applied.
    Gap,
    /// All that there is is newer than the snapshot.
    SnapshotTooOld,
    /// A bid at or above an ask.
    Crossed,
}

impl Book {
    pub(super) fn is_synced(&self) -> bool {
        matches!(self.state, State::Synced)
    }

    pub(super) fn on_update(&mut self, update: Update) -> Step {
        // One that names what was applied as its predecessor follows it without a hole.
        let follows = update.previous_id == self.last_id;
        match &mut self.state {
            State::Unsynced { buffered } => {
                if buffered.len() == BUFFERED_MAX {
                    buffered.pop_front();
                }
                buffered.push_back(update);
                Step::Buffered
            }
            State::Joining if update.last_id < self.last_id => Step::Stale,
            State::Joining if update.first_id > self.last_id && !follows => {
                self.unsync(update, Fault::SnapshotTooOld)
            }
            State::Joining => self.apply(update),
            // Told again, by a connection that has just taken over.
            State::Synced if update.last_id <= self.last_id => Step::Stale,
            State::Synced if !follows => self.unsync(update, Fault::Gap),
            State::Synced => self.apply(update),
        }
    }

    /// Starts from the snapshot; `applied` is called after every buffered update that is applied.
    /// A snapshot of a book that needs none is ignored.
    pub(super) fn on_snapshot(
        &mut self,
        snapshot: Snapshot,
        mut applied: impl FnMut(&Self),
    ) -> Step {
        let State::Unsynced { buffered } = &mut self.state else { return Step::Stale };
        let buffered = std::mem::take(buffered);
        self.bids.clear();
        self.asks.clear();
        set(&mut self.bids, &snapshot.bids);
        set(&mut self.asks, &snapshot.asks);
        self.last_id = snapshot.last_id;
        self.event_time_ms = snapshot.event_time_ms;
        self.state = State::Joining;
        let mut last = Step::Stale;
        let mut updates = buffered.into_iter();
        while let Some(update) = updates.next() {
            last = self.on_update(update);
            match last {
                Step::Applied => applied(self),
                Step::Broken(_) => {
                    // What follows the break is kept for the next snapshot.
                    if let State::Unsynced { buffered } = &mut self.state {
                        buffered.extend(updates);
                    }
                    return last;
                }
                Step::Stale | Step::Buffered => {}
            }
        }
        last
    }

    fn apply(&mut self, update: Update) -> Step {
        set(&mut self.bids, &update.bids);
        set(&mut self.asks, &update.asks);
        let best = self.bids.last_key_value().zip(self.asks.first_key_value());
        if best.is_some_and(|((bid, _), (ask, _))| bid >= ask) {
            return self.unsync(update, Fault::Crossed);
        }
        self.last_id = update.last_id;
        self.event_time_ms = update.event_time_ms;
        self.state = State::Synced;
        Step::Applied
    }

    fn unsync(&mut self, update: Update, fault: Fault) -> Step {
        self.state = State::Unsynced { buffered: VecDeque::from([update]) };
        Step::Broken(fault)
    }

    /// Best first.
    pub(super) fn bids(&self, levels: usize) -> Vec<Level> {
        self.bids.iter().rev().take(levels).map(level).collect()
    }

    /// Best first.
    pub(super) fn asks(&self, levels: usize) -> Vec<Level> {
        self.asks.iter().take(levels).map(level).collect()
    }

    pub(super) fn last_id(&self) -> u64 {
        self.last_id
    }

    pub(super) fn event_time_ms(&self) -> u64 {
        self.event_time_ms
    }
}

/// Quantities are absolute; zero takes the level away, and may well take none.
fn set(side: &mut BTreeMap<Decimal, Foreign>, levels: &[Level]) {
    for level in levels {
        let price = level.price.to_decimal();
        match level.quantity.mantissa {
            0 => side.remove(&price),
            _ => side.insert(price, level.quantity),
        };
    }
}

fn level((price, quantity): (&Decimal, &Foreign)) -> Level {
    let price = Foreign::from_decimal(*price).expect("it was made of one");
    Level { price, quantity: *quantity }
}

#[cfg(test)]
mod tests;
