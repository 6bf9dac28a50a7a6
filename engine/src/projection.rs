//! The read models. Events in, views out; every view could be thrown away and rebuilt by replay.
//! They must not know the book, the rings or the journal, and no decision ever reads them.

pub mod balances;
mod bar;
pub mod candles;
pub mod catalog;
mod dense;
pub mod depth;
pub mod external;
mod history;
mod market;
pub mod markets;
pub mod orders;
pub mod positions;
pub mod prayers;
mod sections;
pub mod signals;
pub mod statistics;
pub mod tickers;
pub mod trades;
pub mod values;
mod worth;

use orison_core::event::{Amended, Balance, Decremented, Entry, Phase, Place, Trade};
use orison_core::{AccountId, AccountName, Event, Instrument, InstrumentId, Stamp};

pub use balances::Balances;
use bar::Bar;
pub use candles::{Candle, Candles, Interval};
pub use catalog::Catalog;
pub use depth::{BookView, Depth, LevelChange};
pub use external::{External, ExternalBook};
pub use markets::{Indicative, Market, MarketNews, Markets};
pub use orders::{AccountEvent, OrderStatus, OrderView, Orders};
pub use positions::{Position, Positions};
pub use prayers::{PrayerView, Prayers};
pub use signals::{Features, Score, Signal, SignalWord, Signals};
pub use statistics::{DayStatistics, Statistics};
pub use tickers::Tickers;
pub use trades::{PublicTrade, Resume, Trades};
pub(crate) use values::Sources;
pub use values::{Mark, MarkSource, Value, ValueSample, Values};

/// How much history views keep; the oldest goes first. All are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewLimits {
    /// Public trades an instrument.
    pub trades_max: usize,
    /// Closed candles an instrument and interval.
    pub candles_max: usize,
    /// Closed orders an account.
    pub closed_orders_max: usize,
    /// Closed orders of all accounts together.
    pub closed_orders_total_max: usize,
    /// Private events an account, for resuming.
    pub account_events_max: usize,
    /// Private events of all accounts together.
    pub account_events_total_max: usize,
    /// Life events kept with one order; at least 2.
    pub order_events_max: usize,
    /// Samples of the value of an account, one a minute.
    pub value_samples_max: usize,
    /// Accounts and quote assets whose value is sampled; who begins later has no history.
    pub value_lines_max: usize,
}

impl ViewLimits {
    pub const DEFAULT: Self = Self {
        trades_max: 100_000,
        candles_max: 2_000,
        closed_orders_max: 1_000,
        closed_orders_total_max: 1 << 20,
        account_events_max: 10_000,
        account_events_total_max: 1 << 20,
        order_events_max: 64,
        value_samples_max: 1_440,
        value_lines_max: 2_048,
    };
}

/// News of one command beyond this many entries give their memory back with the next command.
const NEWS_KEPT_MAX: usize = 1 << 12;

/// Makes room for the news of the next command.
fn begin_news<T>(news: &mut Vec<T>) {
    news.clear();
    news.shrink_to(NEWS_KEPT_MAX);
}

/// All read models at one sequence. Readers see whole commands only; who listens to single events
/// finds statistics and candles as they were before the command.
pub struct Views {
    pub catalog: Catalog,
    pub depth: Depth,
    pub trades: Trades,
    pub statistics: Statistics,
    pub candles: Candles,
    pub orders: Orders,
    pub markets: Markets,
    pub balances: Balances,
    pub positions: Positions,
    pub values: Values,
    pub signals: Signals,
    pub prayers: Prayers,
    pub tickers: Tickers,
    pub external: External,
    /// What the running command has traded.
    bars: Vec<(InstrumentId, Bar)>,
    limits: ViewLimits,
    at: Stamp,
}

impl Views {
    pub fn new(limits: ViewLimits) -> Self {
        Self {
            catalog: Catalog::new(),
            depth: Depth::new(),
            trades: Trades::new(limits.trades_max),
            statistics: Statistics::new(),
            candles: Candles::new(limits.candles_max),
            orders: Orders::new(&limits),
            markets: Markets::new(),
            balances: Balances::new(),
            positions: Positions::new(),
            values: Values::new(limits.value_samples_max, limits.value_lines_max),
            signals: Signals::new(),
            prayers: Prayers::new(),
            tickers: Tickers::new(),
            external: External::new(),
            bars: Vec::new(),
            limits,
            at: Stamp::default(),
        }
    }

    /// `index` counts the events of a command from 0.
    pub fn on_event(&mut self, stamp: Stamp, index: u32, event: &Event) {
        if index == 0 {
            self.begin(stamp);
        }
        self.show_levels(event);
        self.orders.on_event(stamp, index, event);
        match event {
            Event::Trade(trade) => self.on_trade(stamp, index, trade),
            Event::Auction(auction) => self.markets.on_auction(stamp, auction),
            Event::Status(changed) => {
                self.catalog.on_status(changed);
                self.markets.on_status(stamp, changed);
            }
            Event::Balance(balance) => self.balances.on_balance(balance),
            Event::AssetOpened(asset) => self.catalog.on_asset(asset),
            Event::Instrument(instrument) => self.on_instrument(stamp, instrument),
            Event::Bounds(bounds) => self.catalog.on_bounds(bounds),
            Event::AccountOpened(account) => self.catalog.on_account(account),
            Event::Account(settings) => {
                self.catalog.on_settings(settings);
                self.balances.on_settings(settings);
            }
            Event::Prayed(prayed) => self.prayers.on_prayed(stamp, prayed),
            Event::Ticker(ticker) => self.tickers.on_ticker(stamp, ticker),
            Event::Liquidation(forced) => self.tickers.on_liquidation(stamp, forced),
            Event::ExternalTrade(trade) => self.external.on_trade(stamp, trade),
            Event::ExternalDepth(head) => self.external.on_depth(stamp, head),
            Event::ExternalLevel(quote) => self.external.on_level(quote),
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Rested(_)
            | Event::Cancelled(_)
            | Event::Amended(_)
            | Event::Level(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Done => {}
        }
    }

    /// A new command: what the last one changed is no longer news.
    fn begin(&mut self, stamp: Stamp) {
        let Self { catalog, depth, statistics, balances, positions, values, .. } = self;
        let sources = Sources { catalog, depth, statistics, balances, positions };
        values.sample(stamp.time_ns, sources);
        self.depth.begin();
        self.trades.begin();
        self.statistics.begin();
        self.candles.begin();
        self.orders.begin();
        self.markets.begin();
        self.prayers.begin();
    }

    fn on_trade(&mut self, stamp: Stamp, index: u32, trade: &Trade) {
        self.trades.on_trade(stamp, index, trade);
        self.balances.on_trade(trade);
        self.positions.on_trade(trade);
        let quote = self.catalog.instrument(trade.instrument).map(|traded| traded.quote);
        let quote = quote.expect("an instrument is created before it trades");
        self.values.on_trade(stamp, trade, quote);
        self.signals.on_trade(stamp, trade);
        self.sum(trade.instrument, Bar::of(trade));
    }

    fn on_instrument(&mut self, stamp: Stamp, instrument: &Instrument) {
        self.catalog.on_instrument(instrument);
        self.depth.on_instrument(instrument.id);
        self.markets.on_instrument(stamp, instrument);
        let worth = self.catalog.worth(instrument);
        let worth = worth.expect("an instrument counts in whole units of assets that are open");
        self.balances.on_instrument(instrument.id, worth);
        self.positions.on_instrument(instrument.id, worth);
    }

    /// What an event says of the visible book.
    fn show_levels(&mut self, event: &Event) {
        let depth = &mut self.depth;
        match event {
            Event::Accepted(a) => match a.entry {
                Entry::New if !a.level.is_zero() => {
                    depth.set(a.instrument, a.side, a.price, a.level);
                }
                Entry::New | Entry::Duplicate => {}
            },
            Event::Trade(t) => match t.phase {
                Phase::Continuous => {
                    depth.take(t.instrument, t.taker_side.opposite(), t.price, t.quantity);
                }
                // Its levels come after its trades.
                Phase::Uncross => {}
            },
            // A market order in a call phase is at no level.
            Event::Rested(r) if r.level.is_zero() => {}
            Event::Rested(r) => depth.set(r.instrument, r.side, r.price, r.level),
            Event::Cancelled(c) => match c.place {
                Place::Book => depth.set(c.instrument, c.side, c.price, c.level),
                Place::OffBook => {}
            },
            Event::Amended(amended) => show_amended(depth, amended),
            Event::Level(l) => depth.set(l.instrument, l.side, l.price, l.quantity),
            Event::Refreshed(r) => depth.set(r.instrument, r.side, r.price, r.level),
            Event::Decremented(decremented) => self.show_decremented(decremented),
            Event::Rejected(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    /// The price of a taker that rests is not in the event: it is the one the order has.
    fn show_decremented(&mut self, d: &Decremented) {
        if d.price.0 > 0 {
            self.depth.set(d.instrument, d.taker_side.opposite(), d.price, d.level);
        }
        match d.phase {
            Phase::Continuous => {}
            Phase::Uncross => {
                let taker = self.orders.order(d.taker);
                if let Some(price) = taker.and_then(|order| order.price) {
                    self.depth.set(d.instrument, d.taker_side, price, d.taker_level);
                }
            }
        }
    }

    fn sum(&mut self, instrument: InstrumentId, bar: Bar) {
        match self.bars.iter_mut().find(|(traded, _)| *traded == instrument) {
            Some((_, sum)) => sum.absorb(&bar),
            None => self.bars.push((instrument, bar)),
        }
    }

    /// The command is complete: time moves to its stamp, candles close, changes are final.
    pub fn on_end(&mut self, stamp: Stamp) {
        self.statistics.advance(stamp);
        self.candles.advance(stamp);
        self.prayers.advance(stamp);
        for (instrument, bar) in self.bars.drain(..) {
            self.statistics.add(stamp, instrument, &bar);
            self.candles.add(stamp, instrument, &bar);
        }
        self.depth.end(stamp);
        for &instrument in self.depth.changed() {
            if let Some(book) = self.depth.book(instrument) {
                self.signals.on_book(stamp, instrument, book);
            }
        }
        self.orders.end();
        self.at = stamp;
    }

    /// Of the account of that name, by asset; nobody has nothing.
    pub fn balances_of(&self, name: &AccountName) -> impl Iterator<Item = Balance> + '_ {
        self.balances.of_account(self.named(name))
    }

    /// Of the account of that name, by instrument; nobody has none.
    pub fn positions_of(&self, name: &AccountName) -> impl Iterator<Item = Position> + '_ {
        self.positions.of_account(self.named(name))
    }

    fn named(&self, name: &AccountName) -> AccountId {
        self.catalog.account(name).unwrap_or_default()
    }

    /// How much history is kept.
    pub fn limits(&self) -> ViewLimits {
        self.limits
    }

    pub(crate) fn sources(&self) -> Sources<'_> {
        let Self { catalog, depth, statistics, balances, positions, .. } = self;
        Sources { catalog, depth, statistics, balances, positions }
    }

    /// What the instrument is valued at. None: nothing says so.
    pub fn mark(&self, instrument: InstrumentId) -> Option<Mark> {
        Mark::of(&self.sources(), instrument)
    }

    /// The last complete command.
    pub fn at(&self) -> Stamp {
        self.at
    }
}

fn show_amended(depth: &mut Depth, a: &Amended) {
    if a.old_price.0 > 0 {
        depth.set(a.instrument, a.side, a.old_price, a.old_level);
    }
    match a.place {
        Place::Book if a.price.0 > 0 => depth.set(a.instrument, a.side, a.price, a.level),
        Place::Book | Place::OffBook => {}
    }
}

#[cfg(test)]
pub(crate) mod tests;
