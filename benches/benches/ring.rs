//! Rings between two threads: the raw disruptor in the shapes that the exchange uses, and beside
//! it the road itself (ingress to outlet, journaled) with the emptiest command there is.
//! `cargo bench -p benches --bench ring [-- --quick]`

use std::hint::{black_box, spin_loop};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use benches::arguments::Common;
use benches::pulse;
use benches::report::{Cores, Head, Latencies, Report, interleaved};
use benches::rings::{SLOTS, TwoLines, multi, single};
use clap::Parser;
use disruptor::{BusySpin, Producer, build_multi_producer, build_single_producer};
use engine::record::{self, Encoded};
use engine::runtime::{BareRuntime, Busy, Clock, Settings, Token, Wait};
use hdrhistogram::Histogram;
use journal::{Durability, Journal, Options, Wake};
use orison_core::command::{AccountRef, Cancel, Order, Target};
use orison_core::{
    AccountId, ClientOrderId, Command, Exchange, InstrumentId, OrderId, Price, Quantity, Sequence,
    Side,
};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() {
    let Arguments { common } = Arguments::parse();
    let messages: u64 = common.pick(100_000, 10_000_000);
    let mut report = Report::begin(&Head {
        name: "ring",
        seconds: common.pick(3, 60),
        workload: format!("{messages} messages a run, {} runs interleaved", common.runs()),
        settings: "spin; the road is journaled".to_owned(),
        cores: Cores::Two,
    });
    let commands = commands();
    let codec = interleaved(common.runs(), &commands.each_ref().map(|(name, _)| *name), |row| {
        encode(&commands[row].1, messages)
    });
    report.table("encode, ns a command", &codec);
    let codec = interleaved(common.runs(), &commands.each_ref().map(|(name, _)| *name), |row| {
        decode(&commands[row].1, messages)
    });
    report.table("decode, ns a command", &codec);
    let names = [
        "single producer, 64 bytes",
        "single producer, 64 bytes, batches of 16",
        "multi producer, 128 bytes",
        "the road",
    ];
    let rings = interleaved(common.runs(), &names, |row| match row {
        0 => single(messages, 1),
        1 => single(messages, 16),
        2 => multi(messages),
        _ => road_throughput(messages / 2),
    });
    report.table("one way, ns a message", &rings);
    let (mut rings, mut road) = (pulse::histogram(), pulse::histogram());
    for _ in 0..common.runs() {
        rings.add(round_trip(messages / 100)).expect("the same bounds");
        road.add(road_round_trip(messages / 100)).expect("the same bounds");
    }
    let rows = [("two rings", rings), ("the road", road)];
    let rows = rows.map(|(name, ns)| Latencies { name: name.to_owned(), ns });
    report.latencies("round trip of one at a time", rows.into());
    report.end();
}

fn per_message(time: Duration, messages: u64) -> f64 {
    time.as_nanos() as f64 / messages as f64
}

/// The three that a day is made of: cancel by id, limit order without and with a client id.
fn commands() -> [(&'static str, Command); 3] {
    let account = AccountRef::Id(AccountId(7));
    let order = OrderId { sequence: Sequence(1 << 40), slot: 9, leg: 0 };
    let limit = Order::limit(account, InstrumentId(1), Side::Sell, Price(100), Quantity(5));
    let client_order_id =
        ClientOrderId::new("6fa459ea-ee8a-3ca4-894e-db77e160355e").expect("36 characters");
    [
        ("cancel", Command::Cancel(Cancel { account, target: Target::Order(order) })),
        ("order", Command::Place(limit)),
        ("order with client id", Command::Place(Order { client_order_id, ..limit })),
    ]
}

fn encode(command: &Command, turns: u64) -> f64 {
    let mut encoded = Encoded::CLOCK;
    let start = Instant::now();
    for _ in 0..turns {
        record::encode_into(&mut encoded, black_box(command));
        black_box(&encoded);
    }
    per_message(start.elapsed(), turns)
}

fn decode(command: &Command, turns: u64) -> f64 {
    let encoded = record::encode(command);
    let mut place = Command::Clock;
    let start = Instant::now();
    for _ in 0..turns {
        let encoded = black_box(&encoded);
        let read =
            record::decode_into(&mut place, encoded.kind, encoded.version, encoded.payload());
        black_box(read.is_ok());
        black_box(&place);
    }
    per_message(start.elapsed(), turns)
}

/// There through a multi-producer ring and back through a single-producer one, as the road does.
fn round_trip(turns: u64) -> Histogram<u64> {
    let (mut there, builder) =
        build_multi_producer(SLOTS, || TwoLines([0; 16]), BusySpin).new_event_poller();
    let mut send = builder.build();
    let (mut back, builder) =
        build_single_producer(SLOTS, || TwoLines([0; 16]), BusySpin).new_event_poller();
    let mut answer = builder.build();
    let mut latencies = pulse::histogram();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut answered = 0;
            while answered < turns {
                match there.poll() {
                    Ok(mut lines) => {
                        for line in &mut lines {
                            answer.publish(|slot| slot.0[0] = line.0[0]);
                            answered += 1;
                        }
                    }
                    Err(_) => spin_loop(),
                }
            }
        });
        for turn in 0..turns {
            let start = Instant::now();
            send.publish(|slot| slot.0[0] = turn);
            loop {
                match back.poll() {
                    Ok(_) => break,
                    Err(_) => spin_loop(),
                }
            }
            latencies.saturating_record(start.elapsed().as_nanos() as u64);
        }
    });
    latencies
}

const SETTINGS: Settings = Settings {
    wait: Wait::Spin,
    clock: Clock::Manual,
    input_slots: SLOTS,
    output_slots: SLOTS,
    pin: None,
};

fn open(directory: &Path) -> (Exchange, journal::Writer) {
    let options =
        Options { durability: Durability::Journaled, wake: Wake::Never, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (writer, opened) =
        Journal::open(directory, &options, visit).expect("a new journal can be opened");
    (Exchange::new(opened.identity), writer)
}

fn road_throughput(commands: u64) -> f64 {
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let (exchange, writer) = open(directory.path());
    let (runtime, mut outlet) =
        BareRuntime::start(exchange, writer, SETTINGS).expect("the settings are valid");
    let mut ingress = runtime.ingress();
    let start = Instant::now();
    let (mut sent, mut seen) = (0, 0);
    while seen < commands {
        while sent < commands && ingress.submit(Token(sent), &Command::Clock) != Err(Busy) {
            sent += 1;
        }
        outlet.poll(|_| seen += 1);
    }
    per_message(start.elapsed(), commands)
}

fn road_round_trip(commands: u64) -> Histogram<u64> {
    let directory = tempfile::tempdir().expect("a directory for the journal");
    let (exchange, writer) = open(directory.path());
    let (runtime, mut outlet) =
        BareRuntime::start(exchange, writer, SETTINGS).expect("the settings are valid");
    let mut ingress = runtime.ingress();
    let mut latencies = pulse::histogram();
    for token in 0..commands {
        let start = Instant::now();
        ingress.submit(Token(token), &Command::Clock).expect("the ring is empty");
        let mut is_seen = false;
        while !is_seen {
            outlet.poll(|_| is_seen = true);
        }
        latencies.saturating_record(start.elapsed().as_nanos() as u64);
    }
    latencies
}
