//! Random command streams, given to the core and to the judge: the whole event list of every
//! command must be equal, and what the core says of itself must hold after every command.
//! `ORISON_RANDOM_COMMANDS` sets how many in all, `ORISON_SEED` repeats one stream. A stream that
//! fails is made short before it is shown, as a tape.

mod coverage;
mod follower;
mod money;
mod rows;
mod shrink;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::seed;
use crate::stream::{Step, Stream};
use crate::tape;
use world::{Difference, World};

const COMMANDS_DEFAULT: u64 = 200_000;
/// Long enough for windows to wrap and books to fill, short enough to be shrunk quickly.
const STREAM_COMMANDS: usize = 10_000;
/// A half gives up after so many streams that fail.
const FAILURES_MAX: usize = 20;

#[test]
fn core_and_judge_say_the_same_of_every_command() {
    let commands = seed::number("ORISON_RANDOM_COMMANDS").unwrap_or(COMMANDS_DEFAULT);
    let seeds = match seed::given() {
        Some(seed) => seed..seed + 1,
        None => 0..commands.div_ceil(STREAM_COMMANDS as u64),
    };
    let failures = std::thread::scope(|scope| {
        // Two halves for two cores; what fails does not depend on their pace.
        let halves = [0, 1].map(|half| {
            let seeds = seeds.clone().filter(move |seed| seed % 2 == half);
            scope.spawn(move || seeds.filter_map(failure).take(FAILURES_MAX).collect::<Vec<_>>())
        });
        halves.map(|half| half.join().expect("panics of the core are caught")).concat()
    });
    let mut kinds: Vec<Failure> = Vec::new();
    for failure in failures {
        if kinds.iter().all(|other| other.difference.kind() != failure.difference.kind()) {
            kinds.push(failure);
        }
    }
    let reports: Vec<String> = kinds.into_iter().map(Failure::report).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n=====\n"));
}

#[derive(Clone)]
struct Failure {
    seed: u64,
    steps: Vec<Step>,
    difference: Difference,
}

fn failure(seed: u64) -> Option<Failure> {
    let steps: Vec<Step> = Stream::new(seed).take(STREAM_COMMANDS).collect();
    first_difference(&steps).map(|difference| Failure { seed, steps, difference })
}

/// A difference, an invariant that does not hold and a panic of the core are all the same here.
fn first_difference(steps: &[Step]) -> Option<Difference> {
    let mut world = World::new();
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
        let Self { seed, steps, difference: Difference { index, what } } = self;
        let first = steps[index].number;
        let (short, last) = shrink::shrunk(steps, Difference { index, what: what.clone() });
        let tape = tape::lines(&short, &World::after(&short).names());
        format!(
            "seed {seed}, step {first}: {what}\n\nmade short, {} commands:\n{tape}\n{}\n\n\
             the last one: {:?}\n\nagain with: ORISON_SEED={seed} cargo test -p tests properties",
            short.len(),
            last.what,
            short.last().map(|step| step.command),
        )
    }
}
