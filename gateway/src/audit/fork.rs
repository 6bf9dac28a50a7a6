//! What if one command had been another, or had not been.

use std::path::Path;
use std::sync::Arc;

use replay::fork::{self, Change, Field};
use replay::past::Until;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Point, array, problem, work_out};
use crate::App;
use crate::http::query::Query;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

/// Differences that are shown unless more are asked for, and at the most.
const DIFFERENCES: usize = 1_000;
const DIFFERENCES_MAX: usize = 100_000;
/// Parameters that are no fields of the command.
const OWN: [&str; 4] = ["at", "to", "omit", "limit"];

#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct Forked {
    /// Commands, and executions that both have, only the journal, only the fork.
    #[schema(value_type = Object)]
    report: Value,
    /// Executions that only one of the two has.
    #[schema(value_type = Vec<Object>)]
    differences: Vec<Value>,
    /// Differences behind those that are shown.
    left_out: usize,
}

/// The executions that differ if the command `at` is left out, or has other values in the fields
/// that are named as parameters (`price=101`).
#[utoipa::path(
    get,
    path = "/audit/fork",
    params(
        ("at" = u64, Query, description = "The command's sequence"),
        ("omit" = Option<bool>, Query, description = "It is left out"),
        ("price" = Option<String>, Query, description = "Of a new order or an amend"),
        ("quantity" = Option<String>, Query, description = "Of a new order or an amend"),
        ("stop_price" = Option<String>, Query, description = "Of a new order or an amend"),
        ("trail" = Option<String>, Query, description = "Of a new order or an amend"),
        ("side" = Option<String>, Query, description = "Of a new order"),
        ("tif" = Option<String>, Query, description = "Of a new order"),
        ("display" = Option<String>, Query, description = "Of a new order"),
        ("min_quantity" = Option<String>, Query, description = "Of a new order"),
        ("protection" = Option<String>, Query, description = "Of a new order"),
        ("client_order_id" = Option<String>, Query, description = "Of a new order"),
        ("to" = Option<String>, Query, description = "Played up to this sequence or time"),
        ("limit" = Option<u32>, Query, description = "Differences at most: 1000, up to 100000"),
    ),
    responses(
        (status = 200, description = "As asked", body = Forked),
        (status = 400, description = "Nothing that could be changed so", body = ProblemBody),
        (status = 404, description = "Not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn fork(app: &Arc<App>, query: &Query) -> Result<Answer, Problem> {
    let at = query.whole("at")?.ok_or_else(|| Problem::missing("at"))?;
    let change = change(query)?;
    let Point(until) = Point::of(app, query, "to")?;
    // Forked at what may be seen, too.
    Point::of(app, query, "at")?;
    if let Until::Sequence(last) = until
        && at > last
    {
        return Err(Problem::invalid_parameter("to", "behind at", "at보다 뒤여야 합니다"));
    }
    let limit = query.count("limit", DIFFERENCES, DIFFERENCES_MAX)?;
    let ask = move |journal: &Path| {
        let (mut out, mut shown) = (Vec::new(), 0);
        let see = |difference: &fork::Difference, player: &replay::Player| {
            shown += 1;
            if shown <= limit {
                difference.put(player, &mut out);
            }
        };
        let report = fork::fork(journal, (at, &change), until, see, |_| {})?;
        let mut line = Vec::new();
        report.put(at, &mut line);
        Ok((line, out, shown))
    };
    let (report, out, shown) = work_out(app, ask, problem::of_fork).await?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON is UTF-8");
    let (report, out) = (text(report), text(out));
    let left_out = shown.saturating_sub(limit);
    let (report, differences) = (report.trim_end(), array(out.lines()));
    let body =
        format!("{{\"report\":{report},\"differences\":{differences},\"left_out\":{left_out}}}");
    Ok(Answer { status: 200, body, error: None })
}

fn change(query: &Query) -> Result<Change, Problem> {
    let fields = query.all().filter(|(name, _)| !OWN.contains(name));
    let fields: Vec<_> = fields
        .map(|(name, value)| Field { name: name.to_owned(), value: value.to_owned() })
        .collect();
    let is_omit = match query.get("omit") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(Problem::invalid_parameter("omit", "true or false", "true 또는 false"));
        }
    };
    match (is_omit, fields.is_empty()) {
        (true, true) => Ok(Change::Omit),
        (false, false) => Ok(Change::Set(fields)),
        (true, false) | (false, true) => Err(Problem::bad_request(
            "either omit=true or fields of the command with other values",
            "omit=true 또는 바꿀 필드 중 하나가 필요합니다",
        )),
    }
}
