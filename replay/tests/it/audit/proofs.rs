//! Proofs: they need no journal, and say no more than what was checked.

use std::fs;
use std::path::Path;

use journal::{CHECKPOINT_COMMANDS, Checkpoint, Kind, Reader};

use super::{certified, journaled, lines, long_tape};
use crate::run::{journal, text, tool};

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
