//! What a session lends to the room of its socket: whose it is, the exchange, and the way to say
//! something. What is said waits in the session's outbox, in order and within its limits.

use std::sync::Arc;
use std::time::Instant;

use engine::Views;
use orison_core::{AccountName, Instrument, Reason, Symbol};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{RequestId, Stamps, encode};
use super::kind::{Socket, Told};
use super::settings::Settings;
use super::shape::ErrorBody;
use super::studio::Studio;
use crate::App;
use crate::connections::{Place, Purpose};
use crate::fanout::Seat;
use crate::identity::{Action, Standing};
use crate::language::{Language, Message};
use crate::xtrader::entry::Caller;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// Symbols of one request; more are refused.
const SYMBOLS_MAX: usize = 256;

pub(super) struct Host {
    pub(super) app: Arc<App>,
    pub(super) studio: Arc<Studio>,
    pub(super) settings: Settings,
    pub(super) socket: Socket,
    pub(super) seat: Seat,
    pub(super) language: Language,
    pub(super) standing: Standing,
    /// Known once the session is somebody's.
    pub(super) account: AccountName,
    /// Among all sessions of the process.
    pub(super) place: Option<Arc<Place>>,
}

impl Host {
    pub(super) fn say<T: Serialize>(&self, kind: Told, stamps: Stamps<'_>, data: &T) {
        self.push(encode(kind, stamps, data));
    }

    /// Who enters orders here, if it may.
    pub(super) fn caller(&self) -> Result<Caller, Problem> {
        let principal = self.standing.check(Action::Trade)?;
        Ok(Caller::of(principal, Some(self.account), Action::Trade, self.language))
    }

    /// A token of whoever asks. An error: the session, its user or its address has had too many.
    pub(super) fn draw(&self, purpose: Purpose) -> Result<(), Problem> {
        let taken = self.place.as_ref().map_or(Ok(()), |place| place.take(purpose, 1));
        taken.map_err(|_| Problem::refused(Reason::RateLimit))
    }

    /// Waits in the outbox behind what is there.
    pub(super) fn push(&self, text: Utf8Bytes) {
        let outbox = &self.seat.client.outbox;
        outbox.push_answer(text, Instant::now());
        outbox.wake();
    }

    pub(super) fn refuse(&self, problem: &Problem, id: Option<&RequestId>) {
        self.app.metrics.error(problem.code);
        let body = ErrorBody::new(problem, self.language);
        self.say(Told::Error, Stamps::answer(id), &body);
    }
}

/// The one instrument that a request names.
pub(super) fn instrument(views: &Views, data: &mut Object) -> Result<Instrument, Problem> {
    let symbol = data.text("symbol")?.ok_or_else(|| Problem::missing("symbol"))?;
    named(views, &symbol).ok_or_else(|| Problem::symbol_not_found().about("symbol"))
}

/// The instruments of a request, each once, and what of it is not traded here.
pub(super) struct Symbols {
    pub(super) known: Vec<Instrument>,
    pub(super) unknown: Vec<String>,
}

/// None: `symbols` is absent. An error if it names nothing that is traded here.
pub(super) fn symbols(views: &Views, data: &mut Object) -> Result<Option<Symbols>, Problem> {
    let Some(values) = data.array("symbols")? else { return Ok(None) };
    if values.len() > SYMBOLS_MAX {
        let english = format!("symbols: at most {SYMBOLS_MAX} entries");
        let korean = format!("symbols: 최대 {SYMBOLS_MAX}개입니다");
        let message = Message::ours(english, korean);
        return Err(Problem::new(400, "SUBSCRIPTION_LIMIT", message).about("symbols"));
    }
    let (mut known, mut unknown): (Vec<Instrument>, Vec<String>) = (Vec::new(), Vec::new());
    for value in values {
        let name = text(&value)?;
        match self::named(views, &name) {
            Some(instrument) if known.iter().all(|known| known.id != instrument.id) => {
                known.push(instrument);
            }
            Some(_) => {}
            None => unknown.push(name),
        }
    }
    if known.is_empty() && !unknown.is_empty() {
        return Err(Problem::symbol_not_found().about("symbols"));
    }
    Ok(Some(Symbols { known, unknown }))
}

fn text(value: &RawValue) -> Result<String, Problem> {
    serde_json::from_str(value.get())
        .map_err(|_| Problem::wrong_type("symbols", "an array of strings", "문자열 배열"))
}

fn named(views: &Views, name: &str) -> Option<Instrument> {
    let symbol = Symbol::new(name).ok()?;
    views.catalog.instrument_named(&symbol).copied()
}

/// `updateInterval`, in milliseconds.
pub(super) fn interval(data: &mut Object) -> Result<Option<u64>, Problem> {
    data.count("updateInterval").map_err(|_| {
        let english = "a whole number of milliseconds";
        Problem::invalid_parameter("updateInterval", english, "밀리초 정수여야 합니다")
    })
}
