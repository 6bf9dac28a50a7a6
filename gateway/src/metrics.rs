//! What `/metrics` shows: HTTP is counted here as it happens; the engine, the sockets and the
//! process are read when asked (`reading`).

mod reading;

use std::time::Duration;

use hyper::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::App;
use crate::http::acceptor::Counters;

/// Before every name.
const PREFIX: &str = "orison";
/// Upper bounds of the buckets of request times, seconds.
const REQUEST_SECONDS: [f64; 10] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

pub struct Metrics {
    registry: Registry,
    pub connections: Counters,
    requests: Family<RequestLabels, Counter>,
    errors: Family<CodeLabel, Counter>,
    request_seconds: Family<RouteLabel, Histogram>,
}

impl Metrics {
    pub fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(REQUEST_SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            connections: Counters::default(),
            requests: Family::default(),
            errors: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        let Counters { open, refused, pauses } = self.connections.clone();
        r.register("http_connections", "HTTP connections open now", open);
        r.register("http_connections_refused", "Connections beyond the cap", refused);
        r.register("accept_pauses", "Pauses of accepting for want of descriptors", pauses);
        r.register("http_requests", "Requests answered", self.requests.clone());
        r.register("http_errors", "Answers with an error, by code", self.errors.clone());
        let seconds = self.request_seconds.clone();
        let help = "From a request's head to its answer";
        r.register_with_unit("http_request", help, Unit::Seconds, seconds);
    }

    /// Counts an answer.
    pub fn http(&self, route: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let labels = RequestLabels { route, method: word(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
    }

    pub fn error(&self, code: &'static str) {
        self.errors.get_or_create(&CodeLabel { code }).inc();
    }

    /// The OpenMetrics text.
    pub fn render(&self, app: &App) -> String {
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry)
            .and_then(|()| text::encode(&mut page, &reading::registry(app)))
            .expect("a string takes every text");
        page
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A closed set, so that no client grows the page.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
