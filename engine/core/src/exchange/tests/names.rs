//! Clients' names for their orders: repeats, other content, and how long a closed one is known.

extern crate std;

use std::format;

use super::harness::{GENESIS, Harness, rows};
use crate::command::Genesis;

#[test]
fn a_repeat_is_answered_with_the_first_order_and_enters_nothing() {
    rows(&[
        ("ann sell a 5@100", "opened ann, accepted a =5"),
        ("ann sell a 5@100", "repeated a"),
        ("ann sell a 6@100", "rejected new a duplicate_client_order_id"),
        ("ann buy a 5@100", "rejected new a duplicate_client_order_id"),
        ("ann sell a 5@100 ioc", "rejected new a duplicate_client_order_id"),
        ("ann sell a 0@0 post ioc", "rejected new a duplicate_client_order_id"),
        ("bob sell a 5@100", "opened bob, accepted a =10"),
        ("ann cancel a", "cancelled a 5@100 user =5"),
        ("ann sell a 5@100", "repeated a"),
        ("ann amend a 4", "rejected amend a unknown_order"),
        ("cat buy b 5@100 ioc", "opened cat, accepted b, trade a b 5@100"),
        ("cat buy b 5@100 ioc", "repeated b"),
        ("bob sell a 5@100", "repeated a"),
    ]);
}

#[test]
fn a_rejected_order_does_not_use_up_its_name() {
    rows(&[
        ("ann buy a 1 market", "rejected new a no_liquidity"),
        ("ann buy a 1@5", "opened ann, accepted a =1"),
        ("bob sell b 1@5 post", "rejected new b post_only"),
        ("bob sell b 1@6 post", "opened bob, accepted b =1"),
    ]);
}

#[test]
fn the_oldest_closed_name_goes_first_per_account_and_over_all() {
    let genesis = Genesis { closed_ids_max: 3, closed_ids_per_account_max: 2, ..GENESIS };
    let mut harness = Harness::with(genesis);
    let mut close = |who: &str, name: &str| {
        harness.line(&format!("{who} buy {name} 1@1"));
        harness.line(&format!("{who} cancel {name}"));
    };
    // Of ann the window has b and c at the end; a was forgotten for c. Then bob's second is the
    // fourth over all, and b is the oldest of those.
    for (who, name) in [("ann", "a"), ("ann", "b"), ("ann", "c"), ("bob", "a"), ("bob", "b")] {
        close(who, name);
    }
    for (line, first) in [
        ("ann buy c 1@1", "repeated c"),
        ("bob buy a 1@1", "repeated a"),
        ("bob buy b 1@1", "repeated b"),
        ("ann buy b 1@1", "accepted b =1"),
        ("ann buy a 1@1", "accepted a =2"),
    ] {
        assert_eq!(harness.line(line), [first], "{line}");
    }
}

#[test]
fn a_live_name_is_never_forgotten() {
    let genesis = Genesis { closed_ids_max: 0, closed_ids_per_account_max: 0, ..GENESIS };
    let mut harness = Harness::with(genesis);
    harness.line("ann buy a 1@1");
    for round in 0..50 {
        assert_eq!(harness.line("ann buy b 1@1"), ["accepted b =2"], "round {round}");
        assert_eq!(harness.line("ann cancel b"), ["cancelled b 1@1 user =1"]);
        assert_eq!(harness.line("ann buy a 1@1"), ["repeated a"]);
    }
}
