//! The witness against the core, on random streams, and on hand-made events.

mod rows;

use proptest::prelude::*;

use super::*;
use crate::tests::streams::{Driven, Step, steps};

fn watch(witness: &mut Witness, (stamp, events): &(Stamp, Vec<Event>)) {
    for event in events {
        witness.on_event(*stamp, event);
    }
    witness.on_end(*stamp);
}

fn digests_of(steps: &[Step]) -> Digests {
    let (mut driven, begun) = Driven::new();
    let mut witness = Witness::new();
    for ended in &begun {
        watch(&mut witness, ended);
    }
    for step in steps {
        watch(&mut witness, &driven.apply(step));
    }
    witness.digests()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_set_hash_from_events_is_the_one_of_the_books(steps in steps()) {
        let (mut driven, begun) = Driven::new();
        let mut witness = Witness::new();
        for ended in &begun {
            watch(&mut witness, ended);
        }
        for step in &steps {
            watch(&mut witness, &driven.apply(step));
            let digests = witness.digests();
            prop_assert_eq!(digests.set, set_hash(&driven.exchange), "after {:?}", step);
            prop_assert_eq!(digests.at, driven.exchange.applied());
        }
    }

    #[test]
    fn digests_tell_other_events_apart_and_know_no_time(steps in steps()) {
        let steps: Vec<_> = steps.into_iter().filter(Step::is_timeless).collect();
        prop_assume!(!steps.is_empty());
        let digests = digests_of(&steps);
        let later: Vec<_> =
            steps.iter().map(|step| Step { pause_ns: step.pause_ns * 3 + 1, ..*step }).collect();
        let elsewhen = digests_of(&later);
        prop_assert_eq!((digests.events, digests.set), (elsewhen.events, elsewhen.set));
        let shorter = digests_of(&steps[1..]);
        prop_assert_ne!(digests.events, shorter.events);
    }
}

#[test]
fn the_empty_state_has_the_digests_of_nothing() {
    let nothing = Witness::new().digests();
    let empty = *blake3::hash(b"").as_bytes();
    assert_eq!(nothing, Digests { at: Stamp::default(), set: [0; 16], events: empty });
    let exchange = Exchange::new([1; 16]);
    assert_eq!(set_hash(&exchange), [0; 16]);
    assert_eq!(state_digest(&exchange), empty);
}

#[test]
fn the_state_digest_is_of_the_state_alone() {
    let (mut one, _) = Driven::new();
    let (mut other, _) = Driven::new();
    assert_eq!(state_digest(&one.exchange), state_digest(&other.exchange));
    let clock = |pause_ns| Step { pause_ns, command: orison_core::Command::Clock, pick: None };
    one.apply(&clock(5));
    assert_ne!(state_digest(&one.exchange), state_digest(&other.exchange));
    other.apply(&clock(7));
    assert_eq!(state_digest(&one.exchange), state_digest(&other.exchange), "time is no part");
}
