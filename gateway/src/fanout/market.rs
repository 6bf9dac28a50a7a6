//! All public topics of one instrument: how it stands as of the last command handled, and who
//! watches it. News move it on in the order of commands; views are read only when a topic gets
//! its first member, or when news were lost.

mod state;

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Views;
use engine::projection::candles::CandleChange;
use engine::projection::{
    Candle, DayStatistics, Indicative, Interval, LevelChange, MarketNews, PublicTrade,
};
use orison_core::{Instrument, InstrumentId, Stamp};

use super::client::{Client, Round};
use super::depth::DepthTopic;
use super::due::{Asker, Place};
use super::feed::BookNews;
use super::group::{Render, StateTopic, earlier};
use super::interest::Kinds;
use super::json::Json;
use super::public::{self, Listing, OrderIds, Phase};
use super::topic::{Topic, Wish};
use state::State;

pub(crate) struct Market {
    state: State,
    executions: Vec<Arc<Client>>,
    orderbook: StateTopic,
    statistics: StateTopic,
    /// Of the status channel, beside `auction`.
    status: StateTopic,
    auction: StateTopic,
    /// By interval.
    candles: [StateTopic; Interval::ALL.len()],
    depth: DepthTopic,
}

impl Market {
    pub(crate) fn new(views: &Views, instrument: &Instrument) -> Self {
        let listing = Listing::of(views, instrument);
        let id = instrument.id;
        let topic = |topic, kind| StateTopic::new(topic, public::head(kind, &listing, None));
        let candles = Interval::ALL.map(|interval| {
            let head = public::head("CandlestickUpdate", &listing, Some(interval));
            StateTopic::new(Topic::Candles(id, interval), head)
        });
        Self {
            executions: Vec::new(),
            orderbook: topic(Topic::OrderBook(id), "OrderBookUpdate"),
            statistics: topic(Topic::Statistics(id), "MarketStatistics"),
            status: topic(Topic::Status(id), "InstrumentStatus"),
            auction: topic(Topic::Status(id), "AuctionUpdate"),
            candles,
            depth: DepthTopic::default(),
            state: State::new(listing),
        }
    }

    /// What the feed has to copy for this instrument.
    pub(crate) fn kinds(&self) -> Kinds {
        let candles: usize = self.candles.iter().map(StateTopic::members).sum();
        Kinds::default()
            .with(Kinds::TRADES, self.executions.len())
            .with(Kinds::BOOK, self.orderbook.members() + self.depth.members())
            .with(Kinds::STATISTICS, self.statistics.members())
            .with(Kinds::CANDLES, candles)
            .with(Kinds::STATUS, self.status.members())
    }

    /// Takes the state of a topic that nobody watched from views that are at the last handled
    /// command.
    pub(crate) fn load(&mut self, views: &Views, topic: &Topic) {
        let state = &mut self.state;
        state.now = views.at();
        match topic {
            Topic::OrderBook(_) | Topic::Depth(_) => {
                if self.orderbook.members() + self.depth.members() == 0 {
                    state.load_book(views);
                }
            }
            Topic::Statistics(_) if self.statistics.members() == 0 => state.load_day(views),
            Topic::Candles(_, interval) if self.candles[*interval as usize].members() == 0 => {
                state.load_candle(views, *interval);
            }
            Topic::Status(_) if self.status.members() == 0 => state.load_status(views),
            Topic::Statistics(_)
            | Topic::Candles(..)
            | Topic::Status(_)
            | Topic::Executions(_)
            | Topic::Orders(_)
            | Topic::Site(_) => {}
        }
    }

    /// Executions join when their history has been told: see `go_live`.
    pub(crate) fn join(
        &mut self,
        topic: &Topic,
        client: &Arc<Client>,
        wish: &Wish,
        round: &mut Round,
    ) {
        let (listing, mirror) = (&self.state.listing, &self.state.mirror);
        match topic {
            Topic::OrderBook(_) => self.orderbook.join(client, wish.pace, wish.levels),
            Topic::Statistics(_) => self.statistics.join(client, wish.pace, 0),
            Topic::Candles(_, interval) => {
                self.candles[*interval as usize].join(client, wish.pace, 0);
            }
            Topic::Depth(_) => self.depth.join(client, wish.depth_pace, round, listing, mirror),
            Topic::Status(_) => {
                self.status.join(client, Duration::ZERO, 0);
                self.auction.join(client, Duration::ZERO, 0);
            }
            Topic::Executions(_) | Topic::Orders(_) | Topic::Site(_) => {}
        }
    }

    pub(crate) fn go_live(&mut self, client: &Arc<Client>) {
        self.executions.push(Arc::clone(client));
    }

    pub(crate) fn leave(&mut self, topic: &Topic, client: &Arc<Client>) {
        match topic {
            Topic::Executions(_) => {
                self.executions.retain(|member| !Arc::ptr_eq(member, client));
            }
            Topic::OrderBook(_) => self.orderbook.leave(client),
            Topic::Statistics(_) => self.statistics.leave(client),
            Topic::Candles(_, interval) => self.candles[*interval as usize].leave(client),
            Topic::Depth(_) => self.depth.leave(client),
            Topic::Status(_) => {
                self.status.leave(client);
                self.auction.leave(client);
            }
            Topic::Orders(_) | Topic::Site(_) => {}
        }
    }

    /// Sends the first message of the topic: a snapshot of its state.
    pub(crate) fn show(
        &mut self,
        topic: &Topic,
        client: &Arc<Client>,
        asker: Asker,
        round: &mut Round,
    ) {
        let state = &self.state;
        match topic {
            Topic::OrderBook(_) => {
                let render: Render<'_> = &mut |levels, json| state.book(levels, json);
                self.orderbook.show(client, asker, round, render);
            }
            Topic::Statistics(_) => {
                self.statistics.show(client, asker, round, &mut |_, json| state.statistics(json));
            }
            Topic::Candles(_, interval) => {
                let topic = &mut self.candles[*interval as usize];
                topic.show(client, asker, round, &mut |_, json| state.candle(*interval, json));
            }
            Topic::Depth(_) => {
                self.depth.show(client, round, &state.listing, &state.mirror, state.now);
            }
            Topic::Status(_) => {
                self.status.show(client, asker, round, &mut |_, json| state.status(json));
                self.auction.show(client, asker, round, &mut |_, json| state.auction(json));
            }
            Topic::Executions(_) | Topic::Orders(_) | Topic::Site(_) => {}
        }
    }

    pub(crate) fn on_trade(&self, round: &mut Round, traded: &PublicTrade, order_ids: OrderIds) {
        if self.executions.is_empty() {
            return;
        }
        let text = public::execution(&mut round.json, &self.state.listing, traded, order_ids);
        let (topic, place) = (Topic::Executions(self.id()), place(traded));
        for member in &self.executions {
            let pushed = member.outbox.push_event(topic, text.clone(), place, round.now);
            round.note(member, pushed);
        }
    }

    /// Tells one client an execution of the past.
    pub(crate) fn tell(
        &self,
        round: &mut Round,
        client: &Arc<Client>,
        traded: &PublicTrade,
        order_ids: OrderIds,
    ) {
        let text = public::execution(&mut round.json, &self.state.listing, traded, order_ids);
        let (topic, place) = (Topic::Executions(self.id()), place(traded));
        let pushed = client.outbox.push_event(topic, text, place, round.now);
        round.note(client, pushed);
    }

    pub(crate) fn on_book(&mut self, round: &mut Round, news: &BookNews, levels: &[LevelChange]) {
        let state = &mut self.state;
        state.now = news.at;
        state.mirror.apply(news.at, levels);
        let (listing, mirror) = (&state.listing, &state.mirror);
        self.depth.changed(round, listing, mirror, news.previous_sequence, levels);
        self.orderbook.changed(round, &mut |levels, json| state.book(levels, json));
    }

    pub(crate) fn on_statistics(&mut self, round: &mut Round, day: DayStatistics) {
        self.state.day = day;
        let state = &self.state;
        self.statistics.changed(round, &mut |_, json| state.statistics(json));
    }

    pub(crate) fn on_candle(&mut self, round: &mut Round, change: &CandleChange, at: Stamp) {
        let index = change.interval as usize;
        let topic = &mut self.candles[index];
        if topic.members() == 0 {
            return;
        }
        let state = &mut self.state;
        if change.is_closed {
            state.open[index] = None;
            state.unclosed_from_ns[index] = change.candle.open_time_ns + 1;
            topic.finish(round, &mut |_, json| {
                state.candle_as(json, change.interval, &change.candle, Phase::Closed);
                Some(at)
            });
        } else {
            state.open[index] = Some((change.candle, at));
            topic.changed(round, &mut |_, json| state.candle(change.interval, json));
        }
    }

    /// Fees or bounds; its status is told by itself.
    pub(crate) fn on_instrument(&mut self, instrument: Instrument) {
        self.state.listing.instrument = instrument;
    }

    pub(crate) fn on_market(&mut self, round: &mut Round, news: &MarketNews, at: Stamp) {
        match news {
            MarketNews::Status(changed) => {
                self.state.change_status(changed, at);
                let state = &self.state;
                self.status.changed(round, &mut |_, json| state.status(json));
            }
            MarketNews::Auction(auction) => {
                self.state.indicative = Some(Indicative { stamp: at, auction: *auction });
                let state = &self.state;
                self.auction.changed(round, &mut |_, json| state.auction(json));
            }
        }
    }

    /// Sends what is due; says when the next is.
    pub(crate) fn send_due(&mut self, round: &mut Round) -> Option<Instant> {
        let state = &self.state;
        let mut next = self.depth.send_due(round, &state.listing, &state.mirror);
        let book = &mut |levels: usize, json: &mut Json| state.book(levels, json);
        next = earlier(next, self.orderbook.send_due(round, book));
        let statistics = &mut |_: usize, json: &mut Json| state.statistics(json);
        next = earlier(next, self.statistics.send_due(round, statistics));
        next = earlier(next, self.status.send_due(round, &mut |_, json| state.status(json)));
        next = earlier(next, self.auction.send_due(round, &mut |_, json| state.auction(json)));
        for (topic, interval) in self.candles.iter_mut().zip(Interval::ALL) {
            let candle = &mut |_: usize, json: &mut Json| state.candle(interval, json);
            next = earlier(next, topic.send_due(round, candle));
        }
        next
    }

    /// News were lost: state is taken from the views, candles that have closed since are told,
    /// depth starts again from a snapshot. Gives back who has to be told executions anew.
    pub(crate) fn recover(&mut self, round: &mut Round, views: &Views) -> Vec<Arc<Client>> {
        for (topic, interval) in self.candles.iter_mut().zip(Interval::ALL) {
            if topic.members() > 0 {
                finish_missed(topic, round, views, &self.state, interval);
            }
        }
        let state = &mut self.state;
        state.now = views.at();
        state.load_status(views);
        state.load_book(views);
        state.load_day(views);
        for interval in Interval::ALL {
            state.load_candle(views, interval);
        }
        let state = &self.state;
        self.depth.restart(round, &state.listing, &state.mirror, state.now);
        self.orderbook.changed(round, &mut |levels, json| state.book(levels, json));
        self.statistics.changed(round, &mut |_, json| state.statistics(json));
        self.status.changed(round, &mut |_, json| state.status(json));
        self.auction.changed(round, &mut |_, json| state.auction(json));
        for (topic, interval) in self.candles.iter_mut().zip(Interval::ALL) {
            topic.changed(round, &mut |_, json| state.candle(interval, json));
        }
        std::mem::take(&mut self.executions)
    }

    pub(crate) fn id(&self) -> InstrumentId {
        self.state.listing.instrument.id
    }
}

fn place(traded: &PublicTrade) -> Place {
    Place { sequence: traded.stamp.sequence.0, index: traded.index }
}

/// Tells the candles that have closed unnoticed.
fn finish_missed(
    topic: &mut StateTopic,
    round: &mut Round,
    views: &Views,
    state: &State,
    interval: Interval,
) {
    let instrument = state.listing.instrument.id;
    let from_ns = state.unclosed_from_ns[interval as usize];
    let open_ns = views.candles.open(instrument, interval).map(|candle| candle.open_time_ns);
    let missed: Vec<Candle> = views
        .candles
        .of(instrument, interval)
        .rev()
        .take_while(|candle| candle.open_time_ns >= from_ns)
        .filter(|candle| Some(candle.open_time_ns) != open_ns)
        .copied()
        .collect();
    for candle in missed.iter().rev() {
        topic.finish(round, &mut |_, json| {
            state.candle_as(json, interval, candle, Phase::Closed);
            Some(views.at())
        });
    }
}
