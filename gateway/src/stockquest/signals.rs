//! `/ws/ml-signals`: what the engine's online model guesses of each instrument, with the score of
//! its guesses so far; and weights of a portfolio that would have done best, on request. The
//! message types are ours.

use std::time::Duration;

use engine::Views;
use engine::analytics::optimum::{AVERSION_MAX, AVERSION_MIN};
use engine::analytics::{Objective, Optimum, OptimumError, Sample};
use engine::projection::{Interval, Signal, signals};
use orison_core::{Instrument, InstrumentId, Symbol};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use utoipa::ToSchema;

use super::envelope::{Request, RequestId, Stamps, encode, unknown_type};
use super::figures::Figures;
use super::followed::{Confirmed, Followed};
use super::history;
use super::holdings::Ratio;
use super::host::{self, Host, Symbols};
use super::kind::Told;
use super::pace::Pace;
use super::room::News;
use super::shape::{millis, moment};
use super::studio::{Tick, Topic};
use crate::language::Message;
use crate::xtrader::entry::word;
use crate::xtrader::json::{Object, shown};
use crate::xtrader::problem::Problem;

/// What this socket is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Subscribe,
    Unsubscribe,
    Optimise,
}

pub(super) const ASKS: &[(&str, Ask)] = &[
    ("SUBSCRIBE", Ask::Subscribe),
    ("UNSUBSCRIBE", Ask::Unsubscribe),
    ("OPTIMIZE_PORTFOLIO", Ask::Optimise),
];

pub(super) struct Signals {
    followed: Followed,
    figures: Figures,
}

/// SIGNAL_UPDATE: the latest guess; null before the first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignalUpdate {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    /// BUY, SELL or HOLD; HOLD while the score does not beat its baseline.
    signal: &'static str,
    /// That the middle of the book will be higher after the horizon, if it will have moved.
    probability: Option<Ratio>,
    features: Option<FeaturesBody>,
    /// Seconds.
    horizon: u64,
    model_version: &'static str,
    /// When the guess was made, RFC 3339.
    sampled_at: Option<String>,
    /// Labels that the model has learned from.
    learned: u64,
    /// Of the last 1,000 guesses; each was scored before the model learned from it.
    out_of_sample: Option<ScoreBody>,
    since_begin: Option<ScoreBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FeaturesBody {
    /// In quantity steps of the instrument, since the last sample.
    order_flow_imbalance: Ratio,
    /// Over the middle.
    microprice_deviation: Ratio,
    /// (bought - sold) / (bought + sold).
    trade_imbalance: Ratio,
    /// Of logarithmic returns from sample to sample.
    volatility: Ratio,
    /// Over the middle.
    spread: Ratio,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ScoreBody {
    n: u64,
    hit_rate: Ratio,
    log_loss: Ratio,
    /// Log-loss of the base rate alone.
    baseline: Ratio,
}

impl SignalUpdate {
    pub(super) fn new(views: &Views, instrument: &Instrument) -> Self {
        let signal = views.signals.of(instrument.id);
        let signal = signal.as_ref();
        let score = |score: signals::Score| ScoreBody {
            n: score.n,
            hit_rate: Ratio(score.hit_rate),
            log_loss: Ratio(score.log_loss),
            baseline: Ratio(score.baseline),
        };
        let features = |signal: &Signal| FeaturesBody {
            order_flow_imbalance: Ratio(signal.features.order_flow_imbalance),
            microprice_deviation: Ratio(signal.features.microprice_deviation),
            trade_imbalance: Ratio(signal.features.trade_imbalance),
            volatility: Ratio(signal.features.volatility),
            spread: Ratio(signal.features.spread),
        };
        Self {
            symbol: instrument.symbol,
            signal: signal.map_or(signals::SignalWord::Hold, |signal| signal.word).word(),
            probability: signal.map(|signal| Ratio(signal.probability)),
            features: signal.map(features),
            horizon: signals::HORIZON_NS / 1_000_000_000,
            model_version: signals::MODEL_VERSION,
            sampled_at: signal.and_then(|signal| moment(signal.sampled_ns)),
            learned: signal.map_or(0, |signal| signal.learned),
            out_of_sample: signal.and_then(|signal| signal.out_of_sample).map(score),
            since_begin: signal.and_then(|signal| signal.since_begin).map(score),
        }
    }
}

/// PORTFOLIO_OPTIMIZATION: weights, and what they rest on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortfolioOptimization {
    /// MINIMUM_VARIANCE or MEAN_VARIANCE.
    objective: &'static str,
    /// Of MEAN_VARIANCE.
    risk_aversion: Option<Ratio>,
    interval: &'static str,
    /// Of each instrument.
    returns: usize,
    /// They sum to 1.
    weights: Vec<WeightBody>,
    /// Of the portfolio, over one interval.
    mean: Ratio,
    variance: Ratio,
    assumptions: &'static str,
}

#[derive(Serialize, ToSchema)]
struct WeightBody {
    symbol: String,
    weight: Ratio,
    /// Of its returns, over one interval.
    mean: Ratio,
    deviation: Ratio,
}

impl Signals {
    pub(super) fn open(host: &Host) -> Self {
        Self { followed: Followed::open(host, Topic::Signal), figures: Figures::default() }
    }

    pub(super) async fn news(&mut self) -> News {
        tokio::select! {
            tick = self.followed.next_tick() => News::Tick(tick),
            figure = self.figures.next() => News::Figure(figure),
        }
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
            Ask::Optimise => self.optimise(host, &mut data, id),
        }
    }

    /// Confirmed, then each as it stands.
    fn subscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let wished = host::interval(data)?;
        let views = host.app.views.read();
        let symbols = host::symbols(&views, data)?.ok_or_else(|| Problem::missing("symbols"))?;
        let Symbols { known, unknown } = symbols;
        let texts: Vec<Utf8Bytes> =
            known.iter().map(|instrument| update(&views, instrument)).collect();
        drop(views);
        let pace = Pace::new(wished, 1, host.settings.tick, host.studio.now());
        self.followed.follow(&known, pace);
        self.confirm(host, id, unknown, pace.interval(host.settings.tick));
        for text in texts {
            host.push(text);
        }
        Ok(())
    }

    fn unsubscribe(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let symbols = host::symbols(&host.app.views.read(), data)?;
        let unknown = self.followed.leave(symbols);
        self.confirm(host, id, unknown, host.settings.tick);
        Ok(())
    }

    fn confirm(
        &self,
        host: &Host,
        id: Option<&RequestId>,
        unknown: Vec<String>,
        interval: Duration,
    ) {
        let (subscription_type, update_interval) = ("REAL_TIME", millis(interval));
        self.followed.confirm(host, id, Confirmed { unknown, subscription_type, update_interval });
    }

    /// Without symbols, over every instrument.
    fn optimise(
        &mut self,
        host: &Host,
        data: &mut Object,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        let objective = objective(data)?;
        let interval = history::interval(data, Interval::H1)?;
        let bench = host.bench()?;
        let views = host.app.views.read();
        let instruments: Vec<Instrument> = match host::symbols(&views, data)? {
            Some(Symbols { unknown, .. }) if !unknown.is_empty() => {
                return Err(Problem::symbol_not_found().about("symbols"));
            }
            Some(Symbols { known, .. }) => known,
            None => views.catalog.instruments().to_vec(),
        };
        let ids: Vec<InstrumentId> = instruments.iter().map(|instrument| instrument.id).collect();
        let sample = Sample::of(&views, &ids, interval, objective).map_err(refusal)?;
        let sequence = views.at().sequence.0;
        drop(views);
        let symbols = instruments.iter().map(|instrument| instrument.symbol.to_string()).collect();
        self.figures.begin(bench, id, move |id| {
            let body = PortfolioOptimization::new(&sample.optimum().map_err(refusal)?, symbols);
            Ok(encode(Told::PortfolioOptimization, Stamps::answer(id).at(sequence), &body))
        });
        Ok(())
    }

    pub(super) fn tick(&mut self, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        self.followed.tick(tick, say);
    }
}

pub(super) fn update(views: &Views, instrument: &Instrument) -> Utf8Bytes {
    let stamps = Stamps::default().at(views.at().sequence.0);
    encode(Told::SignalUpdate, stamps, &SignalUpdate::new(views, instrument))
}

impl PortfolioOptimization {
    /// `symbols`: as the weights stand.
    fn new(optimum: &Optimum, symbols: Vec<String>) -> Self {
        let weights = optimum.weights.iter().zip(symbols).map(|(weight, symbol)| WeightBody {
            symbol,
            weight: Ratio(weight.weight),
            mean: Ratio(weight.mean),
            deviation: Ratio(weight.deviation),
        });
        let (objective, risk_aversion) = match optimum.objective {
            Objective::MinimumVariance => ("MINIMUM_VARIANCE", None),
            Objective::MeanVariance { aversion } => ("MEAN_VARIANCE", Some(Ratio(aversion))),
        };
        Self {
            objective,
            risk_aversion,
            interval: optimum.interval.word(),
            returns: optimum.returns,
            weights: weights.collect(),
            mean: Ratio(optimum.mean),
            variance: Ratio(optimum.variance),
            assumptions: optimum.assumptions,
        }
    }
}

fn objective(data: &mut Object) -> Result<Objective, Problem> {
    let wrong = || {
        let english = format!("a number from {AVERSION_MIN} to {AVERSION_MAX}");
        let korean = format!("{AVERSION_MIN} 이상 {AVERSION_MAX} 이하의 수여야 합니다");
        Problem::invalid_parameter("riskAversion", &english, &korean)
    };
    let aversion = match data.decimal("riskAversion").map_err(|_| wrong())? {
        None => Objective::AVERSION,
        Some(decimal) => {
            let number = decimal.and_then(|decimal| decimal.to_string().parse::<f64>().ok());
            let range = AVERSION_MIN..=AVERSION_MAX;
            number.filter(|number| range.contains(number)).ok_or_else(wrong)?
        }
    };
    let (least, mean) = (Objective::MinimumVariance, Objective::MeanVariance { aversion });
    match data.text("objective")? {
        None => Ok(least),
        Some(text) => {
            word("objective", &text, &[("minimumvariance", least), ("meanvariance", mean)])
        }
    }
}

fn refusal(error: OptimumError) -> Problem {
    let (code, korean) = match error {
        OptimumError::Count(_) | OptimumError::Unknown(_) | OptimumError::Twice(_) => {
            ("INVALID_PARAMETER", "종목 목록이 올바르지 않습니다")
        }
        OptimumError::Quotes(..) => ("DIFFERENT_CURRENCIES", "결제 통화가 서로 다릅니다"),
        OptimumError::Aversion => ("INVALID_PARAMETER", "riskAversion이 범위를 벗어났습니다"),
        OptimumError::TooFew { .. } => ("INSUFFICIENT_DATA", "수익률 자료가 부족합니다"),
        OptimumError::Degenerate | OptimumError::Unsolved => {
            ("NO_SOLUTION", "비중을 정할 수 없습니다")
        }
    };
    Problem::new(422, code, Message::ours(error.to_string(), korean))
}
