//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::StatusCode;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::acceptor::{Acceptor, Reply, Site};
use super::crowd::Guest;
use super::framing::{Conflict, Framing};
use super::linger::Linger;
use super::wire::Wire;

/// A request's head must be complete by then, counted from the connection's start or the answer
/// before: so this also ends idle keep-alive connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The first one, byte by byte or not at all.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Request line and headers; more is answered 431 by hyper.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// While it is crowded, a connection that has been idle for so long is closed; looked at as often.
const CROWDED_IDLE_MAX: Duration = Duration::from_secs(5);
/// What a request reads that says its length in two ways.
const TWO_LENGTHS: &[u8] = b"{\"error\":\"BAD_REQUEST\",\"message\":\"Content-Length and \
Transfer-Encoding exclude each other\"}\n";

/// Serves requests until the peer leaves, a timeout, an upgrade or the acceptor's stop.
pub(super) async fn serve<S: Site>(
    acceptor: Arc<Acceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    site: Arc<S>,
    guest: Guest,
) {
    let counted = Open::new(&acceptor.counters.open);
    let wire = tokio::select! {
        wire = wire(&acceptor, stream) => wire,
        () = acceptor.stopped() => None,
    };
    let Some(wire) = wire else { return };
    let (visit, conflict) = (Visit::new(), Conflict::default());
    let framing = Framing::new(conflict.clone());
    let service = service_fn(async |request| {
        let number = visit.begin();
        let reply = match conflict.is_of(number) {
            true => two_lengths(),
            false => site.answer(peer, request).await,
        };
        visit.end();
        Ok::<_, Infallible>(reply)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Linger::new(wire, Some(framing))), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut stopped = pin!(acceptor.stopped());
    let mut look = pin!(sleep(FIRST_HEAD_TIMEOUT));
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = stopped.as_mut() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
            () = look.as_mut() => {
                if visit.is_unused() {
                    tracing::debug!(%peer, "no request came in time");
                    return;
                }
                if guest.is_crowded() && visit.is_idle() {
                    connection.as_mut().graceful_shutdown();
                }
                look.set(sleep(CROWDED_IDLE_MAX));
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
    drop((counted, guest));
}

/// hyper closes the connection after it.
fn two_lengths() -> Reply {
    let mut reply = Reply::new(Either::Left(Full::from(TWO_LENGTHS)));
    *reply.status_mut() = StatusCode::BAD_REQUEST;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// What a connection is doing, as far as it has a place to lose.
struct Visit {
    begun: Instant,
    requests: AtomicU64,
    /// Milliseconds from its beginning to its last answer; `BUSY`: there is none yet.
    answered_ms: AtomicU64,
}

const BUSY: u64 = u64::MAX;

impl Visit {
    fn new() -> Self {
        let begun = Instant::now();
        Self { begun, requests: AtomicU64::new(0), answered_ms: AtomicU64::new(BUSY) }
    }

    /// The request's number, from 1.
    fn begin(&self) -> u64 {
        self.answered_ms.store(BUSY, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn end(&self) {
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(BUSY);
        self.answered_ms.store(now_ms, Ordering::Relaxed);
    }

    fn is_unused(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0
    }

    fn is_idle(&self) -> bool {
        match self.answered_ms.load(Ordering::Relaxed) {
            BUSY => false,
            at_ms => self.begun.elapsed() >= Duration::from_millis(at_ms) + CROWDED_IDLE_MAX,
        }
    }
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
