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

use super::linger::Linger;
use super::tls::Tls;
use super::wire::Wire;
use super::{Listener, connection};

/// HTTP connections open at once, over all listeners; one more is answered 503 and closed. An
/// upgraded connection is a session and no longer counts.
pub const CONNECTIONS_MAX: usize = 4096;
/// How long accepting pauses when the process or the system is out of descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// A connection that is silent for so long is probed, and again after each interval.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// A peer that answers no probe, or takes nothing of what was sent, is gone after this. Longer
/// than any session waits for a slow reader.
const UNANSWERED_MAX: Duration = Duration::from_secs(120);
/// What a connection beyond `CONNECTIONS_MAX` reads.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
content-type: application/json\r\ncontent-length: 59\r\n\r\n\
{\"error\":\"BUSY\",\"message\":\"too many connections are open\"}\n";

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
    /// Beyond `CONNECTIONS_MAX`.
    pub refused: Counter,
    /// Pauses for want of descriptors.
    pub pauses: Counter,
}

/// What all connections share.
pub struct Acceptor {
    connections: Arc<Semaphore>,
    pub(super) counters: Counters,
    /// None: in the clear.
    pub(super) tls: Option<Tls>,
    /// True once the process is stopping.
    stopping: watch::Sender<bool>,
}

impl Acceptor {
    pub fn new(counters: Counters, tls: Option<Tls>) -> Arc<Self> {
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (stopping, _) = watch::channel(false);
        Arc::new(Self { connections, counters, tls, stopping })
    }

    /// Accepts from now on, until `stop`.
    pub fn serve<S: Site>(self: &Arc<Self>, listener: Listener, site: &Arc<S>) {
        for socket in listener.into_sockets() {
            tokio::spawn(accept(Arc::clone(self), socket, Arc::clone(site)));
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
        let all = u32::try_from(CONNECTIONS_MAX).expect("a small number");
        let permits = self.connections.acquire_many(all).await;
        drop(permits.expect("the semaphore is never closed"));
    }
}

async fn accept<S: Site>(acceptor: Arc<Acceptor>, socket: TcpListener, site: Arc<S>) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = acceptor.stopped() => return,
        };
        match accepted {
            Ok((stream, peer)) => begin(&acceptor, stream, peer, &site),
            Err(error) if is_exhausted(&error) => {
                acceptor.counters.pauses.inc();
                tracing::warn!(%error, "out of descriptors: accepting pauses");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
            // The peer was gone before it was accepted.
            Err(error) => tracing::debug!(%error, "accept"),
        }
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS | ENOMEM))
}

fn begin<S: Site>(acceptor: &Arc<Acceptor>, stream: TcpStream, peer: SocketAddr, site: &Arc<S>) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, %peer, "gone before it was served");
        return;
    }
    match Arc::clone(&acceptor.connections).try_acquire_owned() {
        Ok(permit) => {
            let (acceptor, site) = (Arc::clone(acceptor), Arc::clone(site));
            tokio::spawn(connection::serve(acceptor, stream, peer, site, permit));
        }
        Err(_) => {
            acceptor.counters.refused.inc();
            // Under TLS there is no word for it before a handshake.
            if acceptor.tls.is_none() {
                tokio::spawn(refuse(stream, peer));
            }
        }
    }
}

/// Small messages leave at once, and a peer that has vanished is noticed though nobody beats.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(UNANSWERED_MAX))
}

async fn refuse(stream: TcpStream, peer: SocketAddr) {
    let mut stream = Linger::new(Wire::Plain(stream));
    let refused = async {
        stream.write_all(FULL).await?;
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
    fn the_refusal_of_a_full_house_is_http() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).unwrap();
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
