//! Who changed what, newest first: the latest administrative commands with their outcomes.

use orison_core::Sequence;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::App;
use crate::http::query::Query;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::{millis, rfc3339};

const CHANGES_DEFAULT: usize = 100;
const CHANGES_SHOWN_MAX: usize = 1000;

#[derive(Serialize, ToSchema)]
pub(super) struct ChangesAnswer {
    /// Newest first.
    changes: Vec<ChangeEntry>,
    /// `before` of the next page; null: this was the last.
    next: Option<u64>,
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
struct ChangeEntry {
    sequence: u64,
    /// RFC 3339, UTC.
    time: String,
    /// The same in milliseconds.
    timestamp: u64,
    /// Who gave the command: a name of `X-Actor` (`admin`: none was said); `schedule`,
    /// `configuration` and `orison` are the exchange itself. Empty: older than actors.
    actor: String,
    /// As `orison-replay dump` shows it.
    #[schema(value_type = Object)]
    command: Box<RawValue>,
    /// done, or the reason why not.
    #[schema(example = "done")]
    outcome: &'static str,
}

/// The latest administrative commands: who, when, what, and what came of it.
#[utoipa::path(
    get,
    path = "/changes",
    params(
        ("limit" = Option<u32>, Query, description = "100, at most 1000"),
        ("before" = Option<u64>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "As asked", body = ChangesAnswer),
        (status = 400, description = "A wrong parameter", body = ProblemBody),
    )
)]
pub(super) fn latest(app: &App, query: &Query) -> Result<Answer, Problem> {
    let limit = query.count("limit", CHANGES_DEFAULT, CHANGES_SHOWN_MAX)?;
    let before = Sequence(query.whole("before")?.unwrap_or(u64::MAX));
    let mut found = app.office.changes_before(before, limit + 1);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|change| change.stamp.sequence.0);
    let views = app.views.read();
    let entries = found.iter().map(|change| {
        let text = replay::dump::command_text(&views, change.stamp, &change.command);
        let command = RawValue::from_string(text).map_err(|_| Problem::internal())?;
        Ok(ChangeEntry {
            sequence: change.stamp.sequence.0,
            time: rfc3339(change.stamp.time_ns),
            timestamp: millis(change.stamp.time_ns),
            actor: change.actor().to_string(),
            command,
            outcome: change.refused.map_or("done", |reason| reason.word()),
        })
    });
    let changes = entries.collect::<Result<_, Problem>>()?;
    let sequence = views.at().sequence.0;
    drop(views);
    Ok(Answer::new(200, &ChangesAnswer { changes, next, sequence }))
}
