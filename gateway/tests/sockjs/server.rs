//! A server of a test's own on a free port, and what every test asks of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gateway::config::Listen;
use gateway::http::acceptor::Counters;
use gateway::http::{Acceptor, Listener, Site};
use gateway::sockjs::{Seats, Settings};

use crate::client::{Client, Reply};
use crate::site::EchoSite;

/// A machine may be busy for longer than a session lives by default.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    acceptor: Arc<Acceptor>,
}

impl Server {
    /// As `sockjs_echo` is.
    pub(crate) async fn start() -> Self {
        Self::adjusted(|_| ()).await
    }

    pub(crate) async fn adjusted(adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { session_timeout: PATIENCE, ..EchoSite::settings() };
        adjust(&mut settings);
        Self::with(&EchoSite::with(settings, Seats::of_product())).await
    }

    pub(crate) async fn with(site: &Arc<impl Site>) -> Self {
        let listen = Listen::Loopback { port: 0 };
        let listener = Listener::bind("test", listen).await.unwrap().unwrap();
        let address = listener.address();
        let acceptor = Acceptor::new(Counters::default(), None);
        acceptor.serve(listener, site);
        Self { address, acceptor }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own, to the end of the answer.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut client = self.connect().await;
        client.send(method, path, headers, body).await;
        client.reply(method).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.ask("POST", path, &[], body.as_bytes()).await
    }

    /// The body of a poll.
    pub(crate) async fn poll(&self, session: &str) -> String {
        let reply = self.post(&format!("{session}/xhr"), "").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// Sends messages and expects them to be taken.
    pub(crate) async fn say(&self, session: &str, body: &str) {
        let reply = self.post(&format!("{session}/xhr_send"), body).await;
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{body}");
    }

    /// A stream past its head.
    pub(crate) async fn stream(&self, method: &str, path: &str) -> (Client, Reply) {
        let mut client = self.connect().await;
        client.send(method, path, &[], b"").await;
        let head = client.head().await;
        assert_eq!(head.status, 200, "{head:?}");
        (client, head)
    }

    /// A stream of XHR past its prelude.
    pub(crate) async fn xhr_stream(&self, session: &str) -> Client {
        let (mut client, _) = self.stream("POST", &format!("{session}/xhr_streaming")).await;
        assert_eq!(client.chunk().await.unwrap(), format!("{}\n", "h".repeat(2048)));
        client
    }

    pub(crate) async fn stop(&self) {
        self.acceptor.stop();
        self.acceptor.ended().await;
    }
}

/// A session nobody else has.
pub(crate) fn session(prefix: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}/000/session-{}", LAST.fetch_add(1, Ordering::Relaxed))
}
