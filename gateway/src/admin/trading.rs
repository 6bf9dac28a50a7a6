//! The life of an instrument's day: open, halted, auction, closed; the end of an auction; the
//! end of the day.

use std::sync::Arc;

use orison_core::command::{Actor, EndOfDay, StatusChange, Uncross};
use orison_core::{Command, InstrumentId, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields;
use super::openapi::{ChangeProblems, EndOfDayRequest, Nothing, StatusRequest};
use crate::App;
use crate::desk::Outcome;
use crate::xtrader::json::{Object, shown};
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

#[derive(Serialize, ToSchema)]
pub(super) struct StatusAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    /// open, halted, auction or closed.
    status: &'static str,
    /// That leaving an auction led to.
    trades: u32,
    cancelled: u32,
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EndOfDayAnswer {
    /// Orders that expired.
    cancelled: u32,
    sequence: u64,
}

/// Opens, halts or closes an instrument, or calls an auction.
#[utoipa::path(
    post,
    path = "/instruments/{symbol}/status",
    params(("symbol" = String, Path)),
    request_body = StatusRequest,
    responses(
        (status = 200, description = "As asked", body = StatusAnswer),
        (status = 404, description = "Not known", body = ProblemBody),
        ChangeProblems,
    )
)]
pub(super) async fn status(
    app: &Arc<App>,
    actor: Actor,
    symbol: &str,
    mut object: Object,
) -> Result<Answer, Problem> {
    let status = fields::status(&mut object)?;
    object.finish()?;
    let status = status.ok_or_else(|| Problem::missing("status"))?;
    let instrument = fields::instrument(app, symbol)?.id;
    let change = StatusChange { instrument, status, actor };
    let outcome = fields::enter(app, Command::Status(change)).await?;
    answered(app, instrument, &outcome)
}

/// Ends an auction: what can trade does, then the instrument is open.
#[utoipa::path(
    post,
    path = "/instruments/{symbol}/uncross",
    params(("symbol" = String, Path)),
    request_body = Nothing,
    responses(
        (status = 200, description = "As asked", body = StatusAnswer),
        (status = 404, description = "Not known", body = ProblemBody),
        ChangeProblems,
    )
)]
pub(super) async fn uncross(
    app: &Arc<App>,
    actor: Actor,
    symbol: &str,
    object: Object,
) -> Result<Answer, Problem> {
    object.finish()?;
    let instrument = fields::instrument(app, symbol)?.id;
    let outcome = fields::enter(app, Command::Uncross(Uncross { instrument, actor })).await?;
    answered(app, instrument, &outcome)
}

/// Day orders expire, of one instrument or of all.
#[utoipa::path(
    post,
    path = "/end-of-day",
    request_body = EndOfDayRequest,
    responses((status = 200, description = "As asked", body = EndOfDayAnswer), ChangeProblems)
)]
pub(super) async fn end_of_day(
    app: &Arc<App>,
    actor: Actor,
    mut object: Object,
) -> Result<Answer, Problem> {
    let symbol = object.text("symbol")?;
    object.finish()?;
    let named = |symbol: &String| fields::instrument(app, symbol).map(|known| known.id);
    let instrument = symbol.as_ref().map(named).transpose();
    // A body names it, not a path.
    let instrument =
        instrument.map_err(|problem| Problem { status: 400, ..problem }.about("symbol"))?;
    let outcome = fields::enter(app, Command::EndOfDay(EndOfDay { instrument, actor })).await?;
    let (cancelled, sequence) = (outcome.cancelled, outcome.stamp.sequence.0);
    Ok(Answer::new(200, &EndOfDayAnswer { cancelled, sequence }))
}

fn answered(app: &App, id: InstrumentId, outcome: &Outcome) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = views.catalog.instrument(id).ok_or_else(Problem::internal)?;
    let body = StatusAnswer {
        symbol: instrument.symbol,
        status: instrument.status.word(),
        trades: outcome.trades,
        cancelled: outcome.cancelled,
        sequence: outcome.stamp.sequence.0,
    };
    Ok(Answer::new(200, &body))
}
