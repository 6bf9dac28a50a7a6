//! A long run, second by second: commands that have come out, latencies of a sample of them, the
//! memory of the process. Everything is on: views, witness, segments made and rolled.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use engine::projection::ViewLimits;
use engine::runtime::{Output, Parts, Publisher, Runtime, Token};
use engine::{Views, Witness};
use hdrhistogram::Histogram;
use orison_core::Stamp;

use super::driver::{Projected, enter, warm_up};
use super::{Load, Road, Script, WARM_UP};
use crate::pulse;

/// One command in so many carries the time.
const SAMPLE: u64 = 64;
/// Longer than any run.
const SECONDS_MAX: usize = 3_600;

/// What came out in one second.
pub struct Second {
    pub commands: u64,
    /// Of the sample, from when they were entered, or should have been.
    pub ns: Histogram<u64>,
    pub resident_kib: u64,
}

pub struct Sustained {
    pub commands: u64,
    pub time: Duration,
    pub segment_waits: u64,
    pub seconds: Vec<Second>,
}

/// The publisher's side: one histogram for each second, made before it is needed.
struct Taker {
    start: Instant,
    second: usize,
    seconds: Vec<Second>,
    is_measuring: Arc<AtomicBool>,
    commands: u64,
    sender: Sender<Vec<Second>>,
}

impl Publisher for Taker {
    fn on_event(&mut self, _output: &Output, _index: u32, _views: &Views) {}

    fn on_end(&mut self, token: Token, _stamp: Stamp, _views: &Views) {
        self.commands += 1;
        if token.0 == 0 || !self.is_measuring.load(Ordering::Relaxed) {
            return;
        }
        let now_ns = self.start.elapsed().as_nanos() as u64;
        let since_ns = now_ns - token.0.min(now_ns);
        let second = self.seconds.last_mut().expect("there is always one");
        second.ns.saturating_record(since_ns);
        if now_ns / 1_000_000_000 > self.second as u64 {
            self.close_second(now_ns / 1_000_000_000);
        }
    }
}

impl Taker {
    fn close_second(&mut self, second: u64) {
        let last = self.seconds.last_mut().expect("there is always one");
        last.commands = std::mem::take(&mut self.commands);
        last.resident_kib = resident_kib();
        self.second = second as usize;
        if self.seconds.len() < SECONDS_MAX {
            self.seconds.push(Second::empty());
        }
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        // The last second is not a whole one.
        self.seconds.pop();
        // Nobody listens if the run was given up.
        self.sender.send(std::mem::take(&mut self.seconds)).ok();
    }
}

impl Second {
    fn empty() -> Self {
        Self { commands: 0, ns: pulse::histogram(), resident_kib: 0 }
    }
}

/// Enters the whole script behind the warm-up. `road.projection` is taken as full.
pub fn sustained(road: &Road, script: Script<'_>) -> Sustained {
    let Script { door, workload } = script;
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let (exchange, writer) = road.open(directory.path(), workload.records.len());
    let (views, witness) = (Views::new(ViewLimits::DEFAULT), Witness::new());
    let (sender, receiver) = channel();
    let is_measuring = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let taker = Taker {
        start,
        second: 0,
        seconds: vec![Second::empty()],
        is_measuring: Arc::clone(&is_measuring),
        commands: 0,
        sender,
    };
    let parts = Parts { exchange, views, witness, writer };
    let runtime = Runtime::start(parts, road.settings(), taker).expect("the settings are valid");
    let (monitor, mut ingress) = (runtime.monitor(), runtime.ingress());
    let mut events = Projected { monitor: runtime.monitor(), is_measuring };
    let before = warm_up(&mut ingress, &mut events, door, workload);
    let segment_waits = monitor.figures().segment_waits;
    let timed = &workload.records[workload.prefill + WARM_UP..];
    super::driver::Events::begin(&mut events);
    let begun = Instant::now();
    let begun_ns = (begun - start).as_nanos() as u64;
    for (index, record) in (0..).zip(timed) {
        let command = door.command(record);
        let token = match road.load {
            Load::Open(rate) => {
                let intended_ns = begun_ns + (1e9 / rate * index as f64) as u64;
                while (start.elapsed().as_nanos() as u64) < intended_ns {
                    std::hint::spin_loop();
                }
                Token(if index % SAMPLE == 0 { intended_ns } else { 0 })
            }
            Load::Saturated if index % SAMPLE == 0 => Token(start.elapsed().as_nanos() as u64),
            Load::Saturated => Token(0),
        };
        enter(&mut ingress, token, &command, &mut events);
    }
    let all = before + timed.len() as u64;
    while super::driver::Events::ended(&mut events) < all {
        std::hint::spin_loop();
    }
    let time = begun.elapsed();
    let segment_waits = monitor.figures().segment_waits - segment_waits;
    drop(runtime);
    let seconds = receiver.recv().expect("the publisher leaves what it took");
    Sustained { commands: timed.len() as u64, time, segment_waits, seconds }
}

/// Of this process; mapped pages of the journal count while they are resident.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let number = anonymous.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
