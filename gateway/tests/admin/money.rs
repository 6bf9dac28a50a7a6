//! Deposits and withdrawals.

use serde_json::{Value, json};

use super::office::Office;

#[tokio::test]
async fn money_comes_in_is_locked_and_goes_out_again() {
    let mut office = Office::open().await;
    let deposit = r#"{"asset":"USD","amount":"1000.00000001"}"#;
    let reply = office.post_as("ann", "accounts/alice/deposit", deposit).await;
    let expected = json!({
        "account": "alice", "asset": "USD", "free": 1_000.000_000_01, "locked": 0, "sequence": 5,
    });
    assert_eq!((reply.status, reply.json()), (200, expected));
    let command = json!({
        "op": "deposit", "account": "alice", "asset": "USD", "amount": "1000.00000001",
        "actor": "ann",
    });
    assert_eq!(office.latest().await, ("ann".into(), command, "done".into()));
    office.place("alice", r#""side":"Buy","type":"Limit","price":100,"quantity":4"#).await;
    let answer = office.done("accounts/alice/withdraw", r#"{"asset":"USD","amount":500}"#).await;
    assert_eq!((&answer["free"], &answer["locked"]), (&json!(100.000_000_01), &json!(400)));
    let reply = office.post("accounts/alice/withdraw", r#"{"asset":"USD","amount":"100.1"}"#).await;
    assert_eq!((reply.status, reply.error()), (422, "INSUFFICIENT_FUNDS".into()));
    let withdraw = r#"{"asset":"USD","amount":"100.00000001"}"#;
    let answer = office.done("accounts/alice/withdraw", withdraw).await;
    assert_eq!((&answer["free"], &answer["locked"]), (&json!(0), &json!(400)));
    let account = office.read("accounts/alice").await;
    let balances = json!([{"asset": "USD", "free": 0, "locked": 400}]);
    assert_eq!((&account["funded"], &account["balances"]), (&json!(true), &balances));
    let public = office.rest.get("/v1/balances?account=alice").await.json();
    assert_eq!(public["balances"], balances);
    let before = office.read("accounts").await;
    let mut office = office.restarted().await;
    assert_eq!(office.read("accounts").await, before);
}

#[tokio::test]
async fn a_deposit_funds_only_an_account_that_has_not_ordered() {
    let mut office = Office::open().await;
    let deposit = r#"{"asset":"USD","amount":10}"#;
    let buy = r#""side":"Buy","type":"Limit","price":100,"quantity":1"#;
    office.patch("accounts/set", r#"{"max_open_orders":9}"#).await;
    office.place("ordered", buy).await;
    office.place("traded", &buy.replace("100", "101")).await;
    office.place("maker", r#""side":"Sell","type":"Limit","price":101,"quantity":1"#).await;
    for (account, status, error, funded) in [
        ("new", 200, "", true),
        ("set", 200, "", true),
        ("ordered", 200, "", false),
        ("traded", 422, "BAD_STATUS", false),
        ("maker", 422, "BAD_STATUS", false),
    ] {
        let reply = office.post(&format!("accounts/{account}/deposit"), deposit).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, error), "{account}");
        let shown = office.read(&format!("accounts/{account}")).await;
        assert_eq!(shown["funded"], funded, "{account}");
    }
}

#[tokio::test]
async fn nothing_is_made_or_lost_between_accounts_and_fees() {
    let mut office = Office::open().await;
    office.patch("instruments/AAPL", r#"{"maker_fee_ppm":-100,"taker_fee_ppm":333}"#).await;
    for (account, asset, amount) in
        [("alice", "USD", 1_000_000), ("bob", "AAPL", 500), ("carol", "USD", 7)]
    {
        let body = format!(r#"{{"asset":"{asset}","amount":{amount}}}"#);
        office.done(&format!("accounts/{account}/deposit"), &body).await;
    }
    for round in 1..=20 {
        let price = format!("{}.{:02}", 90 + round, round * 3);
        let sell = format!(r#""side":"Sell","type":"Limit","price":{price},"quantity":"3.3337""#);
        let buy = format!(r#""side":"Buy","type":"Limit","price":{price},"quantity":"2.0001""#);
        office.place("bob", &sell).await;
        office.place("alice", &buy).await;
        office.place("dave", &buy).await;
    }
    let mut sums = std::collections::BTreeMap::<String, i128>::new();
    let units = |value: &Value| {
        let text = value.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{decimals:0<8}").parse::<i128>().unwrap()
    };
    let accounts = office.read("accounts").await;
    for account in accounts["accounts"].as_array().unwrap() {
        for balance in account["balances"].as_array().unwrap() {
            let asset = balance["asset"].as_str().unwrap().to_owned();
            *sums.entry(asset).or_default() += units(&balance["free"]) + units(&balance["locked"]);
        }
    }
    let fees = office.read("fees").await;
    assert!(units(&fees["fees"][0]["amount"]) > 0, "{fees}");
    for fee in fees["fees"].as_array().unwrap() {
        *sums.entry(fee["asset"].as_str().unwrap().to_owned()).or_default() +=
            units(&fee["amount"]);
    }
    let unit = 100_000_000;
    let expected = [("AAPL", 500 * unit), ("USD", 1_000_007 * unit)];
    let expected = expected.map(|(asset, sum)| (asset.to_owned(), sum));
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), expected);
}
