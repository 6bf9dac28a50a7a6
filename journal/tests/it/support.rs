//! What the tests of the journal share: small options, a deterministic stream of commands, and
//! the list of what a journal holds.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use journal::{Journal, Kind, OpenError, Opened, Options, Seams, Writer};

pub(crate) const BOOT: [u8; 16] = [0xB0; 16];
pub(crate) const LATER_BOOT: [u8; 16] = [0xB1; 16];
pub(crate) const IDENTITY: [u8; 16] = [0x1D; 16];

/// Small segments, a fixed identity, the boot `BOOT`.
pub(crate) fn options() -> Options {
    Options {
        segment_bytes: 16 * 1024,
        seams: Seams { identity: Some(IDENTITY), boot_id: Some(BOOT), faults: None },
        ..Options::default()
    }
}

pub(crate) fn rebooted(options: &Options) -> Options {
    let mut later = options.clone();
    later.seams.boot_id = Some(LATER_BOOT);
    later
}

/// One command as a test appends it and finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) sequence: u64,
    pub(crate) kind: u8,
    pub(crate) time_ns: u64,
    pub(crate) payload: Vec<u8>,
}

/// The command that stands at `sequence` in every test: 0 to 90 bytes of payload.
pub(crate) fn command(sequence: u64) -> Command {
    let mixed = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bytes = (mixed >> 40) as usize % 91;
    Command {
        sequence,
        kind: 1 + (mixed >> 8) as u8 % 0xEF,
        time_ns: 1_000_000 + sequence * 10,
        payload: (0..bytes).map(|i| (mixed >> (i % 56)) as u8 ^ i as u8).collect(),
    }
}

pub(crate) fn commands(count: u64) -> Vec<Command> {
    (1..=count).map(command).collect()
}

pub(crate) fn append(writer: &mut Writer, command: &Command) {
    writer
        .append(command.kind, 1, command.sequence, command.time_ns, &command.payload)
        .expect("the journal takes this command");
}

/// Opens and lists the commands found.
pub(crate) fn open(
    directory: &Path,
    options: &Options,
) -> Result<(Writer, Opened, Vec<Command>), OpenError<Infallible>> {
    let mut found = Vec::new();
    let (writer, opened) = Journal::open(directory, options, |view| {
        if let Kind::Command(kind) = view.kind {
            found.push(Command {
                sequence: view.sequence,
                kind,
                time_ns: view.time_ns,
                payload: view.payload.to_vec(),
            });
        }
        Ok(())
    })?;
    Ok((writer, opened, found))
}

/// A journal with `count` commands, all synced, left as a crash of the process would.
pub(crate) fn crashed(directory: &Path, options: &Options, count: u64) {
    let (mut writer, opened, _) = open(directory, options).unwrap();
    for sequence in opened.last_sequence + 1..=count {
        append(&mut writer, &command(sequence));
    }
    writer.positions().wait_durable(count).unwrap();
}

/// A journal with `count` commands, closed cleanly.
pub(crate) fn closed(directory: &Path, options: &Options, count: u64) {
    let (mut writer, opened, _) = open(directory, options).unwrap();
    for sequence in opened.last_sequence + 1..=count {
        append(&mut writer, &command(sequence));
    }
    writer.close([1; 32], [2; 32]).unwrap();
}

/// The named segments of a journal, in order.
pub(crate) fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    paths.sort();
    paths
}

/// A copy of the files of a journal, without its lock.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "LOCK") {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
