//! ANALYTICS_DATA: technical indicators of one instrument and interval, as the engine computes them
//! from its candles. Periods stand in the names of the fields; too few candles are nulls.

use engine::analytics::Indicators;
use orison_core::{Instrument, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::holdings::Ratio;
use crate::xtrader::json::shown;

/// Prices of one whole base asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnalyticsData {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    interval: &'static str,
    /// Candles there were, the open one among them.
    candles: usize,
    close: Option<Ratio>,
    sma20: Option<Ratio>,
    ema20: Option<Ratio>,
    /// Wilder's, 0 to 100.
    rsi14: Option<Ratio>,
    macd: Option<MacdBody>,
    bollinger: Option<BollingerBody>,
    /// Wilder's.
    atr14: Option<Ratio>,
    /// Of all the candles.
    vwap: Option<Ratio>,
    /// A year's, of logarithmic returns: 0.5 = 50 %.
    volatility: Option<Ratio>,
}

/// EMA(12) - EMA(26), its EMA(9), and what lies between.
#[derive(Serialize, ToSchema)]
struct MacdBody {
    line: Ratio,
    signal: Option<Ratio>,
    histogram: Option<Ratio>,
}

/// Mean of 20 closes and two deviations to either side.
#[derive(Serialize, ToSchema)]
struct BollingerBody {
    lower: Ratio,
    middle: Ratio,
    upper: Ratio,
}

impl AnalyticsData {
    pub(super) fn new(instrument: &Instrument, figures: &Indicators) -> Self {
        Self {
            symbol: instrument.symbol,
            interval: figures.interval.word(),
            candles: figures.candles,
            close: figures.close.map(Ratio),
            sma20: figures.sma.map(Ratio),
            ema20: figures.ema.map(Ratio),
            rsi14: figures.rsi.map(Ratio),
            macd: figures.macd.map(|macd| MacdBody {
                line: Ratio(macd.line),
                signal: macd.signal.map(Ratio),
                histogram: macd.histogram.map(Ratio),
            }),
            bollinger: figures.bollinger.map(|bands| BollingerBody {
                lower: Ratio(bands.lower),
                middle: Ratio(bands.middle),
                upper: Ratio(bands.upper),
            }),
            atr14: figures.atr.map(Ratio),
            vwap: figures.vwap.map(Ratio),
            volatility: figures.volatility.map(Ratio),
        }
    }
}
