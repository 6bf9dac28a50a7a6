//! Binance USD-M and Upbit as their documents describe them, on any wire: for tests, and as the
//! program `fake_venues` for anybody's client. They keep a log, hold their limits, and misbehave
//! when told to. What they say is told to them by whoever plays the market.
#![allow(dead_code, reason = "each user takes its part")]

pub(crate) mod binance;
mod conversation;
mod manners;
pub(crate) mod market;
pub(crate) mod recording;
pub(crate) mod upbit;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(crate) use manners::{Door, Manners};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Binance,
    Upbit,
}

/// What happened, for tests to look at.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Happened {
    Knocked {
        path: String,
    },
    Opened {
        path: String,
    },
    Asked {
        path: String,
        text: String,
    },
    Fetched {
        query: String,
    },
    /// None: the wire just ended.
    Closed {
        path: String,
        code: Option<u16>,
        reason: String,
    },
    /// A rule of the venue was broken by the client.
    Broken {
        rule: &'static str,
    },
}

pub(crate) enum Out {
    Text(String),
    Close(u16, &'static str),
    /// The wire ends without a word.
    Cut,
}

/// One connection, as the venue sees it.
pub(crate) struct Guest {
    pub(crate) path: String,
    pub(crate) out: mpsc::UnboundedSender<Out>,
    pub(crate) asked: VecDeque<Instant>,
    pub(crate) binance: binance::Carried,
    pub(crate) upbit: upbit::Carried,
}

#[derive(Default)]
pub(crate) struct Inner {
    next: u64,
    pub(crate) guests: BTreeMap<u64, Guest>,
    log: Vec<(Instant, Happened)>,
    /// The most connections that a path ever had at once.
    pub(crate) together_max: BTreeMap<String, usize>,
    /// Of Binance: the body of `/fapi/v1/depth` by symbol.
    pub(crate) snapshots: BTreeMap<String, String>,
    /// Of Upbit: the last of each type and code.
    pub(crate) latest: BTreeMap<(String, String), serde_json::Value>,
    pub(crate) nonces: HashSet<String>,
    knocks: VecDeque<Instant>,
}

pub(crate) struct House {
    pub(crate) kind: Kind,
    manners: Mutex<Manners>,
    inner: Mutex<Inner>,
    moved: watch::Sender<u64>,
}

impl House {
    pub(crate) fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self {
            kind,
            manners: Mutex::new(Manners::default()),
            inner: Mutex::default(),
            moved: watch::Sender::new(0),
        })
    }

    pub(crate) fn manners(&self) -> Manners {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn happened(&self, what: Happened) {
        self.lock().log.push((Instant::now(), what));
        self.moved.send_modify(|count| *count += 1);
    }

    pub(crate) fn log(&self) -> Vec<(Instant, Happened)> {
        self.lock().log.clone()
    }

    /// The texts of all requests, without the signs of life.
    pub(crate) fn asked(&self) -> Vec<(Instant, String)> {
        let log = self.log().into_iter();
        log.filter_map(|(at, what)| match what {
            Happened::Asked { text, .. } if text != "PING" => Some((at, text)),
            _ => None,
        })
        .collect()
    }

    pub(crate) fn count(&self, is_it: impl Fn(&Happened) -> bool) -> usize {
        self.lock().log.iter().filter(|(_, what)| is_it(what)).count()
    }

    /// Returns once the condition holds.
    pub(crate) async fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        let mut moved = self.moved.subscribe();
        while !holds(self) {
            moved.changed().await.expect("the house stands");
            moved.borrow_and_update();
        }
    }

    /// What the open connections carry together.
    pub(crate) fn carried(&self) -> BTreeSet<String> {
        let inner = self.lock();
        let guests = inner.guests.values();
        match self.kind {
            Kind::Binance => guests.flat_map(|g| g.binance.streams.iter().cloned()).collect(),
            Kind::Upbit => guests.flat_map(|g| g.upbit.named()).collect(),
        }
    }

    /// Says the same to every connection, whatever it asked for.
    pub(crate) fn blurt(&self, text: &str) {
        self.to_all(|| Out::Text(text.into()));
    }

    pub(crate) fn close_all(&self, code: u16, reason: &'static str) {
        self.to_all(|| Out::Close(code, reason));
    }

    pub(crate) fn cut_all(&self) {
        self.to_all(|| Out::Cut);
    }

    fn to_all(&self, out: impl Fn() -> Out) {
        for guest in self.lock().guests.values() {
            // A connection that is just ending hears nothing more.
            guest.out.send(out()).ok();
        }
    }

    /// Serves a wire to its end.
    pub(crate) async fn serve<W>(self: Arc<Self>, wire: W)
    where
        W: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.manners().door == Door::Hang {
            // Holds the wire and never says a word.
            let _wire = wire;
            return std::future::pending().await;
        }
        let house = Arc::clone(&self);
        let service = service_fn(move |request| Arc::clone(&house).answer(request));
        let served = http1::Builder::new()
            .serve_connection(TokioIo::new(wire), service)
            .with_upgrades()
            .await;
        // Clients may leave as they like.
        drop(served);
    }

    async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
        let Some(key) = key else { return Ok(self.fetch(&path)) };
        self.happened(Happened::Knocked { path: path.clone() });
        if let Some(refusal) = self.refuse_at_the_door(request.headers()) {
            return Ok(refusal);
        }
        let authorization = request.headers().get("authorization").cloned();
        let authorization = authorization.and_then(|value| value.to_str().map(str::to_owned).ok());
        let upgraded = hyper::upgrade::on(&mut request);
        let house = Arc::clone(&self);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgraded.await {
                let wire = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(wire, Role::Server, None).await;
                house.receive(path, authorization, socket).await;
            }
        });
        let accept = derive_accept_key(key.as_bytes());
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(UPGRADE, "websocket")
            .header(CONNECTION, "Upgrade")
            .header(SEC_WEBSOCKET_ACCEPT, accept)
            .body(Full::default());
        Ok(response.expect("the headers are good"))
    }

    fn refuse_at_the_door(&self, headers: &hyper::HeaderMap) -> Option<Response<Full<Bytes>>> {
        if let Door::Refuse(status) = self.manners().door {
            return Some(plain(status, "refused"));
        }
        let now = Instant::now();
        // Upbit: 5 connects a second, with an Origin one in ten seconds. Binance: 300 in 5 minutes.
        let (most, period) = match (self.kind, headers.contains_key("origin")) {
            (Kind::Binance, _) => (300, 300),
            (Kind::Upbit, false) => (5, 1),
            (Kind::Upbit, true) => (1, 10),
        };
        let is_too_fast = {
            let knocks = &mut self.lock().knocks;
            !admit(knocks, now, most, Duration::from_secs(period))
        };
        is_too_fast.then(|| {
            self.happened(Happened::Broken { rule: "connects" });
            plain(429, "Too Many Requests")
        })
    }

    async fn receive<S>(
        self: Arc<Self>,
        path: String,
        authorization: Option<String>,
        socket: WebSocketStream<S>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (out, outbox) = mpsc::unbounded_channel();
        let binance = binance::Carried::of(&path);
        let guest = Guest {
            path: path.clone(),
            out,
            asked: VecDeque::new(),
            binance,
            upbit: upbit::Carried::default(),
        };
        let id = {
            let mut inner = self.lock();
            inner.next += 1;
            let id = inner.next;
            inner.guests.insert(id, guest);
            let together = inner.guests.values().filter(|guest| guest.path == path).count();
            let most = inner.together_max.entry(path.clone()).or_default();
            *most = together.max(*most);
            id
        };
        self.happened(Happened::Opened { path: path.clone() });
        if self.kind == Kind::Upbit {
            upbit::greet(&self, id, authorization.as_deref());
        }
        let (code, reason) = conversation::hold(&self, id, socket, outbox).await;
        self.lock().guests.remove(&id);
        self.happened(Happened::Closed { path, code, reason });
    }

    fn fetch(&self, path: &str) -> Response<Full<Bytes>> {
        match self.kind {
            Kind::Binance => binance::fetch(self, path),
            Kind::Upbit => plain(404, "no such page"),
        }
    }
}

/// A sliding window: at most `most` in `period`.
pub(crate) fn admit(
    times: &mut VecDeque<Instant>,
    now: Instant,
    most: usize,
    period: Duration,
) -> bool {
    while times.front().is_some_and(|at| *at + period <= now) {
        times.pop_front();
    }
    times.push_back(now);
    times.len() <= most
}

pub(crate) fn plain(status: u16, body: &str) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    let response = match status {
        418 | 429 => response.header("retry-after", "7"),
        _ => response,
    };
    response.body(Full::from(body.to_owned())).expect("the status is good")
}
