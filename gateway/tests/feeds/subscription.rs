//! What is wanted becomes what the venue carries: merged, in as few requests as can be, never
//! lost, never beyond the venue's limits.

use std::collections::BTreeSet;
use std::time::Duration;

use gateway::feeds::{LineName, Registration, Topic};
use tokio::time::{Instant, sleep};

use crate::town::{Town, topics};
use crate::venues::market::Dice;
use crate::venues::{Happened, House};

fn broken(house: &House) -> usize {
    house.count(|what| matches!(what, Happened::Broken { .. }))
}

#[tokio::test(start_paused = true)]
async fn ten_registrations_within_15_ms_cost_one_request() {
    for (venue, line) in [("binance", LineName::BinanceMarket), ("upbit", LineName::UpbitPublic)] {
        let town = Town::new(|_| ());
        let house = if venue == "binance" { &town.binance } else { &town.upbit };
        // The line is idle for the first ten, and open and at rest for the second.
        let mut registrations = Vec::new();
        for round in 1..=2 {
            let start = Instant::now();
            for n in 0..10 {
                let topic = format!("{venue}:ticker:C{round}{n}-KRW").parse::<Topic>().unwrap();
                registrations.push(town.feeds.register("component", [topic]).unwrap());
                sleep(Duration::from_millis(n % 2)).await;
            }
            assert!(start.elapsed() <= Duration::from_millis(15), "{:?}", start.elapsed());
            town.rest().await;
            assert_eq!(house.asked().len(), round, "{venue}");
            assert_eq!(house.carried().len(), round * 10);
            assert_eq!(town.metrics(line).requests_sent, round as u64);
        }
        assert_eq!(broken(house), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_during_the_rate_limit_wait_is_in_the_request_then_sent() {
    let town = Town::with(&["upbit:ticker:BASE-KRW"]);
    town.rest().await;
    // 100 a minute: use them up.
    let mut spenders = Vec::new();
    for n in 1..100 {
        let topic = topics(&[&format!("upbit:ticker:C{n}-KRW")]);
        spenders.push(town.feeds.register("spender", topic).unwrap());
        town.rest().await;
    }
    assert_eq!(town.upbit.asked().len(), 100);
    let first = town.feeds.register("first", topics(&["upbit:trade:FIRST-KRW"])).unwrap();
    let start = Instant::now();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(town.upbit.asked().len(), 100, "it waits for the limit");
    let late = town.feeds.register("late", topics(&["upbit:trade:LATE-KRW"])).unwrap();
    sleep(Duration::from_secs(1)).await;
    let later = town.feeds.register("later", topics(&["upbit:depth:LATER-KRW"])).unwrap();
    drop(first);
    town.rest().await;
    let asked = town.upbit.asked();
    assert_eq!(asked.len(), 101, "one request for all of it");
    assert!(asked[100].1.contains("KRW-LATE\""), "{}", asked[100].1);
    assert!(asked[100].1.contains("KRW-LATER.5"), "{}", asked[100].1);
    assert!(!asked[100].1.contains("FIRST"), "{}", asked[100].1);
    assert!(start.elapsed() > Duration::from_secs(15), "a long wait: {:?}", start.elapsed());
    let limiters = town.feeds.status().rate_limiter_status;
    let limiter = limiters.iter().find(|limiter| limiter.name == "upbit_public").unwrap();
    assert_eq!((limiter.waits_long, limiter.taken), (1, 101), "logged and counted, not dropped");
    assert_eq!(broken(&town.upbit), 0);
    drop((late, later));
}

#[tokio::test(start_paused = true)]
async fn the_whole_set_is_sent_again_after_a_reconnect() {
    let all = [
        "binance:ticker:BTCUSDT",
        "binance:liquidation:*",
        "binance:depth:ETHUSDT",
        "upbit:ticker:BTC-KRW",
        "upbit:trade:BTC-KRW",
    ];
    let town = Town::with(&all);
    town.rest().await;
    let carried = (town.binance.carried(), town.upbit.carried());
    for house in [&town.binance, &town.upbit] {
        house.cut_all();
        house.until(|house| house.lock().guests.is_empty()).await;
    }
    // While nothing is connected the set moves on.
    let more = town.feeds.register("more", topics(&["upbit:ticker:ETH-KRW"])).unwrap();
    town.upbit.until(|house| house.carried().len() == 3).await;
    town.binance.until(|house| house.carried() == carried.0).await;
    town.rest().await;
    assert!(carried.1.is_subset(&town.upbit.carried()));
    assert_eq!(town.upbit.asked().len(), 2, "one request a connection");
    assert_eq!(town.metrics(LineName::UpbitPublic).reconnects, 1);
    drop(more);
}

#[tokio::test(start_paused = true)]
async fn an_empty_set_closes_the_connection_and_the_next_topic_opens_one() {
    for (topic, line) in [
        ("binance:ticker:BTCUSDT", LineName::BinanceMarket),
        ("upbit:ticker:BTC-KRW", LineName::UpbitPublic),
    ] {
        let town = Town::new(|_| ());
        let house = if topic.starts_with("binance") { &town.binance } else { &town.upbit };
        for round in 1..=3 {
            let registration = town.feeds.register("one", topics(&[topic])).unwrap();
            town.rest().await;
            assert_eq!(house.carried().len(), 1);
            drop(registration);
            house.until(|house| house.lock().guests.is_empty()).await;
            town.rest().await;
            let closes = house.log().into_iter().filter_map(|(_, what)| match what {
                Happened::Closed { code, reason, .. } => Some((code, reason)),
                _ => None,
            });
            assert_eq!(
                closes.collect::<Vec<_>>(),
                vec![(Some(1000), "Unsubscribed".to_owned()); round],
                "nothing is left running that nobody wants"
            );
        }
        assert_eq!(format!("{:?}", town.metrics(line).state), "Idle");
        assert_eq!(house.asked().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_emptied_and_filled_again_at_once_keeps_its_connection() {
    let town = Town::new(|_| ());
    let first = town.feeds.register("one", topics(&["upbit:ticker:BTC-KRW"])).unwrap();
    town.rest().await;
    drop(first);
    let second = town.feeds.register("two", topics(&["upbit:ticker:ETH-KRW"])).unwrap();
    town.rest().await;
    assert_eq!(town.upbit.carried(), ["ticker:KRW-ETH".to_owned()].into());
    assert_eq!(town.metrics(LineName::UpbitPublic).connects, 1);
    drop(second);
}

/// As the venue names them.
fn carried(wanted: &BTreeSet<Topic>, venue: &str) -> BTreeSet<String> {
    let of_venue = wanted.iter().filter(|topic| topic.venue().word() == venue);
    of_venue
        .map(|topic| {
            let symbol = topic.symbol().as_str().to_owned();
            match (venue, topic.subject().word()) {
                ("binance", "ticker") => format!("{}@ticker", symbol.to_lowercase()),
                ("binance", "trade") => format!("{}@aggTrade", symbol.to_lowercase()),
                ("binance", "depth") => format!("{}@depth@100ms", symbol.to_lowercase()),
                ("binance", _) if symbol.is_empty() => "!forceOrder@arr".to_owned(),
                ("binance", _) => format!("{}@forceOrder", symbol.to_lowercase()),
                (_, subject) => {
                    let (base, quote) = symbol.split_once('-').expect("base and quote");
                    match subject {
                        "depth" => format!("orderbook:{quote}-{base}.5"),
                        subject => format!("{subject}:{quote}-{base}"),
                    }
                }
            }
        })
        .collect()
}

/// 10,000 steps of anything; whenever the feeds are at rest the venues carry exactly what is
/// wanted. The seed is printed: the same one fails in the same way.
#[tokio::test(start_paused = true)]
async fn wanted_and_sent_are_never_different_at_rest() {
    let town = Town::new(|_| ());
    walk(&town).await;
    for house in [&town.binance, &town.upbit] {
        let together = house.lock().together_max.clone();
        assert!(together.values().all(|most| *most == 1), "never two of one: {together:?}");
    }
}

/// The same while one connection takes over from the other again and again.
#[tokio::test(start_paused = true)]
async fn wanted_and_sent_are_never_different_at_rest_through_successions() {
    let town = Town::new(|settings| settings.timing.life = Duration::from_secs(20));
    walk(&town).await;
    let succeeded = |what: &Happened| match what {
        Happened::Closed { reason, .. } => reason == "Reconnect",
        _ => false,
    };
    assert!(town.upbit.count(succeeded) > 5, "{}", town.upbit.count(succeeded));
    let together = town.upbit.lock().together_max.clone();
    assert!(together.values().all(|most| *most <= 2), "never two waiting: {together:?}");
}

async fn walk(town: &Town) {
    let seed = std::env::var("FEEDS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4);
    eprintln!("FEEDS_SEED={seed}");
    let mut dice = Dice(seed);
    let mut held: Vec<(Registration, BTreeSet<Topic>)> = Vec::new();
    let mut rests = 0;
    for step in 0..10_000 {
        match dice.roll(20) {
            0..=7 => {
                let wants = some_topics(&mut dice);
                held.push((town.feeds.register("random", wants.clone()).unwrap(), wants));
            }
            8..=14 if !held.is_empty() => {
                drop(held.swap_remove(dice.roll(held.len() as u64) as usize));
            }
            15 | 16 if !held.is_empty() => {
                let at = dice.roll(held.len() as u64) as usize;
                let wants = some_topics(&mut dice);
                held[at].0.replace(wants.clone()).unwrap();
                held[at].1 = wants;
            }
            17 => town.binance.cut_all(),
            18 => town.upbit.close_all(1001, "Going away"),
            19 if dice.roll(4) == 0 => held.clear(),
            _ => sleep(Duration::from_millis(dice.roll(300))).await,
        }
        if dice.roll(20) == 0 {
            town.rest().await;
            rests += 1;
            let wanted: BTreeSet<Topic> =
                held.iter().flat_map(|(_, t)| t.iter().copied()).collect();
            for (house, venue) in [(&town.binance, "binance"), (&town.upbit, "upbit")] {
                // What was sent last is heard before anything else happens.
                let expected = carried(&wanted, venue);
                house.until(|house| house.carried() == expected).await;
            }
            let stats = town.feeds.status().subscription_stats;
            assert_eq!(stats.public_subscriptions.len(), wanted.len(), "step {step}");
        }
    }
    assert!(rests > 300, "{rests}");
    for house in [&town.binance, &town.upbit] {
        assert_eq!(broken(house), 0, "no limit of the venue was broken");
    }
}

fn some_topics(dice: &mut Dice) -> BTreeSet<Topic> {
    let count = 1 + dice.roll(3);
    let texts = (0..count).map(|_| {
        let (n, subject) = (dice.roll(6), ["ticker", "trade", "depth"][dice.roll(3) as usize]);
        match dice.roll(8) {
            0..=2 => format!("binance:{subject}:C{n}USDT"),
            3 => format!("binance:liquidation:C{n}USDT"),
            4 => "binance:liquidation:*".to_owned(),
            _ => format!("upbit:{subject}:C{n}-KRW"),
        }
    });
    texts.map(|text| text.parse().expect("a topic")).collect()
}
