//! Rules as rows: a script of commands, and every event that comes of it, both as short lines.
//!
//! ```text
//! ann sell a 10@100      a new order of ann's, called a; then: ioc fok post, or `10 market`
//! ann cancel a           ann amend a 5@101 | 5 | @101          ann mass [buy|sell]
//! ```

extern crate std;

mod harness;
mod names;
mod properties;
mod setup;

use harness::{Harness, rows};

use crate::command::Genesis;

#[test]
fn orders_trade_by_price_then_time_at_the_makers_price() {
    rows(&[
        ("ann sell a 5@101", "opened ann, accepted a =5"),
        ("ann sell b 5@100", "accepted b =5"),
        ("bob sell c 5@100", "opened bob, accepted c =10"),
        (
            "cat buy d 12@105",
            "opened cat, accepted d, trade b d 5@100, trade c d 5@100, trade a d 2@101",
        ),
        ("cat buy e 3@101", "accepted e, trade a e 3@101"),
        ("cat buy f 1@99", "accepted f =1"),
        ("ann sell g 1@90", "accepted g, trade f g 1@99"),
    ]);
}

#[test]
fn a_limit_order_stops_at_its_limit_and_rests_exactly_there() {
    rows(&[
        ("ann sell a 5@100", "opened ann, accepted a =5"),
        ("ann sell b 5@102", "accepted b =5"),
        ("bob buy c 8@101", "opened bob, accepted c, trade a c 5@100, rested c 3@101 =3"),
        ("ann sell d 9@101", "accepted d, trade c d 3@101, rested d 6@101 =6"),
    ]);
}

#[test]
fn a_partly_filled_maker_keeps_its_place() {
    rows(&[
        ("ann buy a 10@100", "opened ann, accepted a =10"),
        ("bob buy b 10@100", "opened bob, accepted b =20"),
        ("cat sell c 4@100", "opened cat, accepted c, trade a c 4@100"),
        ("cat sell d 4@100", "accepted d, trade a d 4@100"),
        ("cat sell e 4@100", "accepted e, trade a e 2@100, trade b e 2@100"),
        ("cat sell f 9@100", "accepted f, trade b f 8@100, rested f 1@100 =1"),
    ]);
}

#[test]
fn a_cancel_leaves_the_neighbours_in_their_order() {
    for (gone, left) in [("a", ["b", "c"]), ("b", ["a", "c"]), ("c", ["a", "b"])] {
        let cancel = std::format!("ann cancel {gone}");
        let cancelled = std::format!("cancelled {gone} 1@7 user =2");
        let [first, second] = left;
        let trades =
            std::format!("opened bob, accepted z, trade {first} z 1@7, trade {second} z 1@7");
        rows(&[
            ("ann buy a 1@7", "opened ann, accepted a =1"),
            ("ann buy b 1@7", "accepted b =2"),
            ("ann buy c 1@7", "accepted c =3"),
            (&cancel, &cancelled),
            ("bob sell z 2@7", &trades),
        ]);
    }
}

#[test]
fn an_order_that_is_gone_foreign_or_unknown_is_not_acknowledged() {
    rows(&[
        ("ann cancel a", "rejected cancel a unknown_order"),
        ("ann amend a 1", "rejected amend a unknown_order"),
        ("ann buy a 5@100", "opened ann, accepted a =5"),
        ("bob buy b 5@100", "opened bob, accepted b =10"),
        ("bob cancel a", "rejected cancel a unknown_order"),
        ("bob amend a 1", "rejected amend a unknown_order"),
        ("ann cancel x", "rejected cancel x unknown_order"),
        ("ann cancel a", "cancelled a 5@100 user =5"),
        ("ann cancel a", "rejected cancel a unknown_order"),
        ("ann amend a 1", "rejected amend a unknown_order"),
        ("cat sell c 5@100", "opened cat, accepted c, trade b c 5@100"),
        ("bob cancel b", "rejected cancel b unknown_order"),
        ("cat cancel c", "rejected cancel c unknown_order"),
    ]);
}

#[test]
fn a_market_order_takes_what_is_there_and_never_rests() {
    rows(&[
        ("ann buy a 5 market", "rejected new a no_liquidity"),
        ("ann sell b 5@100", "opened ann, accepted b =5"),
        ("ann sell c 5@999999999", "accepted c =5"),
        ("bob buy d 3 market", "opened bob, accepted d, trade b d 3@100"),
        (
            "bob buy e 9 market",
            "accepted e, trade b e 2@100, trade c e 5@999999999, cancelled e 2@0 ioc off",
        ),
        ("bob buy f 1 market fok", "rejected new f no_liquidity"),
        ("ann sell g 5@100", "accepted g =5"),
        ("bob buy h 6 market fok", "rejected new h fok"),
        ("bob buy i 5 market fok", "accepted i, trade g i 5@100"),
    ]);
}

#[test]
fn ioc_cancels_the_rest_and_fok_is_all_or_nothing() {
    rows(&[
        ("ann sell a 5@100 ioc", "opened ann, accepted a, cancelled a 5@100 ioc off"),
        ("ann sell b 5@100", "accepted b =5"),
        ("ann sell c 5@101", "accepted c =5"),
        (
            "bob buy d 7@100 ioc",
            "opened bob, accepted d, trade b d 5@100, cancelled d 2@100 ioc off",
        ),
        ("bob buy e 6@101 fok", "rejected new e fok"),
        ("bob buy e 5@100 fok", "rejected new e fok"),
        ("ann sell f 5@100", "accepted f =5"),
        ("bob buy e 10@101 fok", "accepted e, trade f e 5@100, trade c e 5@101"),
        ("bob buy g 1@101 fok", "rejected new g fok"),
    ]);
}

#[test]
fn post_only_never_trades_and_touching_counts() {
    rows(&[
        ("ann sell a 5@100 post", "opened ann, accepted a =5"),
        ("bob buy b 5@100 post", "rejected new b post_only"),
        ("bob buy b 5@101 post", "rejected new b post_only"),
        ("bob buy b 5@99 post", "opened bob, accepted b =5"),
        ("bob amend b @100", "rejected amend b post_only"),
        ("ann sell c 5@99", "accepted c, trade b c 5@99"),
    ]);
}

#[test]
fn an_amend_keeps_the_place_only_when_it_asks_for_less_at_the_same_price() {
    for (amend, amended, first) in [
        ("ann amend a 4", "amended a 4@7 kept =14", "a"),
        ("ann amend a 5", "amended a 5@7 kept =15", "a"),
        ("ann amend a 5@7", "amended a 5@7 kept =15", "a"),
        ("ann amend a @7", "amended a 5@7 kept =15", "a"),
        ("ann amend a 6", "amended a 6@7 lost =16", "b"),
        ("ann amend a 4@6", "amended a 4@6 lost =4 from 7 =10", "b"),
        (
            "ann amend a @6, ann amend a @7",
            "amended a 5@6 lost =5 from 7 =10, \
          amended a 5@7 lost =15 from 6 =0",
            "b",
        ),
        ("ann amend a 0", "cancelled a 5@7 user =10", "b"),
    ] {
        let trade = std::format!("opened cat, accepted z, trade {first} z 1@7");
        rows(&[
            ("ann buy a 5@7", "opened ann, accepted a =5"),
            ("bob buy b 10@7", "opened bob, accepted b =15"),
            (amend, amended),
            ("cat sell z 1@7", &trade),
        ]);
    }
}

#[test]
fn a_crossing_amend_trades_at_once_at_the_makers_prices() {
    rows(&[
        ("ann sell a 5@100", "opened ann, accepted a =5"),
        ("ann sell b 5@101", "accepted b =5"),
        ("bob buy c 20@90", "opened bob, accepted c =20"),
        ("bob buy d 5@90", "accepted d =25"),
        (
            "bob amend c 12@101",
            "amended c 12@101 lost off from 90 =5, trade a c 5@100, trade b c 5@101, \
             rested c 2@101 =2",
        ),
        ("ann sell e 3@102", "accepted e =3"),
        ("bob amend d 3@102", "amended d 3@102 lost off from 90 =0, trade e d 3@102"),
        ("bob cancel d", "rejected cancel d unknown_order"),
        ("ann sell f 2@101", "accepted f, trade c f 2@101"),
    ]);
}

#[test]
fn a_refused_amend_changes_nothing() {
    rows(&[
        ("ann buy a 5@100", "opened ann, accepted a =5"),
        ("bob buy b 5@100", "opened bob, accepted b =10"),
        ("ann amend a @0", "rejected amend a bad_price"),
        ("ann amend a 0@-1", "rejected amend a bad_price"),
        ("ann amend a 18446744073709551615", "rejected amend a bad_quantity"),
        ("ann amend a 18446744073709551611", "rejected amend a overflow"),
        ("ann amend a 9223372036854775807@9223372036854775807", "rejected amend a overflow"),
        ("ann amend a", "rejected amend a bad_combination"),
        ("cat sell c 6@100", "opened cat, accepted c, trade a c 5@100, trade b c 1@100"),
    ]);
}

#[test]
fn checks_come_in_their_fixed_order() {
    rows(&[
        ("ann buy a 0@0 post ioc", "rejected new a bad_combination"),
        ("ann buy a 0@0", "rejected new a bad_price"),
        ("ann buy a 0@1", "rejected new a bad_quantity"),
        ("ann buy a 18446744073709551615@1", "rejected new a bad_quantity"),
        ("ann buy a 9223372036854775807@9223372036854775807", "rejected new a overflow"),
        ("ann sell a 18446744073709551614@1", "opened ann, accepted a =18446744073709551614"),
        ("bob sell b 2@2", "rejected new b overflow"),
        ("bob sell b 1@2", "opened bob, accepted b =1"),
        ("bob sell c 1@2 ioc", "accepted c, cancelled c 1@2 ioc off"),
        ("bob buy d 1@2 post", "rejected new d post_only"),
    ]);
}

#[test]
fn the_first_rules_refuse_every_later_field() {
    let rows = |rows: &[(&str, &str)]| {
        let mut harness = Harness::with(Genesis { rules_version: 1, ..harness::GENESIS });
        for (line, expected) in rows {
            assert_eq!(harness.line(line).join(", "), *expected, "events of `{line}`");
        }
    };
    for field in ["stop", "trail", "display", "minimum", "budget", "protection", "expiry"] {
        let order = std::format!("ann buy a 1@1 {field}");
        rows(&[(&order, "rejected new a bad_combination")]);
    }
    for word in ["day", "gtd", "decrement", "stop_type"] {
        let order = std::format!("ann buy a 1@1 {word}");
        rows(&[(&order, "rejected new a bad_combination")]);
    }
}

#[test]
fn a_mass_cancel_goes_by_side_price_and_place() {
    let book = [
        ("ann sell a 1@102", "opened ann, accepted a =1"),
        ("ann sell b 1@101", "accepted b =1"),
        ("ann buy c 1@98", "accepted c =1"),
        ("bob buy d 1@99", "opened bob, accepted d =1"),
        ("ann buy e 1@99", "accepted e =2"),
        ("ann buy f 1@99", "accepted f =3"),
        ("ann amend e 2", "amended e 2@99 lost =4"),
    ];
    for (mass, events) in [
        (
            "ann mass",
            "cancelled f 1@99 mass =3, cancelled e 2@99 mass =1, cancelled c 1@98 mass =0, \
             cancelled b 1@101 mass =0, cancelled a 1@102 mass =0",
        ),
        ("ann mass sell", "cancelled b 1@101 mass =0, cancelled a 1@102 mass =0"),
        ("bob mass sell", "done"),
        ("bob mass", "cancelled d 1@99 mass =3"),
        ("eve mass", "rejected mass_cancel - unknown_account"),
    ] {
        let rows_of: std::vec::Vec<_> = book.into_iter().chain([(mass, events)]).collect();
        rows(&rows_of);
    }
}

#[test]
fn a_sweep_of_many_makers_is_one_loop() {
    let mut exchange = harness::Harness::new();
    for maker in 0..6000 {
        exchange.line(&std::format!("ann sell m{maker} 1@{}", 100 + maker % 3));
    }
    let events = exchange.line("bob buy z 6000@102");
    assert_eq!(events.len(), 6002);
    assert_eq!(events[2], "trade m0 z 1@100");
    assert_eq!(events[6001], "trade m5999 z 1@102");
}
