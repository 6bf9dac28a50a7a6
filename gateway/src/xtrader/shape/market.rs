//! Market data: books, executions, candles, statistics, instruments, prayers, foreign tickers.

use engine::Views;
use engine::projection::{
    BookView, Candle as CandleView, Catalog, DayStatistics, Interval, PrayerView, PublicTrade,
};
use orison_core::command::Ticker;
use orison_core::instrument::Bounds;
use orison_core::{
    AssetName, Decimal, ExecutionId, Instrument, OrderId, Price, Side, Stamp, Symbol,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{millis, money, rfc3339};
use crate::config::Switch;
use crate::notation::{RATIO_DECIMALS, RATIO_WHOLE, side_word, up_ratio};
use crate::xtrader::json::{Number, shown, shown_or_null};

/// `[price, quantity]`.
#[derive(Clone, Copy, Serialize)]
pub struct Level(pub Number, pub Number);

/// The visible book, best price first on both sides.
#[derive(Serialize, ToSchema)]
pub struct OrderBook {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "BTC-KRW")]
    pub symbol: Symbol,
    /// [price, quantity], highest price first.
    #[schema(value_type = Vec<[f64; 2]>)]
    pub bids: Vec<Level>,
    /// [price, quantity], lowest price first.
    #[schema(value_type = Vec<[f64; 2]>)]
    pub asks: Vec<Level>,
    /// The command that last changed this book; 0: none did.
    pub sequence: u64,
    /// Its stamp in milliseconds; before any change that of the newest command.
    pub timestamp: u64,
}

impl OrderBook {
    /// At most `depth` levels a side.
    pub fn new(views: &Views, instrument: &Instrument, depth: usize) -> Self {
        let book = views.depth.book(instrument.id);
        let side = |side| book.map_or_else(Vec::new, |book| levels(instrument, book, side, depth));
        let changed_at = book.map(BookView::changed_at).unwrap_or_default();
        let at = if changed_at == Stamp::default() { views.at() } else { changed_at };
        Self {
            symbol: instrument.symbol,
            bids: side(Side::Buy),
            asks: side(Side::Sell),
            sequence: changed_at.sequence.0,
            timestamp: millis(at.time_ns),
        }
    }
}

fn levels(instrument: &Instrument, book: &BookView, side: Side, depth: usize) -> Vec<Level> {
    let shown = book.levels(side).take(depth).map(|(price, quantity)| {
        let quantity = instrument.quantity_decimal(quantity);
        Level(instrument.price_decimal(price).into(), quantity.into())
    });
    shown.collect()
}

/// A public execution, once per trade, from the taker's side.
#[derive(Serialize, ToSchema)]
pub struct Execution {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    pub exec_id: ExecutionId,
    /// The taker's, while public executions name their orders.
    #[serde(serialize_with = "shown_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub order_id: Option<OrderId>,
    #[serde(serialize_with = "shown_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub maker_order_id: Option<OrderId>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// The taker's: Buy or Sell.
    pub side: &'static str,
    pub price: Number,
    pub quantity: Number,
    /// The taker's, in the quote asset.
    pub fee: Number,
    /// RFC 3339, UTC.
    pub transaction_time: String,
    /// The same in milliseconds.
    pub timestamp: u64,
    pub sequence: u64,
    /// Place among the events of its command, from 0.
    pub index: u32,
    /// The instrument's trade before this one; 0: none.
    pub prev_sequence: u64,
}

impl Execution {
    pub fn new(
        catalog: &Catalog,
        instrument: &Instrument,
        public: &PublicTrade,
        order_ids: Switch,
    ) -> Self {
        let trade = &public.trade;
        let named = |id| match order_ids {
            Switch::On => Some(id),
            Switch::Off => None,
        };
        Self {
            exec_id: public.execution,
            order_id: named(trade.taker),
            maker_order_id: named(trade.maker),
            symbol: instrument.symbol,
            side: side_word(trade.taker_side),
            price: instrument.price_decimal(trade.price).into(),
            quantity: instrument.quantity_decimal(trade.quantity).into(),
            fee: money(catalog, instrument.quote, trade.taker_fee.units()),
            transaction_time: rfc3339(public.stamp.time_ns),
            timestamp: millis(public.stamp.time_ns),
            sequence: public.stamp.sequence.0,
            index: public.index,
            prev_sequence: public.previous_sequence,
        }
    }
}

/// Times in milliseconds; `close_time` = `open_time` + interval, `timestamp` = `open_time`.
#[derive(Serialize, ToSchema)]
pub struct Candle {
    pub open_time: u64,
    pub close_time: u64,
    pub open: Number,
    pub high: Number,
    pub low: Number,
    pub close: Number,
    pub volume: Number,
    pub trade_count: u64,
    pub timestamp: u64,
}

impl Candle {
    pub fn new(instrument: &Instrument, interval: Interval, candle: &CandleView) -> Self {
        let price = |price| Number(instrument.price_decimal(price));
        let open_time = millis(candle.open_time_ns);
        Self {
            open_time,
            close_time: open_time + millis(interval.nanoseconds()),
            open: price(candle.open),
            high: price(candle.high),
            low: price(candle.low),
            close: price(candle.close),
            volume: instrument.volume_decimal(candle.volume).into(),
            trade_count: candle.trade_count,
            timestamp: open_time,
        }
    }
}

/// The last 24 hours; prices are null and volumes 0 before any trade.
#[derive(Serialize, ToSchema)]
pub struct MarketStatistics {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    pub last_price: Option<Number>,
    /// Percent.
    pub price_change_24h: Option<Number>,
    pub volume_24h: Number,
    pub high_24h: Option<Number>,
    pub low_24h: Option<Number>,
    /// The same as `high_24h`.
    pub high_price_24h: Option<Number>,
    /// The same as `low_24h`.
    pub low_price_24h: Option<Number>,
    pub open_24h: Option<Number>,
    /// In the quote asset.
    pub turnover_24h: Number,
    pub trade_count_24h: u64,
    /// The command that last changed any of these; 0: none did.
    pub sequence: u64,
    pub timestamp: u64,
}

impl MarketStatistics {
    pub fn new(instrument: &Instrument, day: &DayStatistics, at: Stamp) -> Self {
        let price = |price: Option<Price>| price.map(|p| Number(instrument.price_decimal(p)));
        let time_ns = if day.time_ns == 0 { at.time_ns } else { day.time_ns };
        Self {
            symbol: instrument.symbol,
            last_price: price(day.last),
            price_change_24h: day.change_percent().map(Number),
            volume_24h: instrument.volume_decimal(day.volume).into(),
            high_24h: price(day.high),
            low_24h: price(day.low),
            high_price_24h: price(day.high),
            low_price_24h: price(day.low),
            open_24h: price(day.open),
            turnover_24h: instrument.turnover_decimal(day.turnover).into(),
            trade_count_24h: day.trade_count,
            sequence: day.sequence,
            timestamp: millis(time_ns),
        }
    }
}

/// What is traded and in which steps.
#[derive(Serialize, ToSchema)]
pub struct InstrumentEntry {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    pub base: Option<AssetName>,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    pub quote: Option<AssetName>,
    pub price_step: Number,
    pub quantity_step: Number,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    /// open, halted, auction or closed.
    pub status: &'static str,
    /// Why: COMMAND, INTERRUPTION or INTERRUPTION_END.
    pub status_reason: Option<String>,
    /// Limit prices lie within, both ends included; null, as with each bound: none.
    pub band_low: Option<Number>,
    pub band_high: Option<Number>,
    /// A taker trades within reference x (1 +- so many parts per million).
    pub execution_range_ppm: Option<u32>,
    /// How long the auction lasts that a taker's meeting the range starts.
    pub interruption_ns: Option<u64>,
    pub max_quantity: Option<Number>,
    /// Least price x quantity of an order, in the quote asset.
    pub min_notional: Option<Number>,
    /// Stands in for the last price until there is one.
    pub reference_price: Option<Number>,
}

impl InstrumentEntry {
    pub fn new(views: &Views, instrument: &Instrument) -> Self {
        let catalog = &views.catalog;
        let name = |asset| catalog.asset(asset).map(|asset| asset.name);
        let none = Bounds::none(instrument.id);
        let bounds = catalog.bounds(instrument.id).unwrap_or(&none);
        let price = |price: Price| set(price).map(|p| Number(instrument.price_decimal(p)));
        let market = views.markets.market(instrument.id);
        let min_notional = set(bounds.min_notional.units());
        Self {
            symbol: instrument.symbol,
            base: name(instrument.base),
            quote: name(instrument.quote),
            price_step: instrument.price_step.to_decimal().into(),
            quantity_step: instrument.quantity_step.to_decimal().into(),
            maker_fee_ppm: instrument.maker_fee_ppm,
            taker_fee_ppm: instrument.taker_fee_ppm,
            status: instrument.status.word(),
            status_reason: market.map(|market| market.cause.word().to_ascii_uppercase()),
            band_low: price(bounds.band_low),
            band_high: price(bounds.band_high),
            execution_range_ppm: set(bounds.execution_range_ppm),
            interruption_ns: set(bounds.interruption_ns),
            max_quantity: set(bounds.max_quantity)
                .map(|quantity| instrument.quantity_decimal(quantity).into()),
            min_notional: min_notional.map(|units| money(catalog, instrument.quote, units)),
            reference_price: price(bounds.reference_price),
        }
    }
}

/// A bound of 0 is none.
fn set<T: Default + PartialEq>(bound: T) -> Option<T> {
    (bound != T::default()).then_some(bound)
}

/// Prayer totals, and rates of the last 60 seconds; the ratios sum to 1.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrayerTotals {
    pub up_count: u64,
    pub down_count: u64,
    pub up_rpm: u64,
    pub down_rpm: u64,
    pub up_ratio: Number,
    pub down_ratio: Number,
    pub sequence: u64,
    pub timestamp: u64,
}

impl PrayerTotals {
    pub fn new(view: &PrayerView) -> Self {
        let up_ratio = up_ratio(view.up_total, view.down_total);
        let ratio = |parts| Number(Decimal::new(parts, RATIO_DECIMALS));
        Self {
            up_count: view.up_total,
            down_count: view.down_total,
            up_rpm: view.up_per_minute,
            down_rpm: view.down_per_minute,
            up_ratio: ratio(up_ratio),
            down_ratio: ratio(RATIO_WHOLE - up_ratio),
            sequence: view.sequence,
            timestamp: millis(view.time_ns),
        }
    }
}

/// What a foreign venue last said.
#[derive(Serialize, ToSchema)]
pub struct TickerEntry {
    #[serde(rename = "type")]
    #[schema(example = "TICKER")]
    pub kind: &'static str,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub venue: Symbol,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    pub price: Number,
    /// Percent.
    #[serde(rename = "priceChange24h")]
    pub price_change_24h: Number,
    /// The venue's own, milliseconds.
    pub timestamp: u64,
    pub sequence: u64,
}

impl TickerEntry {
    pub fn new(stamp: Stamp, ticker: &Ticker) -> Self {
        Self {
            kind: "TICKER",
            venue: ticker.venue,
            symbol: ticker.symbol,
            price: ticker.price.to_decimal().into(),
            price_change_24h: ticker.change_24h.to_decimal().into(),
            timestamp: ticker.event_time_ms,
            sequence: stamp.sequence.0,
        }
    }
}
