//! The schedule as it is configured, and what it will do next.

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::app::wall_ns;
use crate::schedule::timetable::{Symbols, Timetable};
use crate::xtrader::problem::Answer;
use crate::xtrader::shape::rfc3339;

#[derive(Serialize, ToSchema)]
pub(super) struct ScheduleAnswer {
    schedule: Vec<TimetableEntry>,
}

#[derive(Serialize, ToSchema)]
struct TimetableEntry {
    /// `*`: every instrument that no other timetable names.
    symbols: Vec<String>,
    #[schema(example = "America/New_York")]
    time_zone: String,
    days: Vec<&'static str>,
    /// By time.
    at: Vec<SlotEntry>,
    /// What is next; null: nothing within a week.
    next: Option<NextEntry>,
}

#[derive(Serialize, ToSchema)]
struct SlotEntry {
    /// Of the zone.
    #[schema(example = "09:30:00")]
    time: String,
    /// open, auction, halt, close, uncross or end_of_day.
    action: &'static str,
}

#[derive(Serialize, ToSchema)]
struct NextEntry {
    /// RFC 3339, UTC.
    time: String,
    action: &'static str,
}

/// The trading hours of the configuration.
#[utoipa::path(
    get,
    path = "/schedule",
    responses((status = 200, description = "As asked", body = ScheduleAnswer))
)]
pub(super) fn all(app: &App) -> Answer {
    let now_ns = wall_ns();
    let schedule = app.config.schedule.iter().map(|table| entry(table, now_ns)).collect();
    Answer::new(200, &ScheduleAnswer { schedule })
}

fn entry(table: &Timetable, now_ns: u64) -> TimetableEntry {
    let slots = table.slots().iter();
    let next = table.next(now_ns);
    TimetableEntry {
        symbols: match &table.symbols {
            Symbols::Others => vec!["*".to_owned()],
            Symbols::These(symbols) => symbols.iter().map(ToString::to_string).collect(),
        },
        time_zone: table.zone.iana_name().unwrap_or_default().to_owned(),
        days: table.days.words().collect(),
        at: slots
            .map(|slot| SlotEntry { time: slot.time.to_string(), action: slot.action.word() })
            .collect(),
        next: next.map(|next| NextEntry { time: rfc3339(next.at_ns), action: next.action.word() }),
    }
}
