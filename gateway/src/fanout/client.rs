//! One connected client as the fan-out sees it: who it is, and the outbox it drains.
//! Also where messages that are due to many clients are handed to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::counters::Counters;
use super::json::Json;
use super::outbox::{Limits, Outbox, Pushed};

/// What a client is told before it is closed because the process stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parting {
    /// The maintenance notice of the xTrader socket.
    Notice,
    /// Nothing: its session has words of its own.
    Bare,
}

pub(crate) struct Client {
    pub(crate) id: Uuid,
    pub(crate) peer: SocketAddr,
    pub(crate) parting: Parting,
    /// Unix milliseconds.
    pub(crate) connected_ms: u64,
    pub(crate) outbox: Outbox,
    pub(crate) topics: AtomicUsize,
    heard_ms: AtomicU64,
}

impl Client {
    pub(crate) fn new(
        peer: SocketAddr,
        parting: Parting,
        limits: Limits,
        counters: Arc<Counters>,
    ) -> Self {
        let (id, now) = (Uuid::new_v4(), wall_ms());
        Self {
            id,
            peer,
            parting,
            connected_ms: now,
            outbox: Outbox::new(id, limits, counters),
            topics: AtomicUsize::new(0),
            heard_ms: AtomicU64::new(now),
        }
    }

    /// A frame came in.
    pub(crate) fn heard(&self) {
        self.heard_ms.store(wall_ms(), Ordering::Relaxed);
    }

    /// When the last frame came in, Unix milliseconds.
    pub(crate) fn heard_ms(&self) -> u64 {
        self.heard_ms.load(Ordering::Relaxed)
    }
}

/// Milliseconds since the Unix epoch by the wall clock.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What is on its way out in this round of the fan-out thread: buffers that are used again and
/// again, and the clients to be woken once all is pushed.
pub(crate) struct Round {
    pub(crate) now: Instant,
    /// The message being written.
    pub(crate) json: Json,
    /// A part of it that several messages share.
    pub(crate) part: Json,
    announced: Vec<Arc<Client>>,
}

impl Round {
    pub(crate) fn new() -> Self {
        let (json, part) = (Json::default(), Json::default());
        Self { now: Instant::now(), json, part, announced: Vec::new() }
    }

    pub(crate) fn note(&mut self, client: &Arc<Client>, pushed: Pushed) {
        match pushed {
            Pushed::First => self.announced.push(Arc::clone(client)),
            Pushed::Behind | Pushed::Full | Pushed::Ended => {}
        }
    }

    /// Many messages become one write: sessions are woken after the pushing.
    pub(crate) fn wake_all(&mut self) {
        for client in self.announced.drain(..) {
            client.outbox.wake();
        }
    }
}
