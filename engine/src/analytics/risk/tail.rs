//! Historical simulation: what each of the last intervals would do to what is held now.

use orison_core::types::AssetId;

use super::super::number::{finite, mean, real};
use super::super::portfolio::Holding;
use super::super::returns;
use crate::Views;
use crate::projection::Interval;

pub const SCENARIOS_MAX: usize = 500;
/// With fewer there is no worst hundredth.
pub const SCENARIOS_MIN: usize = 100;
const WORST: f64 = 0.01;

/// At 99 %, over one interval, not scaled to longer ones; in whole quote assets. A scenario is the
/// sum over positions, by instrument, of market value x simple return of one past interval, from
/// close to close of the last (at most 500) that are over and reach back to the first close of
/// every position; an interval without a trade has return 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tail {
    pub horizon: Interval,
    pub scenarios: usize,
    /// Loss that one scenario in a hundred exceeds: the 0.01 quantile of the scenarios, between
    /// two of them linear at (n - 1) x 0.01, its sign turned. Negative: even that is a profit.
    pub value_at_risk: f64,
    /// Mean loss of the scenarios that are no better than that quantile.
    pub expected_shortfall: f64,
}

impl Tail {
    pub(super) fn of(
        views: &Views,
        quote: AssetId,
        open: &[&Holding],
        horizon: Interval,
    ) -> Option<Self> {
        let instruments: Vec<_> = open.iter().map(|holding| holding.position.instrument).collect();
        let series = returns::together(views, &instruments, horizon, SCENARIOS_MAX);
        let decimals = views.catalog.asset(quote)?.decimals;
        let count = series.first()?.len();
        let scenario = |index: usize| {
            let positions = open.iter().zip(&series);
            positions.fold(0.0, |sum, (holding, returns)| {
                sum + real(holding.market_value, decimals) * returns[index]
            })
        };
        Self::of_scenarios((0..count).map(scenario).collect(), horizon)
    }

    pub(super) fn of_scenarios(mut scenarios: Vec<f64>, horizon: Interval) -> Option<Self> {
        if scenarios.len() < SCENARIOS_MIN {
            return None;
        }
        scenarios.sort_by(f64::total_cmp);
        let place = (scenarios.len() - 1) as f64 * WORST;
        let below = place as usize;
        let (low, high) = (scenarios[below], scenarios[below + 1]);
        let quantile = low + (high - low) * (place - below as f64);
        let worst = scenarios.partition_point(|&scenario| scenario <= quantile);
        // Taken from zero, not negated: no loss is 0, never -0.
        Some(Self {
            horizon,
            scenarios: scenarios.len(),
            value_at_risk: finite(0.0 - quantile)?,
            expected_shortfall: 0.0 - mean(&scenarios[..worst])?,
        })
    }
}
