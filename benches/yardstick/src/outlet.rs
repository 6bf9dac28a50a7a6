//! Reports that leave by a transport: into our own queue straight away, into another's by its own
//! function. None is ever dropped: a full queue is flushed and waited for. Unsafe, because the
//! interface has bare pointers.

use std::ffi::c_void;

use crate::engine::Sink;
use crate::queue::{self, Queue};
use crate::wire::{Report, Transport};

pub(crate) enum Outlet {
    Own(*const Queue),
    Other(Transport, *mut c_void),
}

impl Outlet {
    /// # Safety
    /// `queue` was made by this transport, and lives as long as the outlet is used.
    pub(crate) unsafe fn new(transport: Transport, queue: *mut c_void) -> Self {
        if std::ptr::fn_addr_eq(transport.push, queue::TRANSPORT.push) {
            Self::Own(queue.cast())
        } else {
            Self::Other(transport, queue)
        }
    }

    #[inline]
    fn try_push(&self, report: &Report) -> bool {
        match self {
            Self::Own(queue) => {
                // SAFETY: it lives as long as this outlet.
                let queue = unsafe { &**queue };
                // SAFETY: the engine is its one writer.
                unsafe { queue.push(report) }
            }
            // SAFETY: it is this transport's queue, and lives as long as this outlet.
            Self::Other(transport, queue) => unsafe { (transport.push)(*queue, report) != 0 },
        }
    }

    pub(crate) fn flush(&self) {
        match self {
            Self::Own(_) => {}
            // SAFETY: it is this transport's queue, and lives as long as this outlet.
            Self::Other(transport, queue) => unsafe { (transport.flush)(*queue) },
        }
    }
}

impl Sink for Outlet {
    #[inline]
    fn push(&mut self, report: &Report) {
        while !self.try_push(report) {
            self.flush();
            std::hint::spin_loop();
        }
    }
}
