//! The whole road in this process, driven by one thread: it enters the commands of a workload and
//! learns how many have come out, either with its own eyes (a null projector) or from the views'
//! side (projector, witness and a publisher that takes the time, with or without a follower).

mod driver;
mod sustained;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use engine::projection::ViewLimits;
use engine::runtime::{BareRuntime, Clock, Parts, Runtime, Settings, Wait};
use engine::{Views, Witness};
use hdrhistogram::Histogram;
use journal::{Durability, Journal, Options, Positions, Storage, Wake};
use orison_core::Exchange;
use replay::follower::{self, Follower};

use crate::matching::Door;
use crate::pulse;
use crate::workload::Workload;
use driver::{Driver, Own, Projected, Taker};
pub use sustained::{Second, Sustained, sustained};

/// Commands of the workload that come before the clock starts, beside its prefill.
pub const WARM_UP: usize = 100_000;
/// Room for a record and its share of the journal's own.
const RECORD_BYTES: u64 = 96;
const SEGMENT_STEP_BYTES: u64 = 64 << 20;
/// The journal's next segment is made in the background at about this speed.
const FILL_BYTES_PER_SECOND: u64 = 400 << 20;
const INPUT_SLOTS: usize = 1 << 12;
const OUTPUT_SLOTS: usize = 1 << 14;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Projection {
    /// The driver reads the events and drops them.
    Null,
    /// Views, witness, a publisher that takes the time.
    Full,
    /// And a follower that replays the journal behind it and writes snapshots.
    Followed,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Load {
    Saturated,
    /// So many commands a second, whatever comes out.
    Open(f64),
}

/// Where segments come from while it is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segments {
    /// One that takes all commands is there before the first.
    Prepared,
    /// Of the default size, made and rolled on the way.
    Rolled,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Road {
    pub load: Load,
    pub durability: Durability,
    pub wait: Wait,
    pub projection: Projection,
    pub segments: Segments,
    pub pin: Option<usize>,
    /// Commands between two snapshots of a follower.
    pub snapshot_commands: u64,
}

/// What is entered: a workload, and the door that knows the ids of its orders.
#[derive(Clone, Copy)]
pub struct Script<'a> {
    pub door: &'a Door,
    pub workload: &'a Workload,
}

pub struct Measured {
    pub time: Duration,
    pub latencies: Histogram<u64>,
    /// How often the journal had no segment to go on in.
    pub segment_waits: u64,
    /// How often the ring was full.
    pub late: u64,
    /// What the follower has done, if there was one.
    pub followed: Option<String>,
}

impl Road {
    fn segment_bytes(&self, commands: usize) -> u64 {
        match self.segments {
            Segments::Prepared => {
                (commands as u64 * RECORD_BYTES).next_multiple_of(SEGMENT_STEP_BYTES)
            }
            Segments::Rolled => Options::default().segment_bytes,
        }
    }

    /// Until the segment behind the first one is made as well.
    pub fn settling(&self, commands: usize) -> Duration {
        Duration::from_millis(500 + 1_000 * self.segment_bytes(commands) / FILL_BYTES_PER_SECOND)
    }

    fn settings(&self) -> Settings {
        let (input_slots, output_slots) = (INPUT_SLOTS, OUTPUT_SLOTS);
        Settings { wait: self.wait, clock: Clock::Manual, input_slots, output_slots, pin: self.pin }
    }

    fn open(&self, directory: &Path, commands: usize) -> (Exchange, journal::Writer) {
        let options = Options {
            segment_bytes: self.segment_bytes(commands),
            durability: self.durability,
            wake: if self.wait == Wait::Spin { Wake::Never } else { Wake::Unpark },
            ..Options::default()
        };
        let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
        let (writer, opened) =
            Journal::open(directory, &options, visit).expect("a new journal can be opened");
        thread::sleep(self.settling(commands));
        (Exchange::new(opened.identity), writer)
    }

    /// One run over a journal of its own.
    pub fn run(&self, script: Script<'_>) -> Measured {
        let directory = tempfile::tempdir().expect("a directory for the journal");
        let (exchange, writer) = self.open(directory.path(), script.workload.records.len());
        let driver = Driver::new(Instant::now(), self.load, script);
        let settings = self.settings();
        if self.projection == Projection::Null {
            let (runtime, outlet) =
                BareRuntime::start(exchange, writer, settings).expect("the settings are valid");
            let events = Own::new(outlet, driver.zero);
            return driver.drive(runtime.ingress(), &runtime.monitor(), events);
        }
        let follower = (self.projection == Projection::Followed)
            .then(|| self.follow(directory.path().to_owned(), writer.positions()));
        let (views, witness) = (Views::new(ViewLimits::DEFAULT), Witness::new());
        let (sender, receiver) = channel();
        let is_measuring = Arc::new(AtomicBool::new(false));
        let taker = Taker::new(driver.zero, Arc::clone(&is_measuring), sender);
        let parts = Parts { exchange, views, witness, writer };
        let runtime = Runtime::start(parts, settings, taker).expect("the settings are valid");
        let monitor = runtime.monitor();
        let events = Projected { monitor: runtime.monitor(), is_measuring };
        let mut measured = driver.drive(runtime.ingress(), &monitor, events);
        drop(runtime);
        measured.latencies = receiver.recv().expect("the publisher leaves what it took");
        measured.followed = follower.map(told);
        measured
    }

    fn follow(&self, directory: PathBuf, positions: Arc<Positions>) -> Follower {
        let settings = follower::Settings {
            directory,
            snapshot_commands: self.snapshot_commands,
            limits: ViewLimits::DEFAULT,
            storage: Storage::default(),
            durable: Box::new(move || positions.durable()),
            on_disk_failure: Box::new(|reason| panic!("{reason}")),
        };
        Follower::start(settings).expect("a thread can be started")
    }
}

fn told(follower: Follower) -> String {
    let figures = follower.watch().figures();
    format!(
        "follower: at {} of {}, {} snapshots, the last one took {} ms, alarm {:?}",
        figures.sequence,
        figures.sequence + figures.lag,
        figures.snapshots,
        figures.snapshot_ms,
        figures.alarm
    )
}

impl Measured {
    fn new(time: Duration) -> Self {
        Self { time, latencies: pulse::histogram(), segment_waits: 0, late: 0, followed: None }
    }
}
