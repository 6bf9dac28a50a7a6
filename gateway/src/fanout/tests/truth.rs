//! Nothing missed, nothing twice, nothing that was not so.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::projection::{Interval, Resume};
use orison_core::{AccountName, Event, Price, Quantity, Side};
use serde_json::{Value, json};

use super::bench::{BTC, Bench, Reader};
use crate::fanout::{Settings, Topic, Wish};

/// Queues that keep up, and queues that never do: there every command is rebuilt from the views.
pub(super) fn settings() -> [(&'static str, Settings); 2] {
    let mut tight = Settings { news_max: 3, ..Settings::DEFAULT };
    tight.outbox.event_bytes_max = 1 << 20;
    [("with room", Settings::DEFAULT), ("too tight", tight)]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The public tape since a sequence, as the views remember it.
fn tape(bench: &Bench, from: u64) -> Vec<String> {
    let views = bench.runtime.views();
    let views = views.read();
    let Resume::From(trades) = views.trades.since(BTC, from) else { panic!("all is remembered") };
    trades.map(|trade| trade.execution.to_string()).collect()
}

fn told(reader: &Reader) -> Vec<String> {
    reader.of("Execution").map(|message| text(&message["exec_id"])).collect()
}

#[test]
fn executions_are_told_once_each_from_wherever_one_resumes() {
    for (name, settings) in settings() {
        let mut bench = Bench::start(7, settings);
        let mut readers = Vec::new();
        for round in 0..12 {
            bench.trade(400, 5);
            let mut reader = bench.join();
            let now = bench.runtime.views().read().at().sequence.0;
            // From the start, from somewhere, from about now, and live.
            let from = match round % 4 {
                0 => Some(0),
                1 => Some(now / 2),
                2 => Some(now + 1),
                _ => None,
            };
            reader.subscribe(&[Topic::Executions(BTC)], Wish::default(), from).unwrap();
            readers.push((reader, from));
            readers.iter_mut().for_each(|(reader, _)| reader.read());
        }
        bench.trade(400, 5);
        bench.settle();
        let all = tape(&bench, 0);
        for (mut reader, from) in readers {
            let last = all.last().unwrap();
            reader.read_until(|messages| {
                messages.iter().rev().any(|message| message["exec_id"] == *last)
            });
            let told = told(&reader);
            match from {
                Some(from) => assert_eq!(told, tape(&bench, from), "{name}: from {from}"),
                None => assert!(all.ends_with(&told), "{name}: live from its first on"),
            }
            let mut before = None;
            for message in reader.of("Execution") {
                let previous = message["prev_sequence"].as_u64().unwrap();
                assert!(before.is_none_or(|before| before == previous), "{name}: {message}");
                before = message["sequence"].as_u64();
            }
        }
    }
}

#[test]
fn an_account_is_told_its_events_once_each_also_from_before_it_was_open() {
    for (name, settings) in settings() {
        let mut bench = Bench::start(11, settings);
        let account = AccountName::new("carol").unwrap();
        let mut early = bench.join();
        early.subscribe(&[Topic::Orders(account)], Wish::default(), None).unwrap();
        bench.deposit("carol", "KRW");
        bench.deposit("carol", "BTC");
        bench.trade(1_500, 5);
        early.read();
        let mut late = bench.join();
        late.subscribe(&[Topic::Orders(account)], Wish::default(), Some(0)).unwrap();
        bench.trade(1_500, 5);
        bench.settle();
        let events: Vec<(u64, u64)> = {
            let views = bench.runtime.views();
            let views = views.read();
            let id = views.catalog.account(&account).unwrap();
            let Resume::From(events) = views.orders.events_since(id, 0) else { panic!() };
            let shown = |event: &&engine::projection::AccountEvent| {
                !matches!(event.event, Event::Rested(_) | Event::Waiting(_))
            };
            events
                .filter(shown)
                .flat_map(|event| {
                    let place = (event.stamp.sequence.0, u64::from(event.index));
                    let oneself = match event.event {
                        Event::Trade(trade) => trade.maker_account == trade.taker_account,
                        Event::Decremented(_) => true,
                        _ => false,
                    };
                    std::iter::repeat_n(place, 1 + usize::from(oneself))
                })
                .collect()
        };
        for reader in [&mut early, &mut late] {
            let count = events.len();
            reader.read_until(|messages| {
                messages.iter().filter(|message| !message["index"].is_null()).count() >= count
            });
            let told = reader.messages.iter().filter(|message| !message["index"].is_null());
            let told: Vec<_> = told
                .map(|m| (m["sequence"].as_u64().unwrap(), m["index"].as_u64().unwrap()))
                .collect();
            assert_eq!(told, events, "{name}");
            for kind in ["OrderTriggered", "OrderDecremented", "BalanceUpdate"] {
                assert!(reader.of(kind).next().is_some(), "{name}: {kind}");
            }
            for execution in reader.of("OrderExecution") {
                assert!(execution["exec_id"].is_string(), "{execution}");
            }
        }
    }
}

type Book = [BTreeMap<String, String>; 2];

/// The book that a depth client has kept, and whether its messages followed each other.
fn kept(reader: &Reader) -> (Book, u64) {
    let (mut book, mut last) = (Book::default(), 0);
    for message in &reader.messages {
        let sequence = message["sequence"].as_u64().unwrap_or_default();
        match message["type"].as_str().unwrap() {
            "DepthSnapshot" => book = Book::default(),
            "DepthDelta" => assert_eq!(message["prev_sequence"], last, "{message}"),
            _ => continue,
        }
        last = sequence;
        for (levels, side) in ["bids", "asks"].iter().zip(&mut book) {
            for level in message[*levels].as_array().unwrap() {
                let (price, quantity) = (level[0].to_string(), level[1].to_string());
                match quantity.as_str() {
                    "0" => drop(side.remove(&price)),
                    _ => drop(side.insert(price, quantity)),
                }
            }
        }
    }
    (book, last)
}

fn book_of_views(bench: &Bench) -> (Book, u64) {
    let views = bench.runtime.views();
    let views = views.read();
    let instrument = views.catalog.instrument(BTC).unwrap();
    let book = views.depth.book(BTC).unwrap();
    let side = |side: Side| {
        let shown = |(price, quantity): (Price, Quantity)| {
            let quantity = instrument.quantity_decimal(quantity).to_string();
            // As the reader's JSON shows a number that small.
            let quantity: Value = serde_json::from_str(&quantity).unwrap();
            (instrument.price_decimal(price).to_string(), quantity.to_string())
        };
        book.levels(side).map(shown).collect()
    };
    ([side(Side::Buy), side(Side::Sell)], book.changed_at().sequence.0)
}

#[test]
fn a_book_kept_from_depth_is_the_book() {
    for (name, settings) in settings() {
        let mut bench = Bench::start(23, settings);
        let mut readers = Vec::new();
        for round in 0..6 {
            bench.trade(500, 5);
            let mut reader = bench.join();
            let depth_pace = Duration::from_millis([0, 1, 10][round % 3]);
            let wish = Wish { depth_pace, ..Wish::default() };
            reader.subscribe(&[Topic::Depth(BTC)], wish, None).unwrap();
            readers.push(reader);
            readers.iter_mut().for_each(Reader::read);
        }
        bench.trade(500, 5);
        bench.settle();
        let truth = book_of_views(&bench);
        for mut reader in readers {
            reader.read_until(|messages| {
                messages.iter().rev().any(|message| message["sequence"] == truth.1)
            });
            assert_eq!(kept(&reader), truth, "{name}");
        }
    }
}

#[test]
fn a_book_update_shows_the_book_as_it_was_at_its_sequence() {
    let mut bench = Bench::start(31, Settings::DEFAULT);
    let mut reader = bench.join();
    let every = Wish { levels: 50, pace: Duration::ZERO, ..Wish::default() };
    reader.subscribe(&[Topic::OrderBook(BTC)], every.clone(), None).unwrap();
    let mut depth = bench.join();
    depth.subscribe(&[Topic::Depth(BTC)], every, None).unwrap();
    for _ in 0..800 {
        bench.trade(1, 5);
        bench.settle();
        reader.read();
        depth.read();
    }
    let last = book_of_views(&bench).1;
    for reader in [&mut reader, &mut depth] {
        reader.read_until(|messages| messages.last().is_some_and(|m| m["sequence"] == last));
    }
    let mut books = BTreeMap::new();
    let messages = std::mem::take(&mut depth.messages);
    for message in messages {
        depth.messages.push(message);
        let (book, sequence) = kept(&depth);
        books.insert(sequence, book);
        depth.messages = vec![snapshot_of(books.last_entry().unwrap().get(), sequence)];
    }
    let mut compared = 0;
    for update in reader.of("OrderBookUpdate") {
        let sequence = update["sequence"].as_u64().unwrap();
        for (levels, side) in ["bids", "asks"].iter().zip(&books[&sequence]) {
            let shown = update[*levels].as_array().unwrap().iter();
            let shown: BTreeMap<_, _> =
                shown.map(|level| (level[0].to_string(), level[1].to_string())).collect();
            assert_eq!(shown, *side, "at {sequence}");
        }
        compared += 1;
    }
    assert!(compared > 200, "{compared} updates");
}

/// A book as a DepthSnapshot, so that keeping goes on from there.
fn snapshot_of(book: &Book, sequence: u64) -> Value {
    let levels = |side: &BTreeMap<String, String>| -> Vec<Value> {
        let number = |text: &String| serde_json::from_str::<Value>(text).unwrap();
        side.iter().map(|(price, quantity)| json!([number(price), number(quantity)])).collect()
    };
    json!({
        "type": "DepthSnapshot", "sequence": sequence,
        "bids": levels(&book[0]), "asks": levels(&book[1]),
    })
}

#[derive(Debug, PartialEq, Clone)]
struct Bar {
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    volume_e8: u64,
    trades: u64,
}

fn e8(quantity: &Value) -> u64 {
    (quantity.as_f64().unwrap() * 1e8).round() as u64
}

/// Candles as anyone can make them from executions.
fn bars(reader: &Reader, interval: Interval) -> BTreeMap<u64, Bar> {
    let width_ms = interval.nanoseconds() / 1_000_000;
    let mut bars: BTreeMap<u64, Bar> = BTreeMap::new();
    for execution in reader.of("Execution") {
        let time_ms = execution["timestamp"].as_u64().unwrap();
        let price = execution["price"].as_u64().unwrap();
        let bar = bars.entry(time_ms / width_ms * width_ms).or_insert_with(|| Bar {
            open: price,
            high: price,
            low: price,
            close: price,
            volume_e8: 0,
            trades: 0,
        });
        (bar.high, bar.low) = (bar.high.max(price), bar.low.min(price));
        bar.close = price;
        bar.volume_e8 += e8(&execution["quantity"]);
        bar.trades += 1;
    }
    bars
}

#[test]
fn candles_are_what_the_executions_make_and_every_one_is_closed_once() {
    for (name, settings) in settings() {
        let mut bench = Bench::start(43, settings);
        let mut reader = bench.join();
        let mut topics = vec![Topic::Executions(BTC)];
        topics.extend(Interval::ALL.map(|interval| Topic::Candles(BTC, interval)));
        reader.subscribe(&topics, Wish::default(), None).unwrap();
        for _ in 0..60 {
            // About 17 hours in all.
            bench.trade(50, 40_000);
            reader.read();
        }
        bench.settle();
        let last = tape(&bench, 0).last().unwrap().clone();
        let end = bench.sequence();
        reader
            .read_until(|messages| messages.iter().rev().any(|message| message["exec_id"] == last));
        let open_1d = {
            let views = bench.runtime.views();
            let views = views.read();
            views.candles.open(BTC, Interval::D1).map(|candle| candle.trade_count)
        };
        reader.read_until(|messages| {
            messages.iter().rev().any(|message| {
                message["interval"] == "1d"
                    && message["is_closed"] == false
                    && message["candle"]["trade_count"].as_u64() == open_1d
            })
        });
        // The newest state takes the place of an older one, before events that are read later.
        while reader.seat.client.outbox.waiting() > 0 {
            reader.read();
        }
        assert!(end > 3_000);
        for interval in Interval::ALL {
            let truth = bars(&reader, interval);
            check_candles(&reader, interval, &truth, name);
        }
    }
}

fn check_candles(reader: &Reader, interval: Interval, truth: &BTreeMap<u64, Bar>, name: &str) {
    let mut closed: BTreeMap<u64, Bar> = BTreeMap::new();
    let (mut newest, mut previous) = (0, 0);
    for update in reader.of("CandlestickUpdate").filter(|m| m["interval"] == interval.word()) {
        let candle = &update["candle"];
        let field = |field: &str| candle[field].as_u64().unwrap();
        let bar = Bar {
            open: field("open"),
            high: field("high"),
            low: field("low"),
            close: field("close"),
            volume_e8: e8(&candle["volume"]),
            trades: field("trade_count"),
        };
        let open_time = field("open_time");
        assert!(open_time >= newest, "{name}: never back to an older candle: {update}");
        assert_eq!(update["prev_sequence"], previous, "{name}: {update}");
        previous = update["sequence"].as_u64().unwrap();
        newest = open_time;
        if update["is_closed"] == true {
            assert_eq!(closed.insert(open_time, bar), None, "{name}: closed once: {update}");
        }
    }
    let mut expected = truth.clone();
    // The last one is still open, unless its end has passed without a trade.
    if expected.last_key_value().is_some_and(|(last, _)| !closed.contains_key(last)) {
        expected.pop_last();
    }
    let lacking = expected.iter().find(|(open_time, bar)| closed.get(open_time) != Some(bar));
    assert_eq!(lacking, None, "{name}: {} is not told so", interval.word());
    assert_eq!(closed.len(), expected.len(), "{name}: {}", interval.word());
}

#[test]
fn what_is_too_old_is_refused_whole() {
    let mut bench = Bench::start(1, Settings::DEFAULT);
    bench.trade(40_000, 0);
    bench.settle();
    let account = AccountName::new("alice").unwrap();
    let oldest = {
        let views = bench.runtime.views();
        let views = views.read();
        let id = views.catalog.account(&account).unwrap();
        match views.orders.events_since(id, 1) {
            Resume::TooOld { oldest } => oldest,
            Resume::From(_) => panic!("more events than an account remembers"),
        }
    };
    let mut reader = bench.join();
    let topics = [Topic::Executions(BTC), Topic::Orders(account)];
    let refused = reader.subscribe(&topics, Wish::default(), Some(oldest - 1));
    assert_eq!(refused, None);
    assert_eq!(bench.hub.topics(), []);
    reader.subscribe(&topics, Wish::default(), Some(oldest)).unwrap();
    reader.read_until(|messages| messages.iter().any(|message| message["account"] == "alice"));
}
