//! A session over one WebSocket, with SockJS framing or without: it lives and dies with its
//! connection. What the service has to say to one message leaves before the next is read, and a
//! client that is slow to read is still heard. All that it said before its close is answered.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Wired};

use super::format::Frame;
use super::payload;
use super::service::{Close, Message, Serving, Transport, Wire, outlive};
use super::settings::Settings;
use crate::bucket::Bucket;
use crate::http::IdleFrames;
use crate::http::goodbye::Goodbye;
use crate::http::hearing::MESSAGES;
use crate::http::watch::{Closes, Watched};

/// Allocated for every connection at once.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// What is gathered before it is written.
const WRITE_BUFFER_BYTES: usize = 16 << 10;
/// Messages taken at once from the service, to be written and flushed together.
const TAKE_BYTES: usize = 64 << 10;
/// A session that has ended may take so long until all that it said has left.
const PARTING_MAX: Duration = Duration::from_secs(30);
/// RFC 6455 5.5: what of a reason fits into a close frame.
const REASON_BYTES_MAX: usize = 123;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    SockJs,
    Raw,
}

pub(super) struct Pump<'a> {
    framing: Framing,
    wire: &'a Wire,
    settings: &'a Settings,
    /// None once it has ended.
    serving: Option<Serving>,
    /// What the session ends with once all before it is written.
    close: Option<Close>,
    /// By then it ends, whether all is written or not.
    ends_by: Option<Pin<Box<Sleep>>>,
    /// As a frame of SockJS; a raw socket has none.
    is_close_told: bool,
    /// The client's close came, and what was there to answer is answered.
    is_answered: bool,
    /// Taken from the service, not yet written.
    due: VecDeque<Wired>,
    is_flushed: bool,
    /// Of frames without a message, which no service hears of.
    idle: Bucket,
    /// Heard from the client, not yet taken by the service.
    heard: Vec<Message>,
    /// Read before more is taken, so that a busy service does not keep its client unheard.
    read_next: bool,
}

/// What happened next.
enum Turn {
    Served(Close),
    Frame(Option<Result<Wired, Error>>),
    Heard,
    Due(Vec<Message>),
    Written(Result<(), Error>),
    Silence,
    Stopped,
    Overdue,
}

impl<'a> Pump<'a> {
    pub(super) fn new(
        transport: Transport,
        wire: &'a Wire,
        settings: &'a Settings,
        serving: Serving,
    ) -> Self {
        let framing = match transport {
            Transport::RawWebSocket => Framing::Raw,
            Transport::WebSocket
            | Transport::Xhr
            | Transport::XhrStreaming
            | Transport::EventSource
            | Transport::HtmlFile
            | Transport::Jsonp => Framing::SockJs,
        };
        Self {
            framing,
            wire,
            settings,
            serving: Some(serving),
            close: None,
            ends_by: None,
            is_close_told: framing == Framing::Raw,
            is_answered: false,
            due: VecDeque::new(),
            is_flushed: true,
            idle: Bucket::default(),
            heard: Vec::new(),
            read_next: false,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn run<S>(mut self, stream: S, stopped: impl Future<Output = ()>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // The bound of the outgoing way bounds what is written too, whatever its frames' size.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(Some(self.settings.payload_bytes_max))
            .max_frame_size(Some(self.settings.payload_bytes_max));
        let stream = Watched::new(stream, self.settings.idle_frames, Closes::Kept);
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        self.push_frame(&Frame::Open);
        let goodbye = self.converse(&mut socket, stopped).await;
        self.wire.cut();
        socket.get_mut().pass_close();
        match self.serving {
            Some(serving) => {
                tokio::join!(outlive(serving), goodbye.say(&mut socket));
            }
            None => goodbye.say(&mut socket).await,
        }
    }

    async fn converse<S>(
        &mut self,
        socket: &mut WebSocketStream<Watched<S>>,
        stopped: impl Future<Output = ()>,
    ) -> Goodbye
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stopped = pin!(stopped);
        let mut silence = pin!(sleep(self.beat_interval()));
        loop {
            let turn = poll_fn(|context| {
                self.poll_turn(context, socket, stopped.as_mut(), silence.as_mut())
            });
            let ended = match turn.await {
                Turn::Served(close) => {
                    self.serving = None;
                    self.end(close);
                    None
                }
                Turn::Frame(frame) => self.hear(frame).err(),
                Turn::Heard => None,
                Turn::Due(messages) if messages.is_empty() && self.close.is_none() => {
                    self.is_answered = true;
                    self.read_next = true;
                    socket.get_mut().pass_close();
                    None
                }
                Turn::Due(messages) if messages.is_empty() => self.spent(),
                Turn::Due(messages) => {
                    self.push(messages);
                    None
                }
                Turn::Written(Ok(())) => {
                    self.read_next = true;
                    if self.ping().is_none() {
                        silence.as_mut().reset(Instant::now() + self.settings.heartbeat);
                    }
                    None
                }
                Turn::Written(Err(error)) => Some(Goodbye::of_error(&error)),
                Turn::Silence => {
                    if !self.wire.is_beaten_by_service() {
                        self.beat();
                    }
                    silence.as_mut().reset(Instant::now() + self.beat_interval());
                    None
                }
                Turn::Stopped => {
                    self.end(Close::SHUTDOWN);
                    None
                }
                Turn::Overdue => Some(Goodbye::Gone),
            };
            if let Some(goodbye) = ended {
                return goodbye;
            }
        }
    }

    fn poll_turn<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<Watched<S>>,
        stopped: Pin<&mut impl Future<Output = ()>>,
        silence: Pin<&mut Sleep>,
    ) -> Poll<Turn>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(serving) = &mut self.serving
            && let Poll::Ready(close) = serving.as_mut().poll(context)
        {
            return Poll::Ready(Turn::Served(close));
        }
        if std::mem::take(&mut self.read_next)
            && let Poll::Ready(turn) = self.poll_hear(context, socket)
        {
            return Poll::Ready(turn);
        }
        if !self.is_flushed {
            if let Poll::Ready(written) = self.poll_write(context, socket) {
                self.is_flushed = true;
                return Poll::Ready(Turn::Written(written));
            }
        } else if !self.is_answered
            && let Poll::Ready(messages) = self.wire.outgoing.poll_all(context, TAKE_BYTES)
        {
            return Poll::Ready(Turn::Due(messages));
        }
        if let Poll::Ready(turn) = self.poll_hear(context, socket) {
            return Poll::Ready(turn);
        }
        if socket.get_ref().is_close_kept() {
            self.ends_by.get_or_insert_with(|| Box::pin(sleep(PARTING_MAX)));
            if self.heard.is_empty() && self.wire.incoming.poll_heard(context).is_ready() {
                self.wire.outgoing.end();
            }
        }
        if self.close.is_none() {
            if stopped.poll(context).is_ready() {
                return Poll::Ready(Turn::Stopped);
            }
            // What is still being written is no silence.
            if self.is_flushed && silence.poll(context).is_ready() {
                return Poll::Ready(Turn::Silence);
            }
        }
        if let Some(ends_by) = &mut self.ends_by {
            return ends_by.as_mut().poll(context).map(|()| Turn::Overdue);
        }
        Poll::Pending
    }

    fn poll_hear<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<Watched<S>>,
    ) -> Poll<Turn>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.heard.is_empty() {
            let put = ready!(self.wire.incoming.poll_put(context, &mut self.heard));
            if put.is_err() {
                // The service listens no more; the client may not know it yet.
                self.heard.clear();
            }
            return Poll::Ready(Turn::Heard);
        }
        Pin::new(socket).poll_next(context).map(Turn::Frame)
    }

    fn poll_write<S>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut WebSocketStream<S>,
    ) -> Poll<Result<(), Error>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut socket = Pin::new(socket);
        while !self.due.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            let message = self.due.pop_front().expect("it is not empty");
            socket.as_mut().start_send(message)?;
        }
        socket.poll_flush(context)
    }

    fn hear(&mut self, frame: Option<Result<Wired, Error>>) -> Result<(), Goodbye> {
        let message = match frame {
            None => return Err(Goodbye::Gone),
            Some(Err(error)) => return Err(Goodbye::of_error(&error)),
            Some(Ok(message)) => message,
        };
        self.wire.note_frame();
        match (message, self.framing) {
            (Wired::Text(text), Framing::Raw) => self.heard = vec![Message::Text(text)],
            (Wired::Binary(bytes), Framing::Raw) => self.heard = vec![Message::Binary(bytes)],
            (Wired::Text(text), Framing::SockJs) => {
                let broken = |_| Goodbye::Broken { code: 1002, reason: "broken framing" };
                self.heard = payload::decode_frame(text.as_str()).map_err(broken)?;
                let is_bounded = self.settings.idle_frames == IdleFrames::Bounded;
                let is_empty = self.heard.is_empty();
                let now = std::time::Instant::now();
                if is_bounded && is_empty && self.idle.take(MESSAGES, 1, now).is_err() {
                    return Err(Goodbye::FLOOD);
                }
            }
            (Wired::Binary(_), Framing::SockJs) => {
                return Err(Goodbye::close(1003, "only text messages are understood"));
            }
            (Wired::Close(_), _) => return Err(Goodbye::Answered),
            (Wired::Ping(_) | Wired::Pong(_) | Wired::Frame(_), _) => {}
        }
        Ok(())
    }

    fn push(&mut self, messages: Vec<Message>) {
        self.is_flushed = false;
        match self.framing {
            Framing::SockJs => self.push_frame(&Frame::Messages(messages)),
            Framing::Raw => self.due.extend(messages.into_iter().map(|message| match message {
                Message::Text(text) => Wired::Text(text),
                Message::Binary(bytes) => Wired::Binary(bytes),
            })),
        }
    }

    /// Set where silence is not waited for: the pongs say that the client is there.
    fn ping(&self) -> Option<Duration> {
        self.settings.ping.filter(|_| self.framing == Framing::Raw)
    }

    fn beat_interval(&self) -> Duration {
        self.ping().unwrap_or(self.settings.heartbeat)
    }

    /// Said into a silence: it keeps the ways between open, and a peer that is gone is noticed.
    fn beat(&mut self) {
        match self.framing {
            Framing::SockJs => self.push_frame(&Frame::Heartbeat),
            Framing::Raw => {
                self.is_flushed = false;
                self.due.push_back(Wired::Ping(Bytes::new()));
            }
        }
    }

    /// A raw socket carries no frames of SockJS.
    fn push_frame(&mut self, frame: &Frame) {
        if self.framing == Framing::SockJs {
            self.is_flushed = false;
            self.due.push_back(Wired::Text(frame.into()));
        }
    }

    /// The service has said all.
    fn end(&mut self, close: Close) {
        self.close.get_or_insert(close);
        self.ends_by.get_or_insert_with(|| Box::pin(sleep(PARTING_MAX)));
        self.wire.incoming.clear();
        self.wire.outgoing.end();
    }

    /// All is written but the close. A goodbye once that too is written.
    fn spent(&mut self) -> Option<Goodbye> {
        let close = self.close.clone().expect("the outgoing way ends with a close");
        if !self.is_close_told {
            self.is_close_told = true;
            self.push_frame(&Frame::Close(close));
            return None;
        }
        Some(Goodbye::Close { code: close.code, reason: shortened(close.reason) })
    }
}

fn shortened(reason: Cow<'static, str>) -> Cow<'static, str> {
    if reason.len() <= REASON_BYTES_MAX {
        return reason;
    }
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    Cow::Owned(reason[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        for (reason, bytes) in
            [("short".to_owned(), 5), ("x".repeat(200), 123), ("가".repeat(50), 123)]
        {
            assert_eq!(shortened(Cow::Owned(reason)).len(), bytes);
        }
        assert_eq!(shortened(Cow::Owned(format!("x{}", "가".repeat(50)))).len(), 121);
    }
}
