//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::acceptor::{Acceptor, Site};
use super::linger::Linger;
use super::wire::Wire;

/// A request's head must be complete by then, counted from the connection's start or the answer
/// before: so this also ends idle keep-alive connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The first one, byte by byte or not at all.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Request line and headers; more is answered 431 by hyper.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Serves requests until the peer leaves, a timeout, an upgrade or the acceptor's stop.
pub(super) async fn serve<S: Site>(
    acceptor: Arc<Acceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    site: Arc<S>,
    permit: OwnedSemaphorePermit,
) {
    let counted = Open::new(&acceptor.counters.open);
    let wire = tokio::select! {
        wire = wire(&acceptor, stream) => wire,
        () = acceptor.stopped() => None,
    };
    let Some(wire) = wire else { return };
    let has_asked = AtomicBool::new(false);
    let service = service_fn(async |request| {
        has_asked.store(true, Ordering::Relaxed);
        Ok::<_, Infallible>(site.answer(peer, request).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Linger::new(wire)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut stopped = pin!(acceptor.stopped());
    let (mut first, mut is_new) = (pin!(sleep(FIRST_HEAD_TIMEOUT)), true);
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = stopped.as_mut() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
            () = first.as_mut(), if is_new => {
                is_new = false;
                if !has_asked.load(Ordering::Relaxed) {
                    tracing::debug!(%peer, "no request came in time");
                    return;
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
    drop((counted, permit));
}

/// None: the handshake of TLS has failed.
async fn wire(acceptor: &Acceptor, stream: TcpStream) -> Option<Wire> {
    match &acceptor.tls {
        None => Some(Wire::Plain(stream)),
        Some(tls) => tls.accept(stream).await.map(|stream| Wire::Tls(Box::new(stream))),
    }
}

/// A connection is counted as long as this lives.
struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    fn new(open: &'a Gauge) -> Self {
        open.inc();
        Self(open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
