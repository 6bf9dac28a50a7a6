//! Prayers of a session: each SEND is a JSON object `{side, count}`; fields beside these are
//! ignored. A token of the session's bucket first, then what it says, then the way to the engine.

use std::time::Instant;

use bytes::Bytes;
use orison_core::{Command, Event};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::left::PrayerBucket;
use crate::desk::{Desk, DeskError, Ticket};
use crate::fanout::wall_ms;
use crate::language::{Language, Message};
use crate::xtrader::entry;
use crate::xtrader::problem::Problem;

/// Prayers on their way: all that were asked for, or up to the first that found no place.
pub(super) struct Entered {
    tickets: Vec<Ticket>,
    failed: Option<DeskError>,
}

/// All of the bodies, or none for want of tokens or because one of them says nothing.
pub(super) fn enter(
    desk: &Desk,
    bucket: &mut PrayerBucket,
    bodies: &[Bytes],
    now: Instant,
) -> Result<Entered, Problem> {
    let tokens = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    bucket.take(tokens, now).map_err(|_| too_many())?;
    let commands: Result<Vec<Command>, Problem> =
        bodies.iter().map(|body| entry::read_prayer(body)).collect();
    let mut entered = Entered { tickets: Vec::new(), failed: None };
    for command in commands? {
        match desk.enter(&command) {
            Ok(ticket) => entered.tickets.push(ticket),
            Err(error) => {
                entered.failed = Some(error);
                break;
            }
        }
    }
    Ok(entered)
}

impl Entered {
    /// Once all are counted; else the first that was not.
    pub(super) async fn counted(self) -> Result<(), Problem> {
        let mut counted = Ok(());
        for ticket in self.tickets {
            let outcome = match ticket.outcome().await {
                Ok(outcome) => refused(&outcome.answer),
                Err(error) => Err(error.into()),
            };
            counted = counted.and(outcome);
        }
        counted.and(self.failed.map_or(Ok(()), |error| Err(error.into())))
    }
}

fn refused(answer: &Event) -> Result<(), Problem> {
    if let Event::Rejected(rejected) = answer {
        return Err(Problem::refused(rejected.reason));
    }
    Ok(())
}

fn too_many() -> Problem {
    let message = Message::of_seeds("Too many requests.", "Too many requests.");
    Problem::new(429, "RATE_LIMIT_EXCEEDED", message)
}

/// What a session's error queue is told.
pub(super) fn error(problem: &Problem, language: Language) -> Utf8Bytes {
    #[derive(Serialize)]
    struct ErrorResponse<'a> {
        code: &'static str,
        message: &'a str,
        timestamp: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        oldest: Option<u64>,
    }
    let (code, message) = (problem.code, problem.message.text(language));
    let (timestamp, oldest) = (wall_ms(), problem.oldest);
    let error = ErrorResponse { code, message, timestamp, oldest };
    serde_json::to_string(&error).expect("texts and a number are JSON").into()
}
