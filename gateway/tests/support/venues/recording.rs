//! Recordings of real venues, to be played through the fake ones: line by line, each with the
//! time at which it came. They lie beside the project, in `../shared/data`, or where
//! `ORISON_RECORDINGS` says.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{House, binance, upbit};

pub(crate) struct Line {
    /// Since the first line.
    pub(crate) after: Duration,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Speed {
    /// As it came.
    Recorded,
    Full,
}

/// None: there are no recordings.
pub(crate) fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("ORISON_RECORDINGS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    given.or(Some(beside)).filter(|folder| folder.is_dir())
}

/// `<receive ns> <json>` a line, gzip.
pub(crate) fn gzip(path: &Path) -> Vec<Line> {
    let file = std::fs::File::open(path).expect("the recording can be read");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the recording is gzip");
    let nanoseconds = |line: &str| {
        let (at, text) = line.split_once(' ')?;
        Some((at.parse::<u64>().ok()? as f64 / 1e9, text.to_owned()))
    };
    since_first(text.lines().filter_map(nanoseconds))
}

/// `<seconds>: <text>` or `<seconds>: b'<text>'` a line, after lines of addresses and requests.
pub(crate) fn frames(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).expect("the recording can be read");
    let frame = |line: &str| {
        let (at, text) = line.split_once(": ")?;
        let text = text.strip_prefix("b'").and_then(|t| t.strip_suffix('\'')).unwrap_or(text);
        Some((at.parse::<f64>().ok()?, text.to_owned()))
    };
    since_first(text.lines().filter_map(frame).flat_map(|(at, text)| {
        // In the list formats a frame holds several messages.
        let list = serde_json::from_str::<Vec<Box<RawValue>>>(&text);
        let texts = list.map(|list| list.iter().map(|text| text.get().to_owned()).collect());
        texts.unwrap_or_else(|_| vec![text]).into_iter().map(move |text| (at, text))
    }))
}

fn since_first(lines: impl Iterator<Item = (f64, String)>) -> Vec<Line> {
    let mut first = None;
    let line = |(at, text)| {
        let first = *first.get_or_insert(at);
        Line { after: Duration::from_secs_f64(f64::max(at - first, 0.0)), text }
    };
    lines.map(line).collect()
}

/// Rows of recorded liquidations as the venue tells them, with the time of each.
pub(crate) fn forced(path: &Path) -> Vec<Line> {
    let file = std::fs::File::open(path).expect("the recording can be read");
    let bytes = zstd::decode_all(file).expect("the recording is zstd");
    let text = String::from_utf8(bytes).expect("the recording is text");
    let row = |row: &str| {
        let fields: Vec<&str> = row.split(',').collect();
        // Some rows say one thing more at their end.
        let [symbol, side, kind, tif, quantity, price, average, status, last, filled, time, ..] =
            fields[..]
        else {
            return None;
        };
        let text = format!(
            r#"{{"e":"forceOrder","E":{time},"o":{{"s":"{symbol}USDT","S":"{side}","o":"{kind}",
            "f":"{tif}","q":"{quantity}","p":"{price}","ap":"{average}","X":"{status}",
            "l":"{last}","z":"{filled}","T":{time}}}}}"#
        );
        Some((time.parse::<f64>().ok()? / 1e3, text))
    };
    since_first(text.lines().filter_map(row))
}

/// What a recording holds, which its name says, and so who tells it.
pub(crate) enum Tape {
    /// Streams of Binance; snapshots are of this symbol.
    Binance {
        symbol: String,
    },
    Forced,
    Upbit,
}

/// None: the name is of no kind that is known.
pub(crate) fn open(path: &Path) -> Option<(Tape, Vec<Line>)> {
    let name = path.file_name()?.to_str()?;
    let is = |start: &str, end: &str| name.starts_with(start) && name.ends_with(end);
    let (tape, mut lines) = if is("usdm_", ".gz") || is("spot_", ".gz") {
        let lines = gzip(path);
        (Tape::Binance { symbol: symbol(&lines)? }, lines)
    } else if is("BINANCE_FUTURES.ws.", "") {
        (Tape::Binance { symbol: String::new() }, frames(path))
    } else if is("UPBIT.ws.", "") {
        (Tape::Upbit, frames(path))
    } else if is("binance_forceOrder_", ".csv.zst") {
        (Tape::Forced, forced(path))
    } else {
        return None;
    };
    // Answers to requests, and whatever else is no message, is left out.
    lines.retain(|line| line.text.starts_with('{') && !line.text.contains(r#""result":"#));
    Some((tape, lines))
}

impl Tape {
    pub(crate) fn say(&self, binance: &House, upbit: &House, text: &str) {
        match self {
            Self::Binance { symbol } => say_binance(binance, symbol, text),
            Self::Forced => drop(binance::say(binance, &["!forceOrder@arr"], text)),
            Self::Upbit => say_upbit(upbit, text),
        }
    }

    /// Does somebody listen?
    pub(crate) fn is_heard(&self, binance: &House, upbit: &House) -> bool {
        match self {
            Self::Binance { .. } | Self::Forced => !binance.carried().is_empty(),
            Self::Upbit => !upbit.carried().is_empty(),
        }
    }
}

/// The symbol of the first book that is told.
pub(crate) fn symbol(lines: &[Line]) -> Option<String> {
    let stream = |line: &Line| {
        let message: Combined<'_> = serde_json::from_str(&line.text).ok()?;
        let (symbol, kind) = message.stream?.split_once('@')?;
        kind.starts_with("depth").then(|| symbol.to_ascii_uppercase())
    };
    lines.iter().find_map(stream)
}

pub(crate) async fn play(lines: &[Line], speed: Speed, mut say: impl FnMut(&str)) {
    let start = tokio::time::Instant::now();
    for line in lines {
        if speed == Speed::Recorded {
            tokio::time::sleep_until(start + line.after).await;
        }
        say(&line.text);
    }
}

#[derive(serde::Deserialize)]
struct Combined<'a> {
    #[serde(borrow)]
    stream: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// A recorded message of a combined stream, or a snapshot of `symbol`.
pub(crate) fn say_binance(house: &House, symbol: &str, text: &str) {
    let message: Combined<'_> = serde_json::from_str(text).expect("the recording is JSON");
    match (message.stream, message.data) {
        (Some(stream), Some(data)) => {
            let asked: Vec<&str> = stream.splitn(3, '@').take(2).collect();
            binance::say(house, &[&asked.join("@")], data.get());
        }
        (_, _) => drop(house.lock().snapshots.insert(symbol.into(), text.into())),
    }
}

/// A recorded message in short names.
pub(crate) fn say_upbit(house: &House, text: &str) {
    let message: Value = serde_json::from_str(text).expect("the recording is JSON");
    upbit::say(house, &upbit::long(&message));
}
