//! One stream's socket: what its teller says goes out, a batch at a time; pings come back; who is
//! not let go on, or says more than it has to, is closed.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::Ready;
use super::teller::Telling;
use crate::App;
use crate::http::Handshake;
use crate::http::goodbye::Goodbye;
use crate::http::hearing::Hearing;
use crate::identity::{IDENTITY_CLOSE, Standing};
use crate::language::Language;

/// A client has nothing to say.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
const READ_BUFFER_BYTES: usize = 4 << 10;
const WRITE_BUFFER_BYTES: usize = 64 << 10;
/// More than the longest message beside what is gathered.
const WRITE_BUFFER_BYTES_MAX: usize = 2 << 20;
/// Between two pings, and two looks at whether the identity holds.
const BEAT: Duration = Duration::from_secs(1);
const PING_BEATS: u32 = 30;
/// A client that does not take a batch in so long is gone, for others wait for its place: who is to
/// keep one reads some KiB a second.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// A client that is not heard for so long, pongs included, is gone.
const SILENCE_MAX: Duration = Duration::from_secs(90);

const FLOOD: Goodbye = Goodbye::close(1008, "too many messages");
const SHUTDOWN: Goodbye = Goodbye::close(1001, "Shutdown");
const SILENT: Goodbye = Goodbye::close(4408, "heartbeat timeout");
/// The client resumes with what it has; if that is pruned by then, the opening says so.
const OVER: Goodbye = Goodbye::close(1011, "the journal cannot be read on: resume");

/// Serves one stream until it ends. The handshake has been answered with 101.
pub(crate) async fn serve(
    app: Arc<App>,
    stream: TokioIo<Upgraded>,
    handshake: Handshake,
    Ready { telling, place }: Ready,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let ended = AssertUnwindSafe(run(&app, &mut socket, handshake, telling)).catch_unwind().await;
    let goodbye = ended.unwrap_or_else(|_| {
        tracing::error!("a stream's session panicked; it alone is closed");
        Goodbye::PANIC
    });
    goodbye.say(&mut socket).await;
    drop(place);
}

async fn run<S>(
    app: &App,
    socket: &mut WebSocketStream<S>,
    handshake: Handshake,
    mut telling: Telling,
) -> Goodbye
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let now = Instant::now();
    let mut standing = Standing::new(handshake.principal, handshake.peer.ip(), now);
    let mut hearing = Hearing::default();
    let mut ending = app.streams.ending.subscribe();
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut beats) = (now, 0);
    loop {
        let ended = tokio::select! {
            batch = telling.batches.recv() => match batch {
                None => Some(OVER),
                Some(batch) => {
                    let stands = stands_until(app, &mut standing, &mut beat);
                    tokio::select! {
                        ended = tell(socket, batch) => ended,
                        goodbye = stands => Some(goodbye),
                        () = ended_by(&mut ending) => Some(SHUTDOWN),
                    }
                }
            },
            frame = hear(socket, &mut hearing) => {
                heard = Instant::now();
                on_frame(frame, &mut hearing)
            }
            _ = beat.tick() => {
                beats += 1;
                on_beat(app, socket, &mut standing, (beats, heard)).await
            }
            () = ended_by(&mut ending) => Some(SHUTDOWN),
        };
        if let Some(goodbye) = ended {
            return goodbye;
        }
    }
}

/// The next frame, once it may be heard.
async fn hear<S>(
    socket: &mut WebSocketStream<S>,
    hearing: &mut Hearing,
) -> Option<Result<Message, Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|context| hearing.poll_ready(context)).await;
    socket.next().await
}

/// Returns once it is said that every stream ends.
async fn ended_by(ending: &mut watch::Receiver<bool>) {
    // An error: the app is gone, and with it whatever was to be told.
    let _ends = ending.wait_for(|ends| *ends).await;
}

/// Returns once the identity does not hold any more: also of a client that takes nothing, whose
/// close then has to leave in time or is dropped with the connection.
async fn stands_until(app: &App, standing: &mut Standing, beat: &mut Interval) -> Goodbye {
    loop {
        beat.tick().await;
        if let Err(goodbye) = stand(app, standing) {
            return goodbye;
        }
    }
}

fn stand(app: &App, standing: &mut Standing) -> Result<(), Goodbye> {
    standing.check_time(&app.identity, Instant::now()).map_err(|refusal| {
        let reason = refusal.message().text(Language::English).to_owned();
        Goodbye::Close { code: IDENTITY_CLOSE, reason: reason.into() }
    })
}

/// One write for a batch. Meanwhile the client is not heard, for it is busy reading.
async fn tell<S>(socket: &mut WebSocketStream<S>, batch: Vec<String>) -> Option<Goodbye>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let written = async {
        for text in batch {
            socket.feed(Message::text(text)).await?;
        }
        socket.flush().await
    };
    match timeout(WRITE_MAX, written).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Goodbye::of_error(&error)),
        Err(_) => Some(Goodbye::Gone),
    }
}

fn on_frame(frame: Option<Result<Message, Error>>, hearing: &mut Hearing) -> Option<Goodbye> {
    match frame {
        None => Some(Goodbye::Gone),
        Some(Err(error)) => Some(Goodbye::of_error(&error)),
        Some(Ok(Message::Close(_))) => Some(Goodbye::Answered),
        Some(Ok(
            Message::Text(_)
            | Message::Binary(_)
            | Message::Ping(_)
            | Message::Pong(_)
            | Message::Frame(_),
        )) => hearing.take(Instant::now()).is_err().then_some(FLOOD),
    }
}

async fn on_beat<S>(
    app: &App,
    socket: &mut WebSocketStream<S>,
    standing: &mut Standing,
    (beats, heard): (u32, Instant),
) -> Option<Goodbye>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(goodbye) = stand(app, standing) {
        return Some(goodbye);
    }
    if heard.elapsed() > SILENCE_MAX {
        return Some(SILENT);
    }
    if !beats.is_multiple_of(PING_BEATS) {
        return None;
    }
    let pinged = timeout(WRITE_MAX, socket.send(Message::Ping(Bytes::new()))).await;
    match pinged {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Goodbye::of_error(&error)),
        Err(_) => Some(Goodbye::Gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time goes by only where nothing else is to be done.
    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_a_batch_is_gone_after_a_while() {
        let (ours, _theirs) = tokio::io::duplex(1 << 10);
        let mut socket = WebSocketStream::from_raw_socket(ours, Role::Server, None).await;
        let begun = tokio::time::Instant::now();
        let small = tell(&mut socket, vec!["x".repeat(1 << 9)]).await;
        assert_eq!((small, begun.elapsed()), (None, Duration::ZERO));
        let large = tell(&mut socket, vec!["x".repeat(1 << 11)]).await;
        assert_eq!((large, begun.elapsed()), (Some(Goodbye::Gone), WRITE_MAX));
    }
}
