//! One reading of what others count: rings, positions and latencies of the engine, the desk, the
//! sessions of the hub, the processor. A registry of its own for each page, so that nothing on
//! it is older than the page.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use rustix::time::{ClockId, clock_gettime};

use super::PREFIX;
use crate::App;

const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ring {
    ring: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Position {
    position: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Latency {
    stage: &'static str,
    quantile: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Topic {
    topic: String,
}

type Count = Gauge<u64, AtomicU64>;
type Seconds = Gauge<f64, AtomicU64>;

pub(super) fn registry(app: &App) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    engine(app, &mut registry);
    follower(app, &mut registry);
    sockets(app, &mut registry);
    processor(&mut registry);
    registry
}

fn engine(app: &App, registry: &mut Registry) {
    let figures = app.figures();
    let (slots, used) = (Family::<Ring, Count>::default(), Family::<Ring, Count>::default());
    for (ring, slots_now, used_now) in [
        ("input", figures.input_slots, figures.input_used),
        ("output", figures.output_slots, figures.output_used),
    ] {
        slots.get_or_create(&Ring { ring }).set(slots_now as u64);
        used.get_or_create(&Ring { ring }).set(used_now as u64);
    }
    registry.register("ring_slots", "Slots of a ring", slots);
    registry.register("ring_used", "Slots in use now", used);
    let sequence = Family::<Position, Count>::default();
    for (position, reached) in [
        ("matched", figures.sequence_matched),
        ("journaled", figures.sequence_journaled),
        ("durable", figures.sequence_durable),
        ("visible", figures.sequence_visible),
    ] {
        sequence.get_or_create(&Position { position }).set(reached);
    }
    registry.register("sequence", "The newest command to have reached a position", sequence);
    counter(registry, "ring_busy", "Commands refused by a full ring", figures.busy_total);
    let help = "Times the matcher waited for a segment";
    counter(registry, "segment_waits", help, figures.segment_waits);
    for (name, help, value) in [
        ("disk_free_bytes", "Room on the journal's disk", figures.disk_free_bytes),
        (
            "journal_nearly_full",
            "1: no room for another segment, new orders are refused",
            Some(u64::from(figures.is_nearly_full)),
        ),
    ] {
        let gauge = Count::default();
        gauge.set(value.unwrap_or_default());
        if value.is_some() {
            registry.register(name, help, gauge);
        }
    }
    let waiting = Count::default();
    waiting.set(app.desk.waiting() as u64);
    registry.register("desk_waiting", "Commands waiting for their outcome", waiting);
    let latency = Family::<Latency, Seconds>::default();
    for stage in &figures.latencies {
        for quantile in QUANTILES {
            let labels = Latency { stage: stage.stage, quantile: quantile.to_string() };
            let value_ns = stage.histogram.value_at_quantile(quantile);
            latency.get_or_create(&labels).set(Duration::from_nanos(value_ns).as_secs_f64());
        }
    }
    let help = "Latency of a stage by quantile";
    registry.register_with_unit("stage_latency", help, Unit::Seconds, latency);
}

fn follower(app: &App, registry: &mut Registry) {
    let figures = app.followed.figures();
    let help = "Snapshots written since the start";
    counter(registry, "snapshots", help, figures.snapshots);
    let help = "Checkpoints that a second replay has agreed with";
    counter(registry, "checkpoints_agreed", help, figures.checkpoints);
    for (name, help, value) in [
        ("follower_sequence", "The last command replayed a second time", figures.sequence),
        ("follower_lag", "Commands on the disk beyond it", figures.lag),
        ("snapshot_sequence", "The last command of the newest snapshot", figures.snapshot_sequence),
        ("snapshot_milliseconds", "How long it took to write", figures.snapshot_ms),
        ("follower_alarm", "1: replay disagrees", u64::from(figures.alarm.is_some())),
    ] {
        let gauge = Count::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
}

fn sockets(app: &App, registry: &mut Registry) {
    let counters = app.hub.counters();
    for (name, help, count) in [
        ("socket_sessions", "Sessions ever opened", &counters.sessions),
        ("socket_messages_sent", "Messages handed to sockets", &counters.messages_sent),
        ("socket_sent_bytes", "Their bytes, without frame headers", &counters.bytes_sent),
        ("socket_messages_received", "Messages that clients sent", &counters.messages_received),
        ("socket_conflated", "Messages replaced by a newer one", &counters.conflated),
        ("socket_overloads", "Outboxes that passed 80 %", &counters.overloads),
        ("socket_overflows", "Sessions closed as too slow", &counters.overflows),
        ("socket_replayed", "Event messages sent again from history", &counters.replayed),
        ("socket_panics", "Sessions ended by a panic", &counters.panics),
        ("fanout_resyncs", "Times the topics were rebuilt from the views", &counters.resyncs),
    ] {
        counter(registry, name, help, count.get());
    }
    let connections = app.hub.connections();
    let (open, waiting) = (Count::default(), Count::default());
    open.set(connections.len() as u64);
    waiting.set(connections.iter().map(|connection| connection.queue as u64).sum());
    registry.register("socket_connections", "Sessions open now", open);
    let stomp = Count::default();
    stomp.set(app.lobby.open() as u64);
    registry.register("stomp_sessions", "STOMP sessions open now", stomp);
    registry.register("socket_outbox_messages", "Messages that wait in all outboxes", waiting);
    let subscribers = Family::<Topic, Count>::default();
    for (topic, members) in app.hub.topics() {
        subscribers.get_or_create(&Topic { topic }).set(members as u64);
    }
    registry.register("socket_subscribers", "Subscribers of a topic", subscribers);
}

fn processor(registry: &mut Registry) {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = Duration::try_from(spent).unwrap_or_default().as_secs_f64();
    let cpu = Counter::<f64, AtomicU64>::default();
    cpu.inc_by(seconds);
    registry.register_with_unit("cpu", "Processor time of all threads", Unit::Seconds, cpu);
}

fn counter(registry: &mut Registry, name: &str, help: &str, count: u64) {
    let counter = Counter::<u64, AtomicU64>::default();
    counter.inc_by(count);
    registry.register(name, help, counter);
}
