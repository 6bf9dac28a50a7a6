//! Commands that are about no order: the beginning, instruments, time, votes and foreign feeds.

use super::{Exchange, Rules, refused};
use crate::book::ORDERS_MAX;
use crate::command::{
    ExternalDepth, ExternalTrade, Genesis, InstrumentFields, InstrumentSpec, Liquidation, Pray,
    Prayer, Ticker,
};
use crate::event::{Event, ExternalHead, ExternalQuote, Op, Prayed, Sink, StatusCause};
use crate::feeds::{Heard, Message};
use crate::instrument::Status;
use crate::instruments::Plan;
use crate::reason::Reason;
use crate::types::{InstrumentId, Side};

/// Votes of one command.
const PRAYERS_MAX: u32 = 100;

impl Exchange {
    /// Reserves all memory that the limits may need. Only sequence 1 may be a genesis.
    pub(super) fn begin<S: Sink>(&mut self, genesis: &Genesis, sink: &mut S) {
        let event = match judge(genesis) {
            Ok(()) if self.applied.sequence.0 != 1 => match self.genesis {
                Some(old) if grows(&old, genesis) => {
                    self.grow(genesis);
                    Event::Done
                }
                Some(_) | None => refused(Op::Genesis, Reason::BadStatus),
            },
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

    /// Reserves what is more; nothing that lives is touched.
    fn grow(&mut self, genesis: &Genesis) {
        let Genesis { orders_max, accounts_max, .. } = *genesis;
        let orders = orders_max as usize;
        self.book.reserve(genesis.instruments_max, orders_max);
        self.terms.reserve_exact(orders.saturating_sub(self.terms.len()));
        self.conditions.reserve(orders_max);
        self.expiries.reserve(orders_max);
        self.accounts.reserve(accounts_max);
        self.clients.reserve(
            (orders_max, accounts_max),
            genesis.closed_ids_max,
            genesis.closed_ids_per_account_max,
        );
        self.instruments.reserve(genesis.instruments_max, genesis.assets_max);
        self.trails.reserve(genesis.instruments_max, genesis.trailing_max);
        self.holdings.reserve(genesis.positions_max);
        self.ledger.reserve(genesis.balances_max);
        self.leaving.reserve_exact(orders);
        self.children.reserve_exact(orders);
        self.collected.iter_mut().for_each(|levels| levels.reserve_exact(orders));
        self.genesis = Some(*genesis);
        self.rules = Rules::of(genesis);
    }

    pub(super) fn change_instrument<S: Sink>(&mut self, spec: &InstrumentSpec, sink: &mut S) {
        match self.instruments.plan(spec, self.rules()) {
            Ok(plan) => {
                if let Plan::Create { .. } = plan {
                    self.book.open_instrument();
                    self.trails.open_instrument();
                }
                let id = self.instruments.carry_out(plan, sink);
                if spec.fields.has(InstrumentFields::STATUS) {
                    self.state(id, spec.status, sink);
                }
                self.settle(sink);
            }
            Err(reason) => sink.event(&refused(Op::Instrument, reason)),
        }
    }

    /// A status that comes with the instrument's other fields.
    fn state<S: Sink>(&mut self, id: InstrumentId, status: Status, sink: &mut S) {
        if self.instruments.status(id) != status {
            self.turn(id, status, StatusCause::Command, sink);
        } else {
            self.look_at_calls();
        }
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

    pub(super) fn external_trade<S: Sink>(&mut self, trade: &ExternalTrade, sink: &mut S) {
        let heard = self.feeds.hear(trade.venue, trade.symbol, Message::of_trade(trade));
        sink.event(&answer(heard, Op::ExternalTrade, Event::ExternalTrade(*trade)));
    }

    pub(super) fn external_depth<S: Sink>(&mut self, depth: &ExternalDepth, sink: &mut S) {
        let ExternalDepth { venue, symbol, update_id, event_time_ms, .. } = *depth;
        let [bids, asks] = Side::BOTH.map(|side| depth.side(side).levels().len() as u8);
        let head = ExternalHead { venue, symbol, bids, asks, update_id, event_time_ms };
        let heard = self.feeds.hear(venue, symbol, Message::of_depth(depth));
        sink.event(&answer(heard, Op::ExternalDepth, Event::ExternalDepth(head)));
        if heard != Heard::News {
            return;
        }
        for side in Side::BOTH {
            for level in depth.side(side).levels() {
                let (price, quantity) = depth.foreign(level);
                sink.event(&Event::ExternalLevel(ExternalQuote { side, price, quantity }));
            }
        }
    }
}

/// No limit may fall below what an earlier one allowed.
fn grows(old: &Genesis, new: &Genesis) -> bool {
    new.rules_version >= old.rules_version
        && new.orders_max >= old.orders_max
        && new.accounts_max >= old.accounts_max
        && new.instruments_max >= old.instruments_max
        && new.assets_max >= old.assets_max
        && new.closed_ids_max >= old.closed_ids_max
        && new.closed_ids_per_account_max >= old.closed_ids_per_account_max
        // Windows are rings of that size.
        && new.feed_window == old.feed_window
        && new.positions_max >= old.positions_max
        && new.balances_max >= old.balances_max
        && new.trailing_max >= old.trailing_max
}

fn judge(genesis: &Genesis) -> Result<(), Reason> {
    if !(1..=crate::RULES_VERSION).contains(&genesis.rules_version) {
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
