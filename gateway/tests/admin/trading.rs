//! The day of an instrument: halted, called, uncrossed, closed; and the day's end.

use serde_json::{Value, json};

use super::office::Office;

fn limit(side: &str, price: u64, quantity: u64) -> String {
    format!(r#""side":"{side}","type":"Limit","price":{price},"quantity":{quantity}"#)
}

async fn set(office: &mut Office, status: &str) -> Value {
    let body = format!(r#"{{"status":"{status}"}}"#);
    let mut answer = office.done("instruments/AAPL/status", &body).await;
    assert!(answer.as_object_mut().unwrap().remove("sequence").unwrap().is_u64());
    answer
}

async fn orders(office: &mut Office, account: &str) -> Vec<(String, Value)> {
    let orders = office.rest.get(&format!("/v1/orders?account={account}")).await.json();
    let orders = orders["orders"].as_array().unwrap().iter();
    orders.map(|o| (o["status"].as_str().unwrap().to_owned(), o["reason"].clone())).collect()
}

#[tokio::test]
async fn each_status_is_told_and_decides_what_is_taken() {
    let mut office = Office::open().await;
    let shown =
        |status: &str| json!({"symbol": "AAPL", "status": status, "trades": 0, "cancelled": 0});
    let fok = format!("{},\"tif\":\"FOK\"", limit("Buy", 5, 1));
    for (status, code, call_code) in [
        ("halted", "HALTED", "HALTED"),
        ("auction", "", "AUCTION"),
        ("open", "", "FOK"),
        ("closed", "CLOSED", "CLOSED"),
    ] {
        assert_eq!(set(&mut office, status).await, shown(status));
        for (order, code) in [(&limit("Buy", 5, 1), code), (&fok, call_code)] {
            let reply = office.order("alice", order).await;
            let expected = if code.is_empty() { 202 } else { 422 };
            assert_eq!((reply.status, reply.error().as_str()), (expected, code), "{status}");
        }
        let listed = office.rest.get("/v1/symbols").await.json();
        assert_eq!(listed["symbols"][2]["status"], status);
    }
    // Cancels always work.
    let reply = office.rest.post("/v1/order/cancel-all", r#"{"account":"alice"}"#).await;
    assert_eq!(reply.json()["cancelled"], 2);
}

#[tokio::test]
async fn an_auction_ends_with_its_trades_by_uncross_or_by_status() {
    let mut office = Office::open().await;
    for ending in ["uncross", "open", "halted", "closed"] {
        set(&mut office, "auction").await;
        office.place("alice", &limit("Sell", 100, 3)).await;
        office.place("bob", &limit("Buy", 105, 2)).await;
        let market = r#""side":"Sell","type":"Market","quantity":4"#;
        office.place("carol", market).await;
        let reply = match ending {
            "uncross" => office.post_as("ann", "instruments/AAPL/uncross", "{}").await,
            status => {
                let body = format!(r#"{{"status":"{status}"}}"#);
                office.post_as("ann", "instruments/AAPL/status", &body).await
            }
        };
        let mut answer = reply.json();
        let sequence = answer.as_object_mut().unwrap().remove("sequence").unwrap();
        let status = if ending == "uncross" { "open" } else { ending };
        let expected = json!({"symbol": "AAPL", "status": status, "trades": 1, "cancelled": 1});
        assert_eq!(
            answer, expected,
            "{ending}: the market order goes first, its rest is cancelled"
        );
        let path = "/v1/executions/AAPL?limit=1";
        let trade = office.rest.get(path).await.json()["executions"][0].clone();
        assert_eq!((&trade["sequence"], &trade["quantity"]), (&sequence, &json!(2)), "{ending}");
        let carol = orders(&mut office, "carol").await;
        assert_eq!(carol[0], ("CANCELLED".into(), json!("uncross")), "{ending}");
        let (actor, command, outcome) = office.latest().await;
        let op = if ending == "uncross" { "uncross" } else { "status" };
        assert_eq!((actor.as_str(), &command["op"]), ("ann", &json!(op)), "{command}");
        assert_eq!(outcome, "done");
        office.rest.post("/v1/order/cancel-all", r#"{"account":"alice"}"#).await;
    }
}

#[tokio::test]
async fn day_orders_end_with_the_day_or_the_close() {
    let mut office = Office::open().await;
    let day = format!("{},\"tif\":\"day\"", limit("Buy", 5, 1));
    let btc = r#"{"symbol":"BTC-KRW","account":"alice","side":"Buy","type":"Limit","price":5,
        "quantity":1,"tif":"DAY"}"#;
    for _ in 0..2 {
        office.place("alice", &day).await;
        office.place("alice", &limit("Buy", 5, 1)).await;
        assert_eq!(office.rest.post("/v1/order", btc).await.status, 202);
    }
    for (body, cancelled) in
        [(r#"{"symbol":"AAPL"}"#, 2), (r#"{"symbol":"AAPL"}"#, 0), ("", 2), ("{}", 0)]
    {
        let answer = office.done("end-of-day", body).await;
        assert_eq!(answer["cancelled"], cancelled, "{body}");
        assert_eq!(office.latest().await.1["op"], "end_of_day");
    }
    office.place("alice", &day).await;
    let mut closed = office.done("instruments/AAPL/status", r#"{"status":"closed"}"#).await;
    closed.as_object_mut().unwrap().remove("sequence");
    let expected = json!({"symbol": "AAPL", "status": "closed", "trades": 0, "cancelled": 1});
    assert_eq!(closed, expected);
    let ended = orders(&mut office, "alice").await;
    let of = |status: &str, reason: Value| (status.to_owned(), reason);
    let (open, expired) = (of("NEW", json!(null)), of("EXPIRED", json!("expired")));
    let expected = [
        of("CANCELLED", json!("closed")),
        expired.clone(),
        open.clone(),
        expired.clone(),
        expired.clone(),
        open,
        expired,
    ];
    assert_eq!(ended, expected, "newest first");
}

#[tokio::test]
async fn a_volatility_interruption_begins_with_a_taker_and_ends_by_itself() {
    let mut office = Office::open().await;
    let bounds =
        r#"{"reference_price":100,"execution_range_ppm":100000,"interruption_ns":50000000}"#;
    assert_eq!(office.patch("instruments/AAPL", bounds).await.status, 200);
    office.place("alice", &limit("Sell", 105, 1)).await;
    office.place("alice", &limit("Sell", 111, 1)).await;
    office.place("bob", &limit("Buy", 111, 2)).await;
    assert_eq!(orders(&mut office, "bob").await, [("CANCELLED".into(), json!("range"))]);
    let ended = async {
        loop {
            let listed = office.rest.get("/v1/symbols").await.json()["symbols"][2].clone();
            let told = (listed["status"].clone(), listed["status_reason"].clone());
            if told == (json!("open"), json!("INTERRUPTION_END")) {
                break;
            }
            assert_eq!(told, (json!("auction"), json!("INTERRUPTION")));
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, ended).await.expect("it ends when its time has come");
    office.place("bob", &limit("Buy", 105, 1)).await;
}
