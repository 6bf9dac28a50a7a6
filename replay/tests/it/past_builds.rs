//! Journals of the first build, which knew the first rules only: one of a tape, one of a recorded
//! flow, one of a server that was used by hand. What that build said of them is true for ever.
//! Each stands under `golden/v1`, and beside it that build's `digest`, `verify` and `dump`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ::journal::{Kind, Reader};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{journal, text, tool};

const SEGMENT: &str = "00000000000000000001.seg";
const JOURNALS: [&str; 3] = ["tape", "flow", "server"];

fn golden(name: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/v1").join(name).join(file)
}

fn unpacked(name: &str, file: &str) -> Vec<u8> {
    zstd::decode_all(fs::File::open(golden(name, file)).unwrap()).unwrap()
}

/// A journal in a directory of its own, which goes away with the first value.
fn unpack(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join(name);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join(SEGMENT), unpacked(name, &format!("{SEGMENT}.zst"))).unwrap();
    (folder, directory)
}

fn said(name: &str, file: &str) -> String {
    fs::read_to_string(golden(name, file)).unwrap()
}

fn dumped(name: &str) -> String {
    String::from_utf8(unpacked(name, "dump.jsonl.zst")).unwrap()
}

fn asked(args: &[&str]) -> String {
    let ended = tool(args);
    assert_eq!(ended.status, 0, "{args:?}: {ended:?}");
    ended.out
}

/// The first lines that are not the same.
fn assert_same_lines(name: &str, found: &str, expected: &str) {
    let differ = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert_eq!(differ, None, "{name}");
    assert_eq!(found.lines().count(), expected.lines().count(), "{name}");
}

#[test]
fn journals_of_the_first_build_are_what_it_said_they_are() {
    for name in JOURNALS {
        let (_folder, directory) = unpack(name);
        let asked = |action| asked(&[action, text(&directory), "--json"]);
        assert_eq!(asked("verify"), said(name, "verify.json"), "{name}");
        assert_eq!(asked("digest"), said(name, "digest.json"), "{name}");
        let dump = tool(&["dump", text(&directory)]);
        assert_eq!(dump.status, 0, "{name}: {}", dump.err);
        assert_same_lines(name, &dump.out, &dumped(name));
    }
}

#[test]
fn they_have_records_of_every_kind_there_was() {
    let mut kinds = BTreeSet::new();
    for name in JOURNALS {
        let (_folder, directory) = unpack(name);
        let reader = Reader::open(&directory).unwrap();
        let mut records = reader.records_from(0).unwrap();
        while let Some(record) = records.next().unwrap() {
            if let Kind::Command(kind) = record.kind {
                kinds.insert(kind);
            }
        }
    }
    let expected = [
        0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x40, 0x41,
        0x50, 0x58, 0x59,
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

/// What was there stays as it was; what comes is of the rules of today.
#[test]
fn they_are_recovered_and_gone_on_with() {
    for name in JOURNALS {
        let (_folder, directory) = unpack(name);
        let last = number(&said(name, "verify.json"), "last_sequence");
        let recovered = asked(&["recover", text(&directory), "--write", "--json"]);
        assert_eq!(number(&recovered, "sequence"), last, "{name}: {recovered}");
        let later = "{\"op\":\"instrument\",\"symbol\":\"LATER\"}\n\
            {\"op\":\"deposit\",\"account\":\"zoe\",\"asset\":\"LATER\",\"amount\":\"5\"}\n\
            {\"op\":\"new\",\"id\":\"z\",\"side\":\"sell\",\"type\":\"limit\",\"price\":\"9\",\
            \"quantity\":\"5\",\"display\":\"2\",\"account\":\"zoe\",\"symbol\":\"LATER\"}\n";
        let answers = journal(&directory, later);
        let expected = "{\"event\":\"balance\",\"account\":\"zoe\",\"asset\":\"LATER\",\
            \"free\":\"5\",\"locked\":\"0\"}\n\
            {\"event\":\"accepted\",\"id\":\"z\"}\n\
            {\"event\":\"balance\",\"account\":\"zoe\",\"asset\":\"LATER\",\
            \"free\":\"0\",\"locked\":\"5\"}\n";
        assert_eq!(answers, expected, "{name}");
        let verified = asked(&["verify", text(&directory), "--json"]);
        assert!(number(&verified, "last_sequence") > last + 3, "{name}: {verified}");
        let closes = number(&said(name, "verify.json"), "closes_compared");
        assert_eq!(number(&verified, "closes_compared"), closes + 2, "{name}: {verified}");
        let before = asked(&["dump", text(&directory), "--to", &last.to_string()]);
        assert_same_lines(name, &before, &dumped(name));
    }
}

/// Of format 1, which had one hash for the whole file. A journal that is pruned needs it.
#[test]
fn a_snapshot_that_an_early_build_wrote_is_begun_at_and_refused_if_it_is_changed() {
    let (_folder, directory) = unpack("server");
    let name = "snapshot-00000000000000000060.orison";
    let statistics = || asked(&["statistics", text(&directory), "--at", "99"]);
    let expected = statistics();
    let begins = || {
        let said = asked(&["recover", text(&directory), "--json"]);
        let start = serde_json::from_str::<Value>(&said).unwrap()["start"].take();
        (start["snapshot"].as_u64(), start["passed_over"].to_string())
    };
    let bytes = unpacked("server", &format!("{name}.zst"));
    fs::write(directory.join(name), &bytes).unwrap();
    assert_eq!((begins(), statistics()), ((Some(60), "[]".to_owned()), expected.clone()));
    for at in (0..bytes.len()).step_by(997) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(directory.join(name), changed).unwrap();
        let (snapshot, passed_over) = begins();
        assert_eq!(snapshot, None, "byte {at}");
        assert!(passed_over.contains(name), "byte {at}: {passed_over}");
        assert_eq!(statistics(), expected, "byte {at}");
    }
}

fn number(line: &str, key: &str) -> u64 {
    let line: Value = serde_json::from_str(line).unwrap();
    line[key].as_u64().unwrap()
}
