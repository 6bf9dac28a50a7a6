//! Rows of messages and what is read of them.

use super::*;

fn refusal(text: &str) -> Problem {
    read(text).1.map(|request| panic!("{text} was read as {request:?}")).unwrap_err()
}

#[test]
fn an_ask_takes_what_is_given_and_ignores_the_rest() {
    let text = r#"{"type":"Subscribe","channels":["orderbook"],"symbols":["BTC-KRW"],
        "intervals":null,"depth":"99","interval_ms":0,"from_sequence":17,"account":"alice",
        "lang":"en","unknown":{"deep":[1]}}"#;
    let (id, request) = read(text);
    let Ok(Request::Subscribe(ask)) = request else { panic!("{request:?}") };
    assert_eq!(id, None);
    let expected = Ask {
        channels: vec!["orderbook".into()],
        symbols: Some(vec!["BTC-KRW".into()]),
        intervals: None,
        account: AccountName::new("alice").ok(),
        levels: Some(50),
        interval_ms: Some(0),
        from_sequence: Some(17),
        language: Some(Language::English),
    };
    assert_eq!(*ask, expected);
}

#[test]
fn a_request_id_is_echoed_as_it_came() {
    for (json, shown) in [
        ("\"a\\u0041\"", Some("\"a\\u0041\"")),
        ("12345678901234567890123.50", Some("12345678901234567890123.50")),
        ("null", None),
    ] {
        let (id, _) = read(&format!(r#"{{"type":"Pong","request_id":{json}}}"#));
        assert_eq!(id.as_ref().map(RequestId::json), shown);
    }
    let long = format!("\"{}\"", "x".repeat(127));
    for wrong in ["{}", "[1]", "true", "false", long.as_str()] {
        let problem = refusal(&format!(r#"{{"type":"Pong","request_id":{wrong}}}"#));
        assert_eq!(problem.field.as_deref(), Some("request_id"), "{wrong}");
    }
}

#[test]
fn a_refusal_names_code_and_field() {
    let many = vec!["\"BTC-KRW\""; 101].join(",");
    let many = format!(r#"{{"type":"Subscribe","channels":["all"],"symbols":[{many}]}}"#);
    for (text, code, field) in [
        ("", "BAD_REQUEST", None),
        ("hello", "BAD_REQUEST", None),
        ("[]", "BAD_REQUEST", None),
        ("{}", "BAD_REQUEST", Some("type")),
        (r#"{"type":7}"#, "BAD_REQUEST", Some("type")),
        (r#"{"type":"subscribe"}"#, "BAD_REQUEST", Some("type")),
        (r#"{"type":"Subscribe","channels":"all"}"#, "BAD_REQUEST", Some("channels")),
        (r#"{"type":"Subscribe","channels":[1]}"#, "BAD_REQUEST", Some("channels")),
        (r#"{"type":"Subscribe","depth":0}"#, "INVALID_PARAMETER", Some("depth")),
        (r#"{"type":"Subscribe","depth":-1}"#, "INVALID_PARAMETER", Some("depth")),
        (r#"{"type":"Subscribe","depth":1.5}"#, "INVALID_PARAMETER", Some("depth")),
        (r#"{"type":"Subscribe","interval_ms":"x"}"#, "INVALID_PARAMETER", Some("interval_ms")),
        (r#"{"type":"Subscribe","from_sequence":-3}"#, "INVALID_PARAMETER", Some("from_sequence")),
        (r#"{"type":"Subscribe","account":""}"#, "INVALID_PARAMETER", Some("account")),
        (many.as_str(), "SUBSCRIPTION_LIMIT", Some("symbols")),
    ] {
        let problem = refusal(text);
        assert_eq!((problem.code, problem.field.as_deref()), (code, field), "{text}");
    }
}

#[test]
fn order_fields_are_those_of_rest() {
    for text in [
        r#"{"type":"PlaceOrder","order_type":"Limit","side":"Buy"}"#,
        r#"{"type":"PlaceOrder","order":{"type":"Limit","side":"Buy"}}"#,
        r#"{"type":"Limit","side":"Buy"}"#,
    ] {
        let (_, request) = read(text);
        let Ok(Request::Enter(OrderCall::Place, mut fields)) = request else { panic!("{text}") };
        assert_eq!(fields.text("type").unwrap().as_deref(), Some("Limit"));
        assert_eq!(fields.text("side").unwrap().as_deref(), Some("Buy"));
        fields.finish().unwrap();
    }
    let problem = refusal(r#"{"type":"PlaceOrder","order":{},"side":"Buy"}"#);
    assert_eq!(problem.code, "UNKNOWN_FIELD");
}
