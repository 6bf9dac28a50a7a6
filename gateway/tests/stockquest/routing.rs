//! Which path on the listener is whose.

use crate::client::{Quest, address};
use crate::support::{Client, Exchange};

const NAMES: [&str; 5] = ["market-data", "portfolio", "orders", "risk-monitoring", "ml-signals"];

#[tokio::test]
async fn each_name_is_a_socket_a_greeting_and_a_sockjs_prefix() {
    let exchange = Exchange::start().await;
    for name in NAMES {
        for path in [format!("/ws/{name}"), format!("/ws/{name}/websocket")] {
            let mut quest = Quest::dial(&exchange, &path, None).await;
            let greeting = quest.told().await;
            let seen = (&greeting["type"], &greeting["data"]["socket"]);
            assert_eq!(seen, (&"CONNECTION_ESTABLISHED".into(), &name.into()), "{path}");
        }
        let mut http = Client::connect(address(&exchange)).await;
        for (path, status, body) in [
            (format!("/ws/{name}"), 200, "Welcome to SockJS!\n"),
            (format!("/ws/{name}/"), 200, "Welcome to SockJS!\n"),
            (format!("/ws/{name}/nothing"), 404, ""),
        ] {
            let reply = http.get(&path).await;
            assert_eq!(reply.status, status, "{path}");
            assert!(reply.body.starts_with(body), "{path}: {}", reply.body);
        }
        assert_eq!(http.get(&format!("/ws/{name}/info")).await.status, 200);
    }
    exchange.stop().await;
}

#[tokio::test]
async fn the_description_of_all_messages_is_served() {
    let exchange = Exchange::start().await;
    let mut http = Client::connect(address(&exchange)).await;
    let reply = http.get("/asyncapi.json").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let described = reply.json();
    assert_eq!(described["asyncapi"], "3.0.0");
    for name in NAMES {
        assert_eq!(described["channels"][name]["address"], format!("/ws/{name}"));
    }
    exchange.stop().await;
}

#[tokio::test]
async fn names_that_are_none_are_stomps_to_answer() {
    let exchange = Exchange::start().await;
    let mut http = Client::connect(address(&exchange)).await;
    for (path, status) in [
        ("/ws/market-dataX", 404),
        ("/ws//market-data", 404),
        ("/ws/Market-Data", 404),
        ("/ws", 200),
        ("/ws/info", 200),
    ] {
        assert_eq!(http.get(path).await.status, status, "{path}");
    }
    exchange.stop().await;
}

#[tokio::test]
async fn a_poll_over_sockjs_speaks_the_same_envelopes() {
    let exchange = Exchange::start().await;
    let mut http = Client::connect(address(&exchange)).await;
    let session = "/ws/orders/000/abc";
    let post =
        |path: &str| (format!("{session}/{path}?account=alice"), [("content-type", "text/plain")]);
    let (xhr, plain) = post("xhr");
    let opened = http.request("POST", &xhr, &plain, Some(b"")).await;
    assert_eq!(opened.body, "o\n");
    let (send, plain) = post("xhr_send");
    let request = r#"["{\"type\":\"REQUEST_ORDER_HISTORY\",\"id\":1}"]"#;
    assert_eq!(http.request("POST", &send, &plain, Some(request.as_bytes())).await.status, 204);
    let mut kinds = Vec::new();
    while kinds.len() < 3 {
        let polled = http.request("POST", &xhr, &plain, Some(b"")).await;
        let texts: Vec<String> =
            serde_json::from_str(polled.body.trim_start_matches('a').trim_end()).unwrap();
        for text in texts {
            let told: serde_json::Value = serde_json::from_str(&text).unwrap();
            kinds.push(told["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds, ["CONNECTION_ESTABLISHED", "ACTIVE_ORDERS", "ORDER_HISTORY"]);
    exchange.stop().await;
}
