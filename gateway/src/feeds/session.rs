//! One connection from its first message to its last. Bytes come in, events go out to whoever
//! listens, and each thing that time asks for (an update of the subscription, a ping, the
//! watchdog, the end of a long life) is one deadline of one wait.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use orison_core::Symbol;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::dial::Wire;
use super::event::{Size, VenueEvent};
use super::fetch::{self, FetchError};
use super::line::Line;
use super::protocol::{Fetch, Heard, Notes};

/// A message that does not leave within this time: the peer does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the peer has to answer our close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Topics that may well be silent have this many times the silence of the others.
const QUIET_FACTOR: u32 = 10;

/// Why a connection is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// The process ends, or nobody listens any more.
    Stopped,
    /// Nothing is wanted of it: what was asked for cannot be taken back on Upbit.
    Unwanted,
    /// Before the venue ends it.
    Old,
    /// Something is wrong; the venue may have asked for peace.
    Failed { reason: String, patience: Patience },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    Usual,
    /// It said that we are too fast.
    Longest,
}

fn failed(reason: impl Into<String>) -> Ended {
    Ended::Failed { reason: reason.into(), patience: Patience::Usual }
}

enum Step {
    Frame(Option<Result<Message, WsError>>),
    Fetched(Symbol, Result<Bytes, FetchError>),
    Changed,
    Failed(String),
    Stop,
    Time,
}

pub(super) struct Session<'a> {
    line: &'a mut Line,
    socket: WebSocketStream<Wire>,
    fetches: JoinSet<(Symbol, Result<Bytes, FetchError>)>,
    ends_at: Instant,
    ping_at: Instant,
    /// A ping is out; without any frame by then nobody is there.
    answer_by: Option<Instant>,
    data_at: Instant,
    /// The limiter said when to ask again.
    token_at: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(super) fn new(line: &'a mut Line, socket: WebSocketStream<Wire>, life: Duration) -> Self {
        let now = Instant::now();
        let ping_at = now + line.settings.timing.ping;
        Self {
            line,
            socket,
            fetches: JoinSet::new(),
            ends_at: now + life,
            ping_at,
            answer_by: None,
            data_at: now,
            token_at: None,
        }
    }

    pub(super) async fn run(mut self) -> Ended {
        self.line.protocol.opened();
        self.line.pending.opened(Instant::now());
        let ended = loop {
            if let Err(ended) = self.tick().await {
                break ended;
            }
            let stepped = match self.step().await {
                Step::Frame(frame) => self.on_frame(frame).await,
                Step::Fetched(symbol, body) => self.on_fetched(symbol, body).await,
                Step::Changed => {
                    self.line.pending.changed(Instant::now());
                    Ok(())
                }
                Step::Failed(reason) => Err(failed(reason)),
                Step::Stop => Err(Ended::Stopped),
                Step::Time => Ok(()),
            };
            if let Err(ended) = stepped {
                break ended;
            }
        };
        self.close(&ended).await;
        ended
    }

    async fn step(&mut self) -> Step {
        let deadline = self.deadline();
        let line = &mut *self.line;
        tokio::select! {
            biased;
            () = line.stop.stopped() => Step::Stop,
            Ok(()) = line.generations.changed() => Step::Changed,
            frame = self.socket.next() => Step::Frame(frame),
            Some(fetched) = self.fetches.join_next() => match fetched {
                Ok((symbol, body)) => Step::Fetched(symbol, body),
                Err(error) => Step::Failed(format!("a snapshot's task: {error}")),
            },
            () = tokio::time::sleep_until(deadline) => Step::Time,
        }
    }

    fn deadline(&self) -> Instant {
        let line = &self.line;
        let others = [
            self.answer_by,
            self.token_at,
            line.pending.settles_at(),
            line.protocol.due_at(),
            Some(self.data_at + self.silence()),
        ];
        let first = self.ends_at.min(self.ping_at);
        others.into_iter().flatten().fold(first, Instant::min)
    }

    /// How long a connection may bring nothing of the market.
    fn silence(&self) -> Duration {
        let silence = self.line.settings.timing.silence;
        let is_steady = self.line.pending.sent().iter().any(|topic| topic.is_steady());
        if is_steady { silence } else { silence * QUIET_FACTOR }
    }

    /// What is due by now.
    async fn tick(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if now >= self.ends_at {
            return Err(Ended::Old);
        }
        if self.answer_by.is_some_and(|by| by <= now) {
            return Err(failed("no answer to a ping"));
        }
        let silence = self.silence();
        if now >= self.data_at + silence {
            return Err(failed(format!("connected and silent for {} s", silence.as_secs())));
        }
        if now >= self.ping_at {
            let ping = self.line.protocol.ping();
            self.send(ping).await?;
            let timing = self.line.settings.timing;
            self.ping_at = now + timing.ping;
            self.answer_by.get_or_insert(now + timing.pong);
        }
        let mut notes = Notes::default();
        let fetches = self.line.protocol.tick(now, &mut notes).map_err(failed)?;
        for Fetch { symbol, url } in fetches {
            let (dial, limiter) = (self.line.dial.clone(), self.line.limiters.snapshots.clone());
            self.fetches.spawn(async move {
                limiter.wait().await;
                (symbol, fetch::get(dial.as_ref(), &url).await)
            });
        }
        self.deliver(notes).await?;
        self.update(now).await
    }

    /// The pending update of the subscription. The set is read here, when its request leaves.
    async fn update(&mut self, now: Instant) -> Result<(), Ended> {
        self.token_at = None;
        let Some(since) = self.line.pending.queued_since(now) else { return Ok(()) };
        let line = &mut *self.line;
        let (topics, generation) = line.wanted.set(line.name);
        if topics.is_empty() {
            line.pending.settled(generation);
            return Err(Ended::Unwanted);
        }
        let Some(request) = line.protocol.request(line.pending.sent(), &topics) else {
            line.pending.settled(generation);
            line.show_pending();
            return Ok(());
        };
        if let Err(at) = line.limiters.requests.take(now, since) {
            self.token_at = Some(at);
            line.show_pending();
            return Ok(());
        }
        if line.pending.sent().is_empty() {
            // The watchdog counts from the first request.
            self.data_at = now;
        }
        self.send(Message::text(request.message)).await?;
        let line = &mut *self.line;
        line.protocol.on_sent(&request.sent, now);
        line.gauge.sent(&request.sent);
        line.gauge.change(|metrics| metrics.requests_sent += 1);
        line.pending.on_sent(request.sent, Instant::now());
        line.show_pending();
        // At once again: this was perhaps a part, and perhaps the set has moved meanwhile.
        self.token_at = Some(now);
        Ok(())
    }

    async fn on_frame(&mut self, frame: Option<Result<Message, WsError>>) -> Result<(), Ended> {
        self.answer_by = None;
        let now = Instant::now();
        let message = match frame {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(failed(error.to_string())),
            None => return Err(failed("the venue hung up")),
        };
        let heard = match &message {
            Message::Text(text) => self.hear(text.as_str(), now).await?,
            Message::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.hear(text, now).await?,
                Err(error) => Heard::Unreadable(error.to_string()),
            },
            Message::Close(frame) => return Err(closed(frame.as_ref())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(()),
        };
        let line = &mut *self.line;
        line.gauge.change(|metrics| {
            metrics.messages += 1;
            metrics.bytes += message.len() as u64;
        });
        match heard {
            Heard::Data => {
                self.data_at = now;
                line.backoff.reset();
                line.gauge.heard_data();
            }
            Heard::Control => {}
            Heard::Unreadable(reason) => {
                tracing::debug!(line = line.name.word(), reason, "a message makes no sense");
                line.gauge.change(|metrics| metrics.unreadable += 1);
            }
            Heard::Refused(reason) => {
                line.gauge.change(|metrics| metrics.refused += 1);
                return Err(failed(format!("refused: {reason}")));
            }
        }
        Ok(())
    }

    async fn hear(&mut self, text: &str, now: Instant) -> Result<Heard, Ended> {
        let mut notes = Notes::default();
        let heard = self.line.protocol.hear(text, now, &mut notes);
        self.deliver(notes).await?;
        Ok(heard)
    }

    async fn on_fetched(
        &mut self,
        symbol: Symbol,
        body: Result<Bytes, FetchError>,
    ) -> Result<(), Ended> {
        let now = Instant::now();
        let line = &mut *self.line;
        if let Err(error) = &body {
            tracing::warn!(%symbol, %error, "no depth snapshot");
            line.gauge.change(|metrics| metrics.snapshot_failures += 1);
            line.gauge.failed(format!("snapshot of {symbol}: {error}"));
            if !error.pause().is_zero() {
                line.limiters.snapshots.drain(now, error.pause());
            }
        }
        let mut notes = Notes::default();
        let body = body.as_deref().map_err(FetchError::pause);
        line.protocol.on_snapshot(symbol, body, now, &mut notes);
        self.deliver(notes).await
    }

    /// Events leave in order; while nobody takes them nothing more is read.
    async fn deliver(&mut self, notes: Notes) -> Result<(), Ended> {
        let line = &mut *self.line;
        line.gauge.noted(&notes, line.protocol.books());
        for event in notes.events {
            if let VenueEvent::Liquidation(forced) = &event
                && forced.size == Size::Large
            {
                let forced_order = &forced.liquidation;
                let (symbol, side) = (forced_order.symbol, forced_order.side);
                tracing::info!(%symbol, ?side, usd = %forced.usd_value, "large liquidation");
                line.gauge.change(|metrics| metrics.large_liquidations += 1);
            }
            tokio::select! {
                sent = line.events.send(event) => sent.map_err(|_| Ended::Stopped)?,
                () = line.stop.stopped() => return Err(Ended::Stopped),
            }
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("the venue does not read")),
        }
    }

    /// Says why and waits a little for the answer; of what has failed nothing is expected.
    async fn close(&mut self, ended: &Ended) {
        let (code, reason) = match ended {
            Ended::Stopped => (1000, "Shutdown"),
            Ended::Unwanted => (1000, "Unsubscribed"),
            Ended::Old => (1000, "Reconnect"),
            Ended::Failed { .. } => (1000, "Failed"),
        };
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let closing = async {
            self.socket.close(Some(frame)).await?;
            while let Some(frame) = self.socket.next().await {
                frame?;
            }
            Ok::<(), WsError>(())
        };
        let patience = match ended {
            Ended::Failed { .. } => Duration::from_secs(1),
            Ended::Stopped | Ended::Unwanted | Ended::Old => CLOSE_TIMEOUT,
        };
        match timeout(patience, closing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "closing"),
            Err(_) => tracing::debug!("the venue does not answer a close"),
        }
    }
}

fn closed(frame: Option<&CloseFrame>) -> Ended {
    let Some(frame) = frame else { return failed("closed by the venue") };
    let (code, said) = (u16::from(frame.code), frame.reason.as_str());
    // 1008 is "Too many requests".
    let patience = if code == 1008 { Patience::Longest } else { Patience::Usual };
    Ended::Failed { reason: format!("closed by the venue: {code} {said}"), patience }
}
