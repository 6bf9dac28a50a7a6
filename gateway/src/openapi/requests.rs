//! What requests may hold. The readers in `xtrader::entry` take fields one by one, because each
//! refusal names its field; so these types only describe, and are never built.
#![allow(dead_code, reason = "described, never built")]

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::xtrader::problem::ProblemBody;

/// A decimal, exact to its last digit.
#[derive(Serialize)]
pub(crate) struct Amount;

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let forms = SchemaType::from_iter([Type::Number, Type::String]);
        let description = "A decimal as a number or a string, exponents too; at most 40 digits.";
        ObjectBuilder::new().schema_type(forms).description(Some(description)).into()
    }
}

impl ToSchema for Amount {}

/// Words in any letter case, with or without `_` and `-`. Null is absent.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlaceRequest {
    #[schema(example = "BTC-KRW")]
    symbol: String,
    /// Buy or Sell.
    #[schema(example = "Buy")]
    side: String,
    /// Limit, Market, Stop, StopLimit or TrailingStop.
    #[serde(rename = "type")]
    #[schema(example = "Limit")]
    order_type: String,
    /// Needed by Limit and StopLimit; others have none, and 0 is none.
    price: Option<Amount>,
    /// Needed, save beside a budget.
    quantity: Option<Amount>,
    /// GTC (the default, and the same whether it is said or not), IOC, FOK, DAY or GTD; also under
    /// the name `tif`.
    #[schema(example = "GTC")]
    time_in_force: Option<String>,
    post_only: Option<bool>,
    /// 1 to 36 printable ASCII characters. A repeat with the same content is answered with the
    /// first order and enters nothing.
    #[schema(max_length = 36)]
    client_order_id: Option<String>,
    /// Open mode: who orders; `demo` if absent.
    #[schema(max_length = 32)]
    account: Option<String>,
    /// Visible part of an iceberg.
    display: Option<Amount>,
    /// If less can trade at once the order is refused.
    min_quantity: Option<Amount>,
    /// Of Stop and StopLimit: fires once the last price is there or beyond.
    stop_price: Option<Amount>,
    /// Of TrailingStop: how far the stop price follows the best last price.
    trail: Option<Amount>,
    /// At most this much of the quote asset, fee included; of Market, IOC and FOK orders.
    budget: Option<Amount>,
    /// Of Market: becomes a limit order so far beyond the best opposite price.
    protection: Option<Amount>,
    /// Nanoseconds since the Unix epoch, with GTD and only there.
    expire_at: Option<u64>,
    /// What happens when it meets an order of its own account: none, cancel_taker, cancel_maker,
    /// cancel_both or decrement; the account's default if absent.
    #[schema(example = "cancel_taker")]
    stp: Option<String>,
}

/// Two orders of one account in one instrument; as soon as one trades, fires or ends the other is
/// cancelled.
#[derive(Serialize, ToSchema)]
pub(crate) struct OcoRequest {
    #[schema(min_items = 2, max_items = 2)]
    orders: Vec<PlaceRequest>,
}

/// Two orders of one account in one instrument; the child waits until the parent is completely
/// filled, and is cancelled with it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OtoRequest {
    parent: PlaceRequest,
    child: PlaceRequest,
}

/// Exactly one of `order_id` and `client_order_id`.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelRequest {
    order_id: Option<String>,
    client_order_id: Option<String>,
    account: Option<String>,
}

/// Exactly one of `order_id` and `client_order_id`, and at least one change.
#[derive(Serialize, ToSchema)]
pub(crate) struct AmendRequest {
    order_id: Option<String>,
    client_order_id: Option<String>,
    account: Option<String>,
    /// The new OPEN quantity, hidden included; 0 cancels.
    quantity: Option<Amount>,
    price: Option<Amount>,
    /// Of a Stop or StopLimit that has not fired.
    stop_price: Option<Amount>,
    /// Of a TrailingStop that has not fired.
    trail: Option<Amount>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CancelAllRequest {
    account: Option<String>,
    symbol: Option<String>,
    side: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CancelAllAfterRequest {
    account: Option<String>,
    /// 0 turns it off; else a second to a day.
    #[schema(minimum = 0, maximum = 86_400_000)]
    timeout_ms: u64,
}

/// 1 to 20 entries: those of `/order`, or with `"op": "cancel"` those of `/order/cancel`.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchRequest {
    orders: Vec<BatchEntry>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BatchEntry {
    Place(PlaceRequest),
    Cancel(BatchCancel),
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BatchCancel {
    /// cancel
    #[schema(example = "cancel")]
    op: String,
    order_id: Option<String>,
    client_order_id: Option<String>,
    account: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PrayerRequest {
    /// up or down.
    #[schema(example = "up")]
    side: String,
    /// 1 to 100; 1 if absent.
    #[schema(minimum = 1, maximum = 100)]
    count: Option<u32>,
}

/// Topics of venues, such as binance:ticker:BTCUSDT.
#[derive(ToSchema)]
pub(crate) struct FeedRequest {
    #[schema(example = json!(["binance:ticker:BTCUSDT"]))]
    topics: Vec<String>,
}

/// What every call that enters something may answer.
#[derive(IntoResponses)]
pub(crate) enum EntryProblems {
    /// Malformed, or no such symbol.
    #[response(status = 400)]
    Malformed(#[to_schema] ProblemBody<'static>),
    /// Over 64 KiB.
    #[response(status = 413)]
    TooLarge(#[to_schema] ProblemBody<'static>),
    /// Not application/json.
    #[response(status = 415)]
    NotJson(#[to_schema] ProblemBody<'static>),
    /// Refused by the market; the code is the reason in upper case.
    #[response(status = 422)]
    Refused(#[to_schema] ProblemBody<'static>),
    /// Busy: retry.
    #[response(status = 503)]
    Busy(#[to_schema] ProblemBody<'static>),
    /// State unknown: retry with the same client_order_id.
    #[response(status = 504)]
    Timeout(#[to_schema] ProblemBody<'static>),
}
