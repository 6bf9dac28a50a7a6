//! `/ws/market-data`: quotes asked for and subscribed, candles, indicators, and the overview of
//! all markets, which everybody here is told.

use engine::analytics::Chart;
use engine::projection::Interval;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{Request, RequestId, Stamps, encode, unknown_type};
use super::figures::Figures;
use super::followed::{Confirmed, Followed};
use super::history::{self, HistoricalData, Span};
use super::host::{self, Host, Symbols};
use super::indicators::AnalyticsData;
use super::kind::Told;
use super::pace::Pace;
use super::quote::{InitialData, Quote};
use super::room::News;
use super::shape::millis;
use super::studio::{Tick, Topic, overview};
use crate::xtrader::entry::word;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// What this socket is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Subscribe,
    Unsubscribe,
    RequestQuote,
    RequestHistorical,
    RequestAnalytics,
}

pub(super) const ASKS: &[(&str, Ask)] = &[
    ("SUBSCRIBE", Ask::Subscribe),
    ("UNSUBSCRIBE", Ask::Unsubscribe),
    ("REQUEST_QUOTE", Ask::RequestQuote),
    ("REQUEST_HISTORICAL", Ask::RequestHistorical),
    ("REQUEST_ANALYTICS", Ask::RequestAnalytics),
];

pub(super) struct MarketData {
    overviews: watch::Receiver<Option<Utf8Bytes>>,
    followed: Followed,
    figures: Figures,
}

/// Whether updates follow what a subscription shows first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    RealTime,
    Snapshot,
}

impl Mode {
    fn read(data: &mut Object) -> Result<Self, Problem> {
        let Some(text) = data.text("subscriptionType")? else { return Ok(Self::RealTime) };
        let words = [("realtime", Self::RealTime), ("snapshot", Self::Snapshot)];
        word("subscriptionType", &text, &words)
    }

    fn word(self) -> &'static str {
        match self {
            Self::RealTime => "REAL_TIME",
            Self::Snapshot => "SNAPSHOT",
        }
    }
}

impl MarketData {
    pub(super) fn open(host: &Host) -> Self {
        let overviews = host.studio.overviews();
        let text = overview(&host.app.views.read());
        host.push(text);
        let followed = Followed::open(host, Topic::Quote);
        Self { overviews, followed, figures: Figures::default() }
    }

    pub(super) fn may_hear(&self) -> bool {
        self.figures.may_hear()
    }

    pub(super) fn hear(
        &mut self,
        host: &Host,
        request: Request,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let ask = request.among(ASKS);
        let ask = ask.ok_or_else(|| unknown_type(&request.kind, host.socket))?;
        let mut data = request.data;
        match ask {
            Ask::Subscribe => self.subscribe(host, &mut data, id),
            Ask::Unsubscribe => self.unsubscribe(host, &mut data, id),
            Ask::RequestQuote => quote(host, &mut data, id),
            Ask::RequestHistorical => self.historical(host, &mut data, id),
            Ask::RequestAnalytics => self.analytics(host, &mut data, id),
        }
    }

    fn subscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let mode = Mode::read(data)?;
        let wished = host::interval(data)?;
        let views = host.app.views.read();
        let symbols = host::symbols(&views, data)?.ok_or_else(|| Problem::missing("symbols"))?;
        let Symbols { known, unknown } = symbols;
        let quotes = known.iter().map(|instrument| Quote::new(&views, instrument)).collect();
        let sequence = views.at().sequence.0;
        drop(views);
        let pace = Pace::new(wished, 1, host.settings.tick, host.studio.now());
        match mode {
            Mode::Snapshot => {}
            Mode::RealTime => self.followed.follow(&known, pace),
        }
        let update_interval = millis(pace.interval(host.settings.tick));
        let subscription_type = mode.word();
        self.followed.confirm(host, id, Confirmed { unknown, subscription_type, update_interval });
        let stamps = Stamps::answer(id).at(sequence);
        host.say(Told::InitialData, stamps, &InitialData { quotes });
        Ok(())
    }

    /// Without `symbols` everything is left.
    fn unsubscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let symbols = host::symbols(&host.app.views.read(), data)?;
        let unknown = self.followed.leave(symbols);
        let update_interval = millis(host.settings.tick);
        let subscription_type = Mode::RealTime.word();
        self.followed.confirm(host, id, Confirmed { unknown, subscription_type, update_interval });
        Ok(())
    }

    pub(super) async fn news(&mut self) -> News {
        let overviews = &mut self.overviews;
        let overview = async {
            loop {
                overviews.changed().await.expect("the listener holds the studio");
                if let Some(text) = overviews.borrow_and_update().clone() {
                    return News::Overview(text);
                }
            }
        };
        tokio::select! {
            tick = self.followed.next_tick() => News::Tick(tick),
            overview = overview => overview,
            figure = self.figures.next() => News::Figure(figure),
        }
    }

    fn historical(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let bench = host.bench()?;
        let views = host.app.views.read();
        let instrument = host::instrument(&views, data)?;
        let span = Span::read(data)?;
        let candles = span.candles(&views, &instrument);
        let sequence = views.at().sequence.0;
        drop(views);
        self.figures.begin(bench, id, move |id| {
            let history = HistoricalData::new(&instrument, &span, &candles);
            Ok(encode(Told::HistoricalData, Stamps::answer(id).at(sequence), &history))
        });
        Ok(())
    }

    fn analytics(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let bench = host.bench()?;
        let views = host.app.views.read();
        let instrument = host::instrument(&views, data)?;
        let interval = history::interval(data, Interval::M1)?;
        let chart = Chart::of(&views, instrument.id, interval).ok_or_else(Problem::internal)?;
        let sequence = views.at().sequence.0;
        drop(views);
        self.figures.begin(bench, id, move |id| {
            let body = AnalyticsData::new(&instrument, &chart.indicators());
            Ok(encode(Told::AnalyticsData, Stamps::answer(id).at(sequence), &body))
        });
        Ok(())
    }

    pub(super) fn tick(&mut self, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        self.followed.tick(tick, say);
    }
}

fn quote(host: &Host, data: &mut Object, id: Option<&RequestId>) -> Result<(), Problem> {
    let views = host.app.views.read();
    let instrument = host::instrument(&views, data)?;
    let (quote, sequence) = (Quote::new(&views, &instrument), views.at().sequence.0);
    drop(views);
    host.say(Told::QuoteResponse, Stamps::answer(id).at(sequence), &quote);
    Ok(())
}
