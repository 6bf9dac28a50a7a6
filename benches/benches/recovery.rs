//! Starting again and looking back: a journal of many commands, how long recovery takes from the
//! beginning, from a snapshot and a tail, and how much memory it comes to; then a snapshot each
//! million commands, and how long the book of a point between two of them takes.
//! `cargo bench -p benches --bench recovery [-- --commands N --tail N --workload W --keep DIR]`;
//! each start and each look is a process of its own, so that its memory is its own, too.

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Instant;

use benches::matching::Door;
use benches::workload::{STANDARD, Workload};
use engine::projection::ViewLimits;
use engine::record;
use journal::{Journal, Options};
use orison_core::Command;
use replay::ask::{self, Question};
use replay::past::Until;
use replay::player::Depth;
use replay::{follower, recover, snapshot};

const SEED: u64 = 42;

struct Arguments {
    commands: u32,
    tail: u64,
    workload: String,
    /// Where the journal is left; None: it goes with the run.
    keep: Option<PathBuf>,
    /// Some: this process is one start.
    start: Option<PathBuf>,
    /// Some: this process looks back, from the directory of `start`.
    at: Option<u64>,
}

fn main() {
    let arguments = arguments();
    match (&arguments.start, arguments.at) {
        (Some(directory), Some(at)) => look(directory, at),
        (Some(directory), None) => start(directory),
        (None, _) => run(&arguments),
    }
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
        commands: 10_000_000,
        tail: 400_000,
        workload: "MIX-1M".to_owned(),
        keep: None,
        start: None,
        at: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("the word has a value");
        let number = |text: String| text.parse().expect("a number");
        match word.as_str() {
            "--commands" => arguments.commands = number(value()) as u32,
            "--tail" => arguments.tail = number(value()),
            "--workload" => arguments.workload = value(),
            "--keep" => arguments.keep = Some(value().into()),
            "--start" => arguments.start = Some(value().into()),
            "--at" => arguments.at = Some(number(value())),
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
    let temporary = tempfile::tempdir().expect("a directory for the journal");
    let home = arguments.keep.as_deref().unwrap_or(temporary.path());
    let last = write(home, &workload);
    println!("{name} {last} commands, {} MiB of journal", bytes_of(home) >> 20);
    starts("from zero", home);
    let started = Instant::now();
    let at = Some(last - tail);
    let storage = journal::Storage::default();
    let taken = snapshot::take(&storage, home, ViewLimits::DEFAULT, at, |_| {});
    let snapshot = taken.expect("a snapshot");
    println!(
        "replayed and wrote a snapshot of {} MiB in {:.2} s",
        snapshot.metadata().map_or(0, |known| known.len()) >> 20,
        started.elapsed().as_secs_f64()
    );
    starts("from the snapshot", home);
    std::fs::remove_file(snapshot).expect("it is not one of those that a server writes");
    let each = follower::SNAPSHOT_COMMANDS_DEFAULT;
    for at in (each..=last).step_by(each as usize) {
        let taken = snapshot::take(&storage, home, ViewLimits::DEFAULT, Some(at), |_| {});
        taken.expect("a snapshot");
    }
    // Right behind a snapshot, half way to the next one, right before it; in the first and last.
    for interval in [1, last / each / 2, (last / each).saturating_sub(1)] {
        for behind in [1, each / 2, each - 1] {
            let at = (interval * each + behind).min(last);
            process(&format!("book at {at}"), home, &["--at", &at.to_string()]);
        }
    }
}

fn starts(what: &str, home: &Path) {
    (0..3).for_each(|_| process(what, home, &[]));
}

fn process(what: &str, home: &Path, words: &[&str]) {
    let program = std::env::current_exe().expect("this program");
    let output = Process::new(program).arg("--start").arg(home).args(words).output();
    let output = output.expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{what:18} {}", told.trim());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn look(directory: &Path, at: u64) {
    let started = Instant::now();
    let until = Until::Sequence(at);
    let past = ask::at(directory, until, Depth::Core, |_| {}).expect("the state at that point");
    let symbol = past.player().exchange.instruments()[0].symbol;
    let mut out = Vec::new();
    ask::answer(past.player(), &Question::Book(symbol), &mut out).expect("its book");
    let (seconds, begun_after) = (started.elapsed().as_secs_f64(), past.begun_after());
    println!("from snapshot {begun_after}: {} bytes in {seconds:.3} s, {}", out.len(), peak());
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    format!("peak memory {}", peak.unwrap_or_default().trim())
}

fn start(directory: &Path) {
    let options = Options::default();
    let recovered = recover(directory, &options, ViewLimits::DEFAULT, |_| {}).expect("a start");
    println!(
        "recovered sequence={} commands={} seconds={:.3}, {}",
        recovered.exchange.applied().sequence,
        recovered.commands,
        recovered.seconds,
        peak()
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
