//! The operator's addresses, under `/api/v1/admin` and `/v1/admin` alike.

use hyper::Method;

use crate::http::query::decode_segment;
use crate::identity::Action;
use crate::xtrader::problem::Problem;

/// An address and what it names.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(strum::EnumIter))]
pub(crate) enum Route {
    /// GET lists them, POST creates or changes one.
    Instruments,
    /// GET shows it, PUT and PATCH change it.
    Instrument(String),
    Status(String),
    Uncross(String),
    EndOfDay,
    Accounts,
    /// GET shows it, PUT and PATCH change its settings.
    Account(String),
    Deposit(String),
    Withdraw(String),
    Kill(String),
    Enable(String),
    CancelAll(String),
    Limits,
    Fees,
    Changes,
    Schedule,
    Health,
    Metrics,
    OpenApi,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const CHANGE: &[Method] = &[Method::GET, Method::PUT, Method::PATCH];

impl Route {
    /// None: there is nothing at that path. An error: its escapes are broken.
    pub(crate) fn of(path: &str) -> Result<Option<Self>, Problem> {
        let Some(path) = path.strip_prefix('/') else { return Ok(None) };
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["api", "v1", "admin", call @ ..] | ["v1", "admin", call @ ..] => Self::of_call(call),
            ["health"] | ["api", "v1", "health"] | ["v1", "health"] => Ok(Some(Self::Health)),
            ["metrics"] => Ok(Some(Self::Metrics)),
            ["openapi.json"] => Ok(Some(Self::OpenApi)),
            _ => Ok(None),
        }
    }

    fn of_call(call: &[&str]) -> Result<Option<Self>, Problem> {
        let named = |segment: &str| decode_segment(segment).map(|text| text.into_owned());
        Ok(Some(match *call {
            ["instruments"] => Self::Instruments,
            ["instruments", symbol] if !symbol.is_empty() => Self::Instrument(named(symbol)?),
            ["instruments", symbol, "status"] => Self::Status(named(symbol)?),
            ["instruments", symbol, "uncross"] => Self::Uncross(named(symbol)?),
            ["end-of-day"] => Self::EndOfDay,
            ["accounts"] => Self::Accounts,
            ["accounts", name] if !name.is_empty() => Self::Account(named(name)?),
            ["accounts", name, "deposit"] => Self::Deposit(named(name)?),
            ["accounts", name, "withdraw"] => Self::Withdraw(named(name)?),
            ["accounts", name, "kill"] => Self::Kill(named(name)?),
            ["accounts", name, "enable"] => Self::Enable(named(name)?),
            ["accounts", name, "cancel-all"] => Self::CancelAll(named(name)?),
            ["limits"] => Self::Limits,
            ["fees"] => Self::Fees,
            ["changes"] => Self::Changes,
            ["schedule"] => Self::Schedule,
            ["health"] => Self::Health,
            ["metrics"] => Self::Metrics,
            ["openapi.json"] => Self::OpenApi,
            _ => return Ok(None),
        }))
    }

    pub(crate) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Instruments => &[Method::GET, Method::POST],
            Self::Instrument(_) | Self::Account(_) | Self::Limits => CHANGE,
            Self::Status(_)
            | Self::Uncross(_)
            | Self::EndOfDay
            | Self::Deposit(_)
            | Self::Withdraw(_)
            | Self::Kill(_)
            | Self::Enable(_)
            | Self::CancelAll(_) => POST,
            Self::Accounts
            | Self::Fees
            | Self::Changes
            | Self::Schedule
            | Self::Health
            | Self::Metrics
            | Self::OpenApi => GET,
        }
    }

    /// What the caller has to be allowed to. None: anybody may ask.
    pub(crate) fn action(&self, method: &Method) -> Option<Action> {
        match self {
            Self::Health | Self::OpenApi => None,
            Self::Instruments
            | Self::Instrument(_)
            | Self::Status(_)
            | Self::Uncross(_)
            | Self::EndOfDay
            | Self::Accounts
            | Self::Account(_)
            | Self::Deposit(_)
            | Self::Withdraw(_)
            | Self::Kill(_)
            | Self::Enable(_)
            | Self::CancelAll(_)
            | Self::Limits
            | Self::Fees
            | Self::Changes
            | Self::Schedule
            | Self::Metrics => match *method {
                Method::GET | Method::HEAD => Some(Action::Audit),
                _ => Some(Action::Administer),
            },
        }
    }

    /// Its word in metrics: never a text of the client's.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Instruments => "admin/instruments",
            Self::Instrument(_) => "admin/instruments/{symbol}",
            Self::Status(_) => "admin/instruments/{symbol}/status",
            Self::Uncross(_) => "admin/instruments/{symbol}/uncross",
            Self::EndOfDay => "admin/end-of-day",
            Self::Accounts => "admin/accounts",
            Self::Account(_) => "admin/accounts/{name}",
            Self::Deposit(_) => "admin/accounts/{name}/deposit",
            Self::Withdraw(_) => "admin/accounts/{name}/withdraw",
            Self::Kill(_) => "admin/accounts/{name}/kill",
            Self::Enable(_) => "admin/accounts/{name}/enable",
            Self::CancelAll(_) => "admin/accounts/{name}/cancel-all",
            Self::Limits => "admin/limits",
            Self::Fees => "admin/fees",
            Self::Changes => "admin/changes",
            Self::Schedule => "admin/schedule",
            Self::Health => "admin/health",
            Self::Metrics => "admin/metrics",
            Self::OpenApi => "admin/openapi.json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_prefixes_name_the_same_and_nothing_public_is_here() {
        for (path, route) in [
            ("/api/v1/admin/instruments", Some(Route::Instruments)),
            ("/v1/admin/instruments", Some(Route::Instruments)),
            ("/api/v1/admin/instruments/A%2FB", Some(Route::Instrument("A/B".into()))),
            ("/v1/admin/instruments/X/status", Some(Route::Status("X".into()))),
            ("/v1/admin/accounts/ann/kill", Some(Route::Kill("ann".into()))),
            ("/v1/admin/accounts/kill", Some(Route::Account("kill".into()))),
            ("/health", Some(Route::Health)),
            ("/openapi.json", Some(Route::OpenApi)),
            ("/v1/admin/accounts/", None),
            ("/v1/admin/accounts/ann/status", None),
            ("/v1/admin", None),
            ("/v1/order", None),
            ("/ws", None),
            ("/", None),
            ("*", None),
        ] {
            assert_eq!(Route::of(path).unwrap(), route, "{path}");
        }
        assert!(Route::of("/v1/admin/accounts/%zz").is_err());
    }
}
