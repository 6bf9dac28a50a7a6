//! What differs between venues, behind one set of calls that know no socket: what to ask for, what
//! a message means, what is due. A closed set, so that a third venue is found by the compiler.

use std::collections::BTreeSet;
use std::time::Duration;

use orison_core::Symbol;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request as Handshake;

use super::Settings;
use super::binance::Binance;
use super::event::VenueEvent;
use super::topic::{LineName, Topic};
use super::upbit::Upbit;

#[derive(Debug)]
pub(super) enum Protocol {
    Binance(Binance),
    Upbit(Upbit),
}

/// A message to the venue, and what it carries once that has left.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) message: String,
    pub(super) sent: BTreeSet<Topic>,
}

/// A depth snapshot to be fetched over HTTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fetch {
    pub(super) symbol: Symbol,
    pub(super) url: String,
}

/// What a message was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// Of the market: the feed works.
    Data,
    /// An answer, a sign of life.
    Control,
    /// The venue does not do what it was asked.
    Refused(String),
    /// It does not carry one of the topics it was asked for last.
    Unknown(String),
    Unreadable(String),
}

/// What comes of messages and time, on its way to the status and to whoever listens.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) events: Vec<VenueEvent>,
    pub(super) duplicates: u64,
    /// Trades whose numbers were skipped.
    pub(super) missed: u64,
    /// Local books that had to be made anew.
    pub(super) resyncs: u64,
}

impl Protocol {
    pub(super) fn new(line: LineName, settings: &Settings) -> Self {
        match line {
            LineName::BinanceMarket | LineName::BinancePublic => {
                Self::Binance(Binance::new(line, settings))
            }
            LineName::UpbitPublic | LineName::UpbitPrivate => {
                Self::Upbit(Upbit::new(line, settings))
            }
        }
    }

    /// The opening request, with a token of its own each time.
    pub(super) fn handshake(&self, settings: &Settings) -> Result<Handshake, String> {
        let url = match self {
            Self::Binance(binance) => binance.url(&settings.binance_ws),
            Self::Upbit(upbit) => upbit.url(&settings.upbit_ws),
        };
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        if let Self::Upbit(upbit) = self
            && let Some(authorization) = upbit.authorization()?
        {
            request.headers_mut().insert("authorization", authorization);
        }
        Ok(request)
    }

    pub(super) fn opened(&mut self) {
        match self {
            Self::Binance(binance) => binance.opened(),
            Self::Upbit(_) => {}
        }
    }

    /// The next message on the way from what was sent to what is wanted; None: they are the same.
    pub(super) fn request(
        &self,
        sent: &BTreeSet<Topic>,
        wanted: &BTreeSet<Topic>,
    ) -> Option<Request> {
        match self {
            Self::Binance(binance) => binance.request(sent, wanted),
            Self::Upbit(upbit) => upbit.request(sent, wanted),
        }
    }

    /// The request has left.
    pub(super) fn on_sent(&mut self, sent: &BTreeSet<Topic>, now: Instant) {
        match self {
            Self::Binance(binance) => binance.on_sent(sent, now),
            Self::Upbit(upbit) => upbit.on_sent(sent),
        }
    }

    /// A request has left on a connection that is to take over: what is carried stays as it is.
    pub(super) fn asked_elsewhere(&mut self) {
        match self {
            Self::Binance(binance) => binance.asked_elsewhere(),
            Self::Upbit(_) => {}
        }
    }

    /// What the old connection was asked and did not answer is of no matter any more.
    pub(super) fn taken_over(&mut self) {
        match self {
            Self::Binance(binance) => binance.taken_over(),
            Self::Upbit(_) => {}
        }
    }

    /// What the venue still carries after it has refused one of the suspects.
    pub(super) fn left(
        &self,
        sent: &BTreeSet<Topic>,
        suspects: &BTreeSet<Topic>,
    ) -> BTreeSet<Topic> {
        match self {
            Self::Binance(_) => sent.difference(suspects).copied().collect(),
            // Of a request that is refused nobody knows; the next one replaces all.
            Self::Upbit(_) => BTreeSet::new(),
        }
    }

    /// Is it of the market? Nothing is done about it.
    pub(super) fn is_data(&self, text: &str) -> bool {
        match self {
            Self::Binance(_) => Binance::is_data(text),
            Self::Upbit(_) => Upbit::is_data(text),
        }
    }

    pub(super) fn hear(&mut self, text: &str, now: Instant, notes: &mut Notes) -> Heard {
        match self {
            Self::Binance(binance) => binance.hear(text, now, notes),
            Self::Upbit(upbit) => upbit.hear(text, now, notes),
        }
    }

    /// What is sent to see whether the venue is still there.
    pub(super) fn ping(&self) -> Message {
        match self {
            Self::Binance(_) => Message::Ping("orison".into()),
            Self::Upbit(_) => Message::text("PING"),
        }
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        match self {
            Self::Binance(binance) => binance.due_at(),
            Self::Upbit(upbit) => upbit.due_at(),
        }
    }

    pub(super) fn tick(&mut self, now: Instant, notes: &mut Notes) -> Result<Vec<Fetch>, String> {
        match self {
            Self::Binance(binance) => binance.tick(now, notes),
            Self::Upbit(upbit) => {
                upbit.tick(now, notes);
                Ok(Vec::new())
            }
        }
    }

    /// The body of a fetched snapshot, or how long to leave the venue alone.
    pub(super) fn on_snapshot(
        &mut self,
        symbol: Symbol,
        body: Result<&[u8], Duration>,
        now: Instant,
        notes: &mut Notes,
    ) {
        match self {
            Self::Binance(binance) => binance.on_snapshot(symbol, body, now, notes),
            Self::Upbit(_) => unreachable!("Upbit sends whole books: nothing is fetched"),
        }
    }

    /// Local books that are whole, and all.
    pub(super) fn books(&self) -> (usize, usize) {
        match self {
            Self::Binance(binance) => binance.books(),
            Self::Upbit(_) => (0, 0),
        }
    }
}
