//! What the machine itself does while something else is measured: how long a cache line takes
//! from core to core and back, and how long a loop that does nothing is held up. Two virtual
//! cores are at times near and at times far: only runs of the same state can be compared.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

const TURNS: u64 = 20_000;
/// A round trip above this means that the two cores do not share a cache.
const FAR_NS: u64 = 400;

/// Nanoseconds of a round trip of one cache line between two threads, the median of five.
pub fn ping_pong_ns() -> u64 {
    let mut rounds: Vec<_> = (0..5).map(|_| round_trip_ns()).collect();
    rounds.sort_unstable();
    rounds[2]
}

fn round_trip_ns() -> u64 {
    let ball = AtomicU64::new(0);
    let wait_for = |value| {
        while ball.load(Ordering::Acquire) != value {
            spin_loop();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0..TURNS {
                wait_for(2 * turn + 1);
                ball.store(2 * turn + 2, Ordering::Release);
            }
        });
        let start = Instant::now();
        for turn in 0..TURNS {
            ball.store(2 * turn + 1, Ordering::Release);
            wait_for(2 * turn + 2);
        }
        start.elapsed().as_nanos() as u64 / TURNS
    })
}

/// The line before and after a table.
pub fn ping_pong_line() -> String {
    let round_trip_ns = ping_pong_ns();
    let distance = if round_trip_ns < FAR_NS { "near" } else { "far" };
    format!("core ping-pong {round_trip_ns} ns round trip: cores {distance}")
}

/// Gaps between two looks at the clock of a thread that does nothing else.
pub fn empty_loop(time: Duration) -> Histogram<u64> {
    let mut gaps = histogram();
    let start = Instant::now();
    let mut before = start;
    while before - start < time {
        let now = Instant::now();
        gaps.saturating_record((now - before).as_nanos() as u64);
        before = now;
    }
    gaps
}

/// Three digits up to a minute.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000_000, 3).expect("three digits up to a minute are in bounds")
}

/// Nanoseconds.
pub fn percentiles(latencies: &Histogram<u64>) -> String {
    let at = |quantile| latencies.value_at_quantile(quantile);
    format!(
        "p50 {} p99 {} p99.9 {} p99.99 {} max {}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(0.9999),
        latencies.max()
    )
}
