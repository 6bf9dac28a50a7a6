//! A check is answered in its turn and leaves no trace.

use std::thread;

use journal::Durability;
use orison_core::{Command, Event, Exchange, Quantity, Reason, Side};

use super::harness::{IDENTITY, Road, SETTINGS, Seen, apply, canonical, limit, named, stream};
use crate::runtime::{Busy, Polled, Settings, Token, Wait};

/// Marks the tokens of checks.
const CHECK: u64 = 1 << 40;

/// An order of two slots, and one that is refused for its quantity.
fn checked(index: usize) -> (Command, Result<(), Reason>) {
    let mut command = limit(named("carol"), Side::Buy, 1, 1);
    if index.is_multiple_of(2) {
        return (command, Ok(()));
    }
    let Command::Place(order) = &mut command else { unreachable!("limit gives an order") };
    order.quantity = Quantity(0);
    (command, Err(Reason::BadQuantity))
}

fn told(event: &Event) -> Result<(), Reason> {
    match event {
        Event::Done => Ok(()),
        Event::Rejected(rejected) => Err(rejected.reason),
        other => panic!("{other:?} is no verdict"),
    }
}

#[test]
fn checks_are_answered_in_their_turn_and_change_nothing() {
    let commands = stream(5, 2_000);
    let mut exchange = Exchange::new(IDENTITY);
    let expected = apply(&mut exchange, &commands);
    for (wait, durability) in
        [(Wait::Backoff, Durability::Journaled), (Wait::Yield, Durability::Durable)]
    {
        let settings = Settings { wait, input_slots: 64, output_slots: 64, ..SETTINGS };
        let mut road = Road::new(settings, durability);
        let (mut seen, mut verdicts) = (Vec::new(), Vec::new());
        let mut read = |road: &mut Road| {
            let polled = road.outlet.poll(|output| {
                let (token, stamp) = (output.token().0, output.stamp());
                if output.is_verdict() {
                    verdicts.push((token - CHECK, stamp.sequence.0, told(output.event())));
                } else {
                    let (is_last, event) = (output.is_last(), *output.event());
                    seen.push(Seen { token, stamp, is_last, event });
                }
            });
            assert!(!matches!(polled, Polled::Ended | Polled::Failed), "{polled:?}");
            (seen.len(), verdicts.len())
        };
        for (index, command) in commands.iter().enumerate() {
            let number = index as u64;
            while road.ingress.submit_at(Token(number), number, command) == Err(Busy) {
                read(&mut road);
            }
            // Before there is an instrument nothing can be entered.
            if index > 1 {
                let check = checked(index).0;
                while road.ingress.check(Token(CHECK + number), &check) == Err(Busy) {
                    read(&mut road);
                }
            }
        }
        while read(&mut road) != (expected.len(), commands.len() - 2) {
            thread::yield_now();
        }
        assert!(seen == expected, "{wait:?} {durability:?}");
        for (verdict, index) in verdicts.iter().zip(2..) {
            let (number, sequence) = (index as u64, index as u64 + 1);
            assert_eq!(*verdict, (number, sequence, checked(index).1), "after its command");
        }
        let (through, writer) = road.runtime.stop().unwrap();
        assert_eq!(canonical(&through), canonical(&exchange));
        assert_eq!(writer.last_sequence(), commands.len() as u64, "no record of a check");
    }
}
