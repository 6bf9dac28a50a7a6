//! The private messages as they stand on the wire: what happened to an account's own orders and
//! to its money. Events and views come in, JSON goes out; it knows no client and no topic.

mod snapshot;

use engine::projection::OrderStatus;
use orison_core::command::{OrderFields, SelfTrade};
use orison_core::event::{
    Accepted, Amended, Balance, Cancelled, Conditions, Decremented, Entry, Priority, Rejected,
    Trade, Triggered,
};
use orison_core::{AccountName, ClientOrderId, Event, InstrumentId, OrderId, Price, Side};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::feed::{OrderNews, Role};
use super::json::Json;
use super::listings::Listings;
use super::public::Listing;
use crate::notation::{link_word, order_type_word, self_trade_word, side_word, time_in_force_word};
pub(crate) use snapshot::snapshot;

/// 0: of no instrument.
pub(crate) fn instrument_of(event: &Event) -> InstrumentId {
    match event {
        Event::Accepted(accepted) => accepted.instrument,
        Event::Rejected(rejected) => rejected.instrument,
        Event::Trade(trade) => trade.instrument,
        Event::Rested(rested) => rested.instrument,
        Event::Cancelled(cancelled) => cancelled.instrument,
        Event::Amended(amended) => amended.instrument,
        Event::Waiting(waiting) => waiting.instrument,
        Event::Triggered(triggered) => triggered.instrument,
        Event::Refreshed(refreshed) => refreshed.instrument,
        Event::Decremented(decremented) => decremented.instrument,
        Event::Level(level) => level.instrument,
        Event::Auction(auction) => auction.instrument,
        Event::Status(changed) => changed.instrument,
        Event::Instrument(instrument) => instrument.id,
        Event::Bounds(bounds) => bounds.instrument,
        Event::Conditions(_)
        | Event::Balance(_)
        | Event::AssetOpened(_)
        | Event::AccountOpened(_)
        | Event::Account(_)
        | Event::Prayed(_)
        | Event::Ticker(_)
        | Event::Liquidation(_)
        | Event::ExternalTrade(_)
        | Event::ExternalDepth(_)
        | Event::ExternalLevel(_)
        | Event::Done => InstrumentId::default(),
    }
}

/// None: an event that needs no message of its own.
pub(crate) fn message(
    json: &mut Json,
    account: &AccountName,
    news: &OrderNews,
    listings: &Listings,
    previous_sequence: u64,
) -> Option<Utf8Bytes> {
    let listing = listings.get(instrument_of(&news.event.event));
    let told = Told { account, news };
    match &news.event.event {
        Event::Accepted(event) => accepted(json, told, event, listing?),
        Event::Rejected(event) => rejected(json, told, event, listing),
        Event::Trade(event) => executed(json, told, event, listing?),
        Event::Cancelled(event) => cancelled(json, told, event, listing?),
        Event::Amended(event) => amended(json, told, event, listing?),
        Event::Triggered(event) => triggered(json, told, event, listing?),
        Event::Decremented(event) => decremented(json, told, event, listing?),
        Event::Balance(event) => balance(json, account, event, listings)?,
        Event::Rested(_)
        | Event::Conditions(_)
        | Event::Waiting(_)
        | Event::Refreshed(_)
        | Event::Level(_)
        | Event::Auction(_)
        | Event::Status(_)
        | Event::AssetOpened(_)
        | Event::Instrument(_)
        | Event::Bounds(_)
        | Event::AccountOpened(_)
        | Event::Account(_)
        | Event::Prayed(_)
        | Event::Ticker(_)
        | Event::Liquidation(_)
        | Event::ExternalTrade(_)
        | Event::ExternalDepth(_)
        | Event::ExternalLevel(_)
        | Event::Done => return None,
    }
    let stamp = news.event.stamp;
    json.time("transaction_time", stamp.time_ns);
    json.milliseconds("timestamp", stamp.time_ns);
    json.integer("sequence", stamp.sequence.0);
    json.integer("index", u64::from(news.event.index));
    json.integer("prev_sequence", previous_sequence);
    Some(json.close())
}

/// Whom an event is told, and as what.
#[derive(Clone, Copy)]
struct Told<'a> {
    account: &'a AccountName,
    news: &'a OrderNews,
}

impl Told<'_> {
    fn open(self, json: &mut Json, kind: &str, order: OrderId) {
        json.open(kind);
        json.text("account", self.account.as_str());
        if order == OrderId::default() {
            json.null("order_id");
        } else {
            json.id("order_id", order.to_u128());
        }
        client_order_id(json, &self.news.client_order_id);
    }

    fn open_with_side(self, json: &mut Json, kind: &str, order: OrderId, at: (&Listing, Side)) {
        self.open(json, kind, order);
        json.text("symbol", at.0.symbol());
        json.word("side", side_word(at.1));
    }
}

fn client_order_id(json: &mut Json, named: &ClientOrderId) {
    if named.is_empty() {
        json.null("client_order_id");
    } else {
        json.text("client_order_id", named.as_str());
    }
}

fn accepted(json: &mut Json, told: Told<'_>, event: &Accepted, listing: &Listing) {
    told.open_with_side(json, "OrderAccepted", event.order, (listing, event.side));
    json.word("order_type", order_type_word(event.order_type));
    json.word("time_in_force", time_in_force_word(event.time_in_force));
    let price = event.fields.has(OrderFields::PRICE).then_some(event.price);
    listing.price_or_null(json, "price", price);
    listing.quantity(json, "quantity", event.quantity);
    wishes(json, event.fields, event.self_trade);
    conditions(json, told.news.conditions.as_deref(), listing);
    match event.entry {
        Entry::New => {}
        Entry::Duplicate => json.boolean("duplicate", true),
    }
}

fn wishes(json: &mut Json, fields: OrderFields, self_trade: SelfTrade) {
    json.boolean("post_only", fields.has(OrderFields::POST_ONLY));
    match self_trade {
        SelfTrade::AccountDefault => json.null("stp"),
        SelfTrade::None
        | SelfTrade::CancelTaker
        | SelfTrade::CancelMaker
        | SelfTrade::CancelBoth
        | SelfTrade::Decrement => json.word("stp", self_trade_word(self_trade)),
    }
}

/// Those that were said; most orders have none.
fn conditions(json: &mut Json, conditions: Option<&Conditions>, listing: &Listing) {
    let Some(said) = conditions else { return };
    for (key, price) in [("stop_price", said.stop_price), ("trail", said.trail)] {
        if price.0 > 0 {
            listing.price(json, key, price);
        }
    }
    for (key, quantity) in [("display", said.display), ("min_quantity", said.min_quantity)] {
        if !quantity.is_zero() {
            listing.quantity(json, key, quantity);
        }
    }
    if said.budget.units() > 0 {
        json.units("budget", said.budget.units(), listing.quote_decimals);
    }
    if said.expire_at_ns > 0 {
        json.integer("expire_at", said.expire_at_ns);
    }
    if let Some(link) = said.link {
        json.word("link", link_word(link));
        json.id("linked_order_id", said.partner.to_u128());
    }
}

/// A stop that fired into a refusal too, with `op` new.
fn rejected(json: &mut Json, told: Told<'_>, event: &Rejected, listing: Option<&Listing>) {
    told.open(json, "OrderRejected", event.order);
    match listing {
        Some(listing) => json.text("symbol", listing.symbol()),
        None => json.null("symbol"),
    }
    json.word("op", event.op.word());
    json.word("reason", &event.reason.word().to_ascii_uppercase());
}

/// `side`, `fee` and `liquidity` are those of the account's own order.
fn executed(json: &mut Json, told: Told<'_>, trade: &Trade, listing: &Listing) {
    let (order, side, fee, liquidity) = match told.news.role {
        Role::Taker => (trade.taker, trade.taker_side, trade.taker_fee, "Taker"),
        Role::Maker => (trade.maker, trade.taker_side.opposite(), trade.maker_fee, "Maker"),
    };
    told.open(json, "OrderExecution", order);
    match told.news.execution {
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

fn cancelled(json: &mut Json, told: Told<'_>, event: &Cancelled, listing: &Listing) {
    let kind = match OrderStatus::after(event.reason) == OrderStatus::Expired {
        true => "OrderExpired",
        false => "OrderCancelled",
    };
    told.open_with_side(json, kind, event.order, (listing, event.side));
    listing.price_or_null(json, "price", limit(event.price));
    listing.quantity(json, "remaining_quantity", event.quantity);
    json.word("reason", &event.reason.word().to_ascii_uppercase());
}

fn amended(json: &mut Json, told: Told<'_>, event: &Amended, listing: &Listing) {
    told.open_with_side(json, "OrderAmended", event.order, (listing, event.side));
    listing.price_or_null(json, "old_price", limit(event.old_price));
    listing.price_or_null(json, "price", limit(event.price));
    listing.quantity(json, "remaining_quantity", event.quantity);
    json.boolean("kept_priority", event.priority == Priority::Kept);
    conditions(json, told.news.conditions.as_deref(), listing);
}

/// `price` is the trade price that elected it.
fn triggered(json: &mut Json, told: Told<'_>, event: &Triggered, listing: &Listing) {
    told.open_with_side(json, "OrderTriggered", event.order, (listing, event.side));
    listing.price(json, "price", event.price);
}

/// `quantity` was taken from it and from the other, which is of the same account.
fn decremented(json: &mut Json, told: Told<'_>, event: &Decremented, listing: &Listing) {
    let (order, other, side) = match told.news.role {
        Role::Taker => (event.taker, event.maker, event.taker_side),
        Role::Maker => (event.maker, event.taker, event.taker_side.opposite()),
    };
    told.open_with_side(json, "OrderDecremented", order, (listing, side));
    json.id("other_order_id", other.to_u128());
    listing.quantity(json, "quantity", event.quantity);
}

/// As it stands after the command.
fn balance(
    json: &mut Json,
    account: &AccountName,
    event: &Balance,
    listings: &Listings,
) -> Option<()> {
    let asset = listings.asset(event.asset)?;
    json.open("BalanceUpdate");
    json.text("account", account.as_str());
    json.text("asset", asset.name.as_str());
    json.units("free", event.free.units(), asset.decimals);
    json.units("locked", event.locked.units(), asset.decimals);
    Some(())
}

/// None: a market order, or a stop that becomes one. A limit is at least one step.
fn limit(price: Price) -> Option<Price> {
    (price != Price(0)).then_some(price)
}
