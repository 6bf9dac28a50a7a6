//! Certificates: of a journal that was changed they fail with the place, of another one too.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use journal::Reader;

use super::{certified, journaled, tape};
use crate::run::{binary, journal, text, tool};

#[test]
fn a_certificate_that_cannot_be_written_leaves_the_one_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let (file, _) = certified(folder.path(), &directory);
    let before = fs::read(&file).unwrap();
    // No file may grow: as on a full disk, every write to one fails.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"])
        .arg(binary().get_program())
        .args(["certify", text(&directory), "--key", text(&folder.path().join("key.pem"))])
        .args(["--out", text(&file)])
        .output()
        .unwrap();
    let complaint = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("certificate.json"), "{complaint}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(!folder.path().join("certificate.json.tmp").exists());
}

/// Offset and length of the record of each command in the only segment.
fn records(directory: &Path) -> (PathBuf, Vec<(usize, usize)>) {
    let reader = Reader::open(directory).unwrap();
    let (path, _) = reader.segments().next().unwrap();
    let mut bytes = vec![0; 1 << 16];
    File::open(path).unwrap().read_exact_at(&mut bytes, 0).unwrap();
    let mut found = Vec::new();
    let mut records = reader.records_from(0).unwrap();
    let mut from = 0;
    while let Some(record) = records.next().unwrap() {
        let at = bytes[from..].windows(record.bytes.len()).position(|part| part == record.bytes);
        from += at.unwrap();
        found.push((from, record.bytes.len()));
        from += record.bytes.len();
    }
    (path.to_owned(), found)
}

#[test]
fn a_certificate_of_a_journal_that_was_changed_fails_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let (file, public) = certified(folder.path(), &directory);
    let check = |public: &str| {
        tool(&["check-certificate", text(&directory), text(&file), "--public", public])
    };
    let fine = check(&public);
    assert_eq!(fine.status, 0, "{fine:?}");
    assert!(fine.out.ends_with("the journal is the one that was certified\n"), "{fine:?}");
    let (segment, at) = records(&directory);
    // Of a segment only what has been written is looked at and put back.
    let (last, bytes) = *at.last().unwrap();
    let disk = File::options().read(true).write(true).open(&segment).unwrap();
    let mut whole = vec![0; last + bytes];
    disk.read_exact_at(&mut whole, 0).unwrap();
    let (third, fourth) = (at[2], at[3]);
    let mut flipped = whole.clone();
    flipped[third.0 + 45] ^= 1;
    let mut dropped = whole.clone();
    dropped.drain(third.0..third.0 + third.1);
    dropped.resize(whole.len(), 0);
    let mut swapped = whole.clone();
    let pair = &whole[third.0..fourth.0 + fourth.1];
    let turned = [&pair[third.1..], &pair[..third.1]].concat();
    swapped[third.0..third.0 + turned.len()].copy_from_slice(&turned);
    for (name, bytes) in [("flipped", flipped), ("dropped", dropped), ("reordered", swapped)] {
        disk.write_all_at(&bytes, 0).unwrap();
        let ended = check(&public);
        let place = format!("byte {}, sequence 3: ", third.0);
        assert!(ended.status == 1 && ended.out.contains(&place), "{name}: {ended:?}");
    }
    disk.write_all_at(&whole, 0).unwrap();
    let other = "0".repeat(64);
    let foreign = check(&other);
    assert!(foreign.status == 1 && foreign.out.contains("signature"), "{foreign:?}");
    let certificate = fs::read_to_string(&file).unwrap();
    fs::write(&file, certificate.replace("\"sequence\":9", "\"sequence\":8")).unwrap();
    let changed = check(&public);
    assert!(changed.status == 1 && changed.out.contains("signature"), "{changed:?}");
}

#[test]
fn a_certificate_holds_only_of_its_own_journal_and_as_long_as_nothing_is_quarantined() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let (file, public) = certified(folder.path(), &directory);
    let other = folder.path().join("other");
    journal(&other, &tape());
    let check = |directory: &Path| {
        tool(&["check-certificate", text(directory), text(&file), "--public", &public])
    };
    let foreign = check(&other);
    assert!(foreign.status == 1 && foreign.out.contains("is of journal"), "{foreign:?}");
    assert_eq!(tool(&["quarantine", text(&directory), "7"]).status, 0);
    let ended = check(&directory);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.out.contains("between sequences 1 and 9"), "{ended:?}");
}
