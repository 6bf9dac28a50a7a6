//! The matcher's hand on the output ring: a sink that writes events in small batches, marks the
//! last one of each command, and waits for room. It must not know views or sockets.
//! In: events of one command after another. Out: outputs in the ring, the projector woken.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use disruptor::Producer;
use orison_core::event::Sink;
use orison_core::{Event, Reason, Stamp};

use super::pause::{LOOK_UP, Manner, Pause};
use super::ring::OutputProducer;
use super::shared::Shared;
use super::{Output, Token, Wait};

/// Events that wait for a common publication; at the end of a batch none waits.
const PENDING_MAX: usize = 16;

pub(super) struct Outbox {
    producer: OutputProducer,
    shared: Arc<Shared>,
    pending: [Output; PENDING_MAX],
    len: usize,
    token: Token,
    stamp: Stamp,
    /// Events of the current command.
    events: u64,
    put: i64,
}

impl Outbox {
    pub(super) fn new(producer: OutputProducer, shared: Arc<Shared>) -> Self {
        Self {
            producer,
            shared,
            pending: [Output::EMPTY; PENDING_MAX],
            len: 0,
            token: Token(0),
            stamp: Stamp::default(),
            events: 0,
            put: 0,
        }
    }

    #[inline]
    pub(super) fn begin(&mut self, token: Token, stamp: Stamp) {
        self.token = token;
        self.stamp = stamp;
        self.events = 0;
    }

    /// The latest event is never published before the next one or this: it may be the last.
    #[inline]
    pub(super) fn end(&mut self) {
        assert!(self.events > 0, "every command has an event");
        self.pending[self.len - 1].mark_last();
    }

    /// The answer to a check, between two commands.
    pub(super) fn answer(&mut self, token: Token, at: Stamp, verdict: Result<(), Reason>) {
        self.put_pending(Output::verdict(token, at, verdict));
    }

    /// At the end of a batch: everything pending goes out.
    #[inline]
    pub(super) fn flush(&mut self) {
        if self.len > 0 {
            self.publish(self.len);
            self.len = 0;
        }
    }

    #[inline]
    fn put_pending(&mut self, output: Output) {
        if self.len == PENDING_MAX {
            self.make_room();
        }
        self.pending[self.len] = output;
        self.len += 1;
    }

    /// All but the latest event.
    #[inline(never)]
    fn make_room(&mut self) {
        self.publish(PENDING_MAX - 1);
        self.pending[0] = self.pending[PENDING_MAX - 1];
        self.len = 1;
    }

    fn publish(&mut self, count: usize) {
        let pending = &self.pending[..count];
        let mut pause = Pause::new(Manner::of_matcher(self.shared.settings.wait));
        while self
            .producer
            .try_batch_publish(count, |slots| {
                for (slot, output) in slots.zip(pending) {
                    *slot = *output;
                }
            })
            .is_err()
        {
            let shared = &*self.shared;
            if shared.alarm.is_raised() || shared.is_unread.load(Ordering::Relaxed) {
                return;
            }
            let slots = shared.settings.output_slots as i64;
            let needed = self.put + count as i64 - slots;
            pause.wait(&shared.matcher_bell, LOOK_UP, || {
                shared.projector.outputs_taken.load(Ordering::Acquire) >= needed
            });
        }
        self.put += count as i64;
        self.shared.matcher.outputs_put.store(self.put, Ordering::Relaxed);
        if self.shared.settings.wait == Wait::Backoff {
            self.shared.projector_bell.ring();
        }
    }
}

impl Sink for Outbox {
    #[inline]
    fn event(&mut self, event: &Event) {
        self.put_pending(Output::new(self.token, self.stamp, event));
        self.events += 1;
    }
}
