//! Votes and what foreign venues said, as JSON.

use orison_core::Side;
use orison_core::command::{ExternalDepth, ExternalTrade, Liquidation, Pray, Ticker};

use super::units::put_word;
use super::words::{PRAYERS, SIDES, word_of};
use crate::json::Object;

pub(super) fn put_pray(object: &mut Object<'_>, pray: &Pray) {
    object.text("op", "pray");
    put_word(object, "side", word_of(PRAYERS, pray.side));
    object.bare("count", pray.count);
}

pub(super) fn put_ticker(object: &mut Object<'_>, ticker: &Ticker) {
    object
        .text("op", "ticker")
        .text("venue", ticker.venue.as_str())
        .text("symbol", ticker.symbol.as_str())
        .shown("price", ticker.price.to_decimal())
        .shown("change_24h", ticker.change_24h.to_decimal())
        .bare("event_time", ticker.event_time_ms);
}

pub(super) fn put_liquidation(object: &mut Object<'_>, liquidation: &Liquidation) {
    object
        .text("op", "liquidation")
        .text("venue", liquidation.venue.as_str())
        .text("symbol", liquidation.symbol.as_str());
    put_word(object, "side", word_of(SIDES, liquidation.side));
    object
        .shown("quantity", liquidation.quantity.to_decimal())
        .shown("price", liquidation.price.to_decimal())
        .bare("event_time", liquidation.event_time_ms);
}

pub(super) fn put_external_trade(object: &mut Object<'_>, trade: &ExternalTrade) {
    object
        .text("op", "external_trade")
        .text("venue", trade.venue.as_str())
        .text("symbol", trade.symbol.as_str());
    put_word(object, "side", word_of(SIDES, trade.side));
    object
        .shown("quantity", trade.quantity.to_decimal())
        .shown("price", trade.price.to_decimal())
        .bare("trade_id", trade.trade_id)
        .bare("event_time", trade.event_time_ms);
}

pub(super) fn put_external_depth(object: &mut Object<'_>, depth: &ExternalDepth) {
    object
        .text("op", "external_depth")
        .text("venue", depth.venue.as_str())
        .text("symbol", depth.symbol.as_str());
    for (name, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
        let mut levels = object.list(name);
        for level in depth.side(side).levels() {
            let (price, quantity) = depth.foreign(level);
            let mut item = levels.item();
            item.shown("price", price.to_decimal()).shown("quantity", quantity.to_decimal());
            item.close();
        }
        levels.close();
    }
    object.bare("update_id", depth.update_id).bare("event_time", depth.event_time_ms);
}
