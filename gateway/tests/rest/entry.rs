//! What an order may look like, and what each wrong one is told.

use super::support::{Client, Exchange};

const LIMIT: &str =
    r#"{"symbol":"BTC-KRW","side":"Buy","type":"Limit","price":50000000,"quantity":0.5}"#;

/// Fields and their JSON.
type Changes<'a> = &'a [(&'a str, &'a str)];

/// The limit order with fields changed or added; a value of "" takes the field away.
fn order(changes: Changes<'_>) -> String {
    let mut fields = vec![
        ("symbol", "\"BTC-KRW\""),
        ("side", "\"Buy\""),
        ("type", "\"Limit\""),
        ("price", "50000000"),
        ("quantity", "0.5"),
    ];
    for &(name, value) in changes {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    let fields: Vec<_> = fields.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

async fn visible(client: &mut Client) -> u64 {
    client.get("/health").await.json()["visible"].as_u64().unwrap()
}

#[tokio::test]
async fn an_order_is_accepted_once_it_has_reached_the_ack_mode() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for path in ["/api/v1/order", "/v1/order"] {
        let reply = client.post(path, LIMIT).await;
        let answer = reply.json();
        assert_eq!(reply.status, 202, "{answer}");
        assert_eq!(answer["status"], "ACCEPTED");
        assert_eq!(answer["durability"], "durable");
        assert!(answer["sequence"].as_u64() > Some(4), "{answer}");
        assert_eq!(answer.get("client_order_id"), None);
        assert_eq!(answer.get("duplicate"), None);
        let id = answer["order_id"].as_str().unwrap();
        let shown = client.get(&format!("/v1/order/{id}")).await;
        assert_eq!((shown.status, shown.text("status").as_str()), (200, "NEW"));
    }
}

#[tokio::test]
async fn numbers_and_words_have_more_than_one_form() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for changes in [
        &[("price", "\"50000000\"")][..],
        &[("price", "5e7")],
        &[("price", "\"5.0E7\"")],
        &[("quantity", "1e-8")],
        &[("quantity", "\"0.00000001\"")],
        &[("side", "\"buy\"")],
        &[("side", "\"SELL\""), ("price", "90000000")],
        &[("type", "\"LIMIT\"")],
        &[("time_in_force", "\"gtc\"")],
        &[("tif", "\"GTC\"")],
        &[("time_in_force", "null"), ("client_order_id", "null"), ("account", "null")],
        &[("account", "\"alice\"")],
        &[("post_only", "true")],
        &[("post_only", "false")],
        &[("stp", "\"NONE\"")],
        &[("min_quantity", "0")],
    ] {
        let reply = client.post("/v1/order", &order(changes)).await;
        assert_eq!(reply.status, 202, "{changes:?}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_wrong_order_is_told_why_and_reaches_no_ring() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let before = visible(&mut client).await;
    let long = format!("\"{}\"", "x".repeat(37));
    let digits = "9".repeat(41);
    let rows: &[(Changes<'_>, u16, &str, &str)] = &[
        (&[("quantity", "0")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "-1")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "\"0\"")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "0.000000001")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "1e30")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", &digits)], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("quantity", "null")], 400, "INVALID_QUANTITY", "quantity"),
        (&[("price", "")], 400, "INVALID_PRICE", "price"),
        (&[("price", "0")], 400, "INVALID_PRICE", "price"),
        (&[("price", "-5")], 400, "INVALID_PRICE", "price"),
        (&[("price", "0.5")], 400, "INVALID_PRICE", "price"),
        (&[("price", "1e999")], 400, "INVALID_PRICE", "price"),
        (&[("symbol", "\"XYZ-KRW\"")], 400, "SYMBOL_NOT_FOUND", "symbol"),
        (&[("symbol", "\"btc-krw\"")], 400, "SYMBOL_NOT_FOUND", "symbol"),
        (&[("symbol", "\"a symbol that is too long\"")], 400, "SYMBOL_NOT_FOUND", "symbol"),
        (&[("symbol", "\"\"")], 400, "SYMBOL_NOT_FOUND", "symbol"),
        (&[("symbol", "")], 400, "BAD_REQUEST", "symbol"),
        (&[("side", "")], 400, "BAD_REQUEST", "side"),
        (&[("type", "null")], 400, "BAD_REQUEST", "type"),
        (&[("side", "\"Hold\"")], 400, "INVALID_PARAMETER", "side"),
        (&[("type", "\"Iceberg\"")], 400, "INVALID_PARAMETER", "type"),
        (&[("time_in_force", "\"forever\"")], 400, "INVALID_PARAMETER", "time_in_force"),
        (&[("stp", "\"maybe\"")], 400, "INVALID_PARAMETER", "stp"),
        (&[("symbol", "5")], 400, "BAD_REQUEST", "symbol"),
        (&[("side", "true")], 400, "BAD_REQUEST", "side"),
        (&[("price", "true")], 400, "BAD_REQUEST", "price"),
        (&[("price", "[1]")], 400, "BAD_REQUEST", "price"),
        (&[("price", "\"cheap\"")], 400, "BAD_REQUEST", "price"),
        (&[("quantity", "\"\"")], 400, "BAD_REQUEST", "quantity"),
        (&[("quantity", "{}")], 400, "BAD_REQUEST", "quantity"),
        (&[("post_only", "\"yes\"")], 400, "BAD_REQUEST", "post_only"),
        (&[("expire_at", "1.5")], 400, "BAD_REQUEST", "expire_at"),
        (&[("expire_at", "-1")], 400, "BAD_REQUEST", "expire_at"),
        (&[("colour", "\"red\"")], 400, "UNKNOWN_FIELD", "colour"),
        (&[("Price", "1")], 400, "UNKNOWN_FIELD", "Price"),
        (&[("time_in_force", "\"GTC\""), ("tif", "\"GTC\"")], 400, "BAD_REQUEST", "tif"),
        (&[("client_order_id", &long)], 400, "INVALID_PARAMETER", "client_order_id"),
        (&[("client_order_id", "\"\"")], 400, "INVALID_PARAMETER", "client_order_id"),
        (&[("client_order_id", "\"주문\"")], 400, "INVALID_PARAMETER", "client_order_id"),
        (&[("account", "\"\"")], 400, "INVALID_PARAMETER", "account"),
        (&[("account", &long)], 400, "INVALID_PARAMETER", "account"),
        (&[("type", "\"Market\"")], 422, "BAD_COMBINATION", "price"),
        (
            &[("type", "\"Market\""), ("price", ""), ("quantity", "")],
            422,
            "BAD_COMBINATION",
            "quantity",
        ),
        (&[("stop_price", "-1")], 422, "BAD_COMBINATION", "stop_price"),
        (&[("trail", "0")], 422, "BAD_COMBINATION", "trail"),
        (&[("display", "0")], 422, "BAD_DISPLAY", "display"),
        (&[("display", "0.6")], 422, "BAD_DISPLAY", "display"),
        (&[("display", "1e-9")], 422, "BAD_DISPLAY", "display"),
        (&[("min_quantity", "0.6")], 400, "INVALID_QUANTITY", "min_quantity"),
        (&[("min_quantity", "1e-9")], 400, "INVALID_QUANTITY", "min_quantity"),
        (&[("budget", "0")], 422, "BAD_COMBINATION", "budget"),
        (&[("budget", "0"), ("tif", "\"IOC\"")], 422, "BAD_AMOUNT", "budget"),
        (&[("budget", &digits), ("tif", "\"FOK\"")], 422, "BAD_AMOUNT", "budget"),
        (&[("budget", "1e-13"), ("tif", "\"IOC\"")], 422, "BAD_AMOUNT", "budget"),
        (&[("protection", "0.1")], 422, "BAD_COMBINATION", "protection"),
        (
            &[("type", "\"Market\""), ("price", "0"), ("protection", "0.1")],
            400,
            "INVALID_PRICE",
            "protection",
        ),
        (&[("post_only", "true"), ("tif", "\"IOC\"")], 422, "BAD_COMBINATION", "post_only"),
        (&[("post_only", "true"), ("min_quantity", "1")], 422, "BAD_COMBINATION", "post_only"),
        (&[("display", "0.1"), ("tif", "\"FOK\"")], 422, "BAD_COMBINATION", "display"),
        (&[("type", "\"Stop\""), ("stop_price", "5")], 422, "BAD_COMBINATION", "price"),
        (&[("type", "\"stop-limit\"")], 422, "BAD_COMBINATION", "stop_price"),
        (&[("type", "\"stop_limit\""), ("stop_price", "0")], 422, "BAD_STOP", "stop_price"),
        (&[("type", "\"stopLimit\""), ("stop_price", "0.5")], 422, "BAD_STOP", "stop_price"),
        (&[("type", "\"TrailingStop\""), ("price", ""), ("trail", "-1")], 422, "BAD_STOP", "trail"),
        (
            &[("type", "\"Stop\""), ("price", "0"), ("stop_price", "5"), ("quantity", "")],
            422,
            "BAD_COMBINATION",
            "quantity",
        ),
        // In the order of the rules, whatever stands first.
        (&[("quantity", "0"), ("stop_price", "5")], 422, "BAD_COMBINATION", "stop_price"),
        (&[("quantity", "0"), ("price", "0"), ("display", "0")], 400, "INVALID_PRICE", "price"),
        (&[("quantity", "0"), ("display", "0")], 400, "INVALID_QUANTITY", "quantity"),
    ];
    for (changes, status, code, field) in rows {
        let reply = client.post("/v1/order", &order(changes)).await;
        let told = (reply.status, reply.error(), reply.text("field"));
        assert_eq!(told, (*status, (*code).into(), (*field).into()), "{changes:?}");
        assert!(!reply.text("message").is_empty());
    }
    assert_eq!(visible(&mut client).await, before, "nothing was entered");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_bad_request() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let deep = format!("{{\"symbol\":{}}}", "[".repeat(60_000));
    let closed = format!("{{\"symbol\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let rows: &[(&[u8], &str)] = &[
        (b"", "BAD_REQUEST"),
        (b"nonsense", "BAD_REQUEST"),
        (b"[]", "BAD_REQUEST"),
        (b"\"text\"", "BAD_REQUEST"),
        (b"null", "BAD_REQUEST"),
        (b"{\"symbol\":\"BTC-KRW\"", "BAD_REQUEST"),
        (b"{\"symbol\":\"BTC-KRW\"}x", "BAD_REQUEST"),
        (b"{\"symbol\":\"BTC-KRW\",\"symbol\":\"BTC-KRW\"}", "BAD_REQUEST"),
        (b"{\"symbol\":\"\xff\xfe\"}", "BAD_REQUEST"),
        (b"{\"symbol\":\"\\ud800\"}", "BAD_REQUEST"),
        (b"{\"price\":NaN}", "BAD_REQUEST"),
        (b"{\"price\":01}", "BAD_REQUEST"),
        (deep.as_bytes(), "BAD_REQUEST"),
        (closed.as_bytes(), "BAD_REQUEST"),
    ];
    let json = [("content-type", "application/json")];
    for (body, code) in rows {
        let reply = client.request("POST", "/v1/order", &json, Some(body)).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!((reply.status, reply.error().as_str()), (400, *code), "{shown}");
    }
}

#[tokio::test]
async fn the_market_refuses_with_its_own_reasons() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let market = [("type", "\"Market\""), ("price", "0")];
    let reply = client.post("/v1/order", &order(&market)).await;
    assert_eq!((reply.status, reply.error().as_str()), (422, "NO_LIQUIDITY"), "{}", reply.body);
    let sell = [("side", "\"Sell\""), ("account", "\"maker\"")];
    assert_eq!(client.post("/v1/order", &order(&sell)).await.status, 202);
    let post_only = [("post_only", "true")];
    let reply = client.post("/v1/order", &order(&post_only)).await;
    assert_eq!((reply.status, reply.error().as_str()), (422, "POST_ONLY"), "{}", reply.body);
    let killed = [("time_in_force", "\"FOK\""), ("quantity", "1")];
    let reply = client.post("/v1/order", &order(&killed)).await;
    assert_eq!((reply.status, reply.error().as_str()), (422, "FOK"), "{}", reply.body);
}

#[tokio::test]
async fn a_retry_with_the_same_id_enters_nothing() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let named = order(&[("client_order_id", "\"mine-1\"")]);
    let first = client.post("/v1/order", &named).await.json();
    assert_eq!(first["client_order_id"], "mine-1");
    let again = client.post("/api/v1/order", &named).await;
    assert_eq!(again.status, 202);
    let again = again.json();
    assert_eq!((&again["order_id"], &again["duplicate"]), (&first["order_id"], &true.into()));
    let book = client.get("/v1/orderbook/BTC-KRW").await;
    assert!(book.body.contains("\"bids\":[[50000000,0.5]]"), "{}", book.body);
    let other = order(&[("client_order_id", "\"mine-1\""), ("quantity", "0.6")]);
    let reply = client.post("/v1/order", &other).await;
    let told = (reply.status, reply.error());
    assert_eq!(told, (409, "DUPLICATE_CLIENT_ORDER_ID".into()));
    let theirs = order(&[("client_order_id", "\"mine-1\""), ("account", "\"alice\"")]);
    let reply = client.post("/v1/order", &theirs).await;
    assert_eq!(reply.status, 202, "another account has its own names: {}", reply.body);
    assert_ne!(reply.json()["order_id"], first["order_id"]);
}

#[tokio::test]
async fn the_account_is_that_of_body_or_query_and_never_two() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let alice = order(&[("account", "\"alice\"")]);
    assert_eq!(client.post("/v1/order?account=alice", &alice).await.status, 202);
    assert_eq!(client.post("/v1/order?account=alice", LIMIT).await.status, 202);
    let reply = client.post("/v1/order?account=bob", &alice).await;
    assert_eq!((reply.status, reply.text("field")), (400, "account".into()));
    let counts = [("alice", 2), ("bob", 0), ("demo", 0)];
    for (account, count) in counts {
        let orders = client.get(&format!("/v1/orders?account={account}")).await.json();
        assert_eq!(orders["orders"].as_array().unwrap().len(), count, "{account}");
    }
}

#[tokio::test]
async fn a_cancel_answers_what_it_took_away() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let named = order(&[("client_order_id", "\"a\"")]);
    let first = client.post("/v1/order", &named).await.text("order_id");
    let reply = client.post("/v1/order/cancel", r#"{"client_order_id":"a"}"#).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.text("order_id"), first);
    assert_eq!(reply.text("status"), "CANCELLED");
    assert!(reply.body.contains("\"remaining_quantity\":0.5,"), "{}", reply.body);

    let second = client.post("/v1/order", LIMIT).await.text("order_id");
    let foreign = format!("{{\"order_id\":\"{second}\",\"account\":\"alice\"}}");
    let unknown = r#"{"order_id":"00000000-0000-8000-8000-000000000000"}"#;
    let gone = format!("{{\"order_id\":\"{first}\"}}");
    let uuid4 = r#"{"order_id":"550e8400-e29b-41d4-a716-446655440000"}"#;
    for body in
        [&foreign, unknown, &gone, uuid4, r#"{"order_id":"x"}"#, r#"{"client_order_id":"b"}"#]
    {
        let reply = client.post("/v1/order/cancel", body).await;
        assert_eq!((reply.status, reply.error()), (404, "ORDER_NOT_FOUND".into()), "{body}");
    }
    for body in ["{}", r#"{"order_id":1}"#, r#"{"order_id":"x","client_order_id":"y"}"#] {
        let reply = client.post("/v1/order/cancel", body).await;
        assert_eq!((reply.status, reply.error()), (400, "BAD_REQUEST".into()), "{body}");
    }
    let path = format!("/v1/order/{second}");
    assert_eq!(client.delete(&format!("{path}?account=alice")).await.status, 404);
    assert_eq!(client.delete(&path).await.status, 200);
    assert_eq!(client.delete(&path).await.status, 404);
    assert_eq!(client.get(&path).await.text("status"), "CANCELLED");
}

#[tokio::test]
async fn an_amend_keeps_its_place_only_downwards() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let id = client.post("/v1/order", LIMIT).await.text("order_id");
    let rows = [
        (r#""quantity":0.4"#, Ok(("NEW", true))),
        (r#""quantity":"0.6""#, Ok(("NEW", false))),
        (r#""price":49000000"#, Ok(("NEW", false))),
        (r#""quantity":-1"#, Err((400, "INVALID_QUANTITY"))),
        (r#""price":0"#, Err((400, "INVALID_PRICE"))),
        (r#""price":null"#, Err((400, "BAD_REQUEST"))),
        (r#""symbol":"BTC-KRW""#, Err((400, "UNKNOWN_FIELD"))),
        (r#""quantity":0"#, Ok(("CANCELLED", false))),
        (r#""quantity":0.1"#, Err((404, "ORDER_NOT_FOUND"))),
    ];
    for (change, expected) in rows {
        let body = format!("{{\"order_id\":\"{id}\",{change}}}");
        let reply = client.post("/v1/order/amend", &body).await;
        match expected {
            Ok((status, kept)) => {
                assert_eq!(reply.status, 200, "{change}: {}", reply.body);
                assert_eq!(reply.text("status"), status, "{change}");
                assert_eq!(reply.json()["kept_priority"], kept, "{change}");
            }
            Err((status, code)) => {
                assert_eq!((reply.status, reply.error()), (status, code.into()), "{change}");
            }
        }
    }
    let reply = client.post("/v1/order/amend", r#"{"client_order_id":"x","price":1}"#).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn cancel_all_takes_what_matches() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let sell = [("side", "\"Sell\""), ("price", "60000000")];
    let ether = [("symbol", "\"ETH-KRW\""), ("price", "3000000")];
    let alice = [("account", "\"alice\"")];
    for changes in [&[][..], &[], &sell, &ether, &alice] {
        assert_eq!(client.post("/v1/order", &order(changes)).await.status, 202);
    }
    for (body, cancelled) in [
        (r#"{"symbol":"BTC-KRW","side":"sell"}"#, 1),
        (r#"{"symbol":"BTC-KRW"}"#, 2),
        ("{}", 1),
        ("{}", 0),
        (r#"{"account":"nobody"}"#, 0),
        (r#"{"account":"alice"}"#, 1),
    ] {
        let reply = client.post("/v1/order/cancel-all", body).await;
        assert_eq!((reply.status, &reply.json()["cancelled"]), (200, &cancelled.into()), "{body}");
    }
    for (body, code) in [
        (r#"{"symbol":"XYZ"}"#, "SYMBOL_NOT_FOUND"),
        (r#"{"side":"both"}"#, "INVALID_PARAMETER"),
        (r#"{"colour":"red"}"#, "UNKNOWN_FIELD"),
    ] {
        let reply = client.post("/v1/order/cancel-all", body).await;
        assert_eq!((reply.status, reply.error()), (400, code.into()), "{body}");
    }
}

#[tokio::test]
async fn a_batch_answers_each_entry_as_if_it_were_alone() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let entries = [
        order(&[("client_order_id", "\"a\"")]),
        order(&[("quantity", "0")]),
        r#"{"op":"cancel","client_order_id":"a"}"#.to_owned(),
        r#"{"op":"cancel","client_order_id":"b"}"#.to_owned(),
        r#"{"op":"amend"}"#.to_owned(),
        "7".to_owned(),
        order(&[("op", "\"place\"")]),
    ];
    let reply =
        client.post("/v1/orders/batch", &format!("{{\"orders\":[{}]}}", entries.join(","))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let results = reply.json()["results"].as_array().unwrap().clone();
    let told: Vec<_> = results
        .iter()
        .map(|result| {
            let word = result.get("error").or(result.get("status"));
            (result["http_status"].as_u64().unwrap(), word.unwrap().as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [
        (202, "ACCEPTED"),
        (400, "INVALID_QUANTITY"),
        (200, "CANCELLED"),
        (404, "ORDER_NOT_FOUND"),
        (400, "INVALID_PARAMETER"),
        (400, "BAD_REQUEST"),
        (202, "ACCEPTED"),
    ];
    assert_eq!(told, expected.map(|(status, word)| (status, word.to_owned())));
    assert_eq!(results[0]["order_id"], results[2]["order_id"]);

    let many = vec![LIMIT; 21].join(",");
    for body in [
        "{}".into(),
        r#"{"orders":[]}"#.into(),
        format!("{{\"orders\":[{many}]}}"),
        r#"{"orders":{}}"#.into(),
    ] {
        let reply = client.post("/v1/orders/batch", &body).await;
        assert_eq!((reply.status, reply.text("field")), (400, "orders".into()), "{body:.30}");
    }
}
