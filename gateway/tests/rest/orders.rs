//! One's own orders and fills.

use serde_json::Value;

use super::support::{Client, Exchange};

async fn place(client: &mut Client, body: &str) -> String {
    let reply = client.post("/v1/order", body).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    reply.text("order_id")
}

fn limit(account: &str, side: &str, price: u64, quantity: &str) -> String {
    let order = format!(r#""side":"{side}","price":{price},"quantity":{quantity}"#);
    format!(r#"{{"symbol":"AAPL","type":"Limit","account":"{account}",{order}}}"#)
}

#[tokio::test]
async fn an_order_shows_its_whole_life() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    place(&mut client, &limit("maker", "Sell", 100, "1")).await;
    place(&mut client, &limit("maker", "Sell", 101, "1")).await;
    let id = place(&mut client, &limit("alice", "Buy", 101, "3")).await;
    let reply = client.get(&format!("/v1/order/{id}?account=alice")).await;
    let order = reply.json();
    for (field, value) in [
        ("order_id", id.as_str()),
        ("account", "alice"),
        ("symbol", "AAPL"),
        ("side", "Buy"),
        ("type", "Limit"),
        ("time_in_force", "GTC"),
        ("status", "PARTIALLY_FILLED"),
    ] {
        assert_eq!(order[field], value, "{field}");
    }
    assert!(order["client_order_id"].is_null());
    for part in [
        r#""price":101,"quantity":3,"filled_quantity":2,"remaining_quantity":1,"#,
        r#""average_price":100.5,"fee":0,"#,
    ] {
        assert!(reply.body.contains(part), "{part} in {}", reply.body);
    }
    let events: Vec<_> =
        order["events"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["accepted", "trade", "trade", "rested"]);
    assert_eq!(order["events"][1]["liquidity"], "Taker");
    assert!(order["created_at"].as_u64() <= order["updated_at"].as_u64());

    let path = format!("/v1/order/{id}?account=");
    assert_eq!(client.get(&format!("{path}alice")).await.status, 200);
    assert_eq!(client.get(&format!("{path}bob")).await.status, 404, "foreign");
    let shared = client.get(&format!("/v1/order/{id}")).await;
    assert_eq!(shared.status, 404, "who names no account is demo");
}

#[tokio::test]
async fn pages_of_orders_go_from_newest_to_oldest_without_gap() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let mut placed = Vec::new();
    for price in 1..=7 {
        placed.push(place(&mut client, &limit("alice", "Buy", price, "1")).await);
    }
    placed.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/orders?account=alice&limit=3".to_owned();
    loop {
        let page = client.get(&path).await.json();
        let orders = page["orders"].as_array().unwrap();
        seen.extend(orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/orders?account=alice&limit=3&before={next}");
    }
    assert_eq!(seen, placed);
    client.delete(&format!("/v1/order/{}?account=alice", placed[0])).await;
    for (query, count) in [
        ("status=open", 6),
        ("status=closed", 1),
        ("status=all", 7),
        ("symbol=AAPL", 7),
        ("symbol=BTC-KRW", 0),
        ("status=closed&symbol=AAPL", 1),
    ] {
        let page = client.get(&format!("/v1/orders?account=alice&{query}")).await.json();
        assert_eq!(page["orders"].as_array().unwrap().len(), count, "{query}");
        assert!(page["next"].is_null());
    }
}

#[tokio::test]
async fn fills_are_seen_from_both_sides_under_one_name() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    place(&mut client, &limit("maker", "Sell", 100, "1")).await;
    place(&mut client, &limit("maker", "Sell", 101, "1")).await;
    place(&mut client, &limit("taker", "Buy", 101, "2")).await;
    let public = client.get("/v1/executions/AAPL").await.json();
    let names = |answer: &serde_json::Value, list: &str| -> Vec<String> {
        let items = answer[list].as_array().unwrap();
        items.iter().map(|item| item["exec_id"].as_str().unwrap().to_owned()).collect()
    };
    let expected = names(&public, "executions");
    for (account, side, liquidity) in [("maker", "Sell", "Maker"), ("taker", "Buy", "Taker")] {
        let answer = client.get(&format!("/v1/fills?account={account}")).await.json();
        assert_eq!(names(&answer, "fills"), expected, "{account}: newest first");
        let fill = &answer["fills"][0];
        assert_eq!((&fill["side"], &fill["liquidity"]), (&side.into(), &liquidity.into()));
        let sequence = fill["sequence"].as_u64().unwrap();
        let path = format!("/v1/fills?account={account}&from_sequence={sequence}&limit=1");
        let resumed = names(&client.get(&path).await.json(), "fills");
        assert_eq!(resumed, expected.iter().rev().cloned().collect::<Vec<_>>(), "one command");
    }
    let none = client.get("/v1/fills?account=nobody").await.json();
    assert_eq!(none["fills"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_account_that_trades_with_itself_has_two_fills_a_trade() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    place(&mut client, &limit("alice", "Sell", 100, "1")).await;
    place(&mut client, &limit("alice", "Buy", 100, "1")).await;
    let fills = client.get("/v1/fills?account=alice").await.json();
    let sides: Vec<_> =
        fills["fills"].as_array().unwrap().iter().map(|f| f["side"].as_str().unwrap()).collect();
    assert_eq!(sides, ["Sell", "Buy"]);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    place(&mut client, &limit("maker", "Sell", 100, "2")).await;
    let id = place(&mut client, &limit("alice", "Buy", 100, "1")).await;
    exchange.deposit("carol", "USD", "500").await;
    for fields in [
        r#""side":"Buy","type":"StopLimit","stop_price":120,"price":121,"quantity":1"#,
        r#""side":"Buy","type":"Limit","price":50,"quantity":3,"display":1,"tif":"day""#,
        r#""side":"Buy","type":"TrailingStop","trail":5,"budget":20,"quantity":1"#,
    ] {
        place(&mut client, &format!(r#"{{"symbol":"AAPL","account":"carol",{fields}}}"#)).await;
    }
    let leg = |side: &str, price: u64| limit("dave", side, price, "1");
    let pair = format!(r#"{{"orders":[{},{}]}}"#, leg("Buy", 80), leg("Sell", 130));
    assert_eq!(client.post("/v1/order/oco", &pair).await.status, 202);
    let pair = format!(r#"{{"parent":{},"child":{}}}"#, leg("Buy", 81), leg("Sell", 131));
    assert_eq!(client.post("/v1/order/oto", &pair).await.status, 202);
    let paths = [
        "/v1/orders?account=carol".into(),
        "/v1/orders?account=dave".into(),
        "/v1/account?account=carol".into(),
        "/v1/balances?account=carol".into(),
        "/v1/balances?account=maker".into(),
        "/v1/positions?account=alice".into(),
        format!("/v1/order/{id}?account=alice"),
        "/v1/orders?account=maker".into(),
        "/v1/orderbook/AAPL".into(),
        "/v1/executions/AAPL".into(),
        "/v1/statistics/AAPL".into(),
        "/v1/klines/AAPL/1d".into(),
        "/v1/fills?account=alice".into(),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(told(&client.get(path).await.body));
    }
    let directory = exchange.stop().await;
    let exchange = Exchange::start_in(directory, |_| ()).await;
    let mut client = exchange.rest().await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(told(&client.get(path).await.body), before, "{path}");
    }
}

/// An answer without the moment it speaks of: a whole minute may have passed meanwhile, and that is
/// a command too.
fn told(body: &str) -> Value {
    let mut answer: Value = serde_json::from_str(body).unwrap();
    for path in ["", "/orderbook"] {
        if let Some(place) = answer.pointer_mut(path).and_then(Value::as_object_mut) {
            place.remove("sequence");
            place.remove("timestamp");
        }
    }
    answer
}
