//! Proofs: they need no journal, and say no more than what was checked.

use std::fs;
use std::path::Path;

use journal::{CHECKPOINT_COMMANDS, Checkpoint, Kind, Reader};
use serde_json::{Value, json};

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
    let beyond = tool(&["prove", text(&directory), "18446744073709551615"]);
    assert_eq!(beyond.status, 2, "{beyond:?}");
    let early = tool(&["prove", text(&directory), "65537"]);
    assert!(early.status == 2 && early.err.contains("has no checkpoint yet"), "{early:?}");
}

/// The whole way as the README has it, with nothing but standard output in between.
#[test]
fn a_proof_on_standard_output_is_the_one_that_goes_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let (file, public) = certified(folder.path(), &directory);
    let (shown, written) = (folder.path().join("shown.json"), folder.path().join("written.json"));
    let trusted = ["--certificate", text(&file), "--public", &public];
    for what in ["9", "00000000-0000-8000-a400-000000000000"] {
        let proven = tool(&[&["prove", text(&directory), what], &trusted[..]].concat());
        assert_eq!(proven.status, 0, "{proven:?}");
        fs::write(&shown, &proven.out).unwrap();
        let args = ["prove", text(&directory), what, "--out", text(&written)];
        assert_eq!(tool(&[&args, &trusted[..]].concat()).out, "");
        assert_eq!(fs::read_to_string(&written).unwrap(), proven.out);
        let checked = tool(&[&["check-proof", text(&shown)], &trusted[..]].concat());
        assert_eq!(checked.status, 0, "{checked:?}");
        assert!(checked.out.contains("is in journal "), "{checked:?}");
        let of_order = checked.out.contains(&format!("order {what} can have been entered by no"));
        assert_eq!(of_order, what != "9", "{checked:?}");
    }
}

/// Rows: what the file says, and whether a root and a certificate find it wrong.
#[test]
fn a_proof_is_not_believed_in_what_was_not_checked() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    let (file, public) = certified(folder.path(), &directory);
    let certificate: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let claims = &certificate["certificate"];
    let (root, identity) = (&claims["rungs"][0]["merkle_root"], claims["identity"].as_str());
    let (root, identity) = (root.as_str().unwrap(), identity.unwrap());
    let trusted = ["--certificate", text(&file), "--public", &public];
    let proof = folder.path().join("proof.json");
    let proven = tool(&[&["prove", text(&directory), "8"], &trusted[..]].concat()).out;
    for (key, value, by_root, by_certificate) in [
        ("sequence", json!(8), 0, 0),
        ("identity", json!("\u{1b}[31mno journal"), 0, 1),
        ("from", json!(2), 1, 1),
        ("to", json!(7), 1, 1),
        ("to", json!(12), 0, 2),
        ("root", json!("\u{1b}[2J"), 1, 1),
        ("order", json!("\u{1b}[2J"), 2, 2),
        ("\u{1b}[2J", json!(1), 2, 2),
    ] {
        let mut said: Value = serde_json::from_str(&proven).unwrap();
        said[key] = value;
        fs::write(&proof, said.to_string()).unwrap();
        let check = |trusted: &[&str]| {
            let ended = tool(&[&["check-proof", text(&proof)], trusted].concat());
            assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{ended:?}");
            ended
        };
        let rooted = check(&["--root", root]);
        assert_eq!(rooted.status, by_root, "{said}: {rooted:?}");
        assert!(!rooted.out.contains("journal") || rooted.out.contains("UNCHECKED"), "{rooted:?}");
        assert!(!rooted.out.contains(identity), "a root names no journal: {rooted:?}");
        let held = check(&trusted);
        assert_eq!(held.status, by_certificate, "{said}: {held:?}");
        let shown = tool(&["check-proof", text(&proof), "--root", root, "--json"]);
        if by_root == 0 {
            let shown = lines(&shown).pop().unwrap();
            assert!(shown["identity"].is_null() && shown["quarantined"].is_null(), "{shown}");
        }
    }
}

#[test]
fn the_proof_of_a_command_that_is_quarantined_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let directory = journaled(folder.path());
    assert_eq!(tool(&["quarantine", text(&directory), "9"]).status, 0);
    let (file, public) = certified(folder.path(), &directory);
    let trusted = ["--certificate", text(&file), "--public", &public];
    let proof = folder.path().join("proof.json");
    let rows = [("00000000-0000-8000-a400-000000000000", true), ("8", false)];
    for (what, is_void) in rows {
        let args = ["prove", text(&directory), what, "--out", text(&proof)];
        assert_eq!(tool(&[&args, &trusted[..]].concat()).status, 0, "{what}");
        let args = [&["check-proof", text(&proof)], &trusted[..]].concat();
        let told = tool(&args);
        assert_eq!(told.out.contains("was never entered"), is_void, "{told:?}");
        let shown = lines(&tool(&[&args, &["--json"][..]].concat())).pop().unwrap();
        assert_eq!((&shown["quarantined"], told.status), (&json!(is_void), 0), "{shown}");
    }
}
