//! A recorded day of a real market through the real tools, and the tape as it is documented. The
//! recordings are not part of the project: they lie beside it, in `../shared/data`, or where
//! `ORISON_RECORDINGS` says; without them the day is skipped, loudly.

mod archive;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binaries;

/// Lines of the orderbook file before the recorded commands begin.
const DEPTH_LINES_BEFORE: usize = 64;

/// What the guesses of ten seconds ahead were worth that day, to the last digit.
const SCORE_OF_THE_DAY: &str = "\"since_begin\":{\"n\":13926,\"hit_rate\":0.5705873904926038,\
     \"log_loss\":0.6806960393263178,\"baseline\":0.6873308337294581}";

#[test]
fn a_recorded_day_trades_as_it_did() {
    let Some(recordings) = recordings() else {
        eprintln!("SKIPPED: no recorded market data: no ../shared/data, no ORISON_RECORDINGS");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let depth = home.path().join("depth.csv");
    let archive = recordings.join("LOBSTER_SampleFile_GOOG_2012-06-21_10.zip");
    fs::write(&depth, cut(&archive::unpack(&archive, "orderbook"))).unwrap();
    let journal = home.path().join("journal");
    let answer = tool(
        binaries::orison_replay()
            .arg("flow")
            .arg(recordings.join("GOOG_10.csv.zst"))
            .arg("--depth")
            .arg(&depth)
            .arg("--journal")
            .arg(&journal)
            .arg("--json"),
    );
    let answer: Value = serde_json::from_str(&answer).expect("one JSON object");
    for (field, expected) in [
        ("commands", json!(195_525)),
        ("fills", json!(7_748)),
        ("fill_mismatches", json!(0)),
        ("quantity_mismatches", json!(0)),
        ("depth_rows", json!(142_082)),
        ("depth_mismatches", json!(0)),
        ("first_mismatch", Value::Null),
    ] {
        assert_eq!(answer[field], expected, "{field} of {answer}");
    }
    tool(binaries::orison_replay().arg("verify").arg(&journal));
    let digests = [0, 1].map(|_| tool(binaries::orison_replay().arg("digest").arg(&journal)));
    assert_eq!(digests[0], digests[1], "two replays of one journal");
    let figures = tool(binaries::orison_replay().arg("figures").arg(&journal));
    assert!(figures.contains(SCORE_OF_THE_DAY), "{figures}");
}

/// The example of the format's own description, byte for byte.
const TAPE: &str = r#"
{"op":"new","id":"1","side":"sell","type":"limit","price":"100","quantity":"10"}
{"op":"new","id":"2","side":"buy","type":"limit","price":"130","quantity":"4"}
"#;
const EVENTS: &str = r#"
{"event":"accepted","id":"1"}
{"event":"accepted","id":"2"}
{"event":"trade","maker":"1","taker":"2","price":"100","quantity":"4"}
"#;

#[test]
fn the_example_of_the_tape_is_played_byte_for_byte() {
    let mut tape = Driver::start(&[]);
    tape.input().write_all(TAPE.trim_start().as_bytes()).unwrap();
    assert_eq!(tape.rest(), EVENTS.trim_start());
}

#[test]
fn a_driver_that_waits_for_each_answer_gets_it() {
    let mut tape = Driver::start(&["--done"]);
    for (number, line) in (1..).zip(TAPE.trim_start().lines()) {
        writeln!(tape.input(), "{line}").unwrap();
        let mut events = Vec::new();
        let done = loop {
            let event: Value = serde_json::from_str(&tape.line()).expect("events are JSON lines");
            if event["event"] == "done" {
                break event;
            }
            events.push(event);
        };
        assert_eq!(done["line"], number, "{done}");
        assert_eq!(events[0]["event"], "accepted", "line {number}: {events:?}");
    }
    assert_eq!(tape.rest(), "");
}

#[test]
fn a_line_that_is_not_understood_is_named_and_the_run_goes_on() {
    let mut tape = Driver::start(&[]);
    let lines = ["nonsense", r#"{"op":"dance"}"#, r#"{"op":"cancel","id":"none"}"#];
    writeln!(tape.input(), "{}", lines.join("\n")).unwrap();
    let events = tape.rest();
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    for (index, event) in events.iter().enumerate().take(2) {
        assert_eq!(event["event"], "error", "{event}");
        assert_eq!(event["line"], index + 1, "{event}");
    }
    assert_eq!(
        events[2..],
        [json!({"event": "rejected", "op": "cancel", "id": "none", "reason": "unknown_order"})]
    );
}

#[test]
fn a_tape_with_a_journal_can_be_verified_and_gives_the_same_digest_again() {
    let home = tempfile::tempdir().unwrap();
    let digests = ["first", "second"].map(|name| {
        let journal = home.path().join(name);
        let journal = journal.to_str().expect("a temporary path is text");
        let mut tape = Driver::start(&["--journal", journal]);
        tape.input().write_all(TAPE.trim_start().as_bytes()).unwrap();
        assert_eq!(tape.rest(), EVENTS.trim_start());
        tool(binaries::orison_replay().arg("verify").arg(journal));
        tool(binaries::orison_replay().arg("digest").arg(journal))
    });
    assert_eq!(digests[0], digests[1], "no wall time or random identity enters a digest");
}

fn recordings() -> Option<PathBuf> {
    let given = std::env::var_os("ORISON_RECORDINGS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    given.or(Some(beside)).filter(|folder| folder.is_dir())
}

fn cut(depth: &[u8]) -> &[u8] {
    let mut rest = depth;
    for _ in 0..DEPTH_LINES_BEFORE {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("the file is longer");
        rest = &rest[end + 1..];
    }
    rest
}

/// Standard output of a tool that ends with status 0.
fn tool(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}{complaint}", output.status);
    text
}

/// A tape that is spoken to over pipes.
struct Driver {
    child: std::process::Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Driver {
    fn start(arguments: &[&str]) -> Self {
        let mut child = binaries::orison_replay()
            .arg("tape")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self { child, output }
    }

    fn input(&mut self) -> &mut impl Write {
        self.child.stdin.as_mut().expect("standard input is open until the rest is read")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Ends the input; what is said after that.
    fn rest(&mut self) -> String {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "a tape ends with status 0");
        rest
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
