//! The auditor's addresses.

use hyper::Method;

use crate::http::query::decode_segment;
use crate::identity::Action;
use crate::xtrader::problem::Problem;

/// An address and what it names.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(strum::EnumIter))]
pub(crate) enum Route {
    /// Of the symbol.
    Book(String),
    Statistics,
    Balances,
    Account(String),
    /// The whole life of the order.
    Order(String),
    Fork,
    Certificate,
    /// Of a command by its sequence, or of an order by its id.
    Proof(String),
    /// A socket that tells every event.
    Stream,
}

impl Route {
    /// None: there is nothing of ours at that path. An error: its escapes are broken.
    pub(crate) fn of(path: &str) -> Result<Option<Self>, Problem> {
        let Some(path) = path.strip_prefix('/') else { return Ok(None) };
        let segments: Vec<&str> = path.split('/').collect();
        let call = match segments.as_slice() {
            ["api", "v1", call @ ..] | ["v1", call @ ..] => call,
            _ => return Ok(None),
        };
        let named = |segment: &str| decode_segment(segment).map(|text| text.into_owned());
        Ok(Some(match *call {
            ["stream"] => Self::Stream,
            ["audit", "book", symbol] if !symbol.is_empty() => Self::Book(named(symbol)?),
            ["audit", "statistics"] => Self::Statistics,
            ["audit", "balances"] => Self::Balances,
            ["audit", "account", name] if !name.is_empty() => Self::Account(named(name)?),
            ["audit", "order", id] if !id.is_empty() => Self::Order(named(id)?),
            ["audit", "fork"] => Self::Fork,
            ["audit", "certificate"] => Self::Certificate,
            ["audit", "proof", what] if !what.is_empty() => Self::Proof(named(what)?),
            _ => return Ok(None),
        }))
    }

    /// Nothing is ever changed here.
    pub(crate) fn methods() -> &'static [Method] {
        &[Method::GET]
    }

    /// What the caller has to be allowed to.
    pub(crate) fn action() -> Action {
        Action::Audit
    }

    /// What may be asked for beside the path; None: the call looks for itself.
    pub(crate) fn parameters(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Book(_) | Self::Account(_) | Self::Certificate => Some(&["at"]),
            Self::Statistics => Some(&["symbol", "at"]),
            Self::Balances => Some(&["account", "at"]),
            Self::Order(_) => Some(&["at", "skip", "limit"]),
            Self::Proof(_) => Some(&[]),
            Self::Stream => Some(&["from"]),
            // Each field of a command is one.
            Self::Fork => None,
        }
    }

    /// Its word in metrics: never a text of the client's.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Book(_) => "audit/book/{symbol}",
            Self::Statistics => "audit/statistics",
            Self::Balances => "audit/balances",
            Self::Account(_) => "audit/account/{name}",
            Self::Order(_) => "audit/order/{id}",
            Self::Fork => "audit/fork",
            Self::Certificate => "audit/certificate",
            Self::Proof(_) => "audit/proof/{what}",
            Self::Stream => "stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_prefixes_name_the_same_and_nothing_else_is_ours() {
        for (path, route) in [
            ("/api/v1/audit/book/BTC%2DKRW", Some(Route::Book("BTC-KRW".into()))),
            ("/v1/audit/statistics", Some(Route::Statistics)),
            ("/api/v1/audit/account/ann", Some(Route::Account("ann".into()))),
            ("/v1/audit/proof/7", Some(Route::Proof("7".into()))),
            ("/v1/stream", Some(Route::Stream)),
            ("/api/v1/stream", Some(Route::Stream)),
            ("/stream", None),
            ("/v1/audit", None),
            ("/v1/audit/order/", None),
            ("/v1/orders", None),
            ("*", None),
        ] {
            assert_eq!(Route::of(path).unwrap(), route, "{path}");
        }
        assert!(Route::of("/v1/audit/book/%zz").is_err());
    }
}
