//! Our own way for reports: a queue of one writer and one reader, each of whom looks at the
//! other's place only when its own knowledge says full or empty. Unsafe, because the interface has
//! bare pointers, and because a place belongs to whichever end has not passed it.

use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam::utils::CachePadded;

use crate::wire::{Report, Transport};

/// What a harness that has no queue of its own may take.
pub static TRANSPORT: Transport = Transport { create, push, drain, flush, destroy };

pub(crate) struct Queue {
    reports: Box<[UnsafeCell<Report>]>,
    mask: u64,
    writer: CachePadded<End>,
    reader: CachePadded<End>,
}

/// One end's place, and what it last knew of the other's.
#[derive(Default)]
struct End {
    place: AtomicU64,
    other: Cell<u64>,
}

impl Queue {
    fn new(capacity: u32) -> Self {
        let length = u64::from(capacity.max(2)).next_power_of_two();
        // Written once, so that no page is met for the first time later.
        let reports = (0..length).map(|_| UnsafeCell::new(Report::default())).collect();
        let (writer, reader) = (CachePadded::default(), CachePadded::default());
        Self { reports, mask: length - 1, writer, reader }
    }

    /// # Safety
    /// By one thread at a time.
    #[inline]
    pub(crate) unsafe fn push(&self, report: &Report) -> bool {
        let place = self.writer.place.load(Ordering::Relaxed);
        if place - self.writer.other.get() > self.mask {
            self.writer.other.set(self.reader.place.load(Ordering::Acquire));
            if place - self.writer.other.get() > self.mask {
                return false;
            }
        }
        let cell = &self.reports[(place & self.mask) as usize];
        // SAFETY: the reader has left this place, and comes back to it only when told below.
        unsafe { cell.get().write(*report) };
        self.writer.place.store(place + 1, Ordering::Release);
        true
    }

    /// # Safety
    /// By one thread at a time; `out` has room for `max`.
    unsafe fn drain(&self, out: *mut Report, max: u32) -> u32 {
        let place = self.reader.place.load(Ordering::Relaxed);
        if self.reader.other.get() == place {
            self.reader.other.set(self.writer.place.load(Ordering::Acquire));
        }
        let count = (self.reader.other.get() - place).min(u64::from(max));
        for index in 0..count {
            let cell = &self.reports[((place + index) & self.mask) as usize];
            // SAFETY: the writer has told of this place, and leaves it alone until told below.
            let report = unsafe { *cell.get() };
            // SAFETY: there is room for `max`, and `count` is no more.
            let place = unsafe { out.add(index as usize) };
            // SAFETY: within that room.
            unsafe { place.write(report) };
        }
        self.reader.place.store(place + count, Ordering::Release);
        count as u32
    }
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
