//! What the functions of the interface report, case by case and against a naive book.
//! Unsafe, because a harness hands bare pointers.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod naive;

use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use naive::Naive;
use yardstick::wire::{self, Body, Cancel, Modify, NewOrder, Report, Tagged, Transport};
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
            Tagged { kind: wire::NEW_ORDER, body, .. } => unsafe {
                engine_on_new_order(&raw const body.new_order);
            },
            // SAFETY: it is one.
            Tagged { kind: wire::CANCEL, body, .. } => unsafe {
                engine_on_cancel(&raw const body.cancel);
            },
            // SAFETY: it is one.
            Tagged { body, .. } => unsafe { engine_on_modify(&raw const body.modify) },
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

/// A message before it has its sequence number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    New { id: u64, side: u8, price: i64, quantity: u32, ioc: u8 },
    Cancel { id: u64 },
    Modify { id: u64, side: u8, price: i64, quantity: u32 },
}

impl Message {
    fn with(self, sequence_number: u64) -> Tagged {
        let pad = [0; 7];
        match self {
            Self::New { id: order_id, side, price: price_ticks, quantity, ioc } => {
                let pad_end = [0; 2];
                let new_order = NewOrder {
                    order_id,
                    sequence_number,
                    price_ticks,
                    quantity,
                    side,
                    ioc,
                    pad: pad_end,
                };
                Tagged { kind: wire::NEW_ORDER, pad, body: Body { new_order } }
            }
            Self::Cancel { id: order_id } => {
                let cancel = Cancel { order_id, sequence_number };
                Tagged { kind: wire::CANCEL, pad, body: Body { cancel } }
            }
            Self::Modify { id: order_id, side, price, quantity } => {
                let modify = Modify {
                    order_id,
                    sequence_number,
                    new_price_ticks: price,
                    new_quantity: quantity,
                    side,
                    pad: [0; 3],
                };
                Tagged { kind: wire::MODIFY, pad, body: Body { modify } }
            }
        }
    }

    /// `b7 100x5` buys, `s7 100x5` sells, `b7! 100x5` at once or never; `-7` cancels;
    /// `b7~ 101x4` modifies.
    fn read(text: &str) -> Self {
        if let Some(id) = text.strip_prefix('-') {
            return Self::Cancel { id: id.parse().unwrap() };
        }
        let (head, tail) = text.split_once(' ').unwrap();
        let side = u8::from(head.starts_with('s'));
        let (price, quantity) = tail.split_once('x').unwrap();
        let (price, quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
        let mark = head.chars().last().unwrap();
        let id = head[1..].trim_end_matches(['!', '~']).parse().unwrap();
        match mark {
            '~' => Self::Modify { id, side, price, quantity },
            mark => Self::New { id, side, price, quantity, ioc: u8::from(mark == '!') },
        }
    }
}

/// A report as text, with everything that is compared.
fn shown(report: &Report) -> String {
    let Report { side, order_id: id, price_ticks: price, quantity, .. } = *report;
    let side = ["b", "s"][usize::from(side)];
    match report.kind {
        wire::ORDER_ACK => format!("new {side}{id} {price}x{quantity}"),
        wire::TRADE => {
            format!("trade {}/{} {price}x{quantity}", report.maker_order_id, report.taker_order_id)
        }
        wire::CANCEL_ACK => format!("gone {side}{id} {price}"),
        wire::MODIFY_ACK => format!("now {side}{id} {price}x{quantity}"),
        wire::CANCEL_REJECT => format!("no cancel {id}"),
        wire::MODIFY_REJECT => format!("no modify {id}"),
        kind => panic!("a report of kind {kind}"),
    }
}

/// Messages, and the reports of the last one.
const CASES: &[(&[&str], &[&str])] = &[
    (&["b1 100x5"], &["new b1 100x5"]),
    (&["s1 100x5"], &["new s1 100x5"]),
    (&["-1"], &["no cancel 1"]),
    (&["b1~ 100x5"], &["no modify 1"]),
    (&["b1 100x5", "-1"], &["gone b1 100"]),
    (&["s1 100x5", "-1"], &["gone s1 100"]),
    (&["b1 100x5", "-1", "-1"], &["no cancel 1"]),
    (&["b1 100x5", "-1", "b1 99x1"], &["new b1 99x1"]),
    (&["b1 100x5", "b1 101x1"], &["no cancel 1"]),
    (&["b1 100x5", "b1 101x1", "s2! 90x9"], &["new s2 90x9", "trade 1/2 100x5", "gone s2 90"]),
    (&["b1 100x0"], &["no cancel 1"]),
    (&["b18446744073709551615 100x5"], &["no cancel 18446744073709551615"]),
    (&["b1! 100x5"], &["new b1 100x5", "gone b1 100"]),
    (&["b1! 100x5", "-1"], &["no cancel 1"]),
    (&["b1 100x5", "s2 101x5"], &["new s2 101x5"]),
    (&["b1 100x5", "s2 100x5"], &["new s2 100x5", "trade 1/2 100x5"]),
    (&["b1 100x5", "s2 100x5", "-1"], &["no cancel 1"]),
    (&["b1 100x5", "s2 100x5", "-2"], &["no cancel 2"]),
    (&["b1 100x5", "s2 99x3"], &["new s2 99x3", "trade 1/2 100x3"]),
    (&["b1 100x5", "s2 99x3", "-1"], &["gone b1 100"]),
    (&["b1 100x5", "s2 99x8"], &["new s2 99x8", "trade 1/2 100x5"]),
    (&["b1 100x5", "s2 99x8", "-2"], &["gone s2 99"]),
    (&["b1 100x5", "s2! 99x8"], &["new s2 99x8", "trade 1/2 100x5", "gone s2 99"]),
    (&["s1 100x5", "b2! 99x8"], &["new b2 99x8", "gone b2 99"]),
    (
        &["b1 100x5", "b2 100x5", "s3 100x7"],
        &["new s3 100x7", "trade 1/3 100x5", "trade 2/3 100x2"],
    ),
    (&["b1 99x5", "b2 100x5", "s3 99x7"], &["new s3 99x7", "trade 2/3 100x5", "trade 1/3 99x2"]),
    (
        &["s1 101x5", "s2 100x5", "b3 101x7"],
        &["new b3 101x7", "trade 2/3 100x5", "trade 1/3 101x2"],
    ),
    (&["s1 101x5", "s2 100x5", "b3! 100x7"], &["new b3 100x7", "trade 2/3 100x5", "gone b3 100"]),
    (&["b1 100x5", "b1~ 101x4"], &["now b1 101x4"]),
    (&["b1 100x5", "b1~ 100x9"], &["now b1 100x9"]),
    (&["b1 100x5", "b1~ 100x0"], &["no modify 1"]),
    (&["b1 100x5", "b1~ 100x0", "-1"], &["gone b1 100"]),
    (&["b1 100x5", "s1~ 101x4"], &["now b1 101x4"]),
    // A modified order is the last of its price, at the same one too.
    (
        &["b1 100x5", "b2 100x5", "b1~ 100x5", "s3 100x6"],
        &["new s3 100x6", "trade 2/3 100x5", "trade 1/3 100x1"],
    ),
    (
        &["b1 100x5", "b2 100x5", "b1~ 100x4", "s3 100x6"],
        &["new s3 100x6", "trade 2/3 100x5", "trade 1/3 100x1"],
    ),
    (
        &["b1 100x5", "b2 100x5", "s3 100x2", "s4 100x4"],
        &["new s4 100x4", "trade 1/4 100x3", "trade 2/4 100x1"],
    ),
    (&["b1 100x5", "s2 101x5", "b1~ 101x3"], &["now b1 101x3", "trade 2/1 101x3"]),
    (&["b1 100x5", "s2 101x5", "b1~ 101x3", "-1"], &["no cancel 1"]),
    (&["b1 100x5", "s2 101x5", "b1~ 101x3", "-2"], &["gone s2 101"]),
    (&["b1 100x5", "s2 101x5", "b1~ 102x8"], &["now b1 102x8", "trade 2/1 101x5"]),
    (&["b1 100x5", "s2 101x5", "b1~ 102x8", "-1"], &["gone b1 102"]),
    (&["b1 100x5", "b1~ 101x4", "-1", "b1~ 101x4"], &["no modify 1"]),
    (&["b1 -7x5", "s2 -7x5"], &["new s2 -7x5", "trade 1/2 -7x5"]),
    (&["b1 0x5", "s2 0x5"], &["new s2 0x5", "trade 1/2 0x5"]),
    (
        &["b1 9223372036854775807x5", "s2 -9223372036854775808x5"],
        &["new s2 -9223372036854775808x5", "trade 1/2 9223372036854775807x5"],
    ),
    (
        &["s1 9223372036854775807x5", "b2 9223372036854775807x5"],
        &["new b2 9223372036854775807x5", "trade 1/2 9223372036854775807x5"],
    ),
    (&["b1 -9223372036854775808x5", "-1"], &["gone b1 -9223372036854775808"]),
    (&["b1 100x4294967295", "-1"], &["gone b1 100"]),
    (
        &["b1 100x4294967295", "b2 100x4294967295", "s3 100x4294967295"],
        &["new s3 100x4294967295", "trade 1/3 100x4294967295"],
    ),
    // Ids are dense, and are any number all the same.
    (&["b0 100x5", "-0"], &["gone b0 100"]),
    (&["b67108864 100x5", "-67108864"], &["gone b67108864 100"]),
    (&["b4294967295 100x5", "s1 100x5"], &["new s1 100x5", "trade 4294967295/1 100x5"]),
    (
        &["b18446744073709551614 100x5", "s1 100x5", "-18446744073709551614"],
        &["no cancel 18446744073709551614"],
    ),
];

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
    let tagged: Vec<Tagged> = messages.iter().zip(1..).map(|(m, n)| m.with(n)).collect();
    for batch in tagged.chunks(64) {
        // SAFETY: there are so many.
        unsafe { engine_on_batch(batch.as_ptr(), batch.len() as u32) };
        batched.extend(harness.drain());
    }
    assert_eq!(batched, one_by_one);
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
