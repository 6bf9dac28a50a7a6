//! Starting again and looking back: a journal of many commands, how fast it is replayed and
//! verified, how long a start takes from the beginning, from a snapshot and a tail, what a snapshot
//! costs; then one each million commands, and how long a question about a point between takes.
//! `cargo bench -p benches --bench recovery [-- --quick --runs N --commands N --tail N
//! --workload W --keep DIR]`; each start and each look is a process of its own, with the page
//! cache as the one before has left it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Instant;

use benches::arguments::Common;
use benches::matching::Door;
use benches::report::{Cores, Head, Report, Row};
use benches::workload::{STANDARD, Workload};
use clap::{Parser, ValueEnum};
use engine::projection::ViewLimits;
use engine::record;
use engine::snapshot::Gaps;
use journal::{Journal, Options};
use orison_core::{AccountId, Command};
use replay::ask::{self, Question};
use replay::past::Until;
use replay::player::Depth;
use replay::retention::STAYS_COMMANDS;
use replay::snapshot::{self, Wanted};
use replay::{recover, verify};

const SEED: u64 = 42;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[arg(long)]
    commands: Option<u32>,
    /// Commands behind the snapshot
    #[arg(long)]
    tail: Option<u64>,
    #[arg(long, default_value = "MIX-1M")]
    workload: String,
    /// Where the journal is left; it goes with the run if no place is named
    #[arg(long)]
    keep: Option<PathBuf>,
    /// This process does one thing to the journal of `home`
    #[arg(long, hide = true)]
    task: Option<Task>,
    #[arg(long, hide = true)]
    home: Option<PathBuf>,
    #[arg(long, hide = true, default_value_t = 0)]
    at: u64,
}

/// What is timed, each in a process of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Task {
    Start,
    Core,
    Views,
    Bytes,
    Verify,
    Load,
    Write,
    Book,
    Statistics,
    Balances,
    Account,
}

fn main() {
    let arguments = Arguments::parse();
    match (arguments.task, &arguments.home) {
        (Some(task), Some(home)) => one(task, home, arguments.at),
        (Some(_) | None, _) => run(&arguments),
    }
}

/// What one process measured, told to the one that has started it.
fn one(task: Task, home: &Path, at: u64) {
    let begun = Instant::now();
    let seconds = match task {
        Task::Start => start(home),
        Task::Core => play(home, at, Depth::Core),
        Task::Views => play(home, at, Depth::Views),
        Task::Bytes => {
            let report = journal::verify(home, |_| {}).expect("a whole journal");
            assert!(report.last_sequence >= at, "{report:?}");
            begun.elapsed().as_secs_f64()
        }
        Task::Verify => {
            let verified = verify::verify(home, |_| {}).expect("a whole journal");
            assert!(verified.journal.last_sequence >= at, "{verified:?}");
            begun.elapsed().as_secs_f64()
        }
        Task::Load | Task::Write => through_snapshot(task, home),
        Task::Book | Task::Statistics | Task::Balances | Task::Account => look(task, home, at),
    };
    println!("{seconds} {}", peak_mib());
}

fn run(arguments: &Arguments) {
    let Arguments { common, workload, .. } = arguments;
    let commands = arguments.commands.unwrap_or(common.pick(500_000, 10_000_000));
    let tail = arguments.tail.unwrap_or(common.pick(20_000, 400_000));
    let known = STANDARD.into_iter().find(|(name, _, _)| name == workload);
    let (name, kind, resting) = known.expect("a workload of that name");
    let runs = common.runs();
    let mut report = Report::begin(&Head {
        name: "recovery",
        seconds: 20 + runs as u64 * (20 + u64::from(commands) / 100_000),
        workload: format!("{name}, {commands} commands, seed {SEED}, {runs} runs interleaved"),
        settings: "files alone; each run a process of its own".to_owned(),
        cores: Cores::One,
    });
    let workload = Workload::new(name, kind, resting, commands, SEED);
    let temporary = tempfile::tempdir().expect("a directory for the journal");
    let home = arguments.keep.as_deref().unwrap_or(temporary.path());
    let last = write(home, &workload);
    report.line(format_args!("{last} commands, {} MiB of journal", bytes_of(home) >> 20));
    from_zero(home, last, runs, &mut report);
    with_snapshot(home, last, tail, runs, &mut report);
    questions(home, last, runs, &mut report);
    report.end();
}

/// The rows of what a replay costs, without any snapshot.
fn from_zero(home: &Path, last: u64, runs: usize, report: &mut Report) {
    let tasks = [
        (Task::Core, "core alone"),
        (Task::Views, "core and views"),
        (Task::Bytes, "checksums and chain, verified"),
        (Task::Verify, "all of it verified, digests compared"),
        (Task::Start, "a start: chain, core, views, digests"),
    ];
    let mut rows = tasks.map(|(_, name)| Row::new(name));
    let mut told = tasks.map(|_| 0.0);
    for _ in 0..runs {
        for (((task, _), row), peak) in tasks.iter().zip(&mut rows).zip(&mut told) {
            let (seconds, mib) = process(*task, home, last);
            row.runs.push(last as f64 / seconds / 1e6);
            *peak = mib;
        }
    }
    report.table("replay, M commands/s", &rows);
    report.line(format_args!("peak memory, MiB, in this order: {told:.0?}"));
}

fn with_snapshot(home: &Path, last: u64, tail: u64, runs: usize, report: &mut Report) {
    let storage = journal::Storage::default();
    let at = Some(last - tail);
    let taken = snapshot::take(&storage, home, ViewLimits::DEFAULT, at, |_| {});
    let path = taken.expect("a snapshot");
    let bytes = path.metadata().map_or(0, |known| known.len());
    report.line(format_args!("snapshot after {}: {} MiB", last - tail, bytes >> 20));
    let tasks = [
        (Task::Start, format!("a start: snapshot and {tail} commands")),
        (Task::Load, "load the snapshot".to_owned()),
        (Task::Write, "write it again".to_owned()),
    ];
    let mut rows = tasks.clone().map(|(_, name)| Row::new(name));
    for _ in 0..runs {
        for ((task, _), row) in tasks.iter().zip(&mut rows) {
            row.runs.push(process(*task, home, last).0 * 1e3);
        }
    }
    report.table("with a snapshot, ms", &rows);
    std::fs::remove_file(path).expect("it is not one of those that a server writes");
}

/// About points right behind a snapshot, half way to the next one, right before it; in the first
/// interval, in the middle and in the last.
fn questions(home: &Path, last: u64, runs: usize, report: &mut Report) {
    let storage = journal::Storage::default();
    let each = STAYS_COMMANDS.min(last / 4);
    for at in (each..=last).step_by(each as usize) {
        let taken = snapshot::take(&storage, home, ViewLimits::DEFAULT, Some(at), |_| {});
        taken.expect("a snapshot");
    }
    let tasks = [Task::Book, Task::Statistics, Task::Balances, Task::Account];
    for interval in [1, last / each / 2, (last / each).saturating_sub(1)] {
        for behind in [1, each / 2, each - 1] {
            let at = (interval * each + behind).min(last);
            let mut rows = tasks.map(|task| Row::new(format!("{task:?}").to_lowercase()));
            for _ in 0..runs {
                for (task, row) in tasks.iter().zip(&mut rows) {
                    row.runs.push(process(*task, home, at).0 * 1e3);
                }
            }
            report.table(&format!("asked about {at}, ms"), &rows);
        }
    }
}

/// Its seconds, and the MiB it took at most.
fn process(task: Task, home: &Path, at: u64) -> (f64, f64) {
    let program = std::env::current_exe().expect("this program");
    let word = task.to_possible_value().expect("none is hidden");
    let mut process = Process::new(program);
    process.args(["--task", word.get_name(), "--at", &at.to_string(), "--home"]).arg(home);
    let output = process.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout);
    let mut numbers = told.split_whitespace().filter_map(|word| word.parse().ok());
    let both = numbers.next().zip(numbers.next());
    both.unwrap_or_else(|| panic!("{task:?} said {told:?}"))
}

fn play(home: &Path, at: u64, depth: Depth) -> f64 {
    let begun = Instant::now();
    let past = ask::at(home, Until::Sequence(at), depth, |_| {}).expect("the state there");
    assert!(past.begun_after() == 0, "no snapshot is there yet");
    begun.elapsed().as_secs_f64()
}

fn look(task: Task, home: &Path, at: u64) -> f64 {
    let begun = Instant::now();
    let depth = match task {
        Task::Book => Depth::Core,
        Task::Statistics | Task::Balances => Depth::Market,
        _ => Depth::Views,
    };
    let past = ask::at(home, Until::Sequence(at), depth, |_| {}).expect("the state there");
    let exchange = &past.player().exchange;
    let question = match task {
        Task::Book => Question::Book(exchange.instruments()[0].symbol),
        Task::Statistics => Question::Statistics(None),
        Task::Balances => Question::Balances(None),
        _ => {
            let name = exchange.account_name(AccountId(1)).copied();
            Question::Account(name.expect("somebody has traded"))
        }
    };
    assert!(question.depth() == depth, "as a program asks");
    let mut out = Vec::new();
    ask::answer(past.player(), &question, &mut out).expect("an answer");
    // Nobody may have had anything yet.
    assert!(!out.is_empty() || task == Task::Balances, "something is said");
    begun.elapsed().as_secs_f64()
}

/// Loads the newest one; or writes what was loaded into a directory of its own.
fn through_snapshot(task: Task, home: &Path) -> f64 {
    let found = snapshot::list(home).expect("a directory").pop().expect("a snapshot");
    let identity = snapshot::header(&found.path).expect("a whole snapshot").identity;
    let wanted = Wanted {
        identity,
        limits: None,
        gaps: Gaps::Refused,
        voids: vec![],
        depth: Depth::Digests,
    };
    let begun = Instant::now();
    let loaded = snapshot::load(&found.path, &wanted).expect("a whole snapshot");
    if task == Task::Load {
        return begun.elapsed().as_secs_f64();
    }
    let to = tempfile::tempdir_in(home).expect("a directory beside it");
    let (storage, begun) = (journal::Storage::default(), Instant::now());
    let pace = &mut || ControlFlow::Continue(());
    let written = snapshot::write(&storage, to.path(), identity, &loaded.whole, pace);
    assert!(written.expect("room on the disk").is_some(), "nothing broke it off");
    begun.elapsed().as_secs_f64()
}

fn start(home: &Path) -> f64 {
    let begun = Instant::now();
    let recovered = recover(home, &Options::default(), ViewLimits::DEFAULT, |_| {});
    assert!(recovered.expect("a start").commands > 0, "commands were replayed");
    begun.elapsed().as_secs_f64()
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
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
