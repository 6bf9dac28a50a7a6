//! What pages of other origins may do over SockJS's HTTP transports: read the market, and nothing
//! of an account; neither by scripts and frames, which carry no Origin, nor by a session that
//! somebody else has opened.

use serde_json::{Value, json};

use crate::client::address;
use crate::support::{Client, Exchange, Reply};

type Headers = &'static [(&'static str, &'static str)];

const EVIL: (&str, &str) = ("origin", "http://evil.example");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PLAIN: (&str, &str) = ("content-type", "text/plain");

/// An order in a SockJS array, as a form carries it and as it is.
const ORDER: &str = concat!(
    r#"["{\"type\":\"SUBMIT_ORDER\",\"data\":{\"symbol\":\"AAPL\",\"side\":\"buy\","#,
    r#"\"type\":\"limit\",\"price\":1,\"quantity\":1}}"]"#
);

async fn ask(
    exchange: &Exchange,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut http = Client::connect(address(exchange)).await;
    let body = (method == "POST").then_some(body.as_bytes());
    http.request(method, path, headers, body).await
}

async fn orders(exchange: &Exchange) -> usize {
    let orders: Value = exchange.rest().await.get("/api/v1/orders").await.json();
    orders["orders"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_foreign_page_neither_trades_nor_reads_an_account_by_scripts_and_forms() {
    let exchange = Exchange::start().await;
    for socket in ["orders", "portfolio", "risk-monitoring"] {
        let session = format!("/ws/{socket}/0/s1");
        for (headers, status) in [
            (&[][..] as Headers, 403),
            (&[("sec-fetch-site", "cross-site")], 403),
            (&[("referer", "http://evil.example/page")], 403),
            (&[EVIL, ("referer", "http://localhost/")], 403),
        ] {
            for door in ["jsonp", "htmlfile"] {
                let path = format!("{session}/{door}?c=cb");
                let reply = ask(&exchange, "GET", &path, headers, "").await;
                assert_eq!(reply.status, status, "{path} {headers:?}");
                assert!(!reply.body.contains("CONNECTION_ESTABLISHED"), "{path} {headers:?}");
            }
        }
    }
    // Somebody who is let in opens one; a foreign page that knows its id has nothing of it.
    let session = "/ws/orders/0/s2";
    let opened = ask(&exchange, "POST", &format!("{session}/xhr"), &[PLAIN], "").await;
    assert_eq!(opened.body, "o\n");
    let form = format!("d={ORDER}");
    for (method, door, headers, body) in [
        ("POST", "jsonp_send", &[EVIL, FORM] as Headers, form.as_str()),
        ("POST", "jsonp_send", &[("origin", "null"), FORM], form.as_str()),
        ("POST", "xhr_send", &[EVIL, PLAIN], ORDER),
        ("POST", "xhr", &[EVIL, PLAIN], ""),
        ("POST", "xhr_streaming", &[EVIL, PLAIN], ""),
        ("GET", "eventsource", &[EVIL], ""),
        ("GET", "jsonp?c=cb", &[], ""),
        ("GET", "htmlfile?c=cb", &[], ""),
    ] {
        let path = format!("{session}/{door}");
        let reply = ask(&exchange, method, &path, headers, body).await;
        assert_eq!(reply.status, 403, "{path} {headers:?}: {}", reply.body);
    }
    assert_eq!(orders(&exchange).await, 0, "nothing was entered");
    exchange.stop().await;
}

#[tokio::test]
async fn a_trusted_page_has_its_account_by_scripts_and_forms_too() {
    let exchange = Exchange::start().await;
    for (index, headers) in [
        &[("referer", "http://localhost:5173/")][..] as Headers,
        &[("referer", "http://127.0.0.1:8080/ws/orders/iframe.html")],
        &[("sec-fetch-site", "same-origin")],
    ]
    .into_iter()
    .enumerate()
    {
        let session = format!("/ws/orders/0/trusted-{index}");
        let path = format!("{session}/jsonp?c=cb");
        assert_eq!(ask(&exchange, "GET", &path, headers, "").await.body, "/**/cb(\"o\");\r\n");
        let read = ask(&exchange, "GET", &path, headers, "").await;
        assert!(read.body.contains("CONNECTION_ESTABLISHED"), "{headers:?}: {}", read.body);
        let send = format!("{session}/jsonp_send");
        let page = [("origin", "http://localhost:5173"), FORM];
        let sent = ask(&exchange, "POST", &send, &page, &format!("d={ORDER}")).await;
        assert_eq!((sent.status, sent.body.as_str()), (200, "ok"));
        let mut read = String::new();
        while !read.contains("ORDER_SUBMITTED") {
            read.push_str(&ask(&exchange, "GET", &path, headers, "").await.body);
        }
        assert_eq!(orders(&exchange).await, index + 1);
    }
    exchange.stop().await;
}

#[tokio::test]
async fn the_market_is_for_every_page_and_the_frame_for_trusted_ones() {
    let exchange = Exchange::start_with(|config| {
        config.allowed_origins = vec!["https://trade.example".to_owned()];
    })
    .await;
    for (index, socket) in ["/market-data", "/ml-signals", ""].into_iter().enumerate() {
        let session = format!("/ws{socket}/0/open-{index}");
        let reply = ask(&exchange, "GET", &format!("{session}/jsonp?c=cb"), &[], "").await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "/**/cb(\"o\");\r\n"), "{socket}");
        let send = format!("{session}/jsonp_send");
        let sent = ask(&exchange, "POST", &send, &[EVIL, FORM], r#"d=["\n"]"#).await;
        assert_eq!(sent.status, 200, "{socket}");
    }
    for mount in ["/ws", "/ws/orders", "/ws/market-data"] {
        let reply = ask(&exchange, "GET", &format!("{mount}/iframe.html"), &[], "").await;
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("frame-ancestors 'self' http://localhost:* "), "{policy}");
        assert!(policy.ends_with(" https://trade.example"), "{policy}");
    }
    let info: Value = ask(&exchange, "GET", "/ws/orders/info", &[EVIL], "").await.json();
    assert_eq!(info["websocket"], json!(true));
    exchange.stop().await;
}
