//! Book, statistics, balances and an account as they were at a point.

use std::path::Path;
use std::str::from_utf8;
use std::sync::Arc;

use orison_core::Symbol;
use replay::ask::{self, Question};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Point, array, problem, work_out};
use crate::App;
use crate::http::query::Query;
use crate::xtrader::entry::account_name;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

/// Every order in its place, and the stops that wait. Decimals are strings.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct BookThen {
    symbol: String,
    /// The last command that is in it.
    sequence: u64,
    /// Its time in nanoseconds.
    ts: u64,
    /// Best first; in a queue the first in front.
    #[schema(value_type = Vec<Object>)]
    bids: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    asks: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    stops: Vec<Value>,
}

/// A list of what is asked for, in the words of `orison-replay`.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct ListThen {
    /// Each names its sequence and time.
    #[schema(value_type = Vec<Object>)]
    list: Vec<Value>,
}

/// Settings, balances, positions and open orders.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct AccountThen {
    sequence: u64,
    ts: u64,
    account: String,
    #[schema(value_type = Vec<Object>)]
    balances: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    positions: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    orders: Vec<Value>,
}

/// JSON lines.
async fn asked(app: &Arc<App>, question: Question, query: &Query) -> Result<String, Problem> {
    let Point(until) = Point::of(app, query, "at")?;
    let ask = move |journal: &Path| {
        let mut out = Vec::new();
        let past = ask::at(journal, until, question.depth(), |_| {})?;
        ask::answer(past.player(), &question, &mut out).map(|()| out)
    };
    let out = work_out(app, ask, problem::of_ask).await?;
    Ok(from_utf8(&out).expect("JSON is UTF-8").to_owned())
}

fn one(lines: String) -> Answer {
    Answer { status: 200, body: lines.trim_end().to_owned(), error: None }
}

fn list(lines: &str) -> Answer {
    let body = format!("{{\"list\":{}}}", array(lines.lines()));
    Answer { status: 200, body, error: None }
}

fn symbol(text: &str) -> Result<Symbol, Problem> {
    Symbol::new(text).map_err(|_| Problem::symbol_not_found())
}

/// The book after a sequence or at a time.
#[utoipa::path(
    get,
    path = "/audit/book/{symbol}",
    params(
        ("symbol" = String, Path),
        ("at" = Option<String>, Query, description = "A sequence, RFC 3339 or nanoseconds"),
    ),
    responses(
        (status = 200, description = "As asked", body = BookThen),
        (status = 404, description = "No such symbol then, or not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn book(app: &Arc<App>, name: &str, query: &Query) -> Result<Answer, Problem> {
    asked(app, Question::Book(symbol(name)?), query).await.map(one)
}

/// The figures of the day before a sequence or a time, of one instrument or all.
#[utoipa::path(
    get,
    path = "/audit/statistics",
    params(
        ("symbol" = Option<String>, Query),
        ("at" = Option<String>, Query, description = "A sequence, RFC 3339 or nanoseconds"),
    ),
    responses(
        (status = 200, description = "As asked", body = ListThen),
        (status = 404, description = "No such symbol then, or not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn statistics(app: &Arc<App>, query: &Query) -> Result<Answer, Problem> {
    let of = query.get("symbol").map(symbol).transpose()?;
    Ok(list(&asked(app, Question::Statistics(of), query).await?))
}

/// Every balance after a sequence or at a time, of one account or all.
#[utoipa::path(
    get,
    path = "/audit/balances",
    params(
        ("account" = Option<String>, Query),
        ("at" = Option<String>, Query, description = "A sequence, RFC 3339 or nanoseconds"),
    ),
    responses(
        (status = 200, description = "As asked", body = ListThen),
        (status = 404, description = "No such account then, or not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn balances(app: &Arc<App>, query: &Query) -> Result<Answer, Problem> {
    let of = query.get("account").map(account_name).transpose()?;
    Ok(list(&asked(app, Question::Balances(of), query).await?))
}

/// All of an account after a sequence or at a time.
#[utoipa::path(
    get,
    path = "/audit/account/{name}",
    params(
        ("name" = String, Path),
        ("at" = Option<String>, Query, description = "A sequence, RFC 3339 or nanoseconds"),
    ),
    responses(
        (status = 200, description = "As asked", body = AccountThen),
        (status = 404, description = "No such account then, or not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn account(app: &Arc<App>, name: &str, query: &Query) -> Result<Answer, Problem> {
    asked(app, Question::Account(account_name(name)?), query).await.map(one)
}
