//! The auditor's subcommands: keys, certificates, proofs and forks. The library computes; here it
//! is asked for, and the answer printed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use orison_core::OrderId;
use replay::certificate::{self, CertificateError, Checked, Claims};
use replay::fork::{self, Change};
use replay::json::Object;
use replay::key::{PublicKey, SigningKey};
use replay::past::{Effect, Until};
use replay::proof::{self, About, Certified, Inclusion, ProofError, Proven, Trusted};

use crate::gauge::Gauge;
use crate::run::Outcome;
use crate::show::{self, Form};

fn print(put: impl FnOnce(&mut Object<'_>)) -> Result<()> {
    let mut line = Vec::new();
    let mut object = Object::open(&mut line);
    put(&mut object);
    object.close_line();
    Ok(io::stdout().write_all(&line)?)
}

/// Draws a key; its public half is printed and nothing else of it.
pub(crate) fn key(file: &Path, form: Form) -> Result<Outcome> {
    let public = SigningKey::create(file)?.public();
    match form {
        Form::Json => print(|object| _ = object.shown("public", public))?,
        Form::Text => println!("{public}"),
    }
    Ok(Outcome::Fine)
}

/// The text goes to `out`, or to standard output.
fn put_out(text: &str, out: Option<&Path>) -> Result<()> {
    match out {
        None => io::stdout().write_all(text.as_bytes())?,
        Some(path) => {
            write_whole(path, text).with_context(|| format!("write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Under its name only once it is on the device: a full disk leaves what was there before. What is
/// no file, a pipe say, cannot be replaced and is written to.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, text);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let beside = Path::new(&name);
    let written = fs::File::create(beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(beside, path)
    });
    if written.is_err() {
        // It is half a text at best, and the error tells why.
        fs::remove_file(beside).ok();
    }
    written
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

pub(crate) fn certify(
    directory: &Path,
    key: &Path,
    until: Until,
    out: Option<&Path>,
    form: Form,
) -> Result<Outcome> {
    let key = SigningKey::load(key)?;
    let gauge = Gauge::of_commands();
    let certified = certificate::certify(directory, until, &key, |sequence| gauge.at(sequence));
    drop(gauge);
    match certified {
        Ok(text) => {
            let certified = certificate::read(&text, key.public())?.sequence;
            let report = journal::verify(directory, |_| {})?;
            if let Some(from) = show::checksums_only(&report).filter(|&from| from <= certified) {
                eprintln!("CHECKSUMS ONLY  {}", show::behind_the_chain(from, certified));
            }
            put_out(&text, out).map(|()| Outcome::Fine)
        }
        Err(error) => found(error, form),
    }
}

fn found(error: CertificateError, form: Form) -> Result<Outcome> {
    match error.is_finding() {
        true => {
            show::finding(&mut io::stdout().lock(), &error, form)?;
            Ok(Outcome::Found)
        }
        false => Err(error.into()),
    }
}

pub(crate) fn check_certificate(
    directory: &Path,
    file: &Path,
    public: &str,
    form: Form,
) -> Result<Outcome> {
    let (text, public) = (text_of(file)?, PublicKey::parse(public)?);
    let gauge = Gauge::of_commands();
    let checked = certificate::check(directory, &text, public, |sequence| gauge.at(sequence));
    drop(gauge);
    let Checked { claims, rungs_unchecked, begun_after, .. } = match checked {
        Ok(checked) => checked,
        Err(error) => return found(error, form),
    };
    let intervals = claims.rungs.len() - rungs_unchecked;
    match form {
        Form::Json => print(|object| {
            object.bare("ok", true).text("identity", &claims.identity);
            object.bare("sequence", claims.sequence).bare("rules_version", claims.rules_version);
            object.text("build", &claims.build).bare("intervals_compared", intervals);
            object.bare("intervals_not_left", rungs_unchecked);
            object.bare("begun_after", begun_after);
            object.bare("certified_begun_after", claims.begun_after);
            object.text("state", &claims.state).text("events", &claims.events);
            object.text("chain", &claims.chain);
        })?,
        Form::Text => {
            let mut out = io::stdout().lock();
            writeln!(out, "journal    {}", claims.identity)?;
            writeln!(out, "sequence   {}, {}", claims.sequence, claims.time)?;
            writeln!(out, "certified  by {}, rules {}", claims.build, claims.rules_version)?;
            writeln!(out, "state      {}", claims.state)?;
            writeln!(out, "events     {}", claims.events)?;
            writeln!(out, "chain      {}", claims.chain)?;
            writeln!(out, "intervals  {intervals} of {} compared", claims.rungs.len())?;
            if claims.begun_after > 0 {
                let after = claims.begun_after;
                writeln!(out, "certified without a replay of commands 1 to {after}")?;
            }
            put_agreement(&mut out, begun_after, claims.sequence)?;
        }
    }
    Ok(Outcome::Fine)
}

/// How much of the journal agrees with its certificate.
fn put_agreement(out: &mut impl Write, begun_after: u64, last: u64) -> io::Result<()> {
    match begun_after {
        0 => writeln!(out, "the journal is the one that was certified"),
        after => {
            writeln!(
                out,
                "NOT REPLAYED  commands 1 to {after} are pruned: compared only by the digests \
                 that their snapshot leads to and by the chain value"
            )?;
            if after < last {
                let first = after + 1;
                writeln!(out, "replayed      commands {first} to {last}")?;
            }
            writeln!(out, "what is left of the journal is of the one that was certified")
        }
    }
}

/// What is to be proven: a sequence or an order's id.
fn about(text: &str) -> Result<About> {
    if let Some(order) = OrderId::parse(text) {
        return Ok(About::Order(order));
    }
    let sequence = text.parse().ok().map(About::Command);
    sequence.with_context(|| format!("`{text}` is neither a sequence nor the id of an order"))
}

/// A certificate and the key that must have signed it.
fn claims(certificate: Option<&Path>, public: Option<&str>) -> Result<Option<Claims>> {
    match (certificate, public) {
        (None, None) => Ok(None),
        (Some(file), Some(public)) => {
            let (text, public) = (text_of(file)?, PublicKey::parse(public)?);
            Ok(Some(certificate::read(&text, public)?))
        }
        (Some(_), None) | (None, Some(_)) => {
            bail!("--certificate and --public belong together")
        }
    }
}

pub(crate) fn prove(
    directory: &Path,
    what: &str,
    (certificate, public): (Option<&Path>, Option<&str>),
    out: Option<&Path>,
) -> Result<Outcome> {
    let certified = claims(certificate, public)?;
    let gauge = Gauge::of_commands();
    let proven = proof::prove(directory, about(what)?, certified.as_ref(), |at| gauge.at(at));
    drop(gauge);
    put_out(&proven?.text(), out)?;
    Ok(Outcome::Fine)
}

pub(crate) fn check_proof(
    file: &Path,
    root: Option<&str>,
    (certificate, public): (Option<&Path>, Option<&str>),
    form: Form,
) -> Result<Outcome> {
    let certified = claims(certificate, public)?;
    let root = root.map(str::to_ascii_lowercase);
    let trusted = match (&certified, root.as_deref()) {
        (Some(claims), None) => Trusted::Certificate(claims),
        (None, Some(root)) if !is_root(root) => bail!("--root {root}: is not 64 digits 0-9a-f"),
        (None, Some(root)) => Trusted::Root(root),
        (_, _) => bail!("name what is trusted: --root HEX, or --certificate FILE --public KEY"),
    };
    let inclusion = Inclusion::parse(&text_of(file)?)?;
    match inclusion.check(trusted) {
        Ok(proven) => {
            match form {
                Form::Json => print(|object| put_proven(object, &proven))?,
                Form::Text => print_proven(&mut io::stdout().lock(), &proven)?,
            }
            Ok(Outcome::Fine)
        }
        Err(error) => judged(error, form),
    }
}

/// What was checked, and nothing else of what the file says.
fn put_proven(object: &mut Object<'_>, proven: &Proven) {
    object.bare("ok", true).bare("sequence", proven.stamp.sequence);
    object.bare("ts", proven.stamp.time_ns);
    match &proven.certified {
        Some(Certified { identity, effect }) => {
            object.text("identity", identity).bare("quarantined", *effect == Effect::Void)
        }
        None => object.null("identity").null("quarantined"),
    };
    if let Some(order) = proven.order {
        object.shown("order", order);
    }
    object.raw("command", proven.command_text().as_bytes());
}

fn print_proven(out: &mut impl Write, proven: &Proven) -> io::Result<()> {
    let sequence = proven.stamp.sequence;
    match &proven.certified {
        Some(Certified { identity, .. }) => {
            writeln!(out, "sequence {sequence} is in journal {identity}")?
        }
        None => writeln!(
            out,
            "sequence {sequence} is under that root\n\
             UNCHECKED  which journal that is, and whether the command is quarantined there: \
             a certificate tells"
        )?,
    }
    let is_void = |certified: &Certified| certified.effect == Effect::Void;
    match (proven.order, proven.certified.as_ref().is_some_and(is_void)) {
        (Some(order), true) => {
            writeln!(out, "QUARANTINED  replay passes over it: order {order} was never entered")?;
        }
        (None, true) => writeln!(out, "QUARANTINED  replay passes over it")?,
        (Some(order), false) => writeln!(
            out,
            "order {order} can have been entered by no other command; whether it was accepted, \
             a replay tells"
        )?,
        (None, false) => {}
    }
    writeln!(out, "{}", proven.command_text())
}

fn is_root(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn judged(error: ProofError, form: Form) -> Result<Outcome> {
    match error.is_finding() {
        true => {
            show::finding(&mut io::stdout().lock(), &error, form)?;
            Ok(Outcome::Found)
        }
        false => Err(error.into()),
    }
}

pub(crate) fn fork(
    directory: &Path,
    (at, change): (u64, &Change),
    until: Until,
) -> Result<Outcome> {
    let gauge = Gauge::of_commands();
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut line, mut failed) = (Vec::new(), None);
    let report = fork::fork(
        directory,
        (at, change),
        until,
        |difference, player| {
            line.clear();
            difference.put(player, &mut line);
            failed = failed.take().or(out.write_all(&line).err());
        },
        |sequence| gauge.at(sequence),
    )?;
    drop(gauge);
    if let Some(error) = failed {
        return Err(error.into());
    }
    line.clear();
    report.put(at, &mut line);
    out.write_all(&line)?;
    out.flush()?;
    for (place, rejected) in
        [("journal", report.rejected_in_journal), ("fork", report.rejected_in_fork)]
    {
        if let Some(reason) = rejected {
            eprintln!("sequence {at} is rejected in the {place}: {reason}");
        }
    }
    let is_same = report.only_journal == 0
        && report.only_fork == 0
        && report.rejected_in_journal == report.rejected_in_fork;
    Ok(if is_same { Outcome::Fine } else { Outcome::Found })
}
