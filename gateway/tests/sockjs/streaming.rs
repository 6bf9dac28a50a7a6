//! XHR streaming, EventSource and htmlfile: one frame a chunk, until the answer has carried
//! enough.

use crate::pages::{assert_shared, assert_uncached};
use crate::server::{Server, session};

const HTML_HEAD: &str = r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"#;

struct Row {
    method: &'static str,
    door: &'static str,
    content_type: &'static str,
    wrap: fn(&str) -> String,
}

const ROWS: [Row; 3] = [
    Row {
        method: "POST",
        door: "xhr_streaming",
        content_type: "application/javascript;charset=UTF-8",
        wrap: |frame| format!("{frame}\n"),
    },
    Row {
        method: "GET",
        door: "eventsource",
        content_type: "text/event-stream",
        wrap: |frame| format!("data: {frame}\r\n\r\n"),
    },
    Row {
        method: "GET",
        door: "htmlfile?c=%63allback",
        content_type: "text/html;charset=UTF-8",
        wrap: |frame| {
            let frame = frame.replace('\\', "\\\\").replace('"', "\\\"");
            format!("<script>\np(\"{frame}\");\n</script>\r\n")
        },
    },
];

fn assert_prelude(door: &str, prelude: &str) {
    match door {
        "xhr_streaming" => assert_eq!(prelude, format!("{}\n", "h".repeat(2048))),
        "eventsource" => assert_eq!(prelude, "\r\n"),
        _ => {
            assert_eq!(prelude.trim(), HTML_HEAD);
            assert!(prelude.len() > 1024, "{}", prelude.len());
        }
    }
}

#[tokio::test]
async fn a_stream_carries_one_frame_a_chunk() {
    let server = Server::start().await;
    for Row { method, door, content_type, wrap } in ROWS {
        for origin in [Some("test"), None] {
            let session = session("/echo");
            let mut client = server.connect().await;
            let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            client.send(method, &format!("{session}/{door}"), &headers, b"").await;
            let head = client.head().await;
            assert_eq!((head.status, head.is_chunked()), (200, true), "{door}");
            assert_eq!(head.header("content-length"), None, "{door}");
            assert_eq!(head.content_type().as_deref(), Some(content_type));
            assert_uncached(&head);
            assert_shared(&head, origin);
            assert_prelude(door, &client.chunk().await.unwrap());
            assert_eq!(client.chunk().await.unwrap(), wrap("o"), "{door}");
            for (sent, frame) in [
                (r#"["x"]"#, r#"a["x"]"#),
                (r#"["  \u0000\n\r "]"#, r#"a["  \u0000\n\r "]"#),
                (r#"["1","2"]"#, r#"a["1","2"]"#),
            ] {
                server.say(&session, sent).await;
                let mut read = client.chunk().await.unwrap();
                // The service says them one by one: they may leave so too.
                if read == wrap(r#"a["1"]"#) {
                    assert_eq!(client.chunk().await.unwrap(), wrap(r#"a["2"]"#), "{door}");
                    read = wrap(frame);
                }
                assert_eq!(read, wrap(frame), "{door}");
            }
        }
    }
}

/// 4096 bytes for the suite's server, framing included, the prelude not.
#[tokio::test]
async fn a_stream_ends_once_it_has_carried_enough_and_the_session_goes_on() {
    let server = Server::start().await;
    for Row { method, door, wrap, .. } in ROWS {
        for length in [128, 4096] {
            let session = session("/echo");
            let (mut client, _) = server.stream(method, &format!("{session}/{door}")).await;
            assert_prelude(door, &client.chunk().await.unwrap());
            let mut carried = client.chunk().await.unwrap().len();
            let message = format!("[\"{}\"]", "x".repeat(length));
            while carried < 4096 {
                server.say(&session, &message).await;
                let chunk = client.chunk().await.unwrap();
                assert_eq!(chunk, wrap(&format!("a{message}")), "{door}");
                carried += chunk.len();
            }
            assert_eq!(client.chunk().await, None, "{door}: after {carried}");
            server.say(&session, "[\"later\"]").await;
            assert_eq!(server.poll(&session).await, "a[\"later\"]\n", "{door}");
        }
    }
}

/// The suite counts on 31 messages of 128 bytes to fill an XHR stream.
#[tokio::test]
async fn the_prelude_does_not_count() {
    let server = Server::start().await;
    let session = session("/echo");
    let mut client = server.xhr_stream(&session).await;
    assert_eq!(client.chunk().await.unwrap(), "o\n");
    let message = format!("[\"{}\"]", "x".repeat(128));
    for _ in 0..31 {
        server.say(&session, &message).await;
        assert_eq!(client.chunk().await.unwrap(), format!("a{message}\n"));
    }
    assert_eq!(client.chunk().await, None);
}

#[tokio::test]
async fn a_message_cannot_end_the_script_that_carries_it() {
    let server = Server::start().await;
    let session = session("/echo");
    let (mut client, head) = server.stream("GET", &format!("{session}/htmlfile?c=x")).await;
    assert_eq!(head.header("x-content-type-options"), Some("nosniff"));
    client.chunk().await.unwrap();
    client.chunk().await.unwrap();
    server.say(&session, "[\"</script><!--\"]").await;
    let expected = "<script>\np(\"a[\\\"\\u003c/script>\\u003c!--\\\"]\");\n</script>\r\n";
    assert_eq!(client.chunk().await.unwrap(), expected);
}
