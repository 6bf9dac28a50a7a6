//! Random command streams, given to the core and to the judge: the whole event list of every
//! command must be equal, and what the core says of itself must hold after every command.
//! `ORISON_RANDOM_COMMANDS` and `ORISON_MONEY_COMMANDS` say how many in all, `ORISON_SEED` with
//! which seed the first stream is made. One that fails is made short and shown as a tape.

mod coverage;
mod follower;
mod money;
mod on_tape;
mod rows;
mod shrink;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::seed;
use crate::stream::{Step, Stream};
use crate::tape;
use world::{Difference, World};

/// Long enough for windows to wrap and books to fill, short enough to be shrunk quickly.
const STREAM_COMMANDS: usize = 10_000;
/// Long runs compare all that rests after each so many commands only, short ones after every one.
const EVERY: u64 = 8;
const SHORT: u64 = 200_000;
/// A half gives up after so many streams that fail.
const FAILURES_MAX: usize = 20;

#[test]
fn core_and_judge_say_the_same_of_every_command() {
    agree("ORISON_RANDOM_COMMANDS", 160_000, Stream::new);
}

#[test]
fn core_and_judge_say_the_same_where_all_have_money() {
    agree("ORISON_MONEY_COMMANDS", 40_000, Stream::of_money);
}

/// Streams of so many commands in all: as many as the variable says.
fn agree(variable: &str, usually: u64, stream: fn(u64) -> Stream) {
    let commands = seed::number(variable).unwrap_or(usually);
    let every = if commands > SHORT { EVERY } else { 1 };
    let first = seed::given().unwrap_or_default();
    let seeds = first..first + commands.div_ceil(STREAM_COMMANDS as u64);
    let failures = std::thread::scope(|scope| {
        // Two halves for two cores; what fails does not depend on their pace.
        let halves = [0, 1].map(|half| {
            let seeds = seeds.clone().filter(move |seed| seed % 2 == half);
            let failures = seeds.filter_map(move |seed| failure(stream, seed, every));
            scope.spawn(move || failures.take(FAILURES_MAX).collect::<Vec<_>>())
        });
        halves.map(|half| half.join().expect("panics of the core are caught")).concat()
    });
    let mut kinds: Vec<Failure> = Vec::new();
    for failure in failures {
        if kinds.iter().all(|other| other.difference.kind() != failure.difference.kind()) {
            kinds.push(failure);
        }
    }
    let report = |failure: Failure| {
        let seed = failure.seed;
        let again = format!("{variable}={STREAM_COMMANDS} ORISON_SEED={seed}");
        format!("{}\nagain with: {again} cargo test -p tests properties", failure.report())
    };
    let reports: Vec<String> = kinds.into_iter().map(report).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n=====\n"));
}

#[derive(Clone)]
struct Failure {
    seed: u64,
    steps: Vec<Step>,
    difference: Difference,
}

fn failure(stream: fn(u64) -> Stream, seed: u64, every: u64) -> Option<Failure> {
    let mut steps: Vec<Step> = stream(seed).take(STREAM_COMMANDS).collect();
    let found = first_difference(&steps, every)?;
    // Looked at more closely it may show earlier, and as something else.
    steps.truncate(found.index + 1);
    let difference = first_difference(&steps, 1).unwrap_or(found);
    Some(Failure { seed, steps, difference })
}

/// A difference, an invariant that does not hold and a panic of the core are all the same here.
fn first_difference(steps: &[Step], every: u64) -> Option<Difference> {
    let mut world = World::new(every);
    for (index, step) in steps.iter().enumerate() {
        let given = catch_unwind(AssertUnwindSafe(|| world.give(step)));
        let what = match given {
            Ok(Ok(())) => continue,
            Ok(Err(what)) => what,
            Err(panic) => {
                let message = panic.downcast_ref::<String>().map(String::as_str);
                let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
                format!("panic: {}", message.unwrap_or("of an unknown kind"))
            }
        };
        return Some(Difference { index, what });
    }
    None
}

impl Failure {
    fn report(self) -> String {
        let Self { seed, steps, difference } = self;
        let (index, what) = (difference.index, difference.what.clone());
        let first = steps[index].number;
        let (short, last) = shrink::shrunk(steps, difference);
        let tape = tape::lines(&short, &World::after(&short).names());
        format!(
            "seed {seed}, step {first}: {what}\n\nmade short, {} commands:\n{tape}\n{}\n\n\
             the last one: {:?}\n",
            short.len(),
            last.what,
            short.last().map(|step| step.command),
        )
    }
}
