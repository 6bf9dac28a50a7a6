//! The queue in an order's life against the book itself: a random day with icebergs, amends,
//! self-trades and auctions, and after each command the place of every order that rests. A place
//! that changed is told, and what is told is the place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use orison_core::{OrderId, Side};
use replay::life::{self, Reach};
use replay::past::{Past, Until};
use replay::verify::SMALL_VIEWS;
use serde_json::Value;

use crate::run::journal;

/// Orders and their visible quantity in front, at the end of a command.
type Ahead = (u64, u128);

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % bound
    }
}

fn new(number: u64, dice: &mut Dice) -> String {
    let side = if dice.below(2) == 0 { "buy" } else { "sell" };
    let (price, quantity) = (98 + dice.below(5), 1 + dice.below(20));
    let display = match dice.below(3) {
        0 => format!(",\"display\":\"{}\"", 1 + dice.below(4)),
        _ => String::new(),
    };
    let stp = ["none", "cancel_maker", "cancel_taker", "decrement"][dice.below(4) as usize];
    format!(
        "{{\"op\":\"new\",\"id\":\"o{number}\",\"account\":\"a{}\",\"symbol\":\"X\",\
         \"side\":\"{side}\",\"type\":\"limit\",\"price\":\"{price}\",\
         \"quantity\":\"{quantity}\"{display},\"stp\":\"{stp}\"}}\n",
        dice.below(3)
    )
}

/// Who an order is of is not remembered: an amend or cancel is tried for each account.
fn day(dice: &mut Dice) -> String {
    let mut tape = super::INSTRUMENT.to_owned();
    for number in 0..400 {
        match dice.below(20) {
            0 => tape += "{\"op\":\"status\",\"status\":\"auction\",\"symbol\":\"X\"}\n",
            1 => tape += "{\"op\":\"uncross\",\"symbol\":\"X\"}\n",
            2..=4 => {
                let id = dice.below(number + 1);
                tape += &(0..3)
                    .map(|a| {
                        format!("{{\"op\":\"cancel\",\"id\":\"o{id}\",\"account\":\"a{a}\"}}\n")
                    })
                    .collect::<String>();
            }
            5..=8 => {
                let (id, quantity) = (dice.below(number + 1), 1 + dice.below(20));
                let price = match dice.below(3) {
                    0 => format!(",\"price\":\"{}\"", 98 + dice.below(5)),
                    _ => String::new(),
                };
                for account in 0..3 {
                    tape += &format!(
                        "{{\"op\":\"amend\",\"id\":\"o{id}\",\"account\":\"a{account}\",\
                         \"quantity\":\"{quantity}\"{price}}}\n"
                    );
                }
            }
            _ => tape += &new(number, dice),
        }
    }
    tape + "{\"op\":\"uncross\",\"symbol\":\"X\"}\n"
}

/// By order, then by sequence.
fn places(directory: &std::path::Path) -> BTreeMap<OrderId, BTreeMap<u64, Ahead>> {
    let mut found: BTreeMap<OrderId, BTreeMap<u64, Ahead>> = BTreeMap::new();
    let mut past = Past::open(directory, SMALL_VIEWS).unwrap();
    while let Some(played) = past.step(Until::End).unwrap() {
        let exchange = &past.player().exchange;
        let Some(instrument) = exchange.instruments().first().map(|known| known.id) else {
            continue;
        };
        for side in [Side::Buy, Side::Sell] {
            let (mut level, mut ahead) = (None, (0, 0));
            for order in exchange.book(instrument, side) {
                if level != Some(order.price) {
                    (level, ahead) = (Some(order.price), (0, 0));
                }
                found.entry(order.id).or_default().insert(played.stamp.sequence.0, ahead);
                ahead = (ahead.0 + 1, ahead.1 + u128::from(order.open.0));
            }
        }
    }
    found
}

/// What is told last of each command.
fn told(directory: &std::path::Path, order: OrderId) -> BTreeMap<u64, Option<Ahead>> {
    let mut lines: Vec<Value> = Vec::new();
    let reach = Reach::Journal(Until::End);
    let tell = |line: &str| {
        lines.push(serde_json::from_str(line).unwrap());
        ControlFlow::Continue(())
    };
    assert_eq!(life::life(directory, &order.to_string(), reach, tell, |_| {}).unwrap(), 1);
    let mut told = BTreeMap::new();
    for line in lines {
        if line["event"].is_object() {
            let ahead = line["queue"].get(0).map(|queue| {
                let quantity = queue["ahead_quantity"].as_str().unwrap().parse().unwrap();
                (queue["ahead_orders"].as_u64().unwrap(), quantity)
            });
            told.insert(line["sequence"].as_u64().unwrap(), ahead);
        }
    }
    told
}

#[test]
fn the_queue_ahead_is_the_book_s_with_icebergs_amends_self_trades_and_auctions() {
    for seed in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("journal");
        let answers = journal(&directory, &day(&mut Dice(seed)));
        for needed in
            ["\"trade\"", "\"amended\"", "\"auction\"", "\"decremented\"", "\"cancelled\""]
        {
            assert!(answers.contains(needed), "seed {seed}: a day without {needed}");
        }
        let (mut changes, places) = (0, places(&directory));
        for (order, places) in &places {
            let told = told(&directory, *order);
            let mut before = None;
            for (sequence, ahead) in places {
                let what = || format!("seed {seed}, order {order}, sequence {sequence}: {told:?}");
                if let Some(said) = told.get(sequence) {
                    assert_eq!(said.as_ref(), Some(ahead), "{}", what());
                }
                if before.is_some_and(|(at, was)| at + 1 == *sequence && was != *ahead) {
                    assert!(told.contains_key(sequence), "{}", what());
                    changes += 1;
                }
                before = Some((*sequence, *ahead));
            }
        }
        assert!(changes > 100, "seed {seed}: {changes} changes of place");
    }
}
