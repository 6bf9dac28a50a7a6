//! The whole life of one order.

use std::str::from_utf8;
use std::sync::Arc;

use replay::life::{self, Reach};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Asked, Point, array, problem};
use crate::App;
use crate::http::query::Query;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

/// Lines of a life that are shown unless more are asked for, and at the most.
const LINES: usize = 1_000;
const LINES_MAX: usize = 100_000;

#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct Life {
    /// How many orders have that name.
    orders: usize,
    /// Commands, and behind each its events with the rule that decided and the queue ahead.
    #[schema(value_type = Vec<Object>)]
    lines: Vec<Value>,
    /// Lines behind those that are shown.
    left_out: usize,
}

/// Each command that touched an order or its place in the queue, what was ahead of it, and the
/// rule that decided. Of an engine's id from the nearest snapshot on to the order's end; of a
/// client's name from the beginning.
#[utoipa::path(
    get,
    path = "/audit/order/{id}",
    params(
        ("id" = String, Path, description = "The engine's id or a client's"),
        ("at" = Option<String>, Query, description = "No further than this sequence or time"),
        ("limit" = Option<u32>, Query, description = "Lines at most: 1000, up to 100000"),
    ),
    responses(
        (status = 200, description = "As asked", body = Life),
        (status = 404, description = "No such order, or not reached", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn order(app: &Arc<App>, id: &str, query: &Query) -> Result<Answer, Problem> {
    let Point(until) = Point::of(app, query, "at")?;
    let limit = query.count("limit", LINES, LINES_MAX)?;
    let (directory, name) = (app.config.data.clone(), id.to_owned());
    let work = move || {
        let mut out = Vec::new();
        let orders = life::life(&directory, &name, Reach::Order(until), &mut out, |_| {});
        orders.map_err(|error| problem::of_past(&error, Asked::Command)).map(|orders| (orders, out))
    };
    let (orders, out) = app.audits.workers.run(work).await??;
    if orders == 0 {
        return Err(Problem::order_not_found());
    }
    let text = from_utf8(&out).expect("JSON is UTF-8");
    let left_out = text.lines().count().saturating_sub(limit);
    let lines = array(text.lines().take(limit));
    let body = format!("{{\"orders\":{orders},\"lines\":{lines},\"left_out\":{left_out}}}");
    Ok(Answer { status: 200, body, error: None })
}
