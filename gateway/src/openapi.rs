//! `/openapi.json`, generated from the types that answers are made of and from the calls'
//! annotations. Requests are described in `requests`, what HTTP itself serves in `served`.
//! Tests compare it with the routers, and enter every field of the requests.

pub(crate) mod requests;
mod security;
pub(crate) mod served;

use std::sync::OnceLock;

use hyper::Method;
use utoipa::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi as Description, Server};

use crate::audit;
use crate::http::Surface;
use crate::identity::Action;
use crate::stream;
use crate::xtrader::entry;
use crate::xtrader::problem::ProblemBody;
use crate::xtrader::rest::{
    Route, connections, dead_man, external, feeds, market, money, orders, service,
};

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
        dead_man::cancel_all_after,
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
        external::external,
        service::token,
        service::time,
        service::health,
        connections::connections,
        served::metrics,
        served::openapi,
        served::config,
        served::socket,
        feeds::feeds,
        feeds::subscribe,
        feeds::unsubscribe,
        audit::state::book,
        audit::state::statistics,
        audit::state::balances,
        audit::state::account,
        audit::history::order,
        audit::fork::fork,
        audit::proof::certificate,
        audit::proof::proof,
        stream::stream,
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
        requests::FeedRequest,
    ))
)]
struct Document;

/// The JSON text; made once.
pub(crate) fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        text(Document::openapi(), |method, path| {
            let address = format!("/api/v1{path}");
            if let Ok(Some(_)) = audit::Route::of(&address) {
                return Some(audit::Route::action());
            }
            let route = [address.as_str(), path].map(|path| Route::of(path, Surface::Socket));
            let mut routes = route.into_iter().filter_map(|route| route.ok().flatten());
            routes.next().and_then(|route| route.action(method))
        })
    })
}

/// Under no prefix.
const AT_THE_ROOT: [&str; 2] = ["/config.json", "/ws"];
/// Under no prefix too.
const EVERYWHERE: [&str; 3] = ["/health", "/metrics", "/openapi.json"];

/// With a name of its own for each call, where those are that stand beside the prefixes, and what
/// a caller has to be allowed to, as `rights` says it.
pub(crate) fn text(
    mut description: Description,
    rights: impl Fn(&Method, &str) -> Option<Action>,
) -> String {
    security::declare(&mut description);
    let prefixes = description.servers.clone().unwrap_or_default();
    for (path, item) in &mut description.paths.paths {
        let root = Server::new("/");
        if AT_THE_ROOT.contains(&path.as_str()) {
            item.servers = Some(vec![root]);
        } else if EVERYWHERE.contains(&path.as_str()) {
            item.servers = Some(prefixes.iter().cloned().chain([root]).collect());
        }
        name_calls(path, item);
        security::demand(item, |method| rights(method, path));
    }
    description.to_json().expect("a description is always JSON")
}

/// `GET /order/{id}` is `get_order_id`.
fn name_calls(path: &str, item: &mut PathItem) {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_");
    for (method, call) in [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ] {
        if let Some(call) = call {
            call.operation_id = Some(format!("{method}_{name}"));
        }
    }
}

#[cfg(test)]
mod tests;
