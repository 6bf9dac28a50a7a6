//! Core and judge side by side, with a follower of the core's events, and everything that must
//! hold of them between commands.

use std::collections::HashMap;

use orison_core::instrument::{ASSET_DECIMALS_DEFAULT, Status};
use orison_core::{
    BookOrder, Command, Event, Exchange, InstrumentId, OrderId, Price, Quantity, Sequence, Side,
    Stamp, StopOrder,
};

use super::coverage::word;
use super::follower::Follower;
use super::money;
use crate::judge::{Judge, Order, Place, Said, heard, id_of};
use crate::stream::{Asked, Step};
use crate::tape::Names;

/// The dearest checks take so many rounds of the others.
const THOROUGH_EVERY: u64 = 32;
/// Orders that the dear checks look at, resting or not.
const LATEST: usize = 64;

#[derive(Clone)]
pub(super) struct Difference {
    /// Of the step in its stream.
    pub(super) index: usize,
    pub(super) what: String,
}

impl Difference {
    /// What differs, whoever it concerns and by how much.
    pub(super) fn kind(&self) -> String {
        let named = self.what.split(['\n', '[', '{']).next().unwrap_or_default();
        named.chars().filter(|char| !char.is_ascii_digit()).collect()
    }
}

pub(super) struct World {
    core: Exchange,
    judge: Judge,
    follower: Follower,
    bank: money::Bank,
    stamp: Stamp,
    /// Everything that rests is compared after each so many commands.
    every: u64,
    /// Orders by what asked for them.
    orders: HashMap<Asked, OrderId>,
    /// All of them, the latest last.
    accepted: Vec<OrderId>,
}

impl World {
    pub(super) fn new(every: u64) -> Self {
        Self {
            core: Exchange::new(*b"the judge's test"),
            judge: Judge::new(),
            follower: Follower::new(),
            bank: money::Bank::default(),
            stamp: Stamp { sequence: Sequence(0), time_ns: 1 },
            every,
            orders: HashMap::new(),
            accepted: Vec::new(),
        }
    }

    /// For the names of things; differences do not matter.
    pub(super) fn after(steps: &[Step]) -> Self {
        let mut world = Self::new(1);
        for step in steps {
            world.judged(step);
        }
        world
    }

    pub(super) fn names(&self) -> Names {
        Names {
            instruments: self.judge.markets().iter().map(|market| market.instrument).collect(),
            accounts: self.judge.accounts().iter().map(|account| account.name).collect(),
            asset_decimals: ASSET_DECIMALS_DEFAULT,
        }
    }

    /// What the judge alone says of one more step.
    pub(super) fn judged(&mut self, step: &Step) -> Vec<Said> {
        let mut said = Vec::new();
        let is_clock = step.command == Command::Clock;
        if !is_clock && self.judge.deadline().is_some_and(|due| due <= step.time_ns) {
            self.advance(step);
            said.extend(self.judge.apply(self.stamp, &Command::Clock));
        }
        self.advance(step);
        let command = step.aimed(|asked| self.orders.get(&asked).copied());
        let answer = self.judge.apply(self.stamp, &command);
        for said in &answer {
            if let Said::Accepted { order: (sequence, leg), .. } = *said {
                let id = OrderId { sequence: Sequence(sequence), slot: 0, leg };
                self.orders.insert((step.number, leg), id);
            }
        }
        said.extend(answer);
        said
    }

    /// Gives one more step to both. An error is what differs, or what does not hold.
    pub(super) fn give(&mut self, step: &Step) -> Result<(), String> {
        // What is due happens first, as the sequencer does it.
        let is_clock = step.command == Command::Clock;
        if !is_clock && self.core.next_deadline().is_some_and(|due| due <= step.time_ns) {
            self.advance(step);
            self.apply(step, &Command::Clock)?;
        }
        self.advance(step);
        let command = step.aimed(|asked| self.orders.get(&asked).copied());
        self.apply(step, &command)
    }

    fn advance(&mut self, step: &Step) {
        self.stamp.sequence.0 += 1;
        self.stamp.time_ns = step.time_ns;
    }

    fn apply(&mut self, step: &Step, command: &Command) -> Result<(), String> {
        let expected = self.judge.apply(self.stamp, command);
        let checked = self.core.check(self.stamp.time_ns, command);
        let mut events = Vec::new();
        self.core.apply(self.stamp, command, &mut |event: &Event| events.push(*event));
        let found = heard(&events);
        if found != expected {
            return Err(differing(&expected, &found));
        }
        if events.is_empty() {
            return Err("a command without an event".into());
        }
        let refused = match (command, found.first()) {
            (Command::Place(_) | Command::Pair(_), Some(Said::Rejected { reason, .. })) => {
                Err(*reason)
            }
            _ => Ok(()),
        };
        if checked != refused {
            return Err(format!("a dry run says {checked:?}, then it is {refused:?}"));
        }
        self.remember(step, &events);
        self.bank.hear(&self.core, &self.judge, command, &events)?;
        self.follower.hear(self.stamp, &events)?;
        self.check_state(command)?;
        let ids: Vec<_> = self.judge.markets().iter().map(|market| market.instrument.id).collect();
        for &id in &ids {
            self.check_not_crossed(id)?;
        }
        if self.stamp.sequence.0.is_multiple_of(self.every) {
            self.bank.check(&self.core, &self.judge)?;
            for &id in &ids {
                self.check_book(id)?;
            }
        }
        if self.stamp.sequence.0.is_multiple_of(self.every * THOROUGH_EVERY) {
            self.check_orders()?;
            self.follower.check_witness(&self.core)?;
        }
        Ok(())
    }

    fn remember(&mut self, step: &Step, events: &[Event]) {
        for event in events {
            if let Event::Accepted(accepted) = event {
                self.orders.insert((step.number, accepted.order.leg), accepted.order);
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
        let judged = self.judge.deadline();
        if judged.is_some_and(|judged| due.is_none_or(|due| due > judged)) {
            return Err(format!("a deadline at {judged:?} is told as {due:?}"));
        }
        if self.core.prayers() != self.judge.prayers() {
            return Err(format!("prayers {:?}", self.core.prayers()));
        }
        for account in self.judge.accounts() {
            let judged = account.settings;
            let found = self.core.settings(judged.account);
            let same = found.is_some_and(|found| {
                (found.funding, found.access, found.self_trade, found.fields)
                    == (judged.funding, judged.access, judged.self_trade, judged.fields)
            });
            if !same {
                return Err(format!("settings {found:?}, judged {judged:?}"));
            }
        }
        for (index, market) in self.judge.markets().iter().enumerate() {
            let id = market.instrument.id;
            let bounds = self.core.bounds(id).copied();
            if self.core.instruments().get(index) != Some(&market.instrument)
                || bounds.is_some_and(|bounds| bounds != market.bounds)
                || self.core.last_price(id).map(|price| price.0) != market.last
            {
                let found = self.core.instruments().get(index);
                let last = self.core.last_price(id);
                return Err(format!("judged {market:?}, is {found:?} {bounds:?} {last:?}"));
            }
        }
        Ok(())
    }

    /// The core's book is the judge's, and its sums are what is shown.
    fn check_book(&self, instrument: InstrumentId) -> Result<(), String> {
        for side in Side::BOTH {
            let judged = self.judge.queue(instrument, side);
            let found: Vec<BookOrder> = self.core.book(instrument, side).collect();
            let same = |(found, judged): (&BookOrder, &&Order)| {
                is_same(found, judged) && (found.instrument, found.side) == (instrument, side)
            };
            if found.len() != judged.len() || !found.iter().zip(&judged).all(same) {
                return Err(format!("{side:?} of {instrument}: {found:?}, judged {judged:?}"));
            }
            let mut levels: Vec<(Price, Quantity)> = Vec::new();
            // Market orders in a call have no level.
            for order in found.iter().filter(|order| order.price.0 > 0) {
                match levels.last_mut().filter(|(price, _)| *price == order.price) {
                    Some((_, quantity)) => *quantity += order.open,
                    None => levels.push((order.price, order.open)),
                }
            }
            self.follower.check_levels(instrument, side, &levels)?;
        }
        let stops = self.core.stops(instrument);
        let judged = self.judge.stops(instrument);
        let same = |(found, judged): (&StopOrder, &&Order)| is_same_stop(found, judged);
        if stops.len() != judged.len() || !stops.iter().zip(&judged).all(same) {
            return Err(format!("stops of {instrument}: {stops:?}, judged {judged:?}"));
        }
        self.check_tickets(instrument)
    }

    fn check_not_crossed(&self, instrument: InstrumentId) -> Result<(), String> {
        let best = Side::BOTH.map(|side| self.core.book(instrument, side).next());
        let status = self.core.instruments()[usize::from(instrument.0) - 1].status;
        match best {
            [Some(bid), Some(ask)] if bid.price >= ask.price && status != Status::Auction => {
                Err(format!("crossed: {} bid, {} asked", bid.price, ask.price))
            }
            _ => Ok(()),
        }
    }

    /// Whoever came to his place first has the smaller ticket, on either side and before a
    /// trigger.
    fn check_tickets(&self, instrument: InstrumentId) -> Result<(), String> {
        let halves = Side::BOTH.map(|side| self.core.book(instrument, side));
        let mut found: Vec<_> =
            halves.into_iter().flatten().map(|order| (order.ticket, id_of(order.id))).collect();
        found.extend(self.core.stops(instrument).iter().map(|stop| (stop.ticket, id_of(stop.id))));
        let mut judged: Vec<_> = Vec::new();
        for side in Side::BOTH {
            judged.extend(self.judge.queue(instrument, side));
        }
        judged.extend(self.judge.stops(instrument));
        found.sort_unstable();
        judged.sort_by_key(|order| order.ticket);
        let found: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        let judged: Vec<_> = judged.into_iter().map(|order| order.id).collect();
        let is_same = found == judged;
        if is_same { Ok(()) } else { Err(format!("by ticket {found:?}, judged {judged:?}")) }
    }

    /// Each of the latest orders lives in the core, and is shown open, as long as the judge says.
    fn check_orders(&self) -> Result<(), String> {
        for id in self.accepted.iter().rev().take(LATEST) {
            let judged = self.judge.find(id_of(*id));
            let found = self.core.order(*id);
            let is_right = match (&found, judged) {
                (Some(found), Some(judged)) if judged.place == Place::Book => {
                    is_same(found, judged)
                }
                (None, Some(judged)) => judged.place != Place::Book,
                (Some(_), Some(_)) | (None, None) => true,
                (Some(_), None) => false,
            };
            if !is_right {
                return Err(format!("{id}: {found:?}, judged {judged:?}"));
            }
            self.follower.check_order(*id, judged)?;
        }
        Ok(())
    }
}

fn is_same(found: &BookOrder, judged: &Order) -> bool {
    (id_of(found.id), found.account, found.side) == (judged.id, judged.account, judged.side)
        && found.price.0 == judged.limit.unwrap_or_default()
        && (found.open.0, found.hidden.0) == (judged.tip, judged.open - judged.tip)
        && found.client_order_id == judged.asked.client_order_id
}

fn is_same_stop(found: &StopOrder, judged: &Order) -> bool {
    (id_of(found.id), found.account, found.side) == (judged.id, judged.account, judged.side)
        && found.stop_price.map(|price| price.0) == judged.stop_price()
        && found.quantity.0 == judged.shown_open()
        && found.client_order_id == judged.asked.client_order_id
}

/// Both lists, from the first word that is not the same.
fn differing(expected: &[Said], found: &[Said]) -> String {
    let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let first = |said: &[Said]| said.get(same).map_or_else(|| "nothing".into(), word);
    let show = |said: &[Said]| {
        let rest = said.iter().skip(same).take(3).map(|said| format!("  {said:?}\n"));
        rest.collect::<String>()
    };
    format!(
        "after {same} events the judge says {}, the core {}\n{}the core\n{}",
        first(expected),
        first(found),
        show(expected),
        show(found)
    )
}
