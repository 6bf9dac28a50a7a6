//! STOMP 1.0, 1.1 and 1.2 (stomp.github.io) for the clients of a message broker: topics by name
//! or pattern, prayers by SEND, errors on a queue of one's own. `Session` is the protocol and
//! does no I/O; a conversation holds it on whatever carries messages: a WebSocket, or SockJS.
//!
//! A frame that is wrong is answered with ERROR and ends the session (1002; 1009 for one that is
//! too big); a message that is refused is told to `/user/queue/errors` and the session lives on.

mod act;
mod ant;
mod beats;
mod broker;
mod conversation;
mod decode;
mod encode;
mod escape;
mod frame;
mod left;
mod prayer;
mod service;
mod session;
mod subscriptions;
mod transactions;

pub use service::{Lobby, Stomp};
pub use session::Settings;

/// How many frames there are in bytes that come in these pieces; Err: so many before one that is
/// wrong. What a session does first with a message, for whoever judges the decoder alone.
pub fn count_frames(pieces: &[&[u8]]) -> Result<usize, usize> {
    let (mut decoder, mut count) = (decode::Decoder::new(), 0);
    for piece in pieces {
        decoder.feed(piece);
        while let Some(_frame) = decoder.next().map_err(|_| count)? {
            count += 1;
        }
    }
    Ok(count)
}

/// Subprotocols of WebSocket, the best first. A client that offers none speaks STOMP all the same.
pub const PROTOCOLS: &[&str] = &["v12.stomp", "v11.stomp", "v10.stomp"];
