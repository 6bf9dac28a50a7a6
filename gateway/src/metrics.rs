//! What `/metrics` shows: counted where it happens, or read from the engine when asked.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use hyper::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::App;

/// Upper bounds of the buckets of request times, seconds.
const REQUEST_SECONDS: [f64; 10] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 5.0];
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

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
struct RingLabel {
    ring: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PositionLabel {
    position: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LatencyLabels {
    stage: &'static str,
    quantile: String,
}

type Seconds = Gauge<f64, AtomicU64>;

pub struct Metrics {
    registry: Registry,
    pub connections: Gauge,
    pub connections_refused: Counter,
    pub accept_pauses: Counter,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabel, Histogram>,
    ring_slots: Family<RingLabel, Gauge>,
    ring_used: Family<RingLabel, Gauge>,
    sequence: Family<PositionLabel, Gauge<u64, AtomicU64>>,
    busy: Gauge<u64, AtomicU64>,
    waiting: Gauge,
    latency: Family<LatencyLabels, Seconds>,
}

impl Metrics {
    pub fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(REQUEST_SECONDS);
        let request_seconds = Family::new_with_constructor(histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("orison"),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            accept_pauses: Counter::default(),
            requests: Family::default(),
            request_seconds,
            ring_slots: Family::default(),
            ring_used: Family::default(),
            sequence: Family::default(),
            busy: Gauge::default(),
            waiting: Gauge::default(),
            latency: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("http_connections", "HTTP connections open now", self.connections.clone());
        let refused = self.connections_refused.clone();
        r.register("http_connections_refused", "Connections beyond the cap", refused);
        let pauses = self.accept_pauses.clone();
        r.register("accept_pauses", "Pauses of accepting for want of descriptors", pauses);
        r.register("http_requests", "Requests answered", self.requests.clone());
        let seconds = self.request_seconds.clone();
        let help = "From a request's head to its answer";
        r.register_with_unit("http_request", help, Unit::Seconds, seconds);
        r.register("ring_slots", "Slots of a ring", self.ring_slots.clone());
        r.register("ring_used", "Slots in use now", self.ring_used.clone());
        let sequence = self.sequence.clone();
        r.register("sequence", "The newest command to have reached a position", sequence);
        r.register("ring_busy_commands", "Commands refused by a full ring", self.busy.clone());
        r.register("desk_waiting", "Commands waiting for their outcome", self.waiting.clone());
        let help = "Latency of a stage by quantile";
        r.register_with_unit("stage_latency", help, Unit::Seconds, self.latency.clone());
    }

    /// Counts an answer.
    pub fn http(&self, route: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let labels = RequestLabels { route, method: word(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
    }

    /// The OpenMetrics text.
    pub fn render(&self, app: &App) -> String {
        self.read_engine(app);
        let mut page = String::new();
        text::encode(&mut page, &self.registry).expect("a string takes every text");
        page
    }

    fn read_engine(&self, app: &App) {
        self.waiting.set(as_gauge(app.desk.waiting()));
        let figures = app.figures();
        for (ring, slots, used) in [
            ("input", figures.input_slots, figures.input_used),
            ("output", figures.output_slots, figures.output_used),
        ] {
            self.ring_slots.get_or_create(&RingLabel { ring }).set(as_gauge(slots));
            self.ring_used.get_or_create(&RingLabel { ring }).set(as_gauge(used));
        }
        for (position, sequence) in [
            ("matched", figures.sequence_matched),
            ("journaled", figures.sequence_journaled),
            ("durable", figures.sequence_durable),
            ("visible", figures.sequence_visible),
        ] {
            self.sequence.get_or_create(&PositionLabel { position }).set(sequence);
        }
        self.busy.set(figures.busy_total);
        for latency in &figures.latencies {
            for quantile in QUANTILES {
                let labels = LatencyLabels { stage: latency.stage, quantile: quantile.to_string() };
                let value_ns = latency.histogram.value_at_quantile(quantile);
                let seconds = Duration::from_nanos(value_ns).as_secs_f64();
                self.latency.get_or_create(&labels).set(seconds);
            }
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn as_gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A closed set, so that no client grows the page.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
