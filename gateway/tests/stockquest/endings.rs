//! How sessions end, and how they stay alive.

use std::time::Duration;

use futures_util::SinkExt;
use gateway::stockquest::Settings;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::client::{Heard, Quest, hurried};
use crate::support::Exchange;

#[tokio::test]
async fn beats_come_by_themselves_and_a_marked_one_is_answered() {
    let exchange = Exchange::start_with(|config| {
        config.stockquest.heartbeat = Duration::from_millis(30);
    })
    .await;
    let mut quest = Quest::open(&exchange, "/ws/ml-signals").await;
    let (mut beats, mut pings) = (0, 0);
    while beats < 2 || pings < 2 {
        match quest.heard().await {
            Heard::Told(told) => {
                assert_eq!((&told["type"], &told["data"]), (&json!("HEARTBEAT"), &json!({})));
                beats += 1;
            }
            Heard::Ping => pings += 1,
            Heard::Closed(code) => panic!("{code:?}"),
        }
    }
    // One without a mark says nothing but that the client is there.
    quest.send(r#"{"type":"HEARTBEAT","timestamp":"2025-01-12T10:20:30"}"#).await;
    assert_eq!(quest.ask("HEARTBEAT", json!({})).await, ("HEARTBEAT".to_owned(), json!({})));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn who_answers_nothing_is_gone_and_pongs_count() {
    let idle_max = Duration::from_millis(300);
    let exchange = Exchange::start_with(|config| {
        config.stockquest =
            Settings { idle_max, heartbeat: Duration::from_millis(50), ..Settings::DEFAULT };
    })
    .await;
    // Pongs are sent as it reads.
    let mut listening = Quest::open(&exchange, "/ws/market-data").await;
    let until = tokio::time::Instant::now() + 2 * idle_max;
    while tokio::time::Instant::now() < until {
        assert!(!matches!(listening.heard().await, Heard::Closed(_)));
    }
    let silent = Exchange::start_with(|config| {
        config.stockquest =
            Settings { idle_max, heartbeat: Duration::from_secs(60), ..Settings::DEFAULT };
    })
    .await;
    let mut quest = Quest::open(&silent, "/ws/portfolio").await;
    assert_eq!(quest.close_code().await, Some(4408));
    drop((listening, quest));
    silent.stop().await;
    exchange.stop().await;
}

#[tokio::test]
async fn a_foreign_page_sees_the_market_and_no_account() {
    let exchange = Exchange::start().await;
    let foreign = Some("https://evil.example");
    for (path, is_private) in [
        ("/ws/market-data", false),
        ("/ws/ml-signals", false),
        ("/ws/orders", true),
        ("/ws/portfolio", true),
        ("/ws/risk-monitoring", true),
    ] {
        let mut quest = Quest::dial(&exchange, path, foreign).await;
        assert_eq!(quest.told().await["type"], "CONNECTION_ESTABLISHED");
        if is_private {
            let error = quest.until("ERROR").await;
            assert_eq!(error["data"]["code"], "ORIGIN_REFUSED", "{path}");
            assert_eq!(quest.close_code().await, Some(1008), "{path}");
        } else {
            assert_eq!(quest.ask("HEARTBEAT", json!({})).await.0, "HEARTBEAT", "{path}");
        }
        let mut own = Quest::dial(&exchange, path, Some("http://localhost:5173")).await;
        own.until("CONNECTION_ESTABLISHED").await;
        assert_eq!(own.ask("HEARTBEAT", json!({})).await.0, "HEARTBEAT", "{path}");
    }
    exchange.stop().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused() {
    let exchange = Exchange::start().await;
    let long = "x".repeat(33);
    for name in ["", "%ff", "%EA%B0%80", &long] {
        let mut quest = Quest::dial(&exchange, &format!("/ws/orders?account={name}"), None).await;
        let error = quest.until("ERROR").await;
        assert!(error["data"]["code"].is_string());
        assert_eq!(quest.close_code().await, Some(1008), "{name:?}");
    }
    exchange.stop().await;
}

#[tokio::test]
async fn a_stop_says_goodbye() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/market-data").await;
    quest.told().await;
    let stopping = exchange.stop();
    let listening = async {
        let error = quest.until("ERROR").await;
        assert_eq!(error["data"]["code"], "STOPPING");
        assert_eq!(quest.close_code().await, Some(1001));
        drop(quest);
    };
    tokio::join!(stopping, listening);
}

#[tokio::test]
async fn a_flood_ends_the_session_and_binary_does_not() {
    let exchange = Exchange::start().await;
    let mut quest = Quest::open(&exchange, "/ws/ml-signals").await;
    quest.socket.send(Message::binary(&b"{}"[..])).await.unwrap();
    assert_eq!(quest.told().await["data"]["code"], "UNSUPPORTED_DATA");
    for _ in 0..2_000 {
        if quest.socket.send(Message::text("{}")).await.is_err() {
            break;
        }
    }
    assert_eq!(quest.close_code().await, Some(1008));
    drop(quest);
    exchange.stop().await;
}

#[tokio::test]
async fn who_does_not_read_its_answers_is_closed_and_ticks_pass_it_by() {
    let exchange = Exchange::start_with(|config| {
        hurried(config);
        config.fan_out.outbox.event_age_max = Duration::from_millis(200);
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut slow = Quest::dial_on(socket, &exchange, "/ws/market-data", None).await;
    // What is not traded here is said back.
    let unknown = "x".repeat(50_000);
    let request = json!({"type": "SUBSCRIBE", "data": {"symbols": ["BTC-KRW", unknown]}});
    let request = request.to_string();
    let counters = exchange.app.hub.counters();
    let flooding = async {
        while counters.overflows.get() == 0 {
            let sent = slow.socket.send(Message::text(request.as_str())).await;
            if sent.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), flooding).await.expect("it is closed in time");
    assert!(counters.conflated.get() > 0, "ticks did not wait for it");
    assert_eq!(slow.close_code().await, Some(4500));
    drop(slow);
    exchange.stop().await;
}
