//! What foreign venues trade and quote, as topics: each trade once, in order, and the book as it
//! stands, at most once a pace. Numbers are shown in the venue's own decimals. It must not know
//! who asked the venue for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Views;
use engine::projection::ExternalBook;
use orison_core::command::{ExternalTrade, Foreign, Venue};
use orison_core::{Side, Stamp, Symbol};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{Client, Round};
use super::due::{Asker, Place};
use super::group::{StateTopic, earlier};
use super::json::Json;
use super::topic::{Site, Topic};

const BOOK_PACE: Duration = Duration::from_millis(50);

pub(crate) type Key = (Venue, Symbol);

#[derive(Default)]
pub(crate) struct ForeignTopics {
    trades: BTreeMap<Key, Tape>,
    books: BTreeMap<Key, BookTopic>,
}

/// Those who hear of each trade.
struct Tape {
    members: Vec<Arc<Client>>,
    /// The command of the last trade told, or of the last before the first member came.
    told: u64,
}

struct BookTopic {
    topic: StateTopic,
    latest: Option<ExternalBook>,
}

impl ForeignTopics {
    pub(crate) fn trades(&self) -> usize {
        self.trades.len()
    }

    pub(crate) fn books(&self) -> usize {
        self.books.len()
    }

    pub(crate) fn join_trades(&mut self, views: &Views, client: &Arc<Client>, key: Key) {
        let told = views.at().sequence.0;
        let tape = self.trades.entry(key).or_insert_with(|| Tape { members: Vec::new(), told });
        if !tape.members.iter().any(|member| Arc::ptr_eq(member, client)) {
            tape.members.push(Arc::clone(client));
        }
    }

    pub(crate) fn join_book(&mut self, views: &Views, client: &Arc<Client>, key: Key) {
        let book = self.books.entry(key).or_insert_with(|| BookTopic::new(views, key));
        book.topic.join(client, BOOK_PACE, 0);
    }

    pub(crate) fn leave_trades(&mut self, client: &Arc<Client>, key: Key) {
        if let Some(tape) = self.trades.get_mut(&key) {
            tape.members.retain(|member| !Arc::ptr_eq(member, client));
            if tape.members.is_empty() {
                self.trades.remove(&key);
            }
        }
    }

    pub(crate) fn leave_book(&mut self, client: &Arc<Client>, key: Key) {
        if let Some(book) = self.books.get_mut(&key) {
            book.topic.leave(client);
            if book.topic.members() == 0 {
                self.books.remove(&key);
            }
        }
    }

    /// How the book stands, to one member.
    pub(crate) fn show_book(
        &mut self,
        client: &Arc<Client>,
        key: Key,
        asker: Asker,
        round: &mut Round,
    ) {
        if let Some(BookTopic { topic, latest }) = self.books.get_mut(&key) {
            topic.show(client, asker, round, &mut |_, json| depth(json, latest.as_ref()));
        }
    }

    pub(crate) fn on_trade(&mut self, round: &mut Round, said: &ExternalTrade, at: Stamp) {
        let (venue, symbol) = (said.venue, said.symbol);
        let Some(tape) = self.trades.get_mut(&(venue, symbol)) else { return };
        let text = trade(&mut round.json, said, at);
        tape.told = at.sequence.0;
        for member in &tape.members {
            let topic = Topic::Site(Site::Trades(venue, symbol));
            let place = Place::start_of(tape.told);
            let pushed = member.outbox.push_event(topic, text.clone(), place, round.now);
            round.note(member, pushed);
        }
    }

    pub(crate) fn on_book(&mut self, round: &mut Round, key: Key, book: &ExternalBook) {
        if let Some(BookTopic { topic, latest }) = self.books.get_mut(&key) {
            latest.clone_from(&Some(book.clone()));
            topic.changed(round, &mut |_, json| depth(json, latest.as_ref()));
        }
    }

    /// Sends what is due; says when the next is.
    pub(crate) fn send_due(&mut self, round: &mut Round) -> Option<Instant> {
        self.books.values_mut().fold(None, |next, BookTopic { topic, latest }| {
            let due = topic.send_due(round, &mut |_, json| depth(json, latest.as_ref()));
            earlier(next, due)
        })
    }

    /// News were lost: books are taken from the views, and of the trades the last, which is all
    /// that is remembered.
    pub(crate) fn recover(&mut self, round: &mut Round, views: &Views) {
        for (key, BookTopic { topic, latest }) in &mut self.books {
            *latest = views.external.book(&key.0, &key.1).cloned();
            topic.changed(round, &mut |_, json| depth(json, latest.as_ref()));
        }
        let missed = |(key, tape): (&Key, &Tape)| {
            let last = views.external.trade(&key.0, &key.1);
            last.filter(|(at, _)| at.sequence.0 > tape.told)
        };
        let missed: Vec<_> = self.trades.iter().filter_map(missed).collect();
        for (at, trade) in missed {
            self.on_trade(round, &trade, at);
        }
    }
}

impl BookTopic {
    fn new(views: &Views, (venue, symbol): Key) -> Self {
        let mut json = Json::default();
        json.open("DEPTH");
        json.text("venue", venue.as_str());
        json.text("symbol", symbol.as_str());
        let topic = Topic::Site(Site::Depth(venue, symbol));
        let latest = views.external.book(&venue, &symbol).cloned();
        Self { topic: StateTopic::new(topic, json.bytes().to_vec()), latest }
    }
}

/// Dated as the venue dates it.
fn trade(json: &mut Json, said: &ExternalTrade, at: Stamp) -> Utf8Bytes {
    json.open("TRADE");
    json.text("venue", said.venue.as_str());
    json.text("symbol", said.symbol.as_str());
    json.word(
        "side",
        match said.side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        },
    );
    json.units("price", i128::from(said.price.mantissa), said.price.scale);
    json.units("quantity", i128::from(said.quantity.mantissa), said.quantity.scale);
    json.integer("tradeId", said.trade_id);
    json.integer("sequence", at.sequence.0);
    json.integer("timestamp", said.event_time_ms);
    json.close()
}

/// None: nothing was said yet.
fn depth(json: &mut Json, book: Option<&ExternalBook>) -> Option<Stamp> {
    let book = book?;
    for (key, levels) in [("bids", &book.bids), ("asks", &book.asks)] {
        json.key(key);
        json.raw(b"[");
        for (index, (price, quantity)) in levels.iter().enumerate() {
            json.separate(index);
            pair(json, *price, *quantity);
        }
        json.raw(b"]");
    }
    json.integer("updateId", book.update_id);
    Some(Stamp { time_ns: book.event_time_ms.saturating_mul(1_000_000), ..book.stamp })
}

fn pair(json: &mut Json, price: Foreign, quantity: Foreign) {
    json.raw(b"[");
    json.units_value(i128::from(price.mantissa), price.scale);
    json.raw(b",");
    json.units_value(i128::from(quantity.mantissa), quantity.scale);
    json.raw(b"]");
}
