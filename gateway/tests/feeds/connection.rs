//! Connections that break in every way there is, and come back as they should.

use std::time::Duration;

use gateway::feeds::{LineName, VenueEvent};
use tokio::time::Instant;

use crate::town::{Town, topics};
use crate::venues::{Door, Happened, House, binance};

pub(crate) const TICKER: &str = "binance:ticker:BTCUSDT";

/// Seconds between the knocks at the door.
fn waits(house: &House) -> Vec<f64> {
    let knocks: Vec<Instant> = house
        .log()
        .into_iter()
        .filter(|(_, what)| matches!(what, Happened::Knocked { .. }))
        .map(|(at, _)| at)
        .collect();
    knocks.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

async fn knocked(house: &House, times: usize) {
    house.until(|house| waits(house).len() + 1 >= times && house.count(is_knock) >= times).await;
}

pub(crate) fn is_knock(what: &Happened) -> bool {
    matches!(what, Happened::Knocked { .. })
}

fn is_about(wait: f64, seconds: f64, more: f64) -> bool {
    (seconds * 0.9..=seconds * 1.1 + more).contains(&wait)
}

pub(crate) fn ticker(number: u64) -> String {
    format!(r#"{{"e":"24hrTicker","E":{number},"s":"BTCUSDT","c":"{number}","P":"1"}}"#)
}

pub(crate) fn say(town: &Town, number: u64) -> usize {
    binance::say(&town.binance, &["btcusdt@ticker"], &ticker(number))
}

pub(crate) async fn subscribed(town: &Town) {
    town.binance.until(|house| !house.carried().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_lets_nobody_in_is_asked_less_and_less() {
    for door in [Door::Refuse(503), Door::Slam] {
        let town = Town::with(&[TICKER]);
        town.binance.behave(|manners| manners.door = door);
        knocked(&town.binance, 9).await;
        // Being let in is not enough: a door that slams counts as a failure each time.
        for (wait, seconds) in waits(&town.binance).into_iter().zip([1, 2, 4, 8, 16, 30, 30, 30]) {
            assert!(is_about(wait, f64::from(seconds), 0.2), "{door:?}: {wait} for {seconds}");
        }
        let metrics = town.metrics(LineName::BinanceMarket);
        assert!(metrics.last_error.is_some(), "{metrics:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_message_that_makes_sense_ends_the_backing_off() {
    let mut town = Town::with(&[TICKER]);
    town.binance.behave(|manners| manners.door = Door::Refuse(503));
    knocked(&town.binance, 5).await;
    town.binance.behave(|manners| manners.door = Door::Open);
    subscribed(&town).await;
    // An answer and nonsense are no reason to hope.
    town.binance.blurt("nonsense");
    town.binance.blurt(r#"{"e":"24hrTicker","E":1"#);
    town.rest().await;
    town.binance.cut_all();
    knocked(&town.binance, 7).await;
    assert!(is_about(waits(&town.binance)[5], 30.0, 0.2), "{:?}", waits(&town.binance));
    subscribed(&town).await;
    say(&town, 1);
    town.hear().await;
    town.binance.cut_all();
    knocked(&town.binance, 8).await;
    assert!(is_about(waits(&town.binance)[6], 1.0, 0.2), "{:?}", waits(&town.binance));
    assert_eq!(town.metrics(LineName::BinanceMarket).unreadable, 2);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_takes_the_wire_and_is_silent_is_given_ten_seconds() {
    let town = Town::with(&[TICKER]);
    town.binance.behave(|manners| manners.door = Door::Hang);
    let start = Instant::now();
    while town.metrics(LineName::BinanceMarket).connect_failures < 3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    assert!((32.6..33.6).contains(&seconds), "three tries of 10 s, after 1 s and 2 s: {seconds}");
    let error = town.metrics(LineName::BinanceMarket).last_error.unwrap();
    assert_eq!(error, "no connection within 10 s");
}

#[tokio::test(start_paused = true)]
async fn connected_and_silent_is_noticed() {
    for (topic, silence) in [
        (TICKER, 60.0),
        ("binance:depth:BTCUSDT", 60.0),
        ("binance:liquidation:*", 600.0),
        ("upbit:ticker:BTC-KRW", 600.0),
        ("upbit:depth:BTC-KRW", 600.0),
    ] {
        let town = Town::with(&[topic]);
        let topic: gateway::feeds::Topic = topic.parse().unwrap();
        let house =
            if topic.to_string().starts_with("binance") { &town.binance } else { &town.upbit };
        // The retired addresses do this: the handshake works, requests are answered, nothing comes.
        house.behave(|manners| manners.mute = true);
        knocked(house, 2).await;
        let waits = waits(house);
        assert!((silence + 0.9..silence + 2.5).contains(&waits[0]), "{topic}: {waits:?}");
        let error = town.metrics(topic.line()).last_error.unwrap();
        assert_eq!(error, format!("connected and silent for {silence} s"));
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_a_venue_may_be_silent_is_a_setting() {
    for (topic, silence) in [(TICKER, 7.0), ("upbit:ticker:BTC-KRW", 90.0)] {
        let town = Town::new(|settings| {
            settings.topics = topics(&[topic]);
            settings.timing.silence = Duration::from_secs(7);
            settings.timing.quiet = Duration::from_secs(90);
        });
        let house = if topic == TICKER { &town.binance } else { &town.upbit };
        house.behave(|manners| manners.mute = true);
        knocked(house, 2).await;
        assert!((silence + 0.9..silence + 2.5).contains(&waits(house)[0]), "{:?}", waits(house));
    }
}

/// A market in which nobody trades: the venue answers `PING`, and that is all it says.
#[tokio::test(start_paused = true)]
async fn a_quiet_market_keeps_its_connection_and_a_dead_one_does_not() {
    let town = Town::with(&["upbit:ticker:BTC-KRW"]);
    town.upbit.until(|house| !house.carried().is_empty()).await;
    tokio::time::sleep(Duration::from_secs(590)).await;
    assert_eq!(town.upbit.count(is_knock), 1, "{:?}", town.metrics(LineName::UpbitPublic));
    assert_eq!(town.upbit.count(|what| matches!(what, Happened::Broken { .. })), 0);
    let town = Town::with(&["upbit:ticker:BTC-KRW"]);
    town.upbit.until(|house| !house.carried().is_empty()).await;
    town.upbit.behave(|manners| manners.deaf = true);
    town.upbit.blurt("[]");
    knocked(&town.upbit, 2).await;
    let seconds = waits(&town.upbit)[0];
    assert!((40.0..44.0).contains(&seconds), "no answer to PING is noticed at once: {seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_does_not_answer_a_ping_is_left() {
    let town = Town::with(&[TICKER]);
    subscribed(&town).await;
    town.binance.behave(|manners| manners.deaf = true);
    // Deaf from its next turn on: something must wake it.
    say(&town, 1);
    knocked(&town.binance, 2).await;
    let error = town.metrics(LineName::BinanceMarket).last_error.unwrap();
    assert_eq!(error, "no answer to a ping");
    let seconds = waits(&town.binance)[0];
    assert!((40.0..44.0).contains(&seconds), "30 s, 10 s, 1 s to close, 1 s to wait: {seconds}");
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_a_day_ends_before_the_venue_ends_it() {
    let mut town = Town::with(&[TICKER, "upbit:ticker:BTC-KRW"]);
    let start = Instant::now();
    for minute in 0..50 * 60 {
        let price = serde_json::json!({"type": "ticker", "code": "KRW-BTC", "trade_price": minute,
            "signed_change_rate": 0, "timestamp": minute});
        crate::venues::upbit::say(&town.upbit, &price);
        say(&town, minute);
        tokio::time::sleep(Duration::from_secs(45)).await;
        while town.heard.try_recv().is_ok() {}
    }
    assert!(start.elapsed() > Duration::from_secs(36 * 3600));
    for (house, line) in
        [(&town.binance, LineName::BinanceMarket), (&town.upbit, LineName::UpbitPublic)]
    {
        let log = house.log().into_iter();
        let is_broken = |what: &Happened| matches!(what, Happened::Broken { .. });
        let broken: Vec<_> =
            log.filter(|(_, what)| is_broken(what)).map(|(at, what)| (at - start, what)).collect();
        assert_eq!(broken, []);
        let closes = house.log().into_iter().filter_map(|(_, what)| match what {
            Happened::Closed { code, reason, .. } => Some((code, reason)),
            _ => None,
        });
        assert_eq!(closes.collect::<Vec<_>>(), [(Some(1000), "Reconnect".to_owned())]);
        let life = waits(house)[0];
        assert!((22.5 * 3600.0..23.6 * 3600.0).contains(&life), "{life}");
        let metrics = town.metrics(line);
        assert_eq!((metrics.reconnects, metrics.last_error), (1, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_had_enough_is_left_alone_for_the_longest() {
    let upbit = "upbit:ticker:BTC-KRW";
    for (topic, enough) in [(TICKER, true), (TICKER, false), (upbit, true), (upbit, false)] {
        let mut town = Town::with(&[topic]);
        let (house, line) = match topic == TICKER {
            true => (town.binance.clone(), LineName::BinanceMarket),
            false => (town.upbit.clone(), LineName::UpbitPublic),
        };
        house.until(|house| !house.carried().is_empty()).await;
        say(&town, 1);
        let said = serde_json::json!({"type": "ticker", "code": "KRW-BTC", "trade_price": 1,
            "signed_change_rate": 0, "timestamp": 1});
        crate::venues::upbit::say(&town.upbit, &said);
        town.hear().await;
        match enough {
            true => house.close_all(1008, "Too many requests"),
            false => house.close_all(1001, "Going away"),
        }
        knocked(&house, 2).await;
        let wait = waits(&house)[0];
        assert!(is_about(wait, if enough { 30.0 } else { 1.0 }, 0.3), "{topic}: {wait}");
        let error = town.metrics(line).last_error.unwrap();
        assert!(error.starts_with("closed by the venue: 100"), "{error}");
    }
    let town = Town::with(&["upbit:ticker:BTC-KRW"]);
    town.upbit.behave(|manners| manners.door = Door::Refuse(429));
    knocked(&town.upbit, 2).await;
    assert!(is_about(waits(&town.upbit)[0], 30.0, 0.2), "{:?}", waits(&town.upbit));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_ends_the_connection() {
    let town = Town::with(&[TICKER]);
    town.binance.behave(|manners| manners.aloof = true);
    knocked(&town.binance, 2).await;
    let error = town.metrics(LineName::BinanceMarket).last_error.unwrap();
    assert_eq!(error, "request 1 was not answered");
}

#[tokio::test(start_paused = true)]
async fn the_end_is_said_on_every_connection() {
    let mut town = Town::with(&[TICKER, "binance:depth:BTCUSDT", "upbit:ticker:BTC-KRW"]);
    town.rest().await;
    town.feeds.stop().await;
    for (house, connections) in [(&town.binance, 2), (&town.upbit, 1)] {
        house.until(|house| house.lock().guests.is_empty()).await;
        let farewell = |what: &Happened| match what {
            Happened::Closed { code, reason, .. } => *code == Some(1000) && reason == "Shutdown",
            _ => false,
        };
        assert_eq!(house.count(farewell), connections);
    }
    let states = town.feeds.status().connection_metrics;
    assert!(states.iter().all(|line| format!("{:?}", line.state) == "Stopped"), "{states:?}");
    assert_eq!(town.heard.recv().await, None::<VenueEvent>, "nothing comes after the end");
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_nobody() {
    for door in [Door::Hang, Door::Refuse(503)] {
        let town = Town::with(&[TICKER, "upbit:ticker:BTC-KRW"]);
        for house in [&town.binance, &town.upbit] {
            house.behave(|manners| manners.door = door);
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        let start = Instant::now();
        town.feeds.stop().await;
        assert!(start.elapsed() < Duration::from_secs(1), "{door:?}: {:?}", start.elapsed());
    }
    let town = Town::with(&[TICKER]);
    subscribed(&town).await;
    town.binance.behave(|manners| manners.deaf = true);
    say(&town, 1);
    let start = Instant::now();
    town.feeds.stop().await;
    assert!(start.elapsed() <= Duration::from_secs(6), "a deaf venue: {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn feeds_that_nobody_listens_to_end() {
    let mut town = Town::with(&[TICKER]);
    subscribed(&town).await;
    town.heard.close();
    say(&town, 1);
    town.binance.until(|house| house.lock().guests.is_empty()).await;
    assert_eq!(town.binance.count(is_knock), 1, "and do not come back");
}
