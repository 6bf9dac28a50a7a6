//! The recording on the core alone: no ring, no journal, no view. Each command is decided where it
//! is read.

use orison_core::command::{Genesis, InstrumentSpec};
use orison_core::{Command, Event, Exchange, Symbol};

use super::FlowError;
use super::judge::Judge;
use super::plan::{Plan, plan};
use super::recording::Row;
use crate::player::next_stamp;
use crate::tape::default_spec;

pub(super) struct Direct {
    exchange: Exchange,
    events: Vec<Event>,
}

/// Live orders of a recording: some never say when one has died.
const ORDERS_MAX: u32 = 1 << 23;

/// What every flow begins with.
pub(super) fn beginning(symbol: Symbol) -> (Genesis, InstrumentSpec) {
    (Genesis { orders_max: ORDERS_MAX, ..Genesis::DEFAULT }, default_spec(symbol))
}

impl Direct {
    pub(super) fn start(symbol: Symbol) -> Self {
        let (genesis, spec) = beginning(symbol);
        let mut direct = Self { exchange: Exchange::new([0; 16]), events: Vec::new() };
        direct.apply(0, &Command::Genesis(genesis));
        direct.apply(0, &Command::Instrument(spec));
        direct
    }

    pub(super) fn row(&mut self, row: Row, judge: &mut Judge) -> Result<(), FlowError> {
        self.events.clear();
        match plan(&row, &judge.orders) {
            Plan::Send(command) => self.apply(row.time_ns, &command),
            Plan::NoOrder | Plan::Wait => {}
            Plan::InUse => return Err(judge.in_use(&row)),
        }
        judge.settle(&row, &self.events)
    }

    fn apply(&mut self, time_ns: u64, command: &Command) {
        let stamp = next_stamp(&self.exchange, time_ns);
        let events = &mut self.events;
        self.exchange.apply(stamp, command, &mut |event: &Event| events.push(*event));
    }
}
