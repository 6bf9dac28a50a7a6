//! The journal alone: what an append costs hot and cold beside a plain copy into a mapped file,
//! what a sync costs by itself and what group commit makes of it at a steady rate, and how many
//! records a second it takes when there are always more.
//! `cargo bench -p benches --bench journal [-- WORD.. --quick --runs N --rate N]` runs the parts
//! whose name has all words: append, sync, saturated.

use std::hint::{black_box, spin_loop};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use benches::arguments::{Common, is_wanted};
use benches::mapped;
use benches::matching::Door;
use benches::pulse;
use benches::report::{Cores, Head, Latencies, Report, Row, interleaved};
use benches::workload::{STANDARD, Workload};
use clap::Parser;
use engine::record::{self, Encoded};
use hdrhistogram::Histogram;
use journal::{Durability, Journal, Options, Wake, Writer};
use orison_core::Command;

const SEED: u64 = 42;
/// Commands that are appended over and over: their bytes stay in the nearest cache.
const BLOCK: u32 = 1_000;
/// A journal whose zeroed segment is still in a cache, and one whose has left all of them.
const HOT_SEGMENT_BYTES: u64 = 2 << 20;
const COLD_SEGMENT_BYTES: u64 = 512 << 20;
/// Room that a record is given in the reckoning of what fits.
const RECORD_BYTES: u64 = 112;
const PAGE_BYTES: usize = 4_096;
const LINE_BYTES: usize = 64;
/// How long the threads behind a new journal get to prepare the segment after the first one.
const SETTLING_BYTES_PER_SECOND: u64 = 400 << 20;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Records a second of the steady rate
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    words: Vec<String>,
}

fn main() {
    let arguments = Arguments::parse();
    let seconds = arguments.common.pick(10, 15 * arguments.common.runs() as u64);
    let mut report = Report::begin(&Head {
        name: "journal",
        seconds,
        workload: format!("commands of MIX-1K, seed {SEED}, {} runs", arguments.common.runs()),
        settings: "as each row says; the syncer polls (`spin`), the preparer parks".to_owned(),
        cores: Cores::Two,
    });
    let commands = commands();
    if is_wanted(&arguments.words, "append") {
        appends(&arguments, &commands, &mut report);
    }
    if is_wanted(&arguments.words, "sync") {
        syncs(&arguments, &commands, &mut report);
    }
    if is_wanted(&arguments.words, "saturated") {
        saturated(&arguments, &commands, &mut report);
    }
    report.end();
}

fn commands() -> Vec<Command> {
    let (name, kind, resting) = STANDARD[0];
    let workload = Workload::new(name, kind, resting, BLOCK, SEED);
    let door = Door::new(&workload);
    workload.records[workload.prefill..].iter().map(|record| door.command(record)).collect()
}

fn open(directory: &Path, durability: Durability, segment_bytes: u64) -> Writer {
    let options = Options { segment_bytes, durability, wake: Wake::Never, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let opened = Journal::open(directory, &options, visit).expect("a new journal can be opened");
    let settling_ms = 100 + 2_000 * segment_bytes / SETTLING_BYTES_PER_SECOND;
    thread::sleep(Duration::from_millis(settling_ms));
    opened.0
}

#[inline]
fn append(writer: &mut Writer, into: &mut Encoded, command: &Command, sequence: u64) {
    record::encode_into(into, command);
    let (kind, version) = (into.kind, into.version);
    let appended = writer.append(kind, version, sequence, sequence, into.payload());
    appended.expect("the disk has room");
}

fn appends(arguments: &Arguments, commands: &[Command], report: &mut Report) {
    let names = [
        "plain copy of 64 bytes, mapped, hot",
        "  and crc32c",
        "plain copy of 64 bytes, mapped, cold",
        "  and crc32c, cold",
        "encode alone",
        "encode and append, hot",
        "encode and append, cold",
    ];
    let cold_bytes = arguments.common.pick(COLD_SEGMENT_BYTES / 8, COLD_SEGMENT_BYTES);
    let hot_turns = arguments.common.pick(4, 32);
    let rows = interleaved(arguments.common.runs(), &names, |row| match row {
        0 => copied(HOT_SEGMENT_BYTES as usize, hot_turns, Check::None),
        1 => copied(HOT_SEGMENT_BYTES as usize, hot_turns, Check::Crc32c),
        2 => copied(cold_bytes as usize, 1, Check::None),
        3 => copied(cold_bytes as usize, 1, Check::Crc32c),
        4 => encoded(commands, 1_000 * hot_turns as u64),
        5 => {
            (0..hot_turns).map(|_| appended(commands, HOT_SEGMENT_BYTES)).sum::<f64>()
                / hot_turns as f64
        }
        _ => appended(commands, cold_bytes),
    });
    report.table("append, ns a record", &rows);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    None,
    Crc32c,
}

/// The limit: a line of a mapped file written, every line once a turn.
fn copied(bytes: usize, turns: usize, check: Check) -> f64 {
    let (_file, mut map) = mapped::zeroed(bytes);
    let mut line = [7; LINE_BYTES];
    let start = Instant::now();
    for turn in 0..turns {
        for to in map.chunks_exact_mut(LINE_BYTES) {
            line[8] = turn as u8;
            if check == Check::Crc32c {
                let sum = crc32c::crc32c(black_box(&line[4..]));
                line[..4].copy_from_slice(&sum.to_le_bytes());
            }
            to.copy_from_slice(black_box(&line));
        }
    }
    black_box(&map);
    start.elapsed().as_nanos() as f64 / (turns * bytes / LINE_BYTES) as f64
}

fn encoded(commands: &[Command], turns: u64) -> f64 {
    let mut into = Encoded::CLOCK;
    let start = Instant::now();
    for _ in 0..turns {
        for command in commands {
            record::encode_into(&mut into, black_box(command));
            black_box(&into);
        }
    }
    start.elapsed().as_nanos() as f64 / (turns * commands.len() as u64) as f64
}

/// Fills most of the first segment.
fn appended(commands: &[Command], segment_bytes: u64) -> f64 {
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let mut writer = open(directory.path(), Durability::Journaled, segment_bytes);
    let count = segment_bytes / RECORD_BYTES / 10 * 9;
    let mut into = Encoded::CLOCK;
    let start = Instant::now();
    for (sequence, command) in (1..=count).zip(commands.iter().cycle()) {
        append(&mut writer, &mut into, command, sequence);
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

fn syncs(arguments: &Arguments, commands: &[Command], report: &mut Report) {
    let turns = arguments.common.pick(500, 4_000);
    let time = arguments.common.pick(Duration::from_millis(500), Duration::from_secs(4));
    let (mut msync, mut overwrite, mut commit, mut at_once) =
        (pulse::histogram(), pulse::histogram(), pulse::histogram(), Row::new("journaled at once"));
    for _ in 0..arguments.common.runs() {
        add(&mut msync, &msync_loop(turns));
        add(&mut overwrite, &fdatasync_loop(turns));
        let (latencies, late) = group_commit(commands, arguments.rate, time);
        add(&mut commit, &latencies);
        at_once.runs.push(late);
    }
    let (raw, group) = (msync.value_at_quantile(0.99), commit.value_at_quantile(0.99));
    let rows = vec![
        Latencies { name: "msync of a written page".to_owned(), ns: msync },
        Latencies { name: "fdatasync of an overwritten line".to_owned(), ns: overwrite },
        Latencies { name: format!("group commit at {} records/s", arguments.rate), ns: commit },
    ];
    report.latencies("sync", rows);
    report.line(format_args!("p99 of group commit / raw msync: {:.2}", group as f64 / raw as f64));
    report.line(format_args!(
        "appends that began more than 1 ms after their time: {:.4} % (median of the runs)",
        at_once.median()
    ));
}

fn add(all: &mut Histogram<u64>, run: &Histogram<u64>) {
    all.add(run).expect("all histograms have the same bounds");
}

/// One page after the other: written, then synced.
fn msync_loop(turns: usize) -> Histogram<u64> {
    let (_file, mut map) = mapped::zeroed(turns * PAGE_BYTES);
    let mut latencies = pulse::histogram();
    for page in 0..turns {
        let from = page * PAGE_BYTES;
        map[from..from + LINE_BYTES].fill(7);
        let start = Instant::now();
        map.flush_range(from, PAGE_BYTES).expect("the disk works");
        latencies.saturating_record(start.elapsed().as_nanos() as u64);
    }
    latencies
}

fn fdatasync_loop(turns: usize) -> Histogram<u64> {
    let (file, _map) = mapped::zeroed(turns * PAGE_BYTES);
    let mut latencies = pulse::histogram();
    for page in 0..turns {
        let start = Instant::now();
        file.write_all_at(&[7; LINE_BYTES], (page * PAGE_BYTES) as u64).expect("the disk works");
        file.sync_data().expect("the disk works");
        latencies.saturating_record(start.elapsed().as_nanos() as u64);
    }
    latencies
}

/// Open loop: from the time at which a record should have been appended until it is durable. And
/// the percentage of those that began late.
fn group_commit(commands: &[Command], rate: u64, time: Duration) -> (Histogram<u64>, f64) {
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let count = (rate as f64 * time.as_secs_f64()) as u64;
    let segment_bytes = (count * RECORD_BYTES).next_multiple_of(64 << 20);
    let mut writer = open(directory.path(), Durability::Durable, segment_bytes);
    let positions = writer.positions();
    let (mut latencies, mut into) = (pulse::histogram(), Encoded::CLOCK);
    let interval_ns = 1e9 / rate as f64;
    let intended_ns = |sequence: u64| (sequence as f64 * interval_ns) as u64;
    let (start, mut durable, mut late) = (Instant::now(), 0, 0u64);
    let mut take = |latencies: &mut Histogram<u64>, now_ns: u64| {
        let reached = positions.durable();
        for sequence in durable + 1..=reached {
            latencies.saturating_record(now_ns - intended_ns(sequence).min(now_ns));
        }
        durable = durable.max(reached);
        durable
    };
    for (sequence, command) in (1..=count).zip(commands.iter().cycle()) {
        let mut now_ns = start.elapsed().as_nanos() as u64;
        while now_ns < intended_ns(sequence) {
            take(&mut latencies, now_ns);
            now_ns = start.elapsed().as_nanos() as u64;
        }
        late += u64::from(now_ns > intended_ns(sequence) + 1_000_000);
        append(&mut writer, &mut into, command, sequence);
    }
    while take(&mut latencies, start.elapsed().as_nanos() as u64) < count {
        spin_loop();
    }
    (latencies, 100.0 * late as f64 / count as f64)
}

/// As fast as the journal takes them, segments made and rolled on the way.
fn saturated(arguments: &Arguments, commands: &[Command], report: &mut Report) {
    let count = arguments.common.pick(1_000_000, 20_000_000);
    let names = ["journaled", "durable, until all is synced"];
    let modes = [Durability::Journaled, Durability::Durable];
    let mut waits = 0;
    let rows = interleaved(arguments.common.runs(), &names, |row| {
        let directory = tempfile::tempdir().expect("a directory for the journal");
        let segment_bytes = Options::default().segment_bytes;
        let mut writer = open(directory.path(), modes[row], segment_bytes);
        let (positions, mut into) = (writer.positions(), Encoded::CLOCK);
        let start = Instant::now();
        for (sequence, command) in (1..=count).zip(commands.iter().cycle()) {
            append(&mut writer, &mut into, command, sequence);
        }
        if modes[row] == Durability::Durable {
            positions.wait_durable(count).expect("the disk works");
        }
        waits += positions.segment_waits();
        count as f64 / start.elapsed().as_secs_f64() / 1e6
    });
    report.table("saturated, M records/s", &rows);
    report.line(format_args!("waited for a segment {waits} times"));
}
