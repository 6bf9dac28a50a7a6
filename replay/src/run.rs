//! Each subcommand: what the library is asked, how the answer is printed, and whether it found
//! something. Errors that mean "found" are answers; all others are the caller's.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Result, bail};
use engine::projection::ViewLimits;
use engine::witness::state_digest;
use orison_core::Symbol;
use replay::past::{Past, Until};
use replay::verify::{Pass, VerifyError};
use replay::{book, diff, dump, flow, life, recovery, tape, verify};

use crate::args::{Action, Args};
use crate::show::{self, Form, Gauge};

/// What an exit status says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Fine,
    Found,
}

pub(crate) fn run(args: Args) -> Result<Outcome> {
    let form = if args.json { Form::Json } else { Form::Text };
    match args.action {
        Action::Verify { directory } => verify(&directory, form),
        Action::Recover { directory, write: false } => inspect(&directory, form),
        Action::Recover { directory, write: true } => recover(&directory, form),
        Action::Book { directory, symbol, at } => {
            show_book(&directory, &symbol, at.unwrap_or(Until::End), form)
        }
        Action::Order { directory, id } => order(&directory, &id),
        Action::Dump { directory, from, to } => {
            dump_range(&directory, from.unwrap_or(1), to.unwrap_or(u64::MAX))
        }
        Action::Digest { directory, at } => digest(&directory, at.unwrap_or(Until::End), form),
        Action::Diff { left, right } => compare(&left, &right, form),
        Action::Quarantine { directory, sequence } => quarantine(&directory, sequence, form),
        Action::Tape { config, journal, done } => {
            let line_end = if done { tape::LineEnd::Done } else { tape::LineEnd::Silent };
            let instruments = config.as_deref().map(tape::instruments).transpose()?;
            let instruments = instruments.unwrap_or_default();
            let options = tape::Options { line_end, journal, instruments };
            tape::run(&options, io::stdin().lock(), io::stdout().lock())?;
            Ok(Outcome::Fine)
        }
        Action::Flow { recording, journal, symbol, depth, executions } => {
            let options = flow::Options { recording, journal, symbol, depth, executions };
            run_flow(&options, form)
        }
    }
}

fn verify(directory: &Path, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let verified = verify::verify(directory, |pass| match pass {
        Pass::Bytes(sequence) => gauge.at(sequence),
        Pass::Replay { sequence, last } => gauge.at_of(sequence, last),
    });
    gauge.finish();
    match verified {
        Ok(verified) => {
            show::verified(&verified, form);
            Ok(Outcome::Fine)
        }
        Err(error) => found_or_unusable(error, form),
    }
}

fn found_or_unusable(error: VerifyError, form: Form) -> Result<Outcome> {
    if !error.is_finding() {
        return Err(error.into());
    }
    show::finding(&error, form);
    Ok(Outcome::Found)
}

/// What a start would find, without touching anything.
fn inspect(directory: &Path, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let verified = verify::verify(directory, |pass| match pass {
        Pass::Bytes(sequence) => gauge.at(sequence),
        Pass::Replay { sequence, last } => gauge.at_of(sequence, last),
    });
    gauge.finish();
    match verified {
        Ok(verified) => {
            show::inspected(&verified, form);
            Ok(Outcome::Fine)
        }
        Err(error) => found_or_unusable(error, form),
    }
}

fn recover(directory: &Path, form: Form) -> Result<Outcome> {
    // Recovery creates what is not there; asked for by hand, that is a mistake.
    journal::Reader::open(directory)?;
    let gauge = Gauge::of_commands();
    let options = journal::Options::default();
    let recovered = recovery::recover(directory, &options, ViewLimits::DEFAULT, |progress| {
        gauge.at(progress.sequence);
    })?;
    gauge.finish();
    show::recovered(&recovered, form);
    let state = state_digest(&recovered.exchange);
    recovered.writer.close(state, recovered.witness.digests().events)?;
    Ok(Outcome::Fine)
}

/// The state at a point of the past.
fn past(directory: &Path, until: Until) -> Result<Past> {
    let mut past = Past::open(directory, verify::SMALL_VIEWS)?;
    let gauge = Gauge::of_commands();
    past.play(until, |sequence| gauge.at(sequence))?;
    gauge.finish();
    Ok(past)
}

fn show_book(directory: &Path, symbol: &Symbol, until: Until, form: Form) -> Result<Outcome> {
    let past = past(directory, until)?;
    let player = past.player();
    let Some(instrument) = player.exchange.instrument(symbol) else {
        let known = player.exchange.instruments().iter().map(|known| known.symbol.to_string());
        let known: Vec<_> = known.collect();
        bail!("symbol {symbol} is not known at that point; known: {}", known.join(", "));
    };
    let mut out = Vec::new();
    match form {
        Form::Json => book::json(player, instrument, &mut out),
        Form::Text => out.extend_from_slice(book::table(player, instrument).as_bytes()),
    }
    io::stdout().write_all(&out)?;
    Ok(Outcome::Fine)
}

fn order(directory: &Path, id: &str) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let mut out = Vec::new();
    let orders = life::life(directory, id, &mut out, |sequence| gauge.at(sequence))?;
    gauge.finish();
    if orders == 0 {
        bail!("no order `{id}` in {}", directory.display());
    }
    io::stdout().write_all(&out)?;
    Ok(Outcome::Fine)
}

fn dump_range(directory: &Path, from: u64, to: u64) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match dump::dump(directory, from..=to, out, |sequence| gauge.at(sequence)) {
        // Whoever read has read enough.
        Err(dump::DumpError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        done => done?,
    }
    gauge.finish();
    Ok(Outcome::Fine)
}

fn digest(directory: &Path, until: Until, form: Form) -> Result<Outcome> {
    let past = past(directory, until)?;
    let player = past.player();
    let state = state_digest(&player.exchange);
    show::digest(player.at(), &state, &player.witness.digests().events, form);
    Ok(Outcome::Fine)
}

fn compare(left: &Path, right: &Path, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let difference = diff::diff(left, right, |sequence| gauge.at(sequence))?;
    gauge.finish();
    show::difference(difference.as_ref(), form);
    Ok(if difference.is_some() { Outcome::Found } else { Outcome::Fine })
}

fn quarantine(directory: &Path, sequence: u64, form: Form) -> Result<Outcome> {
    journal::quarantine(directory, sequence)?;
    show::quarantined(sequence, form);
    Ok(Outcome::Fine)
}

fn run_flow(options: &flow::Options, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_bytes();
    let report = flow::run(options, |progress| gauge.at_of(progress.bytes, progress.bytes_total))?;
    gauge.finish();
    show::flow(&report, form);
    Ok(if report.is_equal() { Outcome::Fine } else { Outcome::Found })
}
