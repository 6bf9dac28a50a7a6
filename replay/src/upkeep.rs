//! What tends a journal rather than asks it: snapshots by hand, pruning, archives. The library
//! does it; here it is asked for and told.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use engine::projection::ViewLimits;
use journal::{Reader, Storage};
use replay::json::Object;
use replay::past::Until;
use replay::retention::{self, End, Keep, Plan, Restored};
use replay::snapshot;

use crate::gauge::Gauge;
use crate::run::Outcome;
use crate::show::Form;

/// Whether a plan is carried out or only told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Run {
    Dry,
    Real,
}

pub(crate) fn prune(
    directory: &Path,
    (snapshots, before): (usize, Option<Until>),
    run: Run,
    form: Form,
) -> Result<Outcome> {
    let from = before.map(|before| first_at(directory, before)).transpose()?;
    let plan = retention::plan(directory, Keep { snapshots, from })?;
    if run == Run::Real {
        retention::prune(&Storage::default(), directory, &plan)?;
    }
    let mut out = io::stdout().lock();
    match form {
        Form::Text => print_plan(&mut out, &plan, run)?,
        Form::Json => {
            let mut line = Vec::new();
            let mut object = Object::open(&mut line);
            object.bare("removed", run == Run::Real).bare("needed_from", plan.needed_from);
            object.bare("snapshots_kept", plan.kept.len());
            object.bare("snapshots", plan.snapshots.len()).bare("segments", plan.segments.len());
            object.bare("segments_kept", plan.stay.len());
            object.bare("checkpoint_interval_from", plan.interval_from);
            object.close();
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    Ok(Outcome::Fine)
}

fn print_plan(out: &mut impl Write, plan: &Plan, run: Run) -> io::Result<()> {
    for why in &plan.passed_over {
        writeln!(out, "PASSED OVER  {why}")?;
    }
    for kept in &plan.kept {
        writeln!(out, "keeps        {}", kept.path.display())?;
    }
    if let Some(path) = plan.stay.first() {
        let (count, why) = (plan.stay.len(), why_segments_stay(plan));
        writeln!(out, "keeps        {}, {count} segments from it on: {why}", path.display())?;
    }
    let word = if run == Run::Real { "removed" } else { "would remove" };
    for path in plan.snapshots.iter().chain(&plan.segments) {
        writeln!(out, "{word:12} {}", path.display())?;
    }
    writeln!(out, "commands from sequence {} on are needed", plan.needed_from)?;
    match run {
        Run::Dry => writeln!(out, "nothing was removed: --yes removes it"),
        Run::Real => Ok(()),
    }
}

fn why_segments_stay(plan: &Plan) -> String {
    let Plan { needed_from, interval_from, .. } = plan;
    if interval_from < needed_from {
        return format!(
            "needed from {interval_from}, where the checkpoint interval of the last one begins"
        );
    }
    match plan.kept.first() {
        Some(oldest) if oldest.sequence + 1 == *needed_from => {
            format!("needed from {needed_from}, behind the oldest snapshot that is kept")
        }
        Some(_) | None => format!("needed from {needed_from}, as --before says"),
    }
}

/// The first command at a sequence or time.
fn first_at(directory: &Path, before: Until) -> Result<u64> {
    let time_ns = match before {
        Until::Sequence(sequence) => return Ok(sequence),
        Until::End => return Ok(u64::MAX),
        Until::Time(time_ns) => time_ns,
    };
    let mut records = Reader::open(directory)?.records_from(0)?;
    while let Some(record) = records.next()? {
        if record.time_ns >= time_ns {
            return Ok(record.sequence);
        }
    }
    Ok(records.last_sequence() + 1)
}

pub(crate) fn archive(directory: &Path, to: &Path, form: Form) -> Result<Outcome> {
    let copied = retention::archive(&Storage::default(), directory, to)?;
    told(form, "archived", copied.iter().map(|path| path.display().to_string()).collect())
}

pub(crate) fn restore(directory: &Path, from: &Path, form: Form) -> Result<Outcome> {
    let restored = retention::restore(&Storage::default(), directory, from)?;
    let Restored { copied, aside, last_sequence, end } = &restored;
    let mut out = io::stdout().lock();
    match form {
        Form::Text => {
            for path in aside {
                writeln!(out, "damaged, kept as {}", path.display())?;
            }
            for path in copied {
                writeln!(out, "restored {}", path.display())?;
            }
            writeln!(out, "restored {} files", copied.len())?;
            match end {
                End::Own => writeln!(out, "the journal goes up to sequence {last_sequence}")?,
                End::Archived => writeln!(
                    out,
                    "the journal goes up to sequence {last_sequence}, as far as it is archived"
                )?,
            }
        }
        Form::Json => {
            let mut line = Vec::new();
            let mut object = Object::open(&mut line);
            object.text("event", "restored").bare("files", copied.len());
            object.bare("damaged_kept_aside", aside.len()).bare("last_sequence", last_sequence);
            object.bare("ends_with_archive", *end == End::Archived);
            object.close();
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    Ok(Outcome::Fine)
}

pub(crate) fn take_snapshot(directory: &Path, at: Option<u64>, form: Form) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let limits = ViewLimits::DEFAULT;
    let progress = |sequence| gauge.at(sequence);
    let path = snapshot::take(&Storage::default(), directory, limits, at, progress)?;
    drop(gauge);
    told(form, "snapshot", vec![path.display().to_string()])
}

fn told(form: Form, what: &str, paths: Vec<String>) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    match form {
        Form::Text => {
            for path in &paths {
                writeln!(out, "{what} {path}")?;
            }
            writeln!(out, "{what} {} files", paths.len())?;
        }
        Form::Json => {
            let mut line = Vec::new();
            let mut object = Object::open(&mut line);
            object.text("event", what).bare("files", paths.len());
            object.close();
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    Ok(Outcome::Fine)
}
