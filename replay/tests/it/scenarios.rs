//! The rules as scenarios: files of claims, each with lines asked (`> `) and, after them, all that
//! is answered, byte for byte. They were written from the rules, not from what the engine did.
//! A scenario begins with its claim (`# `, the rule's number first) and ends at an empty line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use orison_core::Reason;
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
    rejects prayers judged together
}

/// Section and paragraph of the market's rules, and what that is about. Those that a tape cannot
/// show stand with their own tests: limits of a beginning (1.3) and the form of ids (1.4).
const RULES: &[(&str, &str)] = &[
    ("1.1", "numbers"),
    ("1.2", "time"),
    ("1.5", "client order ids"),
    ("2", "shapes and numbers of an order"),
    ("2.1", "price, then time"),
    ("2.2", "limits"),
    ("2.3", "places in the queue"),
    ("2.4", "cancels and the book"),
    ("2.5", "sweeps"),
    ("2.6", "orders that are none"),
    ("2.7", "market orders, budget, protection"),
    ("2.8", "IOC and FOK"),
    ("2.9", "post-only"),
    ("2.10", "minimum quantity"),
    ("2.11", "icebergs"),
    ("2.12", "the walk"),
    ("3.1", "what an amend names"),
    ("3.2", "priority after an amend"),
    ("3.3", "amends that cancel or trade"),
    ("3.4", "refused amends, amends of stops"),
    ("4", "self-trade prevention"),
    ("5.1", "election"),
    ("5.2", "order of firing"),
    ("5.3", "fired stops"),
    ("5.4", "trailing stops"),
    ("5.5", "pending stops"),
    ("6.1", "OCO"),
    ("6.2", "OTO"),
    ("7.1", "days and dates"),
    ("7.2", "clocks"),
    ("8.1", "status"),
    ("8.2", "call phase"),
    ("8.3", "uncross price"),
    ("8.4", "uncross"),
    ("8.5", "price band"),
    ("8.6", "execution range, interruption"),
    ("9.1", "funded and unfunded"),
    ("9.2", "reservation"),
    ("9.3", "release"),
    ("9.4", "fees"),
    ("9.5", "balances"),
    ("9.6", "limits of an account, kill switch"),
    ("9.7", "positions"),
    ("9.8", "opening of accounts"),
    ("10.1", "refusals"),
    ("10.2", "order of checks"),
    ("11", "order of events"),
    ("12", "prayers and feeds"),
];

#[test]
fn every_rule_has_a_scenario_and_every_scenario_its_rule() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, text) in FILES {
        for Scenario { claim, .. } in scenarios(text) {
            let (rule, _) = claim.split_once(' ').expect("a number, then the claim");
            assert!(RULES.iter().any(|(known, _)| *known == rule), "{name}: {claim}");
            *counts.entry(rule).or_default() += 1;
        }
    }
    let missing: Vec<_> = RULES.iter().filter(|(rule, _)| !counts.contains_key(rule)).collect();
    assert!(missing.is_empty(), "no scenario for {missing:?}");
}

/// Only a pool of orders, accounts or bytes that is used up leads to these: too long for a tape.
const OF_POOLS: [Reason; 3] = [Reason::AccountLimit, Reason::BookFull, Reason::JournalFull];

#[test]
fn every_reason_to_refuse_stands_in_a_scenario() {
    for reason in Reason::ALL {
        let said = format!(r#","reason":"{}"}}"#, reason.word());
        let is_said =
            |line: &str| line.starts_with(r#"{"event":"rejected","#) && line.ends_with(&said);
        let found = FILES.iter().any(|(_, text)| text.lines().any(is_said));
        assert_eq!(found, !OF_POOLS.contains(reason), "{reason:?}");
    }
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
