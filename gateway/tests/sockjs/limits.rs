//! Every limit and its effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway::http::{Reply, Site};
use gateway::sockjs::{
    Close, Message, Mount, Opening, Seats, Service, Serving, Settings, Talk, below,
};
use hyper::Request;
use hyper::body::Incoming;

use crate::frames::{HANDSHAKE, Ws, handshake};
use crate::server::{PATIENCE, Server, session};
use crate::site::EchoSite;

#[tokio::test]
async fn a_payload_that_is_too_large_is_refused_and_the_session_over_http_lives() {
    let server = Server::adjusted(|settings| settings.payload_bytes_max = 1024).await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let fits = format!("[\"{}\"]", "x".repeat(1024 - 4));
    let over = format!("[\"{}\"]", "x".repeat(1024 - 3));
    let far_over = "x".repeat(2 << 20);
    for (body, status) in [(&over, 413), (&far_over, 413), (&fits, 204)] {
        let reply = server.post(&format!("{session}/xhr_send"), body).await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(server.poll(&session).await, format!("a{fits}\n"));
    for path in [format!("{session}/websocket"), "/echo/websocket".to_owned()] {
        let mut ws = Ws::open(&server, &path).await;
        if path != "/echo/websocket" {
            assert_eq!(ws.read_text().await, "o");
        }
        ws.text(&fits).await;
        assert!(ws.read_text().await.ends_with(&fits));
        ws.text(&over).await;
        assert_eq!(ws.ended().await.0, Some(1009), "{path}");
    }
}

/// A receiver needs no body: one too large to be put away ends the connection.
#[tokio::test]
async fn a_poll_with_an_endless_body_is_refused() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("POST", "/echo/0/endless/xhr", &[], &vec![b'x'; 1 << 20]).await;
    let reply = client.reply("POST").await;
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
}

#[tokio::test]
async fn sessions_are_bounded_over_all_transports_and_mounts() {
    let session_timeout = Duration::from_millis(50);
    let settings = Settings { session_timeout, ..EchoSite::settings() };
    let server = Server::with(&EchoSite::with(settings, Seats::new(2, 1))).await;
    let mut ws = Ws::open(&server, "/echo/websocket").await;
    let polled = session("/echo");
    let mut stream = server.xhr_stream(&polled).await;
    assert_eq!(stream.chunk().await.unwrap(), "o\n");
    let other = session("/echo");
    for door in ["xhr", "xhr_streaming"] {
        let reply = server.post(&format!("{other}/{door}"), "").await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{door}");
    }
    for path in ["/echo/websocket", "/close/0/0/websocket"] {
        assert_eq!(handshake(&server, path, &HANDSHAKE).await.1.status, 503, "{path}");
    }
    assert_eq!(server.get("/echo/info").await.status, 200, "info is always answered");
    ws.text("still here").await;
    assert_eq!(ws.read_text().await, "still here");
    drop(stream);
    while server.post(&format!("{other}/xhr"), "").await.status == 503 {
        tokio::task::yield_now().await;
    }
}

/// Never listens, and talks without end.
struct Deaf {
    said: Arc<AtomicUsize>,
}

const LINE_BYTES: usize = 1000;

impl Service for Deaf {
    fn serve(&self, _opening: Opening, mut talk: Talk) -> Serving {
        let said = Arc::clone(&self.said);
        Box::pin(async move {
            while talk.say(Message::Text("x".repeat(LINE_BYTES).into())).await.is_ok() {
                said.fetch_add(1, Ordering::Relaxed);
            }
            Close::new(1000, "")
        })
    }
}

struct DeafSite(Arc<Mount>);

impl Site for DeafSite {
    async fn answer(&self, peer: std::net::SocketAddr, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        self.0.answer(peer, below("/deaf", &path).unwrap(), request).await
    }
}

#[tokio::test]
async fn a_service_that_says_more_than_is_read_waits() {
    let said = Arc::new(AtomicUsize::new(0));
    let settings = Settings {
        outgoing_bytes_max: 16 << 10,
        incoming_bytes_max: 1 << 10,
        response_bytes_max: 4 << 10,
        send_timeout: Duration::from_millis(20),
        session_timeout: PATIENCE,
        ..Settings::default()
    };
    let mount = Mount::new(settings, &Seats::of_product(), Deaf { said: Arc::clone(&said) });
    let server = Server::with(&Arc::new(DeafSite(mount))).await;
    let session = session("/deaf");
    assert_eq!(server.poll(&session).await, "o\n");
    let mut read = 0;
    for _ in 0..20 {
        let polled = server.poll(&session).await;
        let messages: Vec<String> =
            serde_json::from_str(polled.strip_prefix('a').unwrap()).unwrap();
        assert!((1..=4).contains(&messages.len()), "{}", messages.len());
        read += messages.len();
        let waiting = said.load(Ordering::Relaxed).saturating_sub(read);
        assert!(waiting <= (16 << 10) / LINE_BYTES + 1, "{waiting} messages wait");
    }
    let message = format!("[\"{}\"]", "y".repeat(2000));
    let path = format!("{session}/xhr_send");
    assert_eq!(server.post(&path, &message).await.status, 204, "there was room for one");
    let reply = server.post(&path, &message).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
}

/// A socket whose client does not read is still heard: its close is answered.
#[tokio::test]
async fn a_client_that_does_not_read_is_still_heard() {
    let said = Arc::new(AtomicUsize::new(0));
    let seats = Seats::of_product();
    let mount = Mount::new(Settings::default(), &seats, Deaf { said });
    let server = Server::with(&Arc::new(DeafSite(mount))).await;
    let ws = Ws::open(&server, "/deaf/websocket").await;
    assert_eq!(seats.taken(), 1);
    drop(ws);
    seats.empty().await;
    assert_eq!(seats.taken(), 0);
}
