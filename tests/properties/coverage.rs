//! Random streams are worth something only if they get everywhere: every kind of event and every
//! refusal of the rules in force happens in them, the common ones often.

use std::collections::BTreeMap;

use orison_core::event::{Entry, Priority};
use orison_core::{Event, Reason};

use super::STREAM_COMMANDS;
use super::world::World;
use crate::stream::Stream;

/// Refusals of the rules that are in force.
const REASONS: &[Reason] = &[
    Reason::UnknownSymbol,
    Reason::UnknownOrder,
    Reason::UnknownAccount,
    Reason::UnknownAsset,
    Reason::BadPrice,
    Reason::BadQuantity,
    Reason::BadAmount,
    Reason::BadCombination,
    Reason::BadStatus,
    Reason::PostOnly,
    Reason::Fok,
    Reason::NoLiquidity,
    Reason::Overflow,
    Reason::DuplicateClientOrderId,
    Reason::AccountLimit,
    Reason::BookFull,
];

/// What happens in every thousand commands at the least.
const OFTEN: &[(&str, u64)] = &[
    ("accepted", 200),
    ("trade", 80),
    ("rested", 5),
    ("cancelled", 80),
    ("kept its place", 10),
    ("lost its place", 25),
    ("duplicate", 2),
];

#[test]
fn the_streams_reach_every_rule() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let streams = 40;
    for seed in 0..streams {
        let mut world = World::new();
        for step in Stream::new(seed).take(STREAM_COMMANDS) {
            for event in world.judged(&step) {
                *seen.entry(word(&event)).or_default() += 1;
            }
        }
    }
    let thousands = streams * STREAM_COMMANDS as u64 / 1_000;
    for (word, per_thousand) in OFTEN {
        let count = seen.get(*word).copied().unwrap_or_default();
        assert!(count >= per_thousand * thousands, "{word}: {count} times only in {seen:#?}");
    }
    for reason in REASONS {
        assert!(seen.contains_key(reason.word()), "never {reason}: {seen:#?}");
    }
}

fn word(event: &Event) -> String {
    let word = match event {
        Event::Accepted(accepted) if accepted.entry == Entry::Duplicate => "duplicate",
        Event::Accepted(_) => "accepted",
        Event::Rejected(rejected) => rejected.reason.word(),
        Event::Trade(_) => "trade",
        Event::Rested(_) => "rested",
        Event::Cancelled(_) => "cancelled",
        Event::Amended(amended) if amended.priority == Priority::Kept => "kept its place",
        Event::Amended(_) => "lost its place",
        Event::Level(_) => "level",
        Event::AssetOpened(_) => "asset",
        Event::Instrument(_) => "instrument",
        Event::AccountOpened(_) => "account",
        Event::Prayed(_) => "prayed",
        Event::Ticker(_) => "ticker",
        Event::Liquidation(_) => "liquidation",
        Event::Done => "done",
    };
    word.into()
}
