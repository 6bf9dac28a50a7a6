//! Fields of the operator's bodies: as everywhere, but null may take something away, rates may
//! be negative, and what a path names is not there at all.

use std::sync::Arc;

use orison_core::command::AccountRef;
use orison_core::event::Rejected;
use orison_core::instrument::Status;
use orison_core::{AccountName, Command, Decimal, Event, Instrument, Reason, Symbol};

use super::office;
use crate::App;
use crate::desk::{DeskError, Outcome};
use crate::language::Message;
use crate::listing::Said;
use crate::xtrader::entry::{account_name, word};
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// A field that null takes away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Setting<T> {
    Absent,
    Cleared,
    Set(T),
}

impl<T> Setting<T> {
    pub(super) fn read(
        object: &mut Object,
        name: &str,
        read: impl FnOnce(&mut Object, &str) -> Result<Option<T>, Problem>,
    ) -> Result<Self, Problem> {
        if object.clears(name) {
            return Ok(Self::Cleared);
        }
        Ok(read(object, name)?.map_or(Self::Absent, Self::Set))
    }
}

/// A bound: null is 0, which takes it away.
pub(super) fn bound(object: &mut Object, name: &str) -> Result<Option<Said>, Problem> {
    match Setting::read(object, name, Object::decimal)? {
        Setting::Absent => Ok(None),
        Setting::Cleared => Ok(Some(Some(Decimal::ZERO))),
        Setting::Set(said) => Ok(Some(said)),
    }
}

/// The same for a whole number.
pub(super) fn whole_bound<T: TryFrom<u64> + Default>(
    object: &mut Object,
    name: &str,
) -> Result<Option<T>, Problem> {
    match Setting::read(object, name, whole::<T>)? {
        Setting::Absent => Ok(None),
        Setting::Cleared => Ok(Some(T::default())),
        Setting::Set(number) => Ok(Some(number)),
    }
}

/// A whole number from 0 that its place can hold.
pub(super) fn whole<T: TryFrom<u64>>(
    object: &mut Object,
    name: &str,
) -> Result<Option<T>, Problem> {
    let Some(number) = object.count(name)? else { return Ok(None) };
    let wrong = || Problem::wrong_type(name, "a smaller whole number", "더 작은 정수");
    T::try_from(number).map(Some).map_err(|_| wrong())
}

/// Parts per million, below 0 too; what is beyond every rate is for the core to refuse.
pub(super) fn rate(object: &mut Object, name: &str) -> Result<Option<i32>, Problem> {
    let Some(said) = object.decimal(name)? else { return Ok(None) };
    let Some(decimal) = said else { return Ok(Some(i32::MAX)) };
    if decimal.scale() > 0 {
        return Err(Problem::wrong_type(name, "a whole number", "정수"));
    }
    let most = if decimal.is_negative() { i32::MIN } else { i32::MAX };
    Ok(Some(i32::try_from(decimal.mantissa()).unwrap_or(most)))
}

pub(super) fn status(object: &mut Object) -> Result<Option<Status>, Problem> {
    let statuses = [Status::Open, Status::Halted, Status::Auction, Status::Closed];
    let words = statuses.map(|status| (status.word(), status));
    object.text("status")?.map(|text| word("status", &text, &words)).transpose()
}

/// Of a path: 404.
pub(super) fn instrument(app: &App, symbol: &str) -> Result<Instrument, Problem> {
    let found = Symbol::new(symbol).ok().and_then(|symbol| {
        let views = app.views.read();
        views.catalog.instrument_named(&symbol).copied()
    });
    found.ok_or_else(|| Problem { status: 404, ..Problem::symbol_not_found() })
}

/// By number as soon as it has one.
pub(super) fn account(app: &App, name: &str) -> Result<(AccountName, AccountRef), Problem> {
    let name = account_name(name)?;
    let known = app.views.read().catalog.account(&name);
    Ok((name, known.map_or(AccountRef::Name(name), AccountRef::Id)))
}

/// What was entered, or why not.
pub(super) async fn enter(app: &Arc<App>, command: Command) -> Result<Outcome, Problem> {
    let outcome = office::enter(app, command).await.map_err(unanswered)?;
    if let Event::Rejected(Rejected { reason, .. }) = outcome.answer {
        return Err(Problem::refused(reason));
    }
    Ok(outcome)
}

/// There is no client order id here that would make a repeat harmless.
fn unanswered(error: DeskError) -> Problem {
    match error {
        DeskError::Timeout => {
            let english = "state unknown: read it before you ask again";
            let korean = "상태를 알 수 없습니다: 다시 요청하기 전에 조회하십시오";
            Problem::new(504, "TIMEOUT", Message::ours(english, korean))
        }
        DeskError::Busy | DeskError::JournalFull | DeskError::Stopping => error.into(),
    }
}

/// A refusal in the core's name, of what no rule could make right.
pub(super) fn refused(reason: Reason, field: &str) -> Problem {
    Problem::refused(reason).about(field)
}
