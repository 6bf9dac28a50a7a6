//! One's own account, balances and positions.

use serde_json::json;

use super::support::{Client, Exchange};
use orison_core::command::{Access, AccountFields, AccountRef, AccountSpec, SelfTrade};
use orison_core::{AccountName, Command, Decimal};

fn order(account: &str, side: &str, price: &str, quantity: &str) -> String {
    let rest = r#""symbol":"BTC-KRW","type":"Limit""#;
    let who = format!(r#""account":"{account}","side":"{side}""#);
    format!(r#"{{{rest},{who},"price":{price},"quantity":{quantity}}}"#)
}

async fn place(client: &mut Client, account: &str, side: &str, price: &str, quantity: &str) {
    let reply = client.post("/v1/order", &order(account, side, price, quantity)).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
}

#[tokio::test]
async fn an_account_that_nobody_knows_reads_as_empty() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for (path, list) in [("/v1/balances", "balances"), ("/v1/positions", "positions")] {
        let answer = client.get(&format!("{path}?account=nobody")).await.json();
        assert_eq!((&answer["account"], &answer[list]), (&json!("nobody"), &json!([])));
        assert_eq!(client.get(path).await.json()["account"], "demo");
    }
    let account = client.get("/api/v1/account?account=nobody").await.json();
    let unset = json!({
        "account": "nobody", "funded": false, "enabled": true, "default_stp": "None",
        "max_quantity": null, "max_notional": null, "max_open_orders": null,
        "orders_per_second": null, "position_limit": null, "maker_fee_ppm": null,
        "taker_fee_ppm": null,
    });
    assert_eq!(account, unset);
}

#[tokio::test]
async fn money_is_locked_spent_and_earned() {
    let exchange = Exchange::start().await;
    exchange.deposit("alice", "KRW", "1000").await;
    let mut client = exchange.rest().await;
    place(&mut client, "alice", "Buy", "100", "2").await;
    let balances = async |client: &mut Client, account: &str| {
        client.get(&format!("/v1/balances?account={account}")).await.json()["balances"].clone()
    };
    // Two at 100 and a fee of 500 ppm, rounded up to the smallest unit.
    let locked = json!([{"asset": "KRW", "free": 799.9, "locked": 200.1}]);
    assert_eq!(balances(&mut client, "alice").await, locked);
    place(&mut client, "bob", "Sell", "90", "1").await;
    let spent = json!([
        {"asset": "BTC", "free": 1, "locked": 0},
        {"asset": "KRW", "free": 799.9, "locked": 100.05},
    ]);
    assert_eq!(balances(&mut client, "alice").await, spent);
    let earned = json!([
        {"asset": "BTC", "free": -1, "locked": 0},
        {"asset": "KRW", "free": 99.95, "locked": 0},
    ]);
    assert_eq!(balances(&mut client, "bob").await, earned, "unfunded, below zero");

    for (account, quantity) in [("alice", 1), ("bob", -1)] {
        let answer = client.get(&format!("/v1/positions?account={account}")).await.json();
        let position = json!([
            {"symbol": "BTC-KRW", "quantity": quantity, "average_cost": 100, "realised": 0},
        ]);
        assert_eq!(answer["positions"], position, "{account}");
    }
    let account = client.get("/v1/account?account=alice").await.json();
    assert_eq!((&account["funded"], &account["enabled"]), (&json!(true), &json!(true)));

    let reply = client.post("/v1/order", &order("alice", "Buy", "100", "8")).await;
    assert_eq!((reply.status, reply.error()), (422, "INSUFFICIENT_FUNDS".into()));
}

#[tokio::test]
async fn limits_fees_and_the_kill_switch_are_shown_and_hold() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let mut spec = AccountSpec::of(AccountRef::Name(AccountName::new("alice").unwrap()));
    spec.fields = AccountFields::SELF_TRADE
        .with(AccountFields::MAX_QUANTITY)
        .with(AccountFields::MAX_OPEN_ORDERS)
        .with(AccountFields::TAKER_FEE);
    (spec.self_trade, spec.max_open_orders) = (SelfTrade::CancelMaker, 1);
    (spec.max_quantity, spec.taker_fee_ppm) = (Decimal::parse("2.5").unwrap(), 250);
    exchange.carry_out(Command::Account(spec)).await;
    let account = client.get("/v1/account?account=alice").await.json();
    for (field, value) in [
        ("default_stp", json!("CancelMaker")),
        ("max_quantity", json!(2.5)),
        ("max_notional", json!(null)),
        ("max_open_orders", json!(1)),
        ("maker_fee_ppm", json!(null)),
        ("taker_fee_ppm", json!(250)),
        ("enabled", json!(true)),
    ] {
        assert_eq!(account[field], value, "{field}");
    }
    place(&mut client, "alice", "Buy", "100", "2.5").await;
    for quantity in ["2.6", "1"] {
        let reply = client.post("/v1/order", &order("alice", "Buy", "1", quantity)).await;
        assert_eq!((reply.status, reply.error()), (422, "ORDER_LIMIT".into()), "{quantity}");
    }
    let mut spec = AccountSpec::of(spec.account);
    (spec.fields, spec.access) = (AccountFields::ENABLED, Access::Disabled);
    exchange.carry_out(Command::Account(spec)).await;
    let reply = client.post("/v1/order", &order("alice", "Buy", "1", "1")).await;
    assert_eq!((reply.status, reply.error()), (422, "ACCOUNT_DISABLED".into()));
    let orders = client.get("/v1/orders?account=alice&status=closed").await.json();
    let (status, reason) = (&orders["orders"][0]["status"], &orders["orders"][0]["reason"]);
    assert_eq!((status, reason), (&json!("CANCELLED"), &json!("admin")));
    assert_eq!(client.get("/v1/account?account=alice").await.json()["enabled"], false);
}
