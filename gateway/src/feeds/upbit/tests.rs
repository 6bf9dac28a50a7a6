//! What is asked for, and that the four formats say the same.

use std::time::Duration;

use super::super::Settings;
use super::super::topic::VenueName;
use super::*;

fn topics(texts: &[&str]) -> BTreeSet<Topic> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn upbit(line: LineName) -> Upbit {
    let mut settings = Settings::new([VenueName::Upbit].into());
    settings.depth_interval = Duration::ZERO;
    settings.depth_levels = 2;
    settings.upbit_keys = Keys::new("access", "secret");
    Upbit::new(line, &settings)
}

#[test]
fn a_request_names_the_whole_set_with_the_venues_codes() {
    let wanted = topics(&["upbit:ticker:BTC-KRW", "upbit:trade:ETH-BTC", "upbit:depth:BTC-KRW"]);
    let public = upbit(LineName::UpbitPublic);
    assert!(public.request(&wanted, &wanted).is_none());
    assert!(public.request(&wanted, &BTreeSet::new()).is_none(), "there is no empty request");
    let request = public.request(&BTreeSet::new(), &wanted).unwrap();
    let mut message: Value = serde_json::from_str(&request.message).unwrap();
    let ticket = message[0]["ticket"].take();
    assert_eq!(ticket.as_str().unwrap().len(), 36);
    assert_eq!(
        message,
        json!([
            {"ticket": null},
            {"type": "ticker", "codes": ["KRW-BTC"]},
            {"type": "trade", "codes": ["BTC-ETH"]},
            {"type": "orderbook", "codes": ["KRW-BTC.5"]},
            {"format": "SIMPLE"},
        ])
    );
    assert_eq!(request.sent, wanted);
    let private = upbit(LineName::UpbitPrivate);
    let own = topics(&["upbit:order", "upbit:asset"]);
    let message = private.request(&BTreeSet::new(), &own).unwrap().message;
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message[1], json!({"type": "myOrder"}));
    assert_eq!(message[2], json!({"type": "myAsset"}));
}

#[test]
fn only_the_private_line_shows_a_token() {
    assert_eq!(upbit(LineName::UpbitPublic).authorization(), Ok(None));
    let token = upbit(LineName::UpbitPrivate).authorization().unwrap().unwrap();
    assert!(token.to_str().unwrap().starts_with("Bearer ey"));
    assert_eq!(upbit(LineName::UpbitPrivate).url("ws://u/v1"), "ws://u/v1/private");
}

#[test]
fn codes_are_quote_first_there_and_base_first_here() {
    for (here, there) in [("BTC-KRW", "KRW-BTC"), ("ETH-BTC", "BTC-ETH"), ("BTC-USDT", "USDT-BTC")]
    {
        assert_eq!(code_of(&Symbol::new(here).unwrap()), there);
        assert_eq!(symbol_of(there), here);
    }
    assert_eq!(code_of(&Symbol::new("KRW-BTC").unwrap()), "KRW-BTC", "nobody sells won");
    assert_eq!(symbol_of("KRW-BTC.15"), "BTC-KRW");
}

const TICKERS: [&str; 2] = [
    r#"{"type":"ticker","code":"KRW-BTC","trade_price":50000000.0,"signed_change_rate":-0.0123,
        "timestamp":7,"stream_type":"SNAPSHOT","new_field":{"a":[1]}}"#,
    r#"{"ty":"ticker","cd":"KRW-BTC","tp":5.0e7,"scr":-1.23e-2,"tms":7,"st":"REALTIME"}"#,
];
const TRADES: [&str; 2] = [
    r#"{"type":"trade","code":"KRW-BTC","trade_price":127.0,"trade_volume":46.48838371,
        "ask_bid":"BID","sequential_id":1618678262000003,"timestamp":8}"#,
    r#"{"ty":"trade","cd":"KRW-BTC","tp":127.0,"tv":46.48838371,"ab":"BID",
        "sid":1618678262000003,"tms":8}"#,
];
const BOOKS: [&str; 2] = [
    r#"{"type":"orderbook","code":"KRW-BTC.15","orderbook_units":[{"ask_price":3,"bid_price":2,
        "ask_size":0.5,"bid_size":1},{"ask_price":4,"bid_price":0,"ask_size":1,"bid_size":0},
        {"ask_price":5,"bid_price":0,"ask_size":1,"bid_size":0}],"timestamp":9,"level":0}"#,
    r#"{"ty":"orderbook","cd":"KRW-BTC","obu":[{"ap":3,"bp":2,"as":0.5,"bs":1},
        {"ap":4,"bp":0,"as":1,"bs":0},{"ap":5,"bp":0,"as":1,"bs":0}],"tms":9,"lv":0}"#,
];

#[test]
fn the_four_formats_say_the_same() {
    let expected = "[Ticker(Ticker { venue: \"upbit\", symbol: \"BTC-KRW\", price: Foreign { \
        mantissa: 50000000, scale: 0 }, change_24h: Foreign { mantissa: -123, scale: 2 }, \
        event_time_ms: 7 }), Trade(Trade { venue: \"upbit\", symbol: \"BTC-KRW\", side: Buy, \
        price: Foreign { mantissa: 127, scale: 0 }, quantity: Foreign { mantissa: 4648838371, \
        scale: 8 }, trade_id: 1618678262000003, event_time_ms: 8 }), Depth(Depth { venue: \
        \"upbit\", symbol: \"BTC-KRW\", bids: [Level { price: Foreign { mantissa: 2, scale: 0 }, \
        quantity: Foreign { mantissa: 1, scale: 0 } }], asks: [Level { price: Foreign { \
        mantissa: 3, scale: 0 }, quantity: Foreign { mantissa: 5, scale: 1 } }, Level { price: \
        Foreign { mantissa: 4, scale: 0 }, quantity: Foreign { mantissa: 1, scale: 0 } }], \
        update_id: 0, event_time_ms: 9 })]";
    for form in [0, 1] {
        let texts = [TICKERS[form], TRADES[form], BOOKS[form]];
        let one = texts.map(str::to_owned).to_vec();
        let each = texts.map(|text| format!("[{text}]")).to_vec();
        let all = vec![format!(" [{}]", texts.join(","))];
        for messages in [one, each, all] {
            let (mut upbit, now) = (upbit(LineName::UpbitPublic), Instant::now());
            let mut notes = Notes::default();
            for text in &messages {
                assert_eq!(upbit.hear(text, now, &mut notes), Heard::Data, "{text}");
            }
            assert_eq!(format!("{:?}", notes.events), expected, "{messages:?}");
            for text in &messages {
                upbit.hear(text, now, &mut notes);
            }
            assert_eq!((notes.events.len(), notes.duplicates), (3, 3), "said twice");
        }
    }
}

#[test]
fn own_orders_and_assets_are_read_in_both_namings() {
    for (order, assets) in [
        (
            r#"{"type":"myOrder","code":"KRW-BTC","uuid":"u1","ask_bid":"ASK","order_type":"limit",
                "state":"trade","trade_uuid":"t1","price":100,"volume":0.5,"remaining_volume":0.5,
                "executed_volume":0.5,"timestamp":1}"#,
            r#"{"type":"myAsset","asset_uuid":"a","assets":[{"currency":"KRW","balance":1386929.37,
                "locked":10}],"asset_timestamp":1,"timestamp":2,"stream_type":"REALTIME"}"#,
        ),
        (
            r#"[{"ty":"myOrder","cd":"KRW-BTC","uid":"u1","ab":"ASK","ot":"limit","s":"trade",
                "tuid":"t1","p":100,"v":0.5,"rv":0.5,"ev":0.5,"tms":1}]"#,
            r#"[{"ty":"myAsset","astuid":"a","ast":[{"cu":"KRW","b":1386929.37,"l":10}],
                "asttms":1,"tms":2,"st":"REALTIME"}]"#,
        ),
    ] {
        let (mut upbit, now) = (upbit(LineName::UpbitPrivate), Instant::now());
        let mut notes = Notes::default();
        for text in [order, assets, order, assets] {
            assert_eq!(upbit.hear(text, now, &mut notes), Heard::Data, "{text}");
        }
        assert_eq!(notes.duplicates, 2);
        let [VenueEvent::OwnOrder(order), VenueEvent::OwnAssets(assets)] = &notes.events[..] else {
            panic!("{:?}", notes.events)
        };
        assert_eq!((order.id.as_str(), order.state.as_str()), ("u1", "trade"));
        assert_eq!((order.symbol.as_str(), order.trade_id.as_deref()), ("BTC-KRW", Some("t1")));
        assert_eq!(assets.assets[0].balance.to_decimal().to_string(), "1386929.37");
    }
}

#[test]
fn signs_of_life_are_no_data_and_errors_are_named() {
    let (mut upbit, now, mut notes) =
        (upbit(LineName::UpbitPublic), Instant::now(), Notes::default());
    for (text, heard) in [
        (r#"{"status":"UP"}"#, Heard::Control),
        (r#"{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"x"}"#, Heard::Control),
        (r#"{"type":"candle.1s","code":"KRW-BTC"}"#, Heard::Control),
        (
            r#"{"error":{"name":"INVALID_PARAM","message":"no such code"}}"#,
            Heard::Unknown("INVALID_PARAM: no such code".into()),
        ),
        (
            r#"{"error":{"name":"INVALID_AUTH","message":"who?"}}"#,
            Heard::Refused("INVALID_AUTH: who?".into()),
        ),
    ] {
        assert_eq!(upbit.hear(text, now, &mut notes), heard, "{text}");
    }
    for text in ["", "[", "{\"ty\":\"ticker\"}", "UP"] {
        let heard = upbit.hear(text, now, &mut notes);
        assert!(matches!(heard, Heard::Unreadable(_)), "{text}: {heard:?}");
    }
    assert_eq!(notes.events, []);
}
