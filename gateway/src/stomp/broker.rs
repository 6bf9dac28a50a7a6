//! Which topics there are, by the names that clients know them by, below `/topic/`: `prayer`;
//! `ticker` and `{ticker,trade,depth}.{venue}.{symbol}`, `ticker` alone the first venue's first
//! symbol; `liquidation` of the first venue; market data as on the xTrader socket,
//! `{orderbook,executions,statistics,status}.{symbol}` and `candles.{symbol}.{interval}`.

use std::sync::Arc;

use engine::Views;
use engine::projection::Interval;
use orison_core::command::Venue;
use orison_core::{InstrumentId, Symbol};

use super::ant::Pattern;
use crate::fanout::{PRIMARY_SYMBOL, PRIMARY_VENUE, Site, Topic};
use crate::feeds;

const PREFIX: &str = "/topic/";
const PRAYER: &str = "/topic/prayer";
const TICKER: &str = "/topic/ticker";
const LIQUIDATION: &str = "/topic/liquidation";

/// A topic under one of its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) topic: Topic,
    pub(super) spelling: Spelling,
}

/// How a topic is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spelling {
    /// As patterns see it too.
    Ours,
    /// As one client wrote it: only who wrote it so hears of it under that name.
    Theirs,
}

/// All that the pattern covers now; nothing of what is not known, or not a topic.
pub(super) fn covered(pattern: &Pattern, views: &Views) -> Vec<Named> {
    match pattern.exact() {
        Some(name) => {
            let topic = topic(name, views);
            let named = topic.map(|topic| {
                let spelling = spelling(name, topic);
                Named { name: name.into(), topic, spelling }
            });
            named.into_iter().collect()
        }
        None => {
            let mut covered = Vec::new();
            each(views, &mut |name, topic| {
                if pattern.matches(name) {
                    let spelling = Spelling::Ours;
                    covered.push(Named { name: name.into(), topic, spelling });
                }
            });
            covered
        }
    }
}

/// Of a topic that has this name.
fn spelling(name: &str, topic: Topic) -> Spelling {
    let ends = match topic {
        Topic::Site(
            Site::Ticker(venue, symbol) | Site::Trades(venue, symbol) | Site::Depth(venue, symbol),
        ) => format!(".{venue}.{symbol}"),
        _ => String::new(),
    };
    if name == TICKER || name.ends_with(&ends) { Spelling::Ours } else { Spelling::Theirs }
}

/// Changes when a name comes to be known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Extent {
    instruments: usize,
    tickers: usize,
}

impl Extent {
    pub(super) fn of(views: &Views) -> Self {
        let instruments = views.catalog.instruments().len();
        Self { instruments, tickers: views.tickers.all().count() }
    }
}

/// What venues are to be asked for, as long as somebody listens: what an exact name says, and of a
/// pattern the names that are always there. What else a pattern covers it takes as it comes, or
/// one listener to everything would keep asking for whatever anybody ever asked for.
pub(super) fn wished(pattern: &Pattern) -> Vec<feeds::Topic> {
    let names = match pattern.exact() {
        Some(name) => vec![name],
        None => [TICKER, LIQUIDATION].into_iter().filter(|name| pattern.matches(name)).collect(),
    };
    names.into_iter().filter_map(wish).collect()
}

fn wish(name: &str) -> Option<feeds::Topic> {
    let text = match name {
        TICKER => format!("{PRIMARY_VENUE}:ticker:{PRIMARY_SYMBOL}"),
        LIQUIDATION => format!("{PRIMARY_VENUE}:liquidation:*"),
        _ => {
            let (kind, of) = name.strip_prefix(PREFIX)?.split_once('.')?;
            let (venue, symbol) = of.split_once('.')?;
            ["ticker", "trade", "depth"]
                .contains(&kind)
                .then(|| format!("{venue}:{kind}:{symbol}"))?
        }
    };
    text.parse().ok()
}

/// May it come to cover more than it does?
pub(super) fn is_open_ended(pattern: &Pattern, covered: &[Named]) -> bool {
    match pattern.exact() {
        Some(name) => covered.is_empty() && name.starts_with(PREFIX),
        None => true,
    }
}

fn topic(name: &str, views: &Views) -> Option<Topic> {
    match name {
        PRAYER => return Some(Topic::Site(Site::Prayers)),
        TICKER => return primary_ticker(),
        LIQUIDATION => return Some(Topic::Site(Site::Liquidations)),
        _ => {}
    }
    let (kind, of) = name.strip_prefix(PREFIX)?.split_once('.')?;
    let instrument = |symbol: &str| {
        let symbol = Symbol::new(symbol).ok()?;
        views.catalog.instrument_named(&symbol).map(|instrument| instrument.id)
    };
    match kind {
        "orderbook" => instrument(of).map(Topic::OrderBook),
        "executions" => instrument(of).map(Topic::Executions),
        "statistics" => instrument(of).map(Topic::Statistics),
        "status" => instrument(of).map(Topic::Status),
        "candles" => {
            let (symbol, interval) = of.rsplit_once('.')?;
            Some(Topic::Candles(instrument(symbol)?, Interval::parse(interval)?))
        }
        "ticker" | "trade" | "depth" => {
            let (venue, symbol) = of.split_once('.')?;
            let (venue, symbol) = foreign(venue, symbol)?;
            Some(Topic::Site(match kind {
                "trade" => Site::Trades(venue, symbol),
                "depth" => Site::Depth(venue, symbol),
                _ => Site::Ticker(venue, symbol),
            }))
        }
        _ => None,
    }
}

fn primary_ticker() -> Option<Topic> {
    let (venue, symbol) = foreign(PRIMARY_VENUE, PRIMARY_SYMBOL)?;
    Some(Topic::Site(Site::Ticker(venue, symbol)))
}

/// Any venue and symbol: it may be heard of later. The venue's own way of writing a symbol means
/// the same.
fn foreign(venue: &str, symbol: &str) -> Option<(Venue, Symbol)> {
    let symbol = feeds::base_first(venue, symbol);
    Some((Venue::new(venue).ok()?, Symbol::foreign(&symbol).ok()?))
}

fn each(views: &Views, found: &mut dyn FnMut(&str, Topic)) {
    found(PRAYER, Topic::Site(Site::Prayers));
    if let Some(primary) = primary_ticker() {
        found(TICKER, primary);
    }
    found(LIQUIDATION, Topic::Site(Site::Liquidations));
    for (_, ticker) in views.tickers.all() {
        let topic = Topic::Site(Site::Ticker(ticker.venue, ticker.symbol));
        found(&format!("{TICKER}.{}.{}", ticker.venue, ticker.symbol), topic);
    }
    for instrument in views.catalog.instruments() {
        each_of(instrument.id, instrument.symbol.as_str(), found);
    }
}

fn each_of(id: InstrumentId, symbol: &str, found: &mut dyn FnMut(&str, Topic)) {
    found(&format!("{PREFIX}orderbook.{symbol}"), Topic::OrderBook(id));
    found(&format!("{PREFIX}executions.{symbol}"), Topic::Executions(id));
    found(&format!("{PREFIX}statistics.{symbol}"), Topic::Statistics(id));
    found(&format!("{PREFIX}status.{symbol}"), Topic::Status(id));
    for interval in Interval::ALL {
        let name = format!("{PREFIX}candles.{symbol}.{}", interval.word());
        found(&name, Topic::Candles(id, interval));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use engine::projection::ViewLimits;

    #[test]
    fn names_and_topics_belong_to_each_other() {
        let home = tempfile::tempdir().unwrap();
        let recovered = crate::app::recover(&Config::for_tests(home.path())).unwrap();
        let views = &recovered.views;
        let mut count = 0;
        each(views, &mut |name, found| {
            assert_eq!(topic(name, views), Some(found), "{name}");
            count += 1;
        });
        assert_eq!(count, 3 + 3 * (4 + Interval::ALL.len()));
        let covered = |pattern: &str| covered(&Pattern::new(pattern), views).len();
        for (pattern, expected) in [
            ("/topic/prayer", 1),
            ("/topic/ticker", 1),
            ("/topic/ticker.upbit.KRW-BTC", 1),
            ("/topic/ticker.upbit", 0),
            ("/topic/trade.upbit.BTC-KRW", 1),
            ("/topic/depth.binance.BTCUSDT", 1),
            ("/topic/orderbook.BTC-KRW", 1),
            ("/topic/orderbook.NONE", 0),
            ("/topic/orderbook", 0),
            ("/topic/candles.AAPL.5m", 1),
            ("/topic/candles.AAPL.7m", 0),
            ("/topic/candles.AAPL", 0),
            ("/topic/depth.AAPL", 0),
            ("/topic/*", count),
            ("/topic/**", count),
            ("/**", count),
            ("/topic/*.AAPL", 4),
            ("/topic/candles.*.1m", 3),
            ("/queue/*", 0),
            ("/user/queue/errors", 0),
            ("/topic/prayer/more", 0),
            ("topic/prayer", 0),
        ] {
            assert_eq!(covered(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_subscription_wishes_what_it_names_and_a_pattern_what_is_always_there() {
        let both = ["binance:ticker:BTCUSDT", "binance:liquidation:*"];
        for (pattern, expected) in [
            ("/topic/ticker", &both[..1]),
            ("/topic/liquidation", &both[1..]),
            ("/topic/ticker.binance.ETHUSDT", &["binance:ticker:ETHUSDT"]),
            ("/topic/ticker.upbit.BTC-KRW", &["upbit:ticker:BTC-KRW"]),
            ("/topic/ticker.upbit.KRW-BTC", &["upbit:ticker:BTC-KRW"]),
            ("/topic/trade.upbit.BTC-KRW", &["upbit:trade:BTC-KRW"]),
            ("/topic/depth.binance.BTCUSDT", &["binance:depth:BTCUSDT"]),
            ("/topic/*", &both),
            ("/topic/**", &both),
            ("/topic/tick*", &both[..1]),
            ("/topic/ticker.*.BTC-KRW", &[]),
            ("/topic/ticker.kraken.BTCUSDT", &[]),
            ("/topic/order.upbit.BTC-KRW", &[]),
            ("/topic/orderbook.BTC-KRW", &[]),
            ("/topic/prayer", &[]),
        ] {
            let wished: Vec<_> =
                wished(&Pattern::new(pattern)).iter().map(ToString::to_string).collect();
            assert_eq!(wished, expected, "{pattern}");
        }
    }

    #[test]
    fn only_our_own_spelling_is_seen_by_patterns() {
        let views = Views::new(ViewLimits::DEFAULT);
        for (name, expected) in [
            ("/topic/ticker", Spelling::Ours),
            ("/topic/ticker.upbit.BTC-KRW", Spelling::Ours),
            ("/topic/ticker.upbit.KRW-BTC", Spelling::Theirs),
            ("/topic/depth.binance.btcusdt", Spelling::Theirs),
            ("/topic/trade.binance.BTCUSDT", Spelling::Ours),
            ("/topic/prayer", Spelling::Ours),
        ] {
            let covered = covered(&Pattern::new(name), &views);
            let spellings: Vec<_> = covered.iter().map(|named| named.spelling).collect();
            assert_eq!(spellings, [expected], "{name}");
        }
        let names = ["/topic/depth.binance.btcusdt", "/topic/depth.binance.BTCUSDT"];
        let [theirs, ours] = names.map(|name| covered(&Pattern::new(name), &views)[0].topic);
        assert_eq!(theirs, ours, "one topic");
    }

    #[test]
    fn what_may_come_to_cover_more_is_known() {
        let (name, spelling) = (PRAYER.into(), Spelling::Ours);
        let one = Named { name, topic: Topic::Site(Site::Prayers), spelling };
        for (pattern, covered, expected) in [
            ("/topic/prayer", vec![one.clone()], false),
            ("/topic/orderbook.NEW", vec![], true),
            ("/queue/nothing", vec![], false),
            ("/topic/*", vec![one], true),
        ] {
            assert_eq!(is_open_ended(&Pattern::new(pattern), &covered), expected, "{pattern}");
        }
    }
}
