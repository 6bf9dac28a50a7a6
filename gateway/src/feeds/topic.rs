//! What a component may want of a venue, and which connection carries it. Symbols are written base
//! first here, `BTC-KRW`; Upbit's own codes are quote first and exist on its wire alone.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use orison_core::Symbol;
use orison_core::command::Venue;
use thiserror::Error;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum VenueName {
    /// USD-M futures.
    Binance,
    Upbit,
}

impl VenueName {
    pub const ALL: [Self; 2] = [Self::Binance, Self::Upbit];

    pub fn word(self) -> &'static str {
        match self {
            Self::Binance => "binance",
            Self::Upbit => "upbit",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|venue| venue.word() == word)
    }

    /// As commands carry it.
    pub fn name(self) -> Venue {
        Venue::new(self.word()).expect("the words are short and printable")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    Ticker,
    Liquidation,
    Trade,
    Depth,
    /// The own orders at the venue.
    Order,
    /// The own money at the venue.
    Asset,
}

impl Subject {
    const ALL: [Self; 6] =
        [Self::Ticker, Self::Liquidation, Self::Trade, Self::Depth, Self::Order, Self::Asset];

    pub fn word(self) -> &'static str {
        match self {
            Self::Ticker => "ticker",
            Self::Liquidation => "liquidation",
            Self::Trade => "trade",
            Self::Depth => "depth",
            Self::Order => "order",
            Self::Asset => "asset",
        }
    }
}

/// In capitals and base first, `BTC-KRW`: Upbit's own code of a market in won, `KRW-BTC`, is
/// understood, for nobody sells won.
pub fn base_first<'a>(venue: &str, symbol: &'a str) -> Cow<'a, str> {
    let symbol: Cow<'_, str> = match symbol.bytes().any(|byte| byte.is_ascii_lowercase()) {
        true => symbol.to_ascii_uppercase().into(),
        false => symbol.into(),
    };
    match symbol.split_once('-') {
        Some(("KRW", base)) if venue == VenueName::Upbit.word() => format!("{base}-KRW").into(),
        Some(_) | None => symbol,
    }
}

/// Written `binance:ticker:BTCUSDT`, `binance:liquidation:*`, `upbit:depth:BTC-KRW`, `upbit:order`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Topic {
    venue: VenueName,
    subject: Subject,
    /// Empty: all there are.
    symbol: Symbol,
}

/// A connection to a venue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LineName {
    /// Ticker, forced orders and trades.
    BinanceMarket,
    /// Depth, which is under an address of its own.
    BinancePublic,
    UpbitPublic,
    /// Needs a token.
    UpbitPrivate,
}

impl LineName {
    pub const ALL: [Self; 4] =
        [Self::BinanceMarket, Self::BinancePublic, Self::UpbitPublic, Self::UpbitPrivate];

    pub fn word(self) -> &'static str {
        match self {
            Self::BinanceMarket => "binance_market",
            Self::BinancePublic => "binance_public",
            Self::UpbitPublic => "upbit_public",
            Self::UpbitPrivate => "upbit_private",
        }
    }

    pub fn venue(self) -> VenueName {
        match self {
            Self::BinanceMarket | Self::BinancePublic => VenueName::Binance,
            Self::UpbitPublic | Self::UpbitPrivate => VenueName::Upbit,
        }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{text:?} is no topic: {reason}")]
pub struct BadTopic {
    text: String,
    reason: &'static str,
}

impl Topic {
    /// None: the venue has no such thing, or the symbol is missing.
    pub fn new(venue: VenueName, subject: Subject, symbol: Symbol) -> Option<Self> {
        let is_there = match (venue, subject) {
            (VenueName::Binance, Subject::Liquidation) => true,
            (VenueName::Upbit, Subject::Order | Subject::Asset) => symbol.is_empty(),
            (_, Subject::Ticker | Subject::Trade | Subject::Depth) => !symbol.is_empty(),
            (VenueName::Binance, Subject::Order | Subject::Asset)
            | (VenueName::Upbit, Subject::Liquidation) => false,
        };
        let is_spelt = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let spelt = symbol.as_str().bytes().all(is_spelt);
        (is_there && spelt).then_some(Self { venue, subject, symbol })
    }

    pub fn venue(&self) -> VenueName {
        self.venue
    }

    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// Empty: all there are.
    pub fn symbol(&self) -> Symbol {
        self.symbol
    }

    pub fn line(&self) -> LineName {
        match (self.venue, self.subject) {
            (VenueName::Binance, Subject::Depth) => LineName::BinancePublic,
            (VenueName::Binance, _) => LineName::BinanceMarket,
            (VenueName::Upbit, Subject::Order | Subject::Asset) => LineName::UpbitPrivate,
            (VenueName::Upbit, _) => LineName::UpbitPublic,
        }
    }

    /// Does it need keys of the venue?
    pub fn is_private(&self) -> bool {
        self.line() == LineName::UpbitPrivate
    }

    /// Is it told every few seconds whatever the market does? Upbit tells of what happens alone:
    /// a market in which nobody trades is silent there.
    pub(super) fn is_steady(&self) -> bool {
        match (self.venue, self.subject) {
            (VenueName::Binance, Subject::Ticker | Subject::Depth) => true,
            (VenueName::Binance, _) | (VenueName::Upbit, _) => false,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.venue.word(), self.subject.word())?;
        match (self.symbol.is_empty(), self.subject) {
            (false, _) => write!(f, ":{}", self.symbol),
            (true, Subject::Liquidation) => f.write_str(":*"),
            (true, _) => Ok(()),
        }
    }
}

impl FromStr for Topic {
    type Err = BadTopic;

    fn from_str(text: &str) -> Result<Self, BadTopic> {
        let bad = |reason| BadTopic { text: text.into(), reason };
        let mut parts = text.splitn(3, ':');
        let venue = parts.next().and_then(VenueName::of_word);
        let venue = venue.ok_or_else(|| bad("the venues are binance and upbit"))?;
        let subject = parts.next().unwrap_or_default();
        let subject = Subject::ALL.into_iter().find(|known| known.word() == subject);
        let subject = subject.ok_or_else(|| {
            bad("the subjects are ticker, liquidation, trade, depth, order, asset")
        })?;
        let symbol = match parts.next() {
            None | Some("*") => Symbol::EMPTY,
            Some(symbol) => {
                let symbol = symbol.to_ascii_uppercase();
                Symbol::foreign(&base_first(venue.word(), &symbol)).map_err(|_| {
                    bad("a symbol has at most 16 bytes, none of them of a control character")
                })?
            }
        };
        Self::new(venue, subject, symbol)
            .ok_or_else(|| bad("the venue has no such subject, or it needs a symbol"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_as_it_is_written() {
        for (text, line) in [
            ("binance:ticker:BTCUSDT", LineName::BinanceMarket),
            ("binance:liquidation:*", LineName::BinanceMarket),
            ("binance:liquidation:ETHUSDT", LineName::BinanceMarket),
            ("binance:trade:BTCUSDT_260626", LineName::BinanceMarket),
            ("binance:depth:BTCUSDT", LineName::BinancePublic),
            ("upbit:ticker:BTC-KRW", LineName::UpbitPublic),
            ("upbit:trade:ETH-BTC", LineName::UpbitPublic),
            ("upbit:depth:BTC-KRW", LineName::UpbitPublic),
            ("upbit:order", LineName::UpbitPrivate),
            ("upbit:asset", LineName::UpbitPrivate),
        ] {
            let topic: Topic = text.parse().unwrap();
            assert_eq!((topic.to_string().as_str(), topic.line()), (text, line));
        }
        for (written, topic) in [
            ("binance:ticker:btcusdt", "binance:ticker:BTCUSDT"),
            ("upbit:depth:KRW-BTC", "upbit:depth:BTC-KRW"),
        ] {
            assert_eq!(written.parse(), topic.parse::<Topic>());
        }
    }

    #[test]
    fn what_no_venue_has_is_refused() {
        for text in [
            "",
            "kraken:ticker:BTC",
            "binance",
            "binance:candle:BTCUSDT",
            "binance:ticker",
            "binance:ticker:*",
            "binance:order",
            "upbit:liquidation:BTC-KRW",
            "upbit:order:BTC-KRW",
            "upbit:ticker:BTC KRW",
            "upbit:ticker:BTC-KRW/x",
            "binance:ticker:ABCDEFGHIJKLMNOPQ",
        ] {
            assert!(text.parse::<Topic>().is_err(), "{text}");
        }
    }
}
