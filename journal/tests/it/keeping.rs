//! What was appended is there again: over reopening, rolling, closing, beside readers.

use std::path::Path;

use journal::{AppendError, CHECKPOINT_COMMANDS, Checkpoint, Journal, Kind, OpenError};
use journal::{Options, ReadError, Reader, Storage, Wake, merkle, verify};

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
    assert_eq!(pid, Some(std::process::id()));
    std::fs::remove_file(directory.path().join("LOCK")).unwrap();
    for refused in [
        open(directory.path(), &options()).err().unwrap().to_string(),
        journal::quarantine(directory.path(), 1).unwrap_err().to_string(),
    ] {
        assert!(refused.ends_with("in use by a process that no LOCK file names any more"));
    }
    verify(directory.path(), |_| {}).unwrap();
}

#[test]
fn a_new_boot_or_new_rules_begin_a_new_segment_and_the_old_one_is_sealed_and_shortened() {
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &options(), 10);
    let rules = Options { rules_version: 2, ..rebooted(&options()) };
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

#[test]
fn a_reader_beside_a_running_writer_sees_every_record_once_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let count = 40_000;
    let larger = Options { segment_bytes: 256 * 1024, ..options() };
    let (mut writer, _, _) = open(directory.path(), &larger).unwrap();
    let reader = Reader::open_in_boot(directory.path(), BOOT).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for sequence in 1..=count {
                append(&mut writer, &command(sequence));
            }
        });
        let mut records = reader.records_from(0).unwrap();
        let mut found = 0;
        while found < count {
            match records.next().unwrap() {
                None => {
                    let report = journal::verify_reader(&reader, |_| {}).unwrap();
                    assert!(report.commands >= found);
                }
                Some(view) if matches!(view.kind, Kind::Command(_)) => {
                    found += 1;
                    assert_eq!(view.sequence, found);
                    assert_eq!(view.payload, command(found).payload);
                }
                Some(_) => {}
            }
        }
    });
    writer.close([1; 32], [2; 32]).unwrap();
    assert_eq!(verify(directory.path(), |_| {}).unwrap().commands, count);
}

#[test]
fn records_can_be_read_from_any_sequence() {
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &options(), 600);
    let reader = Reader::open(directory.path()).unwrap();
    for from in [0, 1, 2, 150, 151, 599, 600, 601] {
        let mut records = reader.records_from(from).unwrap();
        let mut expected = from.max(1);
        while let Some(view) = records.next().unwrap() {
            if matches!(view.kind, Kind::Command(_)) {
                assert_eq!(view.sequence, expected, "from {from}");
                expected += 1;
            }
        }
        assert_eq!(expected, 601.max(from), "from {from}");
    }
}

/// From the midst of a segment, its neighbours and its end; while it is written and afterwards.
#[test]
fn reading_near_a_sequence_gives_what_reading_all_gives() {
    const COUNT: u64 = 60_000;
    let directory = tempfile::tempdir().unwrap();
    let large = Options { segment_bytes: 1 << 20, ..options() };
    let (mut writer, _, _) = open(directory.path(), &large).unwrap();
    (1..=COUNT).for_each(|sequence| append(&mut writer, &command(sequence)));
    let agrees = |state: &str| {
        let reader = Reader::open_in_boot(directory.path(), BOOT).unwrap();
        for from in (0..COUNT).step_by(4_999).chain(COUNT - 2..=COUNT + 1) {
            let mut near = reader.records_near(from).unwrap();
            let mut all = reader.records_from(from).unwrap();
            let bytes = |record: Option<journal::RecordView<'_>>| record.map(|r| r.bytes.to_vec());
            loop {
                let expected = bytes(all.next().unwrap());
                assert_eq!(bytes(near.next().unwrap()), expected, "{state}, from {from}");
                if expected.is_none() {
                    break;
                }
            }
            assert_eq!(near.last_sequence(), all.last_sequence(), "{state}, from {from}");
        }
    };
    assert!(segments(directory.path()).len() > 2, "it goes from one segment into another");
    agrees("beside a writer");
    writer.close([1; 32], [2; 32]).unwrap();
    agrees("closed");
}

/// What lies before is not read, so damage there is nobody's business; from there on all is found.
#[test]
fn damage_is_found_from_the_sequence_on_near_which_is_read() {
    const FROM: u64 = 25_000;
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &Options { segment_bytes: 4 << 20, ..options() }, 30_000);
    let path = &segments(directory.path())[0];
    let bytes = std::fs::read(path).unwrap();
    let read = || {
        let reader = Reader::open_in_boot(directory.path(), BOOT)?;
        let mut records = reader.records_near(FROM)?;
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            found.extend_from_slice(record.bytes);
        }
        Ok::<_, ReadError>(found)
    };
    let whole = read().unwrap();
    let begin = bytes.windows(whole.len()).position(|window| window == whole).unwrap();
    let (mut harmless, mut refused) = (0, 0);
    for at in (4_096..begin + whole.len()).step_by(4_973) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        std::fs::write(path, &damaged).unwrap();
        match read() {
            Ok(found) => {
                assert!(at < begin, "byte {at} is one of those asked for");
                assert!(found == whole, "byte {at}");
                harmless += 1;
            }
            Err(_) => refused += 1,
        }
    }
    std::fs::write(path, &bytes).unwrap();
    assert!(harmless > 50, "{harmless} flips in what is skipped");
    assert!(refused > 20, "{refused} flips in what is read");
}

#[test]
fn a_visitor_that_needs_only_the_tail_is_shown_only_the_tail() {
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &options(), 600);
    let tail = Options { visit_from: 580, ..options() };
    let (mut writer, opened, found) = open(directory.path(), &tail).unwrap();
    assert_eq!(found, commands(600)[579..]);
    assert_eq!(opened.last_sequence, 600);
    append(&mut writer, &command(601));
    writer.close([1; 32], [2; 32]).unwrap();
    assert_eq!(verify(directory.path(), |_| {}).unwrap().commands, 601);
}

#[test]
fn what_cannot_be_appended_is_refused_and_leaves_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let (mut writer, _, _) = open(directory.path(), &options()).unwrap();
    append(&mut writer, &command(1));
    let long = vec![0; 20_000];
    let refusals = [
        (0x00, 2, &long[..8]),
        (0xF0, 2, &long[..8]),
        (0x01, 1, &long[..8]),
        (0x01, 3, &long[..8]),
        (0x01, 2, &long[..]),
    ];
    for (kind, sequence, payload) in refusals {
        let error = writer.append(kind, 1, sequence, 0, payload).unwrap_err();
        assert!(!matches!(error, AppendError::Failed(_)), "{error}");
    }
    let longest = &long[..16 * 1024 - 4096 - 208 - 40];
    writer.append_parts(9, 1, 2, 5, &[&longest[..100], &[], &longest[100..]]).unwrap();
    writer.close([1; 32], [2; 32]).unwrap();
    let (_, _, found) = open(directory.path(), &options()).unwrap();
    assert_eq!(found[0], command(1));
    assert_eq!((found[1].kind, found[1].payload.as_slice()), (9, longest));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_quarantined_command_is_marked_for_every_reader_before_it_comes() {
    for ends in [closed, crashed] {
        let directory = tempfile::tempdir().unwrap();
        ends(directory.path(), &options(), 300);
        for voided in [300, 7, 7] {
            let seams = options().seams;
            journal::quarantine_with(directory.path(), voided, seams).unwrap();
        }
        let seams = options().seams;
        assert!(matches!(
            journal::quarantine_with(directory.path(), 301, seams),
            Err(OpenError::NoSuchCommand { sequence: 301 })
        ));
        for boot in [options(), rebooted(&options())] {
            let mut voided = Vec::new();
            let (writer, opened) = Journal::open(directory.path(), &boot, |view| {
                if view.voided {
                    voided.push(view.sequence);
                }
                Ok::<(), std::convert::Infallible>(())
            })
            .unwrap();
            assert_eq!((voided, opened.voids), (vec![7, 300], vec![7, 300]));
            drop(writer);
        }
        closed(directory.path(), &rebooted(&options()), 400);
        let report = verify(directory.path(), |_| {}).unwrap();
        assert_eq!((report.commands, report.voids), (400, vec![7, 300]));
    }
}

#[test]
fn missing_swapped_and_foreign_segments_are_named() {
    let directory = tempfile::tempdir().unwrap();
    closed(directory.path(), &options(), 900);
    let paths = segments(directory.path());
    assert!(paths.len() > 4);
    let foreign = tempfile::tempdir().unwrap();
    let mut other = options();
    other.seams.identity = Some([9; 16]);
    closed(foreign.path(), &other, 900);

    let check = |change: &dyn Fn(&Path), expected: &str| {
        let copied = tempfile::tempdir().unwrap();
        copy(directory.path(), copied.path());
        change(copied.path());
        let error = verify(copied.path(), |_| {}).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let error = open(copied.path(), &options()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let name = |index: usize| paths[index].file_name().unwrap().to_owned();
    check(&|at| std::fs::remove_file(at.join(name(2))).unwrap(), "missing or misplaced");
    let last = paths.len() - 1;
    check(&|at| std::fs::remove_file(at.join(name(last))).unwrap(), "the next one is missing");
    check(
        &|at| {
            std::fs::rename(at.join(name(1)), at.join("spare")).unwrap();
            std::fs::rename(at.join(name(2)), at.join(name(1))).unwrap();
            std::fs::rename(at.join("spare"), at.join(name(2))).unwrap();
        },
        "its header says base sequence",
    );
    check(
        &|at| {
            std::fs::copy(segments(foreign.path())[2].clone(), at.join(name(2))).unwrap();
        },
        "belongs to journal 0909",
    );
    let pruned = tempfile::tempdir().unwrap();
    copy(directory.path(), pruned.path());
    std::fs::remove_file(pruned.path().join(name(0))).unwrap();
    let Err(OpenError::Read(ReadError::Pruned { asked, first })) = open(pruned.path(), &options())
    else {
        panic!("a journal without its beginning was replayed from the beginning")
    };
    assert_eq!((asked, first), (1, Reader::open(pruned.path()).unwrap().first_sequence()));
}

#[test]
fn checkpoints_are_checked_by_every_reader_and_marks_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let larger = Options { segment_bytes: 4 << 20, ..options() };
    let count = 3 * CHECKPOINT_COMMANDS + 10;
    crashed(directory.path(), &larger, count);
    let (mut writer, _, _) = open(directory.path(), &larger).unwrap();
    let mut abouts = Vec::new();
    while let Some(mark) = writer.next_mark() {
        abouts.push(mark.about / CHECKPOINT_COMMANDS);
        let checkpoint = Checkpoint {
            about: mark.about,
            state: [3; 16],
            events: [4; 32],
            chain: mark.chain,
            merkle_root: mark.merkle_root.unwrap(),
        };
        writer.append_checkpoint(&checkpoint).unwrap();
    }
    assert_eq!(abouts, [1, 2, 3]);
    // Of the next one the syncer of this run says what to write.
    for sequence in count + 1..=4 * CHECKPOINT_COMMANDS {
        append(&mut writer, &command(sequence));
    }
    writer.positions().wait_durable(4 * CHECKPOINT_COMMANDS).unwrap();
    let mark = loop {
        if let Some(mark) = writer.next_mark() {
            break mark;
        }
        std::thread::yield_now();
    };
    let mut checkpoint = Checkpoint {
        about: mark.about,
        state: [3; 16],
        events: [4; 32],
        chain: mark.chain,
        merkle_root: mark.merkle_root.unwrap(),
    };
    writer.append_checkpoint(&checkpoint).unwrap();
    writer.close([1; 32], [2; 32]).unwrap();
    let report = verify(directory.path(), |_| {}).unwrap();
    assert_eq!((report.checkpoints, report.checkpoints_unchecked), (4, 0));

    let leaves: Vec<merkle::Hash> = leaves_of(directory.path(), &checkpoint);
    assert_eq!(merkle::root(&leaves), Some(checkpoint.merkle_root));

    let (mut writer, _, _) = open(directory.path(), &larger).unwrap();
    assert_eq!(writer.next_mark(), None, "each mark has its checkpoint");
    checkpoint.merkle_root[5] ^= 1;
    assert!(writer.append_checkpoint(&Checkpoint { about: 1, ..checkpoint }).is_err());
    writer.append_checkpoint(&checkpoint).unwrap();
    writer.close([1; 32], [2; 32]).unwrap();
}

/// Rows: what a journal ends with, and the last command that a chain value vouches for.
#[test]
fn a_report_says_from_where_on_there_are_checksums_alone() {
    let larger = Options { segment_bytes: 1 << 20, ..options() };
    let directory = tempfile::tempdir().unwrap();
    let chained_to = || verify(directory.path(), |_| {}).unwrap().chained_to;
    crashed(directory.path(), &larger, 100);
    assert_eq!(chained_to(), 0, "nothing but records");
    closed(directory.path(), &larger, 150);
    assert_eq!(chained_to(), 150, "a close");
    crashed(directory.path(), &larger, 200);
    assert_eq!(chained_to(), 150, "records behind a close");
    let many = CHECKPOINT_COMMANDS + 10;
    crashed(directory.path(), &larger, many);
    let last = segments(directory.path()).pop().unwrap();
    let base: u64 = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(chained_to(), base - 1, "a seal");
    let (mut writer, _, _) = open(directory.path(), &larger).unwrap();
    let mark = writer.next_mark().unwrap();
    let (about, chain, merkle_root) = (mark.about, mark.chain, mark.merkle_root.unwrap());
    let checkpoint = Checkpoint { about, state: [3; 16], events: [4; 32], chain, merkle_root };
    writer.append_checkpoint(&checkpoint).unwrap();
    append(&mut writer, &command(many + 1));
    writer.positions().wait_durable(many + 1).unwrap();
    drop(writer);
    assert_eq!(chained_to(), CHECKPOINT_COMMANDS, "a checkpoint");
}

fn leaves_of(directory: &Path, checkpoint: &Checkpoint) -> Vec<merkle::Hash> {
    let interval = checkpoint.about - CHECKPOINT_COMMANDS + 1..=checkpoint.about;
    let reader = Reader::open(directory).unwrap();
    let mut records = reader.records_from(*interval.start()).unwrap();
    let mut leaves = Vec::new();
    while let Some(view) = records.next().unwrap() {
        if matches!(view.kind, Kind::Command(_)) && interval.contains(&view.sequence) {
            leaves.push(merkle::leaf(view.bytes));
        }
    }
    leaves
}

#[test]
fn every_single_append_becomes_durable_without_another_one_pushing_it() {
    for wake in [Wake::Unpark, Wake::Never] {
        let directory = tempfile::tempdir().unwrap();
        let (mut writer, _, _) = open(directory.path(), &Options { wake, ..options() }).unwrap();
        let positions = writer.positions();
        for sequence in 1..=1500 {
            append(&mut writer, &command(sequence));
            positions.wait_durable(sequence).unwrap();
            // From no pause at all to one that is long enough for the syncer to park.
            (0..sequence % 64 * 40).for_each(|_| std::hint::spin_loop());
        }
    }
}

#[test]
fn pruning_removes_whole_old_segments_and_what_is_left_is_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let larger = Options { segment_bytes: 1 << 20, ..options() };
    let count = CHECKPOINT_COMMANDS + 30_000;
    closed(directory.path(), &larger, count);
    let before = segments(directory.path()).len();
    assert_eq!(journal::prune(&Storage::default(), directory.path(), 1).unwrap().len(), 0);
    let removed = journal::prune(&Storage::default(), directory.path(), count).unwrap();
    assert!(!removed.is_empty());
    assert_eq!(segments(directory.path()).len(), before - removed.len());
    let report = verify(directory.path(), |_| {}).unwrap();
    assert_eq!(report.first_sequence + report.commands, count + 1);
    assert!(report.first_sequence <= CHECKPOINT_COMMANDS + 1, "its interval stays");
    let tail = Options { visit_from: count, ..larger };
    closed(directory.path(), &tail, 2 * CHECKPOINT_COMMANDS + 1);
    let (writer, _, _) = open(directory.path(), &tail).unwrap();
    let mark = writer.next_mark().unwrap();
    assert_eq!(mark.about, 2 * CHECKPOINT_COMMANDS);
    assert!(mark.merkle_root.is_some());
}
