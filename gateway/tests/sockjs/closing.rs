//! How sessions end: by the service, by a client that leaves, by one that stays away.

use std::time::Duration;

use gateway::sockjs::Settings;

use crate::server::{Server, session};
use crate::site::EchoSite;

const GO_AWAY: &str = "c[3000,\"Go away!\"]\n";
const OCCUPIED: &str = "c[2010,\"Another connection still open\"]\n";
const INTERRUPTED: &str = "c[1002,\"Connection interrupted\"]\n";

#[tokio::test]
async fn a_closed_session_says_so_again_and_again_and_takes_no_messages() {
    let server = Server::start().await;
    let session = session("/close");
    assert_eq!(server.poll(&session).await, "o\n");
    for _ in 0..3 {
        assert_eq!(server.poll(&session).await, GO_AWAY);
        server.say(&session, "[\"too late\"]").await;
    }
}

#[tokio::test]
async fn the_close_ends_a_stream_and_the_next_one_reads_it_too() {
    let server = Server::start().await;
    let session = session("/close");
    let mut first = server.xhr_stream(&session).await;
    assert_eq!(first.chunk().await.unwrap(), "o\n");
    assert_eq!(first.chunk().await.unwrap(), GO_AWAY);
    let mut second = server.xhr_stream(&session).await;
    assert_eq!(second.chunk().await.unwrap(), GO_AWAY);
    assert_eq!(first.chunk().await, None);
    assert_eq!(second.chunk().await, None);
}

#[tokio::test]
async fn a_second_receiver_is_turned_away_and_the_first_goes_on() {
    let server = Server::start().await;
    let session = session("/echo");
    let mut first = server.xhr_stream(&session).await;
    assert_eq!(first.chunk().await.unwrap(), "o\n");
    let mut second = server.xhr_stream(&session).await;
    assert_eq!(second.chunk().await.unwrap(), OCCUPIED);
    assert_eq!(second.chunk().await, None);
    assert_eq!(server.poll(&session).await, OCCUPIED);
    let (mut events, _) = server.stream("GET", &format!("{session}/eventsource")).await;
    events.chunk().await.unwrap();
    assert_eq!(events.chunk().await.unwrap(), format!("data: {}\r\n\r\n", OCCUPIED.trim_end()));
    assert_eq!(events.chunk().await, None);
    let jsonp = server.get(&format!("{session}/jsonp?c=x")).await;
    assert_eq!(jsonp.body, "/**/x(\"c[2010,\\\"Another connection still open\\\"]\");\r\n");
    server.say(&session, "[\"a\"]").await;
    assert_eq!(first.chunk().await.unwrap(), "a[\"a\"]\n");
}

/// What the one who comes after a receiver that left reads; the server may not have seen it yet.
async fn after_a_receiver_left(server: &Server, session: &str) -> String {
    loop {
        let polled = server.poll(session).await;
        if polled != OCCUPIED {
            return polled;
        }
    }
}

#[tokio::test]
async fn a_stream_whose_client_leaves_ends_the_session() {
    let server = Server::start().await;
    for (method, door) in
        [("POST", "xhr_streaming"), ("GET", "eventsource"), ("GET", "htmlfile?c=x")]
    {
        let session = session("/echo");
        let (mut client, _) = server.stream(method, &format!("{session}/{door}")).await;
        client.chunk().await.unwrap();
        assert!(client.chunk().await.unwrap().contains('o'));
        drop(client);
        assert_eq!(after_a_receiver_left(&server, &session).await, INTERRUPTED, "{door}");
        assert_eq!(server.poll(&session).await, INTERRUPTED, "and again");
    }
}

#[tokio::test]
async fn a_poll_whose_client_leaves_ends_the_session() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let path = format!("{session}/xhr");
    let (mut one, mut other) = (server.connect().await, server.connect().await);
    one.send("POST", &path, &[], b"").await;
    other.send("POST", &path, &[], b"").await;
    // Which of the two came first only the server knows.
    let waiting = tokio::select! {
        reply = one.reply("POST") => {
            assert_eq!(reply.body, OCCUPIED);
            other
        }
        reply = other.reply("POST") => {
            assert_eq!(reply.body, OCCUPIED);
            one
        }
    };
    drop(waiting);
    assert_eq!(after_a_receiver_left(&server, &session).await, INTERRUPTED);
}

#[tokio::test]
async fn a_session_that_nobody_receives_from_is_forgotten_open_or_closed() {
    let server = Server::adjusted(|settings| {
        settings.session_timeout = Duration::from_millis(50);
    })
    .await;
    for prefix in ["/echo", "/close"] {
        let session = session(prefix);
        assert_eq!(server.poll(&session).await, "o\n");
        while server.post(&format!("{session}/xhr_send"), "[]").await.status == 204 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.poll(&session).await, "o\n", "a new one of the same name");
    }
}

/// As the example program does on SIGTERM.
#[tokio::test]
async fn a_site_that_stops_says_so_and_ends_with_its_last_session() {
    let site = EchoSite::new();
    let server = Server::with(&site).await;
    let mut stream = server.xhr_stream(&session("/echo")).await;
    assert_eq!(stream.chunk().await.unwrap(), "o\n");
    let (stopped, ()) = tokio::join!(async { stream.chunk().await.unwrap() }, async {
        site.stop().await;
    });
    assert_eq!(stopped, "c[1001,\"Shutdown\"]\n");
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn five_and_twenty_five_seconds_unless_told_otherwise() {
    let settings = Settings::default();
    assert_eq!(settings.session_timeout, Duration::from_secs(5));
    assert_eq!(settings.heartbeat, Duration::from_secs(25));
    assert_eq!(settings.response_bytes_max, 128 << 10);
}

#[tokio::test]
async fn a_receiver_without_news_reads_a_heartbeat() {
    let server = Server::adjusted(|settings| settings.heartbeat = Duration::from_millis(30)).await;
    let polled = session("/echo");
    assert_eq!(server.poll(&polled).await, "o\n");
    assert_eq!(server.poll(&polled).await, "h\n");
    for (method, door, frame) in [
        ("POST", "xhr_streaming", "h\n"),
        ("GET", "eventsource", "data: h\r\n\r\n"),
        ("GET", "htmlfile?c=x", "<script>\np(\"h\");\n</script>\r\n"),
    ] {
        let path = format!("{}/{door}", session("/echo"));
        let (mut client, _) = server.stream(method, &path).await;
        client.chunk().await.unwrap();
        client.chunk().await.unwrap();
        assert_eq!(client.chunk().await.unwrap(), frame);
        assert_eq!(client.chunk().await.unwrap(), frame, "one after the other");
    }
}
