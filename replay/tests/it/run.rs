//! How the tests run things: the binary as a user does, the tape in this process.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use replay::tape::{self, LineEnd, Options};

/// What the binary said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_orison-replay"))
}

pub(crate) fn tool(args: &[&str]) -> Ended {
    tool_with_input(args, b"")
}

pub(crate) fn tool_with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut child = binary()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    Ended {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The answers to a tape in memory.
pub(crate) fn answers(input: &str) -> String {
    answers_of(&options(), input.as_bytes())
}

pub(crate) fn answers_of(options: &Options, input: &[u8]) -> String {
    let mut out = Vec::new();
    tape::run(options, input, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn options() -> Options {
    Options { line_end: LineEnd::Silent, journal: None, instruments: Vec::new() }
}

/// Journals a tape into `directory`; its answers. In a process of its own, which lets go of the
/// lock as it ends: in this one, children that other tests fork hold it for a moment longer.
pub(crate) fn journal(directory: &Path, input: &str) -> String {
    let ended = tool_with_input(&["tape", "--journal", text(directory)], input.as_bytes());
    assert_eq!(ended.status, 0, "{ended:?}");
    ended.out
}
