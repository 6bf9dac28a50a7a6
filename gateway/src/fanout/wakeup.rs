//! Calls the fan-out thread out of its sleep. A call before it sleeps is not lost: the sleep then
//! ends at once.

use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Wakeup(OnceLock<Thread>);

impl Wakeup {
    /// The calling thread is the one to be called.
    pub(crate) fn here(&self) {
        self.0.set(thread::current()).expect("one thread fans out");
    }

    /// Nothing to do before the thread runs: it looks before it sleeps.
    pub(crate) fn call(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }

    /// None: until called.
    pub(crate) fn sleep(&self, time: Option<Duration>) {
        match time {
            Some(time) => thread::park_timeout(time),
            None => thread::park(),
        }
    }
}
