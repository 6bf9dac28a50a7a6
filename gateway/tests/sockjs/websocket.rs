//! WebSocket with SockJS framing, the opening handshake, and what the raw one adds.

use std::sync::Arc;
use std::time::Duration;

use gateway::http::{Reply, Site};
use gateway::sockjs::{
    Close, Message, Mount, Opening, Seats, Service, Serving, Settings, Talk, Transport, below,
};
use hyper::Request;
use hyper::body::Incoming;

use crate::frames::{BINARY, CLOSE, FINAL, HANDSHAKE, PING, PONG, TEXT, Ws, close, handshake};
use crate::server::{PATIENCE, Server, session};

#[tokio::test]
async fn it_opens_echoes_and_closes() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, &format!("{}/websocket", session("/echo"))).await;
    assert_eq!(ws.read_text().await, "o");
    for ignored in ["", "[]"] {
        ws.text(ignored).await;
    }
    for (sent, expected) in [
        (r#"["a"]"#, r#"a["a"]"#),
        (r#""single""#, r#"a["single"]"#),
        (r#"["\u2028"]"#, r#"a["\u2028"]"#),
        (r#"["a","b"]"#, r#"a["a","b"]"#),
    ] {
        ws.text(sent).await;
        assert_eq!(ws.read_text().await, expected);
    }
    ws.send(FINAL | CLOSE, close(Some(1000), "bye")).await;
    assert_eq!(ws.closed().await, (Some(1000), "bye".to_owned()));
    assert!(ws.client.is_closed().await);
}

#[tokio::test]
async fn the_service_closes_with_a_frame_and_then_for_good() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, &format!("{}/websocket", session("/close"))).await;
    assert_eq!(ws.read_text().await, "o");
    assert_eq!(ws.read_text().await, "c[3000,\"Go away!\"]");
    assert_eq!(ws.ended().await, (Some(3000), "Go away!".to_owned()));
}

#[tokio::test]
async fn a_raw_socket_reads_only_the_close() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, "/close/websocket").await;
    assert_eq!(ws.ended().await, (Some(3000), "Go away!".to_owned()));
    let mut ws = Ws::open(&server, "/echo/websocket").await;
    ws.text("Hello world!\u{ffff}").await;
    assert_eq!(ws.read_text().await, "Hello world!\u{ffff}");
    let mut ws = Ws::open(&server, "/echo").await;
    ws.text("at the base too").await;
    assert_eq!(ws.read_text().await, "at the base too");
}

#[tokio::test]
async fn a_session_name_may_be_used_twice_at_once() {
    let server = Server::start().await;
    let path = format!("{}/websocket", session("/echo"));
    let mut first = Ws::open(&server, &path).await;
    let mut second = Ws::open(&server, &path).await;
    for (ws, sent) in [(&mut first, "[\"a\"]"), (&mut second, "[\"b\"]")] {
        assert_eq!(ws.read_text().await, "o");
        ws.text(sent).await;
        assert_eq!(ws.read_text().await, format!("a{sent}"));
        ws.send(FINAL | CLOSE, close(Some(1000), "")).await;
    }
    let mut again = Ws::open(&server, &path).await;
    assert_eq!(again.read_text().await, "o");
}

#[tokio::test]
async fn broken_framing_ends_the_connection() {
    let server = Server::start().await;
    for (first, payload, code) in [
        (FINAL | TEXT, "[\"a", 1002),
        (FINAL | TEXT, "a", 1002),
        (FINAL | TEXT, "[1]", 1002),
        (FINAL | BINARY, "[\"a\"]", 1003),
    ] {
        let mut ws = Ws::open(&server, &format!("{}/websocket", session("/echo"))).await;
        assert_eq!(ws.read_text().await, "o");
        ws.send(first, payload).await;
        assert_eq!(ws.ended().await.0, Some(code), "{payload}");
    }
}

#[tokio::test]
async fn a_handshake_is_checked_whole() {
    let server = Server::start().await;
    for prefix in ["/0/0/websocket", "/websocket"] {
        let path = format!("/echo{prefix}");
        let plain = server.get(&path).await;
        assert_eq!((plain.status, plain.body.as_str()), (400, "Not a valid websocket request\n"));
        for (name, value, status) in [
            ("connection", "close", 400),
            ("connection", "keep-alive, Upgrade", 101),
            ("upgrade", "WebSocket", 101),
            ("upgrade", "h2c", 400),
            ("sec-websocket-version", "7", 101),
            ("sec-websocket-version", "8", 101),
            ("sec-websocket-version", "12", 426),
            ("sec-websocket-version", "13, 8", 426),
            ("sec-websocket-key", "short", 400),
        ] {
            let mut headers = HANDSHAKE.to_vec();
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
            let (_, reply) = handshake(&server, &path, &headers).await;
            assert_eq!(reply.status, status, "{path} {name}: {value}");
            if status == 426 {
                assert_eq!(reply.header("sec-websocket-version"), Some("13, 8, 7"));
            }
        }
        let mut headers = HANDSHAKE.to_vec();
        headers.push(("sec-websocket-extensions", "permessage-deflate"));
        headers.push(("sec-websocket-protocol", "v12.stomp"));
        headers.push(("origin", "http://asd"));
        let (_, reply) = handshake(&server, &path, &headers).await;
        assert_eq!(reply.status, 101);
        assert_eq!(reply.header("sec-websocket-accept"), Some("HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
        assert_eq!(reply.header("upgrade").unwrap().to_lowercase(), "websocket");
        assert_eq!(reply.header("connection").unwrap().to_lowercase(), "upgrade");
        for absent in ["content-length", "sec-websocket-extensions", "sec-websocket-protocol"] {
            assert_eq!(reply.header(absent), None, "{absent}");
        }
        for method in ["POST", "PUT"] {
            let reply = server.ask(method, &path, &HANDSHAKE, b"").await;
            assert_eq!((reply.status, reply.content_type()), (405, None), "{method}");
        }
    }
    for path in ["/disabled_websocket_echo/0/0/websocket", "/disabled_websocket_echo/websocket"] {
        assert_eq!(handshake(&server, path, &HANDSHAKE).await.1.status, 404, "{path}");
    }
    let (_, reply) = handshake(&server, "/disabled_websocket_echo", &HANDSHAKE).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "Welcome to SockJS!\n"));
}

#[tokio::test]
async fn silence_is_a_heartbeat_on_framed_sockets_and_a_ping_on_raw_ones() {
    let server = Server::adjusted(|settings| settings.heartbeat = Duration::from_millis(20)).await;
    let mut raw = Ws::open(&server, "/echo/websocket").await;
    let mut framed = Ws::open(&server, &format!("{}/websocket", session("/echo"))).await;
    for expected in ["o", "h", "h", "h"] {
        assert_eq!(framed.read_text().await, expected);
    }
    for _ in 0..3 {
        assert_eq!(raw.read().await, (FINAL | PING, Vec::new()));
        raw.send(FINAL | PONG, "").await;
    }
    raw.text("heard").await;
    loop {
        match raw.read().await {
            (first, _) if first == FINAL | PING => {}
            answer => break assert_eq!(answer, (FINAL | TEXT, b"heard".to_vec())),
        }
    }
}

/// Tells its client how the session was opened.
struct Herald;

impl Service for Herald {
    fn serve(&self, opening: Opening, mut talk: Talk) -> Serving {
        Box::pin(async move {
            let Opening { peer, transport, query, headers, protocol, seat: _ } = opening;
            let agent = headers.get("user-agent").and_then(|value| value.to_str().ok());
            let agent = agent.unwrap_or_default();
            let told = format!("{} {transport:?} {query} {agent} {protocol:?}", peer.ip());
            talk.keep_own_beat();
            talk.say(Message::Text(told.into())).await.ok();
            match talk.next().await {
                None => Close::new(1000, "never read"),
                Some(Message::Text(text)) if text.as_str() == "panic" => panic!("asked for"),
                Some(_) => Close { code: 4000, reason: "가".repeat(50).into() },
            }
        })
    }
}

struct HeraldSite(Arc<Mount>);

impl Site for HeraldSite {
    async fn answer(&self, peer: std::net::SocketAddr, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        self.0.answer(peer, below("/h", &path).unwrap(), request).await
    }
}

async fn herald() -> (Server, Arc<Mount>, Arc<Seats>) {
    let protocols = &["v12.stomp", "v11.stomp"];
    let session_timeout = PATIENCE;
    let settings = Settings { session_timeout, protocols, ..Settings::default() };
    let seats = Seats::of_product();
    let mount = Mount::new(settings, &seats, Herald);
    (Server::with(&Arc::new(HeraldSite(Arc::clone(&mount)))).await, mount, seats)
}

#[tokio::test]
async fn a_service_knows_how_it_was_reached() {
    let (server, _mount, _seats) = herald().await;
    let agent = ("user-agent", "me");
    for (transport, method, door) in [
        (Transport::Xhr, "POST", "xhr"),
        (Transport::XhrStreaming, "POST", "xhr_streaming"),
        (Transport::EventSource, "GET", "eventsource"),
        (Transport::HtmlFile, "GET", "htmlfile"),
        (Transport::Jsonp, "GET", "jsonp"),
    ] {
        let session = session("/h");
        let path = format!("{session}/{door}?account=a%20b&c=x");
        let mut client = server.connect().await;
        client.send(method, &path, &[agent], b"").await;
        let head = client.head().await;
        if head.is_chunked() {
            // The prelude, and the frame that opens.
            client.chunk().await.unwrap();
            client.chunk().await.unwrap();
            // An event escapes the percent sign.
            let told = client.chunk().await.unwrap().replace("%25", "%");
            let expected = format!("127.0.0.1 {transport:?} account=a%20b&c=x me None");
            assert!(told.contains(&expected), "{told}");
        } else {
            let told = server.poll(&session).await;
            let expected = format!("127.0.0.1 {transport:?} account=a%20b&c=x me None");
            assert!(told.contains(&expected), "{told}");
        }
    }
    for (offered, taken) in [
        ("v10.stomp, v11.stomp, v12.stomp", Some("v12.stomp")),
        ("v11.stomp", Some("v11.stomp")),
        ("mqtt", None),
    ] {
        for (path, transport) in
            [("/h/websocket", "RawWebSocket"), ("/h/0/0/websocket", "WebSocket")]
        {
            let mut headers = HANDSHAKE.to_vec();
            headers.extend([agent, ("sec-websocket-protocol", offered)]);
            let (client, reply) = handshake(&server, path, &headers).await;
            assert_eq!(reply.header("sec-websocket-protocol"), taken, "{offered}");
            let mut ws = Ws { client };
            if transport == "WebSocket" {
                assert_eq!(ws.read_text().await, "o");
            }
            let told = ws.read_text().await;
            let told = told.replace('\\', "");
            assert!(told.contains(&format!("127.0.0.1 {transport}  me {taken:?}")), "{told}");
        }
    }
}

#[tokio::test]
async fn a_panic_closes_its_session_alone_and_a_long_reason_is_cut() {
    let (server, _mount, seats) = herald().await;
    let mut bystander = Ws::open(&server, "/h/websocket").await;
    bystander.read_text().await;
    let polled = session("/h");
    assert_eq!(server.poll(&polled).await, "o\n");
    server.poll(&polled).await;
    server.say(&polled, "[\"panic\"]").await;
    assert_eq!(server.poll(&polled).await, "c[1011,\"internal error\"]\n");
    let mut ws = Ws::open(&server, "/h/websocket").await;
    ws.read_text().await;
    ws.text("panic").await;
    assert_eq!(ws.ended().await, (Some(1011), "internal error".to_owned()));
    bystander.text("go on").await;
    assert_eq!(bystander.ended().await, (Some(4000), "가".repeat(41)));
    assert!(seats.taken() <= 3);
}

#[tokio::test]
async fn a_stopped_mount_closes_every_session_and_opens_no_more() {
    let (server, mount, seats) = herald().await;
    let mut ws = Ws::open(&server, "/h/websocket").await;
    ws.read_text().await;
    let mut framed = Ws::open(&server, "/h/0/0/websocket").await;
    assert_eq!(framed.read_text().await, "o");
    framed.read_text().await;
    let mut stream = server.xhr_stream(&session("/h")).await;
    assert_eq!(stream.chunk().await.unwrap(), "o\n");
    stream.chunk().await.unwrap();
    assert_eq!(seats.taken(), 3);
    mount.stop();
    assert_eq!(ws.ended().await, (Some(1001), "Shutdown".to_owned()));
    assert_eq!(framed.read_text().await, "c[1001,\"Shutdown\"]");
    assert_eq!(framed.ended().await, (Some(1001), "Shutdown".to_owned()));
    assert_eq!(stream.chunk().await.unwrap(), "c[1001,\"Shutdown\"]\n");
    assert_eq!(stream.chunk().await, None);
    let reply = server.post(&format!("{}/xhr", session("/h")), "").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(handshake(&server, "/h/websocket", &HANDSHAKE).await.1.status, 503);
    seats.empty().await;
    drop((ws, framed, stream));
    server.stop().await;
    assert_eq!(seats.taken(), 0);
}
