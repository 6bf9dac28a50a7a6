//! What if: the executions that one command made different, and what cannot be asked so.

use super::{journaled, lines};
use crate::run::{text, tool};

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
