//! Core and judge side by side, with a follower of the core's events, and everything that must
//! hold of them between commands.

use std::collections::HashMap;

use orison_core::{
    Command, Event, Exchange, InstrumentId, OrderId, Price, Quantity, Sequence, Side, Stamp, Symbol,
};

use super::follower::Follower;
use crate::judge::{Judge, Resting};
use crate::stream::Step;

/// The dear checks look at everything that rests; one command in so many gets them.
const THOROUGH_EVERY: u64 = 32;
/// Orders that the dear checks look at, resting or not.
const LATEST: usize = 64;

pub(super) struct Difference {
    /// Of the step in its stream.
    pub(super) index: usize,
    pub(super) what: String,
}

pub(super) struct World {
    core: Exchange,
    judge: Judge,
    follower: Follower,
    stamp: Stamp,
    /// Orders by the step that entered them.
    orders: HashMap<usize, OrderId>,
    /// All of them, the latest last.
    accepted: Vec<OrderId>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            core: Exchange::new(*b"the judge's test"),
            judge: Judge::new(),
            follower: Follower::new(),
            stamp: Stamp { sequence: Sequence(0), time_ns: 1 },
            orders: HashMap::new(),
            accepted: Vec::new(),
        }
    }

    /// For the names of things; differences do not matter.
    pub(super) fn after(steps: &[Step]) -> Self {
        let mut world = Self::new();
        for step in steps {
            world.judged(step);
        }
        world
    }

    pub(super) fn symbols(&self) -> Vec<Symbol> {
        self.judge.instruments().iter().map(|instrument| instrument.symbol).collect()
    }

    /// What the judge alone says of one more command.
    pub(super) fn judged(&mut self, step: &Step) -> Vec<Event> {
        let command = self.next(step);
        let events = self.judge.apply(self.stamp, &command);
        self.remember(step, &events);
        events
    }

    /// Gives one more command to both. An error is what differs, or what does not hold.
    pub(super) fn give(&mut self, step: &Step) -> Result<(), String> {
        let command = self.next(step);
        let expected = self.judge.apply(self.stamp, &command);
        let mut found = Vec::new();
        self.core.apply(self.stamp, &command, &mut |event: &Event| found.push(*event));
        if found != expected {
            return Err(differing(&expected, &found));
        }
        self.remember(step, &found);
        self.follower.hear(self.stamp, &found)?;
        self.check_state(&command)?;
        for instrument in touched(&command, &found, self.judge.instruments().len()) {
            self.check_book(instrument)?;
        }
        if self.stamp.sequence.0.is_multiple_of(THOROUGH_EVERY) {
            self.check_orders()?;
            self.follower.check_witness(&self.core)?;
        }
        Ok(())
    }

    fn next(&mut self, step: &Step) -> Command {
        self.stamp.sequence.0 += 1;
        self.stamp.time_ns += step.pause_ns;
        step.aimed(|step| self.orders.get(&step).copied())
    }

    fn remember(&mut self, step: &Step, events: &[Event]) {
        for event in events {
            if let Event::Accepted(accepted) = event {
                self.orders.insert(step.number, accepted.order);
                self.accepted.push(accepted.order);
            }
        }
    }

    fn check_state(&self, command: &Command) -> Result<(), String> {
        if self.core.applied() != self.stamp {
            return Err(format!("applied {:?} of {:?}", self.core.applied(), self.stamp));
        }
        let due = self.core.next_deadline();
        if matches!(command, Command::Clock) && due.is_some_and(|due| due <= self.stamp.time_ns) {
            return Err(format!("a clock at {:?} leaves a deadline at {due:?}", self.stamp));
        }
        if self.core.prayers() != self.judge.prayers() {
            return Err(format!("prayers {:?}", self.core.prayers()));
        }
        if self.core.instruments() != self.judge.instruments() {
            return Err(format!("instruments {:?}", self.core.instruments()));
        }
        Ok(())
    }

    /// The core's book is the judge's, its sums are what is shown, and it is not crossed.
    fn check_book(&self, instrument: InstrumentId) -> Result<(), String> {
        for side in Side::BOTH {
            let judged = self.judge.book(instrument, side);
            let mut levels: Vec<(Price, Quantity)> = Vec::new();
            let mut count = 0;
            for order in self.core.book(instrument, side) {
                if !judged.get(count).is_some_and(|judged| is_same(&order, judged))
                    || (order.instrument, order.side) != (instrument, side)
                {
                    return Err(format!(
                        "{side:?} of {instrument}, place {count}: {order:?}, judged {:?}",
                        judged.get(count)
                    ));
                }
                match levels.last_mut().filter(|(price, _)| *price == order.price) {
                    Some((_, quantity)) => *quantity += order.open,
                    None => levels.push((order.price, order.open)),
                }
                count += 1;
            }
            if count != judged.len() {
                return Err(format!("{side:?} of {instrument}: {count} of {}", judged.len()));
            }
            self.follower.check_levels(instrument, side, &levels)?;
        }
        let best = Side::BOTH.map(|side| self.judge.book(instrument, side).first());
        match best {
            [Some(bid), Some(ask)] if bid.price >= ask.price => {
                Err(format!("crossed: {} bid, {} asked", bid.price, ask.price))
            }
            _ => Ok(()),
        }
    }

    /// Each of the latest orders rests in the core, and is shown open, as long as the judge says.
    fn check_orders(&self) -> Result<(), String> {
        for id in self.accepted.iter().rev().take(LATEST) {
            let judged = self.judge.order(*id);
            let found = self.core.order(*id);
            let is_right = match (&found, judged) {
                (Some(found), Some(judged)) => is_same(found, judged),
                (None, None) => true,
                _ => false,
            };
            if !is_right {
                return Err(format!("{id}: {found:?}, judged {judged:?}"));
            }
            self.follower.check_order(*id, judged)?;
        }
        Ok(())
    }
}

fn is_same(order: &orison_core::BookOrder, judged: &Resting) -> bool {
    (order.id, order.account, order.side, order.price)
        == (judged.id, judged.account, judged.side, judged.price)
        && (order.open, order.hidden) == (judged.open, Quantity::ZERO)
        && order.ticket == judged.ticket
        && order.client_order_id == judged.asked.client_order_id
}

/// Instruments whose book the command may have changed; all of them where it is not clear.
fn touched(command: &Command, events: &[Event], count: usize) -> Vec<InstrumentId> {
    let all = (1..=count as u16).map(InstrumentId);
    let mentioned = |id: &InstrumentId| {
        events.iter().any(|event| match event {
            Event::Accepted(accepted) => accepted.instrument == *id,
            Event::Cancelled(cancelled) => cancelled.instrument == *id,
            Event::Amended(amended) => amended.instrument == *id,
            Event::Rejected(rejected) => rejected.instrument == *id,
            Event::Trade(_)
            | Event::Rested(_)
            | Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => false,
        })
    };
    let aims_at_orders = matches!(
        command,
        Command::Place(_) | Command::Cancel(_) | Command::Amend(_) | Command::MassCancel(_)
    );
    if aims_at_orders { all.filter(mentioned).collect() } else { all.collect() }
}

/// Both lists, from the first event that is not the same.
fn differing(expected: &[Event], found: &[Event]) -> String {
    let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let show = |events: &[Event]| {
        let rest = events.iter().skip(same).take(3).map(|event| format!("  {event:?}\n"));
        rest.collect::<String>()
    };
    format!(
        "{same} events are the same, then\nthe judge says\n{}the core says\n{}",
        show(expected),
        show(found)
    )
}
