//! The life of an order: who was ahead of it, what moved it, which rule decided.

use super::{journaled, lines, order, tape};
use crate::run::{journal, text, tool};

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
