//! Recordings of the real venues, played through the fake ones, as they came and as fast as can
//! be. Without recordings these are skipped, loudly.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use gateway::feeds::{Depth, LineName, Size, VenueEvent};
use orison_core::Decimal;
use orison_core::command::Foreign;
use serde_json::Value;

use crate::town::{Town, topics};
use crate::venues::binance;
use crate::venues::recording::{self, Line, Speed};

const SPEEDS: [Speed; 2] = [Speed::Recorded, Speed::Full];

fn recorded(name: &str) -> Option<PathBuf> {
    let path = recording::folder().map(|folder| folder.join(name)).filter(|path| path.is_file());
    if path.is_none() {
        // Past the capture of what tests print: a pass that proved nothing must be seen.
        writeln!(io::stderr(), "SKIPPED: no {name}: no ../shared/data, no ORISON_RECORDINGS").ok();
    }
    path
}

fn number(text: &str) -> Decimal {
    Decimal::parse(text).expect("a recorded number")
}

/// Plays it, and takes what is heard until nothing has come for a second.
async fn play(
    town: &mut Town,
    lines: &[Line],
    speed: Speed,
    say: impl Fn(&Town, &str),
) -> Vec<VenueEvent> {
    let mut events = Vec::new();
    recording::play(lines, speed, |text| {
        say(town, text);
        while let Ok(event) = town.heard.try_recv() {
            events.push(event);
        }
    })
    .await;
    let quiet = Duration::from_secs(5);
    while let Ok(Some(event)) = tokio::time::timeout(quiet, town.heard.recv()).await {
        events.push(event);
    }
    events
}

type Best = [Decimal; 4];

fn best(depth: &Depth) -> Best {
    let (bid, ask) = (depth.bids[0], depth.asks[0]);
    [bid.price, bid.quantity, ask.price, ask.quantity].map(Foreign::to_decimal)
}

/// By update id: the best bid and ask that the venue told, and whether before the update came.
fn told(lines: &[Line], symbol: &str) -> BTreeMap<u64, (Best, Order)> {
    let (mut told, mut updated) = (BTreeMap::new(), BTreeSet::new());
    for line in lines {
        let message: Value = serde_json::from_str(&line.text).expect("the recording is JSON");
        let data = &message["data"];
        let field = |name: &str| number(data[name].as_str().expect("a text"));
        let Some(id) = data["u"].as_u64().filter(|_| data["s"] == symbol) else { continue };
        if data["e"] == "bookTicker" {
            let order = if updated.contains(&id) { Order::After } else { Order::Before };
            told.insert(id, (["b", "B", "a", "A"].map(field), order));
        } else {
            updated.insert(id);
        }
    }
    told
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Before,
    After,
}

/// Of the ids that both name: 503 times the best was told before the update that brought it there,
/// 126 times after.
#[tokio::test(start_paused = true)]
async fn the_local_book_equals_the_recorded_best_at_every_common_update() {
    let Some(path) = recorded("usdm_btcusdt_20240808.gz") else { return };
    let lines = recording::gzip(&path);
    let told = told(&lines, "BTCUSDT");
    for speed in SPEEDS {
        let mut town = Town::new(|settings| {
            settings.depth_levels = 1;
            settings.topics = topics(&["binance:depth:BTCUSDT"]);
        });
        town.rest().await;
        let say = |town: &Town, text: &str| recording::say_binance(&town.binance, "BTCUSDT", text);
        let events = play(&mut town, &lines, speed, say).await;
        let (mut common, mut equal) = ([0, 0], [0, 0]);
        for event in &events {
            let VenueEvent::Depth(depth) = event else { panic!("{event:?}") };
            assert!(depth.bids[0].price.to_decimal() < depth.asks[0].price.to_decimal());
            if let Some((expected, order)) = told.get(&depth.update_id) {
                common[*order as usize] += 1;
                equal[*order as usize] += usize::from(best(depth) == *expected);
            }
        }
        assert_eq!((equal, common), ([503, 126], [503, 126]), "{speed:?}");
        assert_eq!(
            events.len(),
            1 + 6_546,
            "the first after the snapshot and its chain: {speed:?}"
        );
        let metrics = town.metrics(LineName::BinancePublic);
        let faults = (metrics.book_resyncs, metrics.unreadable, metrics.connects);
        assert_eq!(faults, (0, 0, 1), "{speed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_liquidation_is_heard_once() {
    let Some(path) = recorded("binance_forceOrder_20251227.csv.zst") else { return };
    let lines = recording::forced(&path);
    assert_eq!(lines.len(), 2_045);
    let readable: BTreeSet<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    for speed in SPEEDS {
        let mut town = Town::with(&["binance:liquidation:*"]);
        town.rest().await;
        let say = |town: &Town, text: &str| {
            // Said twice, as two streams would.
            for _ in 0..2 {
                binance::say(&town.binance, &["!forceOrder@arr"], text);
            }
        };
        let events = play(&mut town, &lines, speed, say).await;
        let large = events.iter().filter(
            |event| matches!(event, VenueEvent::Liquidation(forced) if forced.size == Size::Large),
        );
        let large = large.count();
        let metrics = town.metrics(LineName::BinanceMarket);
        assert_eq!(events.len(), readable.len(), "{speed:?}");
        assert_eq!(metrics.duplicates as usize, 2 * lines.len() - readable.len(), "{speed:?}");
        assert_eq!(metrics.large_liquidations as usize, large);
        assert!(large > 0, "the recording has some");
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_trades_and_books_of_binance_are_heard() {
    let Some(path) = recorded("BINANCE_FUTURES.ws.1.0") else { return };
    let lines = recording::frames(&path);
    let is_trade = |line: &&Line| line.text.contains(r#""e":"aggTrade""#);
    let trades = lines.iter().filter(is_trade).count();
    assert!(trades > 10, "{trades} trades in {} lines", lines.len());
    for speed in SPEEDS {
        let symbols = ["SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"];
        let wanted: Vec<String> =
            symbols.iter().map(|symbol| format!("binance:trade:{symbol}")).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let mut town = Town::with(&wanted);
        town.rest().await;
        let say = |town: &Town, text: &str| {
            if text.contains(r#""stream""#) {
                recording::say_binance(&town.binance, "", text);
            }
        };
        let events = play(&mut town, &lines, speed, say).await;
        assert_eq!(events.len(), trades, "{speed:?}");
        assert!(events.iter().all(|event| matches!(event, VenueEvent::Trade(_))));
        assert_eq!(town.metrics(LineName::BinanceMarket).trades_missed, 0, "{speed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_trades_and_books_of_upbit_are_heard() {
    let Some(path) = recorded("UPBIT.ws.62.0") else { return };
    let lines: Vec<Line> =
        recording::frames(&path).into_iter().filter(|line| line.text.starts_with('{')).collect();
    let mut expected = BTreeMap::new();
    let mut codes = BTreeSet::new();
    let mut before: BTreeMap<String, Value> = BTreeMap::new();
    for line in &lines {
        let message: Value = serde_json::from_str(&line.text).unwrap();
        let (kind, code) = (message["ty"].as_str().unwrap(), message["cd"].as_str().unwrap());
        codes.insert(code.to_owned());
        // The same book told again is no news.
        let top = serde_json::json!([message["tms"], message["obu"]]);
        let is_news = kind == "trade" || before.insert(code.to_owned(), top.clone()) != Some(top);
        *expected.entry(kind.to_owned()).or_insert(0) += usize::from(is_news);
    }
    assert!(lines.len() >= 440, "{}", lines.len());
    for speed in SPEEDS {
        let wanted: Vec<String> = codes
            .iter()
            .map(|code| code.split_once('-').unwrap())
            .flat_map(|(quote, base)| {
                ["trade", "depth"].map(|subject| format!("upbit:{subject}:{base}-{quote}"))
            })
            .collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let mut town = Town::new(|settings| {
            settings.depth_levels = 8;
            settings.topics = topics(&wanted);
        });
        town.rest().await;
        let say = |town: &Town, text: &str| recording::say_upbit(&town.upbit, text);
        let events = play(&mut town, &lines, speed, say).await;
        let trades = events.iter().filter(|event| matches!(event, VenueEvent::Trade(_))).count();
        let books = events.iter().filter(|event| matches!(event, VenueEvent::Depth(_))).count();
        assert_eq!((trades, books), (expected["trade"], expected["orderbook"]), "{speed:?}");
        assert_eq!(town.metrics(LineName::UpbitPublic).unreadable, 0);
    }
}
