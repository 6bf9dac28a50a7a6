//! One connection from its first message to its last. Bytes come in, events go out to whoever
//! listens, and each thing that time asks for (an update of the subscription, a ping, the
//! watchdog, the end of a long life) is one deadline of one wait.

mod ending;
mod successor;
mod takeover;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use orison_core::Symbol;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::dial::Wire;
use super::event::{Size, VenueEvent};
use super::fetch::{self, FetchError};
use super::line::Line;
use super::protocol::{Fetch, Heard, Notes};
pub(super) use ending::{Ended, Patience};
use ending::{close_with, closed, failed, farewell, patience};
use successor::{Arrived, Succession, Tempo};

/// A message that does not leave within this time: the peer does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

enum Step {
    Frame(Option<Result<Message, WsError>>),
    Fetched(Symbol, Result<Bytes, FetchError>),
    Arrived(Arrived),
    Changed,
    Failed(String),
    Stop,
    Time,
}

pub(super) struct Session<'a> {
    line: &'a mut Line,
    socket: WebSocketStream<Wire>,
    fetches: JoinSet<(Symbol, Result<Bytes, FetchError>)>,
    /// How long a connection lives before the next one takes over.
    life: Duration,
    succession: Succession,
    /// Connections that are being closed.
    partings: JoinSet<()>,
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
            life,
            succession: Succession::after(now, life),
            partings: JoinSet::new(),
            ping_at,
            answer_by: None,
            data_at: now,
            token_at: None,
        }
    }

    pub(super) async fn run(mut self) -> Ended {
        self.line.protocol.opened();
        self.line.sieve.opened();
        self.line.pending.opened(Instant::now());
        let ended = loop {
            if let Err(ended) = self.tick().await {
                break ended;
            }
            let stepped = match self.step().await {
                Step::Frame(frame) => self.on_frame(frame).await,
                Step::Fetched(symbol, body) => self.on_fetched(symbol, body).await,
                Step::Arrived(arrived) => self.on_arrived(arrived).await,
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
        close_with(self.socket, farewell(&ended), patience(&ended)).await;
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
            arrived = self.succession.next() => Step::Arrived(arrived),
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
            line.sieve.due_at(),
            self.succession.due_at(self.tempo()),
            Some(self.data_at + self.silence()),
        ];
        others.into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    /// How long a connection may bring nothing of the market.
    fn silence(&self) -> Duration {
        let timing = self.line.settings.timing;
        match self.tempo() {
            Tempo::Steady => timing.silence,
            Tempo::Quiet => timing.quiet,
        }
    }

    /// What is due by now.
    async fn tick(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        self.succeed(now).await?;
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
        if self.line.sieve.is_over(now) {
            self.line.pending.again(now);
        }
        self.update(now).await
    }

    /// The pending update of the subscription. The set is read here, when its request leaves.
    async fn update(&mut self, now: Instant) -> Result<(), Ended> {
        self.token_at = None;
        let Some(since) = self.line.pending.queued_since(now) else { return Ok(()) };
        let line = &mut *self.line;
        let (wanted, generation) = line.wanted.set(line.name);
        // While the venue is being asked which topic it refused, nothing else is.
        let Some(topics) = line.sieve.pick(&wanted) else {
            line.show_pending();
            return Ok(());
        };
        line.gauge.refused(line.sieve.aside());
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
        line.sieve.on_sent(&request.sent, now);
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
            Heard::Unknown(reason) => return self.on_unknown(&reason, now),
        }
        Ok(())
    }

    /// The venue does not carry one of the topics it was asked for last; it does not say which.
    fn on_unknown(&mut self, reason: &str, now: Instant) -> Result<(), Ended> {
        let line = &mut *self.line;
        line.gauge.change(|metrics| metrics.refused += 1);
        let suspects = line.sieve.refused(reason, line.pending.sent());
        let mut suspects_shown = suspects.iter();
        match (suspects_shown.next(), suspects_shown.next()) {
            (None, _) => return Err(failed(format!("refused: {reason}"))),
            (Some(topic), None) => {
                tracing::warn!(%topic, reason, "the venue refuses a topic; it is set aside");
            }
            (Some(_), Some(_)) => {
                let (line, topics) = (line.name.word(), suspects.len());
                tracing::info!(line, topics, reason, "the venue refuses one of its topics");
            }
        }
        let left = line.protocol.left(line.pending.sent(), &suspects);
        line.gauge.refused(line.sieve.aside());
        line.gauge.sent(&left);
        line.pending.refused(left, now);
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
}
