//! Recordings of the real venues, played through the fake ones, as they came and as fast as can
//! be. Without recordings these are skipped, loudly.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use gateway::feeds::{Depth, LineName, Size, VenueEvent};
use orison_core::Decimal;
use orison_core::command::Foreign;
use serde_json::{Value, json};

use crate::town::{Town, topics};
use crate::venues::market::{Futures, Won};
use crate::venues::recording::{self, Line, Speed};
use crate::venues::{binance, upbit};

const SPEEDS: [Speed; 2] = [Speed::Recorded, Speed::Full];

/// All recordings of a kind.
fn recorded(start: &str, end: &str) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(start) && name.ends_with(end) && path.is_file()
    };
    let files = recording::folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let files = files.into_iter().flatten().filter_map(|file| file.ok().map(|file| file.path()));
    let mut paths: Vec<PathBuf> = files.filter(is_one).collect();
    paths.sort();
    if paths.is_empty() {
        // Past the capture of what tests print: a pass that proved nothing must be seen.
        say(&format!("SKIPPED: no {start}*{end}: no ../shared/data, no ORISON_RECORDINGS"));
    }
    paths
}

fn say(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
fn told(lines: &[Line]) -> BTreeMap<u64, (Best, Order)> {
    let (mut told, mut updated) = (BTreeMap::new(), BTreeSet::new());
    for line in lines {
        let message: Value = serde_json::from_str(&line.text).expect("the recording is JSON");
        let data = &message["data"];
        let Some(id) = data["u"].as_u64() else { continue };
        let best = ["b", "B", "a", "A"].map(|name| data[name].as_str().map(number));
        match best {
            [Some(bid), Some(bids), Some(ask), Some(asks)] => {
                let order = if updated.contains(&id) { Order::After } else { Order::Before };
                told.insert(id, ([bid, bids, ask, asks], order));
            }
            _ => drop(updated.insert(id)),
        }
    }
    told
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Before,
    After,
}

/// What a recording of a book came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Figures {
    /// Ids at which both were told: the best first, the update first.
    common: [usize; 2],
    applied: usize,
    resyncs: u64,
}

/// Plays a recording of `<symbol>@depth`, `@bookTicker` and snapshots, at both speeds. At every id
/// that both name the local book equals what the venue told, whenever it was told.
async fn follow(path: &Path) -> Figures {
    let lines = recording::gzip(path);
    let told = told(&lines);
    let symbol = recording::symbol(&lines).expect("a recording names its symbol");
    let mut both = Vec::new();
    for speed in SPEEDS {
        let mut town = Town::new(|settings| {
            settings.depth_levels = 1;
            settings.topics = topics(&[&format!("binance:depth:{symbol}")]);
        });
        town.rest().await;
        let say = |town: &Town, text: &str| recording::say_binance(&town.binance, &symbol, text);
        let events = play(&mut town, &lines, speed, say).await;
        let mut common = [0, 0];
        for event in &events {
            let VenueEvent::Depth(depth) = event else { panic!("{event:?}") };
            assert!(depth.bids[0].price.to_decimal() < depth.asks[0].price.to_decimal());
            if let Some((expected, order)) = told.get(&depth.update_id) {
                common[*order as usize] += 1;
                assert_eq!(best(depth), *expected, "{path:?} {speed:?} at {}", depth.update_id);
            }
        }
        let metrics = town.metrics(LineName::BinancePublic);
        assert_eq!((metrics.unreadable, metrics.connects), (0, 1), "{path:?} {speed:?}");
        both.push(Figures { common, applied: events.len(), resyncs: metrics.book_resyncs });
    }
    let [recorded, full] = both[..] else { panic!("two speeds") };
    say(&format!("{}: {symbol}, as recorded {recorded:?}, at full speed {full:?}", shown(path)));
    assert!(recorded.common.iter().sum::<usize>() > 0, "{path:?}: nothing to compare");
    recorded
}

#[tokio::test(start_paused = true)]
async fn the_local_book_equals_the_recorded_best_at_every_common_update() {
    // Of the ids that both name the best was told before the update that brought it there, or
    // after; the README of the recordings counts the former.
    let known = [
        ("usdm_btcusdt_20240808.gz", [503, 126], 1 + 6_546),
        ("spot_btcusdt_20240808.gz", [564, 0], 1 + 3_448),
    ];
    for path in recorded("usdm_", ".gz").into_iter().chain(recorded("spot_", ".gz")) {
        let figures = follow(&path).await;
        if let Some((_, common, applied)) = known.iter().find(|(name, ..)| shown(&path) == *name) {
            let expected = Figures { common: *common, applied: *applied, resyncs: 0 };
            assert_eq!(figures, expected, "{path:?}");
        }
    }
}

/// Recordings of our own making in the formats of the real ones: another symbol, an update that
/// is missing with a snapshot later, spot's ids without a predecessor.
#[tokio::test(start_paused = true)]
async fn recordings_of_other_symbols_with_gaps_and_of_spot_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, symbol, market, gap) in [
        ("usdm_ethusdt_made.gz", "ETHUSDT", Kind::Futures, false),
        ("usdm_dogeusdt_gap.gz", "DOGEUSDT", Kind::Futures, true),
        ("spot_solusdt_made.gz", "SOLUSDT", Kind::Spot, false),
        ("spot_solusdt_gap.gz", "SOLUSDT", Kind::Spot, true),
    ] {
        let path = folder.path().join(name);
        made(&path, symbol, market, gap);
        let figures = follow(&path).await;
        assert_eq!(figures.resyncs > 0, gap, "{name}: {figures:?}");
        let [before, after] = figures.common;
        assert!(before + after > 900, "{name}: {figures:?}");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Futures,
    Spot,
}

fn made(path: &Path, symbol: &str, kind: Kind, gap: bool) {
    let mut market = Futures::new(symbol, 2_600, 11);
    let stream = symbol.to_ascii_lowercase();
    let mut file = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    let mut write = |beat: u64, text: String| {
        writeln!(file, "{} {text}", 1_723_161_255_000_000_000 + beat * 100_000_000).unwrap();
    };
    for beat in 0..1_000 {
        let (mut update, best, snapshot) = market.recorded();
        if kind == Kind::Spot {
            update.as_object_mut().unwrap().remove("pu");
        }
        let combined = |kind: &str, data: Value| {
            json!({"stream": format!("{stream}@{kind}"), "data": data}).to_string()
        };
        let is_lost = gap && beat == 300;
        if !is_lost {
            write(beat, combined("depth@100ms", update));
        }
        write(beat, combined("bookTicker", best));
        // Whoever records takes another snapshot after a hole.
        if beat == 5 || gap && beat == 310 {
            write(beat, snapshot.to_string());
        }
    }
    file.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_recorded_liquidation_is_heard_once() {
    for path in recorded("binance_forceOrder_", ".csv.zst") {
        let lines = recording::forced(&path);
        if shown(&path) == "binance_forceOrder_20251227.csv.zst" {
            assert_eq!(lines.len(), 2_045);
        }
        hear_forced(&path, &lines).await;
    }
}

async fn hear_forced(path: &Path, lines: &[Line]) {
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
        let events = play(&mut town, lines, speed, say).await;
        let large = events.iter().filter(
            |event| matches!(event, VenueEvent::Liquidation(forced) if forced.size == Size::Large),
        );
        let large = large.count();
        let metrics = town.metrics(LineName::BinanceMarket);
        assert_eq!(events.len(), readable.len(), "{speed:?}");
        assert_eq!(metrics.duplicates as usize, 2 * lines.len() - readable.len(), "{speed:?}");
        assert_eq!(metrics.large_liquidations as usize, large);
        let (rows, heard) = (lines.len(), events.len());
        say_so(path, speed, &format!("{rows} rows, {heard} liquidations, {large} large"));
    }
}

fn say_so(path: &Path, speed: Speed, what: &str) {
    say(&format!("{} {speed:?}: {what}", shown(path)));
}

#[tokio::test(start_paused = true)]
async fn recorded_trades_of_binance_are_heard() {
    for path in recorded("BINANCE_FUTURES.ws.", "") {
        hear_trades(&path).await;
    }
}

async fn hear_trades(path: &Path) {
    let lines = recording::frames(path);
    // Symbols in order, and how many trades and holes between their numbers there are.
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let (mut trades, mut missed) = (0, 0);
    for line in lines.iter().filter(|line| line.text.contains(r#""e":"aggTrade""#)) {
        let message: Value = serde_json::from_str(&line.text).unwrap();
        let (data, symbol) = (&message["data"], message["data"]["s"].as_str().unwrap());
        let id = data["a"].as_u64().unwrap();
        let before = last.get(symbol).copied();
        if before.is_none_or(|before| before < id) {
            trades += 1;
            missed += before.map_or(0, |before| id - before - 1);
            last.insert(symbol.to_owned(), id);
        }
    }
    assert!(trades > 10, "{trades} trades in {} lines", lines.len());
    for speed in SPEEDS {
        let wanted: Vec<String> =
            last.keys().map(|symbol| format!("binance:trade:{symbol}")).collect();
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
        assert_eq!(town.metrics(LineName::BinanceMarket).trades_missed, missed, "{speed:?}");
        say_so(path, speed, &format!("{trades} trades, {missed} not recorded"));
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_trades_and_books_of_upbit_are_heard() {
    for path in recorded("UPBIT.ws.", "") {
        hear_upbit(&path).await;
    }
}

/// Levels of a book that are compared.
const LEVELS: usize = 8;

/// Trades and books that are news.
async fn hear_upbit(path: &Path) -> (usize, usize) {
    let lines: Vec<Line> =
        recording::frames(path).into_iter().filter(|line| line.text.starts_with('{')).collect();
    let (mut expected, mut codes) = (BTreeMap::new(), BTreeSet::new());
    let (mut sold, mut before) = (BTreeSet::new(), BTreeMap::<String, (u64, Value)>::new());
    for line in &lines {
        let message = upbit::long(&serde_json::from_str(&line.text).unwrap());
        let (kind, code) = (message["type"].as_str().unwrap(), message["code"].as_str().unwrap());
        let code = code.split('.').next().unwrap().to_owned();
        codes.insert(code.clone());
        // The same trade or book told again, or a book of before, is no news.
        let is_news = match kind {
            "trade" => sold.insert((code, message["sequential_id"].as_u64())),
            "orderbook" => {
                let units = message["orderbook_units"].as_array().unwrap();
                let units = units.iter().take(LEVELS).cloned().collect();
                let book = (message["timestamp"].as_u64().unwrap(), units);
                let known = before.get(&code);
                let is_news = known.is_none_or(|known| known.0 <= book.0 && *known != book);
                if is_news {
                    before.insert(code, book);
                }
                is_news
            }
            _ => false,
        };
        *expected.entry(kind.to_owned()).or_insert(0) += usize::from(is_news);
    }
    assert!(lines.len() > 10, "{}", lines.len());
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
            settings.depth_levels = LEVELS;
            settings.topics = topics(&wanted);
        });
        town.rest().await;
        let say = |town: &Town, text: &str| recording::say_upbit(&town.upbit, text);
        let events = play(&mut town, &lines, speed, say).await;
        let trades = events.iter().filter(|event| matches!(event, VenueEvent::Trade(_))).count();
        let books = events.iter().filter(|event| matches!(event, VenueEvent::Depth(_))).count();
        let expect = |kind: &str| expected.get(kind).copied().unwrap_or(0);
        assert_eq!((trades, books), (expect("trade"), expect("orderbook")), "{speed:?}");
        assert_eq!(town.metrics(LineName::UpbitPublic).unreadable, 0);
        say_so(path, speed, &format!("{trades} trades, {books} books"));
    }
    let expect = |kind: &str| expected.get(kind).copied().unwrap_or(0);
    (expect("trade"), expect("orderbook"))
}

/// In each way of writing, other markets among them, and with a trade and a book told twice.
#[tokio::test(start_paused = true)]
async fn made_recordings_of_upbit_are_heard_in_each_format() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["default", "simple", "list"] {
        let path = folder.path().join(format!("UPBIT.ws.{format}"));
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, "wss://api.upbit.com/websocket/v1 <-> 1626992740.1").unwrap();
        let mut markets = [Won::new("KRW-BTC", 84_000_000, 5), Won::new("BTC-ETH", 90_000, 6)];
        for beat in 0..200 {
            for market in &mut markets {
                let (trade, book) = market.recorded();
                let said = [&trade, &book, &trade, &book].map(|said| match format {
                    "simple" => upbit::short(said, said["type"].as_str().unwrap()),
                    _ => said.clone(),
                });
                let at = 1_626_992_741.0 + f64::from(beat) / 10.0;
                if format == "list" {
                    writeln!(file, "{at}: b'{}'", json!(said)).unwrap();
                } else {
                    said.iter().for_each(|said| writeln!(file, "{at}: {said}").unwrap());
                }
            }
        }
        drop(file);
        let (trades, books) = hear_upbit(&path).await;
        assert_eq!((trades, books), (400, 400), "{format}");
    }
}
