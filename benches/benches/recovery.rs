//! Starting again: a journal of many commands, a snapshot of it, and how long recovery takes from
//! the beginning, from the snapshot and a tail, and how much memory it comes to.
//! `cargo bench -p benches --bench recovery [-- --commands N --tail N --workload MIX-1M]`; each
//! start is a process of its own, so that its memory is its own, too.

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Instant;

use benches::matching::Door;
use benches::workload::{STANDARD, Workload};
use engine::projection::ViewLimits;
use engine::record;
use journal::{Journal, Options};
use orison_core::Command;
use replay::{recover, snapshot};

const SEED: u64 = 42;

struct Arguments {
    commands: u32,
    tail: u64,
    workload: String,
    /// Some: this process is one start.
    start: Option<PathBuf>,
}

fn main() {
    let arguments = arguments();
    match &arguments.start {
        Some(directory) => start(directory),
        None => run(&arguments),
    }
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
        commands: 10_000_000,
        tail: 400_000,
        workload: "MIX-1M".to_owned(),
        start: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("the word has a value");
        let number = |text: String| text.parse().expect("a number");
        match word.as_str() {
            "--commands" => arguments.commands = number(value()) as u32,
            "--tail" => arguments.tail = number(value()),
            "--workload" => arguments.workload = value(),
            "--start" => arguments.start = Some(value().into()),
            _ => {}
        }
    }
    arguments
}

fn run(arguments: &Arguments) {
    let Arguments { commands, tail, workload, .. } = arguments;
    println!("{}", benches::machine());
    let known = STANDARD.into_iter().find(|(name, _, _)| name == workload);
    let (name, kind, resting) = known.expect("a workload of that name");
    let workload = Workload::new(name, kind, resting, *commands, SEED);
    let home = tempfile::tempdir().expect("a directory for the journal");
    let last = write(home.path(), &workload);
    println!("{name} {last} commands, {} MiB of journal", bytes_of(home.path()) >> 20);
    starts("from zero", home.path());
    let started = Instant::now();
    let at = Some(last - tail);
    let taken =
        snapshot::take(&journal::Storage::default(), home.path(), ViewLimits::DEFAULT, at, |_| {});
    let snapshot = taken.expect("a snapshot");
    println!(
        "replayed and wrote a snapshot of {} MiB in {:.2} s",
        snapshot.metadata().map_or(0, |known| known.len()) >> 20,
        started.elapsed().as_secs_f64()
    );
    starts("from the snapshot", home.path());
}

fn starts(what: &str, home: &Path) {
    for _ in 0..3 {
        let program = std::env::current_exe().expect("this program");
        let output = Process::new(program).arg("--start").arg(home).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout);
        println!("{what:18} {}", told.trim());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn start(directory: &Path) {
    let options = Options::default();
    let recovered = recover(directory, &options, ViewLimits::DEFAULT, |_| {}).expect("a start");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "recovered sequence={} commands={} seconds={:.3}, peak memory {}",
        recovered.exchange.applied().sequence,
        recovered.commands,
        recovered.seconds,
        peak.unwrap_or_default().trim()
    );
}

/// The sequence of the last command.
fn write(directory: &Path, workload: &Workload) -> u64 {
    let door = Door::new(workload);
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let opened = Journal::open(directory, &Options::default(), visit);
    let (mut writer, _) = opened.expect("a new journal");
    let mut sequence = 0;
    let mut append = |command: &Command| {
        sequence += 1;
        let encoded = record::encode(command);
        let (kind, version) = (encoded.kind, encoded.version);
        // A microsecond from one to the next.
        let time_ns = sequence * 1_000;
        let appended = writer.append(kind, version, sequence, time_ns, encoded.payload());
        appended.expect("room on the disk");
    };
    Door::beginning().iter().for_each(&mut append);
    workload.records.iter().for_each(|record| append(&door.command(record)));
    sequence
}

fn bytes_of(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).expect("the journal's directory");
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}
