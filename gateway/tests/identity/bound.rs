//! Whose a session is: one over HTTP is its opener's alone, a greeting names the account that is
//! shown, and a name that is only claimed is bounded as a proven one is.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::house::{House, Person, Proof};
use super::stomp::{Heard, Stomp, address};
use crate::support::{Client, Exchange, Reply};

const ORDER: &str = concat!(
    r#"["{\"type\":\"SUBMIT_ORDER\",\"data\":{\"symbol\":\"AAPL\",\"side\":\"buy\","#,
    r#"\"type\":\"limit\",\"price\":1,\"quantity\":1}}"]"#
);

async fn post(house: &House, path: &str, person: Option<&Person>, body: &str) -> Reply {
    let bearer = person.map(|person| format!("Bearer {}", person.token));
    let mut headers = vec![("content-type", "text/plain")];
    headers.extend(bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
    let mut http = Client::connect(address(&house.exchange)).await;
    http.request("POST", path, &headers, Some(body.as_bytes())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_over_http_is_its_openers_and_to_others_it_is_not_there() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let bob = house.person("bob", "trader", "bob").await;
    let session = "/ws/orders/1/annssession";
    let poll = format!("{session}/xhr");
    assert_eq!(post(&house, &poll, Some(&ann), "").await.body, "o\n");
    let nobody = post(&house, "/ws/orders/1/none/xhr_send", Some(&bob), ORDER).await;
    for (person, door, body) in [
        (Some(&bob), "xhr_send", ORDER),
        (None, "xhr_send", ORDER),
        (Some(&bob), "jsonp_send", ORDER),
        (Some(&bob), "xhr", ""),
        (None, "xhr", ""),
        (Some(&bob), "xhr_streaming", ""),
    ] {
        let reply = post(&house, &format!("{session}/{door}"), person, body).await;
        assert_eq!((reply.status, &reply.body), (404, &nobody.body), "{door} {person:?}");
    }
    assert_eq!(post(&house, &format!("{session}/xhr_send"), Some(&ann), ORDER).await.status, 204);
    let mut read = String::new();
    while !read.contains("ORDER_SUBMITTED") {
        read.push_str(&post(&house, &poll, Some(&ann), "").await.body);
    }
    let orders = house.rest(Proof::Bearer, Some(&ann), "GET", "/api/v1/orders", "").await;
    assert_eq!(orders.json()["orders"].as_array().unwrap().len(), 1, "{orders:?}");
}

/// The greeting of a socket that is opened with a token.
async fn greeting(house: &House, path: &str, person: &Person) -> Value {
    let stream = TcpStream::connect(address(&house.exchange)).await.unwrap();
    let url = format!("ws://{}{path}", address(&house.exchange));
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", person.token);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
    serde_json::from_str(text.as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greeting_names_the_account_that_the_session_may_read() {
    let house = House::start().await;
    let ann = house.person("ann", "trader", "ann").await;
    let eve = house.person("eve", "auditor", "eve").await;
    for name in ["orders", "portfolio", "risk-monitoring", "market-data", "ml-signals"] {
        for (query, person, account) in [
            ("", &ann, "ann"),
            ("?account=ann", &ann, "ann"),
            ("?account=bob", &ann, "ann"),
            ("", &eve, "eve"),
            ("?account=bob", &eve, "bob"),
        ] {
            let greeting = greeting(&house, &format!("/ws/{name}{query}"), person).await;
            let seen = (&greeting["type"], &greeting["data"]["account"]);
            let expected = (&json!("CONNECTION_ESTABLISHED"), &json!(account));
            assert_eq!(seen, expected, "{name}{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_11th_login_of_a_name_is_closed_and_demo_is_everybodys() {
    let exchange = Exchange::start().await;
    let mut sessions = Vec::new();
    for (login, all, let_in) in [("ann", 12, 10), ("demo", 12, 12), ("bob", 2, 2)] {
        for number in 0..all {
            let mut stomp = Stomp::open(address(&exchange), "/ws", "v12.stomp").await;
            stomp.send(&format!("CONNECT\naccept-version:1.2\nlogin:{login}\n\n\0")).await;
            match stomp.heard().await {
                Heard::Frame(frame) if number < let_in => assert_eq!(frame.command, "CONNECTED"),
                heard => assert_eq!((heard, number < let_in), (Heard::Closed(Some(1013)), false)),
            }
            sessions.push(stomp);
        }
    }
}
