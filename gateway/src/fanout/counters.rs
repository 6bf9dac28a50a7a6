//! What the fan-out counts, for `/metrics`: written where it happens, read when asked.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub struct Counters {
    /// WebSocket messages handed to sockets.
    pub messages_sent: Counter,
    /// Their bytes, frame headers not counted.
    pub bytes_sent: Counter,
    /// Messages of state channels that a newer one replaced before they were sent.
    pub conflated: Counter,
    /// Times an outbox passed 80 % of its limits.
    pub overloads: Counter,
    /// Sessions ended because their outbox overflowed.
    pub overflows: Counter,
    /// Times the feed's queue was full and the topics were rebuilt from the views.
    pub resyncs: Counter,
    /// Event messages sent again from history.
    pub replayed: Counter,
    /// Messages that clients sent.
    pub messages_received: Counter,
    /// Sessions ever opened.
    pub sessions: Counter,
    /// Sessions ended by a panic.
    pub panics: Counter,
}

/// Only ever grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Relaxed: a count orders nothing.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
