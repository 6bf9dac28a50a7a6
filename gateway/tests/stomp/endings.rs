//! How sessions end: errors that are read before the close, disconnects, slow readers, and the
//! end of the process.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::stomp;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Heard, Stomp, address};
use crate::support::Exchange;

#[tokio::test]
async fn an_error_is_read_before_the_close() {
    let exchange = Exchange::start().await;
    for (frame, code) in [
        ("SEND\n\nx\0".to_owned(), 1002),
        ("HELLO\n\n\0".to_owned(), 1002),
        ("CONNECT\n\n\0".to_owned(), 1002),
        ("SEND\ndestination:/app/prayer\ncontent-length:70000\n\n".to_owned(), 1009),
    ] {
        let mut stomp = Stomp::connect(&exchange).await;
        // What follows the error is not heard.
        stomp.send(&format!("{frame}SEND\ndestination:/app/prayer\n\n{{\"side\":\"up\"}}\0")).await;
        let (error, closed) = stomp.error().await;
        assert_eq!(closed, Some(code), "{frame:?}: {error:?}");
        assert!(error.header("message").is_some() && !error.body.is_empty(), "{error:?}");
    }
    assert_eq!(exchange.app.views.read().prayers.view().up_total, 0);
    exchange.stop().await;
}

#[tokio::test]
async fn disconnect_gives_its_receipt_after_all_prayers_and_closes() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    let prayers = "SEND\ndestination:/app/prayer\nreceipt:p\n\n{\"side\":\"up\"}\0".repeat(10);
    stomp.send(&format!("{prayers}DISCONNECT\nreceipt:bye\n\n\0")).await;
    for _ in 0..10 {
        assert_eq!(stomp.frame().await.header("receipt-id"), Some("p"));
    }
    assert_eq!(exchange.app.views.read().prayers.view().up_total, 10);
    assert_eq!(stomp.frame().await.header("receipt-id"), Some("bye"));
    assert_eq!(stomp.heard().await, Heard::Closed(Some(1000)));
    exchange.stop().await;
}

#[tokio::test]
async fn text_and_binary_pieces_and_heaps_of_frames_are_heard() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    let frame = "\nSEND\r\ndestination:/app/prayer\r\nreceipt:p\r\n\
        content-length:13\r\n\r\n{\"side\":\"up\"}\0\n";
    for (index, piece) in frame.as_bytes().chunks(7).enumerate() {
        let piece = match index % 2 {
            0 => Message::binary(piece.to_vec()),
            _ => Message::text(std::str::from_utf8(piece).unwrap()),
        };
        stomp.socket.send(piece).await.unwrap();
    }
    assert_eq!(stomp.frame().await.header("receipt-id"), Some("p"));
    stomp.send(&frame.repeat(5)).await;
    for _ in 0..5 {
        assert_eq!(stomp.frame().await.header("receipt-id"), Some("p"));
    }
    assert_eq!(exchange.app.views.read().prayers.view().up_total, 6);
    exchange.stop().await;
}

#[tokio::test]
async fn the_end_of_the_process_is_told() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("e", "/user/queue/errors").await;
    let stopping = tokio::spawn(exchange.stop());
    assert_eq!(stomp.message("e").await["code"], "STOPPING");
    assert_eq!(stomp.heard().await, Heard::Closed(Some(1001)));
    while stomp.socket.next().await.is_some() {}
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_does_not_read_its_executions_is_closed_and_state_is_conflated() {
    let exchange = Exchange::start_with(|config| {
        config.fan_out.outbox.event_bytes_max = 64 << 10;
        config.fan_out.outbox.event_age_max = Duration::from_millis(300);
    })
    .await;
    let mut slow = Stomp::connect_slow(&exchange).await;
    // So many that the kernel cannot hide what waits for it.
    for id in 0..200 {
        slow.subscribe(&id.to_string(), "/topic/executions.AAPL").await;
    }
    slow.subscribe("book", "/topic/orderbook.AAPL").await;
    let mut rest = exchange.rest().await;
    let overflows = || exchange.app.hub.counters().overflows.get();
    let mut trades = 0;
    while overflows() == 0 {
        for side in ["Sell", "Buy"] {
            let order = format!(
                r#"{{"symbol":"AAPL","side":"{side}","type":"Limit","price":190,"quantity":1}}"#
            );
            assert_eq!(rest.post("/api/v1/order", &order).await.status, 202);
        }
        trades += 1;
        assert!(trades < 100_000, "what waits is bounded");
    }
    let mut last = Heard::Beat;
    while !matches!(last, Heard::Closed(_)) {
        last = slow.heard().await;
    }
    assert_eq!(last, Heard::Closed(Some(4500)));
    exchange.stop().await;
}

#[tokio::test]
async fn who_reads_nothing_at_all_is_closed_though_state_conflates() {
    let stall_max = Duration::from_millis(300);
    let settings = stomp::Settings { stall_max, ..stomp::Settings::DEFAULT };
    let exchange = Exchange::start_with(|config| config.stomp_session = settings).await;
    let mut slow = Stomp::connect_slow(&exchange).await;
    for id in 0..200 {
        slow.subscribe(&id.to_string(), "/topic/orderbook.AAPL").await;
    }
    let mut rest = exchange.rest().await;
    while exchange.app.lobby.open() > 0 {
        for side in ["Sell", "Buy"] {
            let order = format!(
                r#"{{"symbol":"AAPL","side":"{side}","type":"Limit","price":190,"quantity":1}}"#
            );
            assert_eq!(rest.post("/api/v1/order", &order).await.status, 202);
        }
    }
    assert!(exchange.app.hub.counters().conflated.get() > 0, "until then state is conflated");
    let mut last = Heard::Beat;
    while !matches!(last, Heard::Closed(_)) {
        last = slow.heard().await;
    }
    assert_eq!(last, Heard::Closed(Some(4500)));
    exchange.stop().await;
}

#[tokio::test]
async fn who_vanishes_leaves_nothing_behind() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::open(address(&exchange), "/ws", "").await;
    stomp.send("CONNECT\n\n\0SUBSCRIBE\ndestination:/topic/prayer\n\n\0").await;
    assert_eq!(stomp.frame().await.command, "CONNECTED");
    assert_eq!(stomp.frame().await.command, "MESSAGE");
    assert_eq!(exchange.app.lobby.open(), 1);
    drop(stomp);
    while exchange.app.lobby.open() > 0 || !exchange.app.hub.topics().is_empty() {
        tokio::task::yield_now().await;
    }
    exchange.stop().await;
}
