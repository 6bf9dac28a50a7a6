//! The whole life of one order.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use replay::life::{self, Reach};
use replay::past::PastError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Asked, Point, problem, work_out};
use crate::App;
use crate::http::query::Query;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

/// Lines of a life that are told unless more are asked for, and at the most.
const LINES: usize = 1_000;
const LINES_MAX: usize = 100_000;
/// A page ends with the line that fills it.
const PAGE_BYTES_MAX: usize = 8 << 20;

#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct Life {
    /// How many orders of that name there are up to the last line.
    orders: usize,
    /// Commands, and behind each its events with the rule that decided and the queue ahead.
    #[schema(value_type = Vec<Object>)]
    lines: Vec<Value>,
    /// There are more lines: asked with `skip` of this, they are told.
    next: Option<u64>,
}

/// Each command that touched an order or its place in the queue, what was ahead of it, and the
/// rule that decided. Of an engine's id from the nearest snapshot on to the order's end; of a
/// client's name from the beginning. A page ends after `limit` lines or 8 MiB, and names the next.
#[utoipa::path(
    get,
    path = "/audit/order/{id}",
    params(
        ("id" = String, Path, description = "The engine's id or a client's"),
        ("at" = Option<String>, Query, description = "No further than this sequence or time"),
        ("skip" = Option<u64>, Query, description = "Lines that are not told again"),
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
    let limit = query.count("limit", LINES, LINES_MAX)? as u64;
    let skip = query.whole("skip")?.unwrap_or(0);
    let name = id.to_owned();
    let ask = move |journal: &Path| {
        let mut page = Page { skip, end: skip.saturating_add(limit), ..Page::default() };
        let orders =
            life::life(journal, &name, Reach::Order(until), |line| page.take(line), |_| {})?;
        Ok((orders, page))
    };
    let problem = |error: &PastError| problem::of_past(error, Asked::Command);
    let (orders, page) = work_out(app, ask, problem).await?;
    if orders == 0 {
        return Err(Problem::order_not_found());
    }
    let (lines, next) = (page.lines, page.next.map_or("null".to_owned(), |next| next.to_string()));
    let body = format!("{{\"orders\":{orders},\"lines\":[{lines}],\"next\":{next}}}");
    Ok(Answer { status: 200, body, error: None })
}

/// Some of the lines; no more of them is gathered than is told.
#[derive(Default)]
struct Page {
    skip: u64,
    /// The first line that is not told any more.
    end: u64,
    /// Lines so far, those that were skipped too.
    seen: u64,
    /// With commas between.
    lines: String,
    /// Some: there is a line behind the last that is told.
    next: Option<u64>,
}

impl Page {
    fn take(&mut self, line: &str) -> ControlFlow<()> {
        if self.seen >= self.end || self.lines.len() >= PAGE_BYTES_MAX {
            self.next = Some(self.seen);
            return ControlFlow::Break(());
        }
        self.seen += 1;
        if self.seen > self.skip {
            if !self.lines.is_empty() {
                self.lines.push(',');
            }
            self.lines.push_str(line);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: lines to skip, lines at most; the lines that are told, and the next.
    #[test]
    fn a_page_ends_after_its_lines_or_bytes_and_names_the_next() {
        let long = "x".repeat(PAGE_BYTES_MAX / 2 + 1);
        let lines = ["0", "1", "2", &long, &long, "5"];
        for (skip, limit, told, next) in [
            (0, 2, 0..2, Some(2)),
            (2, 1, 2..3, Some(3)),
            (0, 9, 0..5, Some(5)),
            (5, 9, 5..6, None),
            (5, 1, 5..6, None),
            (6, 9, 6..6, None),
        ] {
            let mut page = Page { skip, end: skip + limit, ..Page::default() };
            let ended = lines.iter().try_for_each(|line| page.take(line));
            assert_eq!((ended.is_break(), page.next), (next.is_some(), next), "{skip} {limit}");
            assert!(page.lines == lines[told].join(","), "{skip} {limit}");
        }
    }
}
