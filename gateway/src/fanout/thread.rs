//! The fan-out thread: owns every subscription. News come in from the feed and requests from
//! sessions, messages go out to outboxes, each encoded once. Requests are carried out at a cut:
//! all news up to a command handled, none after, so that what a client is shown first and what
//! it is told afterwards meet without gap.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::RwLockReadGuard;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam::channel::Receiver;
use engine::Views;
use engine::projection::MarketNews;
use engine::runtime::SharedViews;
use orison_core::{AccountName, InstrumentId};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::accounts::{Accounts, Follower};
use super::client::{Client, Round};
use super::due::{Asker, Place};
use super::feed::{Batch, News};
use super::group::earlier;
use super::hub::{Ask, Request, Shared, Subscribe};
use super::listings::Listings;
use super::market::Market;
use super::outbox::Ending;
use super::private;
use super::replay::{self, Piece, Reach, Replay, Story, TooOld};
use super::site::SiteTopics;
use super::topic::{Dialect, Topic, Wish};
use crate::stockquest::order_news;

/// Sessions are woken at the latest after so much news.
const NEWS_A_WAKE: usize = 1_024;

pub(crate) struct Fanout {
    shared: Arc<Shared>,
    views: SharedViews,
    inbox: Receiver<Request>,
    batch: Batch,
    round: Round,
    listings: Listings,
    markets: HashMap<InstrumentId, Market>,
    accounts: Accounts,
    site: SiteTopics,
    enrolled: HashMap<Uuid, HashSet<Topic>>,
    replays: Vec<Replay>,
    /// Clients that read how orders stood.
    readers: HashSet<Uuid>,
    /// The first command whose news found no place; all is rebuilt before anything else.
    lost_from: Option<u64>,
}

/// Whether the thread goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    On,
    Over,
}

/// A stage that panics takes the process with it: half a fan-out must not look alive.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

impl Fanout {
    pub(crate) fn start(shared: Arc<Shared>, views: SharedViews, inbox: Receiver<Request>) {
        let site = SiteTopics::new(shared.settings.large_liquidation_usd);
        let fanout = Self {
            shared,
            views,
            inbox,
            batch: Batch::default(),
            round: Round::new(),
            listings: Listings::default(),
            markets: HashMap::new(),
            accounts: Accounts::default(),
            site,
            enrolled: HashMap::new(),
            replays: Vec::new(),
            readers: HashSet::new(),
            lost_from: None,
        };
        let thread = std::thread::Builder::new().name("fan-out".into());
        let started = thread.spawn(move || {
            let _guard = AbortOnPanic;
            fanout.run();
        });
        started.expect("the operating system starts one more thread");
    }

    fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        shared.queue.wakeup.here();
        loop {
            self.handle_news();
            if let Some(lost_from) = self.lost_from {
                self.recover(lost_from);
            }
            while let Ok(request) = self.inbox.try_recv() {
                if self.obey(request) == Life::Over {
                    return;
                }
            }
            self.round.now = Instant::now();
            let next = self.send_due();
            self.round.wake_all();
            if self.lost_from.is_some() {
                continue;
            }
            let now = Instant::now();
            shared.queue.wakeup.sleep(next.map(|next| next.saturating_duration_since(now)));
        }
    }

    /// Handles all news there are.
    fn handle_news(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        self.shared.queue.swap(&mut batch);
        self.round.now = Instant::now();
        for (count, news) in batch.news.iter().enumerate() {
            if self.lost_from.is_none() {
                self.handle(news, &batch);
            }
            if count % NEWS_A_WAKE == NEWS_A_WAKE - 1 {
                self.round.wake_all();
            }
        }
        self.lost_from = self.lost_from.or(batch.lost_from);
        self.batch = batch;
    }

    fn handle(&mut self, news: &News, batch: &Batch) {
        let round = &mut self.round;
        let markets = &mut self.markets;
        match news {
            News::Trade(traded) => {
                if let Some(market) = markets.get(&traded.trade.instrument) {
                    market.on_trade(round, traded, self.shared.settings.order_ids);
                }
            }
            News::Book(news) => {
                if let Some(market) = markets.get_mut(&news.instrument) {
                    market.on_book(round, news, &batch.levels[news.levels.clone()]);
                }
            }
            News::Statistics { instrument, day } => {
                if let Some(market) = markets.get_mut(instrument) {
                    market.on_statistics(round, *day);
                }
            }
            News::Candle { change, at } => {
                if let Some(market) = markets.get_mut(&change.instrument) {
                    market.on_candle(round, change, *at);
                }
            }
            News::Market { news, at } => {
                let instrument = match news {
                    MarketNews::Status(changed) => changed.instrument,
                    MarketNews::Auction(auction) => auction.instrument,
                };
                if let Some(market) = markets.get_mut(&instrument) {
                    market.on_market(round, news, *at);
                }
            }
            News::Instrument(instrument) => {
                self.listings.on_instrument(instrument);
                if let Some(market) = markets.get_mut(&instrument.id) {
                    market.on_instrument(*instrument);
                }
            }
            News::Asset(asset) => self.listings.on_asset(asset),
            News::Account(opened) => self.accounts.on_opened(opened),
            News::Order(news) => self.accounts.on_order(round, news, &self.listings),
            News::Prayers(view) => self.site.on_prayers(round, view),
            News::Ticker { ticker, at } => self.site.on_ticker(round, ticker, *at),
            News::Liquidation { liquidation, at } => {
                self.site.on_liquidation(round, liquidation, *at);
            }
            News::ForeignTrade { trade, at } => self.site.foreign.on_trade(round, trade, *at),
            News::ForeignBook { key, book } => self.site.foreign.on_book(round, *key, book),
        }
    }

    /// The views, at the command up to which all news have been handled.
    fn cut<'v>(&mut self, views: &'v SharedViews) -> RwLockReadGuard<'v, Views> {
        // The bulk without the lock, the little that came meanwhile with it: the projector adds
        // news only while it holds the views itself.
        self.handle_news();
        let guard = views.read();
        self.handle_news();
        guard
    }

    /// News were lost: everything is told from the views.
    fn recover(&mut self, lost_from: u64) {
        self.shared.counters.resyncs.add(1);
        tracing::warn!(sequence = lost_from, "the fan-out fell behind; topics are rebuilt");
        let views = self.views.clone();
        let guard = self.cut(&views);
        self.lost_from = None;
        self.listings.load(&guard);
        for market in self.markets.values_mut() {
            let instrument = market.id();
            for client in market.recover(&mut self.round, &guard) {
                let story = Story::Executions(instrument);
                self.replays.push(Replay { client, story, from: Place::start_of(lost_from) });
            }
            self.shared.queue.interest.set_kinds(instrument, market.kinds());
        }
        let interest = &self.shared.queue.interest;
        for (name, follower) in self.accounts.recover(&guard, interest) {
            let client = Arc::clone(&follower.client);
            let story = Story::Orders(name, follower);
            self.replays.push(Replay { client, story, from: Place::start_of(lost_from) });
        }
        self.site.recover(&mut self.round, &guard, lost_from);
        drop(guard);
        self.tell_history();
    }

    fn obey(&mut self, request: Request) -> Life {
        match request {
            Request::Subscribe(subscribe) => self.subscribe(subscribe),
            Request::Unsubscribe { client, topics, reply } => {
                for topic in &topics {
                    self.leave(&client, topic);
                }
                self.answer(&client, reply);
            }
            Request::Show { client, topics } => self.show_again(&client, &topics),
            Request::Room => self.tell_history(),
            Request::Leave(client) => {
                let topics = self.enrolled.get(&client.id).cloned().unwrap_or_default();
                for topic in &topics {
                    self.leave(&client, topic);
                }
                self.enrolled.remove(&client.id);
                if self.readers.remove(&client.id) {
                    let interest = &self.shared.queue.interest;
                    interest.set_standings(!self.readers.is_empty());
                }
            }
            Request::Stop => return Life::Over,
        }
        self.round.wake_all();
        Life::On
    }

    fn answer(&mut self, client: &Arc<Client>, reply: Option<Utf8Bytes>) {
        if let Some(reply) = reply {
            let pushed = client.outbox.push_answer(reply, self.round.now);
            self.round.note(client, pushed);
        }
    }

    fn subscribe(&mut self, subscribe: Subscribe) {
        let views = self.views.clone();
        let guard = self.cut(&views);
        if let Some(lost_from) = self.lost_from {
            drop(guard);
            self.recover(lost_from);
            return self.subscribe(subscribe);
        }
        let Subscribe { client, ask, answer } = subscribe;
        let Ask { topics, wish, from_sequence, reply, asker } = ask;
        if let Err(too_old) = can_resume(&guard, &topics, from_sequence) {
            reply_to(answer, Err(too_old));
            return;
        }
        self.answer(&client, reply);
        self.listings.load(&guard);
        self.shared.queue.interest.wake();
        if wish.dialect == Dialect::StockQuest && self.readers.insert(client.id) {
            self.shared.queue.interest.set_standings(true);
        }
        for topic in &topics {
            self.join(&guard, &client, topic, &wish, from_sequence);
        }
        let at = guard.at().sequence.0;
        drop(guard);
        for topic in &topics {
            self.show(&client, topic, asker);
        }
        self.tell_history();
        reply_to(answer, Ok(at));
    }

    /// Enters the client in the topic, at the cut that `views` are at.
    fn join(
        &mut self,
        views: &Views,
        client: &Arc<Client>,
        topic: &Topic,
        wish: &Wish,
        from_sequence: Option<u64>,
    ) {
        let enrolled = self.enrolled.entry(client.id).or_default();
        let known = !enrolled.insert(*topic);
        client.topics.store(enrolled.len(), Ordering::Relaxed);
        if !known {
            self.shared.watch(*topic);
        }
        if let Some(id) = topic.instrument() {
            self.join_market(views, id, client, topic, wish);
        }
        match *topic {
            Topic::Executions(id) if !known || from_sequence.is_some() => {
                let untold = self.stop_telling(client, topic);
                let from = from_sequence.map(Place::start_of);
                let from = from.into_iter().chain(untold).min();
                self.tell_from(client, Story::Executions(id), views, from);
            }
            Topic::Orders(name) => {
                if known {
                    self.stop_telling(client, topic);
                    self.accounts.leave(&name, client, &self.shared.queue.interest);
                }
                self.accounts.claim(name, views, &self.shared.queue.interest);
                if from_sequence.is_none() {
                    self.show_orders(views, client, &name, wish.dialect);
                }
                let (only, dialect) = (wish.only.clone(), wish.dialect);
                let follower = Follower { client: Arc::clone(client), only, dialect, told: 0 };
                let from = from_sequence.map(Place::start_of);
                self.tell_from(client, Story::Orders(name, follower), views, from);
            }
            Topic::Executions(_)
            | Topic::OrderBook(_)
            | Topic::Statistics(_)
            | Topic::Candles(..)
            | Topic::Depth(_)
            | Topic::Status(_) => {}
            Topic::Site(topic) => {
                self.site.join(views, client, topic);
                self.shared.queue.interest.set_site(self.site.kinds());
            }
        }
    }

    fn join_market(
        &mut self,
        views: &Views,
        id: InstrumentId,
        client: &Arc<Client>,
        topic: &Topic,
        wish: &Wish,
    ) {
        let Some(instrument) = views.catalog.instrument(id) else { return };
        let market = self.markets.entry(id).or_insert_with(|| Market::new(views, instrument));
        market.load(views, topic);
        market.join(topic, client, wish, &mut self.round);
        self.shared.queue.interest.set_kinds(id, market.kinds());
    }

    /// From a place in the past by way of history, else live from here.
    fn tell_from(
        &mut self,
        client: &Arc<Client>,
        story: Story,
        views: &Views,
        from: Option<Place>,
    ) {
        match from.filter(|from| from.sequence <= views.at().sequence.0) {
            Some(from) => {
                let client = Arc::clone(client);
                self.replays.push(Replay { client, story, from });
            }
            None => self.go_live(client, story),
        }
    }

    fn go_live(&mut self, client: &Arc<Client>, story: Story) {
        match story {
            Story::Executions(id) => {
                if let Some(market) = self.markets.get_mut(&id) {
                    market.go_live(client);
                    self.shared.queue.interest.set_kinds(id, market.kinds());
                }
            }
            Story::Orders(name, follower) => self.accounts.go_live(&name, follower),
        }
    }

    /// Gives back from where on history was still to be told.
    fn stop_telling(&mut self, client: &Arc<Client>, topic: &Topic) -> Option<Place> {
        let mut untold = None;
        self.replays.retain(|replay| {
            let told = match &replay.story {
                Story::Executions(id) => Topic::Executions(*id),
                Story::Orders(name, _) => Topic::Orders(*name),
            };
            let is_it = Arc::ptr_eq(&replay.client, client) && told == *topic;
            if is_it {
                untold = Some(replay.from);
            }
            !is_it
        });
        if let Topic::Executions(id) = topic
            && let Some(market) = self.markets.get_mut(id)
        {
            market.leave(topic, client);
        }
        untold
    }

    fn show_again(&mut self, client: &Arc<Client>, topics: &[Topic]) {
        let orders: Vec<AccountName> = topics.iter().filter_map(account_of).collect();
        if !orders.is_empty() {
            let views = self.views.clone();
            let guard = self.cut(&views);
            for name in &orders {
                self.show_orders(&guard, client, name, Dialect::XTrader);
            }
        }
        for topic in topics {
            self.show(client, topic, Asker::default());
        }
    }

    fn show(&mut self, client: &Arc<Client>, topic: &Topic, asker: Asker) {
        if let Some(market) = topic.instrument().and_then(|id| self.markets.get_mut(&id)) {
            market.show(topic, client, asker, &mut self.round);
        }
        if let Topic::Site(topic) = topic {
            self.site.show(client, *topic, asker, &mut self.round);
        }
    }

    fn show_orders(
        &mut self,
        views: &Views,
        client: &Arc<Client>,
        name: &AccountName,
        dialect: Dialect,
    ) {
        let text = match dialect {
            Dialect::XTrader => self.orders_of(views, name),
            Dialect::StockQuest => order_news::active(views, name),
        };
        let pushed = client.outbox.push_answer(text, self.round.now);
        self.round.note(client, pushed);
    }

    fn orders_of(&mut self, views: &Views, name: &AccountName) -> Utf8Bytes {
        let account = views.catalog.account(name);
        let orders = account.into_iter().flat_map(|account| views.orders.of_account(account));
        let open = orders.filter(|order| order.status.is_open());
        let listings = &self.listings;
        let listed = open.filter_map(|order| Some((order, listings.get(order.instrument)?)));
        let balances = views.balances_of(name);
        let assets = balances.filter_map(|balance| Some((balance, listings.asset(balance.asset)?)));
        let at = views.at();
        private::snapshot(&mut self.round.json, name, listed, assets, at)
    }

    fn leave(&mut self, client: &Arc<Client>, topic: &Topic) {
        let Some(enrolled) = self.enrolled.get_mut(&client.id) else { return };
        if !enrolled.remove(topic) {
            return;
        }
        client.topics.store(enrolled.len(), Ordering::Relaxed);
        self.shared.unwatch(topic);
        self.stop_telling(client, topic);
        let interest = &self.shared.queue.interest;
        if let Topic::Orders(name) = topic {
            self.accounts.leave(name, client, interest);
        }
        if let Some(market) = topic.instrument().and_then(|id| self.markets.get_mut(&id)) {
            market.leave(topic, client);
            interest.set_kinds(market.id(), market.kinds());
        }
        if let Topic::Site(topic) = topic {
            self.site.leave(client, *topic);
            interest.set_site(self.site.kinds());
        }
        if self.enrolled.values().all(HashSet::is_empty) {
            interest.rest();
        }
    }

    /// Sends history to everybody whose outbox has room.
    fn tell_history(&mut self) {
        for replay in std::mem::take(&mut self.replays) {
            if let Some(unfinished) = self.tell(replay) {
                self.replays.push(unfinished);
            }
        }
    }

    /// Gives back what could not be told yet.
    fn tell(&mut self, mut replay: Replay) -> Option<Replay> {
        let views = self.views.clone();
        while self.lost_from.is_none() && replay.client.outbox.has_room() {
            let guard = self.cut(&views);
            if self.lost_from.is_some() {
                break;
            }
            let Ok((piece, reach)) = replay.copy(&guard, &self.accounts) else {
                // History has moved on faster than the client reads.
                replay.client.outbox.end(Ending::SlowConsumer);
                return None;
            };
            // At the end of history the client is live from this very command on: the feed must
            // know before the views move.
            if let (Reach::End, Story::Executions(id)) = (reach, &replay.story)
                && let Some(market) = self.markets.get_mut(id)
            {
                market.go_live(&replay.client);
                self.shared.queue.interest.set_kinds(*id, market.kinds());
            }
            drop(guard);
            self.send_piece(&mut replay, &piece);
            if reach == Reach::End {
                if let Story::Orders(name, follower) = replay.story {
                    self.accounts.go_live(&name, follower);
                }
                return None;
            }
        }
        Some(replay)
    }

    fn send_piece(&mut self, replay: &mut Replay, piece: &Piece) {
        let round = &mut self.round;
        let client = &replay.client;
        match (piece, &mut replay.story) {
            (Piece::Executions(trades), Story::Executions(id)) => {
                let Some(market) = self.markets.get(id) else { return };
                self.shared.counters.replayed.add(trades.len() as u64);
                for traded in trades {
                    market.tell(round, client, traded, self.shared.settings.order_ids);
                }
            }
            (Piece::Orders(all), Story::Orders(name, follower)) => {
                self.shared.counters.replayed.add(all.len() as u64);
                for news in all {
                    follower.tell(round, name, news, &self.listings);
                }
            }
            (Piece::Executions(_), Story::Orders(..))
            | (Piece::Orders(_), Story::Executions(_)) => {
                unreachable!("a story is told in its own pieces")
            }
        }
    }

    /// Sends what is due; says when the next is.
    fn send_due(&mut self) -> Option<Instant> {
        let round = &mut self.round;
        let markets = self.markets.values_mut();
        let next = markets.fold(None, |next, market| earlier(next, market.send_due(round)));
        earlier(next, self.site.send_due(round))
    }
}

/// Is the history that is asked for still there?
fn can_resume(views: &Views, topics: &[Topic], from_sequence: Option<u64>) -> Result<(), TooOld> {
    let Some(sequence) = from_sequence else { return Ok(()) };
    topics.iter().try_for_each(|topic| replay::check(views, topic, sequence))
}

/// A session that has gone meanwhile needs no answer.
fn reply_to(session: oneshot::Sender<Result<u64, TooOld>>, answer: Result<u64, TooOld>) {
    let _unheard = session.send(answer);
}

fn account_of(topic: &Topic) -> Option<AccountName> {
    match topic {
        Topic::Orders(name) => Some(*name),
        Topic::Executions(_)
        | Topic::OrderBook(_)
        | Topic::Statistics(_)
        | Topic::Candles(..)
        | Topic::Depth(_)
        | Topic::Status(_)
        | Topic::Site(_) => None,
    }
}
