//! Accounts: settings, fees of their own, the kill switch.

use serde_json::{Value, json};

use super::office::Office;

/// An account for which nothing was set.
fn plain(name: &str) -> Value {
    json!({
        "account": name, "funded": false, "enabled": true, "default_stp": "none",
        "max_quantity": null, "max_notional": null, "max_open_orders": null,
        "orders_per_second": null, "position_limit": null, "maker_fee_ppm": null,
        "taker_fee_ppm": null, "balances": [],
    })
}

fn with(mut base: Value, changes: Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        base[field] = value.clone();
    }
    base
}

const BUY: &str = r#""side":"Buy","type":"Limit","price":100,"quantity":1"#;
const SELL: &str = r#""side":"Sell","type":"Limit","price":100,"quantity":1"#;

#[tokio::test]
async fn settings_are_set_taken_away_and_there_after_a_restart() {
    let mut office = Office::open().await;
    let reply = office.admin.get("/v1/admin/accounts/alice").await;
    assert_eq!((reply.status, reply.error()), (404, "UNKNOWN_ACCOUNT".into()));
    let mut expected = with(plain("alice"), json!({}));
    for (sequence, (body, changes)) in (5..).zip([
        (r#"{"max_quantity":"2.5"}"#, json!({"max_quantity": 2.5})),
        (
            r#"{"max_notional":1e6,"max_open_orders":3}"#,
            json!({
                "max_notional": 1_000_000, "max_open_orders": 3,
            }),
        ),
        (
            r#"{"orders_per_second":10,"position_limit":"7"}"#,
            json!({
                "orders_per_second": 10, "position_limit": 7,
            }),
        ),
        (
            r#"{"maker_fee_ppm":-50,"taker_fee_ppm":60,"default_stp":"CancelMaker"}"#,
            json!({
                "maker_fee_ppm": -50, "taker_fee_ppm": 60, "default_stp": "cancel_maker",
            }),
        ),
        (r#"{"enabled":false}"#, json!({"enabled": false})),
        (
            r#"{"enabled":true,"default_stp":"none"}"#,
            json!({
                "enabled": true, "default_stp": "none",
            }),
        ),
        (
            r#"{"max_quantity":null,"maker_fee_ppm":null,"max_open_orders":null}"#,
            json!({
                "max_quantity": null, "maker_fee_ppm": null, "max_open_orders": null,
            }),
        ),
    ]) {
        expected = with(with(expected, changes), json!({"sequence": sequence}));
        let reply = office.patch("accounts/alice", body).await;
        assert_eq!((reply.status, reply.json()), (200, expected.clone()), "{body}");
    }
    let command = json!({
        "op": "account", "account": "alice", "max_quantity": null, "max_open_orders": null,
        "maker_fee_ppm": null, "actor": "admin",
    });
    assert_eq!(office.latest().await, ("admin".into(), command, "done".into()));
    office.patch("accounts/bob", r#"{"max_open_orders":1}"#).await;
    let all = office.read("accounts").await;
    let mut office = office.restarted().await;
    assert_eq!(office.read("accounts").await, all);
    assert_eq!(office.read("accounts/alice").await["taker_fee_ppm"], 60);

    let mut names = Vec::new();
    let mut page = office.read("accounts?limit=1").await;
    loop {
        let accounts = page["accounts"].as_array().unwrap();
        names.extend(accounts.iter().map(|account| account["account"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        let path = format!("accounts?limit=1&after={next}");
        page = office.read(&path).await;
    }
    assert_eq!(names, ["alice", "bob"]);
}

#[tokio::test]
async fn each_limit_refuses_what_is_beyond_it() {
    let mut office = Office::open().await;
    let order = |side: &str, price: &str, quantity: &str| {
        format!(r#""side":"{side}","type":"Limit","price":{price},"quantity":{quantity}"#)
    };
    for (account, limit, fits, beyond, code) in [
        ("a", "max_quantity", order("Buy", "1", "2"), order("Buy", "1", "2.0001"), "ORDER_LIMIT"),
        ("b", "max_notional", order("Buy", "1", "2"), order("Buy", "1.01", "2"), "ORDER_LIMIT"),
        ("c", "position_limit", order("Buy", "1", "2"), order("Buy", "1", "0.1"), "POSITION_LIMIT"),
    ] {
        let body = format!(r#"{{"{limit}":2}}"#);
        assert_eq!(office.patch(&format!("accounts/{account}"), &body).await.status, 200);
        office.place(account, &fits).await;
        let reply = office.order(account, &beyond).await;
        assert_eq!((reply.status, reply.error().as_str()), (422, code), "{limit}");
    }
    for (account, limit, status, code) in [
        ("d", "max_open_orders", 422, "ORDER_LIMIT"),
        ("e", "orders_per_second", 429, "RATE_LIMIT"),
    ] {
        let body = format!(r#"{{"{limit}":2}}"#);
        office.patch(&format!("accounts/{account}"), &body).await;
        let leg = format!(r#"{{"symbol":"AAPL","account":"{account}",{BUY}}}"#);
        let pair = format!(r#"{{"orders":[{leg},{leg}]}}"#);
        let reply = office.rest.post("/v1/order/oco", &pair).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        let reply = office.rest.post("/v1/order/oco", &pair).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, code), "{limit}");
    }
}

#[tokio::test]
async fn an_account_pays_its_own_fees() {
    let mut office = Office::open().await;
    office.patch("instruments/AAPL", r#"{"maker_fee_ppm":100,"taker_fee_ppm":200}"#).await;
    office.patch("accounts/alice", r#"{"maker_fee_ppm":-50}"#).await;
    office.patch("accounts/bob", r#"{"taker_fee_ppm":0}"#).await;
    for (maker, taker, maker_fee, taker_fee) in [
        ("carol", "dave", json!(0.01), json!(0.02)),
        ("alice", "dave", json!(-0.005), json!(0.02)),
        ("carol", "bob", json!(0.01), json!(0)),
        ("bob", "alice", json!(0.01), json!(0.02)),
    ] {
        office.place(maker, SELL).await;
        office.place(taker, BUY).await;
        for (account, fee) in [(maker, maker_fee), (taker, taker_fee)] {
            let path = format!("/v1/fills?account={account}&limit=1");
            let fills = office.rest.get(&path).await.json();
            assert_eq!(fills["fills"][0]["fee"], fee, "{account} of {maker} and {taker}");
        }
    }
}

#[tokio::test]
async fn the_kill_switch_cancels_everything_and_refuses_the_rest() {
    let mut office = Office::open().await;
    let resting = office.place("alice", BUY).await;
    let btc = r#"{"symbol":"BTC-KRW","account":"alice","side":"Buy","type":"Stop",
        "stop_price":5,"quantity":1}"#;
    assert_eq!(office.rest.post("/v1/order", btc).await.status, 202);
    office.place("bob", BUY).await;
    let killed = office.post_as("ann", "accounts/alice/kill", "").await;
    let expected = json!({"account": "alice", "enabled": false, "cancelled": 2, "sequence": 8});
    assert_eq!((killed.status, killed.json()), (200, expected));
    let command = json!({"op": "account", "account": "alice", "enabled": false, "actor": "ann"});
    assert_eq!(office.latest().await, ("ann".into(), command, "done".into()));
    let order = office.rest.get(&format!("/v1/order/{resting}?account=alice")).await.json();
    assert_eq!((&order["status"], &order["reason"]), (&json!("CANCELLED"), &json!("admin")));
    let reply = office.order("alice", BUY).await;
    assert_eq!((reply.status, reply.error()), (422, "ACCOUNT_DISABLED".into()));
    assert_eq!(office.order("bob", BUY).await.status, 202, "the others go on");
    let cancel = r#"{"account":"alice"}"#;
    assert_eq!(office.rest.post("/v1/order/cancel-all", cancel).await.status, 200);
    let again = office.done("accounts/alice/kill", "{}").await;
    assert_eq!((&again["enabled"], &again["cancelled"]), (&json!(false), &json!(0)));
    let enabled = office.done("accounts/alice/enable", "{}").await;
    assert_eq!((&enabled["enabled"], &enabled["cancelled"]), (&json!(true), &json!(0)));
    office.place("alice", BUY).await;
}

#[tokio::test]
async fn orders_are_cancelled_for_an_account_by_instrument_and_side() {
    let mut office = Office::open().await;
    office.place("alice", BUY).await;
    office.place("alice", &SELL.replace("100", "200")).await;
    for side in ["Buy", "Sell"] {
        let order = format!(
            r#"{{"symbol":"BTC-KRW","account":"alice","side":"{side}","type":"Limit",
                "price":{},"quantity":1}}"#,
            if side == "Buy" { 5 } else { 6 }
        );
        assert_eq!(office.rest.post("/v1/order", &order).await.status, 202);
    }
    for (body, cancelled) in
        [(r#"{"symbol":"AAPL","side":"sell"}"#, 1), (r#"{"side":"buy"}"#, 2), ("", 1), ("{}", 0)]
    {
        let answer = office.done("accounts/alice/cancel-all", body).await;
        let sequence = answer["sequence"].clone();
        let expected = json!({"account": "alice", "cancelled": cancelled, "sequence": sequence});
        assert_eq!(answer, expected, "{body}");
        let (actor, command, _) = office.latest().await;
        assert_eq!((actor.as_str(), &command["op"]), ("admin", &json!("mass_cancel")));
    }
    let orders = office.rest.get("/v1/orders?account=alice&status=closed").await.json();
    for order in orders["orders"].as_array().unwrap() {
        assert_eq!(order["reason"], "admin");
    }
}
