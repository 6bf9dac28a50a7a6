//! Every byte of a small journal changed, every place cut: each change is found or harmless,
//! each cut of a machine that died leaves exactly the records that were whole, twice.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use journal::{Damage, Kind, OpenError, Options, ReadError, Reader};
use proptest::prelude::*;

use crate::support::*;

const COMMANDS: u64 = 12;
const HEADER: usize = 4096;

fn small() -> Options {
    Options { segment_bytes: 8192, ..options() }
}

/// One small journal of one segment: its bytes and where its records begin and end.
struct Specimen {
    directory: tempfile::TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
    /// Ends of the records, the first being the end of the header.
    ends: Vec<usize>,
}

impl Specimen {
    fn new(make: fn(&Path, &Options, u64)) -> Specimen {
        let directory = tempfile::tempdir().unwrap();
        make(directory.path(), &small(), COMMANDS);
        let path = segments(directory.path()).pop().unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut records = Reader::open(directory.path()).unwrap().records_from(0).unwrap();
        let mut ends = vec![HEADER];
        while let Some(view) = records.next().unwrap() {
            ends.push(ends[ends.len() - 1] + view.bytes.len());
        }
        Specimen { directory, path, bytes, ends }
    }

    fn end(&self) -> usize {
        self.ends[self.ends.len() - 1]
    }

    fn write(&self, bytes: &[u8]) {
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    /// What a reader in `boot` finds: how many commands, all of them right.
    fn read(&self, boot: [u8; 16]) -> Result<u64, ReadError> {
        let reader = Reader::open_in_boot(self.directory.path(), boot)?;
        let report = journal::verify_reader(&reader, |_| {})?;
        let mut records = reader.records_from(0)?;
        let mut found = 0;
        while let Some(view) = records.next()? {
            if let Kind::Command(kind) = view.kind {
                found += 1;
                let expected = command(found);
                let same = (view.sequence, kind, view.time_ns, view.payload)
                    == (found, expected.kind, expected.time_ns, &expected.payload);
                assert!(same, "a changed record was served");
            }
        }
        assert_eq!(report.commands, found);
        Ok(found)
    }
}

/// The ways in which a test changes one byte: one bit, all bits, gone.
fn changes(at: usize, byte: u8) -> impl Iterator<Item = u8> {
    let ways = [byte ^ (1 << (at % 8)), !byte, 0];
    ways.into_iter().filter(move |&changed| changed != byte)
}

#[test]
fn in_a_closed_journal_every_changed_byte_is_found_or_lies_behind_the_close() {
    let specimen = Specimen::new(closed);
    let close = specimen.ends[specimen.ends.len() - 2];
    let mut tried = 0;
    for at in 0..specimen.bytes.len() {
        for changed in changes(at, specimen.bytes[at]) {
            let mut bytes = specimen.bytes.clone();
            bytes[at] = changed;
            specimen.write(&bytes);
            tried += 1;
            let here = specimen.read(BOOT);
            let later = specimen.read(LATER_BOOT);
            let vacant = specimen.end() <= at;
            // The commit word behind the close, once set, is damage in the boot that set it.
            let next_word = (specimen.end()..specimen.end() + 4).contains(&at);
            assert_eq!(here.is_ok(), vacant && !next_word, "byte {at} to {changed:#04x}");
            // On a machine that has booted since, a damaged close is a torn one: no command lost.
            assert_eq!(later.is_ok(), at >= close, "byte {at} to {changed:#04x}");
            for found in [here, later].into_iter().flatten() {
                assert_eq!(found, COMMANDS, "byte {at} to {changed:#04x}");
            }
        }
    }
    println!("{tried} changes of {} bytes, in two boots each", specimen.bytes.len());
}

#[test]
fn in_a_journal_that_was_killed_every_changed_byte_of_a_record_is_found() {
    let specimen = Specimen::new(crashed);
    for at in 0..specimen.end() + 64 {
        for changed in changes(at, specimen.bytes[at]) {
            let mut bytes = specimen.bytes.clone();
            bytes[at] = changed;
            specimen.write(&bytes);
            match specimen.read(BOOT) {
                Ok(found) => {
                    assert!(at >= specimen.end() + 4, "byte {at} to {changed:#04x}");
                    assert_eq!(found, COMMANDS);
                }
                Err(error) => assert!(at < specimen.end() + 4, "byte {at}: {error}"),
            }
        }
    }
}

#[test]
fn after_a_power_cut_a_changed_byte_is_found_or_ends_the_journal_above_what_was_durable() {
    let specimen = Specimen::new(crashed);
    let mut records = Reader::open(specimen.directory.path()).unwrap().records_from(0).unwrap();
    let mut durable = Vec::new();
    while let Some(view) = records.next().unwrap() {
        durable.push(view.durable);
    }
    for at in HEADER..specimen.end() {
        let index = specimen.ends.iter().filter(|&&end| end <= at).count() - 1;
        let proven = durable[index + 1..].iter().max().is_some_and(|&d| d > index as u64);
        for changed in changes(at, specimen.bytes[at]) {
            let mut bytes = specimen.bytes.clone();
            bytes[at] = changed;
            specimen.write(&bytes);
            match specimen.read(LATER_BOOT) {
                Ok(found) => {
                    assert_eq!(found, index as u64, "byte {at} to {changed:#04x}");
                    assert!(!proven, "byte {at} to {changed:#04x}");
                }
                Err(_) => assert!(proven, "byte {at} to {changed:#04x}"),
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_byte_leaves_the_whole_records_before_it_and_the_second_start_agrees() {
    let specimen = Specimen::new(crashed);
    for cut in HEADER..=specimen.end() {
        let mut bytes = specimen.bytes.clone();
        bytes[cut..].fill(0);
        specimen.write(&bytes);
        // Where only zeros are cut off, nothing is.
        let same = (0..bytes.len()).find(|&at| bytes[at] != specimen.bytes[at]);
        let same = same.unwrap_or(bytes.len());
        let whole = specimen.ends.iter().filter(|&&end| end <= same).count() as u64 - 1;
        let torn = bytes[specimen.ends[whole as usize]..].iter().any(|&byte| byte != 0);
        assert_eq!(specimen.read(LATER_BOOT).unwrap(), whole, "cut at {cut}");
        if cut % 16 != 5 {
            continue; // Reading judges every cut; repairing takes its time on the disk.
        }
        let copied = tempfile::tempdir().unwrap();
        copy(specimen.directory.path(), copied.path());
        let later = rebooted(&small());
        let (writer, opened, found) = open(copied.path(), &later).unwrap();
        assert_eq!(found, commands(whole), "cut at {cut}");
        assert_eq!(opened.cut.is_some(), torn, "cut at {cut}");
        drop(writer);
        let (mut writer, opened, found) = open(copied.path(), &later).unwrap();
        assert_eq!((found, opened.cut), (commands(whole), None), "cut at {cut}, second start");
        append(&mut writer, &command(whole + 1));
        writer.close([3; 32], [4; 32]).unwrap();
        let (_, opened, found) = open(copied.path(), &later).unwrap();
        assert_eq!((found, opened.closed_cleanly), (commands(whole + 1), true), "cut at {cut}");
    }
}

#[test]
fn a_kill_in_the_middle_of_an_append_leaves_the_records_before_it() {
    let specimen = Specimen::new(crashed);
    let [.., begin, end] = specimen.ends[..] else { unreachable!("there are records") };
    for stored in (begin + 4..=end).step_by(3) {
        let mut bytes = specimen.bytes.clone();
        bytes[begin..begin + 4].fill(0);
        bytes[stored..].fill(0);
        specimen.write(&bytes);
        let copied = tempfile::tempdir().unwrap();
        copy(specimen.directory.path(), copied.path());
        let torn = bytes[begin..].iter().any(|&byte| byte != 0);
        let (_, opened, found) = open(copied.path(), &small()).unwrap();
        assert_eq!((found, opened.cut.is_some()), (commands(COMMANDS - 1), torn));
        let (mut writer, opened, found) = open(copied.path(), &small()).unwrap();
        assert_eq!((found, opened.cut), (commands(COMMANDS - 1), None));
        append(&mut writer, &command(COMMANDS));
        drop(writer);
        assert_eq!(open(copied.path(), &small()).unwrap().2, commands(COMMANDS));
    }
}

#[test]
fn a_file_that_has_become_shorter_is_corrupt_wherever_it_ends() {
    for (make, boot) in [(crashed as fn(&Path, &Options, u64), BOOT), (closed, LATER_BOOT)] {
        let specimen = Specimen::new(make);
        for bytes in 0..specimen.bytes.len() {
            specimen.write(&specimen.bytes[..bytes]);
            assert!(specimen.read(boot).is_err(), "{bytes} bytes");
        }
    }
}

#[test]
fn corruption_names_file_offset_sequence_and_reason() {
    let specimen = Specimen::new(closed);
    let mut bytes = specimen.bytes.clone();
    bytes[specimen.ends[4] + 20] ^= 4;
    specimen.write(&bytes);
    let Err(OpenError::Read(error)) = open(specimen.directory.path(), &small()) else {
        panic!("a damaged record was served")
    };
    let ReadError::Corrupt { path, offset, sequence, reason } = &error else { panic!("{error}") };
    assert_eq!((path, *offset, *sequence), (&specimen.path, specimen.ends[4] as u64, 5));
    assert!(matches!(reason, Damage::Checksum { .. }), "{reason}");
    assert_eq!(fs::read(&specimen.path).unwrap(), bytes, "nothing is repaired");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Random payloads over several segments; the machine dies, and of what was never synced each
    /// 512-byte sector is there or not. What is found is a prefix that holds all that was durable.
    #[test]
    fn after_a_power_cut_the_journal_is_a_prefix_with_everything_durable(
        lengths in prop::collection::vec(0..400_usize, 1..120),
        durable in 0..120_usize,
        lost in prop::collection::vec(any::<bool>(), 64),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let payload = |index: usize| vec![index as u8 | 1; lengths[index]];
        let durable = durable.min(lengths.len());
        let before = {
            let (mut writer, _, _) = open(directory.path(), &options()).unwrap();
            for index in 0..lengths.len() {
                if index == durable {
                    writer.positions().wait_durable(durable as u64).unwrap();
                }
                writer.append(7, 1, index as u64 + 1, 9, &payload(index)).unwrap();
            }
            writer.positions().wait_durable(lengths.len() as u64).unwrap();
            drop(writer);
            lose_sectors(directory.path(), durable as u64, &lost)
        };
        for _ in 0..2 {
            match open(directory.path(), &rebooted(&options())) {
                Ok((_, _, found)) => {
                    prop_assert!(found.len() >= durable);
                    prop_assert!(found.len() >= before as usize);
                    for (index, command) in found.iter().enumerate() {
                        prop_assert_eq!(&command.payload, &payload(index));
                    }
                }
                // What was taken away had been synced: a later record says so.
                Err(OpenError::Read(ReadError::Corrupt { .. })) => {}
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}

/// Zeroes some sectors of the last segment behind the record of `durable`; returns how many
/// commands lie before the first one lost.
fn lose_sectors(directory: &Path, durable: u64, lost: &[bool]) -> u64 {
    let path = segments(directory).pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let mut records = Reader::open_in_boot(directory, BOOT).unwrap().records_from(0).unwrap();
    let base: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let mut at = HEADER;
    let mut ends = Vec::new();
    while let Some(view) = records.next().unwrap() {
        if view.sequence >= base {
            at += view.bytes.len();
            ends.push((view.sequence, at));
        }
    }
    let keep = ends.iter().rev().find(|end| end.0 <= durable).map_or(HEADER, |end| end.1);
    let mut first_lost = usize::MAX;
    for (sector, lost) in (keep.div_ceil(512)..bytes.len() / 512).zip(lost.iter().cycle()) {
        if *lost {
            first_lost = first_lost.min(sector * 512);
            bytes[sector * 512..][..512].fill(0);
        }
    }
    fs::write(&path, bytes).unwrap();
    ends.iter().rev().find(|end| end.1 <= first_lost).map_or(base - 1, |end| end.0)
}
