//! Format version 1 on disk, once and for all: a journal written by the first build of it lies in
//! `tests/golden/v1`. It is read for ever, and this build writes the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use journal::{Options, Reader, merkle};

use crate::support::*;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn small() -> Options {
    Options { segment_bytes: 8192, ..options() }
}

/// Six commands, a crash, the third one quarantined, two more commands, a clean stop. Each
/// command waits for the disk, so that the durable sequence in each record is always the same.
fn write(directory: &Path) {
    for (first, last) in [(1, 6), (7, 8)] {
        let (mut writer, _, _) = open(directory, &small()).unwrap();
        for sequence in first..=last {
            append(&mut writer, &command(sequence));
            writer.positions().wait_durable(sequence).unwrap();
        }
        if last == 6 {
            drop(writer);
            journal::quarantine_with(directory, 3, small().seams).unwrap();
        } else {
            writer.close([0x5A; 32], [0xE7; 32]).unwrap();
        }
    }
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let paths = segments(directory);
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn this_build_writes_format_version_1_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    let (written, expected) = (files(directory.path()), files(&golden()));
    assert!(written.keys().eq(expected.keys()), "{:?}", written.keys());
    for (name, bytes) in &expected {
        let differs = (0..bytes.len()).find(|&at| written[name].get(at) != Some(&bytes[at]));
        assert_eq!(differs, None, "{name}: first byte that differs");
        assert_eq!(written[name].len(), bytes.len(), "{name}");
    }
}

#[test]
fn a_journal_of_format_version_1_is_read() {
    let reader = Reader::open(&golden()).unwrap();
    let report = journal::verify_reader(&reader, |_| {}).unwrap();
    assert_eq!(report.identity, IDENTITY);
    assert_eq!((report.records, report.commands, report.segments), (11, 8, 2));
    assert_eq!((report.last_sequence, report.voids), (8, vec![3]));
    assert!(report.closed_cleanly);

    let directory = tempfile::tempdir().unwrap();
    copy(&golden(), directory.path());
    let (_, opened, found) = open(directory.path(), &small()).unwrap();
    assert_eq!((found, opened.voids), (commands(8), vec![3]));
}

#[test]
fn the_first_record_and_the_hashes_are_what_the_documents_draw() {
    let first = &files(&golden())["00000000000000000001.seg"];
    assert_eq!(&first[..8], b"ORISONJL");
    assert_eq!(first[8..12], 1_u32.to_le_bytes());
    let expected = command(1);
    let bytes = 40 + expected.payload.len();
    let record = &first[4096..4096 + bytes.next_multiple_of(8)];
    assert_eq!(record[..4], (0xC500_0000 | bytes as u32).to_le_bytes());
    assert_eq!(record[8..12], [expected.kind, 1, 0, 0]);
    assert_eq!(record[12..16], 1_u32.to_le_bytes());
    assert_eq!(record[16..24], 1_u64.to_le_bytes());
    assert_eq!(record[24..32], expected.time_ns.to_le_bytes());
    assert_eq!(record[32..40], 0_u64.to_le_bytes());
    assert_eq!(record[40..bytes], expected.payload);

    let birth = blake3::derive_key("orison journal 2026 chain birth v1", &IDENTITY);
    assert_eq!(first[80..112], birth);
    let mut padded = record.to_vec();
    padded.resize(record.len().next_multiple_of(64), 0);
    let leaf = blake3::keyed_hash(b"orison journal merkle leaf v1...", &padded);
    assert_eq!(merkle::leaf(record), *leaf.as_bytes());

    // The chain value in the link of the second segment is that of the first one's records.
    let mut end = 4096;
    let mut chain = blake3::Hasher::new();
    chain.update(&birth);
    for sequence in 1..=6 {
        let bytes = (40 + command(sequence).payload.len()).next_multiple_of(8);
        chain.update(&first[end..end + bytes]);
        end += bytes;
    }
    let second = &files(&golden())["00000000000000000007.seg"];
    assert_eq!(second[80..112], *chain.finalize().as_bytes());
    assert_eq!(first[end + 8], 0xF0, "behind the last command stands the seal");
}
