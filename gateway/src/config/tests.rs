//! Each layer wins over the one before, and what is wrong names itself.

use orison_core::Decimal;

use super::*;

/// Variables and their values.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn load(file: &str, environment: Variables<'_>, flags: &[&str]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    if !file.is_empty() {
        std::fs::write(directory.path().join("orison.toml"), file).unwrap();
    }
    let flags = ["orison"].iter().chain(flags).map(OsString::from);
    let environment = environment.iter().map(|&(name, value)| (name.into(), value.into()));
    Config::load(flags, environment, directory.path()).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_three_instruments_on_loopback() {
    let Loaded { config, warnings, errand } = load("", &[], &[]).unwrap();
    assert_eq!(errand, None);
    assert_eq!(config.rest, Listen::Loopback { port: 7000 });
    assert_eq!(config.ws, Listen::Loopback { port: 7001 });
    assert_eq!(config.durability, Durability::Durable);
    let symbols: Vec<_> = config.instruments.iter().map(|i| i.symbol.as_str()).collect();
    assert_eq!(symbols, ["BTC-KRW", "ETH-KRW", "AAPL"]);
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn with_identities_listeners_may_leave_loopback_and_executions_name_no_orders() {
    let far = ["--rest", "0.0.0.0:7000", "--identity", "keys"];
    let config = load("", &[], &far).unwrap().config;
    assert_eq!(config.rest, Listen::At("0.0.0.0:7000".parse().unwrap()));
    assert_eq!(config.identity, Some("keys".into()));
    for (flags, shown) in [
        (&[][..], Switch::On),
        (&["--identity", "keys"], Switch::Off),
        (&["--identity", "keys", "--public-order-ids", "on"], Switch::On),
        (&["--public-order-ids", "off"], Switch::Off),
        (&["--identity", "open"], Switch::On),
    ] {
        assert_eq!(load("", &[], flags).unwrap().config.public_order_ids, shown, "{flags:?}");
    }
}

#[test]
fn a_later_layer_wins() {
    let rows: [(&str, Variables<'_>, &[&str], Wait); 5] = [
        ("", &[], &[], Wait::Backoff),
        ("wait = \"spin\"", &[], &[], Wait::Spin),
        ("wait = \"spin\"", &[("ORISON_WAIT", "yield")], &[], Wait::Yield),
        ("wait = \"spin\"", &[("ORISON_WAIT", "yield")], &["--wait", "backoff"], Wait::Backoff),
        ("", &[], &["serve", "--wait", "spin"], Wait::Spin),
    ];
    for (file, environment, flags, wait) in rows {
        let loaded = load(file, environment, flags).unwrap();
        assert_eq!(loaded.config.wait, wait, "{file} {environment:?} {flags:?}");
    }
}

#[test]
fn thresholds_of_risk_are_of_an_account_or_of_all_others() {
    let name = |name| orison_core::AccountName::new(name).unwrap();
    let file = "[[risk]]\naccount = \"alice\"\nleverage = 2.5\n\
                [[risk]]\naccount = \"*\"\ndrawdown = 0.0\nconcentration = 0.5\n";
    let risk = load(file, &[], &[]).unwrap().config.risk;
    let others = stockquest::Thresholds {
        drawdown: None,
        concentration: Some(0.5),
        ..stockquest::Thresholds::DEFAULT
    };
    assert_eq!(risk.others, others);
    let alice = stockquest::Thresholds { leverage: Some(2.5), ..others };
    assert_eq!(risk.accounts, [(name("alice"), alice)].into());
    for (line, reason) in [
        ("account = \"*\"\nleverage = -1.0", "risk[0]: leverage: -1"),
        ("account = \"*\"\nleverage = \"much\"", "risk[0]"),
        ("account = \"*\"\nconcentration = 5.0", "allowed: 0 to 1"),
        ("account = \"\"", "risk[0]: account"),
        ("leverage = 1.0", "account"),
        ("account = \"*\"\ngreed = 1.0", "greed"),
    ] {
        let error = load(&format!("[[risk]]\n{line}\n"), &[], &[]).unwrap_err();
        assert!(error.contains(reason), "{line}: {error}");
    }
}

#[test]
fn a_wrong_setting_names_itself_and_what_is_allowed() {
    let rows: [(&str, Variables<'_>, &[&str], &[&str]); 17] = [
        ("", &[], &["--identity", ""], &["--identity", "open or a path"]),
        ("", &[], &["--identity-window-ms", "1"], &["--identity-window-ms", "100 to 60000"]),
        ("", &[], &["--tls-cert", "cert.pem"], &["tls-key", "a file"]),
        ("", &[], &["--tls-key", "key.pem"], &["tls-cert", "a file"]),
        ("", &[], &["--wait", "sleep"], &["--wait", "\"sleep\"", "spin, yield, backoff"]),
        ("", &[("ORISON_DURABILITY", "no")], &[], &["ORISON_DURABILITY", "durable, journaled"]),
        ("wait = 3", &[], &[], &["orison.toml: wait", "spin, yield, backoff"]),
        ("colour = \"red\"", &[], &[], &["orison.toml", "colour is no setting", "wait"]),
        ("wait = [1", &[], &[], &["orison.toml"]),
        ("", &[], &["--rest", "nowhere"], &["--rest", "off, IP:PORT"]),
        ("", &[], &["--rest", "0.0.0.0:7000"], &["--rest", "0.0.0.0:7000", "loopback"]),
        ("", &[], &["--ws", "[::]:7001"], &["--ws", "loopback"]),
        ("", &[], &["--fix", "127.0.0.1:9002"], &["--fix", "not part of this build", "off"]),
        ("", &[], &["--feed", "kraken"], &["--feed", "\"kraken\"", "off, binance, upbit"]),
        ("", &[], &["--input-slots", "1000"], &["--input-slots", "powers of two"]),
        ("", &[], &["--allowed-origins", "x"], &["--allowed-origins", "http://HOST"]),
        ("", &[], &["--config", "missing.toml"], &["missing.toml"]),
    ];
    for (file, environment, flags, expected) in rows {
        let error = load(file, environment, flags).unwrap_err();
        for part in expected {
            assert!(error.contains(part), "{flags:?} {file}: {error:?} lacks {part:?}");
        }
    }
}

#[test]
fn an_unknown_variable_warns() {
    let environment = [("ORISON_COLOUR", "red"), ("OTHER", "x"), ("ORISON_PIN", "1")];
    let loaded = load("", &environment, &[]).unwrap();
    assert_eq!(loaded.warnings, ["ORISON_COLOUR is no setting and is ignored"]);
    assert_eq!(loaded.config.pin, Some(1));
}

#[test]
fn demo_is_a_flag_with_or_without_a_value() {
    let rows: [(&str, &[&str], Switch); 4] = [
        ("", &["--demo"], Switch::On),
        ("", &["serve", "--demo", "--wait", "spin"], Switch::On),
        ("demo = true", &[], Switch::On),
        ("demo = true", &["--demo", "off"], Switch::Off),
    ];
    for (file, flags, demo) in rows {
        assert_eq!(load(file, &[], flags).unwrap().config.demo, demo, "{file} {flags:?}");
    }
}

#[test]
fn instruments_of_the_file_replace_the_built_in_ones() {
    let good = "[[instruments]]\nsymbol = \"X-Y\"\nbase = \"X\"\nquote = \"Y\"\n\
                price_step = \"0.5\"\nquantity_step = \"1\"\ntaker_fee_ppm = 100\n";
    let instruments = load(good, &[], &[]).unwrap().config.instruments;
    assert_eq!(instruments.len(), 1);
    assert_eq!(instruments[0].price_step.to_decimal(), Decimal::parse("0.5").unwrap());
    let rows = [
        ("\"0.5\"", "\"0\"", "instrument X-Y: price_step"),
        ("\"0.5\"", "0.5", "invalid type: floating point"),
        ("\"X-Y\"", "\"a symbol far too long\"", "symbol: 21 characters long"),
        ("= 100", "= 100001", "taker_fee_ppm: 100001 is outside"),
        ("taker_fee_ppm", "colour", "unknown field `colour`"),
    ];
    for (from, to, expected) in rows {
        let error = load(&good.replace(from, to), &[], &[]).unwrap_err();
        assert!(error.contains(expected), "{error:?} lacks {expected:?}");
    }
}

#[test]
fn a_schedule_is_read_whole_or_refused_by_name() {
    let good = "[[schedule]]\nsymbols = [\"AAPL\", \"X\"]\ntime_zone = \"America/New_York\"\n\
                days = \"Mon-Fri\"\nat = [{ time = \"09:30\", action = \"open\" }]\n";
    let schedule = load(good, &[], &[]).unwrap().config.schedule;
    assert_eq!(schedule.len(), 1);
    assert_eq!(schedule[0].zone.iana_name(), Some("America/New_York"));
    assert_eq!(schedule[0].days.words().collect::<Vec<_>>(), ["Mon", "Tue", "Wed", "Thu", "Fri"]);
    assert_eq!(schedule[0].slots().len(), 1);
    let entry = "{ time = \"09:30\", action = \"open\" }";
    let rows = [
        ("America/New_York", "Mars/Olympus", "time_zone: \"Mars/Olympus\" is not allowed"),
        ("America/New_York", "EST5EDT,M3", "an IANA name such as Asia/Seoul"),
        ("Mon-Fri", "Mon-", "days: \"Mon-\" is not allowed"),
        ("09:30", "24:00", "time: \"24:00\" is not allowed"),
        ("\"open\"", "\"opens\"", "action: \"opens\" is not allowed"),
        (entry, "", "at: nothing is in it"),
        ("\"AAPL\", \"X\"", "", "symbols: nothing is in it"),
        ("\"X\"", "\"*\"", "symbols: \"*\" is not allowed"),
        ("\"X\"", "\"\"", "symbols: \"\" is not allowed"),
        ("days =", "day =", "unknown field `day`"),
        ("time =", "when =", "unknown field `when`"),
        ("time_zone = \"America/New_York\"\n", "", "missing field `time_zone`"),
    ];
    for (from, to, expected) in rows {
        let error = load(&good.replace(from, to), &[], &[]).unwrap_err();
        assert!(error.contains("orison.toml: schedule[0]: "), "{error}");
        assert!(error.contains(expected), "{error:?} lacks {expected:?}");
    }
}

#[test]
fn feeds_are_off_unless_asked_for_and_want_what_their_venues_have() {
    assert!(load("", &[], &[]).unwrap().config.feeds.is_none());
    for (flags, topics) in [
        (vec!["--feed", "binance"], vec!["binance:ticker:BTCUSDT", "binance:liquidation:*"]),
        (vec!["--feed", "upbit"], vec!["upbit:ticker:BTC-KRW", "upbit:ticker:ETH-KRW"]),
        (
            vec!["--feed", "binance,upbit", "--feed-topics", "upbit:depth:BTC-KRW"],
            vec!["upbit:depth:BTC-KRW"],
        ),
        (vec!["--feed", "upbit", "--feed-topics", ""], vec![]),
    ] {
        let feeds = load("", &[], &flags).unwrap().config.feeds.unwrap();
        let wanted: Vec<String> = feeds.topics.iter().map(ToString::to_string).collect();
        assert_eq!(wanted, topics, "{flags:?}");
        assert_eq!(feeds.binance_ws, "wss://fstream.binance.com");
    }
    for (flags, parts) in [
        (["--feed-binance-ws", "https://x"], ["--feed-binance-ws", "ws:// or wss://HOST"]),
        (["--feed-binance-rest", "nowhere"], ["--feed-binance-rest", "http:// or https://HOST"]),
        (["--feed-upbit-keys", "no-such-file"], ["--feed-upbit-keys", "off, or a file"]),
        (["--feed-upbit-format", "XML"], ["--feed-upbit-format", "SIMPLE_LIST"]),
        (["--feed-depth-levels", "9"], ["--feed-depth-levels", "1 to 8"]),
        (["--feed-silence-s", "0"], ["--feed-silence-s", "1 to 86400"]),
        (["--feed-topics", "upbit:ticker:BTC-KRW"], ["--feed-topics", "--feed upbit"]),
        (["--feed-topics", "binance:candle:X"], ["--feed-topics", "is no topic"]),
    ] {
        let flags: Vec<&str> = ["--feed", "binance"].into_iter().chain(flags).collect();
        let error = load("", &[], &flags).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{flags:?}: {error}");
    }
    let private = ["--feed", "upbit", "--feed-topics", "upbit:order"];
    assert!(load("", &[], &private).unwrap_err().contains("--feed-upbit-keys FILE"));
}
