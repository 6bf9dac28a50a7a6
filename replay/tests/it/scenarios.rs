//! The rules as scenarios: files of claims, each with lines asked (`> `) and, after them, all that
//! is answered, byte for byte. They were written from the rules, not from what the engine did.
//! A scenario begins with its claim (`# `, the section or rule first) and ends at an empty line.

use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use replay::tape::{LineEnd, Options};

use crate::run::{answers_of, options};

/// Lines asked together, and what they are answered with.
#[derive(Default)]
struct Step<'a> {
    asked: Vec<&'a str>,
    answered: Vec<&'a str>,
}

struct Scenario<'a> {
    claim: &'a str,
    steps: Vec<Step<'a>>,
}

impl<'a> Scenario<'a> {
    fn parse(text: &'a str) -> Self {
        let mut lines = text.lines();
        let claim = lines.next().and_then(|line| line.strip_prefix("# ")).expect("a claim");
        let mut steps: Vec<Step<'_>> = Vec::new();
        for line in lines {
            match line.strip_prefix("> ") {
                Some(asked) => match steps.last_mut().filter(|step| step.answered.is_empty()) {
                    Some(step) => step.asked.push(asked),
                    None => steps.push(Step { asked: vec![asked], answered: Vec::new() }),
                },
                None => steps.last_mut().expect("a line is asked first").answered.push(line),
            }
        }
        assert!(!steps.is_empty(), "{claim}: nothing is asked");
        Self { claim, steps }
    }

    /// What differs; None: nothing.
    fn difference(&self) -> Option<String> {
        let asked = self.steps.iter().flat_map(|step| &step.asked);
        let input = asked.fold(String::new(), |input, line| input + line + "\n");
        let options = Options { line_end: LineEnd::Done, ..options() };
        let Ok(out) = catch_unwind(|| answers_of(&options, input.as_bytes())) else {
            return Some(format!("# {}\npanics, as told above\n", self.claim));
        };
        let mut lines = out.lines();
        let mut told = format!("# {}\n", self.claim);
        let mut is_equal = true;
        for step in &self.steps {
            let mut found = Vec::new();
            for _ in &step.asked {
                let is_answer = |line: &&str| !line.starts_with("{\"event\":\"done\",");
                found.extend(lines.by_ref().take_while(is_answer));
            }
            is_equal &= found == step.answered;
            tell(&mut told, step, &found);
        }
        (!is_equal).then_some(told)
    }
}

fn tell(told: &mut String, step: &Step<'_>, found: &[&str]) {
    let mut tell = |mark: &str, lines: &[&str]| {
        for line in lines {
            writeln!(told, "{mark} {line}").unwrap();
        }
    };
    tell(">", &step.asked);
    if found == step.answered {
        tell(" ", found);
    } else {
        tell("- expected", &step.answered);
        tell("+ found   ", found);
    }
}

/// Every scenario of a file holds; says all that do not.
fn check(name: &str, text: &str) {
    let scenarios: Vec<_> = text.split("\n\n").map(Scenario::parse).collect();
    let wrong: Vec<_> = scenarios.iter().filter_map(Scenario::difference).collect();
    let (count, all) = (wrong.len(), scenarios.len());
    assert!(wrong.is_empty(), "{name}: {count} of {all} differ\n\n{}", wrong.join("\n"));
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        /// Each file is a test of its own.
        const FILES: &[&str] = &[$(stringify!($name),)*];

        $(#[test]
        fn $name() {
            let name = stringify!($name);
            check(name, include_str!(concat!("../scenarios/", stringify!($name), ".tape")));
        })*
    };
}

scenarios! {
    numbers matching market iceberg amend stp stops linked time status auction money limits
    rejects prayers
}

#[test]
fn every_file_is_a_test_and_no_claim_stands_twice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let (mut files, mut claims) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        claims.extend(text.lines().filter(|line| line.starts_with('#')).map(str::to_owned));
        files.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    let mut expected: Vec<_> = FILES.to_vec();
    expected.sort_unstable();
    files.sort_unstable();
    assert_eq!(files, expected);
    claims.sort_unstable();
    for pair in claims.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    assert!(claims.len() >= 350, "{} claims", claims.len());
}
