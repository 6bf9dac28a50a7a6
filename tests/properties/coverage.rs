//! Random streams are worth something only if they get everywhere: every word of the tape, every
//! reason to refuse and every reason to cancel happens in them, the common ones often.

use std::collections::BTreeMap;

use orison_core::Reason;
use orison_core::command::CancelReason;
use orison_core::event::StatusCause;

use super::STREAM_COMMANDS;
use super::world::World;
use crate::judge::Said;
use crate::stream::Stream;

/// Said by an edge or the sequencer, never by the core.
const NOT_OF_THE_CORE: &[Reason] = &[Reason::JournalFull];

const CANCELS: &[CancelReason] = &[
    CancelReason::User,
    CancelReason::Ioc,
    CancelReason::SelfTrade,
    CancelReason::Expired,
    CancelReason::Oco,
    CancelReason::Mass,
    CancelReason::Range,
    CancelReason::Uncross,
    CancelReason::Closed,
    CancelReason::Admin,
    CancelReason::Disconnect,
    CancelReason::Timer,
];

/// What happens in every ten thousand commands at the least.
const OFTEN: &[(&str, u64)] = &[
    ("accepted", 2_000),
    ("trade", 500),
    ("cancelled user", 200),
    ("cancelled ioc", 60),
    ("cancelled stp", 60),
    ("cancelled oco", 40),
    ("kept its place", 50),
    ("lost its place", 100),
    ("duplicate", 8),
    ("triggered", 50),
    ("decremented", 20),
    ("auction price", 50),
    ("no auction price", 50),
    ("interrupted", 20),
    ("interruption over", 20),
    ("balance", 1_000),
];

#[test]
fn the_streams_reach_every_rule() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let streams = 40;
    for seed in 0..streams {
        let mut world = World::new(1);
        for step in Stream::new(seed).take(STREAM_COMMANDS) {
            for said in world.judged(&step) {
                *seen.entry(word(&said)).or_default() += 1;
            }
        }
    }
    let ten_thousands = streams * STREAM_COMMANDS as u64 / 10_000;
    for (word, often) in OFTEN {
        let count = seen.get(*word).copied().unwrap_or_default();
        assert!(count >= often * ten_thousands, "{word}: {count} times only in {seen:#?}");
    }
    for reason in Reason::ALL.iter().filter(|reason| !NOT_OF_THE_CORE.contains(reason)) {
        assert!(seen.contains_key(reason.word()), "never {reason}: {seen:#?}");
    }
    for reason in CANCELS {
        let word = format!("cancelled {}", reason.word());
        assert!(seen.contains_key(&word), "never {word}: {seen:#?}");
    }
}

/// Of the tape, and where one has several meanings, which.
pub(super) fn word(said: &Said) -> String {
    let word = match said {
        Said::Accepted { duplicate: true, .. } => "duplicate",
        Said::Accepted { .. } => "accepted",
        Said::Rejected { reason, .. } => reason.word(),
        Said::Trade { .. } => "trade",
        Said::Cancelled { reason, .. } => return format!("cancelled {}", reason.word()),
        Said::Amended { kept: true, .. } => "kept its place",
        Said::Amended { .. } => "lost its place",
        Said::Triggered { .. } => "triggered",
        Said::Decremented { .. } => "decremented",
        Said::Auction { price: 0, .. } => "no auction price",
        Said::Auction { .. } => "auction price",
        Said::Status { cause: StatusCause::Command, .. } => "status",
        Said::Status { cause: StatusCause::Interruption, .. } => "interrupted",
        Said::Status { cause: StatusCause::InterruptionEnd, .. } => "interruption over",
        Said::Balance { .. } => "balance",
        Said::Prayed(_) => "prayed",
        Said::Ticker(_) => "ticker",
        Said::Liquidation(_) => "liquidation",
        Said::ExternalTrade(_) => "external trade",
        Said::ExternalHead(_) => "external depth",
        Said::ExternalLevel(_) => "external level",
    };
    word.into()
}
