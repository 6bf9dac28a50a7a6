//! Closing prices of an instrument on the grid of an interval: one for every interval that is
//! over, whether it traded or not. One without a trade closes where the one before did.

use crate::Views;
use crate::projection::Interval;
use orison_core::{InstrumentId, Price};

/// The last closes, oldest first; at most `closes_max`. They end with the last interval that is
/// over, and begin no earlier than the first candle that is kept.
pub(super) fn closes(
    views: &Views,
    instrument: InstrumentId,
    interval: Interval,
    closes_max: usize,
) -> Vec<Price> {
    let length_ns = interval.nanoseconds();
    // The interval that has begun is not over.
    let end = views.at().time_ns / length_ns;
    let mut candles = views.candles.of(instrument, interval).peekable();
    let Some(first) = candles.peek() else { return Vec::new() };
    let begin = (first.open_time_ns / length_ns).max(end.saturating_sub(closes_max as u64));
    let mut close = first.close;
    (begin..end)
        .map(|index| {
            while let Some(candle) =
                candles.next_if(|candle| candle.open_time_ns / length_ns <= index)
            {
                close = candle.close;
            }
            close
        })
        .collect()
}

/// Natural logarithms of the ratios of neighbours.
pub(super) fn logarithmic(closes: &[Price]) -> Vec<f64> {
    closes.windows(2).map(|pair| libm::log(pair[1].0 as f64 / pair[0].0 as f64)).collect()
}

/// How many of an interval a year of 365 days has: this exchange never closes.
pub(super) fn per_year(interval: Interval) -> f64 {
    const YEAR_NS: u64 = 365 * 24 * 3_600 * 1_000_000_000;
    YEAR_NS as f64 / interval.nanoseconds() as f64
}

/// Change of each close over the one before, as a part of that one.
pub(super) fn simple(closes: &[Price]) -> Vec<f64> {
    closes.windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64 / pair[0].0 as f64).collect()
}

/// Simple returns of several instruments over the same intervals, oldest first, at most
/// `returns_max` of each: as far back as all of them have closes.
pub(super) fn together(
    views: &Views,
    instruments: &[InstrumentId],
    interval: Interval,
    returns_max: usize,
) -> Vec<Vec<f64>> {
    let mut series: Vec<Vec<f64>> = instruments
        .iter()
        .map(|&instrument| simple(&closes(views, instrument, interval, returns_max + 1)))
        .collect();
    let count = series.iter().map(Vec::len).min().unwrap_or(0);
    for returns in &mut series {
        returns.drain(..returns.len() - count);
    }
    series
}
