//! What an account risks: exposure, concentration, how near its limits it is, what the worst
//! hundredth of past intervals would cost it now, and how long it would take to leave.
//! One part for each quote asset: no rate between assets is known.

mod limits;
mod liquidity;
mod tail;

use orison_core::types::AssetId;
use orison_core::{AccountId, InstrumentId, Stamp};

use super::number::share;
use super::portfolio::{Drawdown, Holding, Portfolio, PortfolioPart, herfindahl};
use crate::Views;
use crate::projection::Interval;
pub use limits::{LimitKind, Usage};
pub use liquidity::{Liquidity, PARTICIPATION, RECENT_NS};
pub use tail::{SCENARIOS_MAX, SCENARIOS_MIN, Tail};

#[derive(Clone, PartialEq, Debug)]
pub struct Risk {
    pub account: AccountId,
    pub at: Stamp,
    pub open_orders: usize,
    /// Of the limits that are set.
    pub usages: Vec<Usage>,
    /// By quote asset, as in the portfolio.
    pub parts: Vec<RiskPart>,
}

/// Amounts are units of the quote asset.
#[derive(Clone, PartialEq, Debug)]
pub struct RiskPart {
    pub quote: AssetId,
    pub total_value: i128,
    /// Market values of what is long, and of what is short without the sign.
    pub long: i128,
    pub short: i128,
    /// `long` + `short`.
    pub gross: i128,
    /// `long` - `short`.
    pub net: i128,
    /// `gross` over `total_value`. None: that is not above zero.
    pub leverage: Option<f64>,
    /// Sum of squared shares of `gross` (Herfindahl): 1 = all in one. None: nothing is open.
    pub concentration: Option<f64>,
    /// The largest share of `gross`.
    pub largest: Option<(InstrumentId, f64)>,
    /// None: nothing is open, or there are fewer than 100 scenarios.
    pub tail: Option<Tail>,
    pub drawdown: Option<Drawdown>,
    /// By instrument; of open positions.
    pub liquidity: Vec<Liquidity>,
}

impl Risk {
    /// `horizon`: the interval whose past changes are the scenarios.
    pub fn of(views: &Views, account: AccountId, horizon: Interval) -> Self {
        let portfolio = Portfolio::of(views, account);
        let orders = views.orders.of_account(account);
        Self {
            account,
            at: views.at(),
            open_orders: orders.filter(|order| order.status.is_open()).count(),
            usages: limits::usages(views, account),
            parts: portfolio.parts.iter().map(|part| RiskPart::of(views, part, horizon)).collect(),
        }
    }
}

impl RiskPart {
    fn of(views: &Views, part: &PortfolioPart, horizon: Interval) -> Self {
        let open: Vec<&Holding> =
            part.holdings.iter().filter(|holding| holding.position.quantity != 0).collect();
        let values = || open.iter().map(|holding| holding.market_value);
        let long = values().filter(|&value| value > 0).fold(0i128, i128::saturating_add);
        let short = values().filter(|&value| value < 0).fold(0i128, i128::saturating_sub);
        let gross = long.saturating_add(short);
        let shares = open
            .iter()
            .filter_map(|holding| Some((holding.position.instrument, holding.allocation?)));
        // Of equal ones the first.
        let largest =
            shares.fold(None, |largest: Option<(InstrumentId, f64)>, next| match largest {
                Some(known) if known.1 >= next.1 => Some(known),
                Some(_) | None => Some(next),
            });
        Self {
            quote: part.quote,
            total_value: part.total_value,
            long,
            short,
            gross,
            net: long.saturating_sub(short),
            leverage: share(gross, part.total_value),
            concentration: (gross > 0).then(|| herfindahl(&part.holdings)),
            largest,
            tail: Tail::of(views, part.quote, &open, horizon),
            drawdown: part.drawdown,
            liquidity: open.iter().map(|holding| Liquidity::of(views, holding)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
