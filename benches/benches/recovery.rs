//! Starting again and looking back: a journal of many commands, how long recovery takes from the
//! beginning, from a snapshot and a tail, and how much memory it comes to; then a snapshot each
//! million commands, and how long a question about a point between two of them takes.
//! `cargo bench -p benches --bench recovery [-- --commands N --tail N --workload W --keep DIR]`;
//! each start and each look is a process of its own, five of a kind: the median of time and of
//! processor time is told, with the page cache as the one before has left it.

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Instant;

use benches::matching::Door;
use benches::workload::{STANDARD, Workload};
use engine::projection::ViewLimits;
use engine::record;
use journal::{Journal, Options};
use orison_core::{AccountId, Command};
use replay::ask::{self, Question};
use replay::past::Until;
use replay::player::Depth;
use replay::retention::STAYS_COMMANDS;
use replay::{recover, snapshot};

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
    /// What it asks.
    question: String,
}

fn main() {
    let arguments = arguments();
    match (&arguments.start, arguments.at) {
        (Some(directory), Some(at)) => look(directory, at, &arguments.question),
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
        question: "book".to_owned(),
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
            "--question" => arguments.question = value(),
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
    let each = STAYS_COMMANDS;
    for at in (each..=last).step_by(each as usize) {
        let taken = snapshot::take(&storage, home, ViewLimits::DEFAULT, Some(at), |_| {});
        taken.expect("a snapshot");
    }
    // Right behind a snapshot, half way to the next one, right before it; in the first and last.
    for interval in [1, last / each / 2, (last / each).saturating_sub(1)] {
        for behind in [1, each / 2, each - 1] {
            let at = (interval * each + behind).min(last);
            for question in ["book", "statistics", "balances", "account"] {
                let words = ["--question", question, "--at", &at.to_string()];
                median(&format!("{question} at {at}"), home, &words);
            }
        }
    }
}

fn starts(what: &str, home: &Path) {
    median(what, home, &[]);
}

/// Of as many processes.
const RUNS: usize = 5;

fn median(what: &str, home: &Path, words: &[&str]) {
    let mut runs: Vec<_> = (0..RUNS).map(|_| process(home, words)).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut processor: Vec<_> = runs.iter().map(|run| run.1).collect();
    processor.sort_by(f64::total_cmp);
    let (seconds, busy) = (runs[RUNS / 2].0, processor[RUNS / 2]);
    let (least, most) = (runs[0].0, runs[RUNS - 1].0);
    println!("{what:24} {seconds:.3} s ({least:.3} to {most:.3}), processor {busy:.3} s");
    println!("{:24} {}", "", runs[RUNS / 2].2);
}

/// Its seconds by the clock, those of processors, and what it says.
fn process(home: &Path, words: &[&str]) -> (f64, f64, String) {
    let program = std::env::current_exe().expect("this program");
    let (started, before) = (Instant::now(), children_seconds());
    let output = Process::new(program).arg("--start").arg(home).args(words).output();
    let (output, seconds) = (output.expect("it runs"), started.elapsed().as_secs_f64());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (seconds, children_seconds() - before, told)
}

/// User and system time of all processes that have been waited for.
fn children_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything: those of the children are the last two of four.
    let fields = status.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

fn look(directory: &Path, at: u64, question: &str) {
    let started = Instant::now();
    let until = Until::Sequence(at);
    let depth = match question {
        "book" => Depth::Core,
        "statistics" | "balances" => Depth::Market,
        _ => Depth::Views,
    };
    let past = ask::at(directory, until, depth, |_| {}).expect("the state at that point");
    let exchange = &past.player().exchange;
    let symbol = exchange.instruments()[0].symbol;
    let first = exchange.account_name(AccountId(1)).copied().expect("somebody has traded");
    let question = match question {
        "book" => Question::Book(symbol),
        "statistics" => Question::Statistics(None),
        "balances" => Question::Balances(None),
        "account" => Question::Account(first),
        other => panic!("{other} is not asked here"),
    };
    assert!(question.depth() == depth, "as a program asks");
    let mut out = Vec::new();
    ask::answer(past.player(), &question, &mut out).expect("an answer");
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
