//! What an instrument costs now: last 24 hours, best bid and ask, status; and all instruments
//! together with their index. Views come in, bodies go out.

use engine::Views;
use orison_core::{Decimal, Instrument, Price, Quantity, Side, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::shape::moment;
use crate::xtrader::json::{Number, shown};

/// The last 24 hours and the best of the book; null where nothing traded or rests.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quote {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "BTC-KRW")]
    symbol: Symbol,
    /// Of the last trade, however long ago.
    price: Option<Number>,
    /// Against `open`.
    change: Option<Number>,
    /// The same in percent, rounded to 4 decimals.
    change_percent: Option<Number>,
    open: Option<Number>,
    high: Option<Number>,
    low: Option<Number>,
    volume: Number,
    /// In the quote asset.
    turnover: Number,
    trade_count: u64,
    bid_price: Option<Number>,
    bid_quantity: Option<Number>,
    ask_price: Option<Number>,
    ask_quantity: Option<Number>,
    /// open, halted, auction or closed.
    status: &'static str,
    /// The command that last changed the 24 hours; 0: none did.
    sequence: u64,
    /// When that was, RFC 3339; null: never.
    updated_at: Option<String>,
}

impl Quote {
    pub(super) fn new(views: &Views, instrument: &Instrument) -> Self {
        let day = views.statistics.day(instrument.id);
        let price = |price: Option<Price>| price.map(|p| Number(instrument.price_decimal(p)));
        let change = day.open.zip(day.last).map(|(open, last)| Price(last.0 - open.0));
        let book = views.depth.book(instrument.id);
        let best = |side| book.and_then(|book| book.best(side)).unzip();
        let quantity =
            |quantity: Option<Quantity>| quantity.map(|q| Number(instrument.quantity_decimal(q)));
        let ((bid, bid_size), (ask, ask_size)) = (best(Side::Buy), best(Side::Sell));
        Self {
            symbol: instrument.symbol,
            price: price(day.last),
            change: price(change),
            change_percent: day.change_percent().map(Number),
            open: price(day.open),
            high: price(day.high),
            low: price(day.low),
            volume: instrument.volume_decimal(day.volume).into(),
            turnover: instrument.turnover_decimal(day.turnover).into(),
            trade_count: day.trade_count,
            bid_price: price(bid),
            bid_quantity: quantity(bid_size),
            ask_price: price(ask),
            ask_quantity: quantity(ask_size),
            status: instrument.status.word(),
            sequence: day.sequence,
            updated_at: moment(day.time_ns),
        }
    }
}

/// INITIAL_DATA: what was subscribed, as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct InitialData {
    pub(super) quotes: Vec<Quote>,
}

/// MARKET_OVERVIEW: every instrument, and an index over them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarketOverview {
    index: MarketIndex,
    markets: Vec<Quote>,
    advancing: usize,
    declining: usize,
    unchanged: usize,
    trade_count: u64,
}

/// Equal weight over the instruments that traded within 24 hours: 1000 times the mean of their
/// last price over the price that opened those 24 hours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MarketIndex {
    /// Null: nothing traded.
    value: Option<Number>,
    /// Above the base, in percent.
    change_percent: Option<Number>,
    base: u32,
    /// Instruments it is made of.
    constituents: usize,
}

impl MarketOverview {
    pub(super) fn new(views: &Views) -> Self {
        let instruments = views.catalog.instruments();
        let days: Vec<_> = instruments.iter().map(|i| views.statistics.day(i.id)).collect();
        let prices: Vec<(i64, i64)> = days
            .iter()
            .filter_map(|day| Some((day.open?.0, day.last?.0)))
            .filter(|(open, _)| *open > 0)
            .collect();
        let count = |wanted| prices.iter().filter(|(open, last)| last.cmp(open) == wanted).count();
        Self {
            index: MarketIndex::of(&prices),
            markets: instruments.iter().map(|instrument| Quote::new(views, instrument)).collect(),
            advancing: count(std::cmp::Ordering::Greater),
            declining: count(std::cmp::Ordering::Less),
            unchanged: count(std::cmp::Ordering::Equal),
            trade_count: days.iter().map(|day| day.trade_count).sum(),
        }
    }
}

const INDEX_BASE: i128 = 1_000;
/// Decimals of the index; the mean of the quotients is rounded half away from 0.
const INDEX_DECIMALS: u8 = 4;
/// Decimals of each quotient, cut: far more than the index shows.
const QUOTIENT_UNIT: i128 = 10i128.pow(15);

impl MarketIndex {
    /// Opening and last price of each, all above 0.
    fn of(prices: &[(i64, i64)]) -> Self {
        let constituents = prices.len();
        let base = INDEX_BASE as u32;
        let quotient =
            |(open, last): &(i64, i64)| i128::from(*last) * QUOTIENT_UNIT / i128::from(*open);
        let sum: i128 = prices.iter().map(quotient).sum();
        let Ok(count @ 1..) = i128::try_from(constituents) else {
            return Self { value: None, change_percent: None, base, constituents };
        };
        let scaled = |numerator: i128| {
            let unit = count * QUOTIENT_UNIT / 10i128.pow(u32::from(INDEX_DECIMALS));
            let magnitude = (2 * numerator.abs() + unit) / (2 * unit);
            Some(Number(Decimal::new(magnitude * numerator.signum(), INDEX_DECIMALS)))
        };
        Self {
            value: scaled(INDEX_BASE * sum),
            change_percent: scaled(100 * (sum - count * QUOTIENT_UNIT)),
            base,
            constituents,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_a_thousand_times_the_mean_quotient() {
        for (prices, value, change) in [
            (&[][..], None, None),
            (&[(100, 100)], Some("1000"), Some("0")),
            (&[(100, 110), (50, 50)], Some("1050"), Some("5")),
            (&[(3, 1)], Some("333.3333"), Some("-66.6667")),
            (&[(3, 4), (3, 3), (3, 3)], Some("1111.1111"), Some("11.1111")),
            (&[(1, i64::MAX)], Some("9223372036854775807000"), Some("922337203685477580600")),
        ] {
            let index = MarketIndex::of(prices);
            let shown = |number: Option<Number>| number.map(|n| n.0.to_string());
            assert_eq!(shown(index.value).as_deref(), value, "{prices:?}");
            assert_eq!(shown(index.change_percent).as_deref(), change, "{prices:?}");
        }
    }
}
