//! The whole road in process: input ring, stamp, journal, matching, output ring, projector.
//! One driver thread enters the commands, MIX-1K, and with a null projector reads the events too.
//! `cargo bench -p benches --bench pipeline [-- WORD..]` runs the rows whose name contains all
//! words; `--commands N` a run, `--rate N` commands/s of the open loop, `--runs N`, `--pin CORE`.
//! `--follower N` adds rows with a follower beside, which writes a snapshot every N commands.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use benches::matching::Door;
use benches::pulse;
use benches::workload::{STANDARD, Workload};
use engine::projection::ViewLimits;
use engine::runtime::{
    BareRuntime, Busy, Clock, Ingress, Monitor, Outlet, Output, Parts, Polled, Publisher, Runtime,
    Settings, Token, Wait,
};
use engine::{Views, Witness};
use hdrhistogram::Histogram;
use journal::{Durability, Journal, Options, Positions, Storage, Wake};
use orison_core::{Command, Exchange, Stamp};
use replay::follower::{self, Follower};

const SEED: u64 = 42;
/// Commands of the workload that come before the clock starts, beside its prefill.
const WARM_UP: usize = 100_000;
/// Room for a record and its share of the journal's own.
const RECORD_BYTES: u64 = 96;
const SEGMENT_STEP_BYTES: u64 = 64 << 20;
/// The journal's next segment is made in the background at about this speed.
const FILL_BYTES_PER_SECOND: u64 = 400 << 20;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Projection {
    /// The driver reads the events and drops them.
    Null,
    /// Views, witness, a publisher that takes the time.
    Full,
    /// And a follower that replays the journal behind it and writes snapshots.
    Followed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Load {
    Saturated,
    Open,
}

#[derive(Clone, Copy)]
struct Row {
    load: Load,
    durability: Durability,
    wait: Wait,
    projection: Projection,
}

struct Arguments {
    commands: u32,
    per_second: u64,
    runs: usize,
    pin: Option<usize>,
    /// Commands between two snapshots of a follower.
    follower: Option<u64>,
    words: Vec<String>,
}

struct Measured {
    time: Duration,
    latencies: Histogram<u64>,
    segment_waits: u64,
    late: u64,
}

fn main() {
    let arguments = Arguments::read();
    let rows = rows(&arguments);
    let workload = Workload::new("MIX-1K", STANDARD[0].1, STANDARD[0].2, arguments.commands, SEED);
    println!("takes about {} s", seconds(&rows, &arguments));
    println!("{}", benches::machine());
    println!(
        "MIX-1K, {} commands a run, seed {SEED}, {} runs interleaved, open loop at {}/s, \
         prepared segments, matcher pinned to {:?}",
        arguments.commands, arguments.runs, arguments.per_second, arguments.pin
    );
    println!("{}", pulse::ping_pong_line());
    println!("empty loop: {}", pulse::percentiles(&pulse::empty_loop(Duration::from_secs(1))));
    let door = Door::new(&workload);
    let mut measured: Vec<Vec<Measured>> = rows.iter().map(|_| Vec::new()).collect();
    for _ in 0..arguments.runs {
        for (row, measured) in rows.iter().zip(&mut measured) {
            measured.push(run(row, &arguments, &door, &workload));
        }
    }
    for (row, measured) in rows.iter().zip(&measured) {
        print(row, measured, workload.records.len() - workload.prefill - WARM_UP);
    }
    println!("empty loop: {}", pulse::percentiles(&pulse::empty_loop(Duration::from_secs(1))));
    println!("{}", pulse::ping_pong_line());
}

fn rows(arguments: &Arguments) -> Vec<Row> {
    let mut rows = Vec::new();
    for load in [Load::Saturated, Load::Open] {
        for projection in [Projection::Null, Projection::Full, Projection::Followed] {
            for wait in [Wait::Spin, Wait::Yield, Wait::Backoff] {
                for durability in [Durability::Journaled, Durability::Durable] {
                    rows.push(Row { load, durability, wait, projection });
                }
            }
        }
    }
    rows.retain(|row| row.projection != Projection::Followed || arguments.follower.is_some());
    rows.retain(|row| arguments.words.iter().all(|word| row.name().contains(word)));
    rows
}

impl Row {
    fn name(&self) -> String {
        let Self { load, durability, wait, projection } = self;
        format!("{load:?} {durability:?} {wait:?} {projection:?}").to_lowercase()
    }
}

impl Arguments {
    fn read() -> Self {
        let mut arguments = Self {
            commands: 10_000_000,
            per_second: 1_000_000,
            runs: 5,
            pin: None,
            follower: None,
            words: vec![],
        };
        let mut given = std::env::args().skip(1);
        while let Some(word) = given.next() {
            let mut number = || -> u64 {
                let text = given.next().unwrap_or_default();
                text.parse().unwrap_or_else(|_| panic!("{word} {text:?}: a number is needed"))
            };
            match word.as_str() {
                "--commands" => arguments.commands = number() as u32,
                "--rate" => arguments.per_second = number().max(1),
                "--runs" => arguments.runs = number().max(1) as usize,
                "--follower" => arguments.follower = Some(number()),
                "--pin" => arguments.pin = Some(number() as usize),
                // Cargo itself adds this.
                "--bench" => {}
                _ => arguments.words.push(word.to_lowercase()),
            }
        }
        assert!(arguments.commands as usize > 2 * WARM_UP, "at least {} commands", 2 * WARM_UP);
        arguments
    }

    fn segment_bytes(&self) -> u64 {
        (u64::from(self.commands) * RECORD_BYTES).next_multiple_of(SEGMENT_STEP_BYTES)
    }

    /// Until the segment behind the first one is made as well.
    fn settling(&self) -> Duration {
        Duration::from_millis(500 + 1_000 * self.segment_bytes() / FILL_BYTES_PER_SECOND)
    }
}

fn seconds(rows: &[Row], arguments: &Arguments) -> u64 {
    let open = u64::from(arguments.commands) / arguments.per_second;
    let saturated = u64::from(arguments.commands) / 2_000_000;
    let loads = rows.iter().map(|row| if row.load == Load::Open { open } else { saturated });
    let settling = 2 * arguments.settling().as_secs() * rows.len() as u64;
    5 + arguments.runs as u64 * (loads.sum::<u64>() + settling)
}

fn print(row: &Row, measured: &[Measured], commands: usize) {
    let name = row.name();
    let segment_waits: u64 = measured.iter().map(|measured| measured.segment_waits).sum();
    if row.load == Load::Saturated {
        let mut rates: Vec<_> = measured
            .iter()
            .map(|measured| commands as f64 / measured.time.as_secs_f64() / 1e6)
            .collect();
        rates.sort_by(f64::total_cmp);
        let (median, min, max) = (rates[rates.len() / 2], rates[0], rates[rates.len() - 1]);
        println!(
            "{name:<36} {median:>6.2} M commands/s (min {min:.2}, max {max:.2}), \
             waited for a segment {segment_waits} times"
        );
        return;
    }
    let mut latencies = pulse::histogram();
    for measured in measured {
        latencies.add(&measured.latencies).expect("all histograms have the same bounds");
    }
    let late: u64 = measured.iter().map(|measured| measured.late).sum();
    println!("{name:<36} ns {}, ring full {late} times", pulse::percentiles(&latencies));
}

fn open(directory: &Path, row: &Row, segment_bytes: u64) -> (Exchange, journal::Writer) {
    let options = Options {
        segment_bytes,
        durability: row.durability,
        wake: if row.wait == Wait::Spin { Wake::Never } else { Wake::Unpark },
        ..Options::default()
    };
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (writer, opened) =
        Journal::open(directory, &options, visit).expect("a new journal can be opened");
    (Exchange::new(opened.identity), writer)
}

fn run(row: &Row, arguments: &Arguments, door: &Door, workload: &Workload) -> Measured {
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let (exchange, writer) = open(directory.path(), row, arguments.segment_bytes());
    thread::sleep(arguments.settling());
    let settings = Settings {
        wait: row.wait,
        clock: Clock::Manual,
        input_slots: 1 << 12,
        output_slots: 1 << 14,
        pin: arguments.pin,
    };
    let driver = Driver {
        zero: Instant::now(),
        interval_ns: match row.load {
            Load::Saturated => None,
            Load::Open => Some(1e9 / arguments.per_second as f64),
        },
        door,
        workload,
    };
    match row.projection {
        Projection::Null => {
            let (runtime, outlet) =
                BareRuntime::start(exchange, writer, settings).expect("the settings are valid");
            let events = Own { outlet, zero: driver.zero, latencies: pulse::histogram(), ended: 0 };
            driver.drive(runtime.ingress(), &runtime.monitor(), events)
        }
        Projection::Full | Projection::Followed => {
            let follower = (row.projection == Projection::Followed)
                .then(|| follow(directory.path(), writer.positions(), arguments));
            let (views, witness) = (Views::new(ViewLimits::DEFAULT), Witness::new());
            let (sender, receiver) = channel();
            let is_measuring = Arc::new(AtomicBool::new(false));
            let taker = Taker {
                zero: driver.zero,
                latencies: pulse::histogram(),
                is_measuring: Arc::clone(&is_measuring),
                sender,
            };
            let parts = Parts { exchange, views, witness, writer };
            let runtime = Runtime::start(parts, settings, taker).expect("the settings are valid");
            let monitor = runtime.monitor();
            let events = Projected { monitor: runtime.monitor(), is_measuring };
            let mut measured = driver.drive(runtime.ingress(), &monitor, events);
            drop(runtime);
            measured.latencies = receiver.recv().expect("the publisher leaves what it took");
            if let Some(figures) = follower.map(|follower| follower.watch().figures()) {
                println!(
                    "follower: at {} of {}, {} snapshots, the last one took {} ms, alarm {:?}",
                    figures.sequence,
                    figures.sequence + figures.lag,
                    figures.snapshots,
                    figures.snapshot_ms,
                    figures.alarm
                );
            }
            measured
        }
    }
}

fn follow(directory: &Path, positions: Arc<Positions>, arguments: &Arguments) -> Follower {
    let settings = follower::Settings {
        directory: directory.to_owned(),
        snapshot_commands: arguments.follower.expect("rows with a follower were asked for"),
        limits: ViewLimits::DEFAULT,
        storage: Storage::default(),
        durable: Box::new(move || positions.durable()),
        on_disk_failure: Box::new(|reason| panic!("{reason}")),
    };
    Follower::start(settings).expect("a thread can be started")
}

/// Where the driver learns how many commands have come out.
trait Events {
    fn ended(&mut self) -> u64;
    /// From here on latencies count.
    fn begin(&mut self);
    fn latencies(self) -> Histogram<u64>;
}

/// The driver's own eyes.
struct Own {
    outlet: Outlet,
    zero: Instant,
    latencies: Histogram<u64>,
    ended: u64,
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
struct Taker {
    zero: Instant,
    latencies: Histogram<u64>,
    is_measuring: Arc<AtomicBool>,
    sender: Sender<Histogram<u64>>,
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

struct Projected {
    monitor: Monitor,
    is_measuring: Arc<AtomicBool>,
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

struct Driver<'a> {
    zero: Instant,
    /// None: as fast as the ring takes them.
    interval_ns: Option<f64>,
    door: &'a Door,
    workload: &'a Workload,
}

impl Driver<'_> {
    fn drive(&self, ingress: Ingress, monitor: &Monitor, mut events: impl Events) -> Measured {
        let Workload { records, prefill, .. } = self.workload;
        let (before, timed) = records.split_at(prefill + WARM_UP);
        let mut ingress = ingress;
        let mut entered = 0;
        let mut enter = |token: Token, command: &Command, events: &mut _, late: &mut u64| {
            while ingress.submit(token, command) == Err(Busy) {
                *late += 1;
                Events::ended(events);
            }
            entered += 1;
            entered
        };
        let mut late = 0;
        let beginning = Door::beginning();
        let before = before.iter().map(|record| self.door.command(record));
        let mut all = 0;
        for command in beginning.into_iter().chain(before) {
            all = enter(Token(0), &command, &mut events, &mut late);
        }
        while events.ended() < all {}
        events.begin();
        let segment_waits = monitor.figures().segment_waits;
        late = 0;
        let start = Instant::now();
        let start_ns = (start - self.zero).as_nanos() as f64;
        for (index, record) in timed.iter().enumerate() {
            let command = self.door.command(record);
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
            all = enter(token, &command, &mut events, &mut late);
        }
        while events.ended() < all {}
        let time = start.elapsed();
        let segment_waits = monitor.figures().segment_waits - segment_waits;
        Measured { time, latencies: events.latencies(), segment_waits, late }
    }
}
