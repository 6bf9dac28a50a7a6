//! Money between commands: the core's balances are the judge's, nothing of an asset comes from
//! nowhere or is lost, and nobody with money has less than none.

use std::collections::BTreeMap;

use orison_core::event::Trade;
use orison_core::types::AssetId;
use orison_core::{Event, Exchange};

use crate::judge::Judge;

/// What the exchange has earned, from its trades.
#[derive(Default)]
pub(super) struct Fees {
    by_asset: BTreeMap<AssetId, i128>,
}

impl Fees {
    pub(super) fn hear(&mut self, core: &Exchange, events: &[Event]) {
        for event in events {
            if let Event::Trade(Trade { instrument, maker_fee, taker_fee, .. }) = event {
                let quote = core.instruments()[usize::from(instrument.0) - 1].quote;
                *self.by_asset.entry(quote).or_default() += maker_fee.units() + taker_fee.units();
            }
        }
    }
}

pub(super) fn check(core: &Exchange, judge: &Judge, fees: &Fees) -> Result<(), String> {
    let mut sums: BTreeMap<AssetId, i128> = fees.by_asset.clone();
    let mut shown = BTreeMap::new();
    for balance in core.balances() {
        let (free, locked) = (balance.free.units(), balance.locked.units());
        *sums.entry(balance.asset).or_default() += free + locked;
        shown.insert((balance.account, balance.asset), (free, locked));
    }
    for judged in judge.balances() {
        let found = shown.remove(&(judged.account, judged.asset)).unwrap_or_default();
        if found != (judged.free, judged.locked) {
            return Err(format!("the core's {found:?} is judged {judged:?}"));
        }
        let is_funded = judge.is_funded(judged.account);
        if judged.locked < 0 || is_funded && judged.free < 0 {
            return Err(format!("less than nothing: {judged:?}"));
        }
    }
    if let Some(pair) = shown.keys().next() {
        return Err(format!("a balance of {pair:?}, which is nobody's"));
    }
    for (asset, sum) in sums {
        let supply = judge.supply(asset);
        if sum != supply {
            return Err(format!("{sum} of {asset} are there, {supply} came in"));
        }
    }
    Ok(())
}
