//! State at a point: the same from a snapshot and from the beginning.

use super::journaled;
use crate::run::{text, tool};

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
