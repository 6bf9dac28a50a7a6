//! What a follower of an account is told first: its open orders, stops that wait among them, and
//! what it has.

use engine::projection::OrderView;
use orison_core::event::{AssetOpened, Balance};
use orison_core::{AccountName, Stamp};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{client_order_id, conditions, wishes};
use crate::fanout::json::Json;
use crate::fanout::public::Listing;
use crate::notation::{average_price, is_stop, order_type_word, side_word, time_in_force_word};

/// Open orders in an OrdersSnapshot, newest first; an account that has more says
/// `"complete":false`.
pub(crate) const SNAPSHOT_ORDERS_MAX: usize = 1_000;

/// Of an unknown account there is nothing.
pub(crate) fn snapshot<'a>(
    json: &mut Json,
    account: &AccountName,
    orders: impl Iterator<Item = (&'a OrderView, &'a Listing)>,
    balances: impl Iterator<Item = (Balance, &'a AssetOpened)>,
    at: Stamp,
) -> Utf8Bytes {
    json.open("OrdersSnapshot");
    json.text("account", account.as_str());
    json.raw(b",\"orders\":[");
    let mut orders = orders.enumerate();
    for (index, (order, listing)) in orders.by_ref().take(SNAPSHOT_ORDERS_MAX) {
        json.separate(index);
        order_object(json, account, order, listing);
    }
    json.raw(b"]");
    json.boolean("complete", orders.next().is_none());
    json.raw(b",\"balances\":[");
    for (index, (balance, asset)) in balances.enumerate() {
        json.separate(index);
        json.raw(b"{\"asset\":");
        json.string(asset.name.as_str());
        json.units("free", balance.free.units(), asset.decimals);
        json.units("locked", balance.locked.units(), asset.decimals);
        json.raw(b"}");
    }
    json.raw(b"]");
    json.integer("sequence", at.sequence.0);
    json.milliseconds("timestamp", at.time_ns);
    json.close()
}

fn order_object(json: &mut Json, account: &AccountName, order: &OrderView, listing: &Listing) {
    json.raw(b"{\"account\":");
    json.string(account.as_str());
    json.id("order_id", order.id.to_u128());
    client_order_id(json, &order.client_order_id);
    json.text("symbol", listing.symbol());
    json.word("side", side_word(order.side));
    json.word("type", order_type_word(order.order_type));
    json.word("time_in_force", time_in_force_word(order.time_in_force));
    listing.price_or_null(json, "price", order.price);
    listing.quantity(json, "quantity", order.quantity);
    listing.quantity(json, "filled_quantity", order.filled);
    listing.quantity(json, "remaining_quantity", order.remaining);
    match average_price(&listing.instrument, order.filled_notional, order.filled) {
        Some(price) => json.decimal("average_price", price),
        None => json.null("average_price"),
    }
    json.units("fee", order.fee, listing.quote_decimals);
    wishes(json, order.fields, order.self_trade);
    if is_stop(order.order_type) {
        json.boolean("triggered", order.is_triggered);
    }
    conditions(json, order.conditions.as_deref(), listing);
    json.word("status", order.status.word());
    json.milliseconds("created_at", order.created.time_ns);
    json.milliseconds("updated_at", order.updated.time_ns);
    json.raw(b"}");
}
