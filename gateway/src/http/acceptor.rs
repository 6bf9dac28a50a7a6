//! Accepting: how many connections may be open, over all listeners together, and when accepting
//! ends. What is answered on a connection is its listener's `Site`, not known here.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::crowd::{Crowd, Guest, Limits, NoPlace};
use super::linger::Linger;
use super::tls::Tls;
use super::wire::Wire;
use super::{Listener, connection};

/// How long accepting pauses when the process or the system is out of descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// A connection that is silent for so long is probed, and again after each interval.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// A peer that answers no probe, or takes nothing of what was sent, is gone after this. Longer
/// than any session waits for a slow reader.
const UNANSWERED_MAX: Duration = Duration::from_secs(120);
/// Connections that are being refused in words; one more is closed without.
const REFUSING_MAX: usize = 256;
/// What a connection reads that finds no place: in all, or of its address.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
content-type: application/json\r\ncontent-length: 59\r\n\r\n\
{\"error\":\"BUSY\",\"message\":\"too many connections are open\"}\n";
const FULL_OF_ADDRESS: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\n\
retry-after: 1\r\ncontent-type: application/json\r\ncontent-length: 91\r\n\r\n\
{\"error\":\"TOO_MANY_CONNECTIONS\",\
\"message\":\"too many connections of this address are open\"}\n";

/// An answer's body: whole, or frame by frame; each frame leaves as a chunk of its own.
pub type Content = Either<Full<Bytes>, UnsyncBoxBody<Bytes, std::convert::Infallible>>;
pub type Reply = Response<Content>;

/// Answers the requests of a listener.
pub trait Site: Send + Sync + 'static {
    fn answer(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> impl Future<Output = Reply> + Send;
}

/// What is counted of connections; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub open: Gauge,
    /// For which there was no place.
    pub refused: Counter,
    /// Pauses for want of descriptors.
    pub pauses: Counter,
}

/// What all connections share.
pub struct Acceptor {
    public: Arc<Crowd>,
    admin: Arc<Crowd>,
    refusing: Arc<Semaphore>,
    pub(super) counters: Counters,
    /// None: in the clear.
    pub(super) tls: Option<Tls>,
    /// True once the process is stopping.
    stopping: watch::Sender<bool>,
}

impl Acceptor {
    pub fn new(counters: Counters, tls: Option<Tls>) -> Arc<Self> {
        let (public, admin) = (Crowd::new(Limits::PUBLIC), Crowd::new(Limits::ADMIN));
        let refusing = Arc::new(Semaphore::new(REFUSING_MAX));
        let (stopping, _) = watch::channel(false);
        Arc::new(Self { public, admin, refusing, counters, tls, stopping })
    }

    /// Accepts from now on, until `stop`.
    pub fn serve<S: Site>(self: &Arc<Self>, listener: Listener, site: &Arc<S>) {
        self.serve_in(&self.public, listener, site);
    }

    /// The same with places of its own, which no other listener's connections take.
    pub fn serve_apart<S: Site>(self: &Arc<Self>, listener: Listener, site: &Arc<S>) {
        self.serve_in(&self.admin, listener, site);
    }

    fn serve_in<S: Site>(self: &Arc<Self>, crowd: &Arc<Crowd>, listener: Listener, site: &Arc<S>) {
        for socket in listener.into_sockets() {
            let (acceptor, crowd) = (Arc::clone(self), Arc::clone(crowd));
            tokio::spawn(accept(acceptor, crowd, socket, Arc::clone(site)));
        }
    }

    /// Accepts no more connections and no more requests; requests under way are answered.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns once `stop` was called.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is ours: it cannot be gone before us.
        let seen = stopping.wait_for(|&stopping| stopping).await.is_ok();
        debug_assert!(seen, "the acceptor holds the sender");
    }

    /// Returns once every connection has ended.
    pub async fn ended(&self) {
        self.public.empty().await;
        self.admin.empty().await;
    }
}

async fn accept<S: Site>(
    acceptor: Arc<Acceptor>,
    crowd: Arc<Crowd>,
    socket: TcpListener,
    site: Arc<S>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = acceptor.stopped() => return,
        };
        match accepted {
            Ok((stream, peer)) => match crowd.enter(peer.ip()) {
                Ok(guest) => begin(&acceptor, stream, peer, &site, guest),
                Err(why) => turn_away(&acceptor, stream, peer, why),
            },
            Err(error) if is_exhausted(&error) => {
                acceptor.counters.pauses.inc();
                tracing::warn!(%error, "out of descriptors: accepting pauses");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
            // The peer was gone before it was accepted.
            Err(error) => tracing::debug!(%error, "accept"),
        }
        // A crowd at the door does not keep those within waiting.
        tokio::task::yield_now().await;
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS | ENOMEM))
}

fn begin<S: Site>(
    acceptor: &Arc<Acceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    site: &Arc<S>,
    guest: Guest,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, %peer, "gone before it was served");
        return;
    }
    let (acceptor, site) = (Arc::clone(acceptor), Arc::clone(site));
    tokio::spawn(connection::serve(acceptor, stream, peer, site, guest));
}

fn turn_away(acceptor: &Arc<Acceptor>, stream: TcpStream, peer: SocketAddr, why: NoPlace) {
    acceptor.counters.refused.inc();
    let words = match why {
        NoPlace::All => FULL,
        NoPlace::Address => FULL_OF_ADDRESS,
    };
    // Under TLS there is no word for it before a handshake.
    let (true, Ok(permit)) =
        (acceptor.tls.is_none(), Arc::clone(&acceptor.refusing).try_acquire_owned())
    else {
        return;
    };
    tokio::spawn(async move {
        refuse(stream, peer, words).await;
        drop(permit);
    });
}

/// Small messages leave at once, and a peer that has vanished is noticed though nobody beats.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(UNANSWERED_MAX))
}

async fn refuse(stream: TcpStream, peer: SocketAddr, words: &[u8]) {
    let mut stream = Linger::new(Wire::Plain(stream), None);
    let refused = async {
        stream.write_all(words).await?;
        stream.shutdown().await
    };
    if let Err(error) = refused.await {
        tracing::debug!(%peer, %error, "a refused connection does not read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusals_of_a_full_house_are_http() {
        for words in [FULL, FULL_OF_ADDRESS] {
            let text = std::str::from_utf8(words).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
            serde_json::from_str::<serde_json::Value>(body).unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_is_probed_and_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.unwrap();
        prepare(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), PROBE_INTERVAL);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNANSWERED_MAX));
    }
}
