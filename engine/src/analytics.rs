//! Figures computed from the read models when somebody asks: indicators, portfolios, risk and
//! optimal weights. No state, no clock: the same views give the same bits. Amounts stay whole
//! units as long as they can; floats are for ratios and statistics, and are finite or absent.

pub mod indicators;
mod number;
pub mod optimum;
pub mod portfolio;
mod returns;
pub mod risk;

pub use indicators::{Bollinger, Chart, Indicators, Macd};
pub use optimum::{Objective, Optimum, OptimumError, Sample, Weight};
pub use portfolio::{Drawdown, Holding, Portfolio, PortfolioPart};
pub use risk::{LimitKind, Liquidity, Risk, RiskPart, Tail, Usage};

#[cfg(test)]
mod tests;
