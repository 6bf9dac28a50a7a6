//! What the functions of the interface report, case by case and against a naive book.
//! Unsafe, because a harness hands bare pointers.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod cases;
mod message;
mod naive;

use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cases::CASES;
use message::{Message, Passing, shown};
use naive::Naive;
use orison_core::Side;
use yardstick::wire::{Report, Tagged, Transport};
use yardstick::*;

/// Reports of one batch at most.
const DRAINED: usize = 4_096;
/// The interface has one engine a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Drives the library as a harness does.
struct Harness {
    transport: Transport,
    queue: *mut c_void,
    sequence: u64,
    _alone: MutexGuard<'static, ()>,
}

impl Harness {
    fn new(transport: Transport) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the transport's own function.
        let queue = unsafe { (transport.create)(1 << 16) };
        // SAFETY: the queue is this transport's, and is destroyed after the shutdown.
        unsafe { engine_init(42, &raw const transport, queue) };
        Self { transport, queue, sequence: 0, _alone: alone }
    }

    fn own() -> Self {
        // SAFETY: it points at a static.
        Self::new(unsafe { *engine_get_transport() })
    }

    fn send(&mut self, message: Message) -> Vec<Report> {
        self.sequence += 1;
        match message.with(self.sequence) {
            // SAFETY: it is one.
            Passing::New(order) => unsafe { engine_on_new_order(&raw const order) },
            // SAFETY: it is one.
            Passing::Cancel(cancel) => unsafe { engine_on_cancel(&raw const cancel) },
            // SAFETY: it is one.
            Passing::Modify(modify) => unsafe { engine_on_modify(&raw const modify) },
        }
        self.drain()
    }

    fn drain(&mut self) -> Vec<Report> {
        engine_flush();
        let mut reports = vec![Report::default(); DRAINED];
        // SAFETY: it is this transport's queue, and there is room for so many.
        let count =
            unsafe { (self.transport.drain)(self.queue, reports.as_mut_ptr(), DRAINED as u32) };
        reports.truncate(count as usize);
        reports
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        engine_shutdown();
        // SAFETY: made by this transport, and nobody uses it any more.
        unsafe { (self.transport.destroy)(self.queue) };
    }
}

#[test]
fn every_case_is_reported_as_the_interface_says() {
    for (messages, expected) in CASES {
        let mut harness = Harness::own();
        let mut reports = Vec::new();
        for message in *messages {
            reports = harness.send(Message::read(message));
            let sequence = harness.sequence;
            assert!(reports.iter().all(|r| r.sequence_number == sequence), "{messages:?}");
        }
        assert_eq!(reports.iter().map(shown).collect::<Vec<_>>(), *expected, "{messages:?}");
    }
}

#[test]
fn what_is_asked_of_the_book_is_answered() {
    let mut harness = Harness::own();
    let seen = || (engine_query_best_bid(), engine_query_best_ask());
    assert_eq!(seen(), (i64::MIN, i64::MAX));
    for text in ["b1 100x5", "b2 100x6", "b3 99x1", "s4 103x2"] {
        harness.send(Message::read(text));
    }
    assert_eq!(seen(), (100, 103));
    let depth = |price, side| engine_query_depth_at(price, side);
    assert_eq!([depth(100, 0), depth(99, 0), depth(98, 0), depth(103, 1)], [11, 1, 0, 2]);
    assert_eq!([depth(100, 1), depth(103, 0)], [0, 0]);
    harness.send(Message::read("s5 100x11"));
    assert_eq!((seen(), depth(100, 0)), ((99, 103), 0));
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }

    fn message(&mut self, spread: u64) -> Message {
        let (id, side) = (self.below(300), self.below(2) as u8);
        let price = 1_000 + self.below(spread) as i64 - (spread / 2) as i64;
        let quantity = self.below(20) as u32;
        match self.below(10) {
            0..4 => Message::New { id, side, price, quantity, ioc: u8::from(self.below(7) == 0) },
            4..7 => Message::Cancel { id },
            _ => Message::Modify { id, side, price, quantity },
        }
    }
}

#[test]
fn random_streams_are_reported_as_a_naive_book_does() {
    for (seed, spread) in [(1, 3), (2, 30), (3, 300), (4, 1_000_000)] {
        let mut harness = Harness::own();
        let mut random = Random(seed);
        let mut naive = Naive::default();
        for step in 0..30_000 {
            let message = random.message(spread);
            let reports: Vec<_> = harness.send(message).iter().map(shown).collect();
            assert_eq!(reports, naive.apply(message), "seed {seed}, step {step}: {message:?}");
            let best = (engine_query_best_bid(), engine_query_best_ask());
            assert_eq!(best, (naive.best(0), naive.best(1)), "seed {seed}, step {step}");
            let price = 1_000 + random.below(spread) as i64 - (spread / 2) as i64;
            for side in [0, 1] {
                assert_eq!(engine_query_depth_at(price, side), naive.depth(price, side));
            }
        }
    }
}

#[test]
fn a_batch_is_its_messages_one_by_one() {
    let messages: Vec<Message> = {
        let mut random = Random(9);
        (0..5_000).map(|_| random.message(30)).collect()
    };
    let one_by_one: Vec<Report> = {
        let mut harness = Harness::own();
        messages.iter().flat_map(|&message| harness.send(message)).collect()
    };
    let mut harness = Harness::own();
    let mut batched = Vec::new();
    let tagged: Vec<Tagged> = messages.iter().zip(1..).map(|(m, n)| m.with(n).tagged()).collect();
    for batch in tagged.chunks(64) {
        // SAFETY: there are so many.
        unsafe { engine_on_batch(batch.as_ptr(), batch.len() as u32) };
        batched.extend(harness.drain());
    }
    assert_eq!(batched, one_by_one);
}

/// What the engine reports to whoever needs no C.
#[derive(Default)]
struct Told(Vec<Report>);

impl Sink for Told {
    fn push(&mut self, report: &Report) {
        self.0.push(*report);
    }
}

#[test]
fn the_engine_alone_reports_what_the_interface_does() {
    let (mut harness, mut engine) = (Harness::own(), Engine::new(Told::default()));
    let mut random = Random(11);
    for sequence in 1..=10_000 {
        let message = random.message(30);
        match message.with(sequence) {
            Passing::New(order) => engine.on_new_order(&order),
            Passing::Cancel(cancel) => engine.on_cancel(&cancel),
            Passing::Modify(modify) => engine.on_modify(&modify),
        }
        let told = std::mem::take(&mut engine.sink().0);
        assert_eq!(told, harness.send(message), "{sequence}: {message:?}");
        let best = Side::BOTH.map(|side| engine.best(side));
        let expected = (best[0].unwrap_or(i64::MIN), best[1].unwrap_or(i64::MAX));
        assert_eq!((engine_query_best_bid(), engine_query_best_ask()), expected, "{sequence}");
        for (side, number) in Side::BOTH.into_iter().zip(0..) {
            let depth = engine.depth_at(side, 1_000);
            assert_eq!(engine_query_depth_at(1_000, number), depth, "{sequence}");
        }
    }
}

/// A queue of another's making: it is full at three reports until it is flushed.
mod cramped {
    use super::*;

    #[derive(Default)]
    struct Cramped {
        held: Vec<Report>,
        flushed: Vec<Report>,
    }

    pub(super) const TRANSPORT: Transport = Transport { create, push, drain, flush, destroy };

    unsafe extern "C" fn create(_: u32) -> *mut c_void {
        Box::into_raw(Box::<Cramped>::default()).cast()
    }

    unsafe extern "C" fn push(queue: *mut c_void, report: *const Report) -> i32 {
        // SAFETY: made by `create`.
        let queue = unsafe { &mut *queue.cast::<Cramped>() };
        if queue.held.len() == 3 {
            return 0;
        }
        // SAFETY: the engine's own.
        queue.held.push(unsafe { *report });
        1
    }

    unsafe extern "C" fn drain(queue: *mut c_void, out: *mut Report, max: u32) -> u32 {
        // SAFETY: made by `create`.
        let queue = unsafe { &mut *queue.cast::<Cramped>() };
        let count = queue.flushed.len().min(max as usize);
        for (index, report) in queue.flushed.drain(..count).enumerate() {
            // SAFETY: there is room for `max`.
            let place = unsafe { out.add(index) };
            // SAFETY: within that room.
            unsafe { place.write(report) };
        }
        count as u32
    }

    unsafe extern "C" fn flush(queue: *mut c_void) {
        // SAFETY: made by `create`.
        let queue = unsafe { &mut *queue.cast::<Cramped>() };
        queue.flushed.append(&mut queue.held);
    }

    unsafe extern "C" fn destroy(queue: *mut c_void) {
        // SAFETY: made by `create`.
        drop(unsafe { Box::from_raw(queue.cast::<Cramped>()) });
    }
}

#[test]
fn a_full_queue_loses_no_report() {
    let mut random = Random(5);
    let (mut harness, mut naive) = (Harness::new(cramped::TRANSPORT), Naive::default());
    for step in 0..5_000 {
        let message = random.message(5);
        let reports: Vec<_> = harness.send(message).iter().map(shown).collect();
        assert_eq!(reports, naive.apply(message), "step {step}");
    }
}
