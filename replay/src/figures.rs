//! Everything that is computed from the read models at one point of the past, as JSON lines:
//! indicators and signal of each instrument, optimal weights of each quote asset, portfolio and
//! risk of each account. Ratios and statistics are bare numbers, amounts are strings.

mod accounts;

use std::fmt::Display;

use engine::Views;
use engine::analytics::{Indicators, Objective, Optimum, OptimumError};
use engine::projection::{Interval, Score};
use orison_core::types::AssetId;
use orison_core::{AccountId, InstrumentId};

use crate::json::Object;

/// `interval`: of indicators, of the scenarios of risk and of the returns behind weights.
pub fn lines(views: &Views, interval: Interval, out: &mut Vec<u8>) {
    for instrument in views.catalog.instruments() {
        put_indicators(views, instrument.id, interval, out);
        put_signal(views, instrument.id, out);
    }
    for asset in views.catalog.assets() {
        put_optima(views, asset.asset, interval, out);
    }
    for account in (1..).map(AccountId).zip(views.catalog.account_names()).map(|(id, _)| id) {
        accounts::put_portfolio(views, account, out);
        accounts::put_risk(views, account, interval, out);
    }
}

/// A number, or null.
fn put(object: &mut Object<'_>, key: &str, number: Option<impl Display>) {
    match number {
        Some(number) => object.bare(key, number),
        None => object.null(key),
    };
}

fn begin<'a>(views: &Views, figure: &str, out: &'a mut Vec<u8>) -> Object<'a> {
    let mut object = Object::open(out);
    object.text("figure", figure);
    object.bare("sequence", views.at().sequence).bare("ts", views.at().time_ns);
    object
}

fn put_symbol(object: &mut Object<'_>, views: &Views, instrument: InstrumentId) {
    if let Some(known) = views.catalog.instrument(instrument) {
        object.text("symbol", known.symbol.as_str());
    }
}

fn put_asset(object: &mut Object<'_>, views: &Views, asset: AssetId) {
    if let Some(known) = views.catalog.asset(asset) {
        object.text("quote", known.name.as_str());
    }
}

fn put_indicators(views: &Views, id: InstrumentId, interval: Interval, out: &mut Vec<u8>) {
    let Some(figures) = Indicators::of(views, id, interval) else { return };
    let mut object = begin(views, "indicators", out);
    put_symbol(&mut object, views, id);
    object.text("interval", interval.word()).bare("candles", figures.candles);
    for (key, number) in [
        ("close", figures.close),
        ("sma", figures.sma),
        ("ema", figures.ema),
        ("rsi", figures.rsi),
        ("macd", figures.macd.map(|macd| macd.line)),
        ("macd_signal", figures.macd.and_then(|macd| macd.signal)),
        ("macd_histogram", figures.macd.and_then(|macd| macd.histogram)),
        ("bollinger_lower", figures.bollinger.map(|bands| bands.lower)),
        ("bollinger_middle", figures.bollinger.map(|bands| bands.middle)),
        ("bollinger_upper", figures.bollinger.map(|bands| bands.upper)),
        ("atr", figures.atr),
        ("vwap", figures.vwap),
        ("volatility", figures.volatility),
    ] {
        put(&mut object, key, number);
    }
    object.close_line();
}

fn put_signal(views: &Views, id: InstrumentId, out: &mut Vec<u8>) {
    let Some(signal) = views.signals.of(id) else { return };
    let mut object = begin(views, "signal", out);
    put_symbol(&mut object, views, id);
    object
        .text("signal", signal.word.word())
        .bare("probability", signal.probability)
        .bare("sampled_ts", signal.sampled_ns)
        .bare("horizon_ns", signal.horizon_ns)
        .text("model_version", signal.model_version)
        .bare("learned", signal.learned)
        .bare("unlabelled", signal.unlabelled);
    let mut features = object.object("features");
    features
        .bare("order_flow_imbalance", signal.features.order_flow_imbalance)
        .bare("microprice_deviation", signal.features.microprice_deviation)
        .bare("trade_imbalance", signal.features.trade_imbalance)
        .bare("volatility", signal.features.volatility)
        .bare("spread", signal.features.spread);
    features.close();
    put_score(&mut object, "out_of_sample", signal.out_of_sample);
    put_score(&mut object, "since_begin", signal.since_begin);
    object.close_line();
}

fn put_score(object: &mut Object<'_>, key: &str, score: Option<Score>) {
    let Some(score) = score else {
        object.null(key);
        return;
    };
    let mut nested = object.object(key);
    nested
        .bare("n", score.n)
        .bare("hit_rate", score.hit_rate)
        .bare("log_loss", score.log_loss)
        .bare("baseline", score.baseline);
    nested.close();
}

/// Of all instruments with that quote asset.
fn put_optima(views: &Views, quote: AssetId, interval: Interval, out: &mut Vec<u8>) {
    let instruments = views.catalog.instruments().iter();
    let instruments = instruments.filter(|instrument| instrument.quote == quote);
    let ids: Vec<InstrumentId> = instruments.map(|instrument| instrument.id).collect();
    if ids.is_empty() {
        return;
    }
    for (word, objective) in [
        ("minimum_variance", Objective::MinimumVariance),
        ("mean_variance", Objective::MeanVariance { aversion: Objective::AVERSION }),
    ] {
        let mut object = begin(views, "optimum", out);
        put_asset(&mut object, views, quote);
        object.text("objective", word).text("interval", interval.word());
        match objective {
            Objective::MinimumVariance => {}
            Objective::MeanVariance { aversion } => {
                object.bare("aversion", aversion);
            }
        }
        match Optimum::of(views, &ids, interval, objective) {
            Ok(optimum) => put_weights(&mut object, views, &optimum),
            Err(error) => put_error(&mut object, &error),
        }
        object.close_line();
    }
}

fn put_weights(object: &mut Object<'_>, views: &Views, optimum: &Optimum) {
    object
        .bare("returns", optimum.returns)
        .bare("mean", optimum.mean)
        .bare("variance", optimum.variance)
        .text("assumptions", optimum.assumptions);
    let mut list = object.list("weights");
    for weight in &optimum.weights {
        let mut item = list.item();
        put_symbol(&mut item, views, weight.instrument);
        item.bare("weight", weight.weight)
            .bare("mean", weight.mean)
            .bare("deviation", weight.deviation);
        item.close();
    }
    list.close();
}

fn put_error(object: &mut Object<'_>, error: &OptimumError) {
    object.text("error", &error.to_string());
}
