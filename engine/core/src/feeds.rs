//! What foreign venues said lately, so that saying it twice is noticed: the last messages of each
//! venue and symbol, exactly as they came, found by a keyed hash. Memory for a venue and symbol is
//! allocated as its window fills for the first time.

use alloc::vec::Vec;

use crate::command::{ExternalDepth, ExternalTrade, Foreign, Liquidation, Ticker, Venue};
use crate::keyed::{Chains, END, Key, words};
use crate::text::Symbol;
use crate::types::Side;

/// Pairs of venue and symbol; a message of one more is refused `unknown_symbol`.
pub(crate) const CHANNELS_MAX: usize = 4096;

/// A message without its venue and symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) event_time_ms: u64,
    price: i64,
    other: i64,
    price_scale: u8,
    other_scale: u8,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    Ticker = 1,
    LiquidationBuy = 2,
    LiquidationSell = 3,
    TradeBuy = 4,
    TradeSell = 5,
    Depth = 6,
}

impl Message {
    pub(crate) fn of_ticker(ticker: &Ticker) -> Self {
        Self::new(Kind::Ticker, ticker.event_time_ms, ticker.price, ticker.change_24h)
    }

    pub(crate) fn of_liquidation(liquidation: &Liquidation) -> Self {
        let kind = match liquidation.side {
            Side::Buy => Kind::LiquidationBuy,
            Side::Sell => Kind::LiquidationSell,
        };
        let Liquidation { event_time_ms, price, quantity, .. } = *liquidation;
        Self::new(kind, event_time_ms, price, quantity)
    }

    /// Two trades at the same price are told apart by their ids: one word stands for what the
    /// others have no room for.
    pub(crate) fn of_trade(trade: &ExternalTrade) -> Self {
        let kind = match trade.side {
            Side::Buy => Kind::TradeBuy,
            Side::Sell => Kind::TradeSell,
        };
        let ExternalTrade { event_time_ms, price, quantity, trade_id, .. } = *trade;
        let other = Key::FIXED.hash([quantity.mantissa as u64, trade_id]) as i64;
        let other = Foreign { mantissa: other, scale: quantity.scale };
        Self::new(kind, event_time_ms, price, other)
    }

    /// Two words stand for all levels.
    pub(crate) fn of_depth(depth: &ExternalDepth) -> Self {
        let sides = Side::BOTH.map(|side| depth.side(side).levels());
        let words = sides.iter().flat_map(|levels| {
            let words = levels.iter().flat_map(|l| [l.price as u64, l.quantity as u64]);
            [levels.len() as u64].into_iter().chain(words)
        });
        let hash = |salt: u64| {
            Key::FIXED.hash([salt, depth.update_id].into_iter().chain(words.clone())) as i64
        };
        let price = Foreign { mantissa: hash(1), scale: depth.price_scale };
        let other = Foreign { mantissa: hash(2), scale: depth.quantity_scale };
        Self::new(Kind::Depth, depth.event_time_ms, price, other)
    }

    fn new(kind: Kind, event_time_ms: u64, price: Foreign, other: Foreign) -> Self {
        Self {
            event_time_ms,
            price: price.mantissa,
            other: other.mantissa,
            price_scale: price.scale,
            other_scale: other.scale,
            kind,
        }
    }

    pub(crate) fn words(&self) -> [u64; 4] {
        let small =
            self.kind as u64 | u64::from(self.price_scale) << 8 | u64::from(self.other_scale) << 16;
        [self.event_time_ms, self.price as u64, self.other as u64, small]
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    message: Message,
    chain_next: u32,
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) venue: Venue,
    pub(crate) symbol: Symbol,
    chain_next: u32,
    /// A ring once it is full: `oldest` is the next to be overwritten.
    slots: Vec<Slot>,
    oldest: usize,
    chains: Chains,
}

#[derive(Debug)]
pub(crate) struct Feeds {
    key: Key,
    window: u32,
    channels: Vec<Channel>,
    chains: Chains,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    News,
    Repeat,
    /// There are as many pairs of venue and symbol as there may be.
    NoRoom,
}

impl Feeds {
    pub(crate) fn new(key: Key, window: u32) -> Self {
        Self { key, window, channels: Vec::new(), chains: Chains::new(0) }
    }

    pub(crate) fn hear(&mut self, venue: Venue, symbol: Symbol, message: Message) -> Heard {
        let Some(channel) = self.channel(venue, symbol) else { return Heard::NoRoom };
        if self.window == 0 {
            return Heard::News;
        }
        let hash = self.key.hash(message.words());
        let channel = &mut self.channels[channel];
        if channel.knows(hash, &message) {
            return Heard::Repeat;
        }
        channel.remember(self.key, self.window as usize, hash, message);
        Heard::News
    }

    fn channel(&mut self, venue: Venue, symbol: Symbol) -> Option<usize> {
        if self.channels.is_empty() {
            self.chains = Chains::new(CHANNELS_MAX);
        }
        let hash = self.key.hash(words(&venue).chain(words(&symbol)));
        let head = self.chains.head(hash);
        let mut at = head;
        while at != END {
            let channel = &self.channels[at as usize];
            if channel.venue == venue && channel.symbol == symbol {
                return Some(at as usize);
            }
            at = channel.chain_next;
        }
        let at = self.channels.len();
        if at == CHANNELS_MAX {
            return None;
        }
        self.chains.set_head(hash, at as u32);
        self.channels.push(Channel {
            venue,
            symbol,
            chain_next: head,
            slots: Vec::new(),
            oldest: 0,
            chains: Chains::new(self.window as usize),
        });
        Some(at)
    }

    pub(crate) fn channels(&self) -> &[Channel] {
        &self.channels
    }
}

impl Channel {
    fn knows(&self, hash: u64, message: &Message) -> bool {
        let mut at = self.chains.head(hash);
        while at != END {
            let slot = &self.slots[at as usize];
            if slot.message == *message {
                return true;
            }
            at = slot.chain_next;
        }
        false
    }

    fn remember(&mut self, key: Key, window: usize, hash: u64, message: Message) {
        let at = if self.slots.len() < window {
            self.slots.push(Slot { message, chain_next: END });
            self.slots.len() - 1
        } else {
            let at = self.oldest;
            self.oldest = (at + 1) % window;
            self.forget(at as u32, key);
            at
        };
        self.slots[at] = Slot { message, chain_next: self.chains.head(hash) };
        self.chains.set_head(hash, at as u32);
    }

    fn forget(&mut self, at: u32, key: Key) {
        let Slot { message, chain_next } = self.slots[at as usize];
        let hash = key.hash(message.words());
        let mut before = self.chains.head(hash);
        if before == at {
            self.chains.set_head(hash, chain_next);
            return;
        }
        while self.slots[before as usize].chain_next != at {
            before = self.slots[before as usize].chain_next;
        }
        self.slots[before as usize].chain_next = chain_next;
    }

    pub(crate) fn messages_count(&self) -> usize {
        self.slots.len()
    }

    /// Oldest first.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        let (newer, older) = self.slots.split_at(self.oldest);
        older.iter().chain(newer).map(|slot| &slot.message)
    }
}

crate::stored_words! {
    Kind { Ticker, LiquidationBuy, LiquidationSell, TradeBuy, TradeSell, Depth }
}
crate::stored! {
    Message { event_time_ms, price, other, price_scale, other_scale, kind }
    Slot { message, chain_next }
    Channel { venue, symbol, chain_next, slots, oldest, chains }
    Feeds { key, window, channels, chains }
}
