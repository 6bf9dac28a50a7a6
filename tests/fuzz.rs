//! Every decoder against bytes that nobody meant: mutations of good inputs and of the corpus, each
//! judged by more than that nothing panics. `ORISON_FUZZ_SECONDS` gives every target so long, else
//! it is a short run; what fails is kept in `tests/fuzz/corpus` and tried first from then on.

mod evidence;
mod mutate;
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::seed;
use crate::stream::Dice;
use mutate::Mutator;

/// Of one target in the suite.
const RUNS_SHORT: u64 = 400;

/// Judges one input; panics if something is wrong with how it was taken.
pub(super) trait Target {
    const NAME: &'static str;
    /// What the format is made of.
    const WORDS: &'static [&'static str];

    fn good_inputs(&self) -> Vec<Vec<u8>>;

    fn judge(&self, input: &[u8]);
}

fn fuzz<T: Target>(target: &T) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", T::NAME].iter().collect();
    let mut pool = target.good_inputs();
    if let Ok(entries) = fs::read_dir(&folder) {
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        pool.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    }
    pool.iter().for_each(|input| target.judge(input));
    let seed = seed::given().unwrap_or(0xf022);
    let long = seed::number("ORISON_FUZZ_SECONDS").map(Duration::from_secs);
    let (started, mut runs) = (Instant::now(), 0);
    let mut mutator = Mutator::new(Dice::new(seed), T::WORDS);
    while long.map_or(runs < RUNS_SHORT, |long| started.elapsed() < long) {
        let input = mutator.mutated(&pool);
        let judged = catch_unwind(AssertUnwindSafe(|| target.judge(&input)));
        if judged.is_err() {
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("found-{}", &blake3::hash(&input).to_hex()[..16]));
            fs::write(&path, &input).unwrap();
            panic!(
                "{} takes {} wrongly; again with: cargo test -p tests fuzz",
                T::NAME,
                path.display()
            );
        }
        runs += 1;
    }
    println!("{}: {runs} inputs in {:.1} s, seed {seed}", T::NAME, started.elapsed().as_secs_f64());
}

#[test]
fn a_journal_serves_no_command_that_was_not_written() {
    fuzz(&targets::Segment::new());
}

#[test]
fn a_payload_is_refused_or_is_one_command_and_no_other() {
    fuzz(&targets::Payload);
}

#[test]
fn a_snapshot_is_what_was_written_or_is_refused() {
    fuzz(&targets::Snapshot::new());
}

#[test]
fn a_certificate_says_what_was_signed_or_is_refused() {
    fuzz(&evidence::Certificate::new());
}

#[test]
fn a_proof_shows_a_command_of_its_journal_or_is_refused() {
    fuzz(&evidence::Proof::new());
}

#[test]
fn an_object_is_read_or_refused() {
    fuzz(&targets::Json);
}

#[test]
fn a_web_socket_keeps_to_its_limits() {
    fuzz(&targets::WebSocket);
}

#[test]
fn stomp_frames_do_not_depend_on_how_they_are_cut() {
    fuzz(&targets::Stomp);
}

#[test]
fn sockjs_bodies_are_read_or_refused() {
    fuzz(&targets::SockJs);
}

#[test]
fn a_tape_answers_every_line_in_json_and_the_same_again() {
    fuzz(&targets::Tape);
}
