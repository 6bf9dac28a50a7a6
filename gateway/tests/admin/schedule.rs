//! Trading hours of the configuration, as commands in the journal.

use gateway::app::wall_ns;
use gateway::schedule::timetable::Timetable;
use gateway::schedule::{self, agenda::Agenda};
use gateway::{App, Config};
use serde_json::{Value, json};
use std::sync::Arc;

use super::office::Office;
use super::support::Exchange;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

/// As `orison.toml` has it.
fn configured(file: &str) -> Vec<Timetable> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("orison.toml"), file).unwrap();
    Config::load(["orison".into()], [], directory.path()).unwrap().config.schedule
}

async fn open(timetables: &[Timetable]) -> Office {
    Office::of(Exchange::start_with(|config| config.schedule = timetables.to_vec()).await).await
}

fn at(text: &str) -> u64 {
    let moment: jiff::Timestamp = text.parse().unwrap();
    moment.as_nanosecond().try_into().unwrap()
}

/// What the schedule has done since the last time, oldest first.
async fn done(office: &mut Office, since: &mut u64) -> Vec<String> {
    let answer = office.read("changes").await;
    let changes = answer["changes"].as_array().unwrap().iter().rev();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fresh = changes.filter(|change| change["sequence"].as_u64().unwrap() > *since);
    let shown = fresh.map(|change| {
        let command = &change["command"];
        assert_eq!((word(&change["actor"]), word(&change["outcome"])), own());
        let (op, status) = (word(&command["op"]), word(&command["status"]));
        format!("{} {}", word(&command["symbol"]), if op == "status" { status } else { op })
    });
    let shown = shown.collect();
    *since = answer["sequence"].as_u64().unwrap();
    shown
}

fn own() -> (String, String) {
    ("schedule".into(), "done".into())
}

/// A clock that comes to each of these moments, and to the second before it.
async fn come_to(app: &Arc<App>, agenda: &mut Agenda, now: &str) {
    for moment in [at(now) - SECOND, at(now)] {
        schedule::advance(app, agenda, moment).await.unwrap();
    }
}

const NEW_YORK: &str = r#"
[[schedule]]
symbols = ["AAPL"]
time_zone = "America/New_York"
days = "Mon-Fri"
at = [
    { time = "09:00", action = "auction" },
    { time = "09:30", action = "uncross" },
    { time = "12:00", action = "halt" },
    { time = "12:30:30", action = "open" },
    { time = "16:00", action = "auction" },
    { time = "16:05", action = "close" },
    { time = "16:10", action = "end_of_day" },
]

[[schedule]]
symbols = ["*"]
time_zone = "Asia/Seoul"
at = [{ time = "00:00", action = "end_of_day" }]
"#;

#[tokio::test]
async fn hours_of_a_named_zone_become_journaled_commands_in_winter_and_summer() {
    let timetables = configured(NEW_YORK);
    let mut office = open(&timetables).await;
    let app = Arc::clone(&office.exchange.app);
    // Friday, still winter time in New York; on Sunday its clocks go forward.
    let mut agenda = schedule::agenda(&app, &office.exchange.past, at("2026-03-06T12:00:00Z"));
    let mut since = 4;
    let rows: [(&str, &[&str]); 17] = [
        ("2026-03-06T12:00:00Z", &["AAPL closed"]),
        ("2026-03-06T14:00:00Z", &["AAPL auction"]),
        ("2026-03-06T14:30:00Z", &["AAPL uncross"]),
        // Midnight in Seoul.
        ("2026-03-06T15:00:00Z", &["BTC-KRW end_of_day", "ETH-KRW end_of_day"]),
        ("2026-03-06T17:00:00Z", &["AAPL halted"]),
        ("2026-03-06T17:30:30Z", &["AAPL open"]),
        ("2026-03-06T21:00:00Z", &["AAPL auction"]),
        ("2026-03-06T21:05:00Z", &["AAPL closed"]),
        ("2026-03-06T21:10:00Z", &["AAPL end_of_day"]),
        ("2026-03-07T15:00:00Z", &["BTC-KRW end_of_day", "ETH-KRW end_of_day"]),
        ("2026-03-07T17:00:00Z", &[]),
        ("2026-03-08T15:00:00Z", &["BTC-KRW end_of_day", "ETH-KRW end_of_day"]),
        // Monday: summer time, an hour earlier in the world.
        ("2026-03-09T13:00:00Z", &["AAPL auction"]),
        ("2026-03-09T13:30:00Z", &["AAPL uncross"]),
        ("2026-03-09T14:00:00Z", &[]),
        ("2026-03-09T15:00:00Z", &["BTC-KRW end_of_day", "ETH-KRW end_of_day"]),
        ("2026-03-09T16:00:00Z", &["AAPL halted"]),
    ];
    for (now, expected) in rows {
        come_to(&app, &mut agenda, now).await;
        assert_eq!(done(&mut office, &mut since).await, expected, "{now}");
    }
    let listed = office.read("instruments/AAPL").await;
    assert_eq!(listed["status"], "halted");
    let mut office = office.restarted().await;
    let mut since = since - 2;
    assert_eq!(done(&mut office, &mut since).await.last().unwrap(), "AAPL halted", "journaled");
}

#[tokio::test]
async fn hours_open_and_close_the_market_for_orders() {
    let mut office = open(&configured(NEW_YORK)).await;
    let app = Arc::clone(&office.exchange.app);
    let mut agenda = schedule::agenda(&app, &office.exchange.past, at("2026-07-02T12:00:00Z"));
    let buy = r#""side":"Buy","type":"Limit","price":100,"quantity":2,"tif":"day""#;
    let sell = r#""side":"Sell","type":"Limit","price":99,"quantity":1"#;
    come_to(&app, &mut agenda, "2026-07-02T12:00:00Z").await;
    assert_eq!(office.order("alice", buy).await.error(), "CLOSED");
    come_to(&app, &mut agenda, "2026-07-02T13:00:00Z").await;
    let id = office.place("alice", buy).await;
    office.place("bob", sell).await;
    let path = format!("/v1/order/{id}?account=alice");
    assert_eq!(office.rest.get(&path).await.text("status"), "NEW", "a call trades nothing");
    come_to(&app, &mut agenda, "2026-07-02T13:30:00Z").await;
    assert_eq!(office.rest.get(&path).await.text("status"), "PARTIALLY_FILLED");
    come_to(&app, &mut agenda, "2026-07-02T16:00:00Z").await;
    assert_eq!(office.order("bob", sell).await.error(), "HALTED");
    come_to(&app, &mut agenda, "2026-07-02T16:30:30Z").await;
    come_to(&app, &mut agenda, "2026-07-02T20:00:00Z").await;
    come_to(&app, &mut agenda, "2026-07-02T20:05:00Z").await;
    let order = office.rest.get(&path).await.json();
    assert_eq!((&order["status"], &order["reason"]), (&json!("CANCELLED"), &json!("closed")));
}

#[tokio::test]
async fn the_word_of_an_operator_stands_until_the_next_hour() {
    // Six hours ago, and in eighteen: nothing falls due while the test runs.
    let seconds = (wall_ns() / SECOND + 18 * 3_600) % 86_400;
    let time = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let timetables = configured(&format!(
        "[[schedule]]\nsymbols = [\"AAPL\"]\ntime_zone = \"UTC\"\n\
         at = [{{ time = \"{time}\", action = \"close\" }}]\n"
    ));
    let mut office = open(&timetables).await;
    let app = Arc::clone(&office.exchange.app);
    let mut agenda = schedule::agenda(&app, &office.exchange.past, wall_ns());
    schedule::advance(&app, &mut agenda, wall_ns()).await.unwrap();
    assert_eq!(office.read("instruments/AAPL").await["status"], "closed");
    let shown = office.read("schedule").await;
    let table = &shown["schedule"][0];
    let expected = json!({
        "symbols": ["AAPL"], "time_zone": "UTC",
        "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        "at": [{"time": time, "action": "close"}],
        "next": {"time": table["next"]["time"], "action": "close"},
    });
    assert_eq!(*table, expected);
    office.done("instruments/AAPL/status", r#"{"status":"open"}"#).await;

    let directory = office.exchange.stop().await;
    let again = Exchange::start_in(directory, |config| config.schedule = timetables.clone());
    let mut office = Office::of(again.await).await;
    let app = Arc::clone(&office.exchange.app);
    for (later, status) in [(0, "open"), (12 * HOUR, "open"), (19 * HOUR, "closed")] {
        let now = wall_ns() + later;
        let mut agenda = schedule::agenda(&app, &office.exchange.past, now);
        schedule::advance(&app, &mut agenda, now).await.unwrap();
        let found = office.read("instruments/AAPL").await;
        assert_eq!(found["status"], status, "{} hours later", later / HOUR);
    }
}
