//! The private messages as they stand on the wire: what happened to an account's own orders.
//! Events and views come in, JSON goes out; it knows no client and no topic.

use engine::projection::OrderView;
use orison_core::command::{CancelReason, OrderFields};
use orison_core::event::{Accepted, Amended, Cancelled, Entry, Priority, Rejected, Trade};
use orison_core::{AccountName, ClientOrderId, Event, InstrumentId, OrderId, Price, Stamp};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::feed::{OrderNews, Role};
use super::json::Json;
use super::public::Listing;
use crate::notation::{average_price, order_type_word, side_word, time_in_force_word};

/// Open orders in an OrdersSnapshot, newest first; an account that has more says
/// `"complete":false`.
pub(crate) const SNAPSHOT_ORDERS_MAX: usize = 1_000;

/// 0: of no instrument.
pub(crate) fn instrument_of(event: &Event) -> InstrumentId {
    match event {
        Event::Accepted(accepted) => accepted.instrument,
        Event::Rejected(rejected) => rejected.instrument,
        Event::Trade(trade) => trade.instrument,
        Event::Rested(rested) => rested.instrument,
        Event::Cancelled(cancelled) => cancelled.instrument,
        Event::Amended(amended) => amended.instrument,
        Event::Level(level) => level.instrument,
        Event::Instrument(instrument) => instrument.id,
        Event::AssetOpened(_)
        | Event::AccountOpened(_)
        | Event::Prayed(_)
        | Event::Ticker(_)
        | Event::Liquidation(_)
        | Event::Conditions(_)
        | Event::Waiting(_)
        | Event::Triggered(_)
        | Event::Refreshed(_)
        | Event::Decremented(_)
        | Event::Auction(_)
        | Event::Status(_)
        | Event::Balance(_)
        | Event::Bounds(_)
        | Event::Account(_)
        | Event::Done => InstrumentId::default(),
    }
}

/// None: an event that needs no message of its own. `listing` is that of the event's instrument.
pub(crate) fn order_event(
    json: &mut Json,
    account: &AccountName,
    news: &OrderNews,
    listing: Option<&Listing>,
    previous_sequence: u64,
) -> Option<Utf8Bytes> {
    match (&news.event.event, listing) {
        (Event::Rejected(event), listing) => rejected(json, account, event, listing),
        (Event::Accepted(event), Some(listing)) => accepted(json, account, event, listing),
        (Event::Trade(event), Some(listing)) => executed(json, account, news, event, listing),
        (Event::Cancelled(event), Some(listing)) => cancelled(json, account, news, event, listing),
        (Event::Amended(event), Some(listing)) => amended(json, account, news, event, listing),
        (
            Event::Accepted(_)
            | Event::Trade(_)
            | Event::Cancelled(_)
            | Event::Amended(_)
            | Event::Rested(_)
            | Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done,
            _,
        ) => return None,
    }
    let stamp = news.event.stamp;
    json.time("transaction_time", stamp.time_ns);
    json.milliseconds("timestamp", stamp.time_ns);
    json.integer("sequence", stamp.sequence.0);
    json.integer("index", u64::from(news.event.index));
    json.integer("prev_sequence", previous_sequence);
    Some(json.close())
}

fn open(json: &mut Json, kind: &str, account: &AccountName, order: OrderId, named: &ClientOrderId) {
    json.open(kind);
    json.text("account", account.as_str());
    if order == OrderId::default() {
        json.null("order_id");
    } else {
        json.id("order_id", order.to_u128());
    }
    client_order_id(json, named);
}

fn client_order_id(json: &mut Json, named: &ClientOrderId) {
    if named.is_empty() {
        json.null("client_order_id");
    } else {
        json.text("client_order_id", named.as_str());
    }
}

fn accepted(json: &mut Json, account: &AccountName, event: &Accepted, listing: &Listing) {
    open(json, "OrderAccepted", account, event.order, &event.client_order_id);
    json.text("symbol", listing.symbol());
    json.word("side", side_word(event.side));
    json.word("order_type", order_type_word(event.order_type));
    json.word("time_in_force", time_in_force_word(event.time_in_force));
    let price = event.fields.has(OrderFields::PRICE).then_some(event.price);
    listing.price_or_null(json, "price", price);
    listing.quantity(json, "quantity", event.quantity);
    match event.entry {
        Entry::New => {}
        Entry::Duplicate => json.boolean("duplicate", true),
    }
}

fn rejected(json: &mut Json, account: &AccountName, event: &Rejected, listing: Option<&Listing>) {
    open(json, "OrderRejected", account, event.order, &event.client_order_id);
    match listing {
        Some(listing) => json.text("symbol", listing.symbol()),
        None => json.null("symbol"),
    }
    json.word("op", event.op.word());
    json.word("reason", &event.reason.word().to_ascii_uppercase());
}

/// `side`, `fee` and `liquidity` are those of the account's own order.
fn executed(
    json: &mut Json,
    account: &AccountName,
    news: &OrderNews,
    trade: &Trade,
    listing: &Listing,
) {
    let (order, side, fee, liquidity) = match news.role {
        Role::Taker => (trade.taker, trade.taker_side, trade.taker_fee, "Taker"),
        Role::Maker => (trade.maker, trade.taker_side.opposite(), trade.maker_fee, "Maker"),
    };
    open(json, "OrderExecution", account, order, &news.client_order_id);
    match news.execution {
        Some(execution) => json.id("exec_id", execution.to_u128()),
        None => json.null("exec_id"),
    }
    json.text("symbol", listing.symbol());
    json.word("side", side_word(side));
    json.word("liquidity", liquidity);
    listing.price(json, "price", trade.price);
    listing.quantity(json, "quantity", trade.quantity);
    json.units("fee", fee.units(), listing.quote_decimals);
}

fn cancelled(
    json: &mut Json,
    account: &AccountName,
    news: &OrderNews,
    event: &Cancelled,
    listing: &Listing,
) {
    let kind = match event.reason {
        CancelReason::Expired => "OrderExpired",
        CancelReason::User
        | CancelReason::Ioc
        | CancelReason::SelfTrade
        | CancelReason::Oco
        | CancelReason::Mass
        | CancelReason::Range
        | CancelReason::Uncross
        | CancelReason::Closed
        | CancelReason::Admin
        | CancelReason::Disconnect
        | CancelReason::Timer => "OrderCancelled",
    };
    open(json, kind, account, event.order, &news.client_order_id);
    json.text("symbol", listing.symbol());
    json.word("side", side_word(event.side));
    // A market order names none; a limit is at least one step.
    let price = (event.price != Price(0)).then_some(event.price);
    listing.price_or_null(json, "price", price);
    listing.quantity(json, "remaining_quantity", event.quantity);
    json.word("reason", &event.reason.word().to_ascii_uppercase());
}

fn amended(
    json: &mut Json,
    account: &AccountName,
    news: &OrderNews,
    event: &Amended,
    listing: &Listing,
) {
    open(json, "OrderAmended", account, event.order, &news.client_order_id);
    json.text("symbol", listing.symbol());
    json.word("side", side_word(event.side));
    listing.price(json, "old_price", event.old_price);
    listing.price(json, "price", event.price);
    listing.quantity(json, "remaining_quantity", event.quantity);
    json.boolean("kept_priority", event.priority == Priority::Kept);
}

/// The open orders of an account, newest first; of an unknown account none.
pub(crate) fn snapshot<'a>(
    json: &mut Json,
    account: &AccountName,
    orders: impl Iterator<Item = (&'a OrderView, &'a Listing)>,
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
    json.word("status", order.status.word());
    json.milliseconds("created_at", order.created.time_ns);
    json.milliseconds("updated_at", order.updated.time_ns);
    json.raw(b"}");
}
