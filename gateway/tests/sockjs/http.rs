//! HTTP/1.0 and 1.1: who keeps the connection, and how the end of a body is known.

use crate::server::{Server, session};

#[tokio::test]
async fn an_old_client_reads_a_length_and_may_ask_again() {
    let server = Server::start().await;
    for (connection, expected) in [(Some("Keep-Alive"), "keep-alive"), (None, "close")] {
        let mut client = server.connect().await;
        let headers: Vec<_> = connection.map(|value| ("Connection", value)).into_iter().collect();
        for _ in 0..2 {
            client.send_as("1.0", "GET", "/echo", &headers, b"").await;
            let reply = client.reply("GET").await;
            assert_eq!((reply.status, reply.body.as_str()), (200, "Welcome to SockJS!\n"));
            assert_eq!(reply.header("transfer-encoding"), None);
            assert_eq!(reply.header("content-length"), Some("19"));
            let said = reply.header("connection").unwrap_or("close");
            assert!(said.eq_ignore_ascii_case(expected), "{said}, {}", reply.version);
            if expected == "close" {
                assert!(client.is_closed().await);
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_old_client_reads_a_stream_to_the_connections_end() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let path = format!("{}/xhr_streaming", session("/close"));
    client.send_as("1.0", "POST", &path, &[("Connection", "Keep-Alive")], b"").await;
    let head = client.head().await;
    assert_eq!(head.status, 200);
    assert_eq!((head.header("transfer-encoding"), head.header("content-length")), (None, None));
    assert_eq!(client.text(2049).await, format!("{}\n", "h".repeat(2048)));
    assert_eq!(client.text(2).await, "o\n");
    assert_eq!(client.text(19).await, "c[3000,\"Go away!\"]\n");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_new_client_keeps_its_connection() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.send("GET", "/echo", &[("Connection", "Keep-Alive")], b"").await;
        let reply = client.reply("GET").await;
        assert_eq!((reply.version.as_str(), reply.status), ("HTTP/1.1", 200));
        assert_eq!(reply.header("content-length"), Some("19"));
        let connection = reply.header("connection").unwrap_or_default();
        assert!(["", "keep-alive"].contains(&connection), "{connection}");
    }
    let path = format!("{}/xhr_streaming", session("/close"));
    client.send("POST", &path, &[("Connection", "Keep-Alive")], b"").await;
    let head = client.head().await;
    assert_eq!((head.status, head.is_chunked()), (200, true));
    assert_eq!(head.header("content-length"), None);
    assert!(client.chunk().await.unwrap().starts_with('h'));
    assert_eq!(client.chunk().await.unwrap(), "o\n");
    assert_eq!(client.chunk().await.unwrap(), "c[3000,\"Go away!\"]\n");
    assert_eq!(client.chunk().await, None);
    client.send("GET", "/echo", &[], b"").await;
    assert_eq!(client.reply("GET").await.status, 200, "after a stream too");
}
