//! The files under `target/bench`: percentiles in the text form of HdrHistogram, histograms in its
//! log form, which its tools read back, and points as comma-separated lines.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use super::Series;

/// Lines of the percentile table between two halvings of what is left.
const TICKS: u32 = 5;

/// `target/bench` of the target directory that this program was built in.
pub(super) fn folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    let target = program.ancestors().nth(3).expect("benches run from target/PROFILE/deps");
    let folder = target.join("bench");
    fs::create_dir_all(&folder).expect("the target directory can be written");
    folder
}

pub(super) fn write(folder: &Path, name: &str, ending: &str, bytes: &[u8]) {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = name.to_lowercase().chars().map(plain).collect();
    let words: Vec<_> = name.split('-').filter(|word| !word.is_empty()).collect();
    let path = folder.join(format!("{}.{ending}", words.join("-")));
    fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

pub(super) fn percentiles(ns: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>12} {:>16}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut count = 0;
    for step in ns.iter_quantiles(TICKS) {
        count += step.count_since_last_iteration();
        let (value, quantile) = (step.value_iterated_to(), step.quantile_iterated_to());
        let rest = 1.0 / (1.0 - quantile);
        writeln!(text, "{value:>12} {quantile:>14.10} {count:>12} {rest:>16.2}").expect("memory");
    }
    let (mean, deviation) = (ns.mean(), ns.stdev());
    writeln!(text, "#[Mean = {mean:.3}, StdDeviation = {deviation:.3}]").expect("memory");
    writeln!(text, "#[Max = {}, Total count = {}]", ns.max(), ns.len()).expect("memory");
    text
}

pub(super) fn raw(ns: &Histogram<u64>) -> Vec<u8> {
    let (mut bytes, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder.with_start_time(SystemTime::now()).with_max_value_divisor(1.0);
    let mut log = builder.begin_log_with(&mut bytes, &mut serializer).expect("memory");
    log.write_histogram(ns, Duration::ZERO, Duration::ZERO, None).expect("memory");
    bytes
}

/// A column for each, at the seconds of the first.
pub(super) fn points(series: &[Series]) -> String {
    let names: Vec<_> = series.iter().map(|series| series.name.as_str()).collect();
    let mut text = format!("second,{}\n", names.join(","));
    let seconds = series.first().map_or(0, |series| series.points.len());
    for index in 0..seconds {
        let at =
            |series: &Series| series.points.get(index).map_or(String::new(), |p| p.1.to_string());
        let values: Vec<_> = series.iter().map(at).collect();
        let second = series[0].points[index].0;
        writeln!(text, "{second},{}", values.join(",")).expect("memory");
    }
    text
}
