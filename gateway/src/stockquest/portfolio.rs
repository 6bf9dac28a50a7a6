//! `/ws/portfolio`: what an account holds and what that is worth. Its portfolio has the number 1.
//! Value and positions are told on their schedules, and only what has changed; who asks is told
//! at once. Positions come from fills: nobody sets them.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Views;
use engine::analytics::Portfolio as Figures;
use orison_core::InstrumentId;
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{Request, RequestId, Stamps, encode, unknown_type};
use super::holdings::{
    PortfolioAnalytics, PortfolioConfirmed, PortfolioList, PortfolioSnapshot, PortfolioUpdate,
    PositionDetails, PositionUpdate,
};
use super::host::{self, Host};
use super::kind::Told;
use super::pace::Pace;
use super::room::next_tick;
use super::shape::millis;
use super::studio::{Listener, Tick};
use crate::language::Message;
use crate::xtrader::entry::word;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// The one portfolio of every account.
pub(super) const PORTFOLIO_ID: u64 = 1;

/// What this socket is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Subscribe,
    Unsubscribe,
    Snapshot,
    Details,
    Update,
    Analytics,
}

pub(super) const ASKS: &[(&str, Ask)] = &[
    ("SUBSCRIBE_PORTFOLIO", Ask::Subscribe),
    ("UNSUBSCRIBE_PORTFOLIO", Ask::Unsubscribe),
    ("REQUEST_PORTFOLIO_SNAPSHOT", Ask::Snapshot),
    ("REQUEST_POSITION_DETAILS", Ask::Details),
    ("UPDATE_POSITION", Ask::Update),
    ("PORTFOLIO_ANALYTICS", Ask::Analytics),
];

/// Fields by which a client would set a position.
const READ_ONLY: [&str; 5] = ["quantity", "price", "averageCost", "cost", "side"];

pub(super) struct Portfolio {
    listener: Listener,
    value: Option<Series>,
    positions: Option<Series>,
    /// What was last told, without the envelope.
    told: LastTold,
}

/// One of the two things that are subscribed.
struct Series {
    pace: Pace,
    /// The command at which it was last looked at: nothing changes without one.
    seen: u64,
}

#[derive(Default)]
struct LastTold {
    update: String,
    analytics: String,
    positions: BTreeMap<InstrumentId, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    All,
    Value,
    Positions,
}

impl Extent {
    fn read(data: &mut Object) -> Result<Self, Problem> {
        let Some(text) = data.text("updateType")? else { return Ok(Self::All) };
        let words = [("all", Self::All), ("value", Self::Value), ("positions", Self::Positions)];
        word("updateType", &text, &words)
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Value => "VALUE",
            Self::Positions => "POSITIONS",
        }
    }
}

impl Portfolio {
    pub(super) fn open(host: &Host) -> Self {
        let views = host.app.views.read();
        let sequence = views.at().sequence.0;
        let list = PortfolioList::new(&views, &host.account, &figures(&views, host));
        drop(views);
        host.say(Told::PortfolioList, Stamps::default().at(sequence), &list);
        let listener = host.studio.listen();
        Self { listener, value: None, positions: None, told: LastTold::default() }
    }

    /// For ever without a subscription.
    pub(super) async fn news(&mut self) -> Arc<Tick> {
        match self.value.is_some() || self.positions.is_some() {
            true => next_tick(&mut self.listener).await,
            false => std::future::pending().await,
        }
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
        check_portfolio(&mut data)?;
        match ask {
            Ask::Unsubscribe => {}
            Ask::Subscribe | Ask::Snapshot | Ask::Analytics | Ask::Details | Ask::Update => {
                host.charge()?;
            }
        }
        match ask {
            Ask::Subscribe => self.subscribe(host, &mut data, id),
            Ask::Unsubscribe => {
                (self.value, self.positions) = (None, None);
                let body = PortfolioConfirmed::none(&host.account);
                host.say(Told::SubscriptionConfirmed, Stamps::answer(id), &body);
                Ok(())
            }
            Ask::Snapshot => {
                answer(host, id, Told::PortfolioSnapshot, PortfolioSnapshot::new);
                Ok(())
            }
            Ask::Analytics => {
                answer(host, id, Told::PortfolioAnalytics, |views, _, figures| {
                    PortfolioAnalytics::new(views, figures)
                });
                Ok(())
            }
            Ask::Details => details(host, &mut data, id),
            Ask::Update => update(host, &mut data, id),
        }
    }

    /// Confirmed, then shown whole; from there on what changes.
    fn subscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let extent = Extent::read(data)?;
        let wished = host::interval(data)?;
        let (tick, now) = (host.settings.tick, host.studio.now());
        let pace = |least| Pace::new(wished, least, tick, now);
        let (value, positions) =
            (pace(host.settings.value_ticks), pace(host.settings.positions_ticks));
        let series = |pace| Some(Series { pace, seen: 0 });
        let (interval, position_interval) = (value.interval(tick), positions.interval(tick));
        (self.value, self.positions) = match extent {
            Extent::All => (series(value), series(positions)),
            Extent::Value => (series(value), None),
            Extent::Positions => (None, series(positions)),
        };
        self.listener.catch_up();
        let body = PortfolioConfirmed {
            portfolio_id: PORTFOLIO_ID,
            account: host.account.to_string(),
            subscribed: true,
            update_type: Some(extent.word()),
            update_interval: (extent != Extent::Positions).then(|| millis(interval)),
            position_interval: (extent != Extent::Value).then(|| millis(position_interval)),
        };
        host.say(Told::SubscriptionConfirmed, Stamps::answer(id), &body);
        self.show(host, id);
        Ok(())
    }

    /// All of it, which then counts as told.
    fn show(&mut self, host: &Host, id: Option<&RequestId>) {
        let views = host.app.views.read();
        let figures = figures(&views, host);
        let sequence = views.at().sequence.0;
        let snapshot = PortfolioSnapshot::new(&views, &host.account, &figures);
        let analytics = PortfolioAnalytics::new(&views, &figures);
        self.told = LastTold {
            update: text(&PortfolioUpdate::new(&views, &host.account, &figures)),
            analytics: text(&analytics),
            positions: positions(&views, &figures).map(|(id, body)| (id, text(&body))).collect(),
        };
        drop(views);
        let stamps = Stamps::answer(id).at(sequence);
        host.say(Told::PortfolioSnapshot, stamps, &snapshot);
        host.say(Told::PortfolioAnalytics, stamps, &analytics);
    }

    /// What has changed of what is due.
    pub(super) fn tick(&mut self, host: &Host, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        let value_due = is_due(&mut self.value, tick.number);
        let positions_due = is_due(&mut self.positions, tick.number);
        if !value_due && !positions_due {
            return;
        }
        let views = host.app.views.read();
        let sequence = views.at().sequence.0;
        let value_due = value_due && is_news(&mut self.value, sequence);
        let positions_due = positions_due && is_news(&mut self.positions, sequence);
        if !value_due && !positions_due {
            return;
        }
        let figures = figures(&views, host);
        let stamps = Stamps::default().at(sequence);
        if positions_due {
            for (instrument, body) in positions(&views, &figures) {
                let told = self.told.positions.entry(instrument).or_default();
                if has_changed(told, &body) {
                    say(encode(Told::PositionUpdate, stamps, &body));
                }
            }
        }
        if value_due {
            let body = PortfolioUpdate::new(&views, &host.account, &figures);
            if has_changed(&mut self.told.update, &body) {
                say(encode(Told::PortfolioUpdate, stamps, &body));
            }
            let body = PortfolioAnalytics::new(&views, &figures);
            if has_changed(&mut self.told.analytics, &body) {
                say(encode(Told::PortfolioAnalytics, stamps, &body));
            }
        }
    }
}

fn is_due(series: &mut Option<Series>, now: u64) -> bool {
    series.as_mut().is_some_and(|series| series.pace.is_due(now))
}

fn is_news(series: &mut Option<Series>, sequence: u64) -> bool {
    let Some(series) = series else { return false };
    std::mem::replace(&mut series.seen, sequence) != sequence
}

fn has_changed<T: Serialize>(told: &mut String, body: &T) -> bool {
    let now = text(body);
    let has_changed = *told != now;
    *told = now;
    has_changed
}

fn text<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).expect("our own shapes are always JSON")
}

/// Of an account that nobody knows there is nothing.
fn figures(views: &Views, host: &Host) -> Figures {
    let account = views.catalog.account(&host.account).unwrap_or_default();
    Figures::of(views, account)
}

fn positions(
    views: &Views,
    figures: &Figures,
) -> impl Iterator<Item = (InstrumentId, PositionUpdate)> {
    let holdings = figures.parts.iter().flat_map(|part| &part.holdings);
    holdings.filter_map(|holding| {
        let instrument = holding.position.instrument;
        Some((instrument, PositionUpdate::new(views, instrument, Some(holding))?))
    })
}

fn answer<T: Serialize>(
    host: &Host,
    id: Option<&RequestId>,
    kind: Told,
    body: impl FnOnce(&Views, &orison_core::AccountName, &Figures) -> T,
) {
    let views = host.app.views.read();
    let body = body(&views, &host.account, &figures(&views, host));
    let sequence = views.at().sequence.0;
    drop(views);
    host.say(kind, Stamps::answer(id).at(sequence), &body);
}

fn details(host: &Host, data: &mut Object, id: Option<&RequestId>) -> Result<(), Problem> {
    let views = host.app.views.read();
    let instrument = host::instrument(&views, data)?;
    let figures = figures(&views, host);
    let body = PositionDetails::new(&views, &host.account, &figures, &instrument);
    let sequence = views.at().sequence.0;
    drop(views);
    host.say(Told::PositionDetails, Stamps::answer(id).at(sequence), &body);
    Ok(())
}

/// A fresh look at one position.
fn update(host: &Host, data: &mut Object, id: Option<&RequestId>) -> Result<(), Problem> {
    if let Some(field) = READ_ONLY.iter().find(|field| data.has(field)) {
        let english = "positions come from fills: enter orders to change them";
        let korean = "포지션은 체결로만 바뀝니다: 주문을 보내십시오";
        let message = Message::ours(english, korean);
        return Err(Problem::new(422, "POSITION_READ_ONLY", message).about(field));
    }
    let views = host.app.views.read();
    let instrument = host::instrument(&views, data)?;
    let figures = figures(&views, host);
    let all = figures.parts.iter().flat_map(|part| &part.holdings);
    let holding = { all }.find(|holding| holding.position.instrument == instrument.id);
    let body = PositionUpdate::new(&views, instrument.id, holding);
    let sequence = views.at().sequence.0;
    drop(views);
    let body = body.ok_or_else(Problem::internal)?;
    host.say(Told::PositionUpdate, Stamps::answer(id).at(sequence), &body);
    Ok(())
}

/// Absent is the one there is.
fn check_portfolio(data: &mut Object) -> Result<(), Problem> {
    let wrong = || {
        let message = Message::ours("there is no such portfolio", "없는 포트폴리오입니다");
        Problem::new(404, "PORTFOLIO_NOT_FOUND", message).about("portfolioId")
    };
    match data.count("portfolioId").map_err(|_| wrong())? {
        None | Some(PORTFOLIO_ID) => Ok(()),
        Some(_) => Err(wrong()),
    }
}
