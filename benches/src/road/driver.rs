//! The one thread that enters commands and waits for what comes out, and how it learns of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use engine::Views;
use engine::runtime::{Busy, Ingress, Monitor, Outlet, Output, Polled, Publisher, Token};
use hdrhistogram::Histogram;
use orison_core::{Command, Stamp};

use super::{Load, Measured, Script, WARM_UP};
use crate::matching::Door;
use crate::pulse;
use crate::workload::Workload;

/// Where the driver learns how many commands have come out.
pub(super) trait Events {
    fn ended(&mut self) -> u64;
    /// From here on latencies count.
    fn begin(&mut self);
    fn latencies(self) -> Histogram<u64>;
}

/// The driver's own eyes.
pub(super) struct Own {
    outlet: Outlet,
    zero: Instant,
    latencies: Histogram<u64>,
    ended: u64,
}

impl Own {
    pub(super) fn new(outlet: Outlet, zero: Instant) -> Self {
        Self { outlet, zero, latencies: pulse::histogram(), ended: 0 }
    }
}

impl Events for Own {
    #[inline]
    fn ended(&mut self) -> u64 {
        let mut tokens = [0; 256];
        let mut count = 0;
        let polled = self.outlet.poll(|output| {
            if output.is_last() {
                tokens[count] = output.token().0;
                count += 1;
            }
        });
        assert!(polled != Polled::Failed, "the journal does not fail here");
        if count > 0 {
            let now_ns = self.zero.elapsed().as_nanos() as u64;
            for intended_ns in tokens[..count].iter().filter(|token| **token > 0) {
                self.latencies.saturating_record(now_ns - intended_ns);
            }
            self.ended += count as u64;
        }
        self.ended
    }

    fn begin(&mut self) {
        self.latencies.reset();
    }

    fn latencies(self) -> Histogram<u64> {
        self.latencies
    }
}

/// The projector's publisher takes the time.
pub(super) struct Taker {
    zero: Instant,
    latencies: Histogram<u64>,
    is_measuring: Arc<AtomicBool>,
    sender: Sender<Histogram<u64>>,
}

impl Taker {
    pub(super) fn new(
        zero: Instant,
        is_measuring: Arc<AtomicBool>,
        sender: Sender<Histogram<u64>>,
    ) -> Self {
        Self { zero, latencies: pulse::histogram(), is_measuring, sender }
    }
}

impl Publisher for Taker {
    fn on_event(&mut self, _output: &Output, _index: u32, _views: &Views) {}

    fn on_end(&mut self, token: Token, _stamp: Stamp, _views: &Views) {
        if token.0 > 0 && self.is_measuring.load(Ordering::Relaxed) {
            let now_ns = self.zero.elapsed().as_nanos() as u64;
            self.latencies.saturating_record(now_ns - token.0);
        }
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        // Nobody listens if the run was given up.
        self.sender.send(self.latencies.clone()).ok();
    }
}

pub(super) struct Projected {
    pub(super) monitor: Monitor,
    pub(super) is_measuring: Arc<AtomicBool>,
}

impl Events for Projected {
    fn ended(&mut self) -> u64 {
        self.monitor.sequence_visible()
    }

    fn begin(&mut self) {
        self.is_measuring.store(true, Ordering::Relaxed);
    }

    fn latencies(self) -> Histogram<u64> {
        pulse::histogram()
    }
}

pub(super) struct Driver<'a> {
    pub(super) zero: Instant,
    /// None: as fast as the ring takes them.
    interval_ns: Option<f64>,
    script: Script<'a>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(zero: Instant, load: Load, script: Script<'a>) -> Self {
        let interval_ns = match load {
            Load::Saturated => None,
            Load::Open(rate) => Some(1e9 / rate),
        };
        Self { zero, interval_ns, script }
    }

    pub(super) fn drive(
        &self,
        ingress: Ingress,
        monitor: &Monitor,
        mut events: impl Events,
    ) -> Measured {
        let Script { door, workload } = self.script;
        let (mut ingress, mut late) = (ingress, 0);
        let mut all = warm_up(&mut ingress, &mut events, door, workload);
        let timed = &workload.records[workload.prefill + WARM_UP..];
        events.begin();
        let segment_waits = monitor.figures().segment_waits;
        let start = Instant::now();
        let start_ns = (start - self.zero).as_nanos() as f64;
        for (index, record) in timed.iter().enumerate() {
            let command = door.command(record);
            let token = match self.interval_ns {
                None => Token(0),
                Some(interval_ns) => {
                    let intended_ns = (start_ns + interval_ns * index as f64) as u64;
                    while (self.zero.elapsed().as_nanos() as u64) < intended_ns {
                        events.ended();
                    }
                    Token(intended_ns)
                }
            };
            late += enter(&mut ingress, token, &command, &mut events);
            all += 1;
        }
        while events.ended() < all {}
        let mut measured = Measured::new(start.elapsed());
        measured.segment_waits = monitor.figures().segment_waits - segment_waits;
        measured.late = late;
        measured.latencies = events.latencies();
        measured
    }
}

/// The prefill and what else comes before the clock; how many commands those were.
pub(super) fn warm_up(
    ingress: &mut Ingress,
    events: &mut impl Events,
    door: &Door,
    workload: &Workload,
) -> u64 {
    let before = &workload.records[..workload.prefill + WARM_UP];
    let before = before.iter().map(|record| door.command(record));
    let mut all = 0;
    for command in Door::beginning().into_iter().chain(before) {
        enter(ingress, Token(0), &command, events);
        all += 1;
    }
    while events.ended() < all {}
    all
}

/// How often the ring was full.
#[inline]
pub(super) fn enter(
    ingress: &mut Ingress,
    token: Token,
    command: &Command,
    events: &mut impl Events,
) -> u64 {
    let mut late = 0;
    while ingress.submit(token, command) == Err(Busy) {
        late += 1;
        events.ended();
    }
    late
}
