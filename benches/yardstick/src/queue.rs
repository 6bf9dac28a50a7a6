//! Our own way for reports: a queue of one writer and one reader. A place says itself that it was
//! written, so no line goes to and fro for every report; the writer looks at how far the reader is
//! once a lap, and the reader, once it has caught up, stays a little behind. Unsafe, because the
//! interface has bare pointers, and because a place belongs to whichever end has not passed it.

use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::hint::spin_loop;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam::utils::CachePadded;

use crate::wire::{Report, Transport};

/// What a harness that has no queue of its own may take.
pub static TRANSPORT: Transport = Transport { create, push, drain, flush, destroy };

/// So many reports behind the writer the reader waits for more, at most so many turns.
const SLACK: u64 = 32;
const PATIENCE: u32 = 32;
/// Of a report, without its last.
const WORDS: usize = 7;

pub(crate) struct Queue {
    places: Box<[Place]>,
    mask: u64,
    writer: CachePadded<Writer>,
    reader: CachePadded<Reader>,
    /// Which thread the writer was when it last looked; 0: it has not yet.
    written_by: CachePadded<AtomicUsize>,
}

/// A report whose last field says which one it is, counted from 1.
#[repr(C, align(64))]
struct Place {
    body: UnsafeCell<[u64; WORDS]>,
    number: AtomicU64,
}

const _: () = assert!(size_of::<Place>() == size_of::<Report>());

struct Writer {
    /// Written so far.
    count: Cell<u64>,
    /// At this count the reader may still be in the way.
    limit: Cell<u64>,
}

struct Reader {
    /// Read so far.
    count: AtomicU64,
    /// Whether it had caught up when it last looked.
    has_caught_up: Cell<bool>,
}

impl Queue {
    fn new(capacity: u32) -> Self {
        let length = u64::from(capacity.max(2)).next_power_of_two();
        let empty = || Place { body: UnsafeCell::new([0; WORDS]), number: AtomicU64::new(0) };
        // Written once, so that no page is met for the first time later.
        let places = (0..length).map(|_| empty()).collect();
        let writer = Writer { count: Cell::new(0), limit: Cell::new(0) };
        let reader = Reader { count: AtomicU64::new(0), has_caught_up: Cell::new(false) };
        Self {
            places,
            mask: length - 1,
            writer: writer.into(),
            reader: reader.into(),
            written_by: AtomicUsize::new(0).into(),
        }
    }

    /// Of the report that comes after so many.
    #[inline]
    fn place(&self, count: u64) -> &Place {
        &self.places[(count & self.mask) as usize]
    }

    /// # Safety
    /// By one thread at a time.
    #[inline]
    pub(crate) unsafe fn push(&self, report: &Report) -> bool {
        let count = self.writer.count.get();
        if count == self.writer.limit.get() && !self.has_room(count) {
            return false;
        }
        let place = self.place(count);
        let body = place.body.get().cast::<u64>();
        // SAFETY: the reader has left this place, and comes back to it only when its number tells
        // so; a report is eight words, the last of which says nothing.
        unsafe { ptr::copy_nonoverlapping(ptr::from_ref(report).cast::<u64>(), body, WORDS) };
        place.number.store(count + 1, Ordering::Release);
        self.writer.count.set(count + 1);
        true
    }

    /// Once a lap, and when it is full.
    #[cold]
    fn has_room(&self, count: u64) -> bool {
        self.written_by.store(this_thread(), Ordering::Relaxed);
        let limit = self.reader.count.load(Ordering::Acquire) + self.mask + 1;
        self.writer.limit.set(limit);
        count < limit
    }

    /// # Safety
    /// By one thread at a time; `out` has room for `max`.
    unsafe fn drain(&self, out: *mut Report, max: u32) -> u32 {
        let before = self.reader.count.load(Ordering::Relaxed);
        if self.reader.has_caught_up.get() {
            self.fall_behind(before);
        }
        let mut count = 0;
        while count < u64::from(max) {
            let place = self.place(before + count);
            if place.number.load(Ordering::Acquire) != before + count + 1 {
                break;
            }
            // SAFETY: there is room for `max`, and `count` is less.
            let to = unsafe { out.add(count as usize) };
            let body = place.body.get().cast::<u64>();
            // SAFETY: the writer has told of this place, and leaves it alone until told below.
            unsafe { ptr::copy_nonoverlapping(body, to.cast::<u64>(), WORDS) };
            // SAFETY: within that room.
            unsafe { (*to).pad_end = [0; 8] };
            count += 1;
        }
        self.reader.has_caught_up.set(count < u64::from(max));
        self.reader.count.store(before + count, Ordering::Release);
        count as u32
    }

    /// At the writer's heels, both would wait for the same lines all the time.
    fn fall_behind(&self, count: u64) {
        if self.written_by.load(Ordering::Relaxed) == this_thread() {
            return;
        }
        let slack = SLACK.min(self.mask);
        for _ in 0..PATIENCE {
            let ahead = count + slack;
            if self.place(ahead - 1).number.load(Ordering::Relaxed) == ahead {
                return;
            }
            spin_loop();
        }
    }
}

/// A number that no two threads share while both live, and that is not 0.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| ptr::from_ref(here).addr())
}

unsafe extern "C" fn create(capacity: u32) -> *mut c_void {
    Box::into_raw(Box::new(Queue::new(capacity))).cast()
}

pub(crate) unsafe extern "C" fn push(queue: *mut c_void, report: *const Report) -> c_int {
    // SAFETY: made by `create`, not yet destroyed.
    let queue = unsafe { &*queue.cast::<Queue>() };
    // SAFETY: the interface promises a report.
    let report = unsafe { &*report };
    // SAFETY: the interface has one writer.
    unsafe { queue.push(report) }.into()
}

unsafe extern "C" fn drain(queue: *mut c_void, out: *mut Report, max: u32) -> u32 {
    // SAFETY: made by `create`, not yet destroyed.
    let queue = unsafe { &*queue.cast::<Queue>() };
    // SAFETY: the interface has one reader and promises room for `max`.
    unsafe { queue.drain(out, max) }
}

unsafe extern "C" fn flush(_: *mut c_void) {}

unsafe extern "C" fn destroy(queue: *mut c_void) {
    // SAFETY: made by `create`, and destroyed once.
    drop(unsafe { Box::from_raw(queue.cast::<Queue>()) });
}
