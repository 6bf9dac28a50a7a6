//! Money as trades and transfers tell it: at every event nothing of an asset comes from nowhere or
//! is lost and nobody with money has less than none; between commands the core's balances and the
//! judge's are the same.

use std::collections::BTreeMap;

use orison_core::command::Direction;
use orison_core::event::Trade;
use orison_core::types::AssetId;
use orison_core::{AccountId, Command, Decimal, Event, Exchange, Side};

use crate::judge::Judge;

/// Built from events alone; nobody here knows of locks.
#[derive(Default)]
pub(super) struct Bank {
    /// Free and locked together.
    totals: BTreeMap<(AccountId, AssetId), i128>,
    /// What the exchange has earned.
    fees: BTreeMap<AssetId, i128>,
    /// Deposits less withdrawals.
    supply: BTreeMap<AssetId, i128>,
    /// Unfunded money has run past what can be counted: there the core stays, and this comes round.
    is_beyond: bool,
}

impl Bank {
    /// What a command brought.
    pub(super) fn hear(
        &mut self,
        core: &Exchange,
        judge: &Judge,
        command: &Command,
        events: &[Event],
    ) -> Result<(), String> {
        if let (Command::Transfer(transfer), Some(&(account, asset))) =
            (command, balance_of(events).as_ref())
        {
            let unit = Decimal::new(1, judge.asset_decimals(asset));
            let amount =
                transfer.amount.steps_of(unit).ok_or("an amount was taken that is none")?;
            let sign = if transfer.direction == Direction::Deposit { 1 } else { -1 };
            *self.totals.entry((account, asset)).or_default() += sign * amount;
            *self.supply.entry(asset).or_default() += sign * amount;
        }
        for event in events {
            if let Event::Trade(trade) = event {
                self.trade(core, judge, trade)?;
            }
        }
        Ok(())
    }

    fn trade(&mut self, core: &Exchange, judge: &Judge, trade: &Trade) -> Result<(), String> {
        let Trade { instrument, maker_account, taker_account, taker_side, .. } = *trade;
        let traded = core.instruments()[usize::from(instrument.0) - 1];
        let money = judge.money_of(instrument, trade.price.0, trade.quantity.0);
        let lots = judge.base_of(instrument, trade.quantity.0);
        let sides = [
            (maker_account, taker_side.opposite(), trade.maker_fee.units()),
            (taker_account, taker_side, trade.taker_fee.units()),
        ];
        for (account, side, fee) in sides {
            let sign = if side == Side::Buy { 1 } else { -1 };
            for (asset, units) in [(traded.base, sign * lots), (traded.quote, -sign * money - fee)]
            {
                let total = self.totals.entry((account, asset)).or_default();
                let (after, has_overflown) = total.overflowing_add(units);
                *total = after;
                self.is_beyond |= has_overflown;
            }
            *self.fees.entry(traded.quote).or_default() += fee;
        }
        for asset in [traded.base, traded.quote] {
            self.conserves(asset)?;
            for account in [maker_account, taker_account] {
                let total = self.totals[&(account, asset)];
                if total < 0 && judge.is_funded(account) {
                    return Err(format!("{account} has {total} of {asset} after {trade:?}"));
                }
            }
        }
        Ok(())
    }

    fn conserves(&self, asset: AssetId) -> Result<(), String> {
        let of_asset = self.totals.iter().filter(|((_, other), _)| *other == asset);
        let there = of_asset.fold(0i128, |sum, (_, total)| sum.wrapping_add(*total));
        let earned = self.fees.get(&asset).copied().unwrap_or_default();
        let supply = self.supply.get(&asset).copied().unwrap_or_default();
        if there.wrapping_add(earned) == supply {
            return Ok(());
        }
        Err(format!("conservation: {there} of {asset} and {earned} earned, {supply} came in"))
    }

    /// Between commands.
    pub(super) fn check(&self, core: &Exchange, judge: &Judge) -> Result<(), String> {
        let mut shown = BTreeMap::new();
        for balance in core.balances() {
            let (free, locked) = (balance.free.units(), balance.locked.units());
            shown.insert((balance.account, balance.asset), (free, locked));
        }
        for judged in judge.balances() {
            let pair = (judged.account, judged.asset);
            let found = shown.remove(&pair).unwrap_or_default();
            let told = self.totals.get(&pair).copied().unwrap_or_default();
            let is_funded = judge.is_funded(judged.account);
            if self.is_beyond && !is_funded {
                continue;
            }
            if found != (judged.free, judged.locked) || found.0 + found.1 != told {
                return Err(format!("balance {found:?}, events say {told}, judged {judged:?}"));
            }
            if judged.locked < 0 || is_funded && judged.free < 0 {
                return Err(format!("less than nothing: {judged:?}"));
            }
        }
        if let Some(pair) = shown.keys().next() {
            return Err(format!("a balance of {pair:?}, which is nobody's"));
        }
        for totals in core.assets() {
            let fees = self.fees.get(&totals.asset).copied().unwrap_or_default();
            let supply = self.supply.get(&totals.asset).copied().unwrap_or_default();
            if (totals.fees, totals.deposited) != (fees, supply) {
                return Err(format!("totals {totals:?}, events say {fees} and {supply}"));
            }
            self.conserves(totals.asset)?;
        }
        Ok(())
    }
}

/// Of the last balance that was told: a transfer tells of one.
fn balance_of(events: &[Event]) -> Option<(AccountId, AssetId)> {
    events.iter().rev().find_map(|event| match event {
        Event::Balance(balance) => Some((balance.account, balance.asset)),
        _ => None,
    })
}
