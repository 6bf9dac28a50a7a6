//! `/openapi.json`, generated from the types that answers are made of and from the calls'
//! annotations. Requests are described in `requests`; a test enters every field of them.

pub(crate) mod requests;

use std::sync::OnceLock;

use utoipa::OpenApi;

use crate::xtrader::entry;
use crate::xtrader::problem::ProblemBody;
use crate::xtrader::rest::{connections, market, money, orders, service};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orison",
        description = "An exchange in one process. Decimals are JSON numbers or strings and \
                       exact; times are milliseconds of the engine. `/v1` is the same as `/api/v1`."
    ),
    servers((url = "/api/v1"), (url = "/v1")),
    paths(
        entry::place,
        entry::test,
        entry::oco,
        entry::oto,
        entry::cancel,
        entry::amend,
        entry::cancel_all,
        entry::batch,
        entry::cancel_by_id,
        orders::order,
        orders::orders,
        orders::fills,
        money::account,
        money::balances,
        money::positions,
        market::orderbook,
        market::klines,
        market::statistics,
        market::all_statistics,
        market::executions,
        market::symbols,
        market::prayers,
        entry::pray,
        market::primary_ticker,
        market::ticker,
        service::time,
        service::health,
        connections::connections,
    ),
    components(schemas(
        ProblemBody<'_>,
        requests::PlaceRequest,
        requests::OcoRequest,
        requests::OtoRequest,
        requests::CancelRequest,
        requests::AmendRequest,
        requests::CancelAllRequest,
        requests::BatchRequest,
        requests::PrayerRequest,
    ))
)]
struct Document;

/// The JSON text; made once.
pub(crate) fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| Document::openapi().to_json().expect("a description is always JSON"))
}
