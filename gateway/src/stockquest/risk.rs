//! `/ws/risk-monitoring`: what an account risks, and alerts when that reaches its thresholds. The
//! figures are told at once, and on a schedule to who subscribes; alerts are told to everybody of
//! the account, subscribed or not. The message types are ours.

use std::sync::Arc;

use engine::Views;
use engine::analytics::{Risk as Figures, RiskPart, Usage};
use engine::projection::Interval;
use orison_core::{InstrumentId, Symbol};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use utoipa::ToSchema;

use super::envelope::{Request, RequestId, Stamps, encode, unknown_type};
use super::holdings::{DrawdownBody, Ratio, currency};
use super::host::{self, Host, Symbols};
use super::kind::Told;
use super::pace::Pace;
use super::room::next_tick;
use super::shape::{SymbolsConfirmed, millis};
use super::studio::{Listener, Tick};
use super::thresholds::{Alarms, RiskAlert};
use crate::xtrader::json::{Number, Object};
use crate::xtrader::problem::Problem;
use crate::xtrader::shape::money;

/// The scenarios of value at risk are the past changes over this.
const HORIZON: Interval = Interval::H1;

/// What this socket is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Subscribe,
    Unsubscribe,
}

pub(super) const ASKS: &[(&str, Ask)] =
    &[("SUBSCRIBE", Ask::Subscribe), ("UNSUBSCRIBE", Ask::Unsubscribe)];

pub(super) struct Risk {
    listener: Listener,
    /// Of alerts: they need no subscription.
    watch: Pace,
    /// The command at which that was last looked at.
    seen: u64,
    alarms: Alarms,
    subscription: Option<Subscription>,
}

struct Subscription {
    pace: Pace,
    /// Empty: every symbol.
    symbols: Vec<(InstrumentId, Symbol)>,
}

/// RISK_UPDATE: by currency; amounts in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RiskUpdate {
    account: String,
    open_orders: usize,
    /// Of the limits that are set.
    limits: Vec<LimitBody>,
    parts: Vec<RiskBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LimitBody {
    limit: &'static str,
    /// The instrument that is nearest to it. Null: it holds for all together.
    symbol: Option<String>,
    used: Number,
    allowed: Number,
    usage: Option<Ratio>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RiskBody {
    currency: String,
    total_value: Number,
    long_exposure: Number,
    short_exposure: Number,
    gross_exposure: Number,
    net_exposure: Number,
    /// Gross exposure over value. Null: that is not above zero.
    leverage: Option<Ratio>,
    /// Sum of squared shares: 1 = all in one. Null: nothing is open.
    concentration: Option<Ratio>,
    largest_position: Option<LargestBody>,
    /// Historical simulation. Null: nothing is open, or fewer than 100 scenarios.
    value_at_risk: Option<TailBody>,
    drawdown: Option<DrawdownBody>,
    liquidity: Vec<LiquidityBody>,
}

#[derive(Serialize, ToSchema)]
struct LargestBody {
    symbol: String,
    /// Of gross exposure.
    share: Ratio,
}

/// At 99 %, over one interval.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TailBody {
    confidence: Ratio,
    horizon: &'static str,
    scenarios: usize,
    value_at_risk: Ratio,
    expected_shortfall: Ratio,
}

/// What leaving a position takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LiquidityBody {
    symbol: String,
    quantity: Number,
    /// What the visible book would take now.
    at_once: Number,
    at_once_share: Option<Ratio>,
    /// What that would bring less than the market value.
    slippage: Number,
    /// By everybody in the last hour.
    recent_volume: Number,
    /// For the rest, at a tenth of the recent volume. Null: nothing traded.
    unwind_seconds: Option<Ratio>,
}

impl RiskUpdate {
    fn new(views: &Views, host: &Host, figures: &Figures, only: &[(InstrumentId, Symbol)]) -> Self {
        let limit = |usage: &Usage| LimitBody {
            limit: usage.kind.word(),
            symbol: usage.instrument.map(|id| symbol(views, id)),
            used: Number(usage.used),
            allowed: Number(usage.limit),
            usage: usage.ratio.map(Ratio),
        };
        Self {
            account: host.account.to_string(),
            open_orders: figures.open_orders,
            limits: figures.usages.iter().map(limit).collect(),
            parts: figures.parts.iter().map(|part| RiskBody::new(views, part, only)).collect(),
        }
    }
}

impl RiskBody {
    fn new(views: &Views, part: &RiskPart, only: &[(InstrumentId, Symbol)]) -> Self {
        let amount = |units| money(&views.catalog, part.quote, units);
        let is_shown = |id| only.is_empty() || only.iter().any(|(known, _)| *known == id);
        let shown = part.liquidity.iter().filter(|liquidity| is_shown(liquidity.instrument));
        Self {
            currency: currency(views, part.quote),
            total_value: amount(part.total_value),
            long_exposure: amount(part.long),
            short_exposure: amount(part.short),
            gross_exposure: amount(part.gross),
            net_exposure: amount(part.net),
            leverage: part.leverage.map(Ratio),
            concentration: part.concentration.map(Ratio),
            largest_position: part
                .largest
                .map(|(id, share)| LargestBody { symbol: symbol(views, id), share: Ratio(share) }),
            value_at_risk: part.tail.map(|tail| TailBody {
                confidence: Ratio(0.99),
                horizon: tail.horizon.word(),
                scenarios: tail.scenarios,
                value_at_risk: Ratio(tail.value_at_risk),
                expected_shortfall: Ratio(tail.expected_shortfall),
            }),
            drawdown: part.drawdown.map(|drawdown| DrawdownBody::new(views, part.quote, &drawdown)),
            liquidity: shown
                .filter_map(|liquidity| {
                    let instrument = views.catalog.instrument(liquidity.instrument)?;
                    Some(LiquidityBody {
                        symbol: instrument.symbol.to_string(),
                        quantity: instrument.volume_decimal(liquidity.quantity).into(),
                        at_once: instrument.volume_decimal(liquidity.at_once).into(),
                        at_once_share: liquidity.at_once_share.map(Ratio),
                        slippage: amount(liquidity.slippage),
                        recent_volume: instrument.volume_decimal(liquidity.recent_volume).into(),
                        unwind_seconds: liquidity.unwind_seconds.map(Ratio),
                    })
                })
                .collect(),
        }
    }
}

fn symbol(views: &Views, id: InstrumentId) -> String {
    views.catalog.instrument(id).map(|i| i.symbol.to_string()).unwrap_or_default()
}

/// Of an account that nobody knows there is nothing.
fn figures(views: &Views, host: &Host) -> Figures {
    let account = views.catalog.account(&host.account).unwrap_or_default();
    Figures::of(views, account, HORIZON)
}

impl Risk {
    /// The figures at once, and what is beyond its thresholds.
    pub(super) fn open(host: &Host) -> Self {
        let watch =
            Pace::new(None, host.settings.risk_ticks, host.settings.tick, host.studio.now());
        let listener = host.studio.listen();
        let alarms = Alarms::default();
        let mut room = Self { listener, watch, seen: 0, alarms, subscription: None };
        let mut texts = Vec::new();
        room.look(host, Show::Figures, &mut |text| texts.push(text));
        for text in texts {
            host.push(text);
        }
        room
    }

    pub(super) async fn news(&mut self) -> Arc<Tick> {
        next_tick(&mut self.listener).await
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
            Ask::Unsubscribe => {
                self.subscription = None;
                self.confirm(host, id, Vec::new());
                Ok(())
            }
        }
    }

    /// Without symbols, of every one.
    fn subscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let wished = host::interval(data)?;
        host.charge()?;
        let symbols = host::symbols(&host.app.views.read(), data)?;
        let (known, unknown) = match symbols {
            Some(Symbols { known, unknown }) => (known, unknown),
            None => (Vec::new(), Vec::new()),
        };
        let (tick, now) = (host.settings.tick, host.studio.now());
        let pace = Pace::new(wished, host.settings.risk_ticks, tick, now);
        let symbols = known.iter().map(|instrument| (instrument.id, instrument.symbol)).collect();
        self.subscription = Some(Subscription { pace, symbols });
        self.confirm(host, id, unknown);
        let mut texts = Vec::new();
        self.look(host, Show::Figures, &mut |text| texts.push(text));
        for text in texts {
            host.push(text);
        }
        Ok(())
    }

    fn confirm(&self, host: &Host, id: Option<&RequestId>, unknown_symbols: Vec<String>) {
        let subscription = self.subscription.as_ref();
        let pace = subscription.map_or(self.watch, |subscription| subscription.pace);
        let symbols = subscription.map_or(&[][..], |subscription| &subscription.symbols);
        let body = SymbolsConfirmed {
            symbols: symbols.iter().map(|(_, symbol)| *symbol).collect(),
            unknown_symbols,
            subscription_type: "REAL_TIME",
            update_interval: millis(pace.interval(host.settings.tick)),
        };
        host.say(Told::SubscriptionConfirmed, Stamps::answer(id), &body);
    }

    pub(super) fn tick(&mut self, host: &Host, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        let is_told = self.subscription.as_mut().is_some_and(|s| s.pace.is_due(tick.number));
        let is_watched = self.watch.is_due(tick.number);
        match (is_told, is_watched) {
            (true, _) => self.look(host, Show::Figures, say),
            (false, true) => self.look(host, Show::AlertsOnly, say),
            (false, false) => {}
        }
    }

    fn look(&mut self, host: &Host, show: Show, say: &mut dyn FnMut(Utf8Bytes)) {
        let views = host.app.views.read();
        let sequence = views.at().sequence.0;
        let is_news = std::mem::replace(&mut self.seen, sequence) != sequence;
        if show == Show::AlertsOnly && !is_news {
            return;
        }
        let figures = figures(&views, host);
        let stamps = Stamps::default().at(sequence);
        let alerts = self.alarms.judge(&views, &figures, host.app.config.risk.of(&host.account));
        if show == Show::Figures {
            let only = self.subscription.as_ref().map_or(&[][..], |s| &s.symbols);
            let body = RiskUpdate::new(&views, host, &figures, only);
            say(encode(Told::RiskUpdate, stamps, &body));
        }
        drop(views);
        for alert in &alerts {
            say(encode::<RiskAlert>(Told::RiskAlert, stamps, alert));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Figures,
    AlertsOnly,
}
