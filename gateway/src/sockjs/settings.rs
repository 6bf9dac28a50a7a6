//! What a mount is told: how it shows itself, and every limit with its effect.

use std::time::Duration;

use hyper::header::HeaderValue;

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
    /// Whose pages may use sessions over HTTP.
    pub pages: Pages,
    /// The policy of the iframe's page. None: every page may show it, and use through it what it
    /// may use itself, which is more than the page could.
    pub iframe_policy: Option<HeaderValue>,
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

/// Pages that may use the sessions of a mount, by the Origin of each request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pages {
    Every,
    /// None, loopback, our own or listed. What a script or a frame brings in is read across
    /// origins without anybody's leave: there the page has to be proven to be one of those.
    Trusted {
        listed: Vec<String>,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            websocket: WebSocket::On,
            cookie: Cookie::None,
            sockjs_url: SCRIPT_PATH.into(),
            pages: Pages::Every,
            iframe_policy: None,
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
