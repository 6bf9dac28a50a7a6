//! Trading hours: times of day of the configuration become journaled commands of the actor
//! `schedule`. `timetable` knows times and zones, `agenda` what is due for which instrument and
//! was not done yet; here it is done, at the desk, like anybody's. In: configuration and time.

pub mod agenda;
pub mod timetable;

use std::sync::Arc;
use std::time::Duration;

use orison_core::command::{Actor, EndOfDay, StatusChange, Uncross};
use orison_core::instrument::Status;
use orison_core::{Command, Event, InstrumentId, Symbol};
use replay::Recovered;
use replay::changes::StatusTimes;

use crate::App;
use crate::admin::office;
use crate::app::wall_ns;
use crate::desk::DeskError;
use agenda::{Agenda, Due, Standing};
use timetable::Action;

/// Longest wait between two looks at the clock, which somebody may have put right.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Before what could not be entered is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Who gives the commands of the schedule.
pub(crate) fn actor() -> Actor {
    Actor::new("schedule").expect("a short word is a name")
}

/// What a journal says of the time before this start.
pub struct Past {
    last_time_ns: Option<u64>,
    status_times: StatusTimes,
}

impl Past {
    pub fn of(recovered: &Recovered) -> Self {
        let status_times = recovered.changes.status_times().clone();
        Self { last_time_ns: recovered.last_time_ns, status_times }
    }
}

/// The agenda of a start: what the past still owes is due at once.
pub fn agenda(app: &App, past: &Past, now_ns: u64) -> Agenda {
    let views = app.views.read();
    let known = views.catalog.instruments().iter();
    let standings: Vec<Standing> = known
        .map(|instrument| Standing {
            instrument: instrument.id,
            symbol: instrument.symbol,
            status: instrument.status,
            status_set_ns: past.status_times.get(&instrument.id).copied(),
        })
        .collect();
    Agenda::start(app.config.schedule.clone(), &standings, past.last_time_ns, now_ns)
}

/// Follows the schedule by the wall clock until the desk closes.
pub async fn run(app: Arc<App>, mut agenda: Agenda) {
    loop {
        let wait = match advance(&app, &mut agenda, wall_ns()).await {
            Ok(()) => until(agenda.next_ns(), wall_ns()),
            Err(DeskError::Stopping) => return,
            Err(DeskError::Busy | DeskError::JournalFull | DeskError::Timeout) => TRY_AGAIN,
        };
        tokio::time::sleep(wait).await;
    }
}

/// Does what is due at this time. What could not be entered stays due; what was entered and not
/// answered does not, so that nothing is done twice.
pub async fn advance(app: &Arc<App>, agenda: &mut Agenda, now_ns: u64) -> Result<(), DeskError> {
    agenda.look(&instruments(app), now_ns);
    while let Some(due) = agenda.first().copied() {
        match carry_out(app, &due).await {
            Ok(()) => agenda.strike(),
            Err(DeskError::Timeout) => {
                tracing::error!(?due, "the schedule has no answer: state unknown");
                agenda.strike();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn carry_out(app: &Arc<App>, due: &Due) -> Result<(), DeskError> {
    let known = app.views.read().catalog.instrument(due.instrument).copied();
    let Some(known) = known else { return Ok(()) };
    let (instrument, actor) = (due.instrument, actor());
    let command = match due.action {
        Action::Status(status) if known.status == status => return Ok(()),
        Action::Uncross if known.status != Status::Auction => return Ok(()),
        Action::Status(status) => Command::Status(StatusChange { instrument, status, actor }),
        Action::Uncross => Command::Uncross(Uncross { instrument, actor }),
        Action::EndOfDay => Command::EndOfDay(EndOfDay { instrument: Some(instrument), actor }),
    };
    let outcome = office::enter(app, command).await?;
    if let Event::Rejected(rejected) = outcome.answer {
        let (symbol, action, reason) = (known.symbol, due.action.word(), rejected.reason);
        tracing::warn!(%symbol, action, %reason, "the schedule was refused");
    }
    Ok(())
}

fn instruments(app: &App) -> Vec<(InstrumentId, Symbol)> {
    let views = app.views.read();
    views.catalog.instruments().iter().map(|known| (known.id, known.symbol)).collect()
}

fn until(next_ns: Option<u64>, now_ns: u64) -> Duration {
    let left = next_ns.map(|next_ns| Duration::from_nanos(next_ns.saturating_sub(now_ns)));
    left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))
}
