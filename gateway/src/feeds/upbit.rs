//! Upbit on one connection, public or private. A request replaces what the connection carried, and
//! an empty one does not exist: a connection that nothing is wanted of is closed. Codes are quote
//! first on the wire and base first here. It must not know sockets.
//! Spec: docs.upbit.com/kr/reference/websocket-guide

mod message;
mod token;

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::HeaderValue;
use orison_core::Symbol;
use orison_core::command::Ticker;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::event::{Depth, VenueEvent};
use super::pace::Pace;
use super::protocol::{Heard, Notes, Request};
use super::recent::Recent;
use super::topic::{LineName, Subject, Topic};
use message::Said;
pub use token::Keys;

/// Trades and own orders among which a repeated one is found.
const RECENT: usize = 8192;
/// Levels of a book that Upbit offers.
const UNITS: [usize; 4] = [1, 5, 15, 30];

/// How Upbit is asked to write; all four are always understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Default,
    Simple,
    JsonList,
    SimpleList,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Default, Self::Simple, Self::JsonList, Self::SimpleList];

    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Simple => "SIMPLE",
            Self::JsonList => "JSON_LIST",
            Self::SimpleList => "SIMPLE_LIST",
        }
    }
}

#[derive(Debug)]
pub(super) struct Upbit {
    line: LineName,
    keys: Option<Keys>,
    format: Format,
    depth_levels: usize,
    pace: Pace,
    /// The last book of each symbol, for when its turn comes.
    books: BTreeMap<Symbol, Depth>,
    tickers: BTreeMap<Symbol, Ticker>,
    trades: Recent<(Symbol, u64)>,
    own: Recent<Box<str>>,
}

impl Upbit {
    pub(super) fn new(line: LineName, settings: &super::Settings) -> Self {
        Self {
            line,
            keys: settings.upbit_keys.clone(),
            format: settings.upbit_format,
            depth_levels: settings.depth_levels,
            pace: Pace::new(settings.depth_interval),
            books: BTreeMap::new(),
            tickers: BTreeMap::new(),
            trades: Recent::new(RECENT),
            own: Recent::new(RECENT),
        }
    }

    pub(super) fn url(&self, base: &str) -> String {
        match self.line {
            LineName::UpbitPrivate => format!("{base}/private"),
            LineName::UpbitPublic | LineName::BinanceMarket | LineName::BinancePublic => {
                base.into()
            }
        }
    }

    /// A token is good once: its nonce is remembered by the venue.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        match (self.line, &self.keys) {
            (LineName::UpbitPrivate, Some(keys)) => {
                let token = keys.token().map_err(|error| error.to_string())?;
                let value = HeaderValue::from_str(&format!("Bearer {token}"));
                value.map(Some).map_err(|error| error.to_string())
            }
            (_, _) => Ok(None),
        }
    }

    /// The whole set, always.
    pub(super) fn request(
        &self,
        sent: &BTreeSet<Topic>,
        wanted: &BTreeSet<Topic>,
    ) -> Option<Request> {
        if sent == wanted || wanted.is_empty() {
            return None;
        }
        let mut message = vec![json!({"ticket": uuid::Uuid::new_v4().to_string()})];
        for (word, subject) in [
            ("ticker", Subject::Ticker),
            ("trade", Subject::Trade),
            ("orderbook", Subject::Depth),
            ("myOrder", Subject::Order),
            ("myAsset", Subject::Asset),
        ] {
            let of_subject = wanted.iter().filter(|topic| topic.subject() == subject);
            let codes: Vec<String> = of_subject.clone().filter_map(|t| self.code(t)).collect();
            if !codes.is_empty() {
                message.push(json!({"type": word, "codes": codes}));
            } else if of_subject.count() > 0 {
                // Of the own orders all; and codes of assets are refused.
                message.push(json!({"type": word}));
            }
        }
        message.push(json!({"format": self.format.word()}));
        Some(Request { message: Value::Array(message).to_string(), sent: wanted.clone() })
    }

    fn code(&self, topic: &Topic) -> Option<String> {
        if topic.symbol().is_empty() {
            return None;
        }
        let code = code_of(&topic.symbol());
        match topic.subject() {
            Subject::Depth => {
                let units = UNITS.into_iter().find(|units| *units >= self.depth_levels);
                Some(format!("{code}.{}", units.unwrap_or(30)))
            }
            Subject::Ticker
            | Subject::Trade
            | Subject::Liquidation
            | Subject::Order
            | Subject::Asset => Some(code),
        }
    }

    pub(super) fn on_sent(&mut self, sent: &BTreeSet<Topic>) {
        let books: BTreeSet<Symbol> = sent
            .iter()
            .filter(|topic| topic.subject() == Subject::Depth)
            .map(|topic| Symbol::foreign(&symbol_of(&code_of(&topic.symbol()))).unwrap_or_default())
            .collect();
        for symbol in self.books.keys().filter(|symbol| !books.contains(symbol)) {
            self.pace.forget(symbol);
        }
        self.books.retain(|symbol, _| books.contains(symbol));
    }

    pub(super) fn is_data(text: &str) -> bool {
        let is_data = |said: &Said| match said {
            Said::Ticker(_) | Said::Trade(_) | Said::Depth(_) => true,
            Said::OwnOrder(..) | Said::OwnAssets(..) => true,
            Said::Refused { .. } | Said::Other => false,
        };
        message::read(text).is_ok_and(|said| said.iter().any(is_data))
    }

    pub(super) fn hear(&mut self, text: &str, now: Instant, notes: &mut Notes) -> Heard {
        let said = match message::read(text) {
            Ok(said) => said,
            Err(error) => return Heard::Unreadable(error.to_string()),
        };
        let mut heard = Heard::Control;
        for said in said {
            match self.hear_one(said, now, notes) {
                Heard::Control => {}
                Heard::Data => heard = Heard::Data,
                worse @ (Heard::Refused(_) | Heard::Unknown(_) | Heard::Unreadable(_)) => {
                    return worse;
                }
            }
        }
        heard
    }

    fn hear_one(&mut self, said: Said, now: Instant, notes: &mut Notes) -> Heard {
        match said {
            Said::Ticker(ticker) => match self.tickers.insert(ticker.symbol, ticker) {
                Some(before) if before == ticker => notes.duplicates += 1,
                // Told late by a connection that has just taken over.
                Some(before) if before.event_time_ms > ticker.event_time_ms => {
                    self.tickers.insert(ticker.symbol, before);
                    notes.duplicates += 1;
                }
                Some(_) | None => notes.events.push(VenueEvent::Ticker(ticker)),
            },
            Said::Trade(trade) => match self.trades.is_news((trade.symbol, trade.trade_id)) {
                true => notes.events.push(VenueEvent::Trade(trade)),
                false => notes.duplicates += 1,
            },
            Said::Depth(depth) => self.on_depth(depth, now, notes),
            Said::OwnOrder(order, words) => match self.own.is_news(words) {
                true => notes.events.push(VenueEvent::OwnOrder(order)),
                false => notes.duplicates += 1,
            },
            Said::OwnAssets(assets, words) => match self.own.is_news(words) {
                true => notes.events.push(VenueEvent::OwnAssets(assets)),
                false => notes.duplicates += 1,
            },
            Said::Refused { name, message } => {
                let reason = format!("{name}: {message}");
                return match name.as_str() {
                    "INVALID_PARAM" | "NO_CODES" => Heard::Unknown(reason),
                    _ => Heard::Refused(reason),
                };
            }
            Said::Other => return Heard::Control,
        }
        Heard::Data
    }

    fn on_depth(&mut self, mut depth: Depth, now: Instant, notes: &mut Notes) {
        depth.bids.truncate(self.depth_levels);
        depth.asks.truncate(self.depth_levels);
        let symbol = depth.symbol;
        let before = self.books.get(&symbol);
        let is_old = |before: &Depth| before.event_time_ms > depth.event_time_ms;
        if before == Some(&depth) || before.is_some_and(is_old) {
            notes.duplicates += 1;
            return;
        }
        if self.pace.may_send(symbol, now) {
            notes.events.push(VenueEvent::Depth(depth.clone()));
        }
        self.books.insert(symbol, depth);
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.pace.next_at()
    }

    pub(super) fn tick(&mut self, now: Instant, notes: &mut Notes) {
        for symbol in self.pace.due(now) {
            if let Some(depth) = self.books.get(&symbol) {
                notes.events.push(VenueEvent::Depth(depth.clone()));
            }
        }
    }
}

/// `BTC-KRW` is KRW-BTC there. Nobody sells won: who writes the venue's own code of a market in
/// won is understood.
fn code_of(symbol: &Symbol) -> String {
    match symbol.as_str().split_once('-') {
        Some(("KRW", _)) | None => symbol.as_str().into(),
        Some((base, quote)) => format!("{quote}-{base}"),
    }
}

/// `KRW-BTC` is BTC-KRW here; the levels asked for, `.15`, are cut off.
fn symbol_of(code: &str) -> String {
    let code = code.split('.').next().unwrap_or_default();
    match code.split_once('-') {
        Some((quote, base)) => format!("{base}-{quote}"),
        None => code.into(),
    }
}

#[cfg(test)]
mod tests;
