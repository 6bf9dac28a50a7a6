//! The topics of the prayer site: every forced order once, the newest ticker and count at last,
//! whether the queues keep up or never do.

use orison_core::command::{
    ExternalDepth, ExternalTrade, Foreign, Liquidation, Pray, Prayer, Ticker, Venue,
};
use orison_core::{Command, Side, Symbol};
use serde_json::json;

use super::bench::Bench;
use super::truth::settings;
use crate::fanout::topic::{Site, Topic, Wish};
use crate::fanout::{PRIMARY_SYMBOL, PRIMARY_VENUE};

const ROUNDS: u64 = 300;

#[test]
fn the_site_is_told_what_happened_whether_the_queues_keep_up_or_not() {
    for (name, settings) in settings() {
        let mut bench = Bench::start(3, settings);
        let (venue, symbol) =
            (Venue::new(PRIMARY_VENUE).unwrap(), Symbol::new(PRIMARY_SYMBOL).unwrap());
        let topics = [
            Site::Prayers,
            Site::Ticker(venue, symbol),
            Site::Liquidations,
            Site::Trades(venue, symbol),
            Site::Depth(venue, symbol),
        ];
        let mut reader = bench.join();
        reader.subscribe(&topics.map(Topic::Site), Wish::default(), None).unwrap();
        for round in 1..=ROUNDS {
            bench.enter(&Command::Pray(Pray { side: Prayer::Up, count: 2 }));
            bench.enter(&Command::Pray(Pray { side: Prayer::Down, count: 1 }));
            let price = Foreign { mantissa: round as i64, scale: 1 };
            let (change_24h, event_time_ms) = (price, round);
            bench.enter(&Command::Ticker(Ticker {
                venue,
                symbol,
                price,
                change_24h,
                event_time_ms,
            }));
            let (side, quantity) = (Side::Buy, price);
            let forced = Liquidation { venue, symbol, side, quantity, price, event_time_ms };
            bench.enter(&Command::Liquidation(forced));
            bench.enter(&Command::ExternalTrade(ExternalTrade {
                venue,
                symbol,
                side,
                price,
                quantity,
                trade_id: round,
                event_time_ms,
            }));
            let numbers = (round, event_time_ms);
            let depth = ExternalDepth::of_levels((venue, symbol), &[(price, price)], &[], numbers);
            bench.enter(&Command::ExternalDepth(depth.unwrap()));
            bench.trade(2, 5);
        }
        bench.settle();
        let last = |kind: &str, field: &str, value: serde_json::Value| {
            let kind = kind.to_owned();
            let field = field.to_owned();
            move |messages: &[serde_json::Value]| {
                let mut of_kind =
                    messages.iter().filter(|message| message["type"] == kind.as_str());
                of_kind.next_back().is_some_and(|message| message[&field] == value)
            }
        };
        let (book, trade) =
            (last("DEPTH", "updateId", json!(ROUNDS)), last("TRADE", "tradeId", json!(ROUNDS)));
        let (count, tick) = (
            last("PRAYER", "upCount", json!(2 * ROUNDS)),
            last("TICKER", "timestamp", json!(ROUNDS)),
        );
        reader.read_until(|messages| {
            let forced = messages.iter().filter(|message| message["type"] == "LIQUIDATION").count();
            let foreign = book(messages) && trade(messages);
            count(messages) && tick(messages) && foreign && forced as u64 >= ROUNDS
        });
        let forced: Vec<_> =
            reader.of("LIQUIDATION").map(|told| told["timestamp"].as_u64()).collect();
        assert_eq!(
            forced,
            (1..=ROUNDS).map(Some).collect::<Vec<_>>(),
            "{name}: each once, in order"
        );
        let trades: Vec<_> =
            reader.of("TRADE").map(|told| told["tradeId"].as_u64().unwrap()).collect();
        assert!(trades.windows(2).all(|pair| pair[0] < pair[1]), "{name}: each once, in order");
        if name != "too tight" {
            assert_eq!(trades.len() as u64, ROUNDS, "{name}: and none is missing");
        }
        let mut previous = None;
        for told in reader.of("PRAYER") {
            let (up, down) =
                (told["upCount"].as_u64().unwrap(), told["downCount"].as_u64().unwrap());
            assert!(up == 2 * down || up == 2 * down + 2, "{name}: a whole command: {told}");
            assert!(previous < Some((up, down)), "{name}: only a change is told: {told}");
            previous = Some((up, down));
        }
        let resyncs = bench.hub.counters().resyncs.get();
        assert_eq!(resyncs > 0, name == "too tight", "{name}: {resyncs}");
    }
}
