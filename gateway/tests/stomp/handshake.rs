//! Opening: subprotocols, versions, heart-beats, what 8080 answers to plain HTTP.

use std::time::Duration;

use gateway::stomp;

use crate::client::{Heard, Stomp, address};
use crate::support::{Client, Exchange};

#[tokio::test]
async fn the_best_subprotocol_is_echoed_and_without_one_it_is_stomp_all_the_same() {
    let exchange = Exchange::start().await;
    for (path, offered, taken) in [
        ("/ws", "v10.stomp, v11.stomp, v12.stomp", Some("v12.stomp")),
        ("/ws", "v10.stomp,v11.stomp", Some("v11.stomp")),
        ("/ws/websocket", "v10.stomp", Some("v10.stomp")),
        ("/ws", "", None),
        ("/ws/websocket", "", None),
    ] {
        let mut stomp = Stomp::open(address(&exchange), path, offered).await;
        assert_eq!(stomp.protocol.as_deref(), taken, "{path} {offered}");
        stomp.send("CONNECT\naccept-version:1.1,1.0\n\n\0").await;
        let connected = stomp.frame().await;
        assert_eq!(connected.command, "CONNECTED", "{path} {offered}");
        assert_eq!(connected.header("version"), Some("1.1"));
        assert_eq!(connected.header("heart-beat"), Some("10000,10000"));
        assert!(connected.header("session").is_some() && connected.header("server").is_some());
    }
    let mut unknown = Client::connect(address(&exchange)).await;
    let upgrade = b"GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n\
        connection: upgrade\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: mqtt\r\n\r\n";
    unknown.write(upgrade).await;
    let reply = unknown.read_head().await;
    assert_eq!(reply.status, 101);
    assert_eq!(reply.header("sec-websocket-protocol"), None, "none of those is known");
    exchange.stop().await;
}

#[tokio::test]
async fn versions_are_agreed_on_or_the_session_ends() {
    let exchange = Exchange::start().await;
    for (connect, version) in [
        ("CONNECT\n\n\0", Some("1.0")),
        ("STOMP\naccept-version:1.2\nhost:x\n\n\0", Some("1.2")),
        ("CONNECT\naccept-version:3.0\n\n\0", None),
    ] {
        let mut stomp = Stomp::open(address(&exchange), "/ws", "v12.stomp").await;
        stomp.send(connect).await;
        match version {
            Some(_) => assert_eq!(stomp.frame().await.header("version"), version, "{connect:?}"),
            None => {
                let (error, code) = stomp.error().await;
                assert_eq!(error.header("version"), Some("1.0,1.1,1.2"));
                assert_eq!(code, Some(1002));
            }
        }
    }
    exchange.stop().await;
}

#[tokio::test]
async fn heart_beats_go_both_ways() {
    let beat = Duration::from_millis(100);
    let settings = stomp::Settings { beat, ..stomp::Settings::DEFAULT };
    let exchange = Exchange::start_with(|config| config.stomp_session = settings).await;
    let mut stomp = Stomp::open(address(&exchange), "/ws", "").await;
    stomp.send("CONNECT\naccept-version:1.2\nheart-beat:0,100\n\n\0").await;
    stomp.frame().await;
    for _ in 0..3 {
        assert_eq!(stomp.heard().await, Heard::Beat);
    }
    let mut silent = Stomp::open(address(&exchange), "/ws", "").await;
    silent.send("CONNECT\naccept-version:1.2\nheart-beat:100,0\n\n\0").await;
    silent.frame().await;
    assert_eq!(silent.heard().await, Heard::Closed(Some(4408)), "it promised to beat");
    exchange.stop().await;
}

#[tokio::test]
async fn who_never_connects_is_closed() {
    let connect_max = Duration::from_millis(50);
    let settings = stomp::Settings { connect_max, ..stomp::Settings::DEFAULT };
    let exchange = Exchange::start_with(|config| config.stomp_session = settings).await;
    let mut stomp = Stomp::open(address(&exchange), "/ws", "").await;
    assert_eq!(stomp.heard().await, Heard::Closed(Some(4408)));
    exchange.stop().await;
}

#[tokio::test]
async fn plain_http_is_greeted_and_foreign_hosts_are_refused() {
    let exchange = Exchange::start().await;
    let mut client = Client::connect(address(&exchange)).await;
    for (path, status, body) in [
        ("/ws", 200, "Welcome to SockJS!\n"),
        ("/ws/", 200, "Welcome to SockJS!\n"),
        ("/", 404, "there is nothing here\n"),
        ("/wsx", 404, "there is nothing here\n"),
    ] {
        let reply = client.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{path}");
    }
    let info = client.get("/ws/info").await;
    assert_eq!((info.status, info.json()["websocket"].clone()), (200, true.into()));
    assert_eq!(client.get("/sockjs-1.6.1.min.js").await.status, 200);
    client.write(b"GET /ws/info HTTP/1.1\r\nhost: evil.example\r\n\r\n").await;
    assert_eq!(client.read().await.status, 403);
    exchange.stop().await;
}
