//! One stream of commands by several roads: the core alone, the whole runtime with rings and
//! journals of different sizes, and replay from zero. State and event bytes are the same on all,
//! whatever the journal's identity and the pace of its threads.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use engine::projection::{ViewLimits, Views};
use engine::runtime::{Clock, Output, Publisher, Runtime, Settings, Token, Wait};
use engine::witness::{Witness, state_digest};
use orison_core::{Command, Event, Exchange, OrderId, Sequence, Stamp};

use crate::stream::{Asked, Stream};

const STREAM_COMMANDS: usize = 6_000;

/// What must not differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Told {
    commands: u64,
    events: u64,
    state: [u8; 32],
    /// As the engine digests them.
    events_digest: [u8; 32],
    /// Every byte of every event with its stamp, as it came.
    event_bytes: [u8; 32],
}

#[test]
fn every_road_gives_the_same_bytes() {
    let roads = [
        (64, 64, journal::Durability::Journaled, Wait::Backoff, 64 << 10),
        (1 << 12, 128, journal::Durability::Durable, Wait::Yield, 1 << 20),
        (256, 1 << 14, journal::Durability::Journaled, Wait::Yield, 4 << 20),
    ];
    for seed in [3, 14, 15] {
        let (commands, alone) = alone(seed);
        assert!(alone.events > STREAM_COMMANDS as u64, "seed {seed} says something");
        for (input_slots, output_slots, durability, wait, segment_bytes) in roads {
            let home = tempfile::tempdir().unwrap();
            let options = journal::Options { segment_bytes, durability, ..Default::default() };
            let settings =
                Settings { wait, clock: Clock::Manual, input_slots, output_slots, pin: None };
            let told = through_the_runtime(&commands, home.path(), &options, settings);
            assert_eq!(told, alone, "seed {seed} through {settings:?} to {options:?}");
            let told = replayed(home.path(), &options);
            let by_core = Told { event_bytes: told.event_bytes, events: told.events, ..alone };
            assert_eq!(told, by_core, "seed {seed} replayed from {options:?}");
            let middle = Some(alone.commands / 2);
            replay::snapshot::take(
                &journal::Storage::default(),
                home.path(),
                ViewLimits::DEFAULT,
                middle,
                |_| {},
            )
            .unwrap();
            let told = replayed(home.path(), &options);
            assert_eq!(told, by_core, "seed {seed} from a snapshot and the tail of {options:?}");
        }
    }
}

/// The stream with its aims put in, and what the core alone makes of it.
fn alone(seed: u64) -> (Vec<(Stamp, Command)>, Told) {
    let mut core = Exchange::new(*b"no journal's own");
    let mut witness = Witness::new();
    let mut listener = Listener::default();
    let mut orders: HashMap<Asked, OrderId> = HashMap::new();
    let mut commands = Vec::new();
    let mut stamp = Stamp::default();
    for step in Stream::new(seed).take(STREAM_COMMANDS) {
        let command = step.aimed(|asked| orders.get(&asked).copied());
        // What is due happens first, as the sequencer does it.
        let is_due = core.next_deadline().is_some_and(|due| due <= step.time_ns);
        for command in is_due.then_some(Command::Clock).into_iter().chain([command]) {
            stamp.sequence.0 += 1;
            stamp.time_ns = step.time_ns;
            core.apply(stamp, &command, &mut |event: &Event| {
                witness.on_event(stamp, event);
                listener.hear(stamp, event);
                if let Event::Accepted(accepted) = event {
                    orders.insert((step.number, accepted.order.leg), accepted.order);
                }
            });
            witness.on_end(stamp);
            commands.push((stamp, command));
        }
    }
    let told = listener.told(stamp.sequence.0, &core, &witness);
    (commands, told)
}

fn through_the_runtime(
    commands: &[(Stamp, Command)],
    home: &Path,
    options: &journal::Options,
    settings: Settings,
) -> Told {
    let recovered = replay::recover(home, options, ViewLimits::DEFAULT, |_| {}).unwrap();
    let listener = Arc::new(Mutex::new(Listener::default()));
    let publisher = Ear(listener.clone());
    let runtime = Runtime::start(recovered.into_parts(), settings, publisher).unwrap();
    let mut ingress = runtime.ingress();
    for (stamp, command) in commands {
        while ingress.submit_at(Token(stamp.sequence.0), stamp.time_ns, command).is_err() {
            std::thread::yield_now();
        }
    }
    let (core, _) = runtime.stop().unwrap();
    let applied = core.applied().sequence.0;
    // The engine's own digest is in the journal's last record; replay compares it.
    let listener = listener.lock().unwrap();
    listener.told(applied, &core, &listener.witness)
}

fn replayed(home: &Path, options: &journal::Options) -> Told {
    let recovered = replay::recover(home, options, ViewLimits::DEFAULT, |_| {}).unwrap();
    assert_eq!(recovered.opened.cut, None, "a journal that was closed has no torn tail");
    let listener = Listener::default();
    let applied = recovered.exchange.applied().sequence.0;
    assert_eq!(recovered.commands, applied - recovered.beginning.sequence());
    listener.told(applied, &recovered.exchange, &recovered.witness)
}

#[derive(Default)]
struct Listener {
    events: u64,
    bytes: blake3::Hasher,
    witness: Witness,
}

impl Listener {
    fn hear(&mut self, Stamp { sequence: Sequence(sequence), time_ns }: Stamp, event: &Event) {
        let mut bytes = [0; Event::CANONICAL_MAX];
        let length = event.canonical(&mut bytes);
        self.bytes.update(&sequence.to_le_bytes());
        self.bytes.update(&time_ns.to_le_bytes());
        self.bytes.update(&bytes[..length]);
        self.events += 1;
    }

    fn told(&self, commands: u64, core: &Exchange, witness: &Witness) -> Told {
        Told {
            commands,
            events: self.events,
            state: state_digest(core),
            events_digest: witness.digests().events,
            event_bytes: *self.bytes.finalize().as_bytes(),
        }
    }
}

/// Listens where a gateway would.
struct Ear(Arc<Mutex<Listener>>);

impl Publisher for Ear {
    fn on_event(&mut self, output: &Output, _index: u32, _views: &Views) {
        let mut listener = self.0.lock().unwrap();
        listener.hear(output.stamp(), output.event());
        listener.witness.on_event(output.stamp(), output.event());
    }

    fn on_end(&mut self, token: Token, stamp: Stamp, views: &Views) {
        assert_eq!(token.0, stamp.sequence.0, "each command keeps its token");
        assert_eq!(views.at(), stamp, "the views show the whole command");
        self.0.lock().unwrap().witness.on_end(stamp);
    }
}
