//! Claims about indicators, by rows that were computed by hand.

use super::*;
use crate::projection::Interval::M1;
use crate::projection::tests::feed::{Feed, MINUTE, X};

fn near(seen: Option<f64>, expected: f64) -> bool {
    seen.is_some_and(|seen| (seen - expected).abs() <= 1e-12 * expected.abs().max(1.0))
}

#[test]
fn an_average_begins_with_the_mean_of_its_first_period() {
    type Average = fn(&[f64], usize) -> Option<f64>;
    let rows: [(Average, &[f64], usize, Option<f64>); 9] = [
        (sma, &[], 2, None),
        (sma, &[1.0], 2, None),
        (sma, &[9.0, 1.0, 2.0], 2, Some(1.5)),
        (ema, &[1.0], 2, None),
        (ema, &[1.0, 3.0], 2, Some(2.0)),
        // 2 + 2/3 x (5 - 2) = 4, then 4 + 2/3 x (1 - 4) = 2.
        (ema, &[1.0, 3.0, 5.0, 1.0], 2, Some(2.0)),
        (wilder, &[1.0, 3.0], 3, None),
        (wilder, &[1.0, 3.0], 2, Some(2.0)),
        // (2 + 5) / 2 = 3.5, then (3.5 + 1) / 2.
        (wilder, &[1.0, 3.0, 5.0, 1.0], 2, Some(2.25)),
    ];
    for (average, numbers, period, expected) in rows {
        assert_eq!(average(numbers, period), expected, "{numbers:?} by {period}");
    }
}

#[test]
fn the_relative_strength_is_the_share_of_gains() {
    for (closes, expected) in [
        (&[1.0, 2.0][..], None),
        (&[1.0, 2.0, 3.0], Some(100.0)),
        (&[3.0, 2.0, 1.0], Some(0.0)),
        (&[3.0, 3.0, 3.0], Some(50.0)),
        // Gains 2, 0 and losses 0, 1: 100 x 1 / 1.5.
        (&[1.0, 3.0, 2.0], Some(100.0 * 1.0 / 1.5)),
        // Then a gain of 4: gains (1 + 4) / 2, losses 0.5 / 2.
        (&[1.0, 3.0, 2.0, 6.0], Some(100.0 * 2.5 / 2.75)),
    ] {
        assert_eq!(rsi(closes, 2), expected, "{closes:?}");
    }
}

#[test]
fn the_true_range_reaches_from_the_close_before() {
    let bar = |high, low, close| Bar { high, low, close };
    let bars = [bar(10.0, 8.0, 9.0), bar(12.0, 11.0, 11.0), bar(11.0, 5.0, 6.0)];
    // 12 - 9 = 3, 11 - 5 = 6; then 20 - 6 = 14.
    assert_eq!(atr(&bars[..2], 2), None);
    assert_eq!(atr(&bars, 2), Some(4.5));
    let more = [bars[0], bars[1], bars[2], bar(20.0, 19.0, 19.0)];
    assert_eq!(atr(&more, 2), Some((4.5 + 14.0) / 2.0));
}

#[test]
fn the_line_of_a_macd_begins_with_the_slow_average_and_its_signal_eight_later() {
    let closes: Vec<f64> = (1..=34).map(f64::from).collect();
    assert_eq!(macd(&closes[..25]), None);
    // Of a straight line an average of n lags (n - 1) / 2 behind: 12.5 - 5.5.
    let first = macd(&closes[..26]).unwrap();
    assert!(near(Some(first.line), 7.0));
    assert_eq!((first.signal, first.histogram), (None, None));
    assert_eq!(macd(&closes[..33]).unwrap().signal, None);
    let full = macd(&closes).unwrap();
    assert!(near(full.signal, 7.0));
    assert!(near(full.histogram, 0.0));
}

#[test]
fn bands_are_two_deviations_of_the_whole_away() {
    let closes: Vec<f64> = (0..20).map(|index| if index % 2 == 0 { 9.0 } else { 11.0 }).collect();
    assert_eq!(bollinger(&closes[1..]), None);
    let bands = bollinger(&closes);
    assert_eq!(bands, Some(Bollinger { lower: 8.0, middle: 10.0, upper: 12.0 }));
}

#[test]
fn a_minute_without_a_trade_is_no_candle_but_a_return_of_nothing() {
    let mut feed = Feed::new();
    feed.at(0).trade(100, 2).trade(101, 1);
    feed.at(20 * MINUTE).trade(103, 3).at(21 * MINUTE).command(&[orison_core::Event::Done]);
    let figures = Indicators::of(&feed.views, X, M1).unwrap();
    assert_eq!((figures.candles, figures.close), (2, Some(103.0)));
    assert_eq!(figures.vwap, Some(610.0 / 6.0));
    assert_eq!((figures.sma, figures.rsi, figures.macd), (None, None, None));
    // Nineteen times nothing, once ln(103 / 101).
    let change = libm::log(103.0 / 101.0);
    let mean = change / 20.0;
    let squares = 19.0 * mean * mean + (change - mean) * (change - mean);
    assert!(near(figures.volatility, (squares / 19.0 * 525_600.0).sqrt()));
    assert_eq!(Indicators::of(&feed.views, orison_core::InstrumentId(2), M1), None);
}
