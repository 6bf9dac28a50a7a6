//! Once warm, nothing is allocated between ring and ring: an allocator of this binary's own counts
//! by thread, and the matcher's count stands still. The one unsafe thing here is that allocator,
//! which hands everything on to the system's.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use engine::runtime::{BareRuntime, Busy, Clock, Polled, Settings, Token, Wait};
use journal::{Durability, Journal, Options, Wake};
use orison_core::command::{AccountRef, Cancel, Genesis, InstrumentFields, InstrumentSpec};
use orison_core::command::{Order, Target};
use orison_core::snapshot::{Input, Output, Stored};
use orison_core::text::Text;
use orison_core::{
    AccountId, AccountName, Command, Event, Exchange, InstrumentId, OrderId, Price, Quantity,
    Sequence, Side, Stamp, Symbol,
};

const THREADS_MAX: usize = 256;
const NOBODY: usize = usize::MAX;

struct Counting;

static COUNTS: [AtomicU64; THREADS_MAX] = [const { AtomicU64::new(0) }; THREADS_MAX];
static THREAD_IDS: [AtomicI32; THREADS_MAX] = [const { AtomicI32::new(0) }; THREADS_MAX];
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(NOBODY) };
}

fn count() {
    let mut index = INDEX.get();
    if index == NOBODY {
        index = THREADS.fetch_add(1, Ordering::Relaxed).min(THREADS_MAX - 1);
        INDEX.set(index);
        let id = rustix::thread::gettid().as_raw_nonzero().get();
        THREAD_IDS[index].store(id, Ordering::Relaxed);
    }
    COUNTS[index].fetch_add(1, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing, for
// the thread-local is a constant without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `alloc` and `realloc` got the pointer from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `alloc` and `realloc` got the pointer from the same allocator.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread, which has made some; asking makes none.
fn allocations_here() -> u64 {
    COUNTS[INDEX.get()].load(Ordering::Relaxed)
}

/// Allocations of the thread of that name, the only one.
fn allocations_of(name: &str) -> u64 {
    let named = THREAD_IDS.iter().zip(&COUNTS).filter(|(id, _)| {
        let id = id.load(Ordering::Relaxed);
        let comm = fs::read_to_string(format!("/proc/self/task/{id}/comm"));
        comm.is_ok_and(|comm| comm.trim_end() == name)
    });
    let counts: Vec<_> = named.map(|(_, count)| count.load(Ordering::Relaxed)).collect();
    assert_eq!(counts.len(), 1, "one thread is called {name}");
    counts[0]
}

fn beginning() -> [Command; 4] {
    let spec = InstrumentSpec {
        symbol: Symbol::new("BTC-KRW").unwrap(),
        base: Text::new("BTC").unwrap(),
        quote: Text::new("KRW").unwrap(),
        fields: InstrumentFields::PRICE_STEP
            .with(InstrumentFields::QUANTITY_STEP)
            .with(InstrumentFields::BASE)
            .with(InstrumentFields::QUOTE),
        ..InstrumentSpec::EMPTY
    };
    let opening = |name, side, price| {
        let account = AccountRef::Name(AccountName::new(name).unwrap());
        Command::Place(Order::limit(account, InstrumentId(1), side, Price(price), Quantity(1)))
    };
    [
        Command::Genesis(Genesis::DEFAULT),
        Command::Instrument(spec),
        opening("ann", Side::Buy, 1),
        opening("bob", Side::Sell, 1_000),
    ]
}

/// Orders near each other that rest, trade and leave again; `resting` is told of by the events.
fn next_command(random: &mut u64, resting: &mut Option<(AccountId, OrderId)>) -> Command {
    *random =
        random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let dice = *random >> 33;
    if dice.is_multiple_of(3)
        && let Some((account, order)) = resting.take()
    {
        let (account, target) = (AccountRef::Id(account), Target::Order(order));
        return Command::Cancel(Cancel { account, target });
    }
    let side = if dice.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let account = AccountRef::Id(AccountId(1 + (dice >> 8) as u32 % 2));
    let price = Price(480 + (dice >> 12) as i64 % 40);
    let quantity = Quantity(1 + (dice >> 20) % 9);
    Command::Place(Order::limit(account, InstrumentId(1), side, price, quantity))
}

#[test]
fn once_warm_the_matcher_allocates_nothing() {
    for (wait, wake) in [(Wait::Spin, Wake::Never), (Wait::Backoff, Wake::Unpark)] {
        for durability in [Durability::Journaled, Durability::Durable] {
            let directory = tempfile::tempdir().unwrap();
            // Small enough that segments are rolled on the way.
            let options =
                Options { segment_bytes: 1 << 20, durability, wake, ..Options::default() };
            let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
            let (writer, opened) = Journal::open(directory.path(), &options, visit).unwrap();
            let settings = Settings {
                wait,
                clock: Clock::Real,
                input_slots: 1 << 10,
                output_slots: 1 << 10,
                pin: None,
            };
            let exchange = Exchange::new(opened.identity);
            let (runtime, mut outlet) = BareRuntime::start(exchange, writer, settings).unwrap();
            let mut ingress = runtime.ingress();
            let (mut random, mut resting) = (1, None);
            let mut allocations = [0; 2];
            for (phase, commands) in [(0, 20_000), (1, 60_000)] {
                let mut begin = beginning().into_iter().filter(|_| phase == 0);
                let (mut sent, mut ended) = (0, 0);
                let mut command = None;
                while ended < commands {
                    if sent < commands {
                        let next = *command.get_or_insert_with(|| {
                            begin.next().unwrap_or_else(|| next_command(&mut random, &mut resting))
                        });
                        if ingress.submit(Token(1), &next) != Err(Busy) {
                            sent += 1;
                            command = None;
                        }
                    }
                    let polled = outlet.poll(|output| {
                        ended += u32::from(output.is_last() && output.token() == Token(1));
                        if let Event::Accepted(accepted) = output.event() {
                            resting = Some((accepted.account, accepted.order));
                        }
                    });
                    if polled == Polled::Empty {
                        thread::yield_now();
                    }
                }
                allocations[phase] = allocations_of("matcher");
            }
            assert!(allocations[0] > 0, "genesis allocates, so the count counts");
            assert_eq!(allocations[1], allocations[0], "{wait:?} {durability:?}");
            runtime.stop().unwrap();
        }
    }
}

/// Commands of the test above, on a core alone; what it makes of them is of no interest.
fn feed(exchange: &mut Exchange, random: &mut u64, commands: u64) {
    let mut resting = None;
    for _ in 0..commands {
        let command = next_command(random, &mut resting);
        let Stamp { sequence, time_ns } = exchange.applied();
        let stamp = Stamp { sequence: Sequence(sequence.0 + 1), time_ns };
        exchange.apply(stamp, &command, &mut |event: &Event| {
            if let Event::Accepted(accepted) = event {
                resting = Some((accepted.account, accepted.order));
            }
        });
    }
}

fn stored_and_loaded(exchange: &Exchange) -> Exchange {
    let mut bytes = Vec::new();
    let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
    let mut output = Output::new(&mut take);
    exchange.store(&mut output);
    output.finish();
    let mut bytes = Some(bytes);
    let mut more = |buffer: &mut Vec<u8>| match bytes.take() {
        Some(all) => {
            *buffer = all;
            true
        }
        None => false,
    };
    Exchange::load(&mut Input::new(&mut more)).unwrap()
}

#[test]
fn what_came_out_of_a_snapshot_allocates_nothing_either() {
    let run = || {
        let mut exchange = Exchange::new([1; 16]);
        for (sequence, command) in (1..).zip(beginning()) {
            let stamp = Stamp { sequence: Sequence(sequence), time_ns: 0 };
            exchange.apply(stamp, &command, &mut |_: &Event| {});
        }
        let mut random = 1;
        feed(&mut exchange, &mut random, 2_000);
        let mut loaded = stored_and_loaded(&exchange);
        let before = allocations_here();
        // More orders than ever before, so that every list grows.
        feed(&mut loaded, &mut random, 60_000);
        assert_eq!(allocations_here(), before);
    };
    thread::spawn(run).join().unwrap();
}
