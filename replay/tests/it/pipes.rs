//! A driver that talks to a tape over pipes: each answer must come before the next line goes.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::run::binary;

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
        writeln!(
            stdin,
            "{{\"op\":\"new\",\"id\":\"{number}\",\"side\":\"{side}\",\"type\":\"limit\",\
             \"price\":5,\"quantity\":1}}"
        )
        .unwrap();
        let mut answers = Vec::new();
        loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the tape ended early");
            if line.contains("\"done\"") {
                assert_eq!(
                    line,
                    format!(
                        "{{\"event\":\"done\",\"line\":{number},\"sequence\":{}}}\n",
                        number + 2
                    )
                );
                break;
            }
            answers.push(line);
        }
        assert_eq!(answers.len(), if number % 2 == 0 { 2 } else { 1 }, "{answers:?}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
