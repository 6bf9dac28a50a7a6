//! Technical indicators of one instrument and interval, from every candle that is kept, the open
//! one last. An interval without a trade has no candle and is passed over, save in `volatility`.
//! With too few candles a figure is absent. The formulas are own code, stated at each: the known
//! crates `ta` and `yata` had their last releases in 2021 and 2024.

use orison_core::{Instrument, InstrumentId, Price};

use super::number::{deviation, finite, mean, real, squares, steps};
use super::returns;
use crate::Views;
use crate::projection::{Candle, Interval};

pub const AVERAGE_PERIOD: usize = 20;
pub const RSI_PERIOD: usize = 14;
pub const MACD_FAST: usize = 12;
pub const MACD_SLOW: usize = 26;
pub const MACD_SIGNAL: usize = 9;
pub const BOLLINGER_PERIOD: usize = 20;
pub const BOLLINGER_WIDTH: f64 = 2.0;
pub const ATR_PERIOD: usize = 14;
/// Returns that `volatility` is made of, at most and at least.
pub const VOLATILITY_RETURNS_MAX: usize = 100;
pub const VOLATILITY_RETURNS_MIN: usize = 20;

/// Prices are of one whole base asset, in whole quote assets.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Indicators {
    pub instrument: InstrumentId,
    pub interval: Interval,
    /// Candles there were, the open one among them.
    pub candles: usize,
    pub close: Option<f64>,
    /// Of 20 closes.
    pub sma: Option<f64>,
    /// Of 20: see `ema`.
    pub ema: Option<f64>,
    /// Of 14: see `rsi`; 0 to 100.
    pub rsi: Option<f64>,
    pub macd: Option<Macd>,
    pub bollinger: Option<Bollinger>,
    /// Of 14: see `atr`.
    pub atr: Option<f64>,
    /// Turnover over volume of all the candles.
    pub vwap: Option<f64>,
    /// Sample deviation of the last 20 to 100 logarithmic returns from close to close of the
    /// intervals that are over (no trade: no change), x sqrt(intervals in 365 days): 0.5 = 50 %.
    pub volatility: Option<f64>,
}

/// EMA(12) - EMA(26), its own EMA(9), and the difference of the two.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Macd {
    pub line: f64,
    /// Absent for the first eight values of the line.
    pub signal: Option<f64>,
    pub histogram: Option<f64>,
}

/// Mean of 20 closes, and two of their deviations (divided by n) to either side.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bollinger {
    pub lower: f64,
    pub middle: f64,
    pub upper: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Bar {
    high: f64,
    low: f64,
    close: f64,
}

/// All that indicators follow from, copied out of the views: nobody waits while they are found.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    instrument: Instrument,
    interval: Interval,
    candles: Vec<Candle>,
    /// A close of every interval.
    grid: Vec<Price>,
}

impl Chart {
    /// None: there is no such instrument.
    pub fn of(views: &Views, instrument: InstrumentId, interval: Interval) -> Option<Self> {
        let known = *views.catalog.instrument(instrument)?;
        let candles = views.candles.of(instrument, interval).copied().collect();
        let grid = returns::closes(views, instrument, interval, VOLATILITY_RETURNS_MAX + 1);
        Some(Self { instrument: known, interval, candles, grid })
    }

    pub fn indicators(&self) -> Indicators {
        let Self { instrument: known, interval, candles, grid } = self;
        let bars: Vec<Bar> = candles.iter().map(|candle| Bar::of(known, candle)).collect();
        let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
        Indicators {
            instrument: known.id,
            interval: *interval,
            candles: candles.len(),
            close: closes.last().copied(),
            sma: sma(&closes, AVERAGE_PERIOD),
            ema: ema(&closes, AVERAGE_PERIOD),
            rsi: rsi(&closes, RSI_PERIOD),
            macd: macd(&closes),
            bollinger: bollinger(&closes),
            atr: atr(&bars, ATR_PERIOD),
            vwap: vwap(known, candles),
            volatility: volatility(&returns::logarithmic(grid), *interval),
        }
    }
}

impl Indicators {
    /// None: there is no such instrument.
    pub fn of(views: &Views, instrument: InstrumentId, interval: Interval) -> Option<Self> {
        Chart::of(views, instrument, interval).map(|chart| chart.indicators())
    }
}

impl Bar {
    fn of(instrument: &Instrument, candle: &Candle) -> Self {
        let price = |price: Price| steps(instrument.price_step, i128::from(price.0));
        Self { high: price(candle.high), low: price(candle.low), close: price(candle.close) }
    }
}

/// Mean of the last `period`.
fn sma(closes: &[f64], period: usize) -> Option<f64> {
    mean(closes.get(closes.len().checked_sub(period)?..)?)
}

/// Begins with the mean of the first `period`; then each close moves it by 2 / (period + 1) of
/// the distance.
fn ema(closes: &[f64], period: usize) -> Option<f64> {
    emas(closes, period).last().copied()
}

/// From the close number `period` on.
fn emas(closes: &[f64], period: usize) -> Vec<f64> {
    let weight = 2.0 / (period + 1) as f64;
    smoothed(closes, period, |average, close| average + weight * (close - average))
}

/// Wilder's: begins with the mean of the first `period`; then (average x (period - 1) + next) /
/// period.
fn wilder(numbers: &[f64], period: usize) -> Option<f64> {
    let count = period as f64;
    let smoothed =
        smoothed(numbers, period, |average, next| (average * (count - 1.0) + next) / count);
    smoothed.last().copied()
}

fn smoothed(numbers: &[f64], period: usize, next: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let Some((first, rest)) = numbers.split_at_checked(period) else { return Vec::new() };
    let Some(mut average) = mean(first) else { return Vec::new() };
    let mut averages = vec![average];
    for &number in rest {
        average = next(average, number);
        averages.push(average);
    }
    averages
}

/// 100 x gains / (gains + losses), both Wilder averages of the changes from close to close;
/// without any change 50.
fn rsi(closes: &[f64], period: usize) -> Option<f64> {
    let changes: Vec<f64> = closes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let gains: Vec<f64> = changes.iter().map(|change| change.max(0.0)).collect();
    let losses: Vec<f64> = changes.iter().map(|change| (-change).max(0.0)).collect();
    let (gain, loss) = (wilder(&gains, period)?, wilder(&losses, period)?);
    if gain + loss == 0.0 {
        return Some(50.0);
    }
    finite(100.0 * gain / (gain + loss))
}

fn macd(closes: &[f64]) -> Option<Macd> {
    let slow = emas(closes, MACD_SLOW);
    let fast = emas(closes, MACD_FAST);
    let fast = fast.get(MACD_SLOW - MACD_FAST..)?;
    let lines: Vec<f64> = fast.iter().zip(&slow).map(|(fast, slow)| fast - slow).collect();
    let line = *lines.last()?;
    let signal = ema(&lines, MACD_SIGNAL);
    Some(Macd { line, signal, histogram: signal.map(|signal| line - signal) })
}

fn bollinger(closes: &[f64]) -> Option<Bollinger> {
    let last = closes.get(closes.len().checked_sub(BOLLINGER_PERIOD)?..)?;
    let middle = mean(last)?;
    let width = BOLLINGER_WIDTH * (squares(last)? / BOLLINGER_PERIOD as f64).sqrt();
    Some(Bollinger { lower: middle - width, middle, upper: middle + width })
}

/// Wilder average of the true ranges: the longest of high - low and their distances from the
/// close before, from the second candle on.
fn atr(bars: &[Bar], period: usize) -> Option<f64> {
    let ranges: Vec<f64> = bars
        .windows(2)
        .map(|pair| {
            let (before, bar) = (pair[0].close, pair[1]);
            let range = bar.high - bar.low;
            range.max((bar.high - before).abs()).max((bar.low - before).abs())
        })
        .collect();
    wilder(&ranges, period)
}

fn vwap(instrument: &Instrument, candles: &[Candle]) -> Option<f64> {
    let turnover = candles.iter().fold(0i128, |sum, candle| sum.saturating_add(candle.turnover));
    let volume = candles.iter().fold(0u128, |sum, candle| sum.saturating_add(candle.volume));
    if volume == 0 {
        return None;
    }
    let step = instrument.price_step;
    finite(turnover as f64 / volume as f64 * real(i128::from(step.mantissa), step.scale))
}

fn volatility(returns: &[f64], interval: Interval) -> Option<f64> {
    if returns.len() < VOLATILITY_RETURNS_MIN {
        return None;
    }
    finite(deviation(returns)? * returns::per_year(interval).sqrt())
}

#[cfg(test)]
mod tests;
