//! What an auditor asks: state at any point with and without a snapshot, an order's place in its
//! queue, forks, certificates of journals that were tampered with, and proofs without a journal.

mod queues;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use journal::{CHECKPOINT_COMMANDS, Checkpoint, Journal, Kind, Options, Reader};

use crate::run::{Ended, binary, journal, text, tool};

const INSTRUMENT: &str = "{\"op\":\"instrument\",\"symbol\":\"X\",\"base\":\"X\",\"quote\":\"USD\",\
     \"price_step\":\"1\",\"quantity_step\":\"1\"}\n";

fn order(id: &str, side: &str, price: u32, quantity: u32) -> String {
    format!(
        "{{\"op\":\"new\",\"id\":\"{id}\",\"account\":\"{id}\",\"symbol\":\"X\",\
         \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"{price}\",\
         \"quantity\":\"{quantity}\"}}\n"
    )
}

/// Sequences: 1 genesis, 2 instrument, 3 to 6 sells a b c d, 7 cancel of b, 8 and 9 buys e f.
fn tape() -> String {
    let cancel = "{\"op\":\"cancel\",\"id\":\"b\",\"account\":\"b\"}\n";
    [
        INSTRUMENT.to_owned(),
        order("a", "sell", 100, 3),
        order("b", "sell", 100, 2),
        order("c", "sell", 100, 4),
        order("d", "sell", 99, 1),
        cancel.to_owned(),
        order("e", "buy", 100, 3),
        order("f", "buy", 100, 5),
    ]
    .concat()
}

fn journaled(folder: &Path) -> PathBuf {
    let directory = folder.join("journal");
    journal(&directory, &tape());
    directory
}

fn lines(ended: &Ended) -> Vec<serde_json::Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rows: sequence, event, orders and quantity ahead of c after it, the rule.
#[test]
fn the_life_of_an_order_says_who_was_ahead_and_what_moved_it() {
    let folder = tempfile::tempdir().unwrap();
    let ended = tool(&["order", text(&journaled(folder.path())), "c"]);
    let told: Vec<_> = lines(&ended).into_iter().filter(|line| line["rule"].is_object()).collect();
    let told: Vec<_> = told
        .iter()
        .map(|line| {
            let ahead = &line["queue"][0];
            let event = line["event"]["event"].as_str().unwrap();
            let quantity = ahead["ahead_quantity"].as_str().unwrap();
            let rule = line["rule"]["section"].as_str().unwrap();
            let (at, orders) = (line["sequence"].as_u64(), ahead["ahead_orders"].as_u64());
            (at.unwrap(), event, orders.unwrap(), quantity, rule)
        })
        .collect();
    let expected = [
        (5, "accepted", 2, "5", "2.1"),
        (7, "cancelled", 1, "3", "2.4"),
        (8, "trade", 1, "1", "2.1"),
        (9, "trade", 0, "0", "2.1"),
        (9, "trade", 0, "0", "2.1"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn state_at_a_sequence_is_the_same_from_a_snapshot_and_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let asks: [&[&str]; 4] = [
        &["statistics", text(&directory), "--at", "8"],
        &["balances", text(&directory), "--at", "8"],
        &["account", text(&directory), "a", "--at", "8"],
        &["book", text(&directory), "--symbol", "X", "--at", "8", "--json"],
    ];
    let all = || asks.map(|args| tool(args).out);
    let before = all();
    assert_eq!(tool(&["snapshot", text(&directory), "--at", "7"]).status, 0);
    assert_eq!(all(), before);
    let day: serde_json::Value = serde_json::from_str(&before[0]).unwrap();
    let figures = (&day["last"], &day["volume"], &day["trades"]);
    assert_eq!(figures, (&"100".into(), &"3".into(), &2.into()));
    assert!(before[1].contains("\"account\":\"e\",\"asset\":\"X\",\"free\":\"3\""), "{before:?}");
    assert!(before[2].contains("\"open\":\"1\",\"filled\":\"2\""), "{before:?}");
    assert_eq!(tool(&["account", text(&directory), "nobody"]).status, 2);
}

/// Rows: the change, and maker, taker and quantity of what only the journal and only the fork has.
#[test]
fn a_fork_shows_the_executions_that_one_command_made_different() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let id = |sequence: u64, line: &serde_json::Value, key: &str| {
        let order = orison_core::OrderId::parse(line[key].as_str().unwrap()).unwrap();
        assert!(order.sequence.0 <= sequence);
        order.sequence.0
    };
    type Row<'a> = (&'a str, u64, u64, &'a str);
    let rows: [(&[&str], u64, &[Row<'_>]); 3] = [
        (&["--omit"], 7, &[("journal", 5, 9, "4"), ("fork", 4, 9, "2"), ("fork", 5, 9, "2")]),
        (
            &["--set", "price=101"],
            3,
            &[
                ("journal", 3, 8, "2"),
                ("fork", 5, 8, "2"),
                ("journal", 3, 9, "1"),
                ("journal", 5, 9, "4"),
                ("fork", 5, 9, "2"),
            ],
        ),
        (&["--set", "quantity=3"], 3, &[]),
    ];
    for (change, at, expected) in rows {
        let at = at.to_string();
        let args = [&["fork", text(&directory), "--at", &at], change].concat();
        let ended = tool(&args);
        let told = lines(&ended);
        let (report, differences) = told.split_last().unwrap();
        let found: Vec<_> = differences
            .iter()
            .map(|line| {
                let text = |key: &str| line[key].as_str().unwrap();
                let taker = id(99, line, "taker");
                (text("only"), id(99, line, "maker"), taker, text("quantity"))
            })
            .collect();
        assert_eq!(found, expected, "{ended:?}");
        assert_eq!(ended.status, i32::from(!expected.is_empty()));
        let counted = ["executions_only_journal", "executions_only_fork"];
        let counted: u64 = counted.iter().map(|key| report[key].as_u64().unwrap()).sum();
        assert_eq!(counted, expected.len() as u64);
    }
    for (args, why) in [
        (["--at", "1", "--omit"], "genesis"),
        (["--at", "99", "--omit"], "ends with"),
        (["--at", "7", "--set=price=1"], "can be left out"),
        (["--at", "3", "--set=price=x"], "no value"),
        (["--at", "3", "--set=colour=red"], "no field"),
    ] {
        let ended = tool(&[&["fork", text(&directory)], &args[..]].concat());
        assert!(ended.status == 2 && ended.err.contains(why), "{ended:?}");
    }
}

/// Rows: the price that order c is given, why the fork rejects it, status.
#[test]
fn a_fork_that_rejects_the_changed_command_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    for (change, why, status) in [("price=0", Some("bad_price"), 1), ("client_order_id=z", None, 0)]
    {
        let ended = tool(&["fork", text(&directory), "--at", "5", "--set", change]);
        let report = lines(&ended).pop().unwrap();
        assert_eq!(report["rejected_in_fork"].as_str(), why, "{ended:?}");
        assert_eq!(report["rejected_in_journal"].as_str(), None, "{ended:?}");
        let told = "sequence 5 is rejected in the fork: bad_price\n";
        assert_eq!(ended.err.contains(told), why.is_some(), "{ended:?}");
        assert_eq!(ended.status, status, "{ended:?}");
    }
}

#[test]
fn the_life_of_an_order_that_was_refused_is_its_refusal_and_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    journal(&directory, &(tape() + &order("g", "sell", 100, 1) + &order("h", "buy", 0, 1)));
    let ended = tool(&["order", text(&directory), "h"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    let told = lines(&ended);
    assert_eq!(told.len(), 2, "{ended:?}");
    assert_eq!(told[0]["command"]["client_order_id"], "h");
    let (event, rule) = (&told[1]["event"], &told[1]["rule"]);
    assert_eq!((&event["event"], &event["reason"]), (&"rejected".into(), &"bad_price".into()));
    assert_eq!(rule["section"], "1");
    assert_eq!(tool(&["order", text(&directory), "nobody"]).status, 2);
}

/// A certificate of the journal, and the public key that it was signed for.
fn certified(folder: &Path, directory: &Path) -> (PathBuf, String) {
    let (key, file) = (folder.join("key.pem"), folder.join("certificate.json"));
    let public = tool(&["key", text(&key)]).out.trim().to_owned();
    let args = ["certify", text(directory), "--key", text(&key), "--out", text(&file)];
    let ended = tool(&args);
    assert_eq!(ended.status, 0, "{ended:?}");
    (file, public)
}

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

#[test]
fn a_proof_needs_no_journal_and_another_command_does_not_pass_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let early = tool(&["prove", text(&directory), "8"]);
    assert!(early.status == 2 && early.err.contains("has no checkpoint yet"), "{early:?}");
    let (file, public) = certified(folder.path(), &directory);
    let proof = folder.path().join("proof.json");
    let trusted = ["--certificate", text(&file), "--public", &public];
    let prove = |what: &str| {
        let args = [&["prove", text(&directory), what, "--out", text(&proof)], &trusted[..]];
        tool(&args.concat())
    };
    let check = || tool(&[&["check-proof", text(&proof)], &trusted[..]].concat());
    let elsewhere = folder.path().join("elsewhere");
    for what in ["1", "8", "9", "00000000-0000-8000-8c00-000000000000"] {
        assert_eq!(prove(what).status, 0, "{what}");
        fs::rename(&directory, &elsewhere).unwrap();
        let ended = check();
        fs::rename(&elsewhere, &directory).unwrap();
        assert_eq!(ended.status, 0, "{what}: {ended:?}");
    }
    let of_order = fs::read_to_string(&proof).unwrap();
    assert_eq!(prove("8").status, 0);
    let args = [&["check-proof", text(&proof), "--json"], &trusted[..]].concat();
    let shown = lines(&tool(&args)).pop().unwrap()["command"].clone();
    assert_eq!((&shown["op"], &shown["side"]), (&"new".into(), &"buy".into()));
    assert_eq!(shown["in_steps"][0]["price"], "100", "{shown}");
    for root in ["abc", &"g".repeat(64)] {
        let ended = tool(&["check-proof", text(&proof), "--root", root]);
        assert!(ended.status == 2 && ended.err.contains("is not 64 digits"), "{ended:?}");
    }
    let of_eight = fs::read_to_string(&proof).unwrap();
    let record = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["record"].as_str().unwrap().to_owned()
    };
    for (name, wrong) in [
        ("another record", of_eight.replace(&record(&of_eight), &record(&of_order))),
        ("another sequence", of_eight.replace("\"sequence\":8", "\"sequence\":7")),
        ("another side", of_eight.replacen("\"left\"", "\"right\"", 1)),
    ] {
        assert_ne!(wrong, of_eight, "{name}");
        fs::write(&proof, wrong).unwrap();
        let ended = check();
        assert_eq!(ended.status, 1, "{name}: {ended:?}");
    }
    let outside = prove("10");
    assert!(
        outside.status == 2 && outside.err.contains("not in what was certified"),
        "{outside:?}"
    );
}

/// With so many orders more than the short one.
fn long_tape(orders: u64) -> String {
    let mut tape = tape();
    for number in 0..orders {
        let side = if number % 2 == 0 { "sell" } else { "buy" };
        let account = number % 9;
        tape += &format!(
            "{{\"op\":\"new\",\"id\":\"i{number}\",\"account\":\"n{account}\",\"symbol\":\"X\",\
             \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"300\",\"quantity\":\"1\"}}\n"
        );
    }
    tape
}

/// As the journal itself has recorded it.
fn recorded_root(directory: &Path) -> String {
    let mut records = Reader::open(directory).unwrap().records_from(0).unwrap();
    while let Some(record) = records.next().unwrap() {
        if record.kind == Kind::Checkpoint {
            let root = Checkpoint::decode(record.payload).unwrap().merkle_root;
            return root.iter().map(|byte| format!("{byte:02x}")).collect();
        }
    }
    panic!("no checkpoint");
}

#[test]
fn a_proof_is_held_against_the_root_of_the_journal_s_own_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("journal");
    journal(&directory, &long_tape(CHECKPOINT_COMMANDS + 500));
    let (root, proof) = (recorded_root(&directory), folder.path().join("proof.json"));
    let other = format!("{}{}", &root[1..], &root[..1]);
    for sequence in ["1", "8", "65536"] {
        let proven = tool(&["prove", text(&directory), sequence, "--out", text(&proof)]);
        assert_eq!(proven.status, 0, "{sequence}: {proven:?}");
        let checked = tool(&["check-proof", text(&proof), "--root", &root]);
        assert_eq!(checked.status, 0, "{sequence}: {checked:?}");
        let foreign = tool(&["check-proof", text(&proof), "--root", &other]);
        assert_eq!(foreign.status, 1, "{sequence}: {foreign:?}");
    }
    let early = tool(&["prove", text(&directory), "65537"]);
    assert!(early.status == 2 && early.err.contains("has no checkpoint yet"), "{early:?}");
}

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
