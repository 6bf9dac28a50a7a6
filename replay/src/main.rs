//! The tool beside the engine: one subcommand a question. It reads arguments, shows progress and
//! answers, and turns what happened into an exit status; everything else is the library's.

mod args;
mod audit;
mod gauge;
mod run;
mod show;
mod upkeep;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use run::Outcome;

fn main() -> ExitCode {
    match run::run(Args::parse()) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(error) => {
            eprintln!("orison-replay: {}", show::plain(&told(&error)));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes in one line; most errors have told their cause already.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
