//! Instruments: created, changed, bounded.

use serde_json::{Value, json};

use super::office::Office;

/// AAPL as every journal begins.
fn apple() -> Value {
    json!({
        "symbol": "AAPL", "base": "AAPL", "quote": "USD",
        "base_decimals": 8, "quote_decimals": 8, "price_step": 0.01, "quantity_step": 0.0001,
        "maker_fee_ppm": 0, "taker_fee_ppm": 0, "status": "open",
        "band_low": null, "band_high": null, "reference_price": null,
        "execution_range_ppm": null, "interruption_ns": null,
        "max_quantity": null, "min_notional": null,
    })
}

/// `base` with the fields of `changes` in their place.
fn with(mut base: Value, changes: Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        base[field] = value.clone();
    }
    base
}

#[tokio::test]
async fn an_instrument_is_created_changed_and_there_after_a_restart() {
    let mut office = Office::open().await;
    let body = r#"{"symbol":"X/Y","base":"X","quote":"Y","quote_decimals":2,"price_step":"0.5",
        "quantity_step":0.1,"maker_fee_ppm":-100,"taker_fee_ppm":200,"band_low":10,
        "band_high":"20.0","execution_range_ppm":50000,"interruption_ns":1000000000,
        "max_quantity":"100","min_notional":"1.25","reference_price":15,"status":"Halted"}"#;
    let reply = office.post_as("ann", "instruments", body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let created = json!({
        "symbol": "X/Y", "base": "X", "quote": "Y", "base_decimals": 8, "quote_decimals": 2,
        "price_step": 0.5, "quantity_step": 0.1, "maker_fee_ppm": -100, "taker_fee_ppm": 200,
        "status": "halted", "band_low": 10, "band_high": 20, "reference_price": 15,
        "execution_range_ppm": 50000, "interruption_ns": 1_000_000_000_u64,
        "max_quantity": 100, "min_notional": 1.25, "sequence": 5,
    });
    assert_eq!(reply.json(), created);
    let command = json!({
        "op": "instrument", "symbol": "X/Y", "base": "X", "quote": "Y", "quote_decimals": "2",
        "price_step": "0.5", "quantity_step": "0.1", "maker_fee_ppm": "-100",
        "taker_fee_ppm": "200", "band_low": "10", "band_high": "20",
        "execution_range_ppm": "50000", "interruption_ns": "1000000000", "max_quantity": "100",
        "min_notional": "1.25", "reference_price": "15", "status": "halted", "actor": "ann",
    });
    assert_eq!(office.latest().await, ("ann".into(), command, "done".into()));
    let listed = &office.rest.get("/v1/symbols").await.json()["symbols"][3];
    let public = json!({
        "symbol": "X/Y", "base": "X", "quote": "Y", "price_step": 0.5, "quantity_step": 0.1,
        "maker_fee_ppm": -100, "taker_fee_ppm": 200, "status": "halted",
        "status_reason": "COMMAND", "band_low": 10, "band_high": 20, "reference_price": 15,
        "execution_range_ppm": 50000, "interruption_ns": 1_000_000_000_u64,
        "max_quantity": 100, "min_notional": 1.25,
    });
    assert_eq!(*listed, public);

    for (body, changes) in [
        (r#"{"status":"open"}"#, json!({"status": "open"})),
        (r#"{"band_high":30.5}"#, json!({"band_high": 30.5})),
        (r#"{"band_low":null,"band_high":0}"#, json!({"band_low": null, "band_high": null})),
        (
            r#"{"max_quantity":null,"min_notional":null}"#,
            json!({
                "max_quantity": null, "min_notional": null,
            }),
        ),
        (
            r#"{"execution_range_ppm":null,"interruption_ns":null,"reference_price":null}"#,
            json!({
                "execution_range_ppm": null, "interruption_ns": null, "reference_price": null,
            }),
        ),
        (
            r#"{"maker_fee_ppm":0,"taker_fee_ppm":"1e3"}"#,
            json!({
                "maker_fee_ppm": 0, "taker_fee_ppm": 1000,
            }),
        ),
        (r#"{"symbol":"X/Y","base":"X","price_step":0.50,"quote_decimals":2}"#, json!({})),
    ] {
        let before = office.read("instruments/X%2FY").await;
        let reply = office.patch("instruments/X%2FY", body).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.body);
        let sequence = before["sequence"].as_u64().unwrap() + 1;
        let expected = with(with(before, changes), json!({"sequence": sequence}));
        assert_eq!(reply.json(), expected, "{body}");
    }
    let before = office.read("instruments").await;
    let mut office = office.restarted().await;
    assert_eq!(office.read("instruments").await, before);
    let names: Vec<_> =
        before["instruments"].as_array().unwrap().iter().map(|i| i["symbol"].clone()).collect();
    assert_eq!(names, ["BTC-KRW", "ETH-KRW", "AAPL", "X/Y"]);
}

#[tokio::test]
async fn put_and_a_second_creation_change_what_they_name() {
    let mut office = Office::open().await;
    let json = [("content-type", "application/json")];
    let path = "/v1/admin/instruments/AAPL";
    let reply = office.admin.request("PUT", path, &json, Some(br#"{"band_low":5}"#)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply = office.post("instruments", r#"{"symbol":"AAPL","band_high":6}"#).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let changed = json!({"band_low": 5, "band_high": 6, "sequence": 6});
    assert_eq!(reply.json(), with(apple(), changed));
}

#[tokio::test]
async fn bounds_hold_for_the_next_order_and_leave_resting_ones() {
    let mut office = Office::open().await;
    let resting = office.place("alice", r#""side":"Buy","type":"Limit","price":50,"quantity":1"#);
    let resting = resting.await;
    let body = r#"{"band_low":90,"band_high":110,"max_quantity":10,"min_notional":100}"#;
    assert_eq!(office.patch("instruments/AAPL", body).await.status, 200);
    for (price, quantity, status, code) in [
        ("90", "2", 202, ""),
        ("110", "2", 202, ""),
        ("89.99", "2", 422, "PRICE_BAND"),
        ("110.01", "2", 422, "PRICE_BAND"),
        ("100", "10.0001", 400, "INVALID_QUANTITY"),
        ("100", "0.9999", 400, "INVALID_QUANTITY"),
        ("100", "1", 202, ""),
    ] {
        let order = format!(r#""side":"Buy","type":"Limit","price":{price},"quantity":{quantity}"#);
        let reply = office.order("alice", &order).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, code), "{order}");
    }
    let path = format!("/v1/order/{resting}?account=alice");
    assert_eq!(office.rest.get(&path).await.text("status"), "NEW");
    let amend = format!(r#"{{"order_id":"{resting}","account":"alice","quantity":2}}"#);
    let reply = office.rest.post("/v1/order/amend", &amend).await;
    assert_eq!((reply.status, reply.error()), (422, "PRICE_BAND".into()), "its amends are inside");
}

#[tokio::test]
async fn a_fee_holds_for_orders_that_come_after_it() {
    let mut office = Office::open().await;
    office.place("maker", r#""side":"Sell","type":"Limit","price":100,"quantity":2"#).await;
    let reply = office.patch("instruments/AAPL", r#"{"taker_fee_ppm":1000}"#).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    office.place("taker", r#""side":"Buy","type":"Limit","price":100,"quantity":2"#).await;
    for (account, fee) in [("maker", json!(0)), ("taker", json!(0.2))] {
        let fills = office.rest.get(&format!("/v1/fills?account={account}")).await.json();
        assert_eq!(fills["fills"][0]["fee"], fee, "{account}");
    }
    let fees = office.read("fees").await;
    assert_eq!(fees["fees"], json!([{"asset": "USD", "amount": 0.2}]));
}

#[tokio::test]
async fn a_created_instrument_is_traded_at_once() {
    let mut office = Office::open().await;
    let body = r#"{"symbol":"GOLD","base":"XAU","quote":"USD","price_step":"0.05",
        "quantity_step":"0.001","taker_fee_ppm":1000}"#;
    assert_eq!(office.post("instruments", body).await.status, 201);
    office.done("accounts/alice/deposit", r#"{"asset":"USD","amount":1000}"#).await;
    office.done("accounts/bob/deposit", r#"{"asset":"XAU","amount":"2"}"#).await;
    for (account, side, price, quantity) in
        [("bob", "Sell", "400.05", "1.5"), ("alice", "Buy", "400.05", "0.5")]
    {
        let order = format!(
            r#"{{"symbol":"GOLD","account":"{account}","side":"{side}","type":"Limit",
                "price":{price},"quantity":{quantity}}}"#
        );
        let reply = office.rest.post("/v1/order", &order).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
    }
    let book = office.rest.get("/v1/orderbook/GOLD").await.json();
    assert_eq!(book["orderbook"]["asks"], json!([[400.05, 1]]));
    let trades = office.rest.get("/v1/executions/GOLD").await.json();
    assert_eq!(trades["executions"][0]["price"], 400.05);
    let candles = office.rest.get("/v1/klines/GOLD/1m").await.json();
    assert_eq!(candles["candles"][0]["close"], 400.05);
    let day = office.rest.get("/v1/statistics/GOLD").await.json();
    assert_eq!((&day["last_price"], &day["volume_24h"]), (&json!(400.05), &json!(0.5)));
    let money = office.rest.get("/v1/balances?account=alice").await.json();
    let balances = json!([
        {"asset": "USD", "free": 799.774_975, "locked": 0},
        {"asset": "XAU", "free": 0.5, "locked": 0},
    ]);
    assert_eq!(money["balances"], balances, "200.025 and a fee of one thousandth");
    let held = office.rest.get("/v1/positions?account=alice").await.json();
    let position =
        json!([{"symbol": "GOLD", "quantity": 0.5, "average_cost": 400.05, "realised": 0}]);
    assert_eq!(held["positions"], position);
    let fees = office.read("fees").await;
    assert_eq!(fees["fees"], json!([{"asset": "USD", "amount": 0.200_025}]));
}
