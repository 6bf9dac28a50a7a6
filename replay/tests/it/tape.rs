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

/// Lines that follow a resting sell of 10 at 100 by account `1`: `>` asks, `<` is answered.
const AFTER_A_SELL: &str = include_str!("golden/after_a_sell.txt");

#[test]
fn every_line_is_answered_by_its_events_and_nothing_else() {
    for row in AFTER_A_SELL.split("\n\n") {
        let (asked, answered) = row.split_once('\n').unwrap_or((row, ""));
        let asked = asked.strip_prefix("> ").unwrap();
        let mut expected = "{\"event\":\"accepted\",\"id\":\"1\"}\n".to_owned();
        for line in answered.lines() {
            expected = expected + line.strip_prefix("< ").unwrap() + "\n";
        }
        check(&format!("{SELL_10_AT_100}\n{asked}\n"), &expected);
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
        (r#"{"op":"oco"}"#, "field `legs` is missing"),
        (r#"{"op":"oco","legs":[]}"#, "field `legs` must be an array of two objects"),
        (r#"{"op":"oco","legs":[1,2]}"#, "field `legs` must be an array of two objects"),
        (r#"{"op":"oco","legs":[{"id":"2"},{}]}"#, "field `id` is missing"),
        (r#"{"op":"oto","parent":{"id":"2"}}"#, "field `child` is missing"),
        (r#"{"op":"oto","parent":"2","child":{}}"#, "field `parent` must be an object"),
        (r#"{"op":"status"}"#, "field `status` is missing"),
        (r#"{"op":"status","status":"shut"}"#, "`shut` is not one of open, halted, auction,"),
        (r#"{"op":"account"}"#, "field `account` is missing"),
        (r#"{"op":"account","account":"1","enabled":1}"#, "field `enabled` must be true or false"),
        (r#"{"op":"account","account":"1","max_open_orders":-1}"#, "`-1` is out of range"),
        (r#"{"op":"deposit","account":"1","asset":"USD"}"#, "field `amount` is missing"),
        (r#"{"op":"withdraw","account":"1","amount":1}"#, "field `asset` is missing"),
        (r#"{"op":"balances","asset":"USD"}"#, "op `balances` has no field `asset`"),
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
        include_str!("golden/own_steps.tape.jsonl"),
        include_str!("golden/own_steps.answers.jsonl"),
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

/// An order of account `a` that closes at once.
fn closed_at_once(id: &str) -> String {
    format!(
        "{{\"op\":\"new\",\"id\":\"{id}\",\"side\":\"buy\",\"type\":\"limit\",\"price\":\"9\",\
         \"quantity\":\"1\",\"tif\":\"ioc\",\"account\":\"a\"}}\n"
    )
}

#[test]
fn of_its_closed_ids_an_account_is_answered_the_last_1024() {
    let again = "{\"event\":\"accepted\",\"id\":\"first\",\"duplicate\":true}\n";
    let anew = "{\"event\":\"accepted\",\"id\":\"first\"}\n\
                {\"event\":\"cancelled\",\"id\":\"first\",\"quantity\":\"1\",\"reason\":\"ioc\"}\n";
    for (closed_since, expected) in [(0, again), (1_023, again), (1_024, anew), (1_500, anew)] {
        let between = (0..closed_since).map(|number| closed_at_once(&number.to_string()));
        let before = closed_at_once("first") + &between.collect::<String>();
        let answered = answers(&before).len();
        let found = answers(&(before + &closed_at_once("first")));
        assert_eq!(&found[answered..], expected, "{closed_since} closed since");
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
