//! A journal whose beginning is pruned: what is left is answered as before, the rest is named.

use std::fs;
use std::path::Path;

use journal::{CHECKPOINT_COMMANDS, Journal, Kind, Options, Reader};

use super::{certified, long_tape};
use crate::run::{journal, text, tool};

/// The same commands in segments of the smallest size.
fn in_small_segments(from: &Path, to: &Path) {
    let options = Options { segment_bytes: 1 << 20, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (mut writer, _) = Journal::open(to, &options, visit).unwrap();
    let mut records = Reader::open(from).unwrap().records_from(0).unwrap();
    while let Some(record) = records.next().unwrap() {
        if let Kind::Command(kind) = record.kind {
            let (sequence, time_ns) = (record.sequence, record.time_ns);
            writer.append(kind, record.version, sequence, time_ns, record.payload).unwrap();
        }
    }
}

#[test]
fn of_a_pruned_journal_what_lies_behind_its_oldest_snapshot_is_answered_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    let whole = folder.path().join("whole");
    // The last checkpoint interval is never pruned.
    journal(&whole, &long_tape(CHECKPOINT_COMMANDS + 60_000));
    in_small_segments(&whole, &directory);
    for at in ["100000", "110000"] {
        assert_eq!(tool(&["snapshot", text(&directory), "--at", at]).status, 0);
    }
    let ask = |at: &str| {
        let book = tool(&["book", text(&directory), "--symbol", "X", "--at", at, "--json"]);
        (book, tool(&["balances", text(&directory), "--at", at]))
    };
    let before = ask("105000");
    let pruned = tool(&["prune", text(&directory), "--yes"]);
    assert_eq!(pruned.status, 0, "{pruned:?}");
    let first = Reader::open(&directory).unwrap().first_sequence();
    assert!(first > 1, "{pruned:?}");
    let after = ask("105000");
    assert_eq!((after.0.out, after.1.out), (before.0.out, before.1.out));
    for args in [
        ["book", text(&directory), "--symbol", "X", "--at", "8"].as_slice(),
        &["order", text(&directory), "00000000-0000-8000-9400-000000000800"],
        &["fork", text(&directory), "--at", "8", "--omit"],
        &["prove", text(&directory), "8"],
        &["order", text(&directory), "3"],
        &["dump", text(&directory)],
        &["dump", text(&directory), "--from", "1", "--to", "3"],
        &["dump", text(&directory), "--from", "100000"],
    ] {
        let ended = tool(args);
        let says = ended.err.contains("pruned") || ended.err.contains("are left");
        assert!(ended.status == 2 && says, "{args:?}: {ended:?}");
    }
    let dump =
        |directory: &Path| tool(&["dump", text(directory), "--from", "100001", "--to", "100009"]);
    let left = dump(&directory);
    assert_eq!((left.status, &left.out), (0, &dump(&whole).out), "{left:?}");
    let gone = tool(&["dump", text(&directory), "--to", "3"]).err;
    assert!(gone.contains("the first that can be had is 100001"), "{gone}");
    let (file, public) = certified(folder.path(), &directory);
    let args = ["check-certificate", text(&directory), text(&file), "--public", &public];
    let ended = tool(&args);
    assert!(ended.status == 0, "{ended:?}");
    for part in [
        "certified without a replay of commands 1 to 100000\n",
        "NOT REPLAYED  commands 1 to 100000 are pruned: compared only by",
        "replayed      commands 100001 to ",
        "what is left of the journal is of the one that was certified\n",
    ] {
        assert!(ended.out.contains(part), "{part}: {ended:?}");
    }
    let claims: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(claims["certificate"]["begun_after"], 100_000, "{claims}");
}
