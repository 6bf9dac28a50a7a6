//! The matching core on one thread: the bare book, and the whole `apply`, in nanoseconds a command
//! with its reports written. `cargo bench -p benches --bench matching [-- WORD..]` runs the rows
//! whose name contains one of the words; `--once` makes one run of each row, for callgrind;
//! `--write` writes the streams into files in the current directory instead.

use std::time::Instant;

use benches::matching::{Door, Engine, Yardstick};
use benches::workload::{DEGENERATE, STANDARD, Workload};
use hdrhistogram::Histogram;

const COMMANDS: u32 = 3_000_000;
const SEED: u64 = 42;
const RUNS: usize = 5;

fn main() {
    // Cargo itself adds `--bench`.
    let words: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (flags, words): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| word.starts_with("--"));
    let is_set = |flag| flags.iter().any(|given| given == flag);
    if is_set("--write") {
        return write();
    }
    let runs = if is_set("--once") { 1 } else { RUNS };
    println!("{}", benches::machine());
    println!(
        "one thread, no I/O, {COMMANDS} commands after the prefill, seed {SEED}, runs: {runs}"
    );
    println!("ns per command (median, min, max); latency of one command, clock included:");
    for (name, kind, resting) in STANDARD.into_iter().chain(DEGENERATE) {
        let rows = ["book", "apply"].map(|engine| format!("{engine} {name}"));
        let wanted = rows.map(|row| {
            let is_wanted = words.is_empty() || words.iter().any(|word| row.contains(word));
            is_wanted.then_some(row)
        });
        if wanted.iter().all(Option::is_none) {
            continue;
        }
        let workload = Workload::new(name, kind, resting, COMMANDS, SEED);
        let [book, apply] = wanted;
        if let Some(row) = book {
            measure(&row, runs, &workload, Yardstick::default);
        }
        if let Some(row) = apply {
            let door = Door::new(&workload);
            measure(&row, runs, &workload, || door.again());
        }
    }
}

/// One file a stream, to be compared with another generator's.
fn write() {
    for (name, kind, resting) in STANDARD {
        let workload = Workload::new(name, kind, resting, COMMANDS, SEED);
        std::fs::write(format!("{name}.bin"), workload.to_bytes()).expect("a file can be written");
    }
}

fn measure<E: Engine>(row: &str, runs: usize, workload: &Workload, engine: impl Fn() -> E) {
    let (prefill, commands) = workload.records.split_at(workload.prefill);
    let mut ns: Vec<_> = (0..runs)
        .map(|_| {
            let mut engine = engine();
            engine.run(prefill);
            engine.run(commands).as_nanos() as f64 / commands.len() as f64
        })
        .collect();
    ns.sort_by(f64::total_cmp);
    let (median, min, max) = (ns[runs / 2], ns[0], ns[runs - 1]);
    print!("{row:<16} {median:>6.1} {min:>6.1} {max:>6.1}");
    if runs == 1 {
        return println!();
    }
    let mut engine = engine();
    engine.run(prefill);
    let mut latency_ns = histogram();
    for record in commands {
        let start = Instant::now();
        engine.one(record);
        latency_ns.saturating_record(start.elapsed().as_nanos() as u64);
    }
    println!("   {}   empty {}", percentiles(&latency_ns), percentiles(&empty()));
}

/// What the clock alone shows.
fn empty() -> Histogram<u64> {
    let mut latency_ns = histogram();
    for _ in 0..1_000_000 {
        let start = Instant::now();
        latency_ns.saturating_record(start.elapsed().as_nanos() as u64);
    }
    latency_ns
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(1_000_000_000, 3).expect("three digits up to a second are in bounds")
}

fn percentiles(latency_ns: &Histogram<u64>) -> String {
    let at = |quantile| latency_ns.value_at_quantile(quantile);
    format!("p50 {} p99 {} p99.9 {} p99.99 {}", at(0.5), at(0.99), at(0.999), at(0.9999))
}
