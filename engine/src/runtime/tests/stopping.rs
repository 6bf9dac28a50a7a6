//! The end of a run and the beginning of the next.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use journal::Durability;
use orison_core::{Command, Exchange};

use super::harness::{IDENTITY, Road, SETTINGS, apply, canonical, open, stream};
use crate::runtime::{BareRuntime, Busy, Polled, Settings, StartError, Token};

#[test]
fn a_restart_goes_on_where_the_journal_ends() {
    let commands = stream(7, 3_000);
    let (first, rest) = commands.split_at(1_000);
    let mut exchange = Exchange::new(IDENTITY);
    apply(&mut exchange, &commands);

    let mut road = Road::new(SETTINGS, Durability::Durable);
    road.run(first);
    let Road { runtime, directory, .. } = road;
    let (state, writer) = runtime.stop().unwrap();
    assert_eq!(state.applied().sequence.0, 1_000);
    writer.close([1; 32], [2; 32]).unwrap();

    let (again, writer) = open(&directory, Durability::Durable, SETTINGS.wait, None);
    assert_eq!(canonical(&again), canonical(&state));
    let mut road = Road::start(again, writer, SETTINGS, directory);
    let seen = road.run(rest);
    assert_eq!(seen[0].stamp.sequence.0, 1_001);
    let (state, _) = road.runtime.stop().unwrap();
    assert_eq!(canonical(&state), canonical(&exchange));
}

#[test]
fn whatever_was_entered_before_a_stop_is_decided_and_the_rest_was_busy() {
    const SESSIONS: usize = 3;
    for round in 0..20 {
        let settings = Settings { input_slots: 64, ..SETTINGS };
        let Road { runtime, mut outlet, ingress, directory } =
            Road::new(settings, Durability::Journaled);
        let entered = AtomicU64::new(0);
        let begin = Barrier::new(SESSIONS + 2);
        let (state, seen) = thread::scope(|scope| {
            for _ in 0..SESSIONS {
                let mut ingress = ingress.clone();
                let (entered, begin) = (&entered, &begin);
                scope.spawn(move || {
                    begin.wait();
                    let mut refused = 0;
                    while refused < 1_000 {
                        match ingress.submit(Token(1), &Command::Clock) {
                            Ok(()) => _ = entered.fetch_add(1, Ordering::Relaxed),
                            Err(Busy) => refused += 1,
                        }
                    }
                });
            }
            let reader = scope.spawn(|| {
                begin.wait();
                let mut seen = 0;
                loop {
                    match outlet.poll(|output| seen += u64::from(output.is_last())) {
                        Polled::Ended => return seen,
                        Polled::Failed => panic!("failed"),
                        Polled::Outputs { .. } => {}
                        Polled::Empty | Polled::Unreached { .. } => thread::yield_now(),
                    }
                }
            });
            begin.wait();
            let (state, writer) = runtime.stop().unwrap();
            drop(writer);
            (state, reader.join().unwrap())
        });
        let entered = entered.into_inner();
        assert_eq!((state.applied().sequence.0, seen), (entered, entered), "round {round}");
        let (again, _) = open(&directory, Durability::Journaled, SETTINGS.wait, None);
        assert_eq!(again.applied().sequence.0, entered);
    }
}

#[test]
fn without_a_reader_the_matcher_goes_on() {
    let settings = Settings { output_slots: 64, ..SETTINGS };
    let Road { runtime, outlet, mut ingress, directory } =
        Road::new(settings, Durability::Journaled);
    drop(outlet);
    for token in 0..1_000 {
        while ingress.submit(Token(token), &Command::Clock) == Err(Busy) {
            thread::yield_now();
        }
    }
    let (state, _) = runtime.stop().unwrap();
    assert_eq!(state.applied().sequence.0, 1_000);
    drop(directory);
}

#[test]
fn rings_of_a_wrong_size_are_refused_by_name() {
    let rows = [(32, 64, "input", 32), (64, 100, "output", 100), (0, 64, "input", 0)];
    for (input_slots, output_slots, name, wrong) in rows {
        let directory = tempfile::tempdir().unwrap();
        let (exchange, writer) = open(&directory, Durability::Journaled, SETTINGS.wait, None);
        let settings = Settings { input_slots, output_slots, ..SETTINGS };
        match BareRuntime::start(exchange, writer, settings) {
            Err(StartError::Slots { ring, slots }) => assert_eq!((ring, slots), (name, wrong)),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
}
