//! XHR polling, and with it the life of a session.

use crate::client::Reply;
use crate::pages::{assert_shared, assert_uncached};
use crate::server::{Server, session};

fn is_script(reply: &Reply) -> bool {
    reply.content_type().as_deref() == Some("application/javascript;charset=UTF-8")
}

#[tokio::test]
async fn a_session_opens_takes_messages_and_gives_them_back() {
    let server = Server::start().await;
    let session = session("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    for origin in [Some("test"), Some("null"), None] {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let polled = server.ask("POST", &xhr, &headers, b"").await;
        let expected = if origin == Some("test") { "o\n" } else { "a[\"x\"]\n" };
        assert_eq!((polled.status, polled.body.as_str()), (200, expected));
        assert!(is_script(&polled), "{polled:?}");
        let sent = server.ask("POST", &send, &headers, b"[\"x\"]").await;
        assert_eq!((sent.status, sent.body.as_str()), (204, ""));
        assert_eq!(sent.content_type().as_deref(), Some("text/plain;charset=UTF-8"));
        for reply in [polled, sent] {
            assert_shared(&reply, origin);
            assert_uncached(&reply);
            assert_eq!(reply.header("set-cookie"), None);
        }
    }
    assert_eq!(server.poll(&session).await, "a[\"x\"]\n");
}

#[tokio::test]
async fn any_name_is_a_session_and_the_server_part_is_ignored() {
    let server = Server::start().await;
    for name in ["/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20", "/0/%EA%B0%80"] {
        assert_eq!(server.poll(&format!("/echo{name}")).await, "o\n", "{name}");
    }
    assert_eq!(server.poll("/echo/000/one").await, "o\n");
    server.say("/echo/000/one", "[\"a\"]").await;
    assert_eq!(server.poll("/echo/999/one").await, "a[\"a\"]\n");
}

#[tokio::test]
async fn nothing_is_sent_to_a_session_that_does_not_exist() {
    let server = Server::start().await;
    for door in ["xhr_send", "jsonp_send"] {
        let reply = server.post(&format!("/echo/000/bad_session/{door}"), "[\"x\"]").await;
        assert_eq!(reply.status, 404, "{door}");
    }
}

#[tokio::test]
async fn wrong_payloads_are_refused_and_the_session_lives() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    for (body, text) in [
        ("[\"x", "Broken JSON encoding."),
        ("", "Payload expected."),
        ("{}", "Payload expected."),
        ("[1]", "Broken JSON encoding."),
    ] {
        let reply = server.post(&format!("{session}/xhr_send"), body).await;
        assert_eq!((reply.status, reply.body.as_str()), (500, text), "{body}");
    }
    server.say(&session, "[]").await;
    server.say(&session, "[\"a\"]").await;
    assert_eq!(server.poll(&session).await, "a[\"a\"]\n");
}

#[tokio::test]
async fn every_content_type_is_taken_and_one_poll_returns_all_that_is_due() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let types = [
        "text/plain",
        "T",
        "application/json",
        "application/xml",
        "",
        "application/json; charset=utf-8",
        "text/xml; charset=utf-8",
        "text/xml",
    ];
    for content_type in types {
        let path = format!("{session}/xhr_send");
        let headers = [("content-type", content_type)];
        let reply = server.ask("POST", &path, &headers, b"[\"a\"]").await;
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{content_type}");
    }
    server.say(&session, "[\"b\",\"c\"]").await;
    let expected = format!("a[{}\"b\",\"c\"]\n", "\"a\",".repeat(types.len()));
    assert_eq!(server.poll(&session).await, expected);
}

/// The body comes in chunks, or is announced and waited for.
#[tokio::test]
async fn a_body_may_come_in_any_form() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let mut client = server.connect().await;
    let head = format!("POST {session}/xhr_send HTTP/1.1\r\nhost: x\r\n");
    let chunked =
        format!("{head}transfer-encoding: chunked\r\n\r\n2\r\n[\"\r\n3\r\na\"]\r\n0\r\n\r\n");
    client.write(chunked.as_bytes()).await;
    assert_eq!(client.reply("POST").await.status, 204);
    let waits = format!("{head}content-length: 5\r\nexpect: 100-continue\r\n\r\n");
    client.write(waits.as_bytes()).await;
    assert_eq!(client.head().await.status, 100);
    client.write(b"[\"b\"]").await;
    assert_eq!(client.reply("POST").await.status, 204);
    assert_eq!(server.poll(&session).await, "a[\"a\",\"b\"]\n");
}

#[tokio::test]
async fn a_poll_waits_for_messages() {
    let server = Server::start().await;
    let session = session("/echo");
    let mut client = server.connect().await;
    for expected in ["o\n", "a[\"1\"]\n", "a[\"2\"]\n"] {
        client.send("POST", &format!("{session}/xhr"), &[], b"").await;
        if let Some(body) = expected.strip_prefix('a') {
            server.say(&session, body.trim_end()).await;
        }
        assert_eq!(client.reply("POST").await.body, expected, "on one connection");
    }
}
