//! The connection that takes over from one that has grown old. It is opened while the old one still
//! speaks and asks for the same; what it tells of the market waits until the old one has told all
//! it had by then. What both told is dropped where everything that is told twice is.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::feeds::dial::Wire;
use crate::feeds::line::Refused;
use crate::feeds::topic::Topic;

/// The old one has this time to tell what was said before the first message of the new one.
const OVERLAP: Duration = Duration::from_secs(1);
/// Where nothing may well be said, none is waited for longer.
const QUIET: Duration = Duration::from_secs(30);
/// One that has not taken over by then is given up; and how long until the next is tried.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages that wait; so many end the waiting.
const HEARD_MAX: usize = 1 << 14;

pub(super) type Socket = WebSocketStream<Wire>;
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Socket, Refused>> + Send>>;

/// How far it is.
pub(super) enum Succession {
    /// Until it is time.
    Due(Instant),
    Opening(Opening),
    Open(Box<Successor>),
}

pub(super) struct Successor {
    pub(super) socket: Socket,
    /// What it was asked for, and since when that is all.
    pub(super) sent: BTreeSet<Topic>,
    pub(super) asked_at: Option<Instant>,
    /// The limiter said when to ask again.
    pub(super) token_at: Option<Instant>,
    pub(super) opened_at: Instant,
    first_at: Option<Instant>,
    /// Of the market, in order.
    pub(super) heard: Vec<Message>,
}

pub(super) enum Arrived {
    Opened(Result<Socket, Refused>),
    Frame(Option<Result<Message, WsError>>),
}

/// Whether the market is never silent for long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tempo {
    Steady,
    Quiet,
}

impl Succession {
    pub(super) fn after(now: Instant, life: Duration) -> Self {
        Self::Due(now + life)
    }

    /// It came to nothing; the old one goes on.
    pub(super) fn again(now: Instant) -> Self {
        Self::Due(now + PATIENCE)
    }

    pub(super) async fn next(&mut self) -> Arrived {
        match self {
            Self::Due(_) => std::future::pending().await,
            Self::Opening(opening) => Arrived::Opened(opening.await),
            Self::Open(successor) => Arrived::Frame(successor.socket.next().await),
        }
    }

    pub(super) fn due_at(&self, tempo: Tempo) -> Option<Instant> {
        match self {
            Self::Due(at) => Some(*at),
            // It has a limit of its own.
            Self::Opening(_) => None,
            Self::Open(successor) => {
                let ready = successor.ready_at(tempo).unwrap_or(successor.gives_up_at());
                Some(successor.token_at.map_or(ready, |at| at.min(ready)))
            }
        }
    }
}

impl Successor {
    pub(super) fn new(socket: Socket, now: Instant) -> Self {
        Self {
            socket,
            sent: BTreeSet::new(),
            asked_at: None,
            token_at: Some(now),
            opened_at: now,
            first_at: None,
            heard: Vec::new(),
        }
    }

    /// Something of the market.
    pub(super) fn hear(&mut self, message: Message, now: Instant) {
        self.first_at.get_or_insert(now);
        self.heard.push(message);
    }

    /// When it may take over. None: it has not shown yet that it can.
    pub(super) fn ready_at(&self, tempo: Tempo) -> Option<Instant> {
        let asked_at = self.asked_at?;
        match (self.first_at, tempo) {
            (Some(first_at), _) if self.heard.len() < HEARD_MAX => Some(first_at + OVERLAP),
            (Some(first_at), _) => Some(first_at),
            (None, Tempo::Steady) => None,
            (None, Tempo::Quiet) => Some(asked_at + QUIET),
        }
    }

    pub(super) fn gives_up_at(&self) -> Instant {
        self.opened_at + PATIENCE
    }
}
