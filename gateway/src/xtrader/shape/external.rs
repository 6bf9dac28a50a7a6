//! What a foreign venue says of a symbol, in the venue's own decimals.

use engine::Views;
use engine::projection::ExternalBook;
use orison_core::command::{ExternalTrade, Foreign, Venue};
use orison_core::{Side, Stamp, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Level, TickerEntry};
use crate::xtrader::json::{Number, shown};

/// Parts that were never seen are null.
#[derive(Serialize, ToSchema)]
pub struct External {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "binance")]
    pub venue: Venue,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "BTCUSDT")]
    pub symbol: Symbol,
    pub ticker: Option<TickerEntry>,
    /// The last one.
    pub trade: Option<ExternalTradeEntry>,
    pub orderbook: Option<ExternalOrderBook>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalTradeEntry {
    /// The taker's: BUY or SELL.
    pub side: &'static str,
    pub price: Number,
    pub quantity: Number,
    /// The venue's own number of it.
    pub trade_id: u64,
    /// The venue's own, milliseconds.
    pub timestamp: u64,
    pub sequence: u64,
}

/// The best levels, as many as the feed takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalOrderBook {
    /// [price, quantity], highest price first.
    #[schema(value_type = Vec<[f64; 2]>)]
    pub bids: Vec<Level>,
    /// [price, quantity], lowest price first.
    #[schema(value_type = Vec<[f64; 2]>)]
    pub asks: Vec<Level>,
    /// The venue's number of the last change in it; 0: it has none.
    pub update_id: u64,
    /// The venue's own, milliseconds.
    pub timestamp: u64,
    pub sequence: u64,
}

impl External {
    /// At most `depth` levels a side. None: nothing was seen yet.
    pub fn new(views: &Views, venue: Venue, symbol: Symbol, depth: usize) -> Option<Self> {
        let ticker = views.tickers.latest(&venue, &symbol);
        let ticker = ticker.map(|(stamp, ticker)| TickerEntry::new(stamp, &ticker));
        let trade = views.external.trade(&venue, &symbol);
        let trade = trade.map(|(stamp, trade)| ExternalTradeEntry::new(stamp, &trade));
        let book = views.external.book(&venue, &symbol);
        let orderbook = book.map(|book| ExternalOrderBook::new(book, depth));
        let is_seen = ticker.is_some() || trade.is_some() || orderbook.is_some();
        is_seen.then_some(Self { venue, symbol, ticker, trade, orderbook })
    }
}

impl ExternalTradeEntry {
    fn new(stamp: Stamp, trade: &ExternalTrade) -> Self {
        Self {
            side: match trade.side {
                Side::Buy => "BUY",
                Side::Sell => "SELL",
            },
            price: trade.price.to_decimal().into(),
            quantity: trade.quantity.to_decimal().into(),
            trade_id: trade.trade_id,
            timestamp: trade.event_time_ms,
            sequence: stamp.sequence.0,
        }
    }
}

impl ExternalOrderBook {
    fn new(book: &ExternalBook, depth: usize) -> Self {
        let levels = |levels: &[(Foreign, Foreign)]| -> Vec<Level> {
            let shown = levels.iter().take(depth).map(|(price, quantity)| {
                Level(price.to_decimal().into(), quantity.to_decimal().into())
            });
            shown.collect()
        };
        Self {
            bids: levels(&book.bids),
            asks: levels(&book.asks),
            update_id: book.update_id,
            timestamp: book.event_time_ms,
            sequence: book.stamp.sequence.0,
        }
    }
}
