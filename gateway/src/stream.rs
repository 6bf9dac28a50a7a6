//! The event stream, `GET /api/v1/stream?from=SEQ`: a WebSocket that tells each command with its
//! events, from a sequence on and then as they come, without a gap. A thread of its own replays
//! the journal's files for each session, up to what anybody may see, and waits for its client
//! alone: who reads slowly is behind in the journal and holds up nobody. Nothing is asked of a
//! client but to be there.

mod session;
mod teller;

use std::sync::Arc;

use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use utoipa::ToSchema;

use crate::App;
use crate::audit::{Point, Route};
use crate::connections::{Kind, Place, User};
use crate::http::Handshake;
use crate::http::query::Query;
use crate::language::Message;
use crate::xtrader::problem::{Problem, ProblemBody};
pub(crate) use session::serve;
use teller::Telling;

/// Sessions at once: each replays, and holds a state of the exchange of its own.
pub(crate) const STREAMS_MAX: usize = 8;

/// What the room keeps.
pub struct Streams {
    free: Arc<Semaphore>,
    /// True once they end.
    ending: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(STREAMS_MAX)), ending: watch::Sender::new(false) }
    }
}

impl Streams {
    /// Ends every session, as the process is stopping.
    pub fn stop(&self) {
        self.ending.send_replace(true);
    }
}

/// A session that may begin.
pub(crate) struct Ready {
    telling: Telling,
    place: Arc<Place>,
}

/// Finds the beginning; only then the upgrade is answered, so that one that is pruned or not
/// reached is said in the words of REST.
pub(crate) async fn open(
    app: &Arc<App>,
    parts: &Parts,
    handshake: &Handshake,
) -> Result<Ready, Problem> {
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    Route::Stream.parameters().map_or(Ok(()), |known| query.only(known))?;
    let seen = app.views.read().at().sequence.0;
    let from = query.whole("from")?.unwrap_or(seen + 1).max(1);
    if from > seen + 1 {
        return Err(Point::not_reached("from", seen));
    }
    let room = Arc::clone(&app.streams.free).try_acquire_owned().map_err(|_| {
        let english = format!("{STREAMS_MAX} streams are open: try again later");
        let korean = format!("스트림 {STREAMS_MAX}개가 열려 있습니다: 나중에 다시 시도하십시오");
        Problem::new(503, "BUSY", Message::ours(english, korean))
    })?;
    let opener = handshake.principal.clone();
    let user = opener.as_ref().and_then(User::of);
    let place = app.connections.admit(Kind::Stream, handshake.peer, opener, user);
    let place = place.map_err(crate::http::no_room)?;
    let telling = Telling::start(app, from, room).await?;
    Ok(Ready { telling, place })
}

/// One message: a command and its events. One with more than 1,000 comes in parts.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "described, never built")]
pub(crate) struct Told {
    /// Of the command; the next message has the next one, or the next part of this.
    sequence: u64,
    /// Its time in nanoseconds.
    ts: u64,
    /// It is quarantined: time passed, nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    void: Option<bool>,
    /// As a dump has it; in the first part only.
    #[schema(value_type = Option<Object>)]
    command: Option<Value>,
    /// Which part, from 0; the first does not say it.
    part: Option<u64>,
    /// As a dump has them, with rested, waiting, refreshed and level.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    /// Another part follows.
    more: Option<bool>,
}

/// A WebSocket that tells every command and its events from a sequence on, then live. A session
/// that ends goes on with the sequence after the last whole one it was told.
#[utoipa::path(
    get,
    path = "/stream",
    params(("from" = Option<u64>, Query, description = "The first command; absent: the next one")),
    responses(
        (status = 101, description = "A WebSocket of messages like this", body = Told),
        (status = 400, description = "No proper handshake", body = ProblemBody),
        (status = 403, description = "A page of another origin", body = ProblemBody),
        (status = 404, description = "Not reached", body = ProblemBody),
        (status = 410, description = "Pruned; `oldest` can still be had", body = ProblemBody),
        (status = 426, description = "Not version 13", body = ProblemBody),
        (status = 429, description = "Too many sessions of the caller", body = ProblemBody),
        (status = 503, description = "Too many streams", body = ProblemBody),
    )
)]
#[allow(dead_code, reason = "described, never called")]
pub(crate) fn stream() {}
