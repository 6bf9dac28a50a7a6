//! What a benchmark tells: how long it takes, machine, workload and settings first; tables of
//! medians with the least and the most of all runs; percentiles beside those of an empty loop; the
//! distance of the cores before and after. All of it is printed and kept under `target/bench`, as
//! text, as raw histograms and as plots. It measures nothing but the machine itself.

mod files;
mod plot;

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{cores, pulse};
pub use plot::Series;

/// How many threads of a benchmark talk to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cores {
    One,
    /// The distance of the cores is told before and after.
    Two,
}

/// What stands above all tables.
pub struct Head<'a> {
    pub name: &'a str,
    pub seconds: u64,
    pub workload: String,
    /// Durability mode and wait strategy, or why there is none.
    pub settings: String,
    pub cores: Cores,
}

pub struct Report {
    name: String,
    cores: Cores,
    folder: PathBuf,
    text: String,
}

/// Of one row, a number a run.
pub struct Row {
    pub name: String,
    pub runs: Vec<f64>,
}

/// Of one row, all runs together.
pub struct Latencies {
    pub name: String,
    pub ns: Histogram<u64>,
}

const NAME_COLUMNS: usize = 44;

impl Report {
    pub fn begin(head: &Head<'_>) -> Self {
        let Head { name, seconds, workload, settings, cores } = head;
        let (name, folder) = ((*name).to_owned(), files::folder());
        let mut report = Self { name, cores: *cores, folder, text: String::new() };
        report.line(format_args!("{}: takes about {seconds} s", head.name));
        report.line(crate::machine());
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        report.line(format_args!("load before: {}", load.trim()));
        report.line(format_args!("workload: {workload}"));
        report.line(format_args!("settings: {settings}"));
        report.distance();
        report
    }

    pub fn line(&mut self, line: impl Display) {
        let line = line.to_string();
        println!("{line}");
        self.text += &line;
        self.text.push('\n');
    }

    /// Medians with the least and the most; the ratio of each to the first row's median.
    pub fn table(&mut self, title: &str, rows: &[Row]) {
        let head = format!("{title}:");
        let columns = NAME_COLUMNS;
        self.line(format_args!(
            "{head:<columns$} {:>10} {:>10} {:>10}  ratio",
            "median", "min", "max"
        ));
        let first = rows.first().map_or(f64::NAN, Row::median);
        for row in rows {
            let (median, ratio) = (row.median(), row.median() / first);
            let (name, least, most) = (&row.name, row.least(), row.most());
            let digits = if most >= 10_000.0 { 0 } else { 2 };
            let numbers = [median, least, most].map(|number| format!("{number:>10.digits$}"));
            let (numbers, columns) = (numbers.join(" "), columns - 2);
            self.line(format_args!("  {name:<columns$} {numbers} {ratio:>6.2}"));
        }
    }

    /// Percentiles in nanoseconds, an empty loop beside them; histograms and one plot are kept.
    pub fn latencies(&mut self, title: &str, rows: Vec<Latencies>) {
        let empty = pulse::empty_loop(Duration::from_secs(1));
        let mut rows = rows;
        rows.push(Latencies { name: "empty loop".to_owned(), ns: empty });
        self.line(format_args!("{title}, ns:"));
        for Latencies { name, ns } in &rows {
            let columns = NAME_COLUMNS - 2;
            self.line(format_args!("  {name:<columns$} {}", pulse::percentiles(ns)));
            self.keep(&format!("{title} {name}"), "hgrm", files::percentiles(ns).as_bytes());
            self.keep(&format!("{title} {name}"), "hlog", &files::raw(ns));
        }
        let svg = plot::percentiles(&format!("{}: {title}", self.name), &rows);
        self.keep(title, "svg", svg.as_bytes());
    }

    /// Lines over seconds, as a plot and as a table of their points.
    pub fn over_time(&mut self, title: &str, unit: &str, series: &[Series]) {
        let svg = plot::over_time(&format!("{}: {title}", self.name), unit, series);
        self.keep(title, "svg", svg.as_bytes());
        self.keep(title, "csv", files::points(series).as_bytes());
    }

    /// Where everything is.
    pub fn end(mut self) {
        // Two threads on one core would wait for each other a time slice a turn.
        cores::unpin();
        self.distance();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        self.line(format_args!("load after: {}", load.trim()));
        let text = std::mem::take(&mut self.text);
        self.keep("", "txt", text.as_bytes());
        println!("kept in {}", self.folder.join(format!("{}*", self.name)).display());
    }

    fn distance(&mut self) {
        if self.cores == Cores::Two {
            self.line(pulse::ping_pong_line());
        }
    }

    /// In a file of the benchmark's name and this one's.
    fn keep(&self, what: &str, ending: &str, bytes: &[u8]) {
        let name = [self.name.as_str(), what].join(" ");
        files::write(&self.folder, name.trim(), ending, bytes);
    }
}

impl Row {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), runs: Vec::new() }
    }

    pub fn median(&self) -> f64 {
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn least(&self) -> f64 {
        self.runs.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn most(&self) -> f64 {
        self.runs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// A run of the first row, one of the second, and so on; then all over again.
pub fn interleaved(runs: usize, names: &[&str], mut run: impl FnMut(usize) -> f64) -> Vec<Row> {
    let mut rows: Vec<_> = names.iter().map(|name| Row::new(*name)).collect();
    for _ in 0..runs {
        for (index, row) in rows.iter_mut().enumerate() {
            row.runs.push(run(index));
        }
    }
    rows
}
