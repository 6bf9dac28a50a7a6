//! The C functions of the yardstick as a harness calls them: one thread sends the messages of five
//! moods of a market, another takes the reports out of the queue and sums them up. Beside each, an
//! engine that does nothing but answer.
//! `cargo bench -p benches --bench yardstick [-- --quick] [MOOD..]`
//! Unsafe, because a harness hands bare pointers.

use std::ffi::c_void;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use benches::arguments::Common;
use benches::cores::{self, Seat};
use benches::report::{self, Cores, Head, interleaved};
use benches::workload::{Act, MOODS, Mood, Record, Workload};
use clap::Parser;
use yardstick::wire::{self, Body, Cancel, Modify, NewOrder, Report, Tagged, Transport};
use yardstick::{
    engine_flush, engine_get_transport, engine_init, engine_on_batch, engine_on_cancel,
    engine_on_modify, engine_on_new_order, engine_shutdown,
};

const SEED: u64 = 42;
const BATCH: usize = 64;
const CAPACITY: u32 = 1 << 16;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Only these moods
    moods: Vec<String>,
}

fn main() {
    let Arguments { common, moods } = Arguments::parse();
    let mut report = report::Report::begin(&Head {
        name: "yardstick",
        seconds: common.pick(5, 30),
        workload: format!("a million orders a mood, seed {SEED}, {} runs", common.runs()),
        settings: "the library's own queue, drained by a thread of its own".to_owned(),
        cores: Cores::Two,
    });
    let drives: [(&str, Drive); 3] =
        [("one by one", one_by_one), ("batches of 64", batches), ("nothing done", nothing)];
    let is_wanted = |mood: &Mood| moods.is_empty() || moods.iter().any(|name| name == mood.name);
    for mood in MOODS.into_iter().filter(is_wanted) {
        let workload = Workload::of_mood(mood, SEED);
        let messages: Vec<_> = workload.records.iter().zip(1..).map(tagged).collect();
        let mut told = [(0, 0); 3];
        let rows = interleaved(common.runs(), &drives.map(|(name, _)| name), |row| {
            let run = Run::of(&messages, drives[row].1);
            told[row] = (run.reports, run.sum);
            messages.len() as f64 / run.seconds / 1e6
        });
        let title = format!("{}, {} messages, M messages/s", mood.name, messages.len());
        report.table(&title, &rows);
        assert_eq!(told[0], told[1], "both ways tell the same");
        let (reports, sum) = told[0];
        report.line(format_args!("  {reports} reports, sum {sum:016x}"));
    }
    report.end();
}

type Drive = fn(&[Tagged], &Transport, *mut c_void);

struct Run {
    seconds: f64,
    reports: u64,
    sum: u64,
}

impl Run {
    fn of(messages: &[Tagged], drive: Drive) -> Self {
        // SAFETY: it points at a static.
        let transport = unsafe { *engine_get_transport() };
        // SAFETY: the transport's own function.
        let queue = unsafe { (transport.create)(CAPACITY) };
        // SAFETY: the queue is this transport's, and is destroyed after the shutdown.
        unsafe { engine_init(SEED, &raw const transport, queue) };
        let (is_over, shared) = (AtomicBool::new(false), Shared(queue));
        let (seconds, (reports, sum)) = thread::scope(|scope| {
            let taker = scope.spawn(|| {
                cores::pin(Seat::Server);
                take(&transport, &shared, &is_over)
            });
            cores::pin(Seat::Load);
            let start = Instant::now();
            drive(messages, &transport, queue);
            engine_flush();
            let seconds = start.elapsed().as_secs_f64();
            is_over.store(true, Ordering::Release);
            (seconds, taker.join().expect("it takes what comes"))
        });
        cores::unpin();
        engine_shutdown();
        // SAFETY: made by this transport, and nobody uses it any more.
        unsafe { (transport.destroy)(queue) };
        Self { seconds, reports, sum }
    }
}

struct Shared(*mut c_void);

// SAFETY: the queue is made for one writer and one reader, in two threads.
unsafe impl Sync for Shared {}

/// Until the writer is done and nothing is left.
fn take(transport: &Transport, queue: &Shared, is_over: &AtomicBool) -> (u64, u64) {
    let mut reports = [Report::default(); 256];
    let (mut count, mut sum) = (0, 0u64);
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        // SAFETY: it is this transport's queue, with room for as many.
        let taken = unsafe { (transport.drain)(queue.0, reports.as_mut_ptr(), 256) };
        for report in &reports[..taken as usize] {
            let told = report.sequence_number ^ report.order_id.rotate_left(16);
            let price = report.price_ticks as u64 ^ u64::from(report.quantity) << 40;
            sum = (sum ^ told ^ price.rotate_left(24) ^ u64::from(report.kind))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        count += u64::from(taken);
        if taken == 0 {
            if was_over {
                return (count, sum);
            }
            spin_loop();
        }
    }
}

fn one_by_one(messages: &[Tagged], _: &Transport, _: *mut c_void) {
    for message in messages {
        match message.kind {
            // SAFETY: the tag says which it is.
            wire::NEW_ORDER => unsafe { engine_on_new_order(&raw const message.body.new_order) },
            // SAFETY: as above.
            wire::CANCEL => unsafe { engine_on_cancel(&raw const message.body.cancel) },
            // SAFETY: as above.
            _ => unsafe { engine_on_modify(&raw const message.body.modify) },
        }
    }
}

fn batches(messages: &[Tagged], _: &Transport, _: *mut c_void) {
    for batch in messages.chunks(BATCH) {
        // SAFETY: there are so many.
        unsafe { engine_on_batch(batch.as_ptr(), batch.len() as u32) };
    }
}

/// What the queue and the two threads take of themselves.
fn nothing(messages: &[Tagged], transport: &Transport, queue: *mut c_void) {
    for message in messages {
        // SAFETY: every body begins with an id and a sequence number.
        let body = unsafe { message.body.cancel };
        let report = Report {
            kind: message.kind,
            sequence_number: body.sequence_number,
            order_id: body.order_id,
            ..Report::default()
        };
        // SAFETY: it is this transport's queue.
        while unsafe { (transport.push)(queue, &raw const report) } == 0 {
            spin_loop();
        }
    }
}

fn tagged((record, sequence_number): (&Record, u64)) -> Tagged {
    let Record { act, side, quantity, id, price } = *record;
    let order_id = u64::from(id);
    let (kind, body) = match act {
        Act::New | Act::Ioc => {
            let ioc = u8::from(act == Act::Ioc);
            let (price_ticks, pad) = (price, [0; 2]);
            let new_order =
                NewOrder { order_id, sequence_number, price_ticks, quantity, side, ioc, pad };
            (wire::NEW_ORDER, Body { new_order })
        }
        Act::Cancel => (wire::CANCEL, Body { cancel: Cancel { order_id, sequence_number } }),
        Act::Modify => {
            let modify = Modify {
                order_id,
                sequence_number,
                new_price_ticks: price,
                new_quantity: quantity,
                side,
                pad: [0; 3],
            };
            (wire::MODIFY, Body { modify })
        }
    };
    Tagged { kind, pad: [0; 7], body }
}
