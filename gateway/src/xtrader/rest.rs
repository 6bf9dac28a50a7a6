//! The REST calls of xTrader, under `/api/v1` and `/v1` alike. A route and what came with it go
//! in, an answer comes out; nothing of HTTP but the path is known here.

pub(crate) mod connections;
pub(crate) mod dead_man;
pub(crate) mod external;
pub(crate) mod feeds;
pub(crate) mod market;
pub(crate) mod money;
pub(crate) mod orders;
pub(crate) mod service;

use std::sync::Arc;

use hyper::Method;

use super::entry::{self, BATCH_MAX, Caller};
use super::json::Object;
use super::problem::{Answer, Problem};
use crate::App;
use crate::connections::Purpose;
use crate::http::Surface;
use crate::http::query::{Query, decode_segment};
use crate::identity::{Action, Principal};

pub(crate) use service::config;

/// A call with everything but its route.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) method: &'a Method,
    pub(crate) principal: Principal,
    pub(crate) caller: Caller,
    pub(crate) query: Query,
    pub(crate) body: Option<Object>,
}

/// An address and what it names.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(strum::EnumIter))]
pub(crate) enum Route {
    Place,
    Test,
    Oco,
    Oto,
    Cancel,
    Amend,
    CancelAll,
    CancelAllAfter,
    /// GET shows it, DELETE cancels it.
    Order(String),
    Orders,
    Batch,
    Fills,
    Account,
    Balances,
    Positions,
    OrderBook(String),
    Klines {
        symbol: String,
        interval: String,
    },
    AllStatistics,
    Statistics(String),
    Executions(String),
    Symbols,
    Time,
    Health,
    /// A token for a WebSocket.
    Token,
    Connections,
    Metrics,
    OpenApi,
    Config,
    /// GET shows the totals, POST adds to them.
    Prayer,
    PrimaryTicker,
    Ticker {
        venue: String,
        symbol: String,
    },
    External {
        venue: String,
        symbol: String,
    },
    Feeds,
    /// POST wants more, DELETE takes it back.
    FeedSubscriptions,
    WebSocket,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];

impl Route {
    /// None: there is nothing at that path. An error: its escapes are broken.
    pub(crate) fn of(path: &str, surface: Surface) -> Result<Option<Self>, Problem> {
        let Some(path) = path.strip_prefix('/') else { return Ok(None) };
        let segments: Vec<&str> = path.split('/').collect();
        let route = match segments.as_slice() {
            ["ws"] if surface == Surface::Socket => Self::WebSocket,
            ["config.json"] => Self::Config,
            ["health" | "metrics" | "openapi.json"] => return Self::of_call(&segments),
            ["api", "v1", call @ ..] | ["v1", call @ ..] => return Self::of_call(call),
            _ => return Ok(None),
        };
        Ok(Some(route))
    }

    fn of_call(call: &[&str]) -> Result<Option<Self>, Problem> {
        let named = |segment: &str| decode_segment(segment).map(|text| text.into_owned());
        Ok(Some(match *call {
            ["order"] => Self::Place,
            ["order", "test"] => Self::Test,
            ["order", "oco"] => Self::Oco,
            ["order", "oto"] => Self::Oto,
            ["order", "cancel"] => Self::Cancel,
            ["order", "amend"] => Self::Amend,
            ["order", "cancel-all"] => Self::CancelAll,
            ["order", "cancel-all-after"] => Self::CancelAllAfter,
            ["order", id] if !id.is_empty() => Self::Order(named(id)?),
            ["orders"] => Self::Orders,
            ["orders", "batch"] => Self::Batch,
            ["fills"] => Self::Fills,
            ["account"] => Self::Account,
            ["balances"] => Self::Balances,
            ["positions"] => Self::Positions,
            ["orderbook", symbol] => Self::OrderBook(named(symbol)?),
            ["klines", symbol, interval] => {
                Self::Klines { symbol: named(symbol)?, interval: named(interval)? }
            }
            ["statistics"] => Self::AllStatistics,
            ["statistics", symbol] => Self::Statistics(named(symbol)?),
            ["executions", symbol] => Self::Executions(named(symbol)?),
            ["symbols"] => Self::Symbols,
            ["token"] => Self::Token,
            ["time"] => Self::Time,
            ["health"] => Self::Health,
            ["connections"] => Self::Connections,
            ["metrics"] => Self::Metrics,
            ["openapi.json"] => Self::OpenApi,
            ["prayer"] => Self::Prayer,
            ["feeds"] => Self::Feeds,
            ["feeds", "subscriptions"] => Self::FeedSubscriptions,
            ["ticker"] => Self::PrimaryTicker,
            ["ticker", venue, symbol] => {
                Self::Ticker { venue: named(venue)?, symbol: named(symbol)? }
            }
            ["external", venue, symbol] => {
                Self::External { venue: named(venue)?, symbol: named(symbol)? }
            }
            _ => return Ok(None),
        }))
    }

    pub(crate) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Place
            | Self::Test
            | Self::Oco
            | Self::Oto
            | Self::Cancel
            | Self::Amend
            | Self::CancelAll
            | Self::CancelAllAfter
            | Self::Token
            | Self::Batch => POST,
            Self::Order(_) => &[Method::GET, Method::DELETE],
            Self::Prayer => &[Method::GET, Method::POST],
            Self::FeedSubscriptions => &[Method::POST, Method::DELETE],
            Self::Orders
            | Self::Fills
            | Self::Account
            | Self::Balances
            | Self::Positions
            | Self::OrderBook(_)
            | Self::Klines { .. }
            | Self::AllStatistics
            | Self::Statistics(_)
            | Self::Executions(_)
            | Self::Symbols
            | Self::Time
            | Self::Health
            | Self::Connections
            | Self::Metrics
            | Self::OpenApi
            | Self::Config
            | Self::PrimaryTicker
            | Self::Ticker { .. }
            | Self::External { .. }
            | Self::Feeds
            | Self::WebSocket => GET,
        }
    }
}

impl Route {
    /// Its word in metrics: never a text of the client's.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Place => "order",
            Self::Test => "order/test",
            Self::Oco => "order/oco",
            Self::Oto => "order/oto",
            Self::Cancel => "order/cancel",
            Self::Amend => "order/amend",
            Self::CancelAll => "order/cancel-all",
            Self::CancelAllAfter => "order/cancel-all-after",
            Self::Order(_) => "order/{id}",
            Self::Orders => "orders",
            Self::Batch => "orders/batch",
            Self::Fills => "fills",
            Self::Account => "account",
            Self::Balances => "balances",
            Self::Positions => "positions",
            Self::OrderBook(_) => "orderbook/{symbol}",
            Self::Klines { .. } => "klines/{symbol}/{interval}",
            Self::AllStatistics => "statistics",
            Self::Statistics(_) => "statistics/{symbol}",
            Self::Executions(_) => "executions/{symbol}",
            Self::Symbols => "symbols",
            Self::Token => "token",
            Self::Time => "time",
            Self::Health => "health",
            Self::Connections => "connections",
            Self::Metrics => "metrics",
            Self::OpenApi => "openapi.json",
            Self::Config => "config.json",
            Self::Prayer => "prayer",
            Self::PrimaryTicker => "ticker",
            Self::Ticker { .. } => "ticker/{venue}/{symbol}",
            Self::External { .. } => "external/{venue}/{symbol}",
            Self::Feeds => "feeds",
            Self::FeedSubscriptions => "feeds/subscriptions",
            Self::WebSocket => "ws",
        }
    }
}

impl Route {
    /// The bucket that a call takes from, and how much: what it may enter at most.
    pub(crate) fn draws(&self, method: &Method) -> Option<(Purpose, u32)> {
        match self {
            Self::Place | Self::Test | Self::Amend => Some((Purpose::Entry, 1)),
            Self::Oco | Self::Oto => Some((Purpose::Entry, 2)),
            Self::Batch => Some((Purpose::Entry, BATCH_MAX as u32)),
            Self::Cancel | Self::CancelAll | Self::CancelAllAfter => Some((Purpose::Cancel, 1)),
            Self::Order(_) if method == Method::DELETE => Some((Purpose::Cancel, 1)),
            Self::Order(_)
            | Self::Orders
            | Self::Fills
            | Self::Account
            | Self::Balances
            | Self::Positions
            | Self::OrderBook(_)
            | Self::Klines { .. }
            | Self::AllStatistics
            | Self::Statistics(_)
            | Self::Executions(_)
            | Self::Symbols
            | Self::Token
            | Self::Prayer
            | Self::PrimaryTicker
            | Self::Ticker { .. }
            | Self::External { .. }
            | Self::Feeds
            | Self::FeedSubscriptions
            | Self::Time
            | Self::Health
            | Self::Connections
            | Self::Metrics
            | Self::OpenApi
            | Self::Config
            | Self::WebSocket => None,
        }
    }

    /// What the caller has to be allowed to. None: anybody may ask.
    pub(crate) fn action(&self, method: &Method) -> Option<Action> {
        match self {
            Self::Place
            | Self::Test
            | Self::Oco
            | Self::Oto
            | Self::Cancel
            | Self::Amend
            | Self::CancelAll
            | Self::CancelAllAfter
            | Self::Batch => Some(Action::Trade),
            Self::Order(_) if method == Method::DELETE => Some(Action::Trade),
            Self::Order(_)
            | Self::Orders
            | Self::Fills
            | Self::Account
            | Self::Balances
            | Self::Positions => Some(Action::ReadOwn),
            Self::OrderBook(_)
            | Self::Klines { .. }
            | Self::AllStatistics
            | Self::Statistics(_)
            | Self::Executions(_)
            | Self::Symbols
            | Self::Token
            | Self::Prayer
            | Self::PrimaryTicker
            | Self::Ticker { .. }
            | Self::External { .. }
            | Self::Feeds => Some(Action::ReadMarket),
            Self::FeedSubscriptions => Some(Action::Administer),
            Self::Connections | Self::Metrics => Some(Action::Audit),
            // The socket asks for itself, with its first message at the latest.
            Self::Time | Self::Health | Self::OpenApi | Self::Config | Self::WebSocket => None,
        }
    }
}

/// Carries a call out. Routes that answer no JSON of xTrader (`metrics`, `openapi.json`,
/// `config.json`, `ws`) are served by HTTP itself.
pub(crate) async fn call(call: Call<'_>, route: Route) -> Answer {
    let Call { app, method, principal, caller, query, body } = call;
    let language = caller.language;
    let answer = match (route, body) {
        (Route::Place, Some(body)) => Ok(entry::place(app, &caller, body).await),
        (Route::Test, Some(body)) => Ok(entry::test(app, &caller, body).await),
        (Route::Oco, Some(body)) => Ok(entry::oco(app, &caller, body).await),
        (Route::Oto, Some(body)) => Ok(entry::oto(app, &caller, body).await),
        (Route::Cancel, Some(body)) => Ok(entry::cancel(app, &caller, body).await),
        (Route::Amend, Some(body)) => Ok(entry::amend(app, &caller, body).await),
        (Route::CancelAll, Some(body)) => Ok(entry::cancel_all(app, &caller, body).await),
        (Route::CancelAllAfter, Some(body)) => dead_man::cancel_all_after(app, &caller, body).await,
        (Route::Batch, Some(body)) => Ok(entry::batch(app, &caller, body).await),
        (Route::Prayer, Some(body)) => Ok(entry::pray(app, &caller, body).await),
        (Route::Order(id), _) if *method == Method::DELETE => {
            Ok(entry::cancel_by_id(app, &caller, &id).await)
        }
        (Route::Order(id), _) => orders::order(app, &caller, &id),
        (Route::Orders, _) => orders::orders(app, &caller, &query),
        (Route::Fills, _) => orders::fills(app, &caller, &query),
        (Route::Account, _) => Ok(money::account(app, &caller)),
        (Route::Balances, _) => Ok(money::balances(app, &caller)),
        (Route::Positions, _) => Ok(money::positions(app, &caller)),
        (Route::OrderBook(symbol), _) => market::orderbook(app, &symbol, &query),
        (Route::Klines { symbol, interval }, _) => {
            market::klines(app, &symbol, &interval, &query).await
        }
        (Route::AllStatistics, _) => Ok(market::all_statistics(app)),
        (Route::Statistics(symbol), _) => market::statistics(app, &symbol),
        (Route::Executions(symbol), _) => market::executions(app, &symbol, &query),
        (Route::Symbols, _) => Ok(market::symbols(app)),
        (Route::Prayer, None) => Ok(market::prayers(app)),
        (Route::PrimaryTicker, _) => market::primary_ticker(app),
        (Route::Ticker { venue, symbol }, _) => market::ticker(app, &venue, &symbol),
        (Route::External { venue, symbol }, _) => external::external(app, &venue, &symbol, &query),
        (Route::Feeds, _) => Ok(feeds::feeds(app)),
        (Route::FeedSubscriptions, Some(body)) if *method == Method::DELETE => {
            feeds::unsubscribe_listed(app, body)
        }
        (Route::FeedSubscriptions, Some(body)) => feeds::subscribe(app, body),
        (Route::FeedSubscriptions, None) => feeds::unsubscribe(app, &query),
        (Route::Token, Some(body)) => service::token(app, &principal, body),
        (Route::Time, _) => Ok(service::time()),
        (Route::Health, _) => Ok(service::health(app)),
        (Route::Connections, _) => Ok(connections::connections(app)),
        (
            Route::Place
            | Route::Test
            | Route::Oco
            | Route::Oto
            | Route::Cancel
            | Route::Amend
            | Route::CancelAll
            | Route::CancelAllAfter
            | Route::Batch
            | Route::Token
            | Route::Metrics
            | Route::OpenApi
            | Route::Config
            | Route::WebSocket,
            _,
        ) => Err(Problem::internal()),
    };
    answer.unwrap_or_else(|problem| problem.answer(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_prefixes_name_the_same_and_the_socket_is_on_its_own_listener() {
        let klines = Route::Klines { symbol: "BTC-KRW".into(), interval: "5m".into() };
        for (path, route) in [
            ("/api/v1/order", Some(Route::Place)),
            ("/v1/order", Some(Route::Place)),
            ("/api/v1/order/cancel-all", Some(Route::CancelAll)),
            ("/v1/order/oco", Some(Route::Oco)),
            ("/api/v1/order/test", Some(Route::Test)),
            ("/v1/order/x", Some(Route::Order("x".into()))),
            ("/v1/klines/BTC%2DKRW/5m", Some(klines)),
            ("/health", Some(Route::Health)),
            ("/api/v1/health", Some(Route::Health)),
            ("/config.json", Some(Route::Config)),
            ("/api/v1/order/", None),
            ("/api/v2/order", None),
            ("/order", None),
            ("/time", None),
            ("/api/v1", None),
            ("//v1/order", None),
            ("*", None),
            ("/ws", None),
        ] {
            assert_eq!(Route::of(path, Surface::Rest).unwrap(), route, "{path}");
        }
        assert_eq!(Route::of("/ws", Surface::Socket).unwrap(), Some(Route::WebSocket));
        assert!(Route::of("/v1/orderbook/%zz", Surface::Rest).is_err());
    }
}
