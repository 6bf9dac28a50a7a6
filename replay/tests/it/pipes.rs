//! A driver that talks to a tape over pipes: each answer must come before the next line goes.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use crate::run::{answers, binary, journal, text, tool};

/// Sends one line and reads until its `done`.
fn ask(stdin: &mut ChildStdin, stdout: &mut BufReader<ChildStdout>, line: &str) -> String {
    writeln!(stdin, "{line}").unwrap();
    let mut answers = String::new();
    loop {
        let mut line = String::new();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "the tape ended early");
        if line.contains("\"done\"") {
            return answers;
        }
        answers += &line;
    }
}

#[test]
fn a_driver_gets_each_answer_before_it_sends_the_next_line() {
    let mut child = binary()
        .args(["tape", "--done"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for number in 1..=50 {
        let side = if number % 2 == 0 { "buy" } else { "sell" };
        let line = format!(
            "{{\"op\":\"new\",\"id\":\"{number}\",\"side\":\"{side}\",\"type\":\"limit\",\
             \"price\":5,\"quantity\":1}}"
        );
        let answers = ask(&mut stdin, &mut stdout, &line);
        let expected = if number % 2 == 0 { 2 } else { 1 };
        assert_eq!(answers.lines().count(), expected, "{answers}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_tape_that_was_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    let lines: Vec<_> = (0..90)
        .map(|number| {
            let (side, price) =
                if number % 3 == 0 { ("buy", 12) } else { ("sell", 9 + number % 5) };
            format!(
                "{{\"op\":\"new\",\"id\":\"{number}\",\"side\":\"{side}\",\
                 \"type\":\"limit\",\"price\":{price},\"quantity\":{}}}",
                1 + number % 7
            )
        })
        .collect();
    let mut answered = String::new();
    for lines in lines.chunks(30) {
        let mut child = binary()
            .args(["tape", "--done", "--journal", text(&directory)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        for line in lines {
            answered += &ask(&mut stdin, &mut stdout, line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let verified = tool(&["verify", text(&directory), "--json"]);
        assert_eq!(verified.status, 0, "{verified:?}");
        assert!(verified.out.contains("\"closed_cleanly\":false"), "{verified:?}");
    }
    let digest = "{\"op\":\"digest\"}\n";
    answered += &journal(&directory, digest);
    assert_eq!(answered, answers(&(lines.join("\n") + "\n" + digest)));
}
