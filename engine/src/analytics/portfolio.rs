//! What an account holds and what that is worth now, one part for each quote asset: no rate
//! between assets is known, so there is no total over two of them. Positions come from fills
//! alone; base assets that were paid in are no position and are not valued.

use orison_core::types::AssetId;
use orison_core::{AccountId, Stamp};

use super::number::{deviation, finite, mean, real, share};
use crate::Views;
use crate::projection::values::{SAMPLE_NS, unrealised};
use crate::projection::{Mark, Position, ValueSample};

/// Fewer changes of gain than these have no Sharpe ratio.
pub const SHARPE_CHANGES_MIN: usize = 30;

#[derive(Clone, PartialEq, Debug)]
pub struct Portfolio {
    pub account: AccountId,
    /// The command it is after.
    pub at: Stamp,
    /// By quote asset; one for each in which the account has traded or has a balance.
    pub parts: Vec<PortfolioPart>,
}

/// Amounts are units of the quote asset.
#[derive(Clone, PartialEq, Debug)]
pub struct PortfolioPart {
    pub quote: AssetId,
    /// Balance, free and locked; of an unfunded account it may be below zero.
    pub cash: i128,
    /// By instrument; those that are flat stand here too, for their realised profit.
    pub holdings: Vec<Holding>,
    /// What all open positions were bought, or sold, for.
    pub total_cost: i128,
    /// Of positions, short ones negative.
    pub market_value: i128,
    /// `cash` + `market_value`.
    pub total_value: i128,
    pub realised: i128,
    pub unrealised: i128,
    /// Paid so far; negative: rebates are more.
    pub fees: i128,
    /// Of the holdings that have one.
    pub day_change: i128,
    /// 1 - sum of squared allocations (Herfindahl): 0 = all in one. None: nothing is open.
    pub diversification: Option<f64>,
    /// Mean change of gain from minute to minute over its sample deviation, x sqrt(minutes in 365
    /// days), over the samples kept (a day), without interest. None: fewer than 30 changes, or
    /// they do not differ.
    pub sharpe: Option<f64>,
    /// The largest of the samples kept and of now. None: there is no history.
    pub drawdown: Option<Drawdown>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Holding {
    /// With quantity, cost, average cost and realised profit.
    pub position: Position,
    /// None: it is valued at what it cost.
    pub mark: Option<Mark>,
    /// Quantity x mark; negative: short.
    pub market_value: i128,
    pub unrealised: i128,
    /// Quantity x (mark - open of the rolling 24 hours). None: nothing traded in them.
    pub day_change: Option<i128>,
    /// (mark - that open) / that open; of what is short the opposite, flat 0.
    pub day_change_ratio: Option<f64>,
    /// |market value| over the sum of those of its part. None: nothing is open.
    pub allocation: Option<f64>,
}

/// How far gain (profit less fees) fell from its highest until then.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drawdown {
    /// The deepest fall.
    pub deepest: i128,
    /// Over the value at the high it fell from. None: that was not above zero.
    pub deepest_ratio: Option<f64>,
    /// From the highest to now.
    pub current: i128,
    pub current_ratio: Option<f64>,
}

impl Portfolio {
    /// An account that nobody knows holds nothing.
    pub fn of(views: &Views, account: AccountId) -> Self {
        let mut quotes: Vec<AssetId> = views.values.assets(account).collect();
        for balance in views.balances.of_account(account) {
            let instruments = views.catalog.instruments();
            if instruments.iter().any(|instrument| instrument.quote == balance.asset) {
                quotes.push(balance.asset);
            }
        }
        quotes.sort_unstable();
        quotes.dedup();
        let part = |quote| PortfolioPart::of(views, account, quote);
        Self { account, at: views.at(), parts: quotes.into_iter().map(part).collect() }
    }

    pub fn part(&self, quote: AssetId) -> Option<&PortfolioPart> {
        self.parts.iter().find(|part| part.quote == quote)
    }
}

impl PortfolioPart {
    fn of(views: &Views, account: AccountId, quote: AssetId) -> Self {
        let is_here = |position: &Position| {
            let instrument = views.catalog.instrument(position.instrument);
            instrument.is_some_and(|instrument| instrument.quote == quote)
        };
        let positions = views.positions.of_account(account).filter(is_here);
        let mut holdings: Vec<Holding> =
            positions.map(|position| Holding::of(views, position)).collect();
        let sum = |amount: fn(&Holding) -> i128| -> i128 {
            holdings.iter().map(amount).fold(0, i128::saturating_add)
        };
        let gross = sum(|holding| holding.market_value.saturating_abs());
        let market_value = sum(|holding| holding.market_value);
        let realised = sum(|holding| holding.position.realised);
        let unrealised = sum(|holding| holding.unrealised);
        let total_cost = sum(|holding| holding.position.cost);
        let day_change = sum(|holding| holding.day_change.unwrap_or(0));
        for holding in &mut holdings {
            holding.allocation = share(holding.market_value.saturating_abs(), gross);
        }
        let cash = views.sources().cash(account, quote);
        let total_value = cash.saturating_add(market_value);
        let fees = views.values.fees(account, quote);
        let gain = realised.saturating_add(unrealised).saturating_sub(fees);
        let history = views.values.history(account, quote);
        Self {
            quote,
            cash,
            total_cost,
            market_value,
            total_value,
            realised,
            unrealised,
            fees,
            day_change,
            diversification: (gross > 0).then(|| 1.0 - herfindahl(&holdings)),
            sharpe: sharpe(&history, views.catalog.asset(quote).map_or(0, |asset| asset.decimals)),
            drawdown: Drawdown::of(&history, total_value, gain),
            holdings,
        }
    }
}

impl Holding {
    fn of(views: &Views, position: Position) -> Self {
        let sources = views.sources();
        let market_value = sources.market_value(&position);
        let mark = views.mark(position.instrument);
        let open = views.statistics.day(position.instrument).open;
        let day = mark.zip(open).map(|(mark, open)| (mark.price.0, open.0));
        let worth = views.catalog.instrument(position.instrument);
        let worth = worth.and_then(|instrument| views.catalog.worth(instrument));
        let day_change = day.zip(worth).map(|((mark, open), worth)| {
            let change = orison_core::Price(mark.saturating_sub(open));
            worth.market(change, position.quantity)
        });
        Self {
            position,
            mark,
            market_value,
            unrealised: unrealised(&position, market_value),
            day_change,
            day_change_ratio: day
                .and_then(|(mark, open)| share(i128::from(mark) - i128::from(open), open.into()))
                .map(|ratio| ratio * position.quantity.signum() as f64),
            allocation: None,
        }
    }
}

/// Sum of squared allocations.
pub(super) fn herfindahl(holdings: &[Holding]) -> f64 {
    let shares = holdings.iter().filter_map(|holding| holding.allocation);
    shares.fold(0.0, |sum, share| sum + share * share)
}

fn sharpe(history: &[ValueSample], decimals: u8) -> Option<f64> {
    const MINUTES_PER_YEAR: f64 = (365 * 24 * 3_600 * 1_000_000_000 / SAMPLE_NS) as f64;
    let changes = history
        .windows(2)
        .map(|pair| real(pair[1].value.gain.saturating_sub(pair[0].value.gain), decimals));
    let changes: Vec<f64> = changes.collect();
    if changes.len() < SHARPE_CHANGES_MIN {
        return None;
    }
    let deviation = deviation(&changes).filter(|&deviation| deviation > 0.0)?;
    finite(mean(&changes)? / deviation * MINUTES_PER_YEAR.sqrt())
}

impl Drawdown {
    fn of(history: &[ValueSample], value: i128, gain: i128) -> Option<Self> {
        let first = history.first()?.value;
        let mut high = (first.gain, first.value);
        let mut deepest = (0i128, None);
        let mut current = (0i128, None);
        let samples = history.iter().map(|sample| (sample.value.gain, sample.value.value));
        for (gain, value) in samples.chain([(gain, value)]) {
            if gain > high.0 {
                high = (gain, value);
            }
            let fall = high.0.saturating_sub(gain);
            current = (fall, share(fall, high.1));
            if fall > deepest.0 {
                deepest = current;
            }
        }
        let ratio = |(fall, ratio)| if fall == 0 { Some(0.0) } else { ratio };
        Some(Self {
            deepest: deepest.0,
            deepest_ratio: ratio(deepest),
            current: current.0,
            current_ratio: ratio(current),
        })
    }
}

#[cfg(test)]
mod tests;
