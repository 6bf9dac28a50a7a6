//! Rows for public messages: the bytes that every subscriber of a topic shares.

use engine::projection::LevelChange;
use orison_core::event::{Money, Trade};
use orison_core::instrument::{Status, Step};
use orison_core::types::AssetId;
use orison_core::{AccountId, ExecutionId, InstrumentId, OrderId, Sequence, Symbol};
use serde_json::{Value, json};

use super::*;

fn listing() -> Listing {
    let instrument = Instrument {
        symbol: Symbol::new("BTC-KRW").unwrap(),
        id: InstrumentId(1),
        base: AssetId(1),
        quote: AssetId(2),
        status: Status::Open,
        maker_fee_ppm: 500,
        taker_fee_ppm: 500,
        price_step: Step { mantissa: 5, scale: 1 },
        quantity_step: Step { mantissa: 1, scale: 8 },
    };
    Listing { instrument, quote_decimals: 2 }
}

fn at(sequence: u64) -> Stamp {
    Stamp { sequence: Sequence(sequence), time_ns: 1_682_858_110_123_000_000 }
}

fn read(text: &Utf8Bytes) -> Value {
    serde_json::from_str(text.as_str()).unwrap()
}

fn body(fill: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::default();
    fill(&mut json);
    String::from_utf8(json.bytes().to_vec()).unwrap()
}

fn traded() -> PublicTrade {
    let order = |sequence| OrderId { sequence: Sequence(sequence), slot: 1, leg: 0 };
    PublicTrade {
        execution: ExecutionId { sequence: Sequence(9), index: 0 },
        stamp: at(9),
        index: 1,
        previous_sequence: 4,
        trade: Trade {
            phase: orison_core::event::Phase::Continuous,
            maker: order(3),
            taker: order(9),
            maker_account: AccountId(1),
            taker_account: AccountId(2),
            instrument: InstrumentId(1),
            taker_side: Side::Buy,
            price: Price(100_000_001),
            quantity: Quantity(50_000_000),
            maker_fee: Money::new(-1),
            taker_fee: Money::new(1_250),
        },
    }
}

#[test]
fn an_execution_says_what_the_seeds_say_and_where_it_comes_from() {
    let mut json = Json::default();
    let text = execution(&mut json, &listing(), &traded(), OrderIds::Shown);
    let shown = format!(
        concat!(
            r#"{{"type":"Execution","exec_id":"{}","order_id":"{}","maker_order_id":"{}","#,
            r#""symbol":"BTC-KRW","side":"Buy","price":50000000.5,"quantity":0.5,"fee":12.5,"#,
            r#""transaction_time":"2023-04-30T12:35:10.123Z","timestamp":1682858110123,"#,
            r#""sequence":9,"index":1,"prev_sequence":4}}"#
        ),
        traded().execution,
        traded().trade.taker,
        traded().trade.maker,
    );
    assert_eq!(text.as_str(), shown);
    let hidden = read(&execution(&mut json, &listing(), &traded(), OrderIds::Hidden));
    assert_eq!((&hidden["order_id"], &hidden["maker_order_id"]), (&Value::Null, &Value::Null));
}

#[test]
fn statistics_before_any_trade_are_null_and_zero() {
    let text = body(|json| statistics_body(json, &listing(), &DayStatistics::default()));
    assert_eq!(
        text,
        concat!(
            r#","last_price":null,"price_change_24h":null,"volume_24h":0,"turnover_24h":0,"#,
            r#""trade_count_24h":0,"open_24h":null,"high_24h":null,"high_price_24h":null,"#,
            r#""low_24h":null,"low_price_24h":null"#
        )
    );
}

#[test]
fn a_candle_has_the_fields_of_both_texts() {
    let candle = Candle {
        open_time_ns: 1_682_858_100_000_000_000,
        open: Price(2),
        high: Price(8),
        low: Price(1),
        close: Price(4),
        volume: 150_000_000,
        turnover: 0,
        trade_count: 45,
        sequence: 9,
    };
    let text = body(|json| {
        candle_body(json, &listing(), Interval::M5, &candle, Phase::Closed);
    });
    assert_eq!(
        text,
        concat!(
            r#","candle":{"open_time":1682858100000,"close_time":1682858400000,"open":1,"#,
            r#""high":4,"low":0.5,"close":2,"volume":1.5,"trade_count":45,"#,
            r#""timestamp":1682858100000},"is_closed":true"#
        )
    );
}

fn mirror() -> Mirror {
    let mut mirror = Mirror::default();
    let change = |side, price, quantity| LevelChange {
        side,
        price: Price(price),
        quantity: Quantity(quantity),
    };
    mirror.apply(
        at(9),
        &[
            change(Side::Buy, 100, 100_000_000),
            change(Side::Buy, 99, 1),
            change(Side::Sell, 101, 250_000_000),
        ],
    );
    mirror
}

#[test]
fn a_snapshot_carries_the_checksum_of_its_text() {
    let mut json = Json::default();
    let text = depth_snapshot(&mut json, &listing(), &mirror(), at(20));
    assert_eq!(
        read(&text),
        json!({
            "type": "DepthSnapshot", "symbol": "BTC-KRW", "sequence": 9,
            "bids": [[50, 1], [49.5, 0.00000001]], "asks": [[50.5, 2.5]],
            "complete": true, "timestamp": 1_682_858_110_123_u64,
            "checksum": crc32fast::hash(b"50:1:50.5:2.5:49.5:0.00000001"),
        })
    );
    let empty = read(&depth_snapshot(&mut json, &listing(), &Mirror::default(), at(20)));
    assert_eq!((&empty["sequence"], &empty["checksum"]), (&json!(0), &json!(0)));
    assert_eq!(empty["timestamp"], 1_682_858_110_123_u64, "dated now");
}

#[test]
fn a_book_shows_so_many_levels_best_first() {
    let text = body(|json| book_body(json, &listing(), &mirror(), 1));
    assert_eq!(text, r#","bids":[[50,1]],"asks":[[50.5,2.5]]"#);
}
