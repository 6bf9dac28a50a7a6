//! What can be subscribed: a channel of an instrument, or of an account. The names are those of
//! the wire; which of them a request means is decided by the session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use engine::projection::Interval;
use orison_core::command::Venue;
use orison_core::{AccountName, InstrumentId, Symbol};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Channel {
    Executions,
    OrderBook,
    Statistics,
    Candles,
    Depth,
    Status,
    Orders,
    Prayer,
    Ticker,
    Liquidation,
    ForeignTrades,
    ForeignDepth,
}

impl Channel {
    /// Those of the xTrader socket.
    pub(crate) const ALL: [Self; 7] = [
        Self::Executions,
        Self::OrderBook,
        Self::Statistics,
        Self::Candles,
        Self::Depth,
        Self::Status,
        Self::Orders,
    ];

    /// What `all` means in a Subscribe.
    pub(crate) const PUBLIC: [Self; 4] =
        [Self::Executions, Self::OrderBook, Self::Statistics, Self::Candles];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Executions => "executions",
            Self::OrderBook => "orderbook",
            Self::Statistics => "statistics",
            Self::Candles => "candles",
            Self::Depth => "depth",
            Self::Status => "status",
            Self::Orders => "orders",
            Self::Prayer => "prayer",
            Self::Ticker => "ticker",
            Self::Liquidation => "liquidation",
            Self::ForeignTrades => "trade",
            Self::ForeignDepth => "venue_depth",
        }
    }

    /// Case-sensitive.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.word() == word)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Topic {
    Executions(InstrumentId),
    OrderBook(InstrumentId),
    Statistics(InstrumentId),
    Candles(InstrumentId, Interval),
    Depth(InstrumentId),
    Status(InstrumentId),
    /// By name: the account may not be open yet.
    Orders(AccountName),
    Site(Site),
}

/// What is of no instrument and no account of ours: the prayer site's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Site {
    Prayers,
    Ticker(Venue, Symbol),
    /// Forced orders of the one venue that the site shows.
    Liquidations,
    /// What a foreign venue trades.
    Trades(Venue, Symbol),
    /// Its book.
    Depth(Venue, Symbol),
}

impl Topic {
    pub(crate) fn channel(&self) -> Channel {
        match self {
            Self::Executions(_) => Channel::Executions,
            Self::OrderBook(_) => Channel::OrderBook,
            Self::Statistics(_) => Channel::Statistics,
            Self::Candles(..) => Channel::Candles,
            Self::Depth(_) => Channel::Depth,
            Self::Status(_) => Channel::Status,
            Self::Orders(_) => Channel::Orders,
            Self::Site(Site::Prayers) => Channel::Prayer,
            Self::Site(Site::Ticker(..)) => Channel::Ticker,
            Self::Site(Site::Liquidations) => Channel::Liquidation,
            Self::Site(Site::Trades(..)) => Channel::ForeignTrades,
            Self::Site(Site::Depth(..)) => Channel::ForeignDepth,
        }
    }

    /// None: a topic of an account, or of the site.
    pub(crate) fn instrument(&self) -> Option<InstrumentId> {
        match *self {
            Self::Executions(id)
            | Self::OrderBook(id)
            | Self::Statistics(id)
            | Self::Candles(id, _)
            | Self::Depth(id)
            | Self::Status(id) => Some(id),
            Self::Orders(_) | Self::Site(_) => None,
        }
    }
}

/// How a subscription wants its topics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wish {
    /// Levels of an OrderBookUpdate, a side.
    pub(crate) levels: usize,
    /// Least time between two messages of a state topic; zero = every change.
    pub(crate) pace: Duration,
    /// The same for depth, where every command is the default.
    pub(crate) depth_pace: Duration,
    /// Orders of these instruments only.
    pub(crate) only: Only,
    /// How they are told.
    pub(crate) dialect: Dialect,
}

/// The form that an account's events are told in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    XTrader,
    /// All of the account's, whatever the wish; none is told from history but what was lost.
    StockQuest,
}

impl Wish {
    pub(crate) const LEVELS: usize = 15;
    pub(crate) const LEVELS_MAX: usize = 50;
    pub(crate) const PACE: Duration = Duration::from_millis(50);
}

impl Default for Wish {
    fn default() -> Self {
        let (pace, depth_pace) = (Self::PACE, Duration::ZERO);
        let (only, dialect) = (Only::All, Dialect::XTrader);
        Self { levels: Self::LEVELS, pace, depth_pace, only, dialect }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Only {
    All,
    These(Arc<[InstrumentId]>),
}

impl Only {
    /// What is of no instrument is for everyone.
    pub(crate) fn admits(&self, instrument: InstrumentId) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => instrument == InstrumentId(0) || these.contains(&instrument),
        }
    }
}

/// `executions:BTC-KRW`, `candles:BTC-KRW_5m`, `orders:alice`, `ticker:binance.BTCUSDT`; an
/// instrument that is not known any more shows as its number.
pub(crate) struct TopicName<'a> {
    pub(crate) topic: &'a Topic,
    pub(crate) symbol: Option<&'a str>,
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.topic.channel().word();
        if let Topic::Site(site) = self.topic {
            return match site {
                Site::Prayers | Site::Liquidations => f.write_str(word),
                Site::Ticker(venue, symbol)
                | Site::Trades(venue, symbol)
                | Site::Depth(venue, symbol) => write!(f, "{word}:{venue}.{symbol}"),
            };
        }
        write!(f, "{word}:")?;
        match (self.symbol, self.topic.instrument()) {
            (Some(symbol), _) => f.write_str(symbol)?,
            (None, Some(instrument)) => write!(f, "{instrument}")?,
            (None, None) => {}
        }
        match self.topic {
            Topic::Candles(_, interval) => write!(f, "_{}", interval.word()),
            Topic::Orders(account) => f.write_str(account.as_str()),
            Topic::Executions(_)
            | Topic::OrderBook(_)
            | Topic::Statistics(_)
            | Topic::Depth(_)
            | Topic::Status(_)
            | Topic::Site(_) => Ok(()),
        }
    }
}
