//! Topics that a venue does not carry: they are found, shown and set aside, and the rest lives.

use std::time::Duration;

use gateway::feeds::{LineName, VenueEvent};

use crate::connection::{TICKER, is_knock, ticker};
use crate::town::{Town, topics};
use crate::venues::{Happened, binance};

#[tokio::test(start_paused = true)]
async fn a_topic_that_the_venue_refuses_is_set_aside_and_the_rest_lives() {
    for (venue, line) in [("binance", LineName::BinanceMarket), ("upbit", LineName::UpbitPublic)] {
        let all: Vec<String> = (0..40).map(|n| format!("{venue}:ticker:C{n}-KRW")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let bad = format!("{venue}:ticker:BAD-KRW");
        let mut town = Town::with(&all);
        let (house, code) = match line {
            LineName::BinanceMarket => (town.binance.clone(), "bad-krw"),
            _ => (town.upbit.clone(), "KRW-BAD"),
        };
        house.behave(|manners| manners.unknown = Some(code.into()));
        town.rest().await;
        assert_eq!(house.carried().len(), 40, "{venue}");
        let late = town.feeds.register("late", topics(&[&bad, &format!("{venue}:ticker:L-KRW")]));
        house.until(|house| house.carried().len() == 41).await;
        town.rest().await;
        let metrics = town.metrics(line);
        assert_eq!(metrics.topics_refused.keys().collect::<Vec<_>>(), [&bad], "{venue}");
        assert!(metrics.topics_refused[&bad].contains(if venue == "upbit" {
            "INVALID_PARAM"
        } else {
            "Invalid symbol"
        }));
        assert_eq!((metrics.topics_sent.len(), metrics.topics_wanted.len()), (41, 42));
        assert_eq!((metrics.connects, metrics.connect_failures), (1, 0), "{venue}");
        // The rest is told, and told again after a reconnect without another refusal.
        let refused = metrics.refused;
        house.cut_all();
        house.until(|house| house.lock().guests.is_empty()).await;
        house.until(|house| house.carried().len() == 41).await;
        assert_eq!(town.metrics(line).refused, refused, "{venue}: it is not asked for again");
        match line {
            LineName::BinanceMarket => {
                let said = ticker(3).replace("BTCUSDT", "C7-KRW");
                binance::say(&house, &["c7-krw@ticker"], &said);
            }
            _ => {
                let said = serde_json::json!({"type": "ticker", "code": "KRW-C7",
                    "trade_price": 1, "signed_change_rate": 0, "timestamp": 3});
                crate::venues::upbit::say(&house, &said);
            }
        }
        let VenueEvent::Ticker(heard) = town.hear().await else { panic!("no ticker") };
        assert_eq!(heard.symbol.as_str(), "C7-KRW");
        // Wanted anew it is tried anew: perhaps the venue lists it by now.
        drop(late);
        house.until(|house| house.carried().len() == 40).await;
        house.behave(|manners| manners.unknown = None);
        let again = town.feeds.register("again", topics(&[&bad])).unwrap();
        house.until(|house| house.carried().len() == 41).await;
        town.rest().await;
        assert!(town.metrics(line).topics_refused.is_empty());
        assert_eq!(house.count(|what| matches!(what, Happened::Broken { .. })), 0);
        drop(again);
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_of_which_all_is_refused_is_idle() {
    for (topic, line) in
        [(TICKER, LineName::BinanceMarket), ("upbit:ticker:BTC-KRW", LineName::UpbitPublic)]
    {
        let town = Town::new(|_| ());
        let house = if topic == TICKER { &town.binance } else { &town.upbit };
        let code = if topic == TICKER { "btcusdt" } else { "KRW-BTC" };
        house.behave(|manners| manners.unknown = Some(code.into()));
        let one = town.feeds.register("one", topics(&[topic])).unwrap();
        house.until(|house| house.count(is_closed) == 1).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let metrics = town.metrics(line);
        assert_eq!((house.count(is_knock), format!("{:?}", metrics.state)), (1, "Idle".into()));
        assert_eq!(metrics.topics_refused.len(), 1);
        drop(one);
    }
}

fn is_closed(what: &Happened) -> bool {
    matches!(what, Happened::Closed { .. })
}
