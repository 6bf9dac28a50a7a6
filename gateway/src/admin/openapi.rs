//! The admin listener's `/openapi.json`, generated like the public one. The readers take fields
//! one by one, because each refusal names its field; so the requests here only describe.
#![allow(dead_code, reason = "described, never built")]

use std::sync::OnceLock;

use serde::Serialize;
use utoipa::{IntoResponses, OpenApi, ToSchema};

use super::route::Route;
use super::{accounts, changes, fees, hours, instruments, limits, money, trading};
use crate::openapi::requests::Amount;
use crate::openapi::{self, served};
use crate::xtrader::problem::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orison admin",
        description = "The operator's calls. Every change is a journaled command; in open mode \
                       the header X-Actor (1 to 32 printable ASCII characters) says who \
                       gives it, `admin` if absent. `/v1/admin` is the same as `/api/v1/admin`."
    ),
    servers((url = "/api/v1/admin"), (url = "/v1/admin")),
    paths(
        instruments::all,
        instruments::create,
        instruments::one,
        instruments::change,
        trading::status,
        trading::uncross,
        trading::end_of_day,
        accounts::all,
        accounts::one,
        accounts::change,
        accounts::kill,
        accounts::enable,
        accounts::cancel_all,
        money::deposit,
        money::withdraw,
        limits::all,
        limits::raise,
        fees::all,
        changes::latest,
        hours::all,
        crate::xtrader::rest::service::health,
        served::metrics,
        served::openapi,
    ),
    components(schemas(
        ProblemBody<'_>,
        InstrumentRequest,
        StatusRequest,
        EndOfDayRequest,
        AccountRequest,
        CancelAllRequest,
        TransferRequest,
        LimitsRequest,
        Nothing,
    ))
)]
struct Document;

/// The JSON text; made once.
pub(crate) fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        openapi::text(Document::openapi(), |method, path| {
            let route = Route::of(&format!("/v1/admin{path}")).ok().flatten();
            route.and_then(|route| route.action(method))
        })
    })
}

/// Absent fields stay as they are; null or 0 takes a bound away. A new instrument needs symbol,
/// base and quote, its steps are 1 if absent; steps and assets never change.
#[derive(Serialize, ToSchema)]
pub(super) struct InstrumentRequest {
    #[schema(max_length = 16, example = "BTC-KRW")]
    symbol: Option<String>,
    #[schema(max_length = 16)]
    base: Option<String>,
    #[schema(max_length = 16)]
    quote: Option<String>,
    /// Of an asset that the command opens; at most 18.
    base_decimals: Option<u8>,
    quote_decimals: Option<u8>,
    price_step: Option<Amount>,
    quantity_step: Option<Amount>,
    /// Parts per million of the notional, within -100000 to 100000; not below 0 with the taker's.
    maker_fee_ppm: Option<i32>,
    taker_fee_ppm: Option<i32>,
    /// Limit prices lie within, both ends included.
    band_low: Option<Amount>,
    band_high: Option<Amount>,
    /// Stands in for the last trade price until there is one.
    reference_price: Option<Amount>,
    /// How far from the last price a taker may trade, parts per million.
    execution_range_ppm: Option<u32>,
    /// How long the auction lasts that a taker's meeting the range starts; 0: none starts.
    interruption_ns: Option<u64>,
    /// Of one order.
    max_quantity: Option<Amount>,
    min_notional: Option<Amount>,
    /// open, halted, auction or closed.
    status: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct StatusRequest {
    /// open, halted, auction or closed.
    #[schema(example = "halted")]
    status: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EndOfDayRequest {
    /// All instruments if absent.
    symbol: Option<String>,
}

/// Absent fields stay as they are; null takes a limit or fee away.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountRequest {
    /// none, cancel_taker, cancel_maker, cancel_both or decrement.
    default_stp: Option<String>,
    /// Of one order, in the base asset.
    max_quantity: Option<Amount>,
    /// Of one order, in the quote asset.
    max_notional: Option<Amount>,
    max_open_orders: Option<u32>,
    orders_per_second: Option<u32>,
    /// Of each instrument, either way, open orders included.
    position_limit: Option<Amount>,
    /// In place of the instrument's rates.
    maker_fee_ppm: Option<i32>,
    taker_fee_ppm: Option<i32>,
    /// False is the kill switch.
    enabled: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CancelAllRequest {
    symbol: Option<String>,
    side: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TransferRequest {
    #[schema(example = "KRW")]
    asset: String,
    /// Above 0, and a whole number of the asset's smallest units.
    amount: Amount,
}

/// Raises the limits that it names.
#[derive(Serialize, ToSchema)]
pub(super) struct LimitsRequest {
    orders_max: Option<u32>,
    accounts_max: Option<u32>,
    instruments_max: Option<u16>,
    assets_max: Option<u16>,
    closed_ids_max: Option<u32>,
    closed_ids_per_account_max: Option<u32>,
    feed_window: Option<u32>,
    positions_max: Option<u32>,
    balances_max: Option<u32>,
    trailing_max: Option<u32>,
}

/// An empty object, or no body at all.
#[derive(Serialize, ToSchema)]
pub(super) struct Nothing {}

/// What every call that changes something may answer.
#[derive(IntoResponses)]
pub(super) enum ChangeProblems {
    /// Malformed, or no such symbol.
    #[response(status = 400)]
    Malformed(#[to_schema] ProblemBody<'static>),
    /// Over 64 KiB.
    #[response(status = 413)]
    TooLarge(#[to_schema] ProblemBody<'static>),
    /// Not application/json.
    #[response(status = 415)]
    NotJson(#[to_schema] ProblemBody<'static>),
    /// Refused; the code is the reason in upper case.
    #[response(status = 422)]
    Refused(#[to_schema] ProblemBody<'static>),
    /// Busy: retry.
    #[response(status = 503)]
    Busy(#[to_schema] ProblemBody<'static>),
    /// State unknown: read it before you ask again.
    #[response(status = 504)]
    Timeout(#[to_schema] ProblemBody<'static>),
}
