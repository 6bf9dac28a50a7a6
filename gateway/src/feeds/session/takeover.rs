//! How a connection is followed by the next before a venue ends it for its age: the next is opened
//! and asked while this one goes on, and takes its place without a hole. Never more than one waits.

use std::mem;

use futures_util::SinkExt;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::ending::{CLOSE_TIMEOUT, close_with};
use super::successor::{Arrived, Socket, Succession, Successor, Tempo};
use super::{Ended, SEND_TIMEOUT, Session};
use crate::feeds::protocol::{Heard, Notes};

impl Session<'_> {
    pub(super) fn tempo(&self) -> Tempo {
        let is_steady = self.line.pending.sent().iter().any(|topic| topic.is_steady());
        if is_steady { Tempo::Steady } else { Tempo::Quiet }
    }

    /// What is due by now of the next connection.
    pub(super) async fn succeed(&mut self, now: Instant) -> Result<(), Ended> {
        let tempo = self.tempo();
        match &mut self.succession {
            Succession::Due(at) if *at <= now => self.open_successor(now),
            Succession::Due(_) | Succession::Opening(_) => {}
            Succession::Open(successor) => {
                if successor.ready_at(tempo).is_some_and(|at| at <= now) {
                    return self.take_over(now).await;
                }
                if successor.gives_up_at() <= now {
                    self.give_up(now, "it says nothing of the market");
                } else if successor.token_at.is_some_and(|at| at <= now) {
                    self.ask_successor(now).await;
                }
            }
        }
        Ok(())
    }

    fn open_successor(&mut self, now: Instant) {
        // Of a line that carries nothing there is nothing to take over.
        if self.line.pending.sent().is_empty() {
            self.succession = Succession::again(now);
            return;
        }
        tracing::info!(line = self.line.name.word(), "reconnects before the venue does");
        self.succession = Succession::Opening(Box::pin(self.line.opening()));
    }

    fn give_up(&mut self, now: Instant, reason: &str) {
        let line = self.line.name.word();
        tracing::warn!(line, reason, "the next connection does not take over yet");
        self.line.gauge.change(|metrics| metrics.connect_failures += 1);
        self.line.gauge.failed(format!("the next connection: {reason}"));
        self.succession = Succession::again(now);
    }

    pub(super) async fn on_arrived(&mut self, arrived: Arrived) -> Result<(), Ended> {
        let now = Instant::now();
        let frame = match arrived {
            Arrived::Opened(Ok(socket)) => {
                self.succession = Succession::Open(Box::new(Successor::new(socket, now)));
                return Ok(());
            }
            Arrived::Opened(Err(refused)) => {
                self.give_up(now, &refused.reason);
                return Ok(());
            }
            Arrived::Frame(frame) => frame,
        };
        if let Some(reason) = self.hear_successor(frame, now).await? {
            self.give_up(now, &reason);
        }
        Ok(())
    }

    /// Some: it is no good, and why.
    async fn hear_successor(
        &mut self,
        frame: Option<Result<Message, WsError>>,
        now: Instant,
    ) -> Result<Option<String>, Ended> {
        let message = match frame {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Ok(Some(error.to_string())),
            None => return Ok(Some("the venue hung up".into())),
        };
        let Some(text) = text_of(&message) else {
            return Ok(message.is_close().then(|| "closed by the venue".into()));
        };
        if self.line.protocol.is_data(text) {
            if let Succession::Open(successor) = &mut self.succession {
                successor.hear(message, now);
            }
            return Ok(None);
        }
        let mut notes = Notes::default();
        let heard = self.line.protocol.hear(text, now, &mut notes);
        self.deliver(notes).await?;
        Ok(match heard {
            Heard::Data | Heard::Control | Heard::Unreadable(_) => None,
            Heard::Refused(reason) | Heard::Unknown(reason) => Some(reason),
        })
    }

    /// Asks for what this connection carries.
    async fn ask_successor(&mut self, now: Instant) {
        let Succession::Open(successor) = &mut self.succession else { return };
        let line = &mut *self.line;
        successor.token_at = None;
        let Some(request) = line.protocol.request(&successor.sent, line.pending.sent()) else {
            successor.asked_at.get_or_insert(now);
            return;
        };
        if let Err(at) = line.limiters.requests.take(now, successor.opened_at) {
            successor.token_at = Some(at);
            return;
        }
        let sent = send(&mut successor.socket, request.message).await;
        line.protocol.asked_elsewhere();
        line.gauge.change(|metrics| metrics.requests_sent += 1);
        successor.sent = request.sent;
        successor.token_at = Some(now);
        if let Err(reason) = sent {
            self.give_up(now, &reason);
        }
    }

    /// The old connection ends; what the new one has told meanwhile is told now.
    async fn take_over(&mut self, now: Instant) -> Result<(), Ended> {
        let succession = mem::replace(&mut self.succession, Succession::after(now, self.life));
        let Succession::Open(successor) = succession else { return Ok(()) };
        let old = mem::replace(&mut self.socket, successor.socket);
        self.partings.spawn(close_with(old, "Reconnect", CLOSE_TIMEOUT));
        let line = &mut *self.line;
        line.gauge.change(|metrics| {
            metrics.reconnects += 1;
            metrics.connects += 1;
        });
        line.gauge.sent(&successor.sent);
        line.protocol.taken_over();
        // What has been wanted and left since is asked for next.
        line.pending.taken_over(successor.sent, now);
        self.ping_at = now + line.settings.timing.ping;
        (self.answer_by, self.data_at) = (None, now);
        for message in successor.heard {
            self.on_frame(Some(Ok(message))).await?;
        }
        Ok(())
    }
}

/// None: it is none of the market's, or no text.
fn text_of(message: &Message) -> Option<&str> {
    match message {
        Message::Text(text) => Some(text.as_str()),
        Message::Binary(bytes) => std::str::from_utf8(bytes).ok(),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}

async fn send(socket: &mut Socket, text: String) -> Result<(), String> {
    match timeout(SEND_TIMEOUT, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the venue does not read".into()),
    }
}
