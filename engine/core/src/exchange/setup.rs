//! Commands that are about no order: the beginning, instruments, time, votes and foreign feeds.

use super::{Exchange, refused};
use crate::book::ORDERS_MAX;
use crate::command::{Genesis, InstrumentSpec, Liquidation, Pray, Prayer, Ticker};
use crate::event::{Event, Op, Prayed, Sink};
use crate::feeds::{Heard, Message};
use crate::instruments::Plan;
use crate::reason::Reason;

/// Votes of one command.
const PRAYERS_MAX: u32 = 100;

impl Exchange {
    /// Reserves all memory that the limits may need. Only sequence 1 may be a genesis.
    pub(super) fn begin<S: Sink>(&mut self, genesis: &Genesis, sink: &mut S) {
        let event = match judge(genesis) {
            _ if self.applied.sequence.0 != 1 => refused(Op::Genesis, Reason::BadStatus),
            Err(reason) => refused(Op::Genesis, reason),
            Ok(()) => {
                let begun = Self::with_limits(self.key, genesis);
                *self = Self { applied: self.applied, genesis: Some(*genesis), ..begun };
                Event::Done
            }
        };
        sink.event(&event);
    }

    pub(super) fn change_instrument<S: Sink>(&mut self, spec: &InstrumentSpec, sink: &mut S) {
        match self.instruments.plan(spec) {
            Ok(plan) => {
                if let Plan::Create { .. } = plan {
                    self.book.open_instrument();
                }
                self.instruments.carry_out(plan, sink);
            }
            Err(reason) => sink.event(&refused(Op::Instrument, reason)),
        }
    }

    pub(super) fn clock<S: Sink>(&mut self, sink: &mut S) {
        self.timers.clock(self.applied.time_ns);
        sink.event(&Event::Done);
    }

    pub(super) fn pray<S: Sink>(&mut self, pray: &Pray, sink: &mut S) {
        if !(1..=PRAYERS_MAX).contains(&pray.count) {
            return sink.event(&refused(Op::Pray, Reason::BadQuantity));
        }
        let total = match pray.side {
            Prayer::Up => &mut self.prayers.0,
            Prayer::Down => &mut self.prayers.1,
        };
        let Some(sum) = total.checked_add(u64::from(pray.count)) else {
            return sink.event(&refused(Op::Pray, Reason::Overflow));
        };
        *total = sum;
        self.timers.prayed(self.applied.time_ns);
        let (up_total, down_total) = self.prayers;
        let Pray { side, count } = *pray;
        sink.event(&Event::Prayed(Prayed { side, count, up_total, down_total }));
    }

    pub(super) fn ticker<S: Sink>(&mut self, ticker: &Ticker, sink: &mut S) {
        let heard = self.feeds.hear(ticker.venue, ticker.symbol, Message::of_ticker(ticker));
        sink.event(&answer(heard, Op::Ticker, Event::Ticker(*ticker)));
    }

    pub(super) fn liquidation<S: Sink>(&mut self, liquidation: &Liquidation, sink: &mut S) {
        let message = Message::of_liquidation(liquidation);
        let heard = self.feeds.hear(liquidation.venue, liquidation.symbol, message);
        sink.event(&answer(heard, Op::Liquidation, Event::Liquidation(*liquidation)));
    }
}

fn judge(genesis: &Genesis) -> Result<(), Reason> {
    if genesis.rules_version != crate::RULES_VERSION {
        return Err(Reason::BadCombination);
    }
    let entries = u64::from(genesis.orders_max) + u64::from(genesis.closed_ids_max);
    let countable = genesis.orders_max <= ORDERS_MAX && entries < u64::from(u32::MAX);
    countable.then_some(()).ok_or(Reason::BadQuantity)
}

fn answer(heard: Heard, op: Op, news: Event) -> Event {
    match heard {
        Heard::News => news,
        Heard::Repeat => Event::Done,
        Heard::NoRoom => refused(op, Reason::UnknownSymbol),
    }
}
