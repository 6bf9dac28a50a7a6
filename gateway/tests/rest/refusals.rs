//! Wrong combinations and numbers of order entry: each has its reason and changes nothing.

use serde_json::Value;

use super::support::{Client, Exchange};

/// An order for AAPL of alice, who has 1,000 USD; `fields` as they stand in it.
fn order(fields: &str) -> String {
    format!(r#"{{"symbol":"AAPL","account":"alice",{fields}}}"#)
}

/// All that anyone can see but the sequence, which a refusal takes as well.
async fn state(client: &mut Client) -> Vec<Value> {
    let mut state = Vec::new();
    for path in [
        "orderbook/AAPL",
        "orderbook/BTC-KRW",
        "orders?account=alice",
        "balances?account=alice",
        "positions?account=alice",
        "fills?account=alice",
        "account?account=alice",
    ] {
        let mut answer = client.get(&format!("/v1/{path}")).await.json();
        answer.as_object_mut().unwrap().remove("sequence");
        if let Some(book) = answer.get_mut("orderbook").and_then(Value::as_object_mut) {
            book.remove("sequence");
            book.remove("timestamp");
        }
        state.push(answer);
    }
    state
}

/// alice: 1,000 USD, a bid of hers at 50, an offer of somebody's at 100 and a last price of 100.
async fn market() -> (Exchange, Client) {
    let exchange = Exchange::start().await;
    exchange.deposit("alice", "USD", "1000").await;
    let mut client = exchange.rest().await;
    for (account, fields) in [
        ("maker", r#""side":"Sell","type":"Limit","price":100,"quantity":10"#),
        ("taker", r#""side":"Buy","type":"Limit","price":100,"quantity":1"#),
        ("alice", r#""side":"Buy","type":"Limit","price":50,"quantity":1,"client_order_id":"bid""#),
    ] {
        let reply = client.post("/v1/order", &order(fields).replace("alice", account)).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
    }
    (exchange, client)
}

/// Sent to `/order`, to `/order/test` and within a pair: the same answer each time.
async fn refused(client: &mut Client, fields: &str, expected: (u16, &str, &str)) {
    let before = state(client).await;
    let order = order(fields);
    let other = self::order(r#""side":"Buy","type":"Limit","price":1,"quantity":1"#);
    let pair = format!(r#"{{"orders":[{order},{other}]}}"#);
    for (call, body) in [("order", &order), ("order/test", &order), ("order/oco", &pair)] {
        let reply = client.post(&format!("/v1/{call}"), body).await;
        let field = reply.text("field");
        let field = match call {
            "order/oco" => field.strip_prefix("orders[0]").unwrap_or(&field),
            _ => &field,
        };
        let told = (reply.status, reply.error(), field.trim_start_matches('.').to_owned());
        assert_eq!(told, (expected.0, expected.1.into(), expected.2.into()), "{call} {fields}");
        assert_eq!(state(client).await, before, "{call} {fields}");
    }
}

#[tokio::test]
async fn fields_that_do_not_go_together_are_refused() {
    let (_exchange, mut client) = market().await;
    let buy = |fields: &str| format!(r#""side":"Buy","quantity":1,{fields}"#);
    let combination = (422, "BAD_COMBINATION");
    for (fields, (status, code), field) in [
        (r#""type":"Market","post_only":true"#, combination, "post_only"),
        (r#""type":"Limit","price":5,"post_only":true,"tif":"IOC""#, combination, "post_only"),
        (r#""type":"Limit","price":5,"post_only":true,"tif":"FOK""#, combination, "post_only"),
        (r#""type":"Limit","price":5,"post_only":true,"min_quantity":1"#, combination, "post_only"),
        (r#""type":"Limit","price":5,"display":1,"tif":"IOC""#, combination, "display"),
        (r#""type":"Limit","price":5,"display":1,"tif":"FOK""#, combination, "display"),
        (r#""type":"Market","display":1"#, combination, "display"),
        (r#""type":"Stop","stop_price":120,"display":1"#, combination, "display"),
        (r#""type":"Limit","price":5,"min_quantity":1,"tif":"FOK""#, combination, "min_quantity"),
        (r#""type":"Limit","price":5,"protection":1"#, combination, "protection"),
        (r#""type":"Limit","price":5,"budget":10"#, combination, "budget"),
        (r#""type":"Limit","price":5,"stop_price":120"#, combination, "stop_price"),
        (r#""type":"Market","stop_price":120"#, combination, "stop_price"),
        (r#""type":"Limit","price":5,"trail":1"#, combination, "trail"),
        (r#""type":"Stop","budget":500"#, combination, "stop_price"),
        (r#""type":"StopLimit","price":5"#, combination, "stop_price"),
        (r#""type":"TrailingStop","budget":500"#, combination, "trail"),
        (
            r#""type":"TrailingStop","trail":1,"stop_price":120,"budget":500"#,
            combination,
            "stop_price",
        ),
        (r#""type":"Stop","stop_price":120,"price":5,"budget":500"#, combination, "price"),
        (r#""type":"Market","price":5"#, combination, "price"),
        (r#""type":"Limit","price":5,"display":"1.5""#, (422, "BAD_DISPLAY"), "display"),
        (r#""type":"Limit","price":5,"display":0"#, (422, "BAD_DISPLAY"), "display"),
        (r#""type":"Limit","price":5,"min_quantity":2"#, (400, "INVALID_QUANTITY"), "min_quantity"),
        (r#""type":"Limit","price":5,"tif":"GTD""#, (422, "BAD_EXPIRY"), ""),
        (r#""type":"Limit","price":5,"tif":"GTD","expire_at":1"#, (422, "BAD_EXPIRY"), ""),
        (r#""type":"Limit","price":5,"expire_at":4102444800000000000"#, (422, "BAD_EXPIRY"), ""),
        (
            r#""type":"Limit","price":5,"tif":"DAY","expire_at":4102444800000000000"#,
            (422, "BAD_EXPIRY"),
            "",
        ),
        // Money of a funded account.
        (r#""type":"Market""#, combination, ""),
        (r#""type":"Stop","stop_price":120"#, combination, ""),
        (r#""type":"TrailingStop","trail":1"#, combination, ""),
        (r#""type":"Limit","price":951"#, (422, "INSUFFICIENT_FUNDS"), ""),
        (r#""type":"Market","budget":951"#, (422, "INSUFFICIENT_FUNDS"), ""),
    ] {
        refused(&mut client, &buy(fields), (status, code, field)).await;
    }
}

#[tokio::test]
async fn numbers_beyond_what_can_be_counted_are_refused() {
    let (_exchange, mut client) = market().await;
    let digits = "9".repeat(39);
    let tiny = format!("0.{}1", "0".repeat(38));
    for (fields, status, code, field) in [
        (format!(r#""price":5,"quantity":{digits}"#), 400, "INVALID_QUANTITY", "quantity"),
        (format!(r#""price":5,"quantity":"{digits}""#), 400, "INVALID_QUANTITY", "quantity"),
        (format!(r#""price":5,"quantity":{tiny}"#), 400, "INVALID_QUANTITY", "quantity"),
        (format!(r#""price":5,"quantity":-{digits}"#), 400, "INVALID_QUANTITY", "quantity"),
        (format!(r#""price":{digits},"quantity":1"#), 400, "INVALID_PRICE", "price"),
        (format!(r#""price":-{digits},"quantity":1"#), 400, "INVALID_PRICE", "price"),
        (format!(r#""price":{tiny},"quantity":1"#), 400, "INVALID_PRICE", "price"),
        (format!(r#""price":5,"quantity":1,"display":{digits}"#), 422, "BAD_DISPLAY", "display"),
        (
            format!(r#""price":5,"quantity":1,"budget":{digits},"tif":"IOC""#),
            422,
            "BAD_AMOUNT",
            "budget",
        ),
        (
            format!(r#""price":5,"quantity":1,"min_quantity":{digits}"#),
            400,
            "INVALID_QUANTITY",
            "min_quantity",
        ),
        (
            r#""price":92233720368547758.07,"quantity":1844674407370955.1614"#.into(),
            422,
            "OVERFLOW",
            "",
        ),
    ] {
        let fields = format!(r#""side":"Buy","type":"Limit",{fields}"#);
        refused(&mut client, &fields, (status, code, field)).await;
    }
    let stops = [
        (format!(r#""type":"Stop","stop_price":{digits},"budget":5"#), "stop_price"),
        (r#""type":"Stop","stop_price":-1,"budget":5"#.into(), "stop_price"),
        (format!(r#""type":"TrailingStop","trail":{digits},"budget":5"#), "trail"),
        (r#""type":"StopLimit","price":5,"stop_price":0"#.into(), "stop_price"),
    ];
    for (fields, field) in stops {
        let fields = format!(r#""side":"Buy","quantity":1,{fields}"#);
        refused(&mut client, &fields, (422, "BAD_STOP", field)).await;
    }
}

#[tokio::test]
async fn pairs_over_two_markets_and_amends_that_make_no_sense_are_refused() {
    let (_exchange, mut client) = market().await;
    let before = state(&mut client).await;
    let leg = order(r#""side":"Buy","type":"Limit","price":5,"quantity":1"#);
    let elsewhere = leg.replace("AAPL", "BTC-KRW");
    let stranger = leg.replace("alice", "bob");
    let oco = |one: &str, other: &str| format!(r#"{{"orders":[{one},{other}]}}"#);
    let oto = |one: &str, other: &str| format!(r#"{{"parent":{one},"child":{other}}}"#);
    let amend = |fields: &str| format!(r#"{{"account":"alice","client_order_id":"bid",{fields}}}"#);
    let digits = "9".repeat(39);
    for (call, body, status, code) in [
        ("order/oco", oco(&leg, &elsewhere), 422, "BAD_COMBINATION"),
        ("order/oco", oco(&leg, &stranger), 422, "BAD_COMBINATION"),
        ("order/oto", oto(&leg, &elsewhere), 422, "BAD_COMBINATION"),
        ("order/oto", oto(&leg, &stranger), 422, "BAD_COMBINATION"),
        ("order/amend", amend(r#""stop_price":5"#), 422, "BAD_COMBINATION"),
        ("order/amend", amend(r#""trail":5"#), 422, "BAD_COMBINATION"),
        ("order/amend", amend(r#""stop_price":0"#), 422, "BAD_STOP"),
        ("order/amend", amend(r#""quantity":-1"#), 400, "INVALID_QUANTITY"),
        ("order/amend", amend(&format!(r#""quantity":{digits}"#)), 400, "INVALID_QUANTITY"),
        ("order/amend", amend(&format!(r#""price":{digits}"#)), 400, "INVALID_PRICE"),
        ("order/amend", amend(r#""price":"0.001""#), 400, "INVALID_PRICE"),
        ("order/amend", amend(r#""price":1001"#), 422, "INSUFFICIENT_FUNDS"),
        ("order/amend", amend(r#""quantity":21"#), 422, "INSUFFICIENT_FUNDS"),
        ("order/cancel", r#"{"client_order_id":"bid"}"#.into(), 404, "ORDER_NOT_FOUND"),
    ] {
        let reply = client.post(&format!("/v1/{call}"), &body).await;
        assert_eq!((reply.status, reply.error().as_str()), (status, code), "{call} {body}");
        assert_eq!(state(&mut client).await, before, "{call} {body}");
    }
}

#[tokio::test]
async fn what_a_call_does_not_collect_is_refused_there() {
    let (exchange, mut client) = market().await;
    exchange.set_status("AAPL", orison_core::instrument::Status::Auction).await;
    for fields in [
        r#""price":5,"tif":"IOC""#,
        r#""price":5,"tif":"FOK""#,
        r#""price":5,"post_only":true"#,
        r#""price":5,"min_quantity":1"#,
        r#""price":5,"budget":5,"tif":"IOC""#,
    ] {
        let fields = format!(r#""side":"Buy","type":"Limit","quantity":1,{fields}"#);
        refused(&mut client, &fields, (422, "AUCTION", "")).await;
    }
    let protected = r#""side":"Buy","type":"Market","quantity":1,"protection":1"#;
    refused(&mut client, protected, (422, "AUCTION", "")).await;
    exchange.set_status("AAPL", orison_core::instrument::Status::Halted).await;
    let plain = r#""side":"Buy","type":"Limit","quantity":1,"price":5"#;
    refused(&mut client, plain, (422, "HALTED", "")).await;
}
