//! Weights of a portfolio that would have had the least variance, or the best mean for its
//! variance: long only, fully invested, from simple returns of candles over the same intervals.
//! Sample means and sample covariances (divided by n - 1) stand for what is to come, trading is
//! free, and every amount can be held; one quote asset, for no rate between two is known.

mod program;

use orison_core::InstrumentId;
use thiserror::Error;

use super::number::{deviation, finite, mean};
use super::returns;
use crate::Views;
use crate::projection::Interval;

/// Returns of each instrument, at most.
pub const RETURNS_MAX: usize = 500;
/// And at least, or two more than there are instruments.
pub const RETURNS_MIN: usize = 30;
pub const INSTRUMENTS_MAX: usize = 64;
/// Beyond these one of the two terms is lost to rounding, and the solver searches for nothing.
pub const AVERSION_MIN: f64 = 1e-6;
pub const AVERSION_MAX: f64 = 1e6;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Objective {
    /// The least w'Cw.
    MinimumVariance,
    /// The largest w'm - aversion / 2 x w'Cw; the aversion is `AVERSION_MIN` to `AVERSION_MAX`.
    MeanVariance { aversion: f64 },
}

impl Objective {
    /// Aversion where none is given.
    pub const AVERSION: f64 = 1.0;
}

#[derive(Clone, PartialEq, Debug)]
pub struct Optimum {
    pub objective: Objective,
    pub interval: Interval,
    /// Of each instrument.
    pub returns: usize,
    /// As they were asked for; they sum to 1.
    pub weights: Vec<Weight>,
    /// Of the portfolio, over one interval.
    pub mean: f64,
    pub variance: f64,
    pub assumptions: &'static str,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weight {
    pub instrument: InstrumentId,
    /// 0 to 1.
    pub weight: f64,
    /// Of its returns, over one interval.
    pub mean: f64,
    pub deviation: f64,
}

pub const ASSUMPTIONS: &str = "long only, weights sum to 1; simple returns from close to close of \
     the last intervals that are over, 0 without a trade; sample mean and sample covariance stand \
     for the future; no costs, no lots; one quote asset";

#[derive(Clone, Copy, PartialEq, Debug, Error)]
pub enum OptimumError {
    #[error("weights are of 1 to {INSTRUMENTS_MAX} instruments, not of {0}")]
    Count(usize),
    #[error("there is no instrument number {0}")]
    Unknown(InstrumentId),
    #[error("instrument number {0} is named twice")]
    Twice(InstrumentId),
    #[error("instruments {0} and {1} have different quote assets, and no rate is known")]
    Quotes(InstrumentId, InstrumentId),
    #[error("the aversion is a number from {AVERSION_MIN} to {AVERSION_MAX}")]
    Aversion,
    #[error("{have} returns of every instrument, {needed} are needed")]
    TooFew { have: usize, needed: usize },
    #[error("the returns determine no weights: an instrument does not move, or is made of others")]
    Degenerate,
    #[error("the solver found no weights")]
    Unsolved,
}

/// All that weights follow from, copied out of the views: nobody waits while they are found.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    instruments: Vec<InstrumentId>,
    series: Vec<Vec<f64>>,
    interval: Interval,
    objective: Objective,
}

impl Sample {
    pub fn of(
        views: &Views,
        instruments: &[InstrumentId],
        interval: Interval,
        objective: Objective,
    ) -> Result<Self, OptimumError> {
        judge(views, instruments, objective)?;
        let series = returns::together(views, instruments, interval, RETURNS_MAX);
        let have = series.first().map_or(0, Vec::len);
        let needed = RETURNS_MIN.max(instruments.len() + 2);
        if have < needed {
            return Err(OptimumError::TooFew { have, needed });
        }
        Ok(Self { instruments: instruments.to_vec(), series, interval, objective })
    }

    pub fn optimum(&self) -> Result<Optimum, OptimumError> {
        let Self { instruments, series, interval, objective } = self;
        Optimum::of_returns(instruments, series, *interval, *objective)
    }
}

impl Optimum {
    pub fn of(
        views: &Views,
        instruments: &[InstrumentId],
        interval: Interval,
        objective: Objective,
    ) -> Result<Self, OptimumError> {
        Sample::of(views, instruments, interval, objective)?.optimum()
    }

    fn of_returns(
        instruments: &[InstrumentId],
        series: &[Vec<f64>],
        interval: Interval,
        objective: Objective,
    ) -> Result<Self, OptimumError> {
        let means: Option<Vec<f64>> = series.iter().map(|returns| mean(returns)).collect();
        let means = means.ok_or(OptimumError::Degenerate)?;
        let covariance = covariance(series, &means);
        if !program::is_definite(&covariance) {
            return Err(OptimumError::Degenerate);
        }
        let weights = program::solve(&covariance, &means, objective)?;
        let product = |row: &[f64]| dot(row, &weights);
        let rows: Vec<f64> = covariance.iter().map(|row| product(row)).collect();
        let weighted = instruments.iter().zip(series).zip(&means).zip(&weights);
        let weighted = weighted.map(|(((&instrument, returns), &mean), &weight)| {
            Some(Weight { instrument, weight, mean, deviation: deviation(returns)? })
        });
        let weighted: Option<Vec<Weight>> = weighted.collect();
        Ok(Self {
            objective,
            interval,
            returns: series.first().map_or(0, Vec::len),
            weights: weighted.ok_or(OptimumError::Degenerate)?,
            mean: finite(dot(&means, &weights)).ok_or(OptimumError::Unsolved)?,
            variance: finite(dot(&rows, &weights)).ok_or(OptimumError::Unsolved)?,
            assumptions: ASSUMPTIONS,
        })
    }
}

fn judge(
    views: &Views,
    instruments: &[InstrumentId],
    objective: Objective,
) -> Result<(), OptimumError> {
    match objective {
        Objective::MeanVariance { aversion }
            if !(AVERSION_MIN..=AVERSION_MAX).contains(&aversion) =>
        {
            return Err(OptimumError::Aversion);
        }
        Objective::MeanVariance { .. } | Objective::MinimumVariance => {}
    }
    let Some((&first, rest)) = instruments.split_first() else {
        return Err(OptimumError::Count(0));
    };
    if instruments.len() > INSTRUMENTS_MAX {
        return Err(OptimumError::Count(instruments.len()));
    }
    let quote = |id| match views.catalog.instrument(id) {
        Some(instrument) => Ok(instrument.quote),
        None => Err(OptimumError::Unknown(id)),
    };
    let common = quote(first)?;
    for (index, &next) in (1..).zip(rest) {
        if instruments[..index].contains(&next) {
            return Err(OptimumError::Twice(next));
        }
        if quote(next)? != common {
            return Err(OptimumError::Quotes(first, next));
        }
    }
    Ok(())
}

/// Row by row.
fn covariance(series: &[Vec<f64>], means: &[f64]) -> Vec<Vec<f64>> {
    let centred = series
        .iter()
        .zip(means)
        .map(|(returns, mean)| -> Vec<f64> { returns.iter().map(|value| value - mean).collect() });
    let centred: Vec<Vec<f64>> = centred.collect();
    let count = series.first().map_or(0, Vec::len);
    let divisor = (count.max(2) - 1) as f64;
    let row = |left: &Vec<f64>| centred.iter().map(|right| dot(left, right) / divisor).collect();
    centred.iter().map(row).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| sum + left * right)
}

#[cfg(test)]
mod tests;
