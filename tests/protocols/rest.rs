//! Rows for REST.

use serde_json::Value;

use super::unharmed;
use crate::http::{Answer, Client};
use crate::server::Server;

/// A field of an order that is otherwise good, as raw JSON; empty: left out. Status and code.
const ORDER_FIELDS: &[(&str, &str, u16, &str)] = &[
    ("quantity", "0", 400, "INVALID_QUANTITY"),
    ("quantity", "-0", 400, "INVALID_QUANTITY"),
    ("quantity", "-1", 400, "INVALID_QUANTITY"),
    ("quantity", "\"-0.5\"", 400, "INVALID_QUANTITY"),
    ("quantity", "0.000000001", 400, "INVALID_QUANTITY"),
    ("quantity", "1e-9", 400, "INVALID_QUANTITY"),
    ("quantity", "1e999", 400, "INVALID_QUANTITY"),
    ("quantity", "1e-999", 400, "INVALID_QUANTITY"),
    ("quantity", "184467440737.09551615", 400, "INVALID_QUANTITY"),
    ("quantity", "9999999999999999999", 400, "INVALID_QUANTITY"),
    ("quantity", "\"99999999999999999999999999999999999999999\"", 400, "INVALID_QUANTITY"),
    ("quantity", "\"abc\"", 400, "BAD_REQUEST"),
    ("quantity", "\"\"", 400, "BAD_REQUEST"),
    ("quantity", "\"1,5\"", 400, "BAD_REQUEST"),
    ("quantity", "\" 1\"", 400, "BAD_REQUEST"),
    ("quantity", "\"0x10\"", 400, "BAD_REQUEST"),
    ("quantity", "\"NaN\"", 400, "BAD_REQUEST"),
    ("quantity", "\"Infinity\"", 400, "BAD_REQUEST"),
    ("quantity", "NaN", 400, "BAD_REQUEST"),
    ("quantity", "01", 400, "BAD_REQUEST"),
    ("quantity", "true", 400, "BAD_REQUEST"),
    ("quantity", "[1]", 400, "BAD_REQUEST"),
    ("quantity", "{\"value\":1}", 400, "BAD_REQUEST"),
    ("quantity", "null", 400, "INVALID_QUANTITY"),
    ("quantity", "", 400, "INVALID_QUANTITY"),
    ("price", "0", 400, "INVALID_PRICE"),
    ("price", "-50000000", 400, "INVALID_PRICE"),
    ("price", "50000000.5", 400, "INVALID_PRICE"),
    ("price", "9223372036854775808", 400, "INVALID_PRICE"),
    ("price", "99999999999999999999", 400, "INVALID_PRICE"),
    ("price", "1e999", 400, "INVALID_PRICE"),
    ("price", "\"fifty\"", 400, "BAD_REQUEST"),
    ("price", "false", 400, "BAD_REQUEST"),
    ("price", "", 400, "INVALID_PRICE"),
    ("symbol", "\"DOGE-KRW\"", 400, "SYMBOL_NOT_FOUND"),
    ("symbol", "\"btc-krw\"", 400, "SYMBOL_NOT_FOUND"),
    ("symbol", "\"\"", 400, "SYMBOL_NOT_FOUND"),
    ("symbol", "\"A-VERY-LONG-SYMBOL-THAT-IS-NONE\"", 400, "SYMBOL_NOT_FOUND"),
    ("symbol", "\"BTC\\u0000KRW\"", 400, "SYMBOL_NOT_FOUND"),
    ("symbol", "1", 400, "BAD_REQUEST"),
    ("symbol", "", 400, "BAD_REQUEST"),
    ("side", "\"Hold\"", 400, "INVALID_PARAMETER"),
    ("side", "7", 400, "BAD_REQUEST"),
    ("side", "", 400, "BAD_REQUEST"),
    ("type", "\"Guess\"", 400, "INVALID_PARAMETER"),
    ("type", "", 400, "BAD_REQUEST"),
    ("time_in_force", "\"forever\"", 400, "INVALID_PARAMETER"),
    ("post_only", "\"yes\"", 400, "BAD_REQUEST"),
    ("account", "\"\"", 400, "INVALID_PARAMETER"),
    ("account", "\"a name that is longer than 32 letters\"", 400, "INVALID_PARAMETER"),
    ("account", "\"\\u0007bell\"", 400, "INVALID_PARAMETER"),
    ("client_order_id", "\"\"", 400, "INVALID_PARAMETER"),
    ("client_order_id", "\"1234567890123456789012345678901234567\"", 400, "INVALID_PARAMETER"),
    ("client_order_id", "12", 400, "BAD_REQUEST"),
    ("qty", "1", 400, "UNKNOWN_FIELD"),
    ("Quantity", "1", 400, "UNKNOWN_FIELD"),
    ("__proto__", "{}", 400, "UNKNOWN_FIELD"),
];

#[test]
fn every_bad_field_of_an_order_has_its_error() {
    unharmed(|server| {
        let mut client = server.client();
        for (field, value, status, code) in ORDER_FIELDS {
            let body = order_with(field, value);
            let answer = client.post_bytes("/api/v1/order", body.as_bytes()).unwrap();
            expect(&answer, *status, code, &body);
            let alias = client.post_bytes("/v1/order", body.as_bytes()).unwrap();
            expect(&alias, *status, code, &body);
        }
    });
}

#[test]
fn every_bad_body_has_its_error() {
    let large = format!("{{\"symbol\":\"{}\"}}", "x".repeat(64 << 10));
    let huge = format!("{{\"symbol\":\"{}\"}}", "x".repeat(4 << 20));
    let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let deep = format!("{{\"symbol\":{deep},\"order_id\":{deep}}}");
    let deep_list = "[".repeat(60_000);
    let twice = order_with("price", "1").replace("}", ",\"price\":2}");
    let bodies: &[(&[u8], u16, &str)] = &[
        (b"", 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"null", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b"\"order\"", 400, "BAD_REQUEST"),
        (b"{} {}", 400, "BAD_REQUEST"),
        (b"symbol=BTC-KRW&side=Buy", 400, "BAD_REQUEST"),
        (b"<order/>", 400, "BAD_REQUEST"),
        (b"{\"symbol\":\"\xff\xfe\"}", 400, "BAD_REQUEST"),
        (b"{\"symbol\":\"\xed\xa0\x80\"}", 400, "BAD_REQUEST"),
        (b"\x00\x01\x02\x03", 400, "BAD_REQUEST"),
        (b"\xef\xbb\xbf{}", 400, "BAD_REQUEST"),
        (twice.as_bytes(), 400, "BAD_REQUEST"),
        (deep_list.as_bytes(), 400, "BAD_REQUEST"),
        (deep.as_bytes(), 400, "BAD_REQUEST"),
        (large.as_bytes(), 413, "PAYLOAD_TOO_LARGE"),
        (huge.as_bytes(), 413, "PAYLOAD_TOO_LARGE"),
    ];
    unharmed(|server| {
        for (body, status, code) in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            for path in ["/api/v1/order", "/api/v1/order/cancel", "/api/v1/order/amend"] {
                // A body that was not read to its end takes its connection with it.
                let answer = server.client().post_bytes(path, body).unwrap();
                expect(&answer, *status, code, &format!("{path} {shown}"));
            }
        }
    });
}

#[test]
fn every_bad_path_method_and_parameter_has_its_error() {
    let rows = [
        ("GET", "/api/v1/nowhere", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/api/v1/../../etc/passwd", 404, "NOT_FOUND"),
        ("GET", "/api/v1/orderbook/DOGE-KRW", 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/api/v1/statistics/DOGE-KRW", 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/api/v1/executions/DOGE-KRW", 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/api/v1/klines/DOGE-KRW/1m", 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/api/v1/klines/BTC-KRW/7m", 400, "INVALID_INTERVAL"),
        ("GET", "/api/v1/klines/BTC-KRW/1M", 400, "INVALID_INTERVAL"),
        ("GET", "/api/v1/klines/BTC-KRW/1m?limit=0", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/klines/BTC-KRW/1m?limit=ten", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/orderbook/BTC-KRW?depth=0", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/orderbook/BTC-KRW?depth=-1", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/orderbook/BTC-KRW?depth=1.5", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/orderbook/BTC-KRW?depth=", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/executions/BTC-KRW?limit=0", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/orders?status=lost", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/order/no-id", 404, "ORDER_NOT_FOUND"),
        ("GET", "/api/v1/order/550e8400-e29b-41d4-a716-446655440000", 404, "ORDER_NOT_FOUND"),
        ("POST", "/api/v1/orderbook/BTC-KRW", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/order", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/api/v1/order", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("BREW", "/api/v1/order", 405, "METHOD_NOT_ALLOWED"),
    ];
    unharmed(|server| {
        let mut client = server.client();
        for (method, path, status, code) in rows {
            let answer = client.request(method, path, &[], b"").unwrap();
            expect(&answer, status, code, &format!("{method} {path}"));
            if status == 405 {
                let allowed = answer.header("allow").unwrap_or_default();
                let here = if path == "/api/v1/order" { "POST" } else { "GET" };
                assert!(allowed.contains(here), "{method} {path}: Allow is {allowed:?}");
            }
        }
    });
}

#[test]
fn a_body_of_another_type_is_refused() {
    unharmed(|server| {
        let body = order_with("price", "1");
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
        {
            let headers = [("content-type", content_type)];
            let mut client = server.client();
            let answer =
                client.request("POST", "/api/v1/order", &headers, body.as_bytes()).unwrap();
            expect(&answer, 415, "UNSUPPORTED_MEDIA_TYPE", content_type);
        }
    });
}

#[test]
fn cancels_and_amends_that_name_nothing_have_their_errors() {
    let rows = [
        ("cancel", "{}", 400, "BAD_REQUEST"),
        ("cancel", r#"{"order_id":5}"#, 400, "BAD_REQUEST"),
        ("cancel", r#"{"order_id":"none"}"#, 404, "ORDER_NOT_FOUND"),
        ("cancel", r#"{"order_id":"none","client_order_id":"x"}"#, 400, "BAD_REQUEST"),
        ("cancel", r#"{"order_id":"none","reason":"x"}"#, 400, "UNKNOWN_FIELD"),
        ("amend", "{}", 400, "BAD_REQUEST"),
        ("amend", r#"{"order_id":"none","quantity":1}"#, 404, "ORDER_NOT_FOUND"),
        ("amend", r#"{"order_id":"none","quantity":"x"}"#, 400, "BAD_REQUEST"),
        ("cancel-all", r#"{"side":"up"}"#, 400, "INVALID_PARAMETER"),
        ("cancel-all", r#"{"symbol":"DOGE-KRW"}"#, 400, "SYMBOL_NOT_FOUND"),
        ("cancel-all", r#"{"everything":true}"#, 400, "UNKNOWN_FIELD"),
    ];
    unharmed(|server| {
        let mut client = server.client();
        for (what, body, status, code) in rows {
            let path = format!("/api/v1/order/{what}");
            let answer = client.post_bytes(&path, body.as_bytes()).unwrap();
            expect(&answer, status, code, &format!("{path} {body}"));
        }
    });
}

#[test]
fn what_is_no_http_harms_nobody() {
    unharmed(|server: &Server| {
        for bytes in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /api/v1/order HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
            b"POST /api/v1/order HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            &[b'A'; 100_000],
        ] {
            Client::send_and_hang_up(server.rest, bytes).unwrap();
        }
    });
}

/// An otherwise good order with this field as raw JSON; an empty value leaves it out.
fn order_with(field: &str, value: &str) -> String {
    let good = [
        ("symbol", "\"BTC-KRW\""),
        ("side", "\"Buy\""),
        ("type", "\"Limit\""),
        ("price", "50000000"),
        ("quantity", "0.5"),
    ];
    let others = good.into_iter().filter(|(name, _)| *name != field);
    let fields: Vec<String> = others
        .chain([(field, value)])
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn expect(answer: &Answer, status: u16, code: &str, what: &str) {
    let shown = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, status, "{what}: {shown}");
    let body: Value = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|error| panic!("{what}: an error is JSON ({error}): {shown}"));
    assert_eq!(body["error"], code, "{what}: {shown}");
    let message = body["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{what}: an error says something to people: {shown}");
}
