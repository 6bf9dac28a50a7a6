//! Answers for people and for programs, and the progress bar of long ones: on a terminal only, on
//! standard error only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journal::CutTail;
use orison_core::Stamp;
use replay::Recovered;
use replay::diff::Difference;
use replay::flow::{Mismatch, Report};
use replay::json::{Hex, Object};
use replay::moment::Moment;
use replay::verify::{Verified, VerifyError};

/// Who reads the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Text,
    Json,
}

/// How far a long run has come.
pub(crate) struct Gauge {
    bar: ProgressBar,
}

impl Gauge {
    pub(crate) fn of_commands() -> Self {
        Self::new("{spinner} {human_pos} commands  {per_sec}  {elapsed}")
    }

    pub(crate) fn of_bytes() -> Self {
        Self::new("{wide_bar} {bytes} of {total_bytes}  {eta} left")
    }

    fn new(template: &str) -> Self {
        let style = ProgressStyle::with_template(template).expect("our templates are good ones");
        // At most a few times a second; not at all where nobody is watching.
        let target = ProgressDrawTarget::stderr_with_hz(4);
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    pub(crate) fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    pub(crate) fn at_of(&self, position: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(position);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One JSON object on a line of its own.
fn json(put: impl FnOnce(&mut Object<'_>)) {
    let mut line = Vec::new();
    let mut object = Object::open(&mut line);
    put(&mut object);
    object.close();
    println!("{}", String::from_utf8_lossy(&line));
}

pub(crate) fn verified(verified: &Verified, form: Form) {
    match form {
        Form::Json => json(|object| put_verified(object, verified)),
        Form::Text => {
            print_verified(verified);
            println!("verified: everything agrees");
        }
    }
}

/// As `verified`, and what a start would do.
pub(crate) fn inspected(verified: &Verified, form: Form) {
    match form {
        Form::Json => json(|object| put_verified(object, verified)),
        Form::Text => {
            print_verified(verified);
            let last = verified.journal.last_sequence;
            println!("a start would replay {last} commands and go on with sequence {}", last + 1);
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

fn print_verified(verified: &Verified) {
    let (journal, compared) = (&verified.journal, &verified.compared);
    println!("journal      {}", Hex(&journal.identity));
    println!("commands     {} to {}", journal.first_sequence, journal.last_sequence);
    println!("last time    {}", Moment(journal.last_time_ns));
    println!("segments     {}", journal.segments);
    println!("checkpoints  {} of {} compared", compared.checkpoints, journal.checkpoints);
    println!("closed       {}", if journal.closed_cleanly { "cleanly" } else { "not" });
    println!("state        {}", Hex(&verified.state));
    println!("events       {}", Hex(&verified.events));
    println!("chain        {}", Hex(&journal.chain));
    if let Some(cut) = &journal.torn {
        println!("TORN TAIL    {}", describe(cut));
    }
    for sequence in &journal.voids {
        println!("QUARANTINED  sequence {sequence}: replay passes over it");
    }
    if compared.not_verifiable > 0 {
        println!("NOT VERIFIABLE  {} digests from before a quarantine", compared.not_verifiable);
    }
}

fn describe(cut: &CutTail) -> String {
    let CutTail { path, offset, sequence, reason } = cut;
    format!("{} byte {offset}, from sequence {sequence}: {reason}", path.display())
}

pub(crate) fn finding(error: &VerifyError, form: Form) {
    match form {
        Form::Json => json(|object| {
            object.bare("ok", false).text("found", &error.to_string());
        }),
        Form::Text => println!("FOUND  {error}"),
    }
}

pub(crate) fn recovered(recovered: &Recovered, form: Form) {
    let Recovered { opened, commands, seconds, .. } = recovered;
    match form {
        Form::Json => json(|object| {
            object
                .bare("sequence", opened.last_sequence)
                .bare("commands", commands)
                .bare("seconds", format_args!("{seconds:.3}"))
                .bare("closed_cleanly", opened.closed_cleanly);
            put_cut(object, "cut", opened.cut.as_ref());
        }),
        Form::Text => {
            let last = opened.last_sequence;
            println!("recovered sequence={last} commands={commands} seconds={seconds:.3}");
            if let Some(cut) = &opened.cut {
                println!("CUT  {}", describe(cut));
            }
        }
    }
}

pub(crate) fn digest(at: Stamp, state: &[u8; 32], events: &[u8; 32], form: Form) {
    match form {
        Form::Json => json(|object| {
            object.text("event", "digest").bare("sequence", at.sequence);
            object.hex("state", state).hex("events", events);
        }),
        Form::Text => {
            println!("sequence  {}", at.sequence);
            println!("time      {}", Moment(at.time_ns));
            println!("state     {}", Hex(state));
            println!("events    {}", Hex(events));
        }
    }
}

pub(crate) fn difference(difference: Option<&Difference>, form: Form) {
    match (form, difference) {
        (Form::Json, None) => json(|object| {
            object.bare("equal", true);
        }),
        (Form::Json, Some(found)) => json(|object| {
            object.bare("equal", false).bare("sequence", found.sequence);
            object.text("kind", found.kind.word());
            object.text("left", &found.left).text("right", &found.right);
        }),
        (Form::Text, None) => println!("equal"),
        (Form::Text, Some(found)) => {
            println!("different {} at sequence {}", found.kind.word(), found.sequence);
            found.left.lines().for_each(|line| println!("< {line}"));
            found.right.lines().for_each(|line| println!("> {line}"));
        }
    }
}

pub(crate) fn quarantined(sequence: u64, form: Form) {
    match form {
        Form::Json => json(|object| {
            object.bare("quarantined", sequence);
        }),
        Form::Text => println!("sequence {sequence} is quarantined: replay passes over it"),
    }
}

pub(crate) fn flow(report: &Report, form: Form) {
    let rate = report.commands_per_second();
    match form {
        Form::Json => json(|object| {
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
            println!("commands  {}", report.commands);
            println!("fills     {}, {} mismatches", report.fills, report.fill_mismatches);
            println!("quantity  {} mismatches", report.quantity_mismatches);
            let (rows, mismatches) = (report.depth_rows, report.depth_mismatches);
            println!("depth     {rows} rows, {mismatches} mismatches");
            println!("time      {:.3} s, {rate:.0} commands a second", report.seconds);
            if let Some(Mismatch { kind, line, id, expected, found, .. }) = &report.first_mismatch {
                println!("FIRST MISMATCH  line {line}, order {id}: {kind}");
                println!("  recorded {expected}");
                println!("  found    {found}");
            }
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
