//! The topics of the prayer site: how the prayers stand, what venues say of their prices, and
//! their forced orders. Prayers and tickers are state; forced orders are events. Numbers of venues
//! are shown in the venue's own decimals.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Views;
use engine::projection::PrayerView;
use orison_core::command::{Foreign, Liquidation, Ticker, Venue};
use orison_core::{Sequence, Side, Stamp, Symbol};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{Client, Round};
use super::due::{Asker, Place};
use super::foreign::ForeignTopics;
use super::group::{Render, StateTopic, earlier};
use super::interest::SiteKinds;
use super::json::Json;
use super::topic::{Site, Topic};
use crate::notation::{RATIO_DECIMALS, RATIO_WHOLE, up_ratio};

/// What `ticker` alone means, and whose forced orders the site shows.
pub(crate) const PRIMARY_VENUE: &str = "binance";
pub(crate) const PRIMARY_SYMBOL: &str = "BTCUSDT";
/// Prayers are told at once, then at most this often, and only when they have changed.
const PRAYER_PACE: Duration = Duration::from_millis(200);
const TICKER_PACE: Duration = Duration::from_millis(50);

pub(crate) struct SiteTopics {
    prayers: StateTopic,
    view: PrayerView,
    tickers: BTreeMap<(Venue, Symbol), TickerTopic>,
    liquidations: Vec<Arc<Client>>,
    pub(crate) foreign: ForeignTopics,
    large_usd: u64,
    /// The last forced order told.
    told: u64,
}

struct TickerTopic {
    topic: StateTopic,
    latest: Option<(Stamp, Ticker)>,
}

impl SiteTopics {
    pub(crate) fn new(large_usd: u64) -> Self {
        let mut json = Json::default();
        json.open("PRAYER");
        Self {
            prayers: StateTopic::new(Topic::Site(Site::Prayers), json.bytes().to_vec()),
            view: PrayerView::default(),
            tickers: BTreeMap::new(),
            liquidations: Vec::new(),
            foreign: ForeignTopics::default(),
            large_usd,
            told: 0,
        }
    }

    /// What the feed has to copy.
    pub(crate) fn kinds(&self) -> SiteKinds {
        SiteKinds::default()
            .with(SiteKinds::PRAYERS, self.prayers.members())
            .with(SiteKinds::TICKERS, self.tickers.len())
            .with(SiteKinds::LIQUIDATIONS, self.liquidations.len())
            .with(SiteKinds::TRADES, self.foreign.trades())
            .with(SiteKinds::BOOKS, self.foreign.books())
    }

    /// `views` are at the last command handled. A topic that nobody watched is taken from them.
    pub(crate) fn join(&mut self, views: &Views, client: &Arc<Client>, topic: Site) {
        match topic {
            Site::Prayers => {
                if self.prayers.members() == 0 {
                    self.view = views.prayers.view();
                }
                self.prayers.join(client, PRAYER_PACE, 0);
            }
            Site::Ticker(venue, symbol) => {
                let ticker = self.tickers.entry((venue, symbol));
                let ticker = ticker.or_insert_with(|| TickerTopic::new(views, venue, symbol));
                ticker.topic.join(client, TICKER_PACE, 0);
            }
            Site::Liquidations => {
                if !self.liquidations.iter().any(|member| Arc::ptr_eq(member, client)) {
                    self.liquidations.push(Arc::clone(client));
                }
            }
            Site::Trades(venue, symbol) => {
                self.foreign.join_trades(views, client, (venue, symbol));
            }
            Site::Depth(venue, symbol) => self.foreign.join_book(views, client, (venue, symbol)),
        }
    }

    pub(crate) fn leave(&mut self, client: &Arc<Client>, topic: Site) {
        match topic {
            Site::Prayers => self.prayers.leave(client),
            Site::Ticker(venue, symbol) => {
                if let Some(ticker) = self.tickers.get_mut(&(venue, symbol)) {
                    ticker.topic.leave(client);
                    if ticker.topic.members() == 0 {
                        self.tickers.remove(&(venue, symbol));
                    }
                }
            }
            Site::Liquidations => self.liquidations.retain(|member| !Arc::ptr_eq(member, client)),
            Site::Trades(venue, symbol) => self.foreign.leave_trades(client, (venue, symbol)),
            Site::Depth(venue, symbol) => self.foreign.leave_book(client, (venue, symbol)),
        }
    }

    /// How it stands, to one member; forced orders and trades have happened and stand no way.
    pub(crate) fn show(
        &mut self,
        client: &Arc<Client>,
        topic: Site,
        asker: Asker,
        round: &mut Round,
    ) {
        match topic {
            Site::Prayers => {
                let view = self.view;
                let render: Render<'_> = &mut |_, json| Some(prayers(json, &view));
                self.prayers.show(client, asker, round, render);
            }
            Site::Ticker(venue, symbol) => {
                if let Some(TickerTopic { topic, latest }) = self.tickers.get_mut(&(venue, symbol))
                {
                    let render: Render<'_> = &mut |_, json| ticker(json, latest.as_ref());
                    topic.show(client, asker, round, render);
                }
            }
            Site::Depth(venue, symbol) => {
                self.foreign.show_book(client, (venue, symbol), asker, round);
            }
            Site::Liquidations | Site::Trades(..) => {}
        }
    }

    pub(crate) fn on_prayers(&mut self, round: &mut Round, view: &PrayerView) {
        self.view = *view;
        self.prayers.changed(round, &mut |_, json| Some(prayers(json, view)));
    }

    pub(crate) fn on_ticker(&mut self, round: &mut Round, said: &Ticker, at: Stamp) {
        if let Some(watched) = self.tickers.get_mut(&(said.venue, said.symbol)) {
            watched.latest = Some((at, *said));
            let TickerTopic { topic, latest } = watched;
            topic.changed(round, &mut |_, json| ticker(json, latest.as_ref()));
        }
    }

    pub(crate) fn on_liquidation(&mut self, round: &mut Round, forced: &Liquidation, at: Stamp) {
        if self.liquidations.is_empty() || forced.venue.as_str() != PRIMARY_VENUE {
            return;
        }
        let text = liquidation(&mut round.json, forced, at, self.large_usd);
        self.told = at.sequence.0;
        for member in &self.liquidations {
            let topic = Topic::Site(Site::Liquidations);
            let place = Place::start_of(self.told);
            let pushed = member.outbox.push_event(topic, text.clone(), place, round.now);
            round.note(member, pushed);
        }
    }

    /// Sends what is due; says when the next is.
    pub(crate) fn send_due(&mut self, round: &mut Round) -> Option<Instant> {
        let view = self.view;
        let next = self.prayers.send_due(round, &mut |_, json| Some(prayers(json, &view)));
        let next = earlier(next, self.foreign.send_due(round));
        self.tickers.values_mut().fold(next, |next, TickerTopic { topic, latest }| {
            let due = topic.send_due(round, &mut |_, json| ticker(json, latest.as_ref()));
            earlier(next, due)
        })
    }

    /// News from `lost_from` on were lost: state is taken from the views, forced orders that are
    /// still remembered are told.
    pub(crate) fn recover(&mut self, round: &mut Round, views: &Views, lost_from: u64) {
        self.on_prayers(round, &views.prayers.view());
        self.foreign.recover(round, views);
        for ((venue, symbol), TickerTopic { topic, latest }) in &mut self.tickers {
            *latest = views.tickers.latest(venue, symbol);
            topic.changed(round, &mut |_, json| ticker(json, latest.as_ref()));
        }
        let Ok(venue) = Venue::new(PRIMARY_VENUE) else { return };
        let since = Sequence(lost_from.max(self.told + 1));
        let missed = views.tickers.liquidations(&venue).take_while(|(at, _)| at.sequence >= since);
        let missed: Vec<_> = missed.copied().collect();
        for (at, forced) in missed.iter().rev() {
            self.on_liquidation(round, forced, *at);
        }
    }
}

impl TickerTopic {
    fn new(views: &Views, venue: Venue, symbol: Symbol) -> Self {
        let mut json = Json::default();
        json.open("TICKER");
        json.text("venue", venue.as_str());
        json.text("symbol", symbol.as_str());
        let topic = Topic::Site(Site::Ticker(venue, symbol));
        let latest = views.tickers.latest(&venue, &symbol);
        Self { topic: StateTopic::new(topic, json.bytes().to_vec()), latest }
    }
}

/// Rates are prayers of the last 60 seconds.
fn prayers(json: &mut Json, view: &PrayerView) -> Stamp {
    let up_ratio = up_ratio(view.up_total, view.down_total);
    json.integer("upCount", view.up_total);
    json.integer("downCount", view.down_total);
    json.integer("upRpm", view.up_per_minute);
    json.integer("downRpm", view.down_per_minute);
    json.units("upRatio", up_ratio, RATIO_DECIMALS);
    json.units("downRatio", RATIO_WHOLE - up_ratio, RATIO_DECIMALS);
    Stamp { sequence: Sequence(view.sequence), time_ns: view.time_ns }
}

/// Dated as the venue dates it. None: nothing was said yet.
fn ticker(json: &mut Json, latest: Option<&(Stamp, Ticker)>) -> Option<Stamp> {
    let (at, said) = latest?;
    number(json, "price", said.price);
    number(json, "priceChange24h", said.change_24h);
    Some(Stamp { time_ns: said.event_time_ms.saturating_mul(1_000_000), ..*at })
}

/// `usdValue` is exact: quantity times price.
fn liquidation(json: &mut Json, forced: &Liquidation, at: Stamp, large_usd: u64) -> Utf8Bytes {
    let worth = i128::from(forced.quantity.mantissa) * i128::from(forced.price.mantissa);
    let scale = forced.quantity.scale + forced.price.scale;
    let unit = 10i128.checked_pow(u32::from(scale));
    // Beyond 128 bits the bound is far above what two 64-bit numbers multiply to.
    let large = unit.and_then(|unit| unit.checked_mul(i128::from(large_usd)));
    json.open("LIQUIDATION");
    json.text("symbol", forced.symbol.as_str());
    json.word(
        "side",
        match forced.side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        },
    );
    number(json, "quantity", forced.quantity);
    number(json, "price", forced.price);
    json.units("usdValue", worth, scale);
    json.boolean("isLarge", large.is_some_and(|large| worth >= large));
    json.integer("sequence", at.sequence.0);
    json.integer("timestamp", forced.event_time_ms);
    json.close()
}

fn number(json: &mut Json, key: &str, number: Foreign) {
    json.units(key, i128::from(number.mantissa), number.scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_order_is_shown_exactly_and_large_from_the_threshold_on() {
        for (quantity, price, worth, is_large) in [
            ((1_500, 3), (6_666_667, 2), "100000.005", true),
            ((1, 0), (100_000, 0), "100000", true),
            ((99_999_999, 8), (100_000, 0), "99999.999", false),
            ((i64::MAX, 18), (i64::MAX, 18), "85.070591730234615847396907784232501249", false),
            ((1, 0), (i64::MAX, 0), "9223372036854775807", true),
        ] {
            let foreign = |(mantissa, scale)| Foreign { mantissa, scale };
            let forced = Liquidation {
                venue: Venue::new(PRIMARY_VENUE).unwrap(),
                symbol: Symbol::new(PRIMARY_SYMBOL).unwrap(),
                side: Side::Sell,
                quantity: foreign(quantity),
                price: foreign(price),
                event_time_ms: 1_700_000_000_123,
            };
            let at = Stamp { sequence: Sequence(7), time_ns: 1 };
            let text = liquidation(&mut Json::default(), &forced, at, 100_000);
            let (quantity, price) = (foreign(quantity).to_decimal(), foreign(price).to_decimal());
            assert_eq!(
                text.as_str(),
                format!(
                    "{{\"type\":\"LIQUIDATION\",\"symbol\":\"BTCUSDT\",\"side\":\"SELL\",\
                     \"quantity\":{quantity},\"price\":{price},\"usdValue\":{worth},\
                     \"isLarge\":{is_large},\"sequence\":7,\"timestamp\":1700000000123}}"
                )
            );
        }
    }

    #[test]
    fn ratios_sum_to_one() {
        for (up, down, shown) in [
            (0, 0, ",\"upRatio\":0.5,\"downRatio\":0.5"),
            (1, 0, ",\"upRatio\":1,\"downRatio\":0"),
            (1, 2, ",\"upRatio\":0.333333333333,\"downRatio\":0.666666666667"),
        ] {
            let view = PrayerView { up_total: up, down_total: down, ..PrayerView::default() };
            let mut json = Json::default();
            prayers(&mut json, &view);
            let text = std::str::from_utf8(json.bytes()).unwrap().to_owned();
            assert!(text.ends_with(shown), "{text}");
        }
    }
}
