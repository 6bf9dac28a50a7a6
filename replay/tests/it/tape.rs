//! The tape: what each line is answered with, byte for byte.

use replay::tape::{LINE_BYTES_MAX, LineEnd, Options, instruments};

use crate::run::{answers, answers_of, journal, options};

#[track_caller]
fn check(input: &str, expected: &str) {
    assert_eq!(answers(input), expected, "for the tape\n{input}");
}

const SELL_10_AT_100: &str =
    r#"{"op":"new","id":"1","side":"sell","type":"limit","price":"100","quantity":"10"}"#;

#[test]
fn the_example_is_answered_byte_for_byte() {
    check(
        r#"{"op":"new","id":"1","side":"sell","type":"limit","price":"100","quantity":"10"}
{"op":"new","id":"2","side":"buy","type":"limit","price":"130","quantity":"4"}
"#,
        r#"{"event":"accepted","id":"1"}
{"event":"accepted","id":"2"}
{"event":"trade","maker":"1","taker":"2","price":"100","quantity":"4"}
"#,
    );
}

/// Lines that follow a resting sell of 10 at 100 by account `1`, and what they are answered with.
const AFTER_A_SELL: &[(&str, &str)] = &[
    (
        r#"{"op":"cancel","id":"1"}"#,
        r#"{"event":"cancelled","id":"1","quantity":"10","reason":"user"}"#,
    ),
    (
        r#"{"op":"cancel","id":"1","account":"1"}"#,
        r#"{"event":"cancelled","id":"1","quantity":"10","reason":"user"}"#,
    ),
    (
        r#"{"op":"amend","id":"1","quantity":4}"#,
        r#"{"event":"amended","id":"1","quantity":"4","price":"100","kept_priority":true}"#,
    ),
    (
        r#"{"op":"amend","id":"1","price":99}"#,
        r#"{"event":"amended","id":"1","quantity":"10","price":"99","kept_priority":false}"#,
    ),
    (
        r#"{"op":"amend","id":"1","quantity":"0"}"#,
        r#"{"event":"cancelled","id":"1","quantity":"10","reason":"user"}"#,
    ),
    (
        r#"{"op":"amend","id":"1","quantity":"-1"}"#,
        r#"{"event":"rejected","op":"amend","id":"1","reason":"bad_quantity"}"#,
    ),
    (
        r#"{"op":"amend","id":"1","price":"99.5"}"#,
        r#"{"event":"rejected","op":"amend","id":"1","reason":"bad_price"}"#,
    ),
    (
        r#"{"op":"mass_cancel","account":"1"}"#,
        r#"{"event":"cancelled","id":"1","quantity":"10","reason":"mass"}"#,
    ),
    (r#"{"op":"mass_cancel","account":"1","side":"buy"}"#, ""),
    (
        r#"{"op":"mass_cancel","account":"1","symbol":"X","side":"sell"}"#,
        r#"{"event":"cancelled","id":"1","quantity":"10","reason":"mass"}"#,
    ),
    (
        r#"{"op":"mass_cancel","account":"1","symbol":"Y"}"#,
        r#"{"event":"rejected","op":"mass_cancel","id":null,"reason":"unknown_symbol"}"#,
    ),
    (
        r#"{"op":"book"}"#,
        concat!(
            r#"{"event":"book","symbol":"X","bids":[],"#,
            r#""asks":[{"id":"1","price":"100","open":"10","hidden":"0"}],"stops":[]}"#
        ),
    ),
    (
        r#"{"op":"new","id":"1","side":"sell","type":"limit","price":"1e2","quantity":10.0}"#,
        r#"{"event":"accepted","id":"1","duplicate":true}"#,
    ),
    (
        r#"{"op":"new","id":"1","side":"sell","type":"limit","price":"100","quantity":"9"}"#,
        r#"{"event":"rejected","op":"new","id":"1","reason":"duplicate_client_order_id"}"#,
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"market","price":null,"quantity":"4"}"#,
        "{\"event\":\"accepted\",\"id\":\"2\"}\n\
         {\"event\":\"trade\",\"maker\":\"1\",\"taker\":\"2\",\"price\":\"100\",\"quantity\":\"4\"}",
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"market","price":0,"quantity":"4"}"#,
        "{\"event\":\"accepted\",\"id\":\"2\"}\n\
         {\"event\":\"trade\",\"maker\":\"1\",\"taker\":\"2\",\"price\":\"100\",\"quantity\":\"4\"}",
    ),
    (
        r#"{"op":"new","id":"2","side":"sell","type":"market","quantity":"4"}"#,
        r#"{"event":"rejected","op":"new","id":"2","reason":"no_liquidity"}"#,
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"limit","price":"100","quantity":"11","tif":"fok"}"#,
        r#"{"event":"rejected","op":"new","id":"2","reason":"fok"}"#,
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"limit","price":"100","quantity":"1","post_only":true}"#,
        r#"{"event":"rejected","op":"new","id":"2","reason":"post_only"}"#,
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"limit","price":"99","quantity":"1","tif":"ioc"}"#,
        "{\"event\":\"accepted\",\"id\":\"2\"}\n\
         {\"event\":\"cancelled\",\"id\":\"2\",\"quantity\":\"1\",\"reason\":\"ioc\"}",
    ),
    (
        r#"{"op":"new","id":"2","side":"buy","type":"limit","price":"99","quantity":"1","symbol":"Y"}"#,
        r#"{"event":"rejected","op":"new","id":"2","reason":"unknown_symbol"}"#,
    ),
    (r#"{"op":"time","ts":"12"}"#, ""),
    (r#"{"op":"pray","side":"up","count":100}"#, ""),
    (
        r#"{"op":"pray","side":"down","count":101}"#,
        r#"{"event":"rejected","op":"pray","id":null,"reason":"bad_quantity"}"#,
    ),
    (
        r#"{"op":"pray","side":"down","count":-1}"#,
        r#"{"event":"rejected","op":"pray","id":null,"reason":"bad_quantity"}"#,
    ),
    (
        r#"{"op":"ticker","venue":"binance","symbol":"BTCUSDT","price":"61234.10","change_24h":"-1.25","event_time":1723075200000}"#,
        "",
    ),
    (
        r#"{"op":"liquidation","venue":"binance","symbol":"BTCUSDT","side":"sell","quantity":"0.001","price":"61234.1","event_time":1723075200000}"#,
        "",
    ),
    (r#"{"op":"instrument","taker_fee_ppm":500}"#, ""),
    (
        r#"{"op":"instrument","symbol":"X","price_step":"0.5"}"#,
        r#"{"event":"rejected","op":"instrument","id":null,"reason":"bad_combination"}"#,
    ),
];

#[test]
fn every_line_is_answered_by_its_events_and_nothing_else() {
    let first = r#"{"event":"accepted","id":"1"}"#;
    for (line, expected) in AFTER_A_SELL {
        let end = if expected.is_empty() { "" } else { "\n" };
        check(&format!("{SELL_10_AT_100}\n{line}\n"), &format!("{first}\n{expected}{end}"));
    }
}

#[test]
fn a_number_that_is_none_of_the_instrument_is_refused_by_the_core() {
    for (field, value, reason) in [
        ("price", r#""100.5""#, "bad_price"),
        ("price", "0", "bad_price"),
        ("price", r#""-3""#, "bad_price"),
        ("price", "99999999999999999999", "bad_price"),
        ("price", "1e400", "bad_price"),
        ("price", "null", "bad_price"),
        ("quantity", "0", "bad_quantity"),
        ("quantity", "-1", "bad_quantity"),
        ("quantity", r#""0.1""#, "bad_quantity"),
        ("quantity", "18446744073709551615", "bad_quantity"),
        ("quantity", "18446744073709551616", "bad_quantity"),
        ("quantity", "1e-40", "bad_quantity"),
    ] {
        let line = SELL_10_AT_100.replace(
            &format!(r#""{field}":"{}""#, if field == "price" { "100" } else { "10" }),
            &format!(r#""{field}":{value}"#),
        );
        assert!(line.contains(value), "{line}");
        check(
            &format!("{line}\n"),
            &format!(
                "{{\"event\":\"rejected\",\"op\":\"new\",\"id\":\"1\",\"reason\":\"{reason}\"}}\n"
            ),
        );
    }
}

#[test]
fn a_line_that_is_not_understood_is_answered_and_the_run_goes_on() {
    for (line, message) in [
        ("", "not a JSON object"),
        ("hello", "not a JSON object"),
        ("[]", "not a JSON object"),
        (r#"{"op":"book"}{}"#, "not a JSON object"),
        (r#"{"op":"book","op":"book"}"#, "`op` stands twice"),
        ("{}", "field `op` is missing"),
        (r#"{"op":7}"#, "field `op` must be a string"),
        (r#"{"op":"buy"}"#, "op `buy` is not known"),
        (r#"{"op":"oco","legs":[]}"#, "op `oco` is not supported by this engine yet"),
        (r#"{"op":"end_of_day"}"#, "op `end_of_day` is not supported by this engine yet"),
        (r#"{"op":"positions"}"#, "op `positions` is not supported by this engine yet"),
        (r#"{"op":"book","depth":3}"#, "op `book` has no field `depth`"),
        (r#"{"op":"book","symbol":"Y"}"#, "symbol `Y` is not known"),
        (r#"{"op":"cancel"}"#, "field `id` is missing"),
        (r#"{"op":"cancel","id":""}"#, "field `id` must be a string that is not empty"),
        (r#"{"op":"cancel","id":"é"}"#, "is not printable ASCII"),
        (r#"{"op":"new","id":"2"}"#, "field `side` is missing"),
        (r#"{"op":"new","id":"2","side":"up"}"#, "field `side`: `up` is not one of buy, sell"),
        (r#"{"op":"new","id":"2","side":"buy","type":"limit","price":"ten"}"#, "`ten` is not a"),
        (r#"{"op":"new","id":"2","side":"buy","type":"limit","price":[1]}"#, "field `price` must"),
        (r#"{"op":"time"}"#, "field `ts` is missing"),
        (r#"{"op":"time","ts":-1}"#, "field `ts`: `-1` is out of range"),
        (r#"{"op":"pray","side":"up"}"#, "field `count` is missing"),
        (r#"{"op":"pray","side":"up","count":1.5}"#, "field `count` must be a whole number"),
    ] {
        let answer = answers(&format!("{line}\n{SELL_10_AT_100}\n"));
        let (first, rest) = answer.split_once('\n').unwrap();
        assert!(first.starts_with(r#"{"event":"error","line":1,"message":""#), "{line}: {first}");
        assert!(first.contains(message), "{line}: {first}");
        assert_eq!(rest, "{\"event\":\"accepted\",\"id\":\"1\"}\n", "{line}");
    }
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_answered_once() {
    let mut input = b"\xff\xfe\n".to_vec();
    input.extend(std::iter::repeat_n(b'x', LINE_BYTES_MAX + 1));
    input.extend(b"\n{\"op\":\"time\",\"ts\":5}\n{\"op\":\"time\",\"ts\":4}\r\n{\"op\":\"book\"}");
    assert_eq!(
        answers_of(&options(), &input),
        "{\"event\":\"error\",\"line\":1,\"message\":\"not UTF-8 at byte 0\"}\n\
         {\"event\":\"error\",\"line\":2,\"message\":\"line is longer than 65536 bytes\"}\n\
         {\"event\":\"error\",\"line\":4,\"message\":\
         \"time 4 is before 5: time never goes backwards\"}\n\
         {\"event\":\"book\",\"symbol\":\"X\",\"bids\":[],\"asks\":[],\"stops\":[]}\n"
    );
}

#[test]
fn done_follows_each_line_with_the_last_sequence() {
    let options = Options { line_end: LineEnd::Done, ..options() };
    let input = format!("{SELL_10_AT_100}\nnonsense\n{{\"op\":\"book\",\"x\":1}}");
    let out = answers_of(&options, input.as_bytes());
    let done: Vec<_> = out.lines().filter(|line| line.contains("done")).collect();
    // Genesis and the default instrument are the first two commands.
    assert_eq!(
        done,
        [
            r#"{"event":"done","line":1,"sequence":3}"#,
            r#"{"event":"done","line":2,"sequence":3}"#,
            r#"{"event":"done","line":3,"sequence":3}"#,
        ]
    );
    assert_eq!(out.lines().next(), Some(r#"{"event":"accepted","id":"1"}"#));
}

#[test]
fn an_id_without_an_account_means_its_latest_order_in_any_account() {
    let new = |account: &str, price: u32| {
        format!(
            "{{\"op\":\"new\",\"id\":\"a\",\"account\":\"{account}\",\"side\":\"buy\",\
             \"type\":\"limit\",\"price\":{price},\"quantity\":1}}\n"
        )
    };
    let input = new("eve", 10)
        + &new("bob", 11)
        + "{\"op\":\"cancel\",\"id\":\"a\",\"account\":\"eve\"}\n"
        + "{\"op\":\"amend\",\"id\":\"a\",\"price\":12}\n"
        + "{\"op\":\"cancel\",\"id\":\"a\"}\n{\"op\":\"cancel\",\"id\":\"a\"}\n";
    check(
        &input,
        "{\"event\":\"accepted\",\"id\":\"a\"}\n\
         {\"event\":\"accepted\",\"id\":\"a\"}\n\
         {\"event\":\"cancelled\",\"id\":\"a\",\"quantity\":\"1\",\"reason\":\"user\"}\n\
         {\"event\":\"amended\",\"id\":\"a\",\"quantity\":\"1\",\"price\":\"12\",\
         \"kept_priority\":false}\n\
         {\"event\":\"cancelled\",\"id\":\"a\",\"quantity\":\"1\",\"reason\":\"user\"}\n\
         {\"event\":\"rejected\",\"op\":\"cancel\",\"id\":\"a\",\"reason\":\"unknown_order\"}\n",
    );
}

#[test]
fn an_instrument_of_its_own_has_its_own_steps_and_fees() {
    check(
        r#"{"op":"instrument","symbol":"BTC-KRW","price_step":"0.5","quantity_step":"1e-8","maker_fee_ppm":"-100","taker_fee_ppm":500}
{"op":"new","id":"m","symbol":"BTC-KRW","side":"sell","type":"limit","price":"100.50","quantity":"0.3"}
{"op":"new","id":"t","symbol":"BTC-KRW","side":"buy","type":"limit","price":101,"quantity":0.10000000}
{"op":"new","id":"u","symbol":"BTC-KRW","side":"buy","type":"limit","price":100.25,"quantity":1}
{"op":"book","symbol":"BTC-KRW"}
"#,
        r#"{"event":"accepted","id":"m"}
{"event":"accepted","id":"t"}
{"event":"trade","maker":"m","taker":"t","price":"100.5","quantity":"0.1","maker_fee":"-0.001005","taker_fee":"0.005025"}
{"event":"rejected","op":"new","id":"u","reason":"bad_price"}
{"event":"book","symbol":"BTC-KRW","bids":[],"asks":[{"id":"m","price":"100.5","open":"0.2","hidden":"0"}],"stops":[]}
"#,
    );
}

#[test]
fn an_id_as_long_as_a_uuid_names_its_account_too() {
    let id = "550e8400-e29b-41d4-a716-446655440000";
    let line = SELL_10_AT_100.replace(r#""id":"1""#, &format!(r#""id":"{id}""#));
    let cancel = format!(r#"{{"op":"cancel","id":"{id}"}}"#);
    check(
        &format!("{line}\n{cancel}\n"),
        &format!(
            "{{\"event\":\"accepted\",\"id\":\"{id}\"}}\n\
             {{\"event\":\"cancelled\",\"id\":\"{id}\",\"quantity\":\"10\",\"reason\":\"user\"}}\n"
        ),
    );
}

#[test]
fn a_configuration_creates_instruments_before_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orison.toml");
    let good = "rest = \"127.0.0.1:0\"\n[[instruments]]\nsymbol = \"AAPL\"\nbase = \"AAPL\"\n\
                quote = \"USD\"\nprice_step = \"0.01\"\nquantity_step = \"0.0001\"\n\
                taker_fee_ppm = 10\n";
    std::fs::write(&path, good).unwrap();
    let options = Options { instruments: instruments(&path).unwrap(), ..options() };
    let line = SELL_10_AT_100.replace("{\"op\"", "{\"symbol\":\"AAPL\",\"op\"");
    let line = line.replace("\"100\"", "\"0.07\"");
    assert_eq!(answers_of(&options, line.as_bytes()), "{\"event\":\"accepted\",\"id\":\"1\"}\n");
    for (bad, message) in [
        (good.replace("\"0.01\"", "0.01"), "`price_step` is a float"),
        (good.replace("quote", "qoute"), "has no field `qoute`"),
        (good.replace("[[", "["), "expected"),
        ("instruments = 1".to_owned(), "must be an array of tables"),
    ] {
        std::fs::write(&path, &bad).unwrap();
        let error = instruments(&path).unwrap_err().to_string();
        assert!(error.contains(message), "{bad}: {error}");
        assert!(error.contains("orison.toml"), "{error}");
    }
}

fn busy_tape() -> String {
    let mut text = String::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..2_000_u64 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let side = if random & 1 == 0 { "buy" } else { "sell" };
        let (price, quantity) = (90 + random % 21, 1 + random / 64 % 30);
        let target = u64::saturating_sub(number, random / 4096 % 20);
        text += &match random / 128 % 8 {
            0 => format!("{{\"op\":\"cancel\",\"id\":\"{target}\"}}\n"),
            1 => format!("{{\"op\":\"amend\",\"id\":\"{target}\",\"quantity\":{quantity}}}\n"),
            2 => format!("{{\"op\":\"time\",\"ts\":{}}}\n", number * 1_000),
            _ => format!(
                "{{\"op\":\"new\",\"id\":\"{number}\",\"side\":\"{side}\",\"type\":\"limit\",\
                 \"price\":{price},\"quantity\":{quantity}}}\n"
            ),
        };
    }
    text
}

#[test]
fn every_run_gives_the_same_digest_with_and_without_a_journal_and_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let tape = busy_tape();
    let digest = "{\"op\":\"digest\"}\n";
    let whole = answers(&format!("{tape}{digest}"));
    assert!(whole.lines().filter(|line| line.contains("trade")).count() > 100);
    assert_eq!(journal(&folder.path().join("a"), &format!("{tape}{digest}")), whole);
    let lines: Vec<_> = tape.lines().collect();
    let mut pieces = String::new();
    for piece in lines.chunks(333) {
        pieces += &journal(&folder.path().join("b"), &(piece.join("\n") + "\n"));
    }
    pieces += &journal(&folder.path().join("b"), digest);
    assert_eq!(pieces, whole);
}
