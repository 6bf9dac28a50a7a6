//! What the operator asks wrongly: each has its reason and changes nothing.

use super::office::Office;

#[tokio::test]
async fn a_wrong_call_is_told_why_and_changes_nothing() {
    let mut office = Office::open().await;
    office.place("alice", r#""side":"Buy","type":"Limit","price":100,"quantity":1"#).await;
    office.done("accounts/bob/deposit", r#"{"asset":"USD","amount":10}"#).await;
    let before = office.state().await;
    let digits = "9".repeat(39);
    let long = "x".repeat(17);
    let create = |fields: &str| {
        format!(r#"{{"symbol":"N","base":"N","quote":"USD","price_step":1,{fields}}}"#)
    };
    let transfer = |asset: &str, amount: &str| format!(r#"{{"asset":{asset},"amount":{amount}}}"#);
    let posts = [
        // Instruments.
        ("instruments", "{}".to_owned(), 400, "BAD_REQUEST", "symbol"),
        ("instruments", r#"{"symbol":""}"#.into(), 400, "INVALID_PARAMETER", "symbol"),
        ("instruments", format!(r#"{{"symbol":"{long}"}}"#), 400, "INVALID_PARAMETER", "symbol"),
        ("instruments", r#"{"symbol":"N"}"#.into(), 422, "UNKNOWN_ASSET", ""),
        ("instruments", create(r#""colour":1"#), 400, "UNKNOWN_FIELD", "colour"),
        ("instruments", r#"{"symbol":"N","base":"N"}"#.into(), 422, "UNKNOWN_ASSET", ""),
        ("instruments", create(r#""base":"M""#), 400, "BAD_REQUEST", ""),
        ("instruments", create(r#""quantity_step":0"#), 400, "INVALID_QUANTITY", ""),
        ("instruments", create(r#""quantity_step":-1"#), 400, "INVALID_QUANTITY", ""),
        ("instruments", create(r#""quantity_step":"1e-19""#), 400, "INVALID_QUANTITY", ""),
        ("instruments", create(r#""quantity_step":"a""#), 400, "BAD_REQUEST", "quantity_step"),
        (
            "instruments",
            create(r#""quantity_step":1,"base":"ABCDEFGHIJKLMNOPQ""#).replace(r#""base":"N","#, ""),
            422,
            "UNKNOWN_ASSET",
            "base",
        ),
        (
            "instruments",
            create(r#""quantity_step":1,"base_decimals":19"#),
            422,
            "BAD_COMBINATION",
            "",
        ),
        (
            "instruments",
            create(r#""quantity_step":1,"base_decimals":300"#),
            400,
            "BAD_REQUEST",
            "base_decimals",
        ),
        (
            "instruments",
            create(r#""quantity_step":1,"taker_fee_ppm":100001"#),
            422,
            "BAD_AMOUNT",
            "",
        ),
        ("instruments", create(r#""quantity_step":1,"maker_fee_ppm":-1"#), 422, "BAD_AMOUNT", ""),
        (
            "instruments",
            create(r#""quantity_step":1,"maker_fee_ppm":0.5"#),
            400,
            "BAD_REQUEST",
            "maker_fee_ppm",
        ),
        (
            "instruments",
            create(r#""quantity_step":1,"status":"asleep""#),
            400,
            "INVALID_PARAMETER",
            "status",
        ),
        // Status.
        ("instruments/AAPL/status", "{}".into(), 400, "BAD_REQUEST", "status"),
        ("instruments/AAPL/status", r#"{"status":"open"}"#.into(), 422, "BAD_STATUS", ""),
        ("instruments/AAPL/status", r#"{"status":1}"#.into(), 400, "BAD_REQUEST", "status"),
        ("instruments/AAPL/status", r#"{"status":"x"}"#.into(), 400, "INVALID_PARAMETER", "status"),
        ("instruments/NO/status", r#"{"status":"open"}"#.into(), 404, "SYMBOL_NOT_FOUND", ""),
        ("instruments/AAPL/uncross", "{}".into(), 422, "BAD_STATUS", ""),
        ("instruments/AAPL/uncross", r#"{"price":1}"#.into(), 400, "UNKNOWN_FIELD", "price"),
        ("instruments/NO/uncross", "{}".into(), 404, "SYMBOL_NOT_FOUND", ""),
        ("end-of-day", r#"{"symbol":"NO"}"#.into(), 400, "SYMBOL_NOT_FOUND", "symbol"),
        ("end-of-day", r#"{"symbol":1}"#.into(), 400, "BAD_REQUEST", "symbol"),
        ("end-of-day", r#"{"day":1}"#.into(), 400, "UNKNOWN_FIELD", "day"),
        // Money.
        ("accounts/bob/deposit", "{}".into(), 400, "BAD_REQUEST", "asset"),
        ("accounts/bob/deposit", r#"{"asset":"USD"}"#.into(), 400, "BAD_REQUEST", "amount"),
        ("accounts/bob/deposit", transfer(r#""USD""#, "0"), 422, "BAD_AMOUNT", ""),
        ("accounts/bob/deposit", transfer(r#""USD""#, "-1"), 422, "BAD_AMOUNT", ""),
        ("accounts/bob/deposit", transfer(r#""USD""#, "1e-9"), 422, "BAD_AMOUNT", ""),
        ("accounts/bob/deposit", transfer(r#""USD""#, &digits), 422, "BAD_AMOUNT", "amount"),
        ("accounts/bob/deposit", transfer(r#""USD""#, "9e29"), 422, "OVERFLOW", ""),
        ("accounts/bob/deposit", transfer(r#""USD""#, r#""x""#), 400, "BAD_REQUEST", "amount"),
        ("accounts/bob/deposit", transfer(r#""NOPE""#, "1"), 422, "UNKNOWN_ASSET", ""),
        ("accounts/bob/deposit", transfer("1", "1"), 400, "BAD_REQUEST", "asset"),
        ("accounts/bob/withdraw", transfer(r#""USD""#, "10.01"), 422, "INSUFFICIENT_FUNDS", ""),
        ("accounts/bob/withdraw", transfer(r#""AAPL""#, "1"), 422, "INSUFFICIENT_FUNDS", ""),
        ("accounts/bob/withdraw", transfer(r#""USD""#, "0"), 422, "BAD_AMOUNT", ""),
        ("accounts/nobody/withdraw", transfer(r#""USD""#, "1"), 422, "UNKNOWN_ACCOUNT", ""),
        ("accounts/bob/withdraw", transfer(r#""NOPE""#, "1"), 422, "UNKNOWN_ASSET", ""),
        // Accounts.
        ("accounts/alice/kill", r#"{"enabled":true}"#.into(), 400, "UNKNOWN_FIELD", "enabled"),
        ("accounts/alice/enable", r#"[]"#.into(), 400, "BAD_REQUEST", ""),
        ("accounts/alice/kill", r#"{"a""#.into(), 400, "BAD_REQUEST", ""),
        (
            "accounts/alice/cancel-all",
            r#"{"symbol":"NO"}"#.into(),
            400,
            "SYMBOL_NOT_FOUND",
            "symbol",
        ),
        (
            "accounts/alice/cancel-all",
            r#"{"side":"both"}"#.into(),
            400,
            "INVALID_PARAMETER",
            "side",
        ),
    ];
    for (call, body, status, code, field) in posts {
        let reply = office.post(call, &body).await;
        let told = (reply.status, reply.error(), reply.text("field"));
        assert_eq!(told, (status, code.into(), field.into()), "{call} {body}");
        assert_eq!(office.state().await, before, "{call} {body}");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_told_why_and_changes_nothing() {
    let mut office = Office::open().await;
    office.place("alice", r#""side":"Buy","type":"Limit","price":100,"quantity":1"#).await;
    let before = office.state().await;
    let digits = "9".repeat(39);
    let huge = format!(r#"{{"max_quantity":{digits}}}"#);
    for (call, body, status, code, field) in [
        ("instruments/NO", "{}", 404, "SYMBOL_NOT_FOUND", ""),
        ("instruments/AAPL", r#"{"symbol":"BTC-KRW"}"#, 400, "INVALID_PARAMETER", "symbol"),
        ("instruments/AAPL", r#"{"price_step":1}"#, 422, "BAD_COMBINATION", ""),
        ("instruments/AAPL", r#"{"quantity_step":1}"#, 422, "BAD_COMBINATION", ""),
        ("instruments/AAPL", r#"{"quote":"KRW"}"#, 422, "BAD_COMBINATION", ""),
        ("instruments/AAPL", r#"{"base_decimals":7}"#, 422, "BAD_COMBINATION", ""),
        ("instruments/AAPL", r#"{"band_low":5,"band_high":4}"#, 400, "INVALID_PRICE", ""),
        ("instruments/AAPL", r#"{"band_low":-5}"#, 400, "INVALID_PRICE", ""),
        ("instruments/AAPL", r#"{"band_low":"0.001"}"#, 400, "INVALID_PRICE", ""),
        ("instruments/AAPL", r#"{"reference_price":-1}"#, 400, "INVALID_PRICE", ""),
        ("instruments/AAPL", r#"{"max_quantity":-1}"#, 400, "INVALID_QUANTITY", ""),
        ("instruments/AAPL", &huge, 400, "INVALID_QUANTITY", ""),
        ("instruments/AAPL", r#"{"min_notional":-1}"#, 422, "BAD_AMOUNT", ""),
        (
            "instruments/AAPL",
            r#"{"execution_range_ppm":-1}"#,
            400,
            "BAD_REQUEST",
            "execution_range_ppm",
        ),
        ("instruments/AAPL", r#"{"taker_fee_ppm":-1}"#, 422, "BAD_AMOUNT", ""),
        ("accounts/alice", r#"{"colour":1}"#, 400, "UNKNOWN_FIELD", "colour"),
        ("accounts/alice", r#"{"max_quantity":-1}"#, 422, "BAD_AMOUNT", ""),
        ("accounts/alice", &huge, 422, "BAD_AMOUNT", "max_quantity"),
        ("accounts/alice", r#"{"max_open_orders":-1}"#, 400, "BAD_REQUEST", "max_open_orders"),
        (
            "accounts/alice",
            r#"{"max_open_orders":4294967296}"#,
            400,
            "BAD_REQUEST",
            "max_open_orders",
        ),
        ("accounts/alice", r#"{"orders_per_second":1.5}"#, 400, "BAD_REQUEST", "orders_per_second"),
        ("accounts/alice", r#"{"default_stp":"maybe"}"#, 400, "INVALID_PARAMETER", "default_stp"),
        ("accounts/alice", r#"{"enabled":"no"}"#, 400, "BAD_REQUEST", "enabled"),
        ("accounts/alice", r#"{"taker_fee_ppm":100001}"#, 422, "BAD_AMOUNT", ""),
        ("accounts/alice", r#"{"maker_fee_ppm":"x"}"#, 400, "BAD_REQUEST", "maker_fee_ppm"),
        ("accounts/%ff", "{}", 400, "BAD_REQUEST", ""),
        ("accounts/%20%C3%A9", "{}", 400, "INVALID_PARAMETER", "account"),
        ("limits", r#"{"orders_max":1}"#, 422, "BAD_STATUS", ""),
        ("limits", r#"{"orders_max":-1}"#, 400, "BAD_REQUEST", "orders_max"),
        ("limits", r#"{"orders_max":99999999999}"#, 400, "BAD_REQUEST", "orders_max"),
        ("limits", r#"{"rules_version":3}"#, 400, "UNKNOWN_FIELD", "rules_version"),
    ] {
        let reply = office.patch(call, body).await;
        let told = (reply.status, reply.error(), reply.text("field"));
        assert_eq!(told, (status, code.into(), field.into()), "{call} {body}");
        assert_eq!(office.state().await, before, "{call} {body}");
    }
}

#[tokio::test]
async fn wrong_parameters_methods_and_addresses_are_told() {
    let mut office = Office::open().await;
    for (path, status, field) in [
        ("accounts?limit=0", 400, "limit"),
        ("accounts?after=nobody", 400, "after"),
        ("changes?limit=x", 400, "limit"),
        ("changes?before=-1", 400, "before"),
        ("instruments/NO", 404, ""),
        ("accounts/nobody", 404, ""),
        ("nothing", 404, ""),
        ("instruments/AAPL/status", 405, ""),
        ("accounts/alice/deposit", 405, ""),
    ] {
        let reply = office.admin.get(&format!("/v1/admin/{path}")).await;
        assert_eq!((reply.status, reply.text("field").as_str()), (status, field), "{path}");
        if status == 405 {
            assert_eq!(reply.header("allow"), Some("POST, OPTIONS"));
        }
    }
    let reply = office.admin.request("DELETE", "/v1/admin/instruments/AAPL", &[], None).await;
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, Some("GET, PUT, PATCH, HEAD, OPTIONS"))
    );
}
