//! What foreign venues trade and quote: the last trade and the book of each venue and symbol, as
//! they were told last. Beyond the limit the one heard of longest ago goes.

use std::collections::HashMap;

use orison_core::command::{EXTERNAL_LEVELS_MAX, ExternalTrade, Foreign, Venue};
use orison_core::event::{ExternalHead, ExternalQuote};
use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::{Side, Stamp, Symbol};

/// Venues and symbols with a trade, and those with a book.
pub const CHANNELS_MAX: usize = 1_024;

type Key = (Venue, Symbol);

pub struct External {
    trades: HashMap<Key, (Stamp, ExternalTrade)>,
    books: HashMap<Key, ExternalBook>,
    /// The book whose levels are being told.
    telling: Option<Key>,
}

/// Price and quantity, best first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalBook {
    pub stamp: Stamp,
    pub bids: Vec<(Foreign, Foreign)>,
    pub asks: Vec<(Foreign, Foreign)>,
    pub update_id: u64,
    pub event_time_ms: u64,
}

impl External {
    pub(super) fn new() -> Self {
        Self { trades: HashMap::new(), books: HashMap::new(), telling: None }
    }

    pub(super) fn on_trade(&mut self, stamp: Stamp, trade: &ExternalTrade) {
        let key = (trade.venue, trade.symbol);
        make_room(&mut self.trades, &key, |(stamp, _)| *stamp);
        self.trades.insert(key, (stamp, *trade));
    }

    pub(super) fn on_depth(&mut self, stamp: Stamp, head: &ExternalHead) {
        let key = (head.venue, head.symbol);
        make_room(&mut self.books, &key, |book| book.stamp);
        let book = self.books.entry(key).or_insert_with(|| ExternalBook {
            stamp,
            bids: Vec::with_capacity(EXTERNAL_LEVELS_MAX),
            asks: Vec::with_capacity(EXTERNAL_LEVELS_MAX),
            update_id: 0,
            event_time_ms: 0,
        });
        book.bids.clear();
        book.asks.clear();
        (book.stamp, book.update_id) = (stamp, head.update_id);
        book.event_time_ms = head.event_time_ms;
        self.telling = Some(key);
    }

    pub(super) fn on_level(&mut self, quote: &ExternalQuote) {
        let book = self.telling.as_ref().and_then(|key| self.books.get_mut(key));
        let book = book.expect("a level follows the head of its book");
        let side = match quote.side {
            Side::Buy => &mut book.bids,
            Side::Sell => &mut book.asks,
        };
        side.push((quote.price, quote.quantity));
    }

    pub fn trade(&self, venue: &Venue, symbol: &Symbol) -> Option<(Stamp, ExternalTrade)> {
        self.trades.get(&(*venue, *symbol)).copied()
    }

    pub fn book(&self, venue: &Venue, symbol: &Symbol) -> Option<&ExternalBook> {
        self.books.get(&(*venue, *symbol))
    }
}

fn make_room<T>(channels: &mut HashMap<Key, T>, key: &Key, stamp: impl Fn(&T) -> Stamp) {
    if channels.len() < CHANNELS_MAX || channels.contains_key(key) {
        return;
    }
    // Sequences differ: the order of the map decides nothing.
    let silent = channels.iter().min_by_key(|(_, told)| stamp(told).sequence).map(|(key, _)| *key);
    if let Some(silent) = silent {
        channels.remove(&silent);
    }
}

orison_core::stored! {
    ExternalBook { stamp, bids, asks, update_id, event_time_ms }
}

/// In the order of venues and symbols, so that the same state has the same bytes.
impl Stored for External {
    fn store(&self, to: &mut Output<'_>) {
        let Self { trades, books, telling } = self;
        store_map(trades, to);
        store_map(books, to);
        telling.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let trades = Vec::load(from)?.into_iter().collect();
        let books = Vec::load(from)?.into_iter().collect();
        Ok(Self { trades, books, telling: Stored::load(from)? })
    }
}

fn store_map<T: Stored>(map: &HashMap<Key, T>, to: &mut Output<'_>) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| **key);
    entries.len().store(to);
    for (key, value) in entries {
        key.store(to);
        value.store(to);
    }
}
