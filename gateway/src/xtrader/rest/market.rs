//! Market data as REST shows it.

use std::sync::Arc;

use engine::Views;
use engine::projection::{Candle as CandleView, Interval, Resume};
use orison_core::command::Venue;
use orison_core::{Instrument, InstrumentId, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::fanout::{PRIMARY_SYMBOL, PRIMARY_VENUE};
use crate::feeds::base_first;
use crate::http::query::Query;
use crate::language::Message;
use crate::workshop::BrokeOff;
use crate::xtrader::json::shown;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::{
    Candle, Execution, InstrumentEntry, MarketStatistics, OrderBook, PrayerTotals, TickerEntry,
    millis,
};

const DEPTH_DEFAULT: usize = 10;
const DEPTH_MAX: usize = 50;
const CANDLES_DEFAULT: usize = 100;
const CANDLES_MAX: usize = 1000;
const EXECUTIONS_DEFAULT: usize = 50;
const EXECUTIONS_MAX: usize = 1000;

#[derive(Serialize, ToSchema)]
pub(crate) struct OrderBookAnswer {
    orderbook: OrderBook,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KlinesAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    #[schema(example = "5m")]
    interval: &'static str,
    /// Oldest first; an interval without a trade has none.
    candles: Vec<Candle>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StatisticsAnswer {
    statistics: Vec<MarketStatistics>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ExecutionsAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    executions: Vec<Execution>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SymbolsAnswer {
    symbols: Vec<InstrumentEntry>,
}

/// The visible book.
#[utoipa::path(
    get,
    path = "/orderbook/{symbol}",
    params(
        ("symbol" = String, Path),
        ("depth" = Option<u32>, Query, description = "Levels a side: 10, at most 50"),
    ),
    responses(
        (status = 200, description = "As asked", body = OrderBookAnswer),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
        (status = 404, description = "No such symbol", body = ProblemBody),
    )
)]
pub(crate) fn orderbook(app: &App, symbol: &str, query: &Query) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = instrument(&views, symbol)?;
    let depth = query.count("depth", DEPTH_DEFAULT, DEPTH_MAX)?;
    let orderbook = OrderBook::new(&views, instrument, depth);
    drop(views);
    Ok(Answer::new(200, &OrderBookAnswer { orderbook }))
}

/// With `from` the first candles from there, else the newest; both bounds are inclusive and
/// count open times.
#[utoipa::path(
    get,
    path = "/klines/{symbol}/{interval}",
    params(
        ("symbol" = String, Path),
        ("interval" = String, Path, description = "1m, 5m, 15m, 30m, 1h, 4h or 1d"),
        ("limit" = Option<u32>, Query, description = "100, at most 1000"),
        ("from" = Option<u64>, Query, description = "Milliseconds"),
        ("to" = Option<u64>, Query, description = "Milliseconds"),
    ),
    responses(
        (status = 200, description = "As asked", body = KlinesAnswer),
        (status = 400, description = "INVALID_INTERVAL, INVALID_PARAMETER", body = ProblemBody),
        (status = 503, description = "BUSY: too many figures are computed", body = ProblemBody),
        (status = 404, description = "No such symbol", body = ProblemBody),
    )
)]
pub(crate) async fn klines(
    app: &App,
    symbol: &str,
    interval: &str,
    query: &Query,
) -> Result<Answer, Problem> {
    let is_long = query.count("limit", CANDLES_DEFAULT, CANDLES_MAX)? > CANDLES_DEFAULT;
    // Few are shaped sooner than somebody else is woken for it.
    let bench = is_long.then(|| app.workshop.bench().map_err(Problem::crowded)).transpose()?;
    let (instrument, interval, candles) = {
        let views = app.views.read();
        let instrument = *instrument(&views, symbol)?;
        let interval = Interval::parse(interval).ok_or_else(invalid_interval)?;
        let span = Span::read(query)?;
        (instrument, interval, span.candles(&views, instrument.id, interval))
    };
    let shape = move || {
        let shape = |candle| Candle::new(&instrument, interval, candle);
        let candles = candles.iter().map(shape).collect();
        let (symbol, interval) = (instrument.symbol, interval.word());
        Answer::new(200, &KlinesAnswer { symbol, interval, candles })
    };
    match bench {
        Some(bench) => bench.compute(shape).await.map_err(|BrokeOff| Problem::internal()),
        None => Ok(shape()),
    }
}

/// Which candles are asked for.
struct Span {
    limit: usize,
    from: Option<u64>,
    to: u64,
}

impl Span {
    fn read(query: &Query) -> Result<Self, Problem> {
        let limit = query.count("limit", CANDLES_DEFAULT, CANDLES_MAX)?;
        let (from, to) = (query.whole("from")?, query.whole("to")?.unwrap_or(u64::MAX));
        Ok(Self { limit, from, to })
    }

    /// Oldest first.
    fn candles(&self, views: &Views, id: InstrumentId, interval: Interval) -> Vec<CandleView> {
        let Self { limit, from, to } = *self;
        let is_asked = |open_time_ns| (from.unwrap_or(0)..=to).contains(&millis(open_time_ns));
        let asked = views.candles.of(id, interval).filter(|c| is_asked(c.open_time_ns));
        match from {
            Some(_) => asked.take(limit).copied().collect(),
            None => {
                let mut newest: Vec<_> = asked.rev().take(limit).copied().collect();
                newest.reverse();
                newest
            }
        }
    }
}

/// The last 24 hours of an instrument.
#[utoipa::path(
    get,
    path = "/statistics/{symbol}",
    params(("symbol" = String, Path)),
    responses(
        (status = 200, description = "As asked", body = MarketStatistics),
        (status = 404, description = "No such symbol", body = ProblemBody),
    )
)]
pub(crate) fn statistics(app: &App, symbol: &str) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = instrument(&views, symbol)?;
    Ok(Answer::new(200, &day(&views, instrument)))
}

/// The last 24 hours of every instrument.
#[utoipa::path(
    get,
    path = "/statistics",
    responses((status = 200, description = "As asked", body = StatisticsAnswer))
)]
pub(crate) fn all_statistics(app: &App) -> Answer {
    let views = app.views.read();
    let instruments = views.catalog.instruments().iter();
    let statistics = instruments.map(|instrument| day(&views, instrument)).collect();
    Answer::new(200, &StatisticsAnswer { statistics })
}

fn day(views: &Views, instrument: &Instrument) -> MarketStatistics {
    MarketStatistics::new(instrument, &views.statistics.day(instrument.id), views.at())
}

/// Newest first; with `from_sequence` oldest first from that command on, and then never cut
/// within a command: the next call goes on at the last sequence + 1.
#[utoipa::path(
    get,
    path = "/executions/{symbol}",
    params(
        ("symbol" = String, Path),
        ("limit" = Option<u32>, Query, description = "50, at most 1000"),
        ("from_sequence" = Option<u64>, Query),
    ),
    responses(
        (status = 200, description = "As asked", body = ExecutionsAnswer),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
        (status = 404, description = "No such symbol", body = ProblemBody),
        (status = 410, description = "RESUME_TOO_OLD", body = ProblemBody),
    )
)]
pub(crate) fn executions(app: &App, symbol: &str, query: &Query) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = instrument(&views, symbol)?;
    let limit = query.count("limit", EXECUTIONS_DEFAULT, EXECUTIONS_MAX)?;
    let from_sequence = query.whole("from_sequence")?;
    let shape =
        |trade| Execution::new(&views.catalog, instrument, trade, app.config.public_order_ids);
    let executions: Vec<Execution> = match from_sequence {
        None => views.trades.recent(instrument.id).take(limit).map(shape).collect(),
        Some(sequence) => match views.trades.since(instrument.id, sequence) {
            Resume::TooOld { oldest } => return Err(Problem::too_old(oldest)),
            Resume::From(trades) => {
                let page = whole_commands(trades, limit, |trade| trade.stamp.sequence.0);
                page.into_iter().map(shape).collect()
            }
        },
    };
    let symbol = instrument.symbol;
    drop(views);
    Ok(Answer::new(200, &ExecutionsAnswer { symbol, executions }))
}

/// At least `limit` items if there are as many, and all of the last one's command.
pub(super) fn whole_commands<'a, T>(
    items: impl Iterator<Item = &'a T>,
    limit: usize,
    sequence: impl Fn(&T) -> u64,
) -> Vec<&'a T> {
    let mut page: Vec<&T> = Vec::new();
    for item in items {
        let is_next = page.last().is_none_or(|last| sequence(last) != sequence(item));
        if page.len() >= limit && is_next {
            break;
        }
        page.push(item);
    }
    page
}

/// What is traded.
#[utoipa::path(
    get,
    path = "/symbols",
    responses((status = 200, description = "As asked", body = SymbolsAnswer))
)]
pub(crate) fn symbols(app: &App) -> Answer {
    let views = app.views.read();
    let instruments = views.catalog.instruments().iter();
    let symbols = instruments.map(|i| InstrumentEntry::new(&views, i)).collect();
    Answer::new(200, &SymbolsAnswer { symbols })
}

/// Prayer totals and rates.
#[utoipa::path(
    get,
    path = "/prayer",
    responses((status = 200, description = "As asked", body = PrayerTotals))
)]
pub(crate) fn prayers(app: &App) -> Answer {
    let view = app.views.read().prayers.view();
    Answer::new(200, &PrayerTotals::new(&view))
}

/// What a foreign venue last said of the primary symbol.
#[utoipa::path(
    get,
    path = "/ticker",
    responses(
        (status = 200, description = "As asked", body = TickerEntry),
        (status = 404, description = "Nothing was seen yet", body = ProblemBody),
    )
)]
pub(crate) fn primary_ticker(app: &Arc<App>) -> Result<Answer, Problem> {
    ticker(app, PRIMARY_VENUE, PRIMARY_SYMBOL)
}

/// What a foreign venue last said of a symbol.
#[utoipa::path(
    get,
    path = "/ticker/{venue}/{symbol}",
    params(("venue" = String, Path), ("symbol" = String, Path)),
    responses(
        (status = 200, description = "As asked", body = TickerEntry),
        (status = 404, description = "Nothing was seen yet", body = ProblemBody),
    )
)]
pub(crate) fn ticker(app: &Arc<App>, venue: &str, symbol: &str) -> Result<Answer, Problem> {
    let message = Message::ours("no such ticker was seen yet", "아직 수신한 시세가 없습니다");
    let unseen = || Problem::new(404, "TICKER_NOT_FOUND", message);
    let named = Venue::new(venue).ok().zip(Symbol::foreign(&base_first(venue, symbol)).ok());
    let views = app.views.read();
    let latest = named.and_then(|(venue, symbol)| views.tickers.latest(&venue, &symbol));
    let (stamp, ticker) = latest.ok_or_else(unseen)?;
    Ok(Answer::new(200, &TickerEntry::new(stamp, &ticker)))
}

/// A symbol in a path: 404 if there is none.
fn instrument<'a>(views: &'a Views, symbol: &str) -> Result<&'a Instrument, Problem> {
    let named = Symbol::new(symbol).ok();
    let found = named.and_then(|symbol| views.catalog.instrument_named(&symbol));
    found.ok_or_else(|| Problem { status: 404, ..Problem::symbol_not_found() })
}

fn invalid_interval() -> Problem {
    let words = Interval::ALL.map(Interval::word).join(", ");
    let english = format!("the interval must be one of {words}");
    let korean = format!("지원하는 간격: {words}");
    Problem::new(400, "INVALID_INTERVAL", Message::ours(english, korean)).about("interval")
}
