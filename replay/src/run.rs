//! Each subcommand: what the library is asked, how the answer is printed, and whether it found
//! something. Errors that mean "found" are answers; all others are the caller's.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, bail};
use engine::projection::{Interval, ViewLimits};
use engine::witness::state_digest;
use orison_core::Symbol;
use replay::ask::{self, AskError, Question};
use replay::fork::Change;
use replay::life::Reach;
use replay::past::{Past, Until};
use replay::player::Depth;
use replay::verify::{Pass, SMALL_VIEWS, Verified};
use replay::{book, diff, dump, figures, flow, life, recovery, tape, verify};

use crate::args::{Action, Args};
use crate::audit;
use crate::gauge::Gauge;
use crate::show::{self, Form};
use crate::upkeep;

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
        Action::Statistics { directory, symbol, at } => {
            ask(&directory, &Question::Statistics(symbol), at.unwrap_or(Until::End))
        }
        Action::Balances { directory, account, at } => {
            ask(&directory, &Question::Balances(account), at.unwrap_or(Until::End))
        }
        Action::Account { directory, name, at } => {
            ask(&directory, &Question::Account(name), at.unwrap_or(Until::End))
        }
        Action::Order { directory, id, at } => order(&directory, &id, at.unwrap_or(Until::End)),
        Action::Dump { directory, from, to } => {
            dump_range(&directory, from.unwrap_or(1), to.unwrap_or(u64::MAX))
        }
        Action::Digest { directory, at } => digest(&directory, at.unwrap_or(Until::End), form),
        Action::Figures { directory, at, interval } => {
            show_figures(&directory, at.unwrap_or(Until::End), interval)
        }
        Action::Fork { directory, at, omit, set, to } => {
            let change = if omit { Change::Omit } else { Change::Set(set) };
            audit::fork(&directory, (at, &change), to.unwrap_or(Until::End))
        }
        Action::Key { file } => audit::key(&file, form),
        Action::Certify { directory, key, at, out } => {
            audit::certify(&directory, &key, at.unwrap_or(Until::End), out.as_deref(), form)
        }
        Action::CheckCertificate { directory, certificate, public } => {
            audit::check_certificate(&directory, &certificate, &public, form)
        }
        Action::Prove { directory, what, certificate, public, out } => {
            let certified = (certificate.as_deref(), public.as_deref());
            audit::prove(&directory, &what, certified, out.as_deref())
        }
        Action::CheckProof { proof, root, certificate, public } => {
            let certified = (certificate.as_deref(), public.as_deref());
            audit::check_proof(&proof, root.as_deref(), certified, form)
        }
        Action::Diff { left, right } => compare(&left, &right, form),
        Action::Quarantine { directory, sequence } => quarantine(&directory, sequence, form),
        Action::Prune { directory, keep_snapshots, before, yes } => {
            let run = if yes { upkeep::Run::Real } else { upkeep::Run::Dry };
            upkeep::prune(&directory, (keep_snapshots, before), run, form)
        }
        Action::Archive { directory, to } => upkeep::archive(&directory, &to, form),
        Action::Restore { directory, from } => upkeep::restore(&directory, &from, form),
        Action::Snapshot { directory, at } => upkeep::take_snapshot(&directory, at, form),
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

/// The report of a journal that is in order. None: it is not, and what was found has been said.
fn in_order(directory: &Path, form: Form) -> Result<Option<Verified>> {
    let gauge = Gauge::of_commands();
    let verified = verify::verify(directory, |pass| match pass {
        Pass::Bytes(sequence) => gauge.at(sequence),
        Pass::Replay { sequence, last } => gauge.at_of(sequence, last),
    });
    drop(gauge);
    match verified {
        Ok(verified) => Ok(Some(verified)),
        Err(error) if error.is_finding() => {
            show::finding_with(&mut io::stdout().lock(), &error, error.remedy(), form)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn verify(directory: &Path, form: Form) -> Result<Outcome> {
    let Some(verified) = in_order(directory, form)? else { return Ok(Outcome::Found) };
    show::verified(&mut io::stdout().lock(), &verified, form)?;
    Ok(Outcome::Fine)
}

/// What a start would find, without touching anything.
fn inspect(directory: &Path, form: Form) -> Result<Outcome> {
    let Some(verified) = in_order(directory, form)? else { return Ok(Outcome::Found) };
    let mut out = io::stdout().lock();
    match recovery::plan(directory, ViewLimits::DEFAULT, verified.journal.last_sequence) {
        Ok(plan) => show::inspected(&mut out, &verified, &plan, form)?,
        Err(error) if error.is_finding() => {
            show::finding_with(&mut out, &error, error.remedy(), form)?;
            return Ok(Outcome::Found);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Outcome::Fine)
}

fn recover(directory: &Path, form: Form) -> Result<Outcome> {
    // Recovery creates what is not there; asked for by hand, that is a mistake.
    journal::Reader::open(directory)?;
    let gauge = Gauge::of_commands();
    let options = journal::Options::default();
    let recovered = recovery::recover(directory, &options, ViewLimits::DEFAULT, |progress| {
        gauge.at(progress.sequence);
    });
    drop(gauge);
    let recovered = match recovered {
        Ok(recovered) => recovered,
        Err(error) if error.is_finding() => {
            show::finding_with(&mut io::stdout().lock(), &error, error.remedy(), form)?;
            return Ok(Outcome::Found);
        }
        Err(error) => return Err(error.into()),
    };
    show::recovered(&mut io::stdout().lock(), &recovered, form)?;
    let state = state_digest(&recovered.exchange);
    recovered.writer.close(state, recovered.witness.digests().events)?;
    Ok(Outcome::Fine)
}

/// The state at a point of the past.
fn past(directory: &Path, until: Until, depth: Depth) -> Result<Past> {
    let gauge = Gauge::of_commands();
    let past = ask::at(directory, until, depth, |sequence| gauge.at(sequence))?;
    drop(gauge);
    Ok(past)
}

fn ask(directory: &Path, question: &Question, until: Until) -> Result<Outcome> {
    let past = past(directory, until, question.depth())?;
    let mut out = Vec::new();
    ask::answer(past.player(), question, &mut out)?;
    io::stdout().write_all(&out)?;
    Ok(Outcome::Fine)
}

fn show_book(directory: &Path, symbol: &Symbol, until: Until, form: Form) -> Result<Outcome> {
    let past = past(directory, until, Depth::Core)?;
    let player = past.player();
    let Some(instrument) = player.exchange.instrument(symbol) else {
        bail!(AskError::unknown_symbol(*symbol, &player.exchange));
    };
    let mut out = Vec::new();
    match form {
        Form::Json => book::json(player, instrument, &mut out),
        Form::Text => out.extend_from_slice(book::table(player, instrument).as_bytes()),
    }
    io::stdout().write_all(&out)?;
    Ok(Outcome::Fine)
}

fn order(directory: &Path, id: &str, until: Until) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut written = Ok(());
    let tell = |line: &str| {
        written = writeln!(out, "{line}");
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let orders = life::life(directory, id, Reach::Journal(until), tell, |at| gauge.at(at))?;
    drop(gauge);
    match written.and_then(|()| out.flush()) {
        // Whoever read has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Fine),
        written => written?,
    }
    if orders == 0 {
        let begun_after = Past::open(directory, SMALL_VIEWS)?.begun_after();
        if begun_after > 0 {
            bail!(
                "no order `{id}` was entered after sequence {begun_after}, and what was before \
                 is pruned: the first command that can be had is {}",
                begun_after + 1
            );
        }
        bail!("no order `{id}` in {}", directory.display());
    }
    Ok(Outcome::Fine)
}

fn dump_range(directory: &Path, from: u64, to: u64) -> Result<Outcome> {
    if from > to {
        bail!("--from {from} is behind --to {to}: there is nothing between them");
    }
    let gauge = Gauge::of_commands();
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match dump::dump(directory, from..=to, out, |sequence| gauge.at(sequence)) {
        // Whoever read has read enough.
        Err(dump::DumpError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        done => done?,
    }
    drop(gauge);
    Ok(Outcome::Fine)
}

fn digest(directory: &Path, until: Until, form: Form) -> Result<Outcome> {
    let past = past(directory, until, Depth::Digests)?;
    let player = past.player();
    let state = state_digest(&player.exchange);
    show::digest(
        &mut io::stdout().lock(),
        player.at(),
        &state,
        &player.witness.digests().events,
        form,
    )?;
    Ok(Outcome::Fine)
}

fn show_figures(directory: &Path, until: Until, interval: Interval) -> Result<Outcome> {
    let mut past = Past::open(directory, ViewLimits::DEFAULT)?;
    let gauge = Gauge::of_commands();
    past.play(until, |sequence| gauge.at(sequence))?;
    drop(gauge);
    let mut out = Vec::new();
    figures::lines(&past.player().views, interval, &mut out);
    io::stdout().write_all(&out)?;
    Ok(Outcome::Fine)
}

fn compare(left: &Path, right: &Path, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let difference = diff::diff(left, right, |sequence| gauge.at(sequence))?;
    drop(gauge);
    show::difference(&mut io::stdout().lock(), difference.as_ref(), form)?;
    Ok(if difference.is_some() { Outcome::Found } else { Outcome::Fine })
}

fn quarantine(directory: &Path, sequence: u64, form: Form) -> Result<Outcome> {
    journal::quarantine(directory, sequence)?;
    show::quarantined(&mut io::stdout().lock(), sequence, form)?;
    Ok(Outcome::Fine)
}

fn run_flow(options: &flow::Options, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_bytes();
    let report = flow::run(options, |progress| gauge.at_of(progress.bytes, progress.bytes_total))?;
    drop(gauge);
    show::flow(&mut io::stdout().lock(), &report, form)?;
    Ok(if report.is_equal() { Outcome::Fine } else { Outcome::Found })
}
