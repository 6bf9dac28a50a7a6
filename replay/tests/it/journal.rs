//! What is asked of a journal: dump, digest, book, order, diff, verify, recover, quarantine.

use std::fs;
use std::path::{Path, PathBuf};

use ::journal::{CHECKPOINT_COMMANDS, Journal, Kind, Options, Reader};
use orison_core::Command;
use orison_core::command::Genesis;

use crate::run::{journal, text, tool};

const TAPE: &str = include_str!("golden/small.tape.jsonl");

const DUMP: &str = include_str!("golden/small.dump.jsonl");

/// A tape with everything that came with the second rules.
const LATER: &str = include_str!("golden/later.tape.jsonl");

const LATER_DUMP: &str = include_str!("golden/later.dump.jsonl");

/// A journal of `TAPE`.
fn small(folder: &Path, name: &str) -> PathBuf {
    let directory = folder.join(name);
    journal(&directory, TAPE);
    directory
}

fn only_segment(directory: &Path) -> PathBuf {
    let mut found: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "seg"));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_journal_that_is_being_written_is_not_said_to_have_been_left_open() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    let visit = |_: ::journal::RecordView<'_>| Ok::<(), String>(());
    let (mut writer, _) = Journal::open(&directory, &Options::default(), visit).unwrap();
    let genesis = engine::record::encode(&Command::Genesis(Genesis::DEFAULT));
    writer.append(genesis.kind, genesis.version, 1, 1, genesis.payload()).unwrap();
    let asked = || tool(&["verify", text(&directory)]);
    let (pid, live) = (std::process::id(), asked());
    let says = format!("closed       not yet, process {pid} writes it\n");
    assert!(live.status == 0 && live.out.contains(&says), "{live:?}");
    drop(writer);
    let left = asked();
    assert!(left.out.contains("closed       not cleanly\n"), "{left:?}");
}

#[test]
fn a_dump_has_every_command_and_its_events_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    let whole = tool(&["dump", text(&directory)]);
    assert_eq!((whole.status, whole.out.as_str()), (0, DUMP));
    let part = tool(&["dump", text(&directory), "--from", "4", "--to", "6"]);
    let lines: Vec<_> = DUMP.lines().skip(4).take(6).collect();
    assert_eq!(part.out.lines().collect::<Vec<_>>(), lines);
    let nothing = tool(&["dump", text(&directory), "--from", "9", "--to", "3"]);
    assert_eq!((nothing.status, nothing.out.as_str()), (2, ""));
    assert_eq!(
        nothing.err,
        "orison-replay: --from 9 is behind --to 3: there is nothing between them\n"
    );
    let beyond = tool(&["dump", text(&directory), "--from", "500000"]);
    assert_eq!((beyond.status, beyond.out.as_str()), (2, ""));
    assert_eq!(
        beyond.err,
        "orison-replay: the journal ends with sequence 12, sequence 500000 is asked for\n"
    );
}

#[test]
fn what_came_with_the_second_rules_is_dumped_verified_and_told_again_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    let answers = journal(&directory, LATER);
    let dump = tool(&["dump", text(&directory)]);
    assert_eq!((dump.status, dump.out.as_str()), (0, LATER_DUMP));
    let verified = tool(&["verify", text(&directory)]);
    assert_eq!(verified.status, 0, "{verified:?}");
    // After a new start the orders that wait or are parked still have their clients' names.
    let pieces = folder.path().join("pieces");
    let lines: Vec<_> = LATER.split_inclusive('\n').collect();
    let told: String = lines.chunks(4).map(|piece| journal(&pieces, &piece.concat())).collect();
    assert_eq!(told, answers);
    let equal = tool(&["diff", text(&directory), text(&pieces)]);
    assert_eq!((equal.status, equal.out.as_str()), (0, "equal\n"));
}

#[test]
fn a_dump_shows_each_checkpoint_behind_the_command_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    let commands = 2 * CHECKPOINT_COMMANDS + 1_000;
    let clock: String =
        (0..commands).map(|ts| format!("{{\"op\":\"time\",\"ts\":{ts}}}\n")).collect();
    journal(&directory, &clock);
    let from = (CHECKPOINT_COMMANDS - 1).to_string();
    let to = (CHECKPOINT_COMMANDS + 1).to_string();
    let dump = tool(&["dump", text(&directory), "--from", &from, "--to", &to]).out;
    let lines: Vec<_> = dump.lines().collect();
    assert_eq!(lines.len(), 4, "{dump}");
    let start = format!("{{\"sequence\":{CHECKPOINT_COMMANDS},\"checkpoint\":{{\"state\":\"");
    assert!(lines[2].starts_with(&start), "{dump}");
    let verified = tool(&["verify", text(&directory), "--json"]);
    assert_eq!(verified.status, 0, "{verified:?}");
    assert!(verified.out.contains("\"checkpoints_compared\":2"), "{verified:?}");
    assert!(verified.out.contains("\"closes_compared\":1"), "{verified:?}");
}

#[test]
fn the_past_is_shown_as_it_was_at_a_sequence_and_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    let asks = |at: &str| {
        let book = tool(&["book", text(&directory), "--symbol", "X", "--at", at, "--json"]);
        assert_eq!(book.status, 0, "{book:?}");
        book.out.split_once("\"asks\":").unwrap().1.to_owned()
    };
    let order = "{\"id\":\"00000000-0000-8000-8c00-000000000000\",\"price\":\"100\",\
                 \"open\":\"10\",\"hidden\":\"0\",\"account\":\"1\",\"client_order_id\":\"1\"}";
    assert_eq!(asks("2"), "[],\"stops\":[]}\n");
    assert_eq!(asks("3"), format!("[{order}],\"stops\":[]}}\n"));
    assert_eq!(asks("4"), format!("[{}],\"stops\":[]}}\n", order.replace("\"10\"", "\"6\"")));
    let moved = order.replace("\"10\"", "\"5\"").replace("\"100\"", "\"101\"");
    assert_eq!(asks("999ns"), format!("[{moved}],\"stops\":[]}}\n"));
    assert_eq!(asks("1970-01-01T00:00:00.000001Z"), "[],\"stops\":[]}\n");
    for (symbol, at, status) in [("Y", "3", 2), ("X", "1", 2), ("X", "13", 2), ("X", "soon", 2)] {
        let ended = tool(&["book", text(&directory), "--symbol", symbol, "--at", at]);
        assert_eq!(ended.status, status, "{ended:?}");
    }
    let table = tool(&["book", text(&directory), "--symbol", "X", "--at", "4"]);
    assert!(table.out.contains(" ask                     6        1                   100"));
}

#[test]
fn the_book_of_the_past_has_its_stops_and_the_market_orders_of_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    journal(&directory, LATER);
    let book = tool(&["book", text(&directory), "--symbol", "X", "--at", "22", "--json"]).out;
    let parts = [
        "\"bids\":[{\"id\":\"00000000-0000-8001-9000-000000001c00\",\"price\":null,\
         \"open\":\"0.5\",\"hidden\":\"0\",\"account\":\"dee\",\"client_order_id\":\"a1\"},",
        "\"stops\":[{\"id\":\"00000000-0000-8000-a800-000000000800\",\"stop_price\":\"10\",\
         \"account\":\"ann\",\"client_order_id\":\"t2\"},",
    ];
    for part in parts {
        assert!(book.contains(part), "{part} is not in {book}");
    }
    let table = tool(&["book", text(&directory), "--symbol", "X", "--at", "22"]).out;
    assert!(table.contains(" bid                   0.5        1                market"), "{table}");
}

/// A line about an order without its rule and queue. None: a dump does not show the event.
fn as_dumped(line: &str) -> Option<String> {
    let is_quiet = |word: &str| line.contains(&format!("{{\"event\":\"{word}\""));
    match line.split_once(",\"rule\":") {
        Some(_) if ["rested", "waiting", "refreshed"].into_iter().any(is_quiet) => None,
        Some((event, _)) => Some(format!("{event}}}\n")),
        None => Some(format!("{line}\n")),
    }
}

/// Rows: what the client called it, the engine's id, the sequences at which it was touched.
#[test]
fn an_order_is_followed_through_its_whole_life() {
    let folder = tempfile::tempdir().unwrap();
    let plain = small(folder.path(), "journal");
    let later = folder.path().join("later");
    journal(&later, LATER);
    let rows: [(&Path, &str, &str, &str, &[u64]); 5] = [
        (&plain, DUMP, "1", "00000000-0000-8000-8c00-000000000000", &[3, 4, 5, 7]),
        (&later, LATER_DUMP, "t1", "00000000-0000-8000-a400-000000000400", &[9, 13, 25]),
        (&later, LATER_DUMP, "o2", "00000000-0000-8000-ac00-040000001000", &[11, 14]),
        (&later, LATER_DUMP, "p2", "00000000-0000-8000-b000-040000001800", &[12, 25, 31]),
        (&later, LATER_DUMP, "d1", "00000000-0000-8000-bc00-000000001c00", &[15, 16, 18]),
    ];
    for (directory, dump, name, id, sequences) in rows {
        let is_theirs = |line: &&str| {
            let is_touched = |at: &u64| line.starts_with(&format!("{{\"sequence\":{at},"));
            sequences.iter().any(is_touched) && (line.contains("\"command\"") || line.contains(id))
        };
        let expected: Vec<_> = dump.lines().filter(is_theirs).collect();
        for asked in [id, name] {
            let ended = tool(&["order", text(directory), asked]);
            // What only moves its place is the matter of another test.
            let told: String = ended.out.lines().filter_map(as_dumped).collect();
            let told: Vec<_> = told.lines().filter(is_theirs).collect();
            assert_eq!(told, expected, "{asked}");
        }
    }
    assert_eq!(tool(&["order", text(&plain), "nobody"]).status, 2);
}

#[test]
fn two_journals_differ_where_their_commands_first_do() {
    let folder = tempfile::tempdir().unwrap();
    let left = small(folder.path(), "left");
    let same = small(folder.path(), "same");
    let equal = tool(&["diff", text(&left), text(&same)]);
    assert_eq!((equal.status, equal.out.as_str()), (0, "equal\n"));
    for (name, tape, expected) in [
        ("command", TAPE.replacen("130", "131", 1), "different command at sequence 4"),
        ("time", TAPE.replacen("1000", "1001", 1), "different time at sequence 6"),
        (
            "length",
            TAPE.lines().take(4).fold(String::new(), |text, line| text + line + "\n"),
            "different length at sequence 7",
        ),
    ] {
        let right = folder.path().join(name);
        journal(&right, &tape);
        let ended = tool(&["diff", text(&left), text(&right)]);
        assert_eq!(ended.status, 1, "{ended:?}");
        assert_eq!(ended.out.lines().next(), Some(expected), "{ended:?}");
    }
    assert_eq!(tool(&["diff", text(&left), text(folder.path())]).status, 2);
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    let segment = only_segment(&directory);
    let good = fs::read(&segment).unwrap();
    let used = good.iter().rposition(|&byte| byte != 0).unwrap();
    let header_end = 4096;
    assert!(used > header_end);
    for at in (header_end..used).step_by(37).chain([0, 9, used]) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&segment, &bad).unwrap();
        let ended = tool(&["verify", text(&directory)]);
        assert_eq!(ended.status, 1, "byte {at}: {ended:?}");
        assert!(ended.out.contains("FOUND"), "byte {at}: {ended:?}");
        assert!(ended.out.contains("\nNEXT   `orison-replay restore"), "byte {at}: {ended:?}");
        let json = tool(&["verify", text(&directory), "--json"]).out;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(json["remedy"].is_string(), "byte {at}: {json}");
    }
    for args in [vec!["recover"], vec!["recover", "--write"]] {
        let ended = tool(&[&args[..], &[text(&directory)]].concat());
        assert_eq!(ended.status, 1, "{args:?}: {ended:?}");
    }
    fs::write(&segment, &good).unwrap();
    assert_eq!(tool(&["verify", text(&directory)]).status, 0);
}

#[test]
fn what_is_no_journal_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for directory in [folder.path(), &missing] {
        for action in ["verify", "recover", "dump", "digest"] {
            let ended = tool(&[action, text(directory)]);
            assert_eq!(ended.status, 2, "{action}: {ended:?}");
            assert!(ended.err.contains("no journal here"), "{action}: {ended:?}");
        }
        assert_eq!(tool(&["recover", text(directory), "--write"]).status, 2);
    }
    assert!(!missing.exists(), "nothing is created by asking");
}

#[test]
fn a_quarantined_command_is_passed_over_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    assert_eq!(tool(&["quarantine", text(&directory), "4"]).status, 0);
    let verified = tool(&["verify", text(&directory)]);
    assert_eq!(verified.status, 0, "{verified:?}");
    assert!(verified.out.contains("QUARANTINED  sequence 4"), "{verified:?}");
    assert!(verified.out.contains("NOT VERIFIABLE  1"), "{verified:?}");
    let dump = tool(&["dump", text(&directory), "--from", "4", "--to", "4"]).out;
    let command = DUMP.lines().nth(4).unwrap();
    let command = command.replacen("\"ts\":0", "\"ts\":0,\"void\":true", 1);
    let command = command.replace("\"00000000-0000-8000-9000-000000000400\"", "null");
    assert_eq!(dump, command + "\n");
    assert_eq!(tool(&["quarantine", text(&directory), "13"]).status, 2);
    // The journal goes on, and what is recorded from then on is compared again.
    let again = journal(&directory, "{\"op\":\"book\"}\n");
    assert_eq!(
        again,
        "{\"event\":\"book\",\"symbol\":\"X\",\"bids\":[],\"asks\":[],\"stops\":[]}\n"
    );
    let verified = tool(&["verify", text(&directory), "--json"]);
    assert!(verified.out.contains("\"closes_compared\":1"), "{verified:?}");
}

#[test]
fn recovery_reports_what_a_start_would_find() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    let dry = tool(&["recover", text(&directory)]);
    assert_eq!(dry.status, 0, "{dry:?}");
    assert!(dry.out.contains("a start would replay 12 commands and go on with sequence 13"));
    let before = fs::read(only_segment(&directory)).unwrap();
    let written = tool(&["recover", text(&directory), "--write", "--json"]);
    assert!(
        written.out.starts_with("{\"sequence\":12,\"commands\":12,\"seconds\":"),
        "{written:?}"
    );
    assert_ne!(fs::read(only_segment(&directory)).unwrap(), before, "it was closed again");
    assert_eq!(tool(&["verify", text(&directory)]).status, 0);
}

/// Rows: snapshots that are damaged, the one that is begun with, commands that are replayed.
#[test]
fn a_start_does_what_recover_says_it_would() {
    let folder = tempfile::tempdir().unwrap();
    let directory = small(folder.path(), "journal");
    let snapshot = |at: u64| directory.join(format!("snapshot-{at:020}.orison"));
    for at in ["5", "9"] {
        assert_eq!(tool(&["snapshot", text(&directory), "--at", at]).status, 0);
    }
    let rows: [(Option<u64>, Option<u64>, u64); 3] =
        [(None, Some(9), 3), (Some(9), Some(5), 7), (Some(5), None, 12)];
    let mut bad = Vec::new();
    for (damaged, begun, commands) in rows {
        if let Some(at) = damaged {
            let mut bytes = fs::read(snapshot(at)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            fs::write(snapshot(at), bytes).unwrap();
            bad.push(snapshot(at));
        }
        let dry = tool(&["recover", text(&directory)]);
        assert_eq!(dry.status, 0, "{dry:?}");
        let after = begun.map_or(String::new(), |at| format!(" after snapshot {at}"));
        let told = format!("a start would replay {commands} commands{after} and go on");
        assert!(dry.out.contains(&told), "{told}: {dry:?}");
        for path in &bad {
            let told = format!("passed over {}: ", path.display());
            assert!(dry.out.contains(&told), "{told}: {dry:?}");
        }
        let json = tool(&["recover", text(&directory), "--json"]).out;
        let start = serde_json::from_str::<serde_json::Value>(&json).unwrap()["start"].clone();
        assert_eq!((start["snapshot"].as_u64(), &start["commands"]), (begun, &commands.into()));
        assert_eq!(start["passed_over"].as_array().unwrap().len(), bad.len(), "{json}");
        let real = tool(&["recover", text(&directory), "--write"]).out;
        assert!(real.contains(&format!("recovered sequence=12 commands={commands} ")), "{real}");
    }
}

/// The commands of `from` without its end, in segments of 64 KiB, as a crash leaves them.
fn crashed_in_small_segments(from: &Path, to: &Path) {
    let options = Options { segment_bytes: 1 << 16, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<_, std::convert::Infallible>(());
    let (mut writer, _) = Journal::open(to, &options, visit).unwrap();
    let mut records = Reader::open(from).unwrap().records_from(1).unwrap();
    while let Some(record) = records.next().unwrap() {
        if let Kind::Command(kind) = record.kind {
            let (sequence, time_ns) = (record.sequence, record.time_ns);
            writer.append(kind, record.version, sequence, time_ns, record.payload).unwrap();
        }
    }
}

/// Rows: what is kept, and the reason that is told for the segments that stay.
#[test]
fn pruning_says_which_segments_stay_and_why_and_a_check_where_checksums_are_all_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, directory) = (folder.path().join("plain"), folder.path().join("small"));
    let last = CHECKPOINT_COMMANDS + 4_000;
    let clock = |ts| format!("{{\"op\":\"time\",\"ts\":{ts}}}\n");
    journal(&plain, &(1..last).map(clock).collect::<String>());
    crashed_in_small_segments(&plain, &directory);
    for at in [1_000, CHECKPOINT_COMMANDS + 2_000, CHECKPOINT_COMMANDS + 3_000] {
        let at = at.to_string();
        assert_eq!(tool(&["snapshot", text(&directory), "--at", &at]).status, 0);
    }
    let interval = CHECKPOINT_COMMANDS + 1;
    for (more, why) in [
        (&[][..], format!("{interval}, where the checkpoint interval of the last one begins")),
        (&["--before", "500"], "500, as --before says".to_owned()),
        (&["--keep-snapshots", "3"], "1001, behind the oldest snapshot that is kept".to_owned()),
    ] {
        let ended = tool(&[&["prune", text(&directory)], more].concat());
        let is_meant = |line: &&str| line.starts_with("keeps ") && line.ends_with(&why);
        let line = ended.out.lines().find(is_meant);
        assert!(line.is_some_and(|line| line.contains(".seg, ")), "{why}: {ended:?}");
    }
    let verified = tool(&["verify", text(&directory)]);
    assert_eq!(verified.status, 0, "{verified:?}");
    let line = verified.out.lines().find(|line| line.starts_with("CHECKSUMS ONLY ")).unwrap();
    assert!(line.contains(&format!(" to {last} are behind the last checkpoint")), "{line}");
    let key = folder.path().join("key.pem");
    assert_eq!(tool(&["key", text(&key)]).status, 0);
    let certified = tool(&["certify", text(&directory), "--key", text(&key)]);
    assert!(certified.status == 0 && certified.err.contains(line), "{certified:?}");
    for (directory, is_said) in [(&directory, true), (&plain, false)] {
        let json = tool(&["verify", text(directory), "--json"]).out;
        assert_eq!(json.contains("\"checksums_only_from\":"), is_said, "{json}");
    }
}
