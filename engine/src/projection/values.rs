//! What each account was worth at every whole minute of engine time, by quote asset: value and
//! gain, a bounded past. The sample of a minute is the state after every command stamped before
//! it; minutes without commands have the values of the one before, for nothing can have changed.
//! No rate between assets is known, so nothing is summed over two of them.

mod mark;

use std::collections::VecDeque;

use orison_core::event::Trade;
use orison_core::types::AssetId;
use orison_core::{AccountId, Stamp};

use super::dense::Dense;
use super::positions::Position;
use super::{Balances, Catalog, Depth, Positions, Statistics};
pub use mark::{Mark, MarkSource};

/// Between two samples.
pub const SAMPLE_NS: u64 = 60_000_000_000;

/// Units of the quote asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Value {
    /// Balance of the asset, free and locked, and the market value of positions quoted in it.
    pub value: i128,
    /// Realised and unrealised profit less fees: deposits and withdrawals do not move it.
    pub gain: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueSample {
    /// A whole minute.
    pub time_ns: u64,
    pub value: Value,
}

pub struct Values {
    samples_max: usize,
    lines_max: usize,
    /// Of each account, by asset.
    purses: Dense<AccountId, Vec<Purse>>,
    /// In the order of their first trades; at most `lines_max`.
    lines: Vec<Line>,
    /// The next whole minute; never, before the first trade.
    due_ns: u64,
}

#[derive(Clone, Copy)]
struct Purse {
    asset: AssetId,
    /// Paid so far; negative: rebates are more.
    fees: i128,
    /// None: there were too many when it began.
    line: Option<u32>,
}

struct Line {
    account: AccountId,
    asset: AssetId,
    /// Samples that differ from the one before, oldest first; at most one beyond the window.
    points: VecDeque<ValueSample>,
}

/// What values are made of.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) depth: &'a Depth,
    pub(crate) statistics: &'a Statistics,
    pub(crate) balances: &'a Balances,
    pub(crate) positions: &'a Positions,
}

impl Values {
    pub(super) fn new(samples_max: usize, lines_max: usize) -> Self {
        assert!(samples_max > 0, "a history that keeps nothing is none");
        Self { samples_max, lines_max, purses: Dense::new(), lines: Vec::new(), due_ns: u64::MAX }
    }

    pub(super) fn on_trade(&mut self, stamp: Stamp, trade: &Trade, quote: AssetId) {
        for (account, fee) in
            [(trade.maker_account, trade.maker_fee), (trade.taker_account, trade.taker_fee)]
        {
            let purse = self.purse(stamp, account, quote);
            purse.fees = purse.fees.saturating_add(fee.units());
        }
    }

    fn purse(&mut self, stamp: Stamp, account: AccountId, asset: AssetId) -> &mut Purse {
        let Self { purses, lines, lines_max, due_ns, .. } = self;
        let purses = purses.entry(account, Vec::new);
        let found = purses.binary_search_by_key(&asset, |purse| purse.asset);
        let place = found.unwrap_or_else(|place| {
            let line = (lines.len() < *lines_max).then(|| {
                lines.push(Line { account, asset, points: VecDeque::new() });
                *due_ns = (*due_ns).min(next_minute(stamp.time_ns));
                lines.len() as u32 - 1
            });
            purses.reserve_exact(1);
            purses.insert(place, Purse { asset, fees: 0, line });
            place
        });
        &mut purses[place]
    }

    /// A command stamped `now_ns` is about to be told: what stands is of every minute up to it.
    pub(super) fn sample(&mut self, now_ns: u64, sources: Sources<'_>) {
        if now_ns < self.due_ns {
            return;
        }
        let Self { purses, lines, due_ns, .. } = self;
        let window_ns = SAMPLE_NS.saturating_mul(self.samples_max as u64);
        let next_ns = next_minute(now_ns);
        for Line { account, asset, points } in lines {
            let value = sources.value(*account, *asset, fees(purses, *account, *asset));
            if points.back().is_none_or(|last| last.value != value) {
                points.push_back(ValueSample { time_ns: *due_ns, value });
            }
            let from_ns = next_ns.saturating_sub(window_ns);
            while points.get(1).is_some_and(|second| second.time_ns <= from_ns) {
                points.pop_front();
            }
        }
        *due_ns = next_ns;
    }

    /// Fees paid so far in an asset; negative: rebates are more.
    pub fn fees(&self, account: AccountId, asset: AssetId) -> i128 {
        fees(&self.purses, account, asset)
    }

    /// The assets in which it has ever traded, by number.
    pub fn assets(&self, account: AccountId) -> impl Iterator<Item = AssetId> + '_ {
        self.purses.get(account).into_iter().flatten().map(|purse| purse.asset)
    }

    /// One sample a minute, oldest first, up to the last minute that a command has passed; from
    /// the first minute after the first trade on, or the oldest that is kept. Empty: none is, or
    /// the account began when `value_lines_max` others had.
    pub fn history(&self, account: AccountId, asset: AssetId) -> Vec<ValueSample> {
        let purses = self.purses.get(account).map_or(&[][..], Vec::as_slice);
        let purse = purses.iter().find(|purse| purse.asset == asset);
        let Some(line) = purse.and_then(|purse| purse.line) else { return Vec::new() };
        let points = &self.lines[line as usize].points;
        let Some(first) = points.front() else { return Vec::new() };
        let window_ns = SAMPLE_NS.saturating_mul(self.samples_max as u64);
        let from_ns = first.time_ns.max(self.due_ns.saturating_sub(window_ns));
        let count = (self.due_ns - from_ns) / SAMPLE_NS;
        let mut history = Vec::with_capacity(count as usize);
        let mut next = 0;
        for minute in 0..count {
            let time_ns = from_ns + minute * SAMPLE_NS;
            while points.get(next + 1).is_some_and(|point| point.time_ns <= time_ns) {
                next += 1;
            }
            history.push(ValueSample { time_ns, value: points[next].value });
        }
        history
    }
}

fn fees(purses: &Dense<AccountId, Vec<Purse>>, account: AccountId, asset: AssetId) -> i128 {
    let purses = purses.get(account).map_or(&[][..], Vec::as_slice);
    purses.iter().find(|purse| purse.asset == asset).map_or(0, |purse| purse.fees)
}

/// After this moment.
fn next_minute(time_ns: u64) -> u64 {
    (time_ns / SAMPLE_NS + 1).saturating_mul(SAMPLE_NS)
}

impl Sources<'_> {
    /// As the last complete command left it.
    fn value(&self, account: AccountId, asset: AssetId, fees: i128) -> Value {
        let mut value = self.cash(account, asset);
        let mut gain = fees.saturating_neg();
        for position in self.positions.of_account(account) {
            let quote = self.catalog.instrument(position.instrument).map(|known| known.quote);
            if quote == Some(asset) {
                let market_value = self.market_value(&position);
                value = value.saturating_add(market_value);
                gain = gain.saturating_add(position.realised);
                gain = gain.saturating_add(unrealised(&position, market_value));
            }
        }
        Value { value, gain }
    }

    /// Free and locked.
    pub(crate) fn cash(&self, account: AccountId, asset: AssetId) -> i128 {
        let balance = self.balances.balance(account, asset);
        balance.map_or(0, |held| held.free.units().saturating_add(held.locked.units()))
    }

    /// Quantity x mark, negative for what is short; without a mark, what it cost.
    pub(crate) fn market_value(&self, position: &Position) -> i128 {
        let worth = self.catalog.instrument(position.instrument);
        let worth = worth.and_then(|instrument| self.catalog.worth(instrument));
        let worth = worth.expect("what was traded was created");
        match Mark::of(self, position.instrument) {
            Some(mark) => worth.market(mark.price, position.quantity),
            None => position.cost.saturating_mul(position.quantity.signum()),
        }
    }
}

/// What closing at the market would bring.
pub(crate) fn unrealised(position: &Position, market_value: i128) -> i128 {
    market_value.saturating_sub(position.cost.saturating_mul(position.quantity.signum()))
}

orison_core::stored! {
    Value { value, gain }
    ValueSample { time_ns, value }
    Purse { asset, fees, line }
    Line { account, asset, points }
    Values { samples_max, lines_max, purses, lines, due_ns }
}
