//! What the feeds are told before they start.

use std::collections::BTreeSet;
use std::time::Duration;

use orison_core::Decimal;

use super::topic::{LineName, Topic, VenueName};
use super::upbit::{Format, Keys};

#[derive(Clone, Debug)]
pub struct Settings {
    pub venues: BTreeSet<VenueName>,
    /// Without `/market` and `/public`.
    pub binance_ws: String,
    pub binance_rest: String,
    /// Without `/private`.
    pub upbit_ws: String,
    /// None: there is no private feed.
    pub upbit_keys: Option<Keys>,
    pub upbit_format: Format,
    /// Depth of a symbol leaves at most once in this time; zero: every change.
    pub depth_interval: Duration,
    pub depth_levels: usize,
    /// From this worth on a forced order is large.
    pub large_usd: Decimal,
    /// Wanted from the start to the end.
    pub topics: BTreeSet<Topic>,
    pub timing: Timing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Socket, TLS and opening handshake together.
    pub connect: Duration,
    pub ping: Duration,
    pub pong: Duration,
    /// How long a connection that carries a ticker or a book of Binance may bring nothing of the
    /// market; those are told every few seconds whatever happens.
    pub silence: Duration,
    /// The same for any other, where nothing may well happen. Whether the venue is still there is
    /// seen by its answers to pings, much sooner.
    pub quiet: Duration,
    /// The next connection takes over after this time: venues end it after 24 hours.
    pub life: Duration,
}

impl Timing {
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(10),
        ping: Duration::from_secs(30),
        pong: Duration::from_secs(10),
        silence: Duration::from_secs(60),
        quiet: Duration::from_secs(600),
        life: Duration::from_secs(23 * 3600 + 1800),
    };
}

impl Settings {
    pub const BINANCE_WS: &str = "wss://fstream.binance.com";
    pub const BINANCE_REST: &str = "https://fapi.binance.com";
    pub const UPBIT_WS: &str = "wss://api.upbit.com/websocket/v1";
    pub const LARGE_USD: u32 = 100_000;
    /// As many as a command carries.
    pub const DEPTH_LEVELS_MAX: usize = orison_core::command::EXTERNAL_LEVELS_MAX;

    /// The venues' own addresses; nothing is wanted yet.
    pub fn new(venues: BTreeSet<VenueName>) -> Self {
        Self {
            venues,
            binance_ws: Self::BINANCE_WS.into(),
            binance_rest: Self::BINANCE_REST.into(),
            upbit_ws: Self::UPBIT_WS.into(),
            upbit_keys: None,
            upbit_format: Format::Simple,
            depth_interval: Duration::from_secs(1),
            depth_levels: 5,
            large_usd: Decimal::new(i128::from(Self::LARGE_USD), 0),
            topics: BTreeSet::new(),
            timing: Timing::DEFAULT,
        }
    }

    /// The connections that there may be.
    pub(super) fn lines(&self) -> impl Iterator<Item = LineName> + '_ {
        LineName::ALL.into_iter().filter(|line| {
            let is_on = self.venues.contains(&line.venue());
            is_on && (*line != LineName::UpbitPrivate || self.upbit_keys.is_some())
        })
    }
}
