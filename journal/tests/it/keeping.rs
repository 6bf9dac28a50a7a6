//! What was appended is there again: over reopening, rolling, closing, beside readers.

use journal::{OpenError, Reader, verify};

use crate::support::*;

#[test]
fn what_was_appended_is_found_again_after_a_close_and_after_a_crash() {
    for end in [closed, crashed] {
        let directory = tempfile::tempdir().unwrap();
        end(directory.path(), &options(), 1000);
        let (writer, opened, found) = open(directory.path(), &options()).unwrap();
        assert_eq!(found, commands(1000));
        assert_eq!(opened.last_sequence, 1000);
        assert_eq!(opened.last_time_ns, command(1000).time_ns);
        assert_eq!(opened.identity, IDENTITY);
        assert_eq!(opened.cut, None);
        drop(writer);
        assert!(segments(directory.path()).len() > 3);
        let reader = Reader::open_in_boot(directory.path(), BOOT).unwrap();
        let report = journal::verify_reader(&reader, |_| {}).unwrap();
        assert_eq!((report.commands, report.last_sequence), (1000, 1000));
    }
}

#[test]
fn reopening_again_and_again_keeps_everything_and_takes_no_more_segments() {
    let directory = tempfile::tempdir().unwrap();
    for round in 1..=20_u64 {
        let (mut writer, opened, found) = open(directory.path(), &options()).unwrap();
        assert_eq!(opened.created, round == 1);
        assert_eq!(found, commands(5 * (round - 1)));
        for sequence in found.len() as u64 + 1..=5 * round {
            append(&mut writer, &command(sequence));
        }
        if round % 2 == 0 {
            writer.close([1; 32], [2; 32]).unwrap();
        }
    }
    assert_eq!(segments(directory.path()).len(), 1);
}

#[test]
fn a_second_process_is_refused_with_the_pid_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let (_writer, _, _) = open(directory.path(), &options()).unwrap();
    let Err(OpenError::Locked { pid, .. }) = open(directory.path(), &options()) else {
        panic!("two writers")
    };
    assert_eq!(pid, std::process::id());
    verify(directory.path(), |_| {}).unwrap();
}

#[test]
fn a_new_boot_or_new_rules_begin_a_new_segment_and_the_old_one_is_sealed_and_shortened() {
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &options(), 10);
    let rules = journal::Options { rules_version: 2, ..rebooted(&options()) };
    for (case, count, expected) in
        [(&options(), 20, 1), (&rebooted(&options()), 30, 2), (&rules, 40, 3)]
    {
        closed(directory.path(), case, count);
        assert_eq!(segments(directory.path()).len(), expected);
        let (_, _, found) = open(directory.path(), case).unwrap();
        assert_eq!(found, commands(count));
    }
    let first = std::fs::metadata(&segments(directory.path())[0]).unwrap();
    assert_eq!(first.len(), 8192);
    let copied = tempfile::tempdir().unwrap();
    copy(directory.path(), copied.path());
    assert_eq!(open(copied.path(), &rules).unwrap().2, commands(40));
}
