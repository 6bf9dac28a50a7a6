//! Matcher and projector together: views, witness, publisher, checkpoints and the close record
//! say the same as the core alone.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use journal::{CHECKPOINT_COMMANDS, Checkpoint, Close, Durability, Kind, Reader};
use orison_core::{Command, Exchange, Stamp};

use super::harness::{IDENTITY, SETTINGS, Seen, apply, beginning, canonical, open, stream};
use crate::projection::{ViewLimits, Views};
use crate::runtime::{Busy, Output, Parts, Publisher, Runtime, Settings, Token, Wait};
use crate::witness::{self, Witness};

/// What a publisher was told, as it was told.
#[derive(Debug, PartialEq)]
enum Told {
    Event(Seen, u32),
    End(u64, Stamp),
    Idle,
}

struct Teller(Sender<Told>);

impl Publisher for Teller {
    fn on_event(&mut self, output: &Output, index: u32, views: &Views) {
        assert!(views.at().sequence < output.stamp().sequence, "the command is not complete");
        let seen = Seen {
            token: output.token().0,
            stamp: output.stamp(),
            is_last: output.is_last(),
            event: *output.event(),
        };
        self.0.send(Told::Event(seen, index)).ok();
    }

    fn on_end(&mut self, token: Token, stamp: Stamp, views: &Views) {
        assert_eq!(views.at(), stamp, "the views show the whole command");
        self.0.send(Told::End(token.0, stamp)).ok();
    }

    fn on_idle(&mut self) {
        self.0.send(Told::Idle).ok();
    }
}

fn parts(directory: &tempfile::TempDir, durability: Durability, wait: Wait) -> Parts {
    let (exchange, writer) = open(directory, durability, wait, None);
    assert_eq!(exchange.applied().sequence.0, 0, "these tests begin with nothing");
    Parts { exchange, views: Views::new(ViewLimits::DEFAULT), witness: Witness::new(), writer }
}

fn submit_all(runtime: &Runtime, commands: &[Command]) {
    let mut ingress = runtime.ingress();
    for (index, command) in commands.iter().enumerate() {
        let index = index as u64;
        while ingress.submit_at(Token(index), index, command) == Err(Busy) {
            thread::yield_now();
        }
    }
}

/// Up to the end of the `commands`th command.
fn hear(told: &Receiver<Told>, commands: usize) -> Vec<Told> {
    let mut heard = Vec::new();
    let mut ends = 0;
    while ends < commands {
        let next = told.recv().unwrap();
        ends += usize::from(matches!(next, Told::End(..)));
        heard.push(next);
    }
    heard
}

#[test]
fn the_publisher_hears_every_event_in_order_then_the_end_of_its_command() {
    let commands = stream(3, 2_000);
    let mut exchange = Exchange::new(IDENTITY);
    let mut expected = Vec::new();
    let mut index = 0;
    for seen in apply(&mut exchange, &commands) {
        expected.push(Told::Event(seen, index));
        index += 1;
        if seen.is_last {
            expected.push(Told::End(seen.token, seen.stamp));
            index = 0;
        }
    }
    for wait in [Wait::Spin, Wait::Yield, Wait::Backoff] {
        let directory = tempfile::tempdir().unwrap();
        let (teller, told) = channel();
        let settings = Settings { wait, ..SETTINGS };
        let parts = parts(&directory, Durability::Durable, wait);
        let runtime = Runtime::start(parts, settings, Teller(teller)).unwrap();
        submit_all(&runtime, &commands);
        let mut heard = hear(&told, commands.len());
        heard.retain(|told| *told != Told::Idle);
        assert!(heard == expected, "{wait:?}");
        let (state, views) = runtime.stop().unwrap();
        assert_eq!(canonical(&state), canonical(&exchange));
        assert_eq!(views.read().at(), exchange.applied());
        assert_eq!(told.iter().last(), Some(Told::Idle), "told to rest when all is said");
    }
}

#[test]
fn a_clean_stop_leaves_the_digests_of_state_and_events() {
    let commands = stream(5, 1_000);
    let mut exchange = Exchange::new(IDENTITY);
    let mut expected = Witness::new();
    for seen in apply(&mut exchange, &commands) {
        expected.on_event(seen.stamp, &seen.event);
        if seen.is_last {
            expected.on_end(seen.stamp);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let parts = parts(&directory, Durability::Durable, Wait::Backoff);
    let runtime = Runtime::start(parts, SETTINGS, Teller(channel().0)).unwrap();
    submit_all(&runtime, &commands);
    runtime.stop().unwrap();
    let reader = Reader::open(directory.path()).unwrap();
    let mut records = reader.records_from(commands.len() as u64).unwrap();
    let mut closed = None;
    while let Some(record) = records.next().unwrap() {
        if record.kind == Kind::Close {
            closed = Some(Close::decode(record.payload).unwrap());
        }
    }
    let closed = closed.unwrap();
    assert_eq!(closed.state, witness::state_digest(&exchange));
    assert_eq!(closed.events, expected.digests().events);
    assert!(journal::verify(directory.path(), |_| {}).unwrap().closed_cleanly);
}

#[test]
fn every_65_536_commands_there_is_a_checkpoint_with_the_witnesss_digests() {
    let commands = stream(11, 2 * CHECKPOINT_COMMANDS as usize + 5_000);
    let mut exchange = Exchange::new(IDENTITY);
    let mut expected = Vec::new();
    let mut witness = Witness::new();
    for seen in apply(&mut exchange, &commands) {
        witness.on_event(seen.stamp, &seen.event);
        if seen.is_last {
            witness.on_end(seen.stamp);
            if seen.stamp.sequence.0.is_multiple_of(CHECKPOINT_COMMANDS) {
                expected.push(witness.digests());
            }
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let parts = parts(&directory, Durability::Durable, Wait::Backoff);
    let (teller, told) = channel();
    let runtime = Runtime::start(parts, SETTINGS, Teller(teller)).unwrap();
    submit_all(&runtime, &commands);
    hear(&told, commands.len());
    // The matcher looks for what is complete with every batch, and before it parks.
    let mut ingress = runtime.ingress();
    let reader = Reader::open(directory.path()).unwrap();
    let found = loop {
        ingress.submit(Token(0), &Command::Clock).unwrap();
        hear(&told, 1);
        let found = checkpoints(&reader);
        if found.len() == expected.len() {
            break found;
        }
    };
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.about, expected.at.sequence.0);
        assert_eq!((found.state, found.events), (expected.set, expected.events));
    }
    runtime.stop().unwrap();
    let report = journal::verify(directory.path(), |_| {}).unwrap();
    assert_eq!((report.checkpoints, report.checkpoints_unchecked), (2, 0));
}

fn checkpoints(reader: &Reader) -> Vec<Checkpoint> {
    let mut records = reader.records_from(1).unwrap();
    let mut found = Vec::new();
    while let Some(record) = records.next().unwrap() {
        if record.kind == Kind::Checkpoint {
            found.push(Checkpoint::decode(record.payload).unwrap());
        }
    }
    found
}

#[test]
fn readers_are_let_in_while_the_ring_is_never_empty_and_see_whole_commands() {
    let directory = tempfile::tempdir().unwrap();
    let parts = parts(&directory, Durability::Journaled, Wait::Backoff);
    let runtime = Runtime::start(parts, SETTINGS, Teller(channel().0)).unwrap();
    submit_all(&runtime, &beginning());
    let views = runtime.views();
    let commands = stream(13, 100);
    let mut ingress = runtime.ingress();
    thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let mut at = 0;
            for _ in 0..2_000 {
                let views = views.read();
                assert!(views.at().sequence.0 >= at);
                at = views.at().sequence.0;
            }
        });
        let mut index = 0;
        while !reads.is_finished() {
            index = (index + 1) % (commands.len() - 2);
            if ingress.submit(Token(1), &commands[2 + index]) == Err(Busy) {
                thread::yield_now();
            }
        }
        reads.join().unwrap();
    });
    runtime.stop().unwrap();
}

#[test]
fn figures_say_how_far_everything_has_come() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { clock: crate::runtime::Clock::Real, ..SETTINGS };
    let parts = parts(&directory, Durability::Durable, Wait::Backoff);
    let (teller, told) = channel();
    let runtime = Runtime::start(parts, settings, Teller(teller)).unwrap();
    let commands = stream(17, 1_000);
    submit_all(&runtime, &commands);
    hear(&told, commands.len());
    let figures = runtime.figures();
    // A real clock may have journaled one of its own.
    assert!(figures.sequence_visible >= 1_000);
    assert!(figures.sequence_durable >= figures.sequence_visible);
    assert!(figures.sequence_journaled >= figures.sequence_durable);
    assert!(figures.input_used <= 1_000);
    let stages: Vec<_> = figures.latencies.iter().map(|latency| latency.stage).collect();
    assert_eq!(stages, ["queue", "decide", "publish"]);
    assert!(figures.latencies.iter().all(|latency| !latency.histogram.is_empty()));
    assert_eq!(runtime.failure(), None);
    let monitor = runtime.monitor();
    runtime.stop().unwrap();
    let after = monitor.figures();
    assert_eq!(after.input_used, after.input_slots, "sealed");
}

#[test]
fn a_runtime_that_is_dropped_leaves_the_journal_as_a_crash_would() {
    let directory = tempfile::tempdir().unwrap();
    let parts = parts(&directory, Durability::Durable, Wait::Backoff);
    let runtime = Runtime::start(parts, SETTINGS, Teller(channel().0)).unwrap();
    submit_all(&runtime, &beginning());
    drop(runtime);
    let report = journal::verify(directory.path(), |_| {}).unwrap();
    assert_eq!((report.commands, report.closed_cleanly), (2, false));
}
