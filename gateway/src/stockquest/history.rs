//! HISTORICAL_DATA: candles of one instrument and interval.

use engine::Views;
use engine::projection::{Candle as CandleView, Interval};
use orison_core::{Instrument, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Message;
use crate::xtrader::json::{Number, Object, shown};
use crate::xtrader::problem::Problem;
use crate::xtrader::shape::rfc3339;

const LIMIT_DEFAULT: u64 = 100;
/// A larger limit is this.
const LIMIT_MAX: u64 = 1_000;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoricalData {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    /// 1m, 5m, 15m, 30m, 1h, 4h or 1d.
    interval: &'static str,
    /// Oldest first; the last may still be open. An interval without a trade has none.
    candles: Vec<Bar>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Bar {
    /// RFC 3339.
    timestamp: String,
    open: Number,
    high: Number,
    low: Number,
    close: Number,
    volume: Number,
    trade_count: u64,
}

/// What is asked for beside the symbol.
pub(super) struct Span {
    interval: Interval,
    limit: usize,
}

impl Span {
    pub(super) fn read(data: &mut Object) -> Result<Self, Problem> {
        let interval = interval(data, Interval::M1)?;
        let limit = limit(data, LIMIT_DEFAULT, LIMIT_MAX)?;
        Ok(Self { interval, limit })
    }

    /// The newest, oldest first.
    pub(super) fn candles(&self, views: &Views, instrument: &Instrument) -> Vec<CandleView> {
        let all = views.candles.of(instrument.id, self.interval);
        let mut candles: Vec<CandleView> = all.rev().take(self.limit).copied().collect();
        candles.reverse();
        candles
    }
}

pub(super) fn interval(data: &mut Object, default: Interval) -> Result<Interval, Problem> {
    match data.text("interval")? {
        None => Ok(default),
        Some(word) => Interval::parse(&word).ok_or_else(invalid_interval),
    }
}

/// From 1, clamped to `most`.
pub(super) fn limit(data: &mut Object, default: u64, most: u64) -> Result<usize, Problem> {
    let wrong = || {
        let english = "a whole number from 1";
        Problem::invalid_parameter("limit", english, "1 이상의 정수여야 합니다")
    };
    match data.count("limit").map_err(|_| wrong())?.unwrap_or(default) {
        0 => Err(wrong()),
        limit => Ok(limit.min(most) as usize),
    }
}

fn invalid_interval() -> Problem {
    let words = Interval::ALL.map(Interval::word).join(", ");
    let english = format!("the interval must be one of {words}");
    let korean = format!("지원하는 간격: {words}");
    Problem::new(400, "INVALID_INTERVAL", Message::ours(english, korean)).about("interval")
}

impl HistoricalData {
    pub(super) fn new(instrument: &Instrument, span: &Span, candles: &[CandleView]) -> Self {
        let candles = candles.iter().map(|candle| Bar::new(instrument, candle)).collect();
        Self { symbol: instrument.symbol, interval: span.interval.word(), candles }
    }
}

impl Bar {
    fn new(instrument: &Instrument, candle: &CandleView) -> Self {
        let price = |price| Number(instrument.price_decimal(price));
        Self {
            timestamp: rfc3339(candle.open_time_ns),
            open: price(candle.open),
            high: price(candle.high),
            low: price(candle.low),
            close: price(candle.close),
            volume: instrument.volume_decimal(candle.volume).into(),
            trade_count: candle.trade_count,
        }
    }
}
