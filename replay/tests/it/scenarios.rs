//! The rules as scenarios: files of claims, each with lines asked (`> `) and, after them, all that
//! is answered, byte for byte. They were written from the rules, not from what the engine did.
//! A scenario begins with its claim (`# `, the section or rule first) and ends at an empty line.

use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use replay::dump::dump;
use replay::json::Hex;
use replay::tape::{LineEnd, Options};
use replay::verify::verify;

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

    fn input(&self) -> String {
        let asked = self.steps.iter().flat_map(|step| &step.asked);
        asked.fold(String::new(), |input, line| input + line + "\n")
    }

    /// What differs; None: nothing.
    fn difference(&self) -> Option<String> {
        let input = self.input();
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

fn scenarios(text: &str) -> Vec<Scenario<'_>> {
    text.split("\n\n").map(Scenario::parse).collect()
}

/// Every scenario of a file holds; says all that do not.
fn check(name: &str, text: &str) {
    let scenarios = scenarios(text);
    let wrong: Vec<_> = scenarios.iter().filter_map(Scenario::difference).collect();
    let (count, all) = (wrong.len(), scenarios.len());
    assert!(wrong.is_empty(), "{name}: {count} of {all} differ\n\n{}", wrong.join("\n"));
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        /// Each file, by name, is a test of its own.
        const FILES: &[(&str, &str)] = &[
            $((
                stringify!($name),
                include_str!(concat!("../scenarios/", stringify!($name), ".tape")),
            ),)*
        ];

        $(#[test]
        fn $name() {
            let file = FILES.iter().find(|(name, _)| *name == stringify!($name));
            let (name, text) = file.expect("every test has its file");
            check(name, text);
        })*
    };
}

scenarios! {
    numbers matching market iceberg amend stp stops linked time status auction money limits
    rejects prayers judged
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
    let mut expected: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    files.sort_unstable();
    assert_eq!(files, expected);
    claims.sort_unstable();
    for pair in claims.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    assert!(claims.len() >= 350, "{} claims", claims.len());
}

/// Takes back what a scenario said of the default instrument; ids and accounts are renamed.
const AFRESH: &str = concat!(
    r#"{"op":"instrument","status":"open","maker_fee_ppm":0,"taker_fee_ppm":0,"band_low":0,"#,
    r#""band_high":0,"execution_range_ppm":0,"max_quantity":0,"min_notional":0}"#,
);

/// The scenarios of a file one after another, among all that the ones before have left.
fn one_after_another(text: &str) -> String {
    let mut input = String::new();
    for (index, scenario) in scenarios(text).iter().enumerate() {
        let lines = scenario.input().replace("\"id\":\"", &format!("\"id\":\"{index}-"));
        input += &lines.replace("\"account\":\"", &format!("\"account\":\"{index}-"));
        input = input + AFRESH + "\n";
    }
    input + "{\"op\":\"digest\"}\n"
}

#[test]
fn every_scenario_is_journaled_and_replayed_to_the_same_digests() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let input = one_after_another(text);
        let directory = folder.path().join(name);
        let journaled = Options { journal: Some(directory.clone()), ..options() };
        let out = answers_of(&journaled, input.as_bytes());
        assert_eq!(out, answers_of(&options(), input.as_bytes()), "{name}");
        let verified = verify(&directory, |_| {}).expect(name);
        let sequence = verified.journal.last_sequence;
        let (state, events) = (Hex(&verified.state), Hex(&verified.events));
        let digest = format!(
            "{{\"event\":\"digest\",\"sequence\":{sequence},\"state\":\"{state}\",\
             \"events\":\"{events}\"}}"
        );
        assert_eq!(out.lines().last(), Some(digest.as_str()), "{name}");
        let mut dumped = Vec::new();
        dump(&directory, 0..=u64::MAX, &mut dumped, |_| {}).expect(name);
        let dumped = String::from_utf8(dumped).unwrap();
        let commands = dumped.lines().filter(|line| line.contains("\"command\":{\"op\":"));
        assert_eq!(commands.count() as u64, sequence, "{name}");
    }
}
