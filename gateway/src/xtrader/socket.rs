//! The xTrader WebSocket: JSON messages both ways, topics by subscription, order entry beside
//! them. A session owns its socket and drains its outbox; topics live in the fan-out. A panic
//! ends the session it happened in, nothing else.
//!
//! Bad input gets an `Error` and the session lives on, save what the WebSocket protocol does not
//! survive: 1002 a broken frame, 1007 no UTF-8, 1008 a flood, 1009 more than 64 KiB.

mod ending;
mod reply;
mod request;
mod session;
mod subscriptions;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::App;
use crate::connections::Place;
use crate::http::goodbye::Goodbye;
use crate::http::watch::{Closes, Watched};
use crate::http::{Handshake, IdleFrames};
use session::Session;

/// A message or frame from a client.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Allocated for every connection at once.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// What is gathered before it is written.
const WRITE_BUFFER_BYTES: usize = 16 << 10;
/// More than the longest message, a book of 10,000 levels, beside what is gathered.
const WRITE_BUFFER_BYTES_MAX: usize = 2 << 20;

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// Serves one connection until it ends. The handshake has been answered with 101.
pub async fn serve(
    app: Arc<App>,
    stream: TokioIo<Upgraded>,
    handshake: Handshake,
    place: Arc<Place>,
) {
    serve_on(app, stream, handshake, place).await;
}

async fn serve_on<S>(app: Arc<App>, stream: S, handshake: Handshake, place: Arc<Place>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
    let stream = Watched::new(stream, IdleFrames::Bounded, Closes::Pass);
    let mut socket = WebSocketStream::from_raw_socket(stream, role, Some(config())).await;
    let seat = app.hub.join(handshake.peer);
    place.follow(seat.client.id);
    let mut session = Session::new(&app, &seat, &handshake, &place);
    let ended = AssertUnwindSafe(session.run(&mut socket)).catch_unwind().await;
    let goodbye = ended.unwrap_or_else(|_| {
        tracing::error!(client = %seat.client.id, "a session panicked; it alone is closed");
        seat.counters().panics.add(1);
        Goodbye::PANIC
    });
    drop(session);
    seat.client.outbox.shut();
    goodbye.say(&mut socket).await;
}

#[cfg(test)]
mod tests;
