//! How a WebSocket session ends: which close code the client reads, and how long it is waited
//! for.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::watch::{self, Fault};

/// For the close to leave and the peer's to come in.
const CLOSE_MAX: Duration = Duration::from_secs(5);
/// The same for a client that was slow to read: what is before the close has to leave first.
const SLOW_CLOSE_MAX: Duration = Duration::from_secs(30);
/// A peer that has not read our close yet may still send so many; one that sends more floods.
const LATE_FRAMES_MAX: u32 = 256;
/// After the last close nothing that follows has a meaning.
const PART_MAX: Duration = Duration::from_secs(1);
/// So much of what follows is read, so that the close is not lost to a reset; a flood goes on.
const PART_BYTES_MAX: u64 = 1 << 20;
const PART_READ_BYTES: usize = 16 << 10;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Goodbye {
    /// The connection is gone; nobody to say it to.
    Gone,
    /// The client has closed; its close is answered.
    Answered,
    /// We close.
    Close { code: u16, reason: Cow<'static, str> },
    /// The client broke the protocol: we close and stop listening.
    Broken { code: u16, reason: &'static str },
}

impl Goodbye {
    pub(crate) const PANIC: Self = Self::close(1011, "internal error");
    pub(crate) const FLOOD: Self = Self::Broken { code: 1008, reason: "too many messages" };
    const NOT_UTF8: Self = Self::Broken { code: 1007, reason: "invalid UTF-8" };

    pub(crate) const fn close(code: u16, reason: &'static str) -> Self {
        Self::Close { code, reason: Cow::Borrowed(reason) }
    }

    pub(crate) fn of_error(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::Broken { code: 1009, reason: "message too big" },
            Error::Utf8(_) => Self::NOT_UTF8,
            Error::Io(inner) => match watch::fault(inner) {
                Some(Fault::NotUtf8) => Self::NOT_UTF8,
                Some(Fault::Flood) => Self::FLOOD,
                None => Self::Gone,
            },
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Broken { code: 1002, reason: "protocol error" },
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Tls(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_) => Self::Gone,
        }
    }

    /// Sends the close and reads to the end, within limits.
    pub(crate) async fn say<S>(self, socket: &mut WebSocketStream<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self {
            Self::Gone => {}
            // Without a read: what still comes after a close is an error to the library, and
            // what is not written yet would be lost with it.
            Self::Answered => {
                if let Ok(Ok(())) = timeout(CLOSE_MAX, socket.flush()).await {
                    part(socket).await;
                }
            }
            Self::Close { code, reason } => {
                let leave_max = if code == SLOW_CONSUMER { SLOW_CLOSE_MAX } else { CLOSE_MAX };
                if let Ok(Ok(())) = timeout(leave_max, send(socket, code, reason)).await {
                    let ended = async {
                        let mut frames = 0;
                        while frames < LATE_FRAMES_MAX
                            && let Some(Ok(_)) = socket.next().await
                        {
                            frames += 1;
                        }
                    };
                    // Whether the peer closes in time or not, the connection ends after this.
                    let _in_time = timeout(CLOSE_MAX, ended).await;
                    part(socket).await;
                }
            }
            Self::Broken { code, reason } => {
                let said = send(socket, code, Cow::Borrowed(reason));
                if let Ok(Ok(())) = timeout(CLOSE_MAX, said).await {
                    part(socket).await;
                }
            }
        }
    }
}

/// A client that did not read fast enough is closed with this.
pub(crate) const SLOW_CONSUMER: u16 = 4500;

async fn send<S>(
    socket: &mut WebSocketStream<S>,
    code: u16,
    reason: Cow<'static, str>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reason = match reason {
        Cow::Borrowed(reason) => Utf8Bytes::from_static(reason),
        Cow::Owned(reason) => Utf8Bytes::from(reason),
    };
    let code = CloseCode::from(code);
    socket.send(Message::Close(Some(CloseFrame { code, reason }))).await
}

/// Ends our side and reads what still comes.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) {
    let stream = socket.get_mut();
    let parting = async {
        stream.shutdown().await?;
        let mut rest = BufReader::with_capacity(PART_READ_BYTES, stream.take(PART_BYTES_MAX));
        tokio::io::copy_buf(&mut rest, &mut tokio::io::sink()).await
    };
    // In time, late or with an error: the connection is dropped after this.
    let _ended = timeout(PART_MAX, parting).await;
}
