//! What others have published for the same work, in the same run and on the same machine as ours:
//! matching engines on the four workloads, journals with and without sync, rings between two
//! threads. Each table has ours first and the ratio of every other to it.
//! `cargo bench --manifest-path benches/rivals/Cargo.toml [-- WORD.. --quick --runs N]`, with any
//! of the words matching, journals, rings.

mod journals;
mod matching;
mod rings;

use benches::arguments::Common;
use benches::report::{Cores, Head, Report};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    words: Vec<String>,
}

fn main() {
    let Arguments { common, words } = Arguments::parse();
    let mut report = Report::begin(&Head {
        name: "rivals",
        seconds: common.pick(60, 600 + 60 * common.runs() as u64),
        workload: format!("as each table says; {} runs interleaved", common.runs()),
        settings: "one thread, but for the rings and the journals' own threads".to_owned(),
        cores: Cores::Two,
    });
    let is_wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if is_wanted("rings") {
        rings::compare(&common, &mut report);
    }
    if is_wanted("journals") {
        journals::compare(&common, &mut report);
    }
    if is_wanted("matching") {
        matching::compare(&common, &mut report);
    }
    report.end();
}
