//! The public messages as they stand on the wire: market data that every subscriber may see.
//! Views and events come in, JSON goes out; it knows no client and no topic.

use engine::projection::{Candle, DayStatistics, Interval, PublicTrade};
use orison_core::event::{Auction, StatusCause};
use orison_core::instrument::{ASSET_DECIMALS_DEFAULT, Instrument, Status};
use orison_core::{Price, Quantity, Side, Stamp};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::json::Json;
use super::mirror::{Merged, Mirror};
use crate::notation::side_word;

/// Levels a side in a DepthSnapshot, and levels in a DepthDelta; a book that has more says
/// `"complete":false`, a command that changes more is told by a snapshot.
pub(crate) const SNAPSHOT_LEVELS_MAX: usize = 5_000;
/// Levels a side that a checksum covers.
const CHECKSUM_LEVELS: usize = 10;

/// Whether public executions name their orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderIds {
    Shown,
    Hidden,
}

/// What is needed to show the numbers of one instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) instrument: Instrument,
    /// Decimals of the quote asset's smallest unit, in which fees are counted.
    pub(crate) quote_decimals: u8,
}

impl Listing {
    pub(crate) fn of(views: &engine::Views, instrument: &Instrument) -> Self {
        let quote = views.catalog.asset(instrument.quote);
        let quote_decimals = quote.map_or(ASSET_DECIMALS_DEFAULT, |asset| asset.decimals);
        Self { instrument: *instrument, quote_decimals }
    }

    pub(crate) fn symbol(&self) -> &str {
        self.instrument.symbol.as_str()
    }

    pub(crate) fn price(&self, json: &mut Json, key: &str, price: Price) {
        if price.0 < 0 {
            json.decimal(key, self.instrument.price_decimal(price));
        } else {
            json.steps(key, self.instrument.price_step, u128::from(price.0.unsigned_abs()));
        }
    }

    pub(crate) fn quantity(&self, json: &mut Json, key: &str, quantity: Quantity) {
        json.steps(key, self.instrument.quantity_step, u128::from(quantity.0));
    }

    pub(crate) fn price_or_null(&self, json: &mut Json, key: &str, price: Option<Price>) {
        match price {
            Some(price) => self.price(json, key, price),
            None => json.null(key),
        }
    }

    /// `[[price, quantity], ...]`
    fn levels(&self, json: &mut Json, key: &str, levels: impl Iterator<Item = (Price, Quantity)>) {
        json.key(key);
        json.raw(b"[");
        for (index, (price, quantity)) in levels.enumerate() {
            json.separate(index);
            json.raw(b"[");
            json.steps_value(self.instrument.price_step, u128::from(price.0.unsigned_abs()));
            json.raw(b",");
            json.steps_value(self.instrument.quantity_step, u128::from(quantity.0));
            json.raw(b"]");
        }
        json.raw(b"]");
    }
}

/// The opening of a message up to where its sequence follows.
pub(crate) fn head(kind: &str, listing: &Listing, interval: Option<Interval>) -> Vec<u8> {
    let mut json = Json::default();
    json.open(kind);
    json.text("symbol", listing.symbol());
    if let Some(interval) = interval {
        json.word("interval", interval.word());
    }
    json.bytes().to_vec()
}

/// `fee` is the taker's, in the quote asset; `side` is the taker's too.
pub(crate) fn execution(
    json: &mut Json,
    listing: &Listing,
    traded: &PublicTrade,
    order_ids: OrderIds,
) -> Utf8Bytes {
    let trade = &traded.trade;
    json.open("Execution");
    json.id("exec_id", traded.execution.to_u128());
    match order_ids {
        OrderIds::Shown => {
            json.id("order_id", trade.taker.to_u128());
            json.id("maker_order_id", trade.maker.to_u128());
        }
        OrderIds::Hidden => {}
    }
    json.text("symbol", listing.symbol());
    json.word("side", side_word(trade.taker_side));
    listing.price(json, "price", trade.price);
    listing.quantity(json, "quantity", trade.quantity);
    json.units("fee", trade.taker_fee.units(), listing.quote_decimals);
    json.time("transaction_time", traded.stamp.time_ns);
    json.milliseconds("timestamp", traded.stamp.time_ns);
    json.integer("sequence", traded.stamp.sequence.0);
    json.integer("index", u64::from(traded.index));
    json.integer("prev_sequence", traded.previous_sequence);
    json.close()
}

/// Body of an OrderBookUpdate.
pub(crate) fn book_body(json: &mut Json, listing: &Listing, mirror: &Mirror, levels: usize) {
    listing.levels(json, "bids", mirror.levels(Side::Buy).take(levels));
    listing.levels(json, "asks", mirror.levels(Side::Sell).take(levels));
}

/// Body of a MarketStatistics: nulls before any trade; highs and lows under both names.
pub(crate) fn statistics_body(json: &mut Json, listing: &Listing, day: &DayStatistics) {
    listing.price_or_null(json, "last_price", day.last);
    match day.change_percent() {
        Some(percent) => json.decimal("price_change_24h", percent),
        None => json.null("price_change_24h"),
    }
    json.decimal("volume_24h", listing.instrument.volume_decimal(day.volume));
    json.decimal("turnover_24h", listing.instrument.turnover_decimal(day.turnover));
    json.integer("trade_count_24h", day.trade_count);
    listing.price_or_null(json, "open_24h", day.open);
    for key in ["high_24h", "high_price_24h"] {
        listing.price_or_null(json, key, day.high);
    }
    for key in ["low_24h", "low_price_24h"] {
        listing.price_or_null(json, key, day.low);
    }
}

/// Whether a candle may still change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Open,
    Closed,
}

/// Body of a CandlestickUpdate; `timestamp` inside the candle is its `open_time`.
pub(crate) fn candle_body(
    json: &mut Json,
    listing: &Listing,
    interval: Interval,
    candle: &Candle,
    phase: Phase,
) {
    json.raw(b",\"candle\":{\"open_time\":");
    let open_ms = candle.open_time_ns / 1_000_000;
    json.integer_value(open_ms);
    json.integer("close_time", open_ms + interval.nanoseconds() / 1_000_000);
    listing.price(json, "open", candle.open);
    listing.price(json, "high", candle.high);
    listing.price(json, "low", candle.low);
    listing.price(json, "close", candle.close);
    json.decimal("volume", listing.instrument.volume_decimal(candle.volume));
    json.integer("trade_count", candle.trade_count);
    json.integer("timestamp", open_ms);
    json.raw(b"}");
    json.boolean("is_closed", phase == Phase::Closed);
}

/// Body of an InstrumentStatus.
pub(crate) fn status_body(json: &mut Json, status: Status, cause: StatusCause) {
    json.word("status", status.word());
    json.word("reason", &cause.word().to_ascii_uppercase());
}

/// Body of an AuctionUpdate; a price of null: nothing would trade.
pub(crate) fn auction_body(json: &mut Json, listing: &Listing, auction: &Auction) {
    listing.price_or_null(json, "price", (auction.price != Price(0)).then_some(auction.price));
    listing.quantity(json, "volume", auction.volume);
    listing.quantity(json, "surplus", auction.surplus);
    match auction.surplus_side {
        Some(side) => json.word("surplus_side", side_word(side)),
        None => json.null("surplus_side"),
    }
}

/// The whole book, to a limit of levels. `now` dates a book that nothing has changed yet.
pub(crate) fn depth_snapshot(
    json: &mut Json,
    listing: &Listing,
    mirror: &Mirror,
    now: Stamp,
) -> Utf8Bytes {
    json.open("DepthSnapshot");
    json.text("symbol", listing.symbol());
    json.integer("sequence", mirror.at.sequence.0);
    for (key, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
        listing.levels(json, key, mirror.levels(side).take(SNAPSHOT_LEVELS_MAX));
    }
    let complete = Side::BOTH.iter().all(|&side| mirror.len(side) <= SNAPSHOT_LEVELS_MAX);
    json.boolean("complete", complete);
    json.integer("checksum", u64::from(checksum(listing, mirror)));
    json.milliseconds("timestamp", dated(mirror.at, now).time_ns);
    json.close()
}

/// The stamp itself, or of what was never changed the sequence 0 at this moment.
pub(crate) fn dated(at: Stamp, now: Stamp) -> Stamp {
    let time_ns = if at.sequence.0 == 0 { now.time_ns } else { at.time_ns };
    Stamp { time_ns, ..at }
}

/// Absolute quantities, zero = gone.
pub(crate) fn depth_delta(json: &mut Json, listing: &Listing, delta: &Merged) -> Utf8Bytes {
    json.open("DepthDelta");
    json.text("symbol", listing.symbol());
    json.integer("sequence", delta.at.sequence.0);
    json.integer("prev_sequence", delta.previous_sequence);
    listing.levels(json, "bids", delta.levels(Side::Buy));
    listing.levels(json, "asks", delta.levels(Side::Sell));
    json.milliseconds("timestamp", delta.at.time_ns);
    json.close()
}

/// CRC-32 (IEEE 802.3, as in zip) of the ASCII text `price:quantity` of the best bid, the best
/// ask, the second bid, the second ask ... to the tenth of each, joined by `:`, a missing level
/// left out, numbers as in the message.
fn checksum(listing: &Listing, mirror: &Mirror) -> u32 {
    let mut text = Json::default();
    let mut asks = mirror.levels(Side::Sell).take(CHECKSUM_LEVELS);
    let mut bids = mirror.levels(Side::Buy).take(CHECKSUM_LEVELS);
    for _ in 0..CHECKSUM_LEVELS {
        for (price, quantity) in [bids.next(), asks.next()].into_iter().flatten() {
            if !text.bytes().is_empty() {
                text.raw(b":");
            }
            let instrument = &listing.instrument;
            text.steps_value(instrument.price_step, u128::from(price.0.unsigned_abs()));
            text.raw(b":");
            text.steps_value(instrument.quantity_step, u128::from(quantity.0));
        }
    }
    crc32fast::hash(text.bytes())
}

#[cfg(test)]
mod tests;
