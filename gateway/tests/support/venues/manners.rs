//! How a venue behaves: as documented, unless a test or a person wants it otherwise.

use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    Open,
    /// Takes the wire and never answers.
    Hang,
    /// Answers the handshake with this status.
    Refuse(u16),
    /// Accepts and closes at once.
    Slam,
}

#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) door: Door,
    /// Accepts, answers, and then tells nothing.
    pub(crate) mute: bool,
    /// Reads nothing: no pong, no answer.
    pub(crate) deaf: bool,
    /// Does not answer requests.
    pub(crate) aloof: bool,
    /// Messages come in frames of so many bytes; 0: in one.
    pub(crate) fragment_bytes: usize,
    /// Upbit sends binary frames.
    pub(crate) binary: bool,
    pub(crate) ping: Duration,
    /// A client without a pong for so long is cut.
    pub(crate) pong: Duration,
    pub(crate) life: Duration,
    /// Upbit closes a connection on which nothing came for so long.
    pub(crate) idle: Duration,
    /// Statuses that the next fetches are answered with.
    pub(crate) fetch_refusals: Vec<u16>,
    /// Does the venue know this market? Others are refused.
    pub(crate) unknown: Option<String>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            door: Door::Open,
            mute: false,
            deaf: false,
            aloof: false,
            fragment_bytes: 0,
            binary: true,
            ping: Duration::from_secs(180),
            pong: Duration::from_secs(600),
            life: Duration::from_secs(24 * 3600),
            idle: Duration::from_secs(120),
            fetch_refusals: Vec::new(),
            unknown: None,
        }
    }
}
