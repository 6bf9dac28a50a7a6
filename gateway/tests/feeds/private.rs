//! The own orders and money at Upbit, behind a token.

use gateway::feeds::{Keys, LineName, RegisterError, VenueEvent};
use serde_json::json;

use crate::town::{Town, topics};
use crate::venues::upbit::{self, ACCESS_KEY, SECRET_KEY};
use crate::venues::{Happened, House};

fn town(secret: &str) -> Town {
    Town::new(|settings| {
        settings.upbit_keys = Keys::new(ACCESS_KEY, secret);
        settings.topics = topics(&["upbit:order", "upbit:asset", "upbit:ticker:BTC-KRW"]);
    })
}

fn paths(house: &House) -> Vec<String> {
    let log = house.log().into_iter();
    let mut paths: Vec<String> = log
        .filter_map(|(_, what)| match what {
            Happened::Opened { path } => Some(path),
            _ => None,
        })
        .collect();
    paths.sort();
    paths
}

#[tokio::test(start_paused = true)]
async fn public_and_private_go_separate_ways() {
    let mut town = town(SECRET_KEY);
    town.rest().await;
    assert_eq!(paths(&town.upbit), ["/websocket/v1", "/websocket/v1/private"]);
    let order = json!({"type": "myOrder", "code": "KRW-BTC", "uuid": "u1", "ask_bid": "BID",
        "order_type": "limit", "state": "wait", "price": 1000.0, "volume": 0.5,
        "remaining_volume": 0.5, "executed_volume": 0, "trade_uuid": null, "timestamp": 3});
    assert_eq!(upbit::say(&town.upbit, &order), 1);
    let assets = json!({"type": "myAsset", "asset_uuid": "a1", "timestamp": 4,
        "assets": [{"currency": "KRW", "balance": 1386929.37, "locked": 500.0}]});
    assert_eq!(upbit::say(&town.upbit, &assets), 1);
    let VenueEvent::OwnOrder(order) = town.hear().await else { panic!("no order") };
    assert_eq!((order.id.as_str(), order.symbol.as_str()), ("u1", "BTC-KRW"));
    assert_eq!((order.state.as_str(), order.trade_id), ("wait", None));
    let VenueEvent::OwnAssets(assets) = town.hear().await else { panic!("no assets") };
    assert_eq!(assets.assets[0].locked.to_decimal().to_string(), "500");
    let stats = town.feeds.status().subscription_stats;
    let private: Vec<&str> = stats.private_subscriptions.keys().map(String::as_str).collect();
    assert_eq!(private, ["upbit:asset", "upbit:order"]);
    assert_eq!(stats.public_subscriptions.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_connection_proves_itself_anew() {
    let town = town(SECRET_KEY);
    town.rest().await;
    // The venue remembers nonces: the same token would be refused.
    town.upbit.cut_all();
    town.upbit.until(|house| house.lock().guests.is_empty()).await;
    town.upbit.until(|house| house.carried().len() == 3).await;
    assert_eq!(town.upbit.lock().nonces.len(), 2);
    assert_eq!(town.metrics(LineName::UpbitPrivate).refused, 0);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_refused_and_the_public_feed_lives() {
    let town = town("another-secret");
    town.upbit.until(|house| paths(house).len() >= 4).await;
    let metrics = town.metrics(LineName::UpbitPrivate);
    assert!(metrics.last_error.unwrap().starts_with("refused: INVALID_AUTH"));
    let public = town.metrics(LineName::UpbitPublic);
    assert_eq!((public.connects, public.last_error), (1, None));
}

#[tokio::test(start_paused = true)]
async fn without_keys_there_is_no_private_feed() {
    let town = Town::new(|_| ());
    let refused = town.feeds.register("one", topics(&["upbit:order"])).unwrap_err();
    assert_eq!(refused, RegisterError::NoKeys { topic: "upbit:order".parse().unwrap() });
}
