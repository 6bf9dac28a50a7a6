//! Rows of requests and the topics they come to.

use orison_core::instrument::{Status, Step};
use orison_core::types::AssetId;

use super::super::request::{self, Request};
use super::*;
use crate::language::Language;

const SYMBOLS: [&str; 3] = ["BTC-KRW", "ETH-KRW", "AAPL"];

fn instruments() -> Vec<Instrument> {
    let instrument = |(id, symbol)| Instrument {
        symbol: Symbol::new(symbol).unwrap(),
        id: InstrumentId(id),
        base: AssetId(1),
        quote: AssetId(2),
        status: Status::Open,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        price_step: Step::ONE,
        quantity_step: Step::ONE,
    };
    (1..).zip(SYMBOLS).map(instrument).collect()
}

/// A connection and what it asks, one request after the other.
struct Table(Subscriptions);

impl Table {
    /// Short names of the topics, such as `candles:AAPL_5m`.
    fn shown(topics: &[Topic]) -> String {
        let symbol = |id: InstrumentId| SYMBOLS[usize::from(id.0) - 1];
        let name = |topic: &Topic| match topic {
            Topic::Candles(id, interval) => format!("candles:{}_{}", symbol(*id), interval.word()),
            Topic::Orders(account) => format!("orders:{account}"),
            other => {
                let id = other.instrument().unwrap();
                format!("{}:{}", other.channel().word(), symbol(id))
            }
        };
        topics.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    fn ask(&mut self, fields: &str) -> Result<String, String> {
        let refused = |problem: Problem| {
            format!("{}: {}", problem.code, problem.message.text(Language::English))
        };
        let instruments = instruments();
        let (_, request) = request::read(&format!("{{{fields}}}"));
        match request.map_err(refused)? {
            Request::Subscribe(ask) => {
                let plan = self.0.plan_subscribe(&ask, &instruments).map_err(refused)?;
                self.0.subscribed(&plan);
                Ok(Self::shown(&plan.topics))
            }
            Request::Unsubscribe(ask) => {
                let plan = self.0.plan_unsubscribe(&ask, &instruments).map_err(refused)?;
                self.0.unsubscribed(&plan);
                Ok(Self::shown(&plan.topics))
            }
            Request::Snapshot(ask) => {
                let topics = self.0.plan_snapshot(&ask, &instruments).map_err(refused)?;
                Ok(Self::shown(&topics))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Each row: a request, and the topics it means or why it is refused.
    fn check(rows: &[(&str, Result<&str, &str>)]) {
        let mut table = Self(Subscriptions::default());
        for (fields, expected) in rows {
            let answer = table.ask(fields);
            let answer = answer.as_ref().map(String::as_str).map_err(String::as_str);
            assert_eq!(answer, *expected, "{fields}");
        }
    }
}

#[test]
fn a_subscribe_is_expanded() {
    Table::check(&[
        (
            r#""type":"Subscribe","channels":["all"],"symbols":["BTC-KRW"]"#,
            Ok("executions:BTC-KRW orderbook:BTC-KRW statistics:BTC-KRW candles:BTC-KRW_5m"),
        ),
        (
            r#""type":"Subscribe","channels":["orderbook","all","orderbook"],"symbols":["AAPL"]"#,
            Ok("orderbook:AAPL executions:AAPL statistics:AAPL candles:AAPL_5m"),
        ),
        (
            r#""type":"Subscribe","channels":["depth","status"],"symbols":["all"]"#,
            Ok("depth:BTC-KRW depth:ETH-KRW depth:AAPL status:BTC-KRW status:ETH-KRW status:AAPL"),
        ),
        (
            r#""type":"Subscribe","channels":["candles"],"symbols":["AAPL","AAPL"],
               "intervals":["1m","1d","1m"]"#,
            Ok("candles:AAPL_1m candles:AAPL_1d"),
        ),
        (r#""type":"Subscribe","channels":["orders"]"#, Ok("orders:demo")),
        (
            r#""type":"Subscribe","channels":["orders"],"symbols":["all"],"account":"alice""#,
            Ok("orders:alice"),
        ),
    ]);
}

#[test]
fn one_wrong_entry_refuses_the_whole_and_is_named() {
    Table::check(&[
        (
            r#""type":"Subscribe","channels":["all"],"symbols":["BTC-KRW","XYZ-KRW"]"#,
            Err("SUBSCRIPTION_FAILED: the symbol is not supported: XYZ-KRW"),
        ),
        (
            r#""type":"Subscribe","channels":["Orderbook"],"symbols":["BTC-KRW"]"#,
            Err("SUBSCRIPTION_FAILED: unsupported channel: Orderbook"),
        ),
        (
            r#""type":"Subscribe","channels":["candles"],"symbols":["BTC-KRW"],"intervals":["5M"]"#,
            Err("SUBSCRIPTION_FAILED: unsupported interval: 5M"),
        ),
        (
            r#""type":"Subscribe","channels":[],"symbols":["BTC-KRW"]"#,
            Err("SUBSCRIPTION_FAILED: channels are missing"),
        ),
        (
            r#""type":"Subscribe","symbols":["BTC-KRW"]"#,
            Err("SUBSCRIPTION_FAILED: channels are missing"),
        ),
        (
            r#""type":"Unsubscribe","channels":["all"],"symbols":["btc-krw"]"#,
            Err("SUBSCRIPTION_FAILED: the symbol is not supported: btc-krw"),
        ),
        (
            r#""type":"Subscribe","channels":["executions"]"#,
            Err("SUBSCRIPTION_FAILED: symbols are missing, and none are subscribed yet"),
        ),
    ]);
}

#[test]
fn without_symbols_the_current_ones_are_meant() {
    Table::check(&[
        (
            r#""type":"Subscribe","channels":["candles"],"symbols":["BTC-KRW"]"#,
            Ok("candles:BTC-KRW_5m"),
        ),
        (r#""type":"Subscribe","channels":["statistics"]"#, Ok("statistics:BTC-KRW")),
        (
            r#""type":"Unsubscribe","channels":["statistics"],"symbols":["all"]"#,
            Ok("statistics:BTC-KRW"),
        ),
        (
            r#""type":"Unsubscribe","channels":["candles"],"intervals":["5m"]"#,
            Ok("candles:BTC-KRW_5m"),
        ),
        (
            r#""type":"Subscribe","channels":["candles"],"intervals":["1h"]"#,
            Ok("candles:BTC-KRW_1h"),
        ),
        (r#""type":"Subscribe","channels":["orderbook"],"symbols":["AAPL"]"#, Ok("orderbook:AAPL")),
        (
            r#""type":"Subscribe","channels":["executions"],"symbols":[]"#,
            Ok("executions:BTC-KRW executions:AAPL"),
        ),
        (
            r#""type":"Unsubscribe","channels":["all"],"symbols":["BTC-KRW"]"#,
            Ok("executions:BTC-KRW candles:BTC-KRW_1h"),
        ),
        (r#""type":"Subscribe","channels":["statistics"]"#, Ok("statistics:AAPL")),
        (
            r#""type":"Unsubscribe","channels":["all"],"symbols":["all"]"#,
            Ok("executions:AAPL orderbook:AAPL statistics:AAPL"),
        ),
        (
            r#""type":"Subscribe","channels":["statistics"]"#,
            Err("SUBSCRIPTION_FAILED: symbols are missing, and none are subscribed yet"),
        ),
    ]);
}

#[test]
fn an_unsubscribe_means_all_it_does_not_name() {
    Table::check(&[
        (
            r#""type":"Subscribe","channels":["all","depth"],"symbols":["BTC-KRW","AAPL"]"#,
            Ok(concat!(
                "executions:BTC-KRW executions:AAPL orderbook:BTC-KRW orderbook:AAPL ",
                "statistics:BTC-KRW statistics:AAPL candles:BTC-KRW_5m candles:AAPL_5m ",
                "depth:BTC-KRW depth:AAPL"
            )),
        ),
        (r#""type":"Subscribe","channels":["orders"],"account":"bob""#, Ok("orders:bob")),
        (
            r#""type":"Unsubscribe","channels":["executions"]"#,
            Ok("executions:BTC-KRW executions:AAPL"),
        ),
        (r#""type":"Unsubscribe","channels":["executions"]"#, Ok("")),
        (
            r#""type":"Unsubscribe","channels":["all"],"symbols":["AAPL"]"#,
            Ok("orderbook:AAPL statistics:AAPL candles:AAPL_5m depth:AAPL"),
        ),
        (r#""type":"Unsubscribe","channels":["orders"],"account":"carol""#, Ok("")),
        (
            r#""type":"Unsubscribe","channels":["all"]"#,
            Ok("orderbook:BTC-KRW statistics:BTC-KRW candles:BTC-KRW_5m depth:BTC-KRW orders:bob"),
        ),
    ]);
}

#[test]
fn a_snapshot_means_what_is_subscribed() {
    Table::check(&[
        (
            r#""type":"Snapshot","channels":["orderbook"],"symbols":["BTC-KRW"]"#,
            Err("SUBSCRIPTION_FAILED: not subscribed"),
        ),
        (
            r#""type":"Subscribe","channels":["candles","orderbook"],"symbols":["BTC-KRW"],
               "intervals":["1m","1h"]"#,
            Ok("candles:BTC-KRW_1m candles:BTC-KRW_1h orderbook:BTC-KRW"),
        ),
        (
            r#""type":"Snapshot","channels":["all"]"#,
            Ok("orderbook:BTC-KRW candles:BTC-KRW_1m candles:BTC-KRW_1h"),
        ),
        (
            r#""type":"Snapshot","channels":["candles"],"intervals":["1h"]"#,
            Ok("candles:BTC-KRW_1h"),
        ),
    ]);
}

#[test]
fn a_connection_has_so_many_topics_at_most() {
    let instruments: Vec<Instrument> = (1..=60)
        .map(|id| Instrument {
            symbol: Symbol::new(&format!("S{id}")).unwrap(),
            id: InstrumentId(id),
            ..instruments()[0]
        })
        .collect();
    let mut subscriptions = Subscriptions::default();
    let mut ask =
        Ask { channels: vec!["all".into()], symbols: Some(vec!["all".into()]), ..Ask::default() };
    let plan = subscriptions.plan_subscribe(&ask, &instruments).unwrap();
    assert_eq!(plan.topics.len(), 240);
    subscriptions.subscribed(&plan);
    ask.channels = vec!["depth".into()];
    let problem = subscriptions.plan_subscribe(&ask, &instruments).unwrap_err();
    assert_eq!(problem.code, "SUBSCRIPTION_LIMIT");
    ask.channels = vec!["all".into()];
    assert!(subscriptions.plan_subscribe(&ask, &instruments).is_ok(), "a repeat adds none");
    ask.channels = vec!["depth".into()];
    ask.symbols = Some((1..=16).map(|id| format!("S{id}")).collect());
    assert!(subscriptions.plan_subscribe(&ask, &instruments).is_ok(), "256 fit");
}

#[test]
fn a_wish_is_of_the_request() {
    let instruments = instruments();
    let subscriptions = Subscriptions::default();
    let ask = |symbols: &[&str], levels, interval_ms| Ask {
        channels: vec!["orders".into(), "depth".into()],
        symbols: Some(symbols.iter().map(|&symbol| symbol.into()).collect()),
        levels,
        interval_ms,
        ..Ask::default()
    };
    let wish = |ask: &Ask| subscriptions.plan_subscribe(ask, &instruments).unwrap().wish;
    let first = wish(&ask(&["AAPL"], None, None));
    assert_eq!(first, Wish { only: Only::These(Arc::from([InstrumentId(3)])), ..Wish::default() });
    let second = wish(&ask(&["all"], Some(50), Some(0)));
    let (pace, depth_pace) = (Duration::ZERO, Duration::ZERO);
    assert_eq!(second, Wish { levels: 50, pace, depth_pace, only: Only::All, ..Wish::default() });
    let pace = Duration::from_millis(200);
    let third = wish(&ask(&["all"], None, Some(200)));
    assert_eq!(
        third,
        Wish { levels: 15, pace, depth_pace: pace, only: Only::All, ..Wish::default() }
    );
}
