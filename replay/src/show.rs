//! Answers, for people and for programs. Reports of the library in, lines out; nothing is decided.

use std::error::Error;
use std::io::{self, Write};

use journal::CutTail;
use orison_core::Stamp;
use replay::Recovered;
use replay::diff::Difference;
use replay::flow::{Mismatch, Report};
use replay::json::{Hex, Object};
use replay::moment::Moment;
use replay::recovery::{Beginning, Plan};
use replay::verify::Verified;

/// Who reads the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Text,
    Json,
}

/// One JSON object on a line of its own.
fn json(out: &mut impl Write, put: impl FnOnce(&mut Object<'_>)) -> io::Result<()> {
    let mut line = Vec::new();
    let mut object = Object::open(&mut line);
    put(&mut object);
    object.close();
    line.push(b'\n');
    out.write_all(&line)
}

pub(crate) fn verified(out: &mut impl Write, verified: &Verified, form: Form) -> io::Result<()> {
    match form {
        Form::Json => json(out, |object| put_verified(object, verified)),
        Form::Text => {
            print_verified(out, verified)?;
            writeln!(out, "verified: everything agrees")
        }
    }
}

/// As `verified`, and what a start would do.
pub(crate) fn inspected(
    out: &mut impl Write,
    verified: &Verified,
    plan: &Plan,
    form: Form,
) -> io::Result<()> {
    let (commands, next) = (plan.commands, verified.journal.last_sequence + 1);
    match form {
        Form::Json => json(out, |object| {
            put_verified(object, verified);
            let mut start = object.object("start");
            let views: &[&str] = match &plan.beginning {
                Beginning::Genesis => {
                    start.null("snapshot").null("file");
                    &[]
                }
                Beginning::Snapshot { path, sequence, empty } => {
                    start.bare("snapshot", sequence).text("file", &path.display().to_string());
                    empty
                }
            };
            let mut empty = start.list("empty");
            for view in views {
                let mut item = empty.item();
                item.text("view", view);
                item.close();
            }
            empty.close();
            start.bare("commands", commands).bare("next_sequence", next);
            let mut passed_over = start.list("passed_over");
            for why in &plan.passed_over {
                let mut item = passed_over.item();
                item.text("why", why);
                item.close();
            }
            passed_over.close();
            start.close();
        }),
        Form::Text => {
            print_verified(out, verified)?;
            for line in plan.found() {
                writeln!(out, "{line}")?;
            }
            let after = match &plan.beginning {
                Beginning::Genesis => String::new(),
                Beginning::Snapshot { sequence, .. } => format!(" after snapshot {sequence}"),
            };
            writeln!(
                out,
                "a start would replay {commands} commands{after} and go on with sequence {next}"
            )
        }
    }
}

fn put_verified(object: &mut Object<'_>, verified: &Verified) {
    let (journal, compared) = (&verified.journal, &verified.compared);
    object
        .bare("ok", true)
        .hex("identity", &journal.identity)
        .bare("records", journal.records)
        .bare("commands", journal.commands)
        .bare("first_sequence", journal.first_sequence)
        .bare("last_sequence", journal.last_sequence)
        .bare("last_time_ns", journal.last_time_ns)
        .bare("segments", journal.segments)
        .bare("checkpoints", journal.checkpoints)
        .bare("checkpoints_compared", compared.checkpoints)
        .bare("closes_compared", compared.closes)
        .bare("not_verifiable", compared.not_verifiable)
        .bare("closed_cleanly", journal.closed_cleanly);
    if let Some(from) = checksums_only(journal) {
        object.bare("checksums_only_from", from);
    }
    // Of a journal that still has its beginning there is nothing to say.
    if verified.begun_after > 0 {
        object.bare("begun_after", verified.begun_after);
    }
    if let Some(pid) = verified.writer {
        object.bare("written_by", pid);
    }
    put_cut(object, "torn", journal.torn.as_ref());
    let mut voids = object.list("voids");
    for sequence in &journal.voids {
        let mut item = voids.item();
        item.bare("sequence", sequence);
        item.close();
    }
    voids.close();
    object
        .hex("state", &verified.state)
        .hex("events", &verified.events)
        .hex("chain", &journal.chain);
}

fn put_cut(object: &mut Object<'_>, key: &str, cut: Option<&CutTail>) {
    let Some(cut) = cut else {
        object.null(key);
        return;
    };
    let mut tail = object.object(key);
    tail.text("file", &cut.path.display().to_string())
        .bare("offset", cut.offset)
        .bare("sequence", cut.sequence)
        .text("reason", &cut.reason);
    tail.close();
}

fn print_verified(out: &mut impl Write, verified: &Verified) -> io::Result<()> {
    let (journal, compared) = (&verified.journal, &verified.compared);
    writeln!(out, "journal      {}", Hex(&journal.identity))?;
    writeln!(out, "commands     {} to {}", journal.first_sequence, journal.last_sequence)?;
    if verified.begun_after > 0 {
        let after = verified.begun_after;
        writeln!(out, "replayed     after {after}: of what came before there is a snapshot alone")?;
    }
    writeln!(out, "last time    {}", Moment(journal.last_time_ns))?;
    writeln!(out, "segments     {}", journal.segments)?;
    writeln!(out, "checkpoints  {} of {} compared", compared.checkpoints, journal.checkpoints)?;
    match (journal.closed_cleanly, verified.writer) {
        (true, _) => writeln!(out, "closed       cleanly")?,
        (false, Some(pid)) => writeln!(out, "closed       not yet, process {pid} writes it")?,
        (false, None) => writeln!(out, "closed       not cleanly")?,
    }
    writeln!(out, "state        {}", Hex(&verified.state))?;
    writeln!(out, "events       {}", Hex(&verified.events))?;
    writeln!(out, "chain        {}", Hex(&journal.chain))?;
    if let Some(from) = checksums_only(journal) {
        writeln!(out, "CHECKSUMS ONLY  {}", behind_the_chain(from, journal.last_sequence))?;
    }
    if let Some(cut) = &journal.torn {
        writeln!(out, "TORN TAIL    {}", describe(cut))?;
    }
    for sequence in &journal.voids {
        writeln!(out, "QUARANTINED  sequence {sequence}: replay passes over it")?;
    }
    if compared.not_verifiable > 0 {
        let digests = compared.not_verifiable;
        writeln!(out, "NOT VERIFIABLE  {digests} digests from before a quarantine")?;
    }
    Ok(())
}

/// The first command that no chain value vouches for yet.
pub(crate) fn checksums_only(journal: &journal::Report) -> Option<u64> {
    (journal.chained_to < journal.last_sequence).then(|| journal.chained_to + 1)
}

pub(crate) fn behind_the_chain(from: u64, to: u64) -> String {
    format!(
        "sequences {from} to {to} are behind the last checkpoint, seal or close: who changes one \
         and its checksum is found by a certificate alone"
    )
}

fn describe(cut: &CutTail) -> String {
    let CutTail { path, offset, sequence, reason } = cut;
    format!("{} byte {offset}, from sequence {sequence}: {reason}", path.display())
}

/// What a file said of itself may be in it: nothing reaches a terminal that it would obey.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' | '\\' => plain.push(letter),
            _ => plain.extend(letter.escape_debug()),
        }
    }
    plain
}

pub(crate) fn finding(out: &mut impl Write, error: &dyn Error, form: Form) -> io::Result<()> {
    finding_with(out, error, None, form)
}

/// And what can be done about it.
pub(crate) fn finding_with(
    out: &mut impl Write,
    error: &dyn Error,
    remedy: Option<&str>,
    form: Form,
) -> io::Result<()> {
    match form {
        Form::Json => json(out, |object| {
            object.bare("ok", false).text("found", &error.to_string());
            if let Some(remedy) = remedy {
                object.text("remedy", remedy);
            }
        }),
        Form::Text => {
            writeln!(out, "FOUND  {}", plain(&error.to_string()))?;
            remedy.map_or(Ok(()), |remedy| writeln!(out, "NEXT   {remedy}"))
        }
    }
}

pub(crate) fn recovered(out: &mut impl Write, recovered: &Recovered, form: Form) -> io::Result<()> {
    let Recovered { opened, commands, seconds, .. } = recovered;
    match form {
        Form::Json => json(out, |object| {
            object
                .bare("sequence", opened.last_sequence)
                .bare("commands", commands)
                .bare("seconds", format_args!("{seconds:.3}"))
                .bare("closed_cleanly", opened.closed_cleanly);
            if recovered.beginning.sequence() > 0 {
                object.bare("snapshot", recovered.beginning.sequence());
            }
            put_cut(object, "cut", opened.cut.as_ref());
        }),
        Form::Text => {
            let last = opened.last_sequence;
            for line in recovered.found() {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "recovered sequence={last} commands={commands} seconds={seconds:.3}")?;
            if let Some(cut) = &opened.cut {
                writeln!(out, "CUT  {}", describe(cut))?;
            }
            Ok(())
        }
    }
}

pub(crate) fn digest(
    out: &mut impl Write,
    at: Stamp,
    state: &[u8; 32],
    events: &[u8; 32],
    form: Form,
) -> io::Result<()> {
    match form {
        Form::Json => json(out, |object| {
            object.text("event", "digest").bare("sequence", at.sequence);
            object.hex("state", state).hex("events", events);
        }),
        Form::Text => {
            writeln!(out, "sequence  {}", at.sequence)?;
            writeln!(out, "time      {}", Moment(at.time_ns))?;
            writeln!(out, "state     {}", Hex(state))?;
            writeln!(out, "events    {}", Hex(events))
        }
    }
}

pub(crate) fn difference(
    out: &mut impl Write,
    difference: Option<&Difference>,
    form: Form,
) -> io::Result<()> {
    match (form, difference) {
        (Form::Json, None) => json(out, |object| {
            object.bare("equal", true);
        }),
        (Form::Json, Some(found)) => json(out, |object| {
            object.bare("equal", false).bare("sequence", found.sequence);
            object.text("kind", found.kind.word());
            object.text("left", &found.left).text("right", &found.right);
        }),
        (Form::Text, None) => writeln!(out, "equal"),
        (Form::Text, Some(found)) => {
            writeln!(out, "different {} at sequence {}", found.kind.word(), found.sequence)?;
            found.left.lines().try_for_each(|line| writeln!(out, "< {line}"))?;
            found.right.lines().try_for_each(|line| writeln!(out, "> {line}"))
        }
    }
}

pub(crate) fn quarantined(out: &mut impl Write, sequence: u64, form: Form) -> io::Result<()> {
    match form {
        Form::Json => json(out, |object| {
            object.bare("quarantined", sequence);
        }),
        Form::Text => writeln!(out, "sequence {sequence} is quarantined: replay passes over it"),
    }
}

pub(crate) fn flow(out: &mut impl Write, report: &Report, form: Form) -> io::Result<()> {
    let rate = report.commands_per_second();
    match form {
        Form::Json => json(out, |object| {
            object
                .bare("commands", report.commands)
                .bare("fills", report.fills)
                .bare("fill_mismatches", report.fill_mismatches)
                .bare("quantity_mismatches", report.quantity_mismatches)
                .bare("depth_rows", report.depth_rows)
                .bare("depth_mismatches", report.depth_mismatches);
            match &report.first_mismatch {
                Some(mismatch) => put_mismatch(object, mismatch),
                None => {
                    object.null("first_mismatch");
                }
            }
            object
                .bare("seconds", format_args!("{:.6}", report.seconds))
                .bare("commands_per_second", format_args!("{rate:.0}"));
        }),
        Form::Text => {
            writeln!(out, "commands  {}", report.commands)?;
            writeln!(out, "fills     {}, {} mismatches", report.fills, report.fill_mismatches)?;
            writeln!(out, "quantity  {} mismatches", report.quantity_mismatches)?;
            let (rows, mismatches) = (report.depth_rows, report.depth_mismatches);
            writeln!(out, "depth     {rows} rows, {mismatches} mismatches")?;
            writeln!(out, "time      {:.3} s, {rate:.0} commands a second", report.seconds)?;
            if let Some(Mismatch { kind, line, id, expected, found, .. }) = &report.first_mismatch {
                writeln!(out, "FIRST MISMATCH  line {line}, order {id}: {kind}")?;
                writeln!(out, "  recorded {expected}")?;
                writeln!(out, "  found    {found}")?;
            }
            Ok(())
        }
    }
}

fn put_mismatch(object: &mut Object<'_>, mismatch: &Mismatch) {
    let mut first = object.object("first_mismatch");
    first
        .text("kind", mismatch.kind)
        .bare("line", mismatch.line)
        .bare("row", mismatch.row)
        .text("id", &mismatch.id)
        .text("expected", &mismatch.expected)
        .text("found", &mismatch.found);
    first.close();
}
