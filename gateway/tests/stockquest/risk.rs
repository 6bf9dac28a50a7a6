//! What an account risks, and alerts that begin and end.

use gateway::stockquest::Thresholds;
use serde_json::{Value, json};

use crate::client::{Quest, hurried, order, trade};
use crate::support::Exchange;

const TAKER: &str = "/ws/risk-monitoring?account=taker";
const NONE: Thresholds = Thresholds {
    leverage: None,
    concentration: None,
    value_at_risk: None,
    drawdown: None,
    limit_usage: None,
    unwind_seconds: None,
};

#[tokio::test]
async fn an_account_that_nobody_knows_risks_nothing() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/risk-monitoring?account=nobody").await;
    let told = quest.told().await;
    let nothing = json!({"account": "nobody", "openOrders": 0, "limits": [], "parts": []});
    assert_eq!((&told["type"], &told["data"]), (&json!("RISK_UPDATE"), &nothing));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn exposure_is_told_at_once_and_to_who_subscribes_on_schedule() {
    let exchange = Exchange::start_with(|config| {
        hurried(config);
        config.risk.others = NONE;
    })
    .await;
    trade(&exchange, "AAPL", 100, "10").await;
    trade(&exchange, "AAPL", 110, "10").await;
    let mut quest = Quest::open(&exchange, TAKER).await;
    let part = quest.told().await["data"]["parts"][0].clone();
    let exposures = ["longExposure", "shortExposure", "grossExposure", "netExposure"];
    assert_eq!(exposures.map(|name| part[name].as_i64().unwrap()), [2200, 0, 2200, 2200]);
    // It is worth 100: 20 x 110 less what was paid.
    assert_eq!((&part["totalValue"], &part["leverage"]), (&json!(100), &json!(22)));
    assert_eq!(part["largestPosition"], json!({"symbol": "AAPL", "share": 1}));
    assert_eq!(part["valueAtRisk"], json!(null), "there are too few scenarios");
    let shown = &part["liquidity"][0];
    assert_eq!(
        (&shown["quantity"], &shown["atOnce"], &shown["recentVolume"]),
        (&json!(20), &json!(0), &json!(20))
    );
    let data = json!({"symbols": ["BTC-KRW"], "updateInterval": 1});
    let (_, confirmed) = quest.ask("SUBSCRIBE", data).await;
    assert_eq!(
        (&confirmed["symbols"], &confirmed["updateInterval"]),
        (&json!(["BTC-KRW"]), &json!(100)),
        "five ticks are its schedule"
    );
    for _ in 0..3 {
        let told = quest.told().await;
        assert_eq!(told["type"], "RISK_UPDATE", "unchanged, and told all the same");
        assert_eq!(told["data"]["parts"][0]["liquidity"], json!([]), "of another instrument");
    }
    let (_, left) = quest.ask("UNSUBSCRIBE", json!({})).await;
    assert_eq!(left["symbols"], json!([]));
    drop(quest);
    exchange.stop().await;
}

/// The next alert: state, value.
async fn alert(quest: &mut Quest) -> (Value, Value) {
    let told = quest.until("RISK_ALERT").await["data"].clone();
    let about = (&told["metric"], &told["currency"], &told["symbol"], &told["threshold"]);
    assert_eq!(about, (&json!("LEVERAGE"), &json!("USD"), &json!(null), &json!(4)));
    (told["state"].clone(), told["value"].clone())
}

#[tokio::test]
async fn an_alert_comes_unasked_and_is_over_well_below_its_threshold() {
    let exchange = Exchange::start_with(|config| {
        hurried(config);
        config.risk.others = NONE;
        let taker = orison_core::AccountName::new("taker").unwrap();
        config.risk.accounts.insert(taker, Thresholds { leverage: Some(4.0), ..NONE });
    })
    .await;
    // 10 bought at 60 and worth 100 each: 1,000 over 400.
    trade(&exchange, "AAPL", 60, "10").await;
    let mark = async |price: i64| {
        for (account, side) in [("other", "Sell"), ("another", "Buy")] {
            let body = json!({
                "symbol": "AAPL", "side": side, "type": "Limit", "price": price,
                "quantity": "0.1", "account": account,
            });
            order(&exchange, body).await;
        }
    };
    mark(100).await;
    let mut quest = Quest::open(&exchange, TAKER).await;
    let mut maker = Quest::open(&exchange, "/ws/risk-monitoring?account=maker").await;
    assert_eq!(quest.told().await["data"]["parts"][0]["leverage"], json!(2.5));
    // 750 over 150.
    mark(75).await;
    assert_eq!(alert(&mut quest).await, (json!("RAISED"), json!(5)));
    // 820 over 220 is 3.73: below the threshold, and not below nine tenths of it.
    mark(82).await;
    mark(75).await;
    mark(90).await;
    assert_eq!(alert(&mut quest).await, (json!("CLEARED"), json!(3)));
    // Who comes late is told what stands.
    mark(75).await;
    assert_eq!(alert(&mut quest).await.0, json!("RAISED"));
    let mut late = Quest::open(&exchange, TAKER).await;
    assert_eq!(alert(&mut late).await, (json!("RAISED"), json!(5)));
    // 500 less 600: nothing is left to bear it, and no alert is over by that.
    mark(50).await;
    let mut ruined = Quest::open(&exchange, TAKER).await;
    assert_eq!(alert(&mut ruined).await, (json!("RAISED"), json!(null)));
    mark(90).await;
    assert_eq!(alert(&mut quest).await, (json!("CLEARED"), json!(3)));
    assert_eq!(maker.told().await["type"], "RISK_UPDATE", "another account has no thresholds");
    assert_eq!(maker.ask("HEARTBEAT", json!({})).await.0, "HEARTBEAT");
    drop((quest, maker, late, ruined));
    exchange.stop().await;
}
