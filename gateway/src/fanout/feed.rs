//! The projector's side of the hub. While the projector shows a command in the views, what that
//! command changed and somebody asked for is copied into a bounded queue; nothing else is done
//! on its thread. When the queue is full, the rest is noted as lost and rebuilt from the views.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::projection::candles::CandleChange;
use engine::projection::{
    AccountEvent, DayStatistics, ExternalBook, LevelChange, MarketNews, OrderView, PrayerView,
    PublicTrade,
};
use engine::{Output, Token, Views};
use orison_core::command::{ExternalTrade, Liquidation, Ticker};
use orison_core::event::{AccountOpened, AssetOpened, Conditions};
use orison_core::{
    AccountId, ClientOrderId, Event, ExecutionId, Instrument, InstrumentId, OrderId, Stamp,
};

use super::foreign::Key;
use super::interest::{Interest, Kinds, SiteKinds};
use super::standing::{Standings, standings};
use super::wakeup::Wakeup;

/// Book levels that may wait for each piece of news that may.
const LEVELS_A_NEWS: usize = 4;
/// The fan-out thread is called at the latest after so many items, idle or not.
const ITEMS_UNCALLED_MAX: usize = 256;

/// One piece of news, in the order of commands.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Trade(PublicTrade),
    Book(BookNews),
    Statistics { instrument: InstrumentId, day: DayStatistics },
    Candle { change: CandleChange, at: Stamp },
    Market { news: MarketNews, at: Stamp },
    Instrument(Instrument),
    Asset(AssetOpened),
    Account(AccountOpened),
    Order(OrderNews),
    Prayers(PrayerView),
    Ticker { ticker: Ticker, at: Stamp },
    Liquidation { liquidation: Liquidation, at: Stamp },
    ForeignTrade { trade: ExternalTrade, at: Stamp },
    ForeignBook { key: Key, book: Box<ExternalBook> },
}

/// Levels one command changed; they stand in the batch.
#[derive(Clone, Debug)]
pub(crate) struct BookNews {
    pub(crate) instrument: InstrumentId,
    pub(crate) at: Stamp,
    pub(crate) previous_sequence: u64,
    pub(crate) levels: Range<usize>,
}

/// An event of an order, or of its money, as one account sees it.
#[derive(Clone, Debug)]
pub(crate) struct OrderNews {
    pub(crate) account: AccountId,
    pub(crate) event: AccountEvent,
    pub(crate) role: Role,
    /// Empty: none was given, or the order is forgotten.
    pub(crate) client_order_id: ClientOrderId,
    /// Of a trade, while the tape remembers it.
    pub(crate) execution: Option<ExecutionId>,
    /// Of an order that enters or is amended, if it has any: as they stand when this is told.
    pub(crate) conditions: Option<Box<Conditions>>,
    /// The order right after the event, if it is known and somebody reads that.
    pub(crate) standing: Option<Box<OrderView>>,
}

/// Whose side of an event is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Taker,
    Maker,
}

#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) news: Vec<News>,
    pub(crate) levels: Vec<LevelChange>,
    /// The first command that found no place; nothing after it is here.
    pub(crate) lost_from: Option<u64>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.news.clear();
        self.levels.clear();
        self.lost_from = None;
    }

    /// A command that finds the queue empty always fits.
    fn has_place(&self, news: usize, levels: usize, news_max: usize) -> bool {
        let levels_max = news_max * LEVELS_A_NEWS;
        self.news.is_empty()
            || (self.news.len() + news <= news_max && self.levels.len() + levels <= levels_max)
    }
}

/// What feed and fan-out thread share.
pub(crate) struct FeedQueue {
    pub(crate) interest: Interest,
    pub(crate) wakeup: Wakeup,
    news_max: usize,
    batch: Mutex<Batch>,
}

impl FeedQueue {
    pub(crate) fn new(news_max: usize) -> Self {
        let (interest, wakeup) = (Interest::new(), Wakeup::default());
        Self { interest, wakeup, news_max, batch: Mutex::default() }
    }

    /// Exchanges what waits for an empty batch.
    pub(crate) fn swap(&self, batch: &mut Batch) {
        batch.clear();
        std::mem::swap(&mut *self.lock(), batch);
    }

    fn lock(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Called by the projector, between it and the views nobody else.
pub struct HubFeed {
    queue: Arc<FeedQueue>,
    /// News that no view lists, of the command so far.
    names: Vec<News>,
    /// The venue's book that the command so far tells anew.
    book: Option<Key>,
    /// The next command expected; a later one means that some were never shown to us.
    next: u64,
    uncalled: usize,
}

impl HubFeed {
    pub(crate) fn new(queue: Arc<FeedQueue>, next: u64) -> Self {
        Self { queue, names: Vec::new(), book: None, next, uncalled: 0 }
    }

    /// `index` counts the events of a command from 0.
    pub fn on_event(&mut self, output: &Output, _index: u32, _views: &Views) {
        match output.event() {
            Event::Instrument(instrument) => {
                self.names.push(News::Instrument(*instrument));
            }
            Event::AssetOpened(asset) => self.names.push(News::Asset(*asset)),
            Event::AccountOpened(opened) => {
                if self.queue.interest.on_opened(opened.account, &opened.name) {
                    self.names.push(News::Account(*opened));
                }
            }
            Event::Ticker(ticker) => {
                if self.queue.interest.in_site(SiteKinds::TICKERS) {
                    let (ticker, at) = (*ticker, output.stamp());
                    self.names.push(News::Ticker { ticker, at });
                }
            }
            Event::Liquidation(forced) => {
                if self.queue.interest.in_site(SiteKinds::LIQUIDATIONS) {
                    let (liquidation, at) = (*forced, output.stamp());
                    self.names.push(News::Liquidation { liquidation, at });
                }
            }
            Event::ExternalTrade(trade) => {
                if self.queue.interest.in_site(SiteKinds::TRADES) {
                    let (trade, at) = (*trade, output.stamp());
                    self.names.push(News::ForeignTrade { trade, at });
                }
            }
            Event::ExternalDepth(head) => {
                if self.queue.interest.in_site(SiteKinds::BOOKS) {
                    self.book = Some((head.venue, head.symbol));
                }
            }
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Trade(_)
            | Event::Rested(_)
            | Event::Cancelled(_)
            | Event::Amended(_)
            | Event::Level(_)
            | Event::Prayed(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    /// The command is complete and `views` show it.
    pub fn on_end(&mut self, _token: Token, stamp: Stamp, views: &Views) {
        let expected = std::mem::replace(&mut self.next, stamp.sequence.0 + 1);
        if let Some(key) = self.book.take()
            && let Some(book) = views.external.book(&key.0, &key.1)
        {
            self.names.push(News::ForeignBook { key, book: Box::new(book.clone()) });
        }
        if !self.queue.interest.any() {
            self.names.clear();
            return;
        }
        let queue = Arc::clone(&self.queue);
        let mut batch = queue.lock();
        if batch.lost_from.is_none() && expected < stamp.sequence.0 {
            batch.lost_from = Some(expected);
        }
        let before = batch.news.len();
        if batch.lost_from.is_none() {
            let levels = views.depth.changed().iter().filter_map(|&id| views.depth.book(id));
            let levels = levels.map(|book| book.changes().len()).sum();
            let news = views.trades.fresh().len()
                + views.orders.fresh().len()
                + views.markets.fresh().len();
            if batch.has_place(news, levels, queue.news_max) {
                self.copy(&mut batch, stamp, views);
            } else {
                batch.lost_from = Some(stamp.sequence.0);
            }
        }
        self.uncalled += batch.news.len() - before + usize::from(batch.lost_from.is_some());
        drop(batch);
        self.names.clear();
        if self.uncalled >= ITEMS_UNCALLED_MAX {
            self.call();
        }
    }

    /// Nothing more is waiting in the output ring.
    pub fn on_idle(&mut self) {
        if self.uncalled > 0 {
            self.call();
        }
    }

    fn call(&mut self) {
        self.uncalled = 0;
        self.queue.wakeup.call();
    }

    fn copy(&mut self, batch: &mut Batch, at: Stamp, views: &Views) {
        let interest = &self.queue.interest;
        batch.news.append(&mut self.names);
        if views.prayers.has_changed() && interest.in_site(SiteKinds::PRAYERS) {
            batch.news.push(News::Prayers(views.prayers.view()));
        }
        for trade in views.trades.fresh() {
            if interest.in_kind(trade.trade.instrument, Kinds::TRADES) {
                batch.news.push(News::Trade(*trade));
            }
        }
        for &instrument in views.depth.changed() {
            let Some(book) = views.depth.book(instrument) else { continue };
            if interest.in_kind(instrument, Kinds::BOOK) {
                let start = batch.levels.len();
                batch.levels.extend_from_slice(book.changes());
                let (levels, previous_sequence) =
                    (start..batch.levels.len(), book.previous_sequence());
                batch.news.push(News::Book(BookNews { instrument, at, previous_sequence, levels }));
            }
        }
        for &instrument in views.statistics.changed() {
            if interest.in_kind(instrument, Kinds::STATISTICS) {
                let day = views.statistics.day(instrument);
                batch.news.push(News::Statistics { instrument, day });
            }
        }
        for &change in views.candles.changes() {
            if interest.in_kind(change.instrument, Kinds::CANDLES) {
                batch.news.push(News::Candle { change, at });
            }
        }
        for &news in views.markets.fresh() {
            let instrument = match news {
                MarketNews::Status(changed) => changed.instrument,
                MarketNews::Auction(auction) => auction.instrument,
            };
            if interest.in_kind(instrument, Kinds::STATUS) {
                batch.news.push(News::Market { news, at });
            }
        }
        let fresh = views.orders.fresh().iter();
        let asked = fresh.copied().filter(|(account, _)| interest.in_account(*account));
        let mut standings = match interest.in_standings() {
            true => standings(views, asked.clone()),
            false => Standings::default(),
        };
        for (account, event) in asked {
            let execution = execution_in(views.trades.fresh(), &event);
            let told = Happened { account, event, execution };
            let mut tell = |news| batch.news.push(News::Order(news));
            tell_order(views, told, &mut standings, &mut tell);
        }
    }
}

/// An event, and whom it is told.
pub(crate) struct Happened {
    pub(crate) account: AccountId,
    pub(crate) event: AccountEvent,
    pub(crate) execution: Option<ExecutionId>,
}

/// What an event says to an account: a trade with itself, or its prevention, is told twice, as
/// taker first. `standings` are those of the events from this one on, or none at all.
pub(crate) fn tell_order(
    views: &Views,
    happened: Happened,
    standings: &mut Standings,
    tell: &mut dyn FnMut(OrderNews),
) {
    let Happened { account, event, execution } = happened;
    for role in roles(account, &event.event) {
        let Some(order) = order_of(&event.event, *role) else { continue };
        let order = views.orders.order(order);
        let known = order.map(|order| order.client_order_id).unwrap_or_default();
        let said = said_name(&event.event).filter(|said| !said.is_empty());
        let client_order_id = said.unwrap_or(known);
        let enters = matches!(event.event, Event::Accepted(_) | Event::Amended(_));
        let conditions = order.filter(|_| enters).and_then(|order| order.conditions.clone());
        let (role, standing) = (*role, standings.next().flatten());
        let news =
            OrderNews { account, event, role, client_order_id, execution, conditions, standing };
        tell(news);
    }
}

/// A refused order is known to its account alone.
fn said_name(event: &Event) -> Option<ClientOrderId> {
    let Event::Rejected(rejected) = event else { return None };
    Some(rejected.client_order_id)
}

/// `trades` are those of the event's command, in order.
pub(crate) fn execution_in(trades: &[PublicTrade], event: &AccountEvent) -> Option<ExecutionId> {
    let found = trades.binary_search_by_key(&event.index, |trade| trade.index).ok()?;
    Some(trades[found].execution)
}

pub(crate) fn roles(account: AccountId, event: &Event) -> &'static [Role] {
    if let Event::Decremented(_) = event {
        return &[Role::Taker, Role::Maker];
    }
    let Event::Trade(trade) = event else { return &[Role::Taker] };
    match (trade.taker_account == account, trade.maker_account == account) {
        (true, true) => &[Role::Taker, Role::Maker],
        (false, _) => &[Role::Maker],
        (true, false) => &[Role::Taker],
    }
}

/// None: an event that its account is not told of. The default: one of its money alone.
pub(crate) fn order_of(event: &Event, role: Role) -> Option<OrderId> {
    match event {
        Event::Accepted(accepted) => Some(accepted.order),
        Event::Rejected(rejected) => Some(rejected.order),
        Event::Trade(trade) => Some(match role {
            Role::Taker => trade.taker,
            Role::Maker => trade.maker,
        }),
        Event::Cancelled(cancelled) => Some(cancelled.order),
        Event::Amended(amended) => Some(amended.order),
        Event::Triggered(triggered) => Some(triggered.order),
        Event::Decremented(decremented) => Some(match role {
            Role::Taker => decremented.taker,
            Role::Maker => decremented.maker,
        }),
        Event::Balance(_) => Some(OrderId::default()),
        Event::Rested(_)
        | Event::Level(_)
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
        | Event::Refreshed(_)
        | Event::Auction(_)
        | Event::Status(_)
        | Event::Bounds(_)
        | Event::Account(_)
        | Event::Done => None,
    }
}
