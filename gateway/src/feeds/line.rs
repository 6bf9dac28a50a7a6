//! One connection to a venue through all its lives: opened when something is wanted, closed when
//! nothing is, opened anew when it broke. One task owns it, so that there are never two of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Settings;
use super::backoff::{Backoff, chance};
use super::dial::{Dial, Target, Wire};
use super::event::VenueEvent;
use super::limiter::Limiter;
use super::pending::Pending;
use super::protocol::Protocol;
use super::session::{Ended, Patience, Session};
use super::sieve::Sieve;
use super::status::{Gauge, LineState};
use super::topic::LineName;
use super::wanted::Wanted;

/// The largest message that is read: a depth update of the whole book is far smaller.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
const READ_BUFFER_BYTES: usize = 16 << 10;

/// What the venue counts of us.
#[derive(Clone, Debug)]
pub(super) struct Limiters {
    pub(super) connects: Limiter,
    pub(super) requests: Limiter,
    pub(super) snapshots: Limiter,
}

pub(super) struct Line {
    pub(super) name: LineName,
    pub(super) settings: Arc<Settings>,
    pub(super) wanted: Arc<Wanted>,
    pub(super) generations: watch::Receiver<u64>,
    pub(super) limiters: Limiters,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) events: mpsc::Sender<VenueEvent>,
    pub(super) stop: Stop,
    pub(super) gauge: Gauge,
    pub(super) protocol: Protocol,
    pub(super) pending: Pending,
    pub(super) sieve: Sieve,
    pub(super) backoff: Backoff,
}

/// Resolves once the feeds are to end.
#[derive(Clone, Debug)]
pub(super) struct Stop(pub(super) watch::Receiver<bool>);

impl Stop {
    pub(super) async fn stopped(&mut self) {
        // A sender that is gone ends the lines as well.
        self.0.wait_for(|stopped| *stopped).await.ok();
    }
}

/// Why there is no connection.
enum NotOpen {
    Stopped,
    Failed { reason: String, patience: Patience },
}

impl Line {
    pub(super) async fn run(mut self) {
        while self.is_wanted().await {
            let (reason, patience) = match self.open().await {
                Ok(socket) => match self.serve(socket).await {
                    Ended::Stopped => break,
                    Ended::Unwanted => continue,
                    Ended::Failed { reason, patience } => (reason, patience),
                },
                Err(NotOpen::Stopped) => break,
                Err(NotOpen::Failed { reason, patience }) => {
                    self.gauge.change(|metrics| metrics.connect_failures += 1);
                    (reason, patience)
                }
            };
            if patience == Patience::Longest {
                self.backoff.exhaust();
            }
            if !self.wait(reason).await {
                break;
            }
        }
        self.gauge.state(LineState::Stopped);
    }

    /// Waits until something is; no: the feeds are to end.
    async fn is_wanted(&mut self) -> bool {
        loop {
            self.generations.borrow_and_update();
            let (wanted, generation) = self.wanted.set(self.name);
            // No trial lasts without a connection. What the venue refused is not asked for again.
            self.sieve.opened();
            let topics = self.sieve.pick(&wanted).unwrap_or_default();
            self.gauge.refused(self.sieve.aside());
            if !topics.is_empty() {
                // What is registered with the first is in the first request.
                self.pending.changed(Instant::now());
                return true;
            }
            self.pending.settled(generation);
            self.show_pending();
            self.gauge.sent(&topics);
            self.gauge.state(LineState::Idle);
            tokio::select! {
                () = self.stop.stopped() => return false,
                changed = self.generations.changed() => {
                    if changed.is_err() {
                        return false;
                    }
                }
            }
        }
    }

    async fn open(&mut self) -> Result<WebSocketStream<Wire>, NotOpen> {
        self.gauge.state(LineState::Connecting);
        let opening = self.opening();
        let opened = tokio::select! {
            opened = opening => opened,
            () = self.stop.stopped() => return Err(NotOpen::Stopped),
        };
        opened.map_err(|Refused { reason, patience }| NotOpen::Failed { reason, patience })
    }

    /// A connection, once the venue's limit allows it.
    pub(super) fn opening(
        &self,
    ) -> impl Future<Output = Result<WebSocketStream<Wire>, Refused>> + Send + use<> {
        let request = self.protocol.handshake(&self.settings);
        let (dial, connects) = (Arc::clone(&self.dial), self.limiters.connects.clone());
        let limit = self.settings.timing.connect;
        async move {
            let request = request?;
            connects.wait().await;
            match timeout(limit, connect(dial.as_ref(), request)).await {
                Ok(connected) => connected,
                Err(_) => Err(Refused::from(format!("no connection within {} s", limit.as_secs()))),
            }
        }
    }

    async fn serve(&mut self, socket: WebSocketStream<Wire>) -> Ended {
        tracing::info!(line = self.name.word(), "connected to the venue");
        self.gauge.state(LineState::Open);
        self.gauge.change(|metrics| metrics.connects += 1);
        // Lines that began together do not all leave together.
        let life = self.settings.timing.life.mul_f64(1.0 - chance() / 50.0);
        let ended = Session::new(self, socket, life).run().await;
        self.gauge.sent(&Default::default());
        ended
    }

    /// No: the feeds are to end. A line that nothing is wanted of any more waits no longer.
    async fn wait(&mut self, reason: String) -> bool {
        let pause = self.backoff.next(chance());
        tracing::warn!(line = self.name.word(), reason, ?pause, "the feed is down");
        self.gauge.failed(reason);
        let failures = self.backoff.failures();
        self.gauge.change(|metrics| {
            metrics.failures = failures;
            metrics.reconnects += 1;
        });
        self.gauge.state(LineState::Waiting);
        let until = Instant::now() + pause;
        while !self.wanted.set(self.name).0.is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                () = self.stop.stopped() => return false,
                Ok(()) = self.generations.changed() => {}
            }
        }
        true
    }

    pub(super) fn show_pending(&self) {
        let (pending, generation) = (self.pending.status(), self.pending.generation_sent());
        self.gauge.change(|metrics| {
            metrics.pending = pending;
            metrics.generation_sent = generation;
        });
    }
}

async fn connect(dial: &dyn Dial, request: Request) -> Result<WebSocketStream<Wire>, Refused> {
    let target = Target::of(request.uri())?;
    let dialled = dial.dial(&target).await;
    let wire = dialled.map_err(|error| format!("{}: {error}", target.host))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (socket, _) = client_async_with_config(request, wire, Some(config)).await?;
    Ok(socket)
}

pub(super) struct Refused {
    pub(super) reason: String,
    patience: Patience,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self { reason, patience: Patience::Usual }
    }
}

impl From<WsError> for Refused {
    fn from(error: WsError) -> Self {
        let is_enough = |status: u16| matches!(status, 418 | 429);
        let patience = match &error {
            WsError::Http(response) if is_enough(response.status().as_u16()) => Patience::Longest,
            _ => Patience::Usual,
        };
        Self { reason: error.to_string(), patience }
    }
}

/// Long enough for any venue: what a failed feed waits at most.
pub(super) const END_TIMEOUT: Duration = Duration::from_secs(6);
