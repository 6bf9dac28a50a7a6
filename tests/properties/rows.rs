//! A few rows of each section of the rules, by hand: what the judge says must be what is written,
//! and the core must say the same. A line is a command and what comes of it, in short words:
//! `1 sell 10 @100` enters an order of that name, by the account of that name unless `as=` says
//! who; `cancelled 1 6 ioc` says order, quantity and reason.

mod lines;

use super::first_difference;
use super::world::World;
use lines::Names;

const ROWS: &[(&str, &[(&str, &str)])] = &[
    (
        "2.1 the resting price is the trade's",
        &[
            ("1 sell 10 @100", "accepted 1"),
            ("2 buy 4 @130", "accepted 2, trade 1 2 @100 4"),
            ("3 buy 1 @90", "accepted 3"),
            ("amend 1 price=80", "amended 1 6 @80 lost, trade 3 1 @90 1"),
        ],
    ),
    (
        "2.7 a market order takes what is there",
        &[
            ("1 buy 5 market", "rejected new 1 no_liquidity"),
            ("2 sell 3 @100", "accepted 2"),
            ("3 buy 5 market", "accepted 3, trade 2 3 @100 3, cancelled 3 2 ioc"),
            ("4 sell 3 @100", "accepted 4"),
            ("5 buy 9 market protection=2", "accepted 5, trade 4 5 @100 3"),
            ("6 sell 1 @102", "accepted 6, trade 5 6 @102 1"),
        ],
    ),
    (
        "2.7 a budget is never overspent",
        &[
            ("1 sell 10 @100", "accepted 1"),
            ("2 buy market budget=250", "accepted 2, trade 1 2 @100 2, cancelled 2 0 ioc"),
            ("3 buy market budget=300", "accepted 3, trade 1 3 @100 3"),
            ("4 buy 2 market budget=150", "accepted 4, trade 1 4 @100 1, cancelled 4 1 ioc"),
        ],
    ),
    (
        "2.8 ioc and fok",
        &[
            ("1 sell 3 @100", "accepted 1"),
            ("2 buy 4 @100 fok", "rejected new 2 fok"),
            ("3 buy 4 @100 ioc", "accepted 3, trade 1 3 @100 3, cancelled 3 1 ioc"),
        ],
    ),
    (
        "2.9 and 2.10 post-only and minimum quantity",
        &[
            ("1 sell 3 @100", "accepted 1"),
            ("2 buy 4 @100 post", "rejected new 2 post_only"),
            ("3 buy 5 @100 min=4", "rejected new 3 min_quantity"),
            ("4 buy 5 @100 min=3", "accepted 4, trade 1 4 @100 3"),
        ],
    ),
    (
        "2.11 a refreshed tip goes to the back",
        &[
            ("1 sell 10 @100 display=4", "accepted 1"),
            ("2 sell 2 @100", "accepted 2"),
            ("3 buy 7 @100", "accepted 3, trade 1 3 @100 4, trade 2 3 @100 2, trade 1 3 @100 1"),
            ("4 buy 4 @100", "accepted 4, trade 1 4 @100 3, trade 1 4 @100 1"),
        ],
    ),
    (
        "2.12 a tip that went back is behind the own order that stops the taker",
        &[
            ("1 sell 10 @100 display=2", "accepted 1"),
            ("2 sell 1 @100 as=A", "accepted 2"),
            ("3 buy 5 @100 fok stp=cancel_taker as=A", "rejected new 3 fok"),
            ("4 buy 2 @100 fok stp=cancel_taker as=A", "accepted 4, trade 1 4 @100 2"),
        ],
    ),
    (
        "2 shapes that mean nothing",
        &[
            ("1 buy 1 @1 market", "rejected new 1 bad_combination"),
            ("2 buy 1 market post", "rejected new 2 bad_combination"),
            ("3 buy 1 stop", "rejected new 3 bad_combination"),
            ("4 buy 1 @1 display=2", "rejected new 4 bad_display"),
            ("5 buy 1 @1 gtd", "rejected new 5 bad_expiry"),
            ("6 buy 1 @1 gtd expire=0", "rejected new 6 bad_expiry"),
            ("7 buy 1 @1 budget=5", "rejected new 7 bad_combination"),
            ("8 buy 1 @0", "rejected new 8 bad_price"),
            ("9 buy 0 @1", "rejected new 9 bad_quantity"),
        ],
    ),
    (
        "3 down stays, up and any price goes back",
        &[
            ("1 buy 5 @100", "accepted 1"),
            ("2 buy 5 @100", "accepted 2"),
            ("amend 1 quantity=4", "amended 1 4 @100 kept"),
            ("amend 1 quantity=5", "amended 1 5 @100 lost"),
            ("3 sell 6 @100", "accepted 3, trade 2 3 @100 5, trade 1 3 @100 1"),
            ("amend 1 quantity=0", "cancelled 1 4 user"),
            ("amend 1 quantity=1", "rejected amend 1 unknown_order"),
        ],
    ),
    (
        "4 who goes when one meets himself",
        &[
            ("1 sell 3 @100 as=A", "accepted 1"),
            ("2 sell 3 @100 as=B", "accepted 2"),
            ("3 buy 4 @100 as=A stp=cancel_taker", "accepted 3, cancelled 3 4 stp"),
            (
                "4 buy 4 @100 as=A stp=decrement",
                "accepted 4, decremented 1 4 3, cancelled 1 0 stp, \
            trade 2 4 @100 1",
            ),
            (
                "5 buy 4 @100 as=B stp=cancel_both",
                "accepted 5, cancelled 2 2 stp, cancelled 5 4 stp",
            ),
            ("6 sell 3 @100 as=A", "accepted 6"),
            ("7 buy 1 @100 as=A stp=cancel_maker", "accepted 7, cancelled 6 3 stp"),
        ],
    ),
    (
        "5 stops fire furthest through first and set each other off",
        &[
            ("1 buy 1 @100", "accepted 1"),
            ("2 sell 1 @110", "accepted 2"),
            ("3 sell 1 @120", "accepted 3"),
            ("4 buy 1 stop stop=110", "accepted 4"),
            ("5 buy 1 stop stop=105", "accepted 5"),
            ("6 buy 1 stop stop=121", "accepted 6"),
            ("7 sell 2 @109", "accepted 7"),
            (
                "8 buy 3 @110",
                "accepted 8, trade 7 8 @109 2, trade 2 8 @110 1, triggered 5, \
            trade 3 5 @120 1, triggered 4, rejected new 4 no_liquidity",
            ),
        ],
    ),
    (
        "5 a trailing stop follows the best price",
        &[
            ("1 sell 1 trailing trail=5", "accepted 1"),
            ("2 buy 9 @100", "accepted 2"),
            ("3 sell 1 @100", "accepted 3, trade 2 3 @100 1"),
            ("4 sell 1 @104", "accepted 4"),
            ("5 buy 1 @104", "accepted 5, trade 4 5 @104 1"),
            ("6 sell 1 @100", "accepted 6, trade 2 6 @100 1"),
            ("amend 1 trail=4", "amended 1 1 @0 lost, triggered 1, trade 2 1 @100 1"),
        ],
    ),
    (
        "6 one leg takes the other with it",
        &[
            ("oco 1 sell 5 @110 as=A | 2 sell 5 stop stop=90 as=A", "accepted 1, accepted 2"),
            ("3 buy 2 @110", "accepted 3, trade 1 3 @110 2, cancelled 2 5 oco"),
            ("oco 4 buy 5 @100 as=A | 5 buy 0 @90 as=A", "rejected oco 5 bad_quantity"),
            (
                "oco 6 buy 1 @100 as=A | 7 sell 1 @100 as=A",
                "accepted 6, accepted 7, cancelled 6 1 oco",
            ),
            ("cancel 7 as=A", "cancelled 7 1 user"),
        ],
    ),
    (
        "6 a child enters when its parent is filled, and goes with it",
        &[
            ("oto 1 buy 2 @100 as=A | 2 sell 2 @105 as=A", "accepted 1, accepted 2"),
            ("3 sell 1 @100", "accepted 3, trade 1 3 @100 1"),
            ("4 buy 1 @105", "accepted 4"),
            ("5 sell 1 @100", "accepted 5, trade 4 5 @105 1"),
            ("6 sell 1 @100", "accepted 6, trade 1 6 @100 1"),
            ("7 buy 1 @105", "accepted 7, trade 2 7 @105 1"),
            ("oto 8 buy 2 @100 as=A | 9 sell 2 @105 as=A", "accepted 8, accepted 9"),
            ("cancel 8 as=A", "cancelled 8 2 user, cancelled 9 2 user"),
        ],
    ),
    (
        "7 time ends what it was given to",
        &[
            ("1 buy 1 @100 gtd expire=50", "accepted 1"),
            ("2 buy 1 @100 day", "accepted 2"),
            ("time 49", ""),
            ("time 50", "cancelled 1 1 expired"),
            ("end_of_day", "cancelled 2 1 expired"),
        ],
    ),
    (
        "8 halted and closed",
        &[
            ("1 buy 1 @100 day", "accepted 1"),
            ("status halted", "status halted"),
            ("2 sell 1 @100", "rejected new 2 halted"),
            ("amend 1 price=99", "rejected amend 1 halted"),
            ("status halted", "rejected status bad_status"),
            ("uncross", "rejected uncross bad_status"),
            ("status closed", "status closed, cancelled 1 1 closed"),
            ("status open", "status open"),
        ],
    ),
    (
        "8 a call collects, and everything trades at one price",
        &[
            ("status auction", "status auction"),
            ("1 buy 10 @105", "accepted 1"),
            ("2 sell 6 @100", "accepted 2"),
            ("3 sell 1 market", "accepted 3"),
            ("4 buy 1 @105 ioc", "rejected new 4 auction"),
            ("time 9", "auction @105 7 3 buy"),
            ("uncross", "auction @105 7 3 buy, trade 1 3 @105 1, trade 1 2 @105 6, status open"),
        ],
    ),
    (
        "8 the ladder ends at the reference",
        &[
            ("instrument reference=103", ""),
            ("status auction", "status auction"),
            ("1 buy 5 @110", "accepted 1"),
            ("2 sell 5 @100", "accepted 2"),
            ("status open", "auction @103 5 0, trade 1 2 @103 5, status open"),
        ],
    ),
    (
        "8 beyond the range nothing trades",
        &[
            ("instrument range=100000 interruption=20 reference=100", ""),
            ("1 sell 1 @110", "accepted 1"),
            ("2 sell 1 @111", "accepted 2"),
            ("3 buy 2 @111", "accepted 3, trade 1 3 @110 1, cancelled 3 1 range, status auction"),
            ("time 19", "auction none 0 0"),
            ("time 20", "auction none 0 0, status open"),
        ],
    ),
    (
        "8 the band",
        &[
            ("instrument low=90 high=110", ""),
            ("1 buy 1 @89", "rejected new 1 price_band"),
            ("2 buy 1 @90", "accepted 2"),
            ("amend 2 price=111", "rejected amend 2 price_band"),
        ],
    ),
    (
        "9 money is locked before it trades and released to the last unit",
        &[
            ("instrument fees=0/1000", ""),
            ("deposit A USD 2002", "balance A USD 2002 0"),
            ("1 buy 20 @100 as=A", "accepted 1, balance A USD 0 2002"),
            ("2 buy 1 @1 as=A", "rejected new 2 insufficient_funds"),
            (
                "3 sell 5 @100",
                "accepted 3, trade 1 3 @100 5 fees 0 1, balance A X 5 0, \
            balance A USD 0 1502",
            ),
            ("amend 1 price=90 as=A", "amended 1 15 @90 lost, balance A USD 150 1352"),
            ("withdraw A USD 151", "rejected withdraw insufficient_funds"),
            ("cancel 1 as=A", "cancelled 1 15 user, balance A USD 1502 0"),
        ],
    ),
    (
        "9 limits and the switch",
        &[
            ("account A open=1", ""),
            ("1 buy 1 @100 as=A", "accepted 1"),
            ("2 buy 1 @100 as=A", "rejected new 2 order_limit"),
            ("account A off", "cancelled 1 1 admin"),
            ("3 buy 1 @100 as=A", "rejected new 3 account_disabled"),
            ("account B position=3", ""),
            ("4 buy 2 @100 as=B", "accepted 4"),
            ("5 buy 2 @100 as=B", "rejected new 5 position_limit"),
            ("6 sell 3 @110 as=B", "accepted 6"),
        ],
    ),
    (
        "1 a name said twice",
        &[
            ("1 buy 1 @100 as=A", "accepted 1"),
            ("status halted", "status halted"),
            ("1 buy 1 @100 as=A", "duplicate 1"),
            ("1 buy 2 @100 as=A", "rejected new 1 duplicate_client_order_id"),
        ],
    ),
];

#[test]
fn the_rows_of_the_rules_come_out_as_written() {
    let mut wrong = Vec::new();
    for (claim, lines) in ROWS {
        let mut world = World::new(1);
        let mut names = Names::default();
        let mut steps = lines::opening();
        for step in &steps {
            world.judged(step);
        }
        for (line, expected) in *lines {
            let step = names.step(line, steps.len());
            let said = names.shown(&step, &world.judged(&step));
            if said != *expected {
                wrong.push(format!("{claim}: {line}\n  is to say {expected}\n  but says  {said}"));
            }
            steps.push(step);
        }
        if let Some(difference) = first_difference(&steps, 1) {
            let last = difference.index - lines::opening().len();
            wrong.push(format!("{claim}: {}\n{}", lines[last].0, difference.what));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
