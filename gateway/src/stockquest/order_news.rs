//! What happens to an account's orders, as its followers read it: one message a happening, and for
//! a fill the report before the state. Encoded once for all of them. News and views come in,
//! envelopes go out; no session is known here. `orderId` and `symbol` come first in `data`.

use engine::Views;
use engine::projection::OrderView;
use orison_core::command::{CancelReason, OrderFields, SelfTrade};
use orison_core::event::{Entry, Op, Priority, Rejected, Trade};
use orison_core::{AccountName, ClientOrderId, Event, ExecutionId, OrderId, Price, Quantity};
use orison_core::{Decimal, Reason, Symbol};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use utoipa::ToSchema;

use super::envelope::{Stamps, encode};
use super::kind::Told;
use crate::fanout::feed::{OrderNews, Role};
use crate::fanout::listings::Listings;
use crate::fanout::private::instrument_of;
use crate::fanout::public::Listing;
use crate::language::Language;
use crate::notation::{
    average_price, is_stop, link_word, order_type_word, self_trade_word, side_word,
    time_in_force_word,
};
use crate::xtrader::json::{Number, shown, shown_or_null};
use crate::xtrader::problem::Problem;
use crate::xtrader::shape::rfc3339;

/// Open orders in ACTIVE_ORDERS, newest first; an account that has more says so.
const ACTIVE_MAX: usize = 1_000;

/// An order as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderBody {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    client_order_id: Option<ClientOrderId>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    /// Buy or Sell.
    side: &'static str,
    #[serde(rename = "type")]
    order_type: &'static str,
    time_in_force: &'static str,
    /// Null: a market order without one.
    price: Option<Number>,
    quantity: Number,
    filled_quantity: Number,
    remaining_quantity: Number,
    /// Null before the first fill.
    average_price: Option<Number>,
    /// In the quote asset; negative = a rebate.
    fee: Number,
    post_only: bool,
    /// Null: the account's default.
    stp: Option<&'static str>,
    stop_price: Option<Number>,
    trail: Option<Number>,
    /// Whether a stop has fired; null: it is none.
    triggered: Option<bool>,
    display: Option<Number>,
    min_quantity: Option<Number>,
    /// In the quote asset.
    budget: Option<Number>,
    /// Nanoseconds since the Unix epoch.
    expire_at: Option<u64>,
    /// OCO or OTO.
    link: Option<&'static str>,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>, format = "uuid")]
    linked_order_id: Option<OrderId>,
    /// NEW, PARTIALLY_FILLED, FILLED, CANCELLED, REJECTED or EXPIRED.
    status: &'static str,
    /// Why it was cancelled, expired or refused after it was in; in upper case.
    reason: Option<String>,
    /// RFC 3339.
    created_at: String,
    updated_at: String,
}

impl OrderBody {
    pub(super) fn new(listing: &Listing, account: &AccountName, order: &OrderView) -> Self {
        let instrument = &listing.instrument;
        let quantity = |quantity| Number(instrument.quantity_decimal(quantity));
        let price = |price: Price| (price.0 > 0).then(|| Number(instrument.price_decimal(price)));
        let least = |least: Quantity| (!least.is_zero()).then(|| quantity(least));
        let said = order.conditions.as_deref();
        let budget = said.map(|c| c.budget.units()).filter(|&units| units > 0);
        let average = average_price(instrument, order.filled_notional, order.filled);
        Self {
            order_id: order.id,
            symbol: instrument.symbol,
            client_order_id: given(order.client_order_id),
            account: *account,
            side: side_word(order.side),
            order_type: order_type_word(order.order_type),
            time_in_force: time_in_force_word(order.time_in_force),
            price: order.price.and_then(price),
            quantity: quantity(order.quantity),
            filled_quantity: quantity(order.filled),
            remaining_quantity: quantity(order.remaining),
            average_price: average.map(Number),
            fee: quote(listing, order.fee),
            post_only: order.fields.has(OrderFields::POST_ONLY),
            stp: stp(order.self_trade),
            stop_price: said.and_then(|c| price(c.stop_price)),
            trail: said.and_then(|c| price(c.trail)),
            triggered: is_stop(order.order_type).then_some(order.is_triggered),
            display: said.and_then(|c| least(c.display)),
            min_quantity: said.and_then(|c| least(c.min_quantity)),
            budget: budget.map(|units| quote(listing, units)),
            expire_at: said.map(|c| c.expire_at_ns).filter(|&time_ns| time_ns > 0),
            link: said.and_then(|c| c.link).map(link_word),
            linked_order_id: said.filter(|c| c.link.is_some()).map(|c| c.partner),
            status: order.status.word(),
            reason: reason(order),
            created_at: rfc3339(order.created.time_ns),
            updated_at: rfc3339(order.updated.time_ns),
        }
    }
}

fn given(client_order_id: ClientOrderId) -> Option<ClientOrderId> {
    (!client_order_id.is_empty()).then_some(client_order_id)
}

fn quote(listing: &Listing, units: i128) -> Number {
    Number(Decimal::new(units, listing.quote_decimals))
}

fn stp(self_trade: SelfTrade) -> Option<&'static str> {
    (self_trade != SelfTrade::AccountDefault).then(|| self_trade_word(self_trade))
}

fn reason(order: &OrderView) -> Option<String> {
    let word = order.reason.map(Reason::word).or(order.cancel_reason.map(CancelReason::word));
    word.map(str::to_ascii_uppercase)
}

/// An order, and what is said of it beside how it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderEvent {
    #[serde(flatten)]
    pub(super) order: OrderBody,
    /// Place among the events of its command, from 0; null: in answer to a request.
    pub(super) index: Option<u32>,
    /// Of an amend: whether it kept its place in the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept_priority: Option<bool>,
    /// Only with a repeat: the order is the first one, nothing was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duplicate: Option<bool>,
}

impl OrderEvent {
    fn new(order: OrderBody, index: u32) -> Self {
        Self { order, index: Some(index), kept_priority: None, duplicate: None }
    }
}

/// EXECUTION_REPORT: one fill of one order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionReport {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    client_order_id: Option<ClientOrderId>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    /// Names the trade, the same to both sides and in public; null: the tape forgot it.
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>, format = "uuid")]
    exec_id: Option<ExecutionId>,
    /// Of the account's own order: Buy or Sell.
    side: &'static str,
    /// Maker or Taker.
    liquidity: &'static str,
    /// Of this fill.
    price: Number,
    quantity: Number,
    /// In the quote asset; negative = a rebate.
    fee: Number,
    /// Of the order after this fill; null: the order is forgotten.
    filled_quantity: Option<Number>,
    remaining_quantity: Option<Number>,
    average_price: Option<Number>,
    order_status: Option<&'static str>,
    index: u32,
    /// RFC 3339.
    transaction_time: String,
}

/// ORDER_REJECTED: what was asked and why it was not done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderRejected {
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub(super) order_id: Option<OrderId>,
    /// Null: it was not understood which.
    pub(super) symbol: Option<String>,
    pub(super) client_order_id: Option<String>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub(super) account: AccountName,
    /// SUBMIT, CANCEL or MODIFY.
    pub(super) operation: &'static str,
    /// For programs; never translated.
    pub(super) code: &'static str,
    /// For people.
    pub(super) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
}

/// ACTIVE_ORDERS: what is open, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveOrders {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    orders: Vec<OrderBody>,
    /// False: there are more than are listed.
    complete: bool,
}

/// Of an unknown account there is nothing.
pub(crate) fn active(views: &Views, account: &AccountName) -> Utf8Bytes {
    let id = views.catalog.account(account);
    let all = id.into_iter().flat_map(|id| views.orders.of_account(id));
    let mut open = all.filter(|order| order.status.is_open());
    let listed: Vec<&OrderView> = open.by_ref().take(ACTIVE_MAX).collect();
    let body = ActiveOrders {
        account: *account,
        orders: listed.into_iter().filter_map(|order| body(views, account, order)).collect(),
        complete: open.next().is_none(),
    };
    encode(Told::ActiveOrders, Stamps::default().at(views.at().sequence.0), &body)
}

/// None: its instrument is not known, which no view of ours allows.
pub(super) fn body(views: &Views, account: &AccountName, order: &OrderView) -> Option<OrderBody> {
    let instrument = views.catalog.instrument(order.instrument)?;
    Some(OrderBody::new(&Listing::of(views, instrument), account, order))
}

/// Nothing for what is no news of an order.
pub(crate) fn tell(account: &AccountName, news: &OrderNews, listings: &Listings) -> Vec<Utf8Bytes> {
    let listing = listings.get(instrument_of(&news.event.event));
    let telling = Telling { account, news };
    match &news.event.event {
        Event::Accepted(accepted) => match accepted.entry {
            Entry::New => telling.order(Told::OrderSubmitted, listing),
            Entry::Duplicate => Vec::new(),
        },
        Event::Rejected(rejected) => telling.rejected(rejected, listing),
        Event::Trade(trade) => telling.traded(trade, listing),
        Event::Cancelled(_) => telling.order(Told::OrderCancelled, listing),
        Event::Amended(amended) => {
            let kept = amended.priority == Priority::Kept;
            telling.order_with(Told::OrderModified, listing, Some(kept))
        }
        Event::Triggered(_) | Event::Decremented(_) => telling.order(Told::OrderStatus, listing),
        Event::Rested(_)
        | Event::Conditions(_)
        | Event::Waiting(_)
        | Event::Refreshed(_)
        | Event::Balance(_)
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
        | Event::Done => Vec::new(),
    }
}

#[derive(Clone, Copy)]
struct Telling<'a> {
    account: &'a AccountName,
    news: &'a OrderNews,
}

impl Telling<'_> {
    fn stamps(self) -> Stamps<'static> {
        let stamp = self.news.event.stamp;
        let time_ns = Some(stamp.time_ns);
        Stamps { time_ns, ..Stamps::default() }.at(stamp.sequence.0)
    }

    fn order(self, kind: Told, listing: Option<&Listing>) -> Vec<Utf8Bytes> {
        self.order_with(kind, listing, None)
    }

    /// Nothing of an order that is forgotten: there is nothing left to say of it.
    fn order_with(
        self,
        kind: Told,
        listing: Option<&Listing>,
        kept_priority: Option<bool>,
    ) -> Vec<Utf8Bytes> {
        let Some((listing, order)) = listing.zip(self.news.standing.as_deref()) else {
            return Vec::new();
        };
        let order = OrderBody::new(listing, self.account, order);
        let event = OrderEvent { kept_priority, ..OrderEvent::new(order, self.news.event.index) };
        vec![encode(kind, self.stamps(), &event)]
    }

    fn traded(self, trade: &Trade, listing: Option<&Listing>) -> Vec<Utf8Bytes> {
        let Some(listing) = listing else { return Vec::new() };
        let report = self.report(trade, listing);
        let is_filled = report.order_status == Some("FILLED");
        let kind = if is_filled { Told::OrderFilled } else { Told::OrderPartiallyFilled };
        let mut texts = vec![encode(Told::ExecutionReport, self.stamps(), &report)];
        texts.extend(self.order(kind, Some(listing)));
        texts
    }

    fn report(self, trade: &Trade, listing: &Listing) -> ExecutionReport {
        let Self { account, news } = self;
        let instrument = &listing.instrument;
        let (order_id, side, fee, liquidity) = match news.role {
            Role::Taker => (trade.taker, trade.taker_side, trade.taker_fee, "Taker"),
            Role::Maker => (trade.maker, trade.taker_side.opposite(), trade.maker_fee, "Maker"),
        };
        let quantity = |quantity| Number(instrument.quantity_decimal(quantity));
        let order = news.standing.as_deref();
        let average =
            order.and_then(|order| average_price(instrument, order.filled_notional, order.filled));
        ExecutionReport {
            order_id,
            symbol: instrument.symbol,
            client_order_id: given(news.client_order_id),
            account: *account,
            exec_id: news.execution,
            side: side_word(side),
            liquidity,
            price: Number(instrument.price_decimal(trade.price)),
            quantity: quantity(trade.quantity),
            fee: quote(listing, fee.units()),
            filled_quantity: order.map(|order| quantity(order.filled)),
            remaining_quantity: order.map(|order| quantity(order.remaining)),
            average_price: average.map(Number),
            order_status: order.map(|order| order.status.word()),
            index: news.event.index,
            transaction_time: rfc3339(news.event.stamp.time_ns),
        }
    }

    /// Of what else than orders was refused, nothing.
    fn rejected(self, rejected: &Rejected, listing: Option<&Listing>) -> Vec<Utf8Bytes> {
        let operation = match rejected.op {
            Op::New | Op::Oco | Op::Oto => "SUBMIT",
            Op::Cancel | Op::MassCancel => "CANCEL",
            Op::Amend => "MODIFY",
            Op::Instrument
            | Op::Pray
            | Op::Ticker
            | Op::Liquidation
            | Op::Genesis
            | Op::Status
            | Op::Uncross
            | Op::EndOfDay
            | Op::Deposit
            | Op::Withdraw
            | Op::Account
            | Op::ExternalTrade
            | Op::ExternalDepth => return Vec::new(),
        };
        let problem = Problem::refused(rejected.reason);
        let body = OrderRejected {
            order_id: (rejected.order != OrderId::default()).then_some(rejected.order),
            symbol: listing.map(|listing| listing.symbol().to_owned()),
            client_order_id: given(self.news.client_order_id).map(|id| id.to_string()),
            account: *self.account,
            operation,
            code: problem.code,
            error: problem.message.text(Language::Unsaid).to_owned(),
            field: None,
        };
        vec![encode(Told::OrderRejected, self.stamps(), &body)]
    }
}
