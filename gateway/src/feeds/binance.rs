//! Binance USD-M on one connection: what to ask for, what is heard, which books need a snapshot.
//! Duplicates go no further; depth leaves conflated. It must not know sockets: the session carries
//! bytes to and fro and fetches what is due.

mod book;
mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orison_core::command::Ticker;
use orison_core::{Decimal, Symbol};
use tokio::time::Instant;

use super::backoff::{Backoff, chance};
use super::event::{Depth, Forced, Trade, VenueEvent};
use super::pace::Pace;
use super::protocol::{Fetch, Heard, Notes, Request};
use super::recent::Recent;
use super::topic::{LineName, Subject, Topic, VenueName};
use book::{Book, Step, Update};
use message::Said;

/// Streams named in one request: the message stays small.
const STREAMS_PER_REQUEST_MAX: usize = 100;
/// A request without an answer by then: the connection is no good.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Forced orders among which a repeated one is found.
const FORCED_RECENT: usize = 4096;
const SNAPSHOT_LEVELS: usize = 1000;

#[derive(Debug)]
pub(super) struct Binance {
    line: LineName,
    rest: String,
    next_id: u64,
    /// Requests that were not answered yet.
    asked: BTreeMap<u64, Instant>,
    books: BTreeMap<Symbol, Kept>,
    pace: Pace,
    depth_levels: usize,
    large_usd: Decimal,
    tickers: BTreeMap<Symbol, Ticker>,
    /// The last trade of each symbol; ids count up by one.
    trades: BTreeMap<Symbol, u64>,
    forced: Recent<Box<str>>,
}

#[derive(Debug, Default)]
struct Kept {
    book: Book,
    snapshot: Due,
    backoff: Backoff,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Due {
    #[default]
    No,
    At(Instant),
    UnderWay,
}

impl Binance {
    pub(super) fn new(line: LineName, settings: &super::Settings) -> Self {
        Self {
            line,
            rest: settings.binance_rest.clone(),
            next_id: 1,
            asked: BTreeMap::new(),
            books: BTreeMap::new(),
            pace: Pace::new(settings.depth_interval),
            depth_levels: settings.depth_levels,
            large_usd: settings.large_usd,
            tickers: BTreeMap::new(),
            trades: BTreeMap::new(),
            forced: Recent::new(FORCED_RECENT),
        }
    }

    /// The plain addresses, `/ws`, accept and then say nothing.
    pub(super) fn url(&self, base: &str) -> String {
        match self.line {
            LineName::BinancePublic => format!("{base}/public/ws"),
            LineName::BinanceMarket | LineName::UpbitPublic | LineName::UpbitPrivate => {
                format!("{base}/market/ws")
            }
        }
    }

    /// A new connection: nothing was asked, and what the books missed meanwhile nobody knows.
    pub(super) fn opened(&mut self) {
        self.asked.clear();
        self.books.clear();
    }

    /// What goes comes first, so that the venue never carries more than it allows.
    pub(super) fn request(
        &self,
        sent: &BTreeSet<Topic>,
        wanted: &BTreeSet<Topic>,
    ) -> Option<Request> {
        let part = |from: &BTreeSet<Topic>, without: &BTreeSet<Topic>| -> Vec<Topic> {
            from.difference(without).take(STREAMS_PER_REQUEST_MAX).copied().collect()
        };
        let (gone, new) = (part(sent, wanted), part(wanted, sent));
        let mut after = sent.clone();
        let (method, topics) = match (gone.is_empty(), new.is_empty()) {
            (true, true) => return None,
            (false, _) => {
                after.retain(|topic| !gone.contains(topic));
                ("UNSUBSCRIBE", gone)
            }
            (true, false) => {
                after.extend(&new);
                ("SUBSCRIBE", new)
            }
        };
        let id = self.next_id;
        let params: Vec<String> = topics.iter().map(stream).collect();
        let message = serde_json::json!({"method": method, "params": params, "id": id});
        Some(Request { message: message.to_string(), sent: after })
    }

    /// The request has left: the venue carries these from now on.
    pub(super) fn on_sent(&mut self, sent: &BTreeSet<Topic>, now: Instant) {
        self.asked.insert(self.next_id, now + ANSWER_TIMEOUT);
        self.next_id += 1;
        let has = |subject, symbol: &Symbol| {
            Topic::new(VenueName::Binance, subject, *symbol).is_some_and(|t| sent.contains(&t))
        };
        self.books.retain(|symbol, _| has(Subject::Depth, symbol));
        self.trades.retain(|symbol, _| has(Subject::Trade, symbol));
        for topic in sent.iter().filter(|topic| topic.subject() == Subject::Depth) {
            self.books.entry(topic.symbol()).or_default();
        }
    }

    /// Of a connection that is to take over nothing is expected: whether it is any good is seen by
    /// what it tells.
    pub(super) fn asked_elsewhere(&mut self) {
        self.next_id += 1;
    }

    pub(super) fn taken_over(&mut self) {
        self.asked.clear();
    }

    pub(super) fn is_data(text: &str) -> bool {
        match message::read(text) {
            Ok(Said::Ticker(_) | Said::Liquidation(..) | Said::Trade(_) | Said::Depth(_)) => true,
            Ok(Said::Done { .. } | Said::Refused { .. } | Said::Other) | Err(_) => false,
        }
    }

    pub(super) fn hear(&mut self, text: &str, now: Instant, notes: &mut Notes) -> Heard {
        match message::read(text) {
            Ok(Said::Ticker(ticker)) => self.on_ticker(ticker, notes),
            Ok(Said::Liquidation(liquidation, words)) => {
                let forced = Forced::new(liquidation, self.large_usd);
                match self.forced.is_news(words) {
                    true => notes.events.push(VenueEvent::Liquidation(forced)),
                    false => notes.duplicates += 1,
                }
            }
            Ok(Said::Trade(trade)) => self.on_trade(trade, notes),
            Ok(Said::Depth(update)) => self.on_depth(update, now, notes),
            Ok(Said::Done { id }) => {
                self.asked.remove(&id);
                return Heard::Control;
            }
            Ok(Said::Refused { id, reason }) => {
                return match id {
                    Some(id) => {
                        self.asked.remove(&id);
                        Heard::Unknown(reason)
                    }
                    None => Heard::Refused(reason),
                };
            }
            Ok(Said::Other) => return Heard::Control,
            Err(error) => return Heard::Unreadable(error.to_string()),
        }
        Heard::Data
    }

    fn on_ticker(&mut self, ticker: Ticker, notes: &mut Notes) {
        match self.tickers.insert(ticker.symbol, ticker) {
            Some(before) if before == ticker => notes.duplicates += 1,
            // Told late by a connection that has just taken over.
            Some(before) if before.event_time_ms > ticker.event_time_ms => {
                self.tickers.insert(ticker.symbol, before);
                notes.duplicates += 1;
            }
            Some(_) | None => notes.events.push(VenueEvent::Ticker(ticker)),
        }
    }

    fn on_trade(&mut self, trade: Trade, notes: &mut Notes) {
        let last = self.trades.get(&trade.symbol).copied();
        if last.is_some_and(|last| trade.trade_id <= last) {
            notes.duplicates += 1;
            return;
        }
        notes.missed += last.map_or(0, |last| trade.trade_id - last - 1);
        self.trades.insert(trade.symbol, trade.trade_id);
        notes.events.push(VenueEvent::Trade(trade));
    }

    fn on_depth(&mut self, update: Update, now: Instant, notes: &mut Notes) {
        let symbol = update.symbol;
        // Of a book that nobody wants any more: what was on its way.
        let Some(kept) = self.books.get_mut(&symbol) else { return };
        let step = kept.book.on_update(update);
        kept.after(step, now, notes);
        if step == Step::Applied && self.pace.may_send(symbol, now) {
            notes.events.push(depth(symbol, &kept.book, self.depth_levels));
        }
    }

    pub(super) fn on_snapshot(
        &mut self,
        symbol: Symbol,
        body: Result<&[u8], Duration>,
        now: Instant,
        notes: &mut Notes,
    ) {
        let Some(kept) = self.books.get_mut(&symbol) else { return };
        let snapshot = body.map(message::read_snapshot);
        match snapshot {
            Ok(Ok(snapshot)) => {
                kept.snapshot = Due::No;
                let (pace, levels) = (&mut self.pace, self.depth_levels);
                let step = kept.book.on_snapshot(snapshot, |book| {
                    if pace.may_send(symbol, now) {
                        notes.events.push(depth(symbol, book, levels));
                    }
                });
                kept.after(step, now, notes);
            }
            Ok(Err(error)) => {
                tracing::warn!(%symbol, %error, "a depth snapshot makes no sense");
                kept.retry(now, Duration::ZERO);
            }
            Err(pause) => kept.retry(now, pause),
        }
    }

    /// When `tick` has something to do.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let snapshots = self.books.values().filter_map(|kept| match kept.snapshot {
            Due::At(at) => Some(at),
            Due::No | Due::UnderWay => None,
        });
        let answers = self.asked.values().copied();
        snapshots.chain(answers).chain(self.pace.next_at()).min()
    }

    pub(super) fn tick(&mut self, now: Instant, notes: &mut Notes) -> Result<Vec<Fetch>, String> {
        if let Some((id, _)) = self.asked.iter().find(|(_, until)| **until <= now) {
            return Err(format!("request {id} was not answered"));
        }
        for symbol in self.pace.due(now) {
            if let Some(kept) = self.books.get(&symbol).filter(|kept| kept.book.is_synced()) {
                notes.events.push(depth(symbol, &kept.book, self.depth_levels));
            }
        }
        let mut fetches = Vec::new();
        for (symbol, kept) in &mut self.books {
            if matches!(kept.snapshot, Due::At(at) if at <= now) {
                kept.snapshot = Due::UnderWay;
                let rest = &self.rest;
                let url = format!("{rest}/fapi/v1/depth?symbol={symbol}&limit={SNAPSHOT_LEVELS}");
                fetches.push(Fetch { symbol: *symbol, url });
            }
        }
        Ok(fetches)
    }

    /// Books that are whole, and all.
    pub(super) fn books(&self) -> (usize, usize) {
        let synced = self.books.values().filter(|kept| kept.book.is_synced()).count();
        (synced, self.books.len())
    }
}

impl Kept {
    fn after(&mut self, step: Step, now: Instant, notes: &mut Notes) {
        match step {
            // The stream is open: now, not earlier, a snapshot can fit.
            Step::Buffered if self.snapshot == Due::No => self.snapshot = Due::At(now),
            Step::Buffered | Step::Stale => {}
            Step::Applied => self.backoff.reset(),
            Step::Broken(fault) => {
                notes.resyncs += 1;
                tracing::info!(?fault, "a local book is made anew");
                match fault {
                    book::Fault::Gap if self.backoff.failures() == 0 => {
                        self.snapshot = Due::At(now);
                        self.backoff.next(0.5);
                    }
                    book::Fault::Gap | book::Fault::SnapshotTooOld | book::Fault::Crossed => {
                        self.retry(now, Duration::ZERO);
                    }
                }
            }
        }
    }

    fn retry(&mut self, now: Instant, pause: Duration) {
        self.snapshot = Due::At(now + self.backoff.next(chance()).max(pause));
    }
}

fn depth(symbol: Symbol, book: &Book, levels: usize) -> VenueEvent {
    VenueEvent::Depth(Depth {
        venue: VenueName::Binance.name(),
        symbol,
        bids: book.bids(levels),
        asks: book.asks(levels),
        update_id: book.last_id(),
        event_time_ms: book.event_time_ms(),
    })
}

fn stream(topic: &Topic) -> String {
    let symbol = topic.symbol().as_str().to_ascii_lowercase();
    match topic.subject() {
        Subject::Ticker => format!("{symbol}@ticker"),
        Subject::Liquidation if symbol.is_empty() => "!forceOrder@arr".into(),
        Subject::Liquidation => format!("{symbol}@forceOrder"),
        Subject::Trade => format!("{symbol}@aggTrade"),
        Subject::Depth => format!("{symbol}@depth@100ms"),
        Subject::Order | Subject::Asset => unreachable!("no topic of Binance is made of these"),
    }
}

#[cfg(test)]
mod tests;
