//! The whole road in process: input ring, stamp, journal, matching, output ring, projector.
//! One driver thread enters the commands, MIX-1K, and with a null projector reads the events too.
//! `cargo bench -p benches --bench pipeline [-- WORD..]` runs the rows whose name contains all
//! words; `--commands N` a run, `--rate N` commands/s of the open loop, `--runs N`, `--pin CORE`,
//! `--quick`. `--follower N` adds rows with a follower beside, which writes a snapshot every N
//! commands. `--sustained N` makes one long run of N commands instead, told second by second.

use benches::arguments::{Common, is_wanted};
use benches::matching::Door;
use benches::pulse;
use benches::report::{Cores, Head, Latencies, Report, Row, Series};
use benches::road::{self, Load, Measured, Projection, Road, Script, Segments, Sustained};
use benches::workload::{STANDARD, Workload};
use clap::Parser;
use engine::runtime::Wait;
use hdrhistogram::Histogram;
use journal::Durability;

const SEED: u64 = 42;
/// What the machine is thought to do, for how long it takes: commands a second of the saturated
/// rows, and of making a stream.
const SATURATED_PER_SECOND: u64 = 2_000_000;
const MADE_PER_SECOND: u64 = 3_000_000;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Commands of a run; the short form makes a tenth of a second's
    #[arg(long)]
    commands: Option<u32>,
    /// Commands a second of the open loop
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// The core of the matcher
    #[arg(long)]
    pin: Option<usize>,
    /// Rows with a follower beside, which writes a snapshot every so many commands
    #[arg(long)]
    follower: Option<u64>,
    /// One long run of so many commands, journaled, projector on, segments made and rolled
    #[arg(long)]
    sustained: Option<u32>,
    words: Vec<String>,
}

fn main() {
    let arguments = Arguments::parse();
    match arguments.sustained {
        Some(commands) => long_run(&arguments, commands),
        None => table(&arguments),
    }
}

fn table(arguments: &Arguments) {
    let rows = rows(arguments);
    let commands = arguments.commands.unwrap_or(arguments.common.pick(1_000_000, 10_000_000));
    assert!(commands as usize > 2 * road::WARM_UP, "at least {} commands", 2 * road::WARM_UP);
    let runs = arguments.common.runs();
    let mut report = Report::begin(&Head {
        name: "pipeline",
        seconds: seconds(&rows, commands, runs as u64),
        workload: format!(
            "MIX-1K, {commands} commands a run, seed {SEED}, {runs} runs interleaved, open loop \
             at {}/s",
            arguments.rate
        ),
        settings: format!(
            "durability and wait in the rows; matcher pinned to {:?}, prepared segments but for \
             `rolled`",
            arguments.pin
        ),
        cores: Cores::Two,
    });
    let workload = Workload::new("MIX-1K", STANDARD[0].1, STANDARD[0].2, commands, SEED);
    let door = Door::new(&workload);
    let script = Script { door: &door, workload: &workload };
    let mut measured: Vec<Vec<Measured>> = rows.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for (road, measured) in rows.iter().zip(&mut measured) {
            measured.push(road.run(script));
        }
    }
    let timed = workload.records.len() - workload.prefill - road::WARM_UP;
    tell(&rows, &measured, timed, &mut report);
    report.end();
}

fn rows(arguments: &Arguments) -> Vec<Road> {
    let mut rows = Vec::new();
    for load in [Load::Saturated, Load::Open(arguments.rate as f64)] {
        for projection in [Projection::Null, Projection::Full, Projection::Followed] {
            for segments in [Segments::Prepared, Segments::Rolled] {
                for wait in [Wait::Spin, Wait::Yield, Wait::Backoff] {
                    for durability in [Durability::Journaled, Durability::Durable] {
                        let pin = arguments.pin;
                        let snapshot_commands = arguments.follower.unwrap_or(0);
                        rows.push(Road {
                            load,
                            durability,
                            wait,
                            projection,
                            segments,
                            pin,
                            snapshot_commands,
                        });
                    }
                }
            }
        }
    }
    rows.retain(|row| row.projection != Projection::Followed || arguments.follower.is_some());
    // What rolls is asked of the whole road at full load.
    let rolls = |row: &Road| row.load == Load::Saturated && row.projection != Projection::Null;
    rows.retain(|row| row.segments == Segments::Prepared || rolls(row));
    rows.retain(|row| is_wanted(&arguments.words, &name(row)));
    rows
}

fn name(row: &Road) -> String {
    let load = match row.load {
        Load::Saturated => "saturated",
        Load::Open(_) => "open",
    };
    let rolled = match row.segments {
        Segments::Prepared => "",
        Segments::Rolled => " rolled",
    };
    let Road { durability, wait, projection, .. } = row;
    format!("{load} {durability:?} {wait:?} {projection:?}{rolled}").to_lowercase()
}

fn seconds(rows: &[Road], commands: u32, runs: u64) -> u64 {
    let one = |row: &Road| {
        let load = match row.load {
            Load::Open(rate) => (f64::from(commands) / rate) as u64,
            Load::Saturated => u64::from(commands) / SATURATED_PER_SECOND,
        };
        load + 2 * row.settling(commands as usize).as_secs()
    };
    let made = u64::from(commands) / MADE_PER_SECOND;
    5 + made + runs * rows.iter().map(one).sum::<u64>()
}

fn tell(rows: &[Road], measured: &[Vec<Measured>], commands: usize, report: &mut Report) {
    let (mut saturated, mut open) = (Vec::new(), Vec::new());
    let mut notes = Vec::new();
    for (row, measured) in rows.iter().zip(measured) {
        let name = name(row);
        let sum = |of: fn(&Measured) -> u64| measured.iter().map(of).sum::<u64>();
        let (waits, late) = (sum(|one| one.segment_waits), sum(|one| one.late));
        if row.load == Load::Saturated {
            let rate = |one: &Measured| commands as f64 / one.time.as_secs_f64() / 1e6;
            let runs = measured.iter().map(rate).collect();
            if waits > 0 {
                notes.push(format!("{name}: waited for a segment {waits} times"));
            }
            saturated.push(Row { name, runs });
        } else {
            let mut ns = pulse::histogram();
            measured.iter().for_each(|one| add(&mut ns, &one.latencies));
            if late > 0 {
                notes.push(format!("{name}: the ring was full {late} times"));
            }
            open.push(Latencies { name, ns });
        }
        notes.extend(measured.iter().filter_map(|one| one.followed.clone()));
    }
    if !saturated.is_empty() {
        report.table("M commands/s", &saturated);
    }
    if !open.is_empty() {
        report.latencies("open loop, ring-in to event-out", open);
    }
    notes.iter().for_each(|note| report.line(note));
}

fn add(all: &mut Histogram<u64>, one: &Histogram<u64>) {
    all.add(one).expect("all histograms have the same bounds");
}

/// One run, told over time: saturated, unless a rate is among the words (`open`).
fn long_run(arguments: &Arguments, commands: u32) {
    let is_open = arguments.words.iter().any(|word| word == "open");
    let is_durable = arguments.words.iter().any(|word| word == "durable");
    let road = Road {
        load: if is_open { Load::Open(arguments.rate as f64) } else { Load::Saturated },
        durability: if is_durable { Durability::Durable } else { Durability::Journaled },
        wait: Wait::Spin,
        projection: Projection::Full,
        segments: Segments::Rolled,
        pin: arguments.pin,
        snapshot_commands: 0,
    };
    let per_second = if is_open { arguments.rate } else { SATURATED_PER_SECOND };
    let mut report = Report::begin(&Head {
        name: "sustained",
        seconds: 5 + 2 * u64::from(commands) / MADE_PER_SECOND + u64::from(commands) / per_second,
        workload: format!("MIX-1K, {commands} commands, seed {SEED}; one in 64 carries the time"),
        settings: format!(
            "{}; the journal takes about {} MB of disk",
            name(&road),
            commands / 11_000
        ),
        cores: Cores::Two,
    });
    let workload = Workload::new("MIX-1K", STANDARD[0].1, STANDARD[0].2, commands, SEED);
    let door = Door::new(&workload);
    let sustained = road::sustained(&road, Script { door: &door, workload: &workload });
    tell_long_run(&sustained, &mut report);
    report.end();
}

fn tell_long_run(sustained: &Sustained, report: &mut Report) {
    let Sustained { commands, time, segment_waits, seconds } = sustained;
    let rate = *commands as f64 / time.as_secs_f64() / 1e6;
    report.line(format_args!(
        "{commands} commands in {:.1} s: {rate:.2} M commands/s; waited for a segment \
         {segment_waits} times",
        time.as_secs_f64()
    ));
    let of = |name: &str, value: &dyn Fn(&road::Second) -> f64| Series {
        name: name.to_owned(),
        points: (1..).zip(seconds).map(|(at, second)| (f64::from(at), value(second))).collect(),
    };
    let rates = of("M commands/s", &|second| second.commands as f64 / 1e6);
    let memory = of("anonymous memory", &|second| second.resident_kib as f64 / 1024.0);
    let at = |quantile: f64| {
        move |second: &road::Second| second.ns.value_at_quantile(quantile) as f64 / 1e3
    };
    let latencies =
        [of("p50", &at(0.5)), of("p99", &at(0.99)), of("p99.9", &at(0.999)), of("max", &at(1.0))];
    for series in [&rates, &memory].into_iter().chain(&latencies) {
        let values = || series.points.iter().map(|point| point.1);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        report.line(format_args!(
            "  {:<20} first {:>10.2}  last {:>10.2}  least {least:>10.2}  most {most:>10.2}",
            series.name,
            values().next().unwrap_or(0.0),
            values().next_back().unwrap_or(0.0),
        ));
    }
    report.over_time("throughput", "M commands/s", &[rates]);
    report.over_time("memory", "MiB", &[memory]);
    report.over_time("latency", "microseconds", &latencies);
    let mut all = pulse::histogram();
    seconds.iter().for_each(|second| add(&mut all, &second.ns));
    report.latencies("ring-in to event-out", vec![Latencies { name: "whole run".into(), ns: all }]);
}
