//! What is mounted: a service, and its side of a session. A service never learns the session's
//! id, nor which connection a message came by.

use std::borrow::Cow;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use thiserror::Error;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::queue::Queue;
use super::seats::Seat;

/// Holds the conversations of a mount.
pub trait Service: Send + Sync + 'static {
    /// One session, from its opening to its close: the session is closed with what this gives
    /// back. Once `Talk` says that the client is gone, it should end soon; it is dropped after a
    /// few seconds. A panic closes the session with 1011.
    fn serve(&self, opening: Opening, talk: Talk) -> Serving;
}

pub type Serving = Pin<Box<dyn Future<Output = Close> + Send>>;

/// A service that does not end after its session did is dropped after this.
const SERVICE_END_MAX: Duration = Duration::from_secs(5);

/// Lets a service end after its session.
pub(super) async fn outlive(serving: Serving) {
    if timeout(SERVICE_END_MAX, serving).await.is_err() {
        tracing::warn!("a service did not end with its session");
    }
}

/// The request that opened a session.
#[derive(Clone, Debug)]
pub struct Opening {
    pub peer: SocketAddr,
    pub transport: Transport,
    /// As it came, without `?`.
    pub query: String,
    pub headers: HeaderMap,
    /// The WebSocket subprotocol that was agreed on.
    pub protocol: Option<&'static str>,
    /// What the usher gave it.
    pub seat: Option<Seat>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// Without SockJS framing: text and binary messages as they are.
    RawWebSocket,
    WebSocket,
    Xhr,
    XhrStreaming,
    EventSource,
    HtmlFile,
    Jsonp,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    Text(Utf8Bytes),
    /// Only a raw WebSocket carries it; elsewhere it leaves as text, what is no UTF-8 replaced.
    Binary(Bytes),
}

impl Message {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// Why a session ends, as its client reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Close {
    pub code: u16,
    pub reason: Cow<'static, str>,
}

impl Close {
    pub const SHUTDOWN: Self = Self::new(1001, "Shutdown");
    pub(super) const INTERRUPTED: Self = Self::new(1002, "Connection interrupted");
    pub(super) const PANIC: Self = Self::new(1011, "internal error");
    pub(super) const OCCUPIED: Self = Self::new(2010, "Another connection still open");

    pub const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }
}

/// The client will read nothing more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the client is gone")]
pub struct Gone;

/// A service's side of a session. Both ways are bounded: a service that does not listen stops
/// its client, and one that says more than its client reads has to wait.
pub struct Talk {
    wire: Arc<Wire>,
}

impl Talk {
    pub(super) fn new(wire: Arc<Wire>) -> Self {
        Self { wire }
    }

    /// The client's next message. None: it has left, or the session was closed.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|context| self.poll_next(context)).await
    }

    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        self.wire.incoming.poll_next(context)
    }

    /// Says something, once there is room for it.
    pub async fn say(&mut self, message: Message) -> Result<(), Gone> {
        poll_fn(|context| self.poll_room(context)).await?;
        self.put(message)
    }

    /// Ready as long as less than `Settings::outgoing_bytes_max` waits to be read.
    pub fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        self.wire.outgoing.poll_room(context)
    }

    /// Says something without asking for room.
    pub fn put(&mut self, message: Message) -> Result<(), Gone> {
        self.wire.outgoing.put([message])
    }

    /// Frames and requests that have come from the client so far, pongs among them.
    pub fn frames(&self) -> u64 {
        self.wire.frames.load(Ordering::Relaxed)
    }

    /// From now on the service keeps the line alive itself: no more `h` frames.
    pub fn keep_own_beat(&mut self) {
        self.wire.own_beat.store(true, Ordering::Relaxed);
    }
}

/// The two ways of a session.
pub(super) struct Wire {
    pub(super) incoming: Queue,
    pub(super) outgoing: Queue,
    own_beat: AtomicBool,
    frames: AtomicU64,
}

impl Wire {
    pub(super) fn new(incoming_bytes_max: usize, outgoing_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            incoming: Queue::new(incoming_bytes_max),
            outgoing: Queue::new(outgoing_bytes_max),
            own_beat: AtomicBool::new(false),
            frames: AtomicU64::new(0),
        })
    }

    /// Something came from the client. Relaxed: a count orders nothing.
    pub(super) fn note_frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_beaten_by_service(&self) -> bool {
        self.own_beat.load(Ordering::Relaxed)
    }

    /// The client is gone: nothing more comes from it, and nothing more is for it.
    pub(super) fn cut(&self) {
        self.incoming.clear();
        self.outgoing.clear();
    }
}
