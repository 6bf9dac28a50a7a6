//! What a mount is told: how it shows itself, and every limit with its effect.

use std::time::Duration;

use super::answer::Cookie;
use super::page::SCRIPT_PATH;
use crate::http::IdleFrames;

#[derive(Clone, Debug)]
pub struct Settings {
    /// Off: both WebSocket addresses are not found, and `/info` says so.
    pub websocket: WebSocket,
    pub cookie: Cookie,
    /// The client's script for the iframe: an address, or a path of this listener.
    pub sockjs_url: String,
    /// WebSocket subprotocols, the best first; of those that a client offers it is told one.
    pub protocols: &'static [&'static str],
    /// Nothing said for so long: an `h`.
    pub heartbeat: Duration,
    /// A WebSocket without SockJS framing is pinged this often; None: after a silence only.
    pub ping: Option<Duration>,
    /// WebSocket frames that end no message, and those whose message is empty; beyond the bound
    /// the session ends with 1008.
    pub idle_frames: IdleFrames,
    /// A session over HTTP that nobody receives from ends after this.
    pub session_timeout: Duration,
    /// A stream ends after this much; a poll carries about this much.
    pub response_bytes_max: usize,
    /// The largest body (else 413) and WebSocket message (else close 1009) of a client.
    pub payload_bytes_max: usize,
    /// What a client has said and the service not heard: at this much sockets are not read, and
    /// sends wait.
    pub incoming_bytes_max: usize,
    /// A send that had to wait for so long is answered 503.
    pub send_timeout: Duration,
    /// What the service has said and the client not read: at this much the service waits.
    pub outgoing_bytes_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WebSocket {
    On,
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            websocket: WebSocket::On,
            cookie: Cookie::None,
            sockjs_url: SCRIPT_PATH.into(),
            protocols: &[],
            heartbeat: Duration::from_secs(25),
            ping: None,
            idle_frames: IdleFrames::Bounded,
            session_timeout: Duration::from_secs(5),
            response_bytes_max: 128 << 10,
            payload_bytes_max: 64 << 10,
            incoming_bytes_max: 256 << 10,
            send_timeout: Duration::from_secs(10),
            outgoing_bytes_max: 512 << 10,
        }
    }
}
