//! The way in: a command is encoded on its session's thread and published into the input ring,
//! or refused at once. It must not wait, nor know what becomes of the command.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use disruptor::Producer;
use orison_core::Command;
use thiserror::Error;

use super::ring::{self, Entrant, InputProducer, Purpose};
use super::shared::Shared;
use super::{Clock, Token, Wait};
use crate::record::{self, Encoded};

/// Every 64th command of an ingress is timed from here to its decision.
const TIMED_EVERY: u32 = 64;

/// The input ring is full, or closed; nothing was entered.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the input ring is full")]
pub struct Busy;

/// The way in. Cloned for each session; never blocks.
#[derive(Clone)]
pub struct Ingress {
    producer: InputProducer,
    shared: Arc<Shared>,
    /// Of the last command; the next one takes its place.
    encoded: Encoded,
    submitted: u32,
}

impl Ingress {
    pub(super) fn new(producer: InputProducer, shared: Arc<Shared>) -> Self {
        Self { producer, shared, encoded: Encoded::CLOCK, submitted: 0 }
    }

    /// Enters the command; its events carry the token. Commands of one ingress keep their order.
    #[inline]
    pub fn submit(&mut self, token: Token, command: &Command) -> Result<(), Busy> {
        self.submitted = self.submitted.wrapping_add(1);
        let is_timed =
            self.submitted.is_multiple_of(TIMED_EVERY) && self.shared.settings.clock == Clock::Real;
        let time_ns = if is_timed { self.shared.real_time.now_ns() } else { 0 };
        self.enter(Entrant { token, time_ns, purpose: Purpose::Decide }, command)
    }

    /// For a manual clock, which never goes back: an earlier time counts as the last one. A real
    /// clock stamps by itself.
    pub fn submit_at(&mut self, token: Token, time_ns: u64, command: &Command) -> Result<(), Busy> {
        match self.shared.settings.clock {
            Clock::Manual => {
                self.enter(Entrant { token, time_ns, purpose: Purpose::Decide }, command)
            }
            Clock::Real => self.submit(token, command),
        }
    }

    /// Asks what the command would be refused for in its turn; changes nothing, gets no sequence
    /// and is never journaled. A `Place` or a `Pair`; a manual clock stands still for it.
    pub fn check(&mut self, token: Token, command: &Command) -> Result<(), Busy> {
        self.enter(Entrant { token, time_ns: 0, purpose: Purpose::Check }, command)
    }

    /// The journal's disk has no room for another segment: only what makes the book smaller
    /// should still be entered.
    pub fn is_nearly_full(&self) -> bool {
        self.shared.positions.is_nearly_full()
    }

    #[inline]
    fn enter(&mut self, entrant: Entrant, command: &Command) -> Result<(), Busy> {
        if !self.shared.is_open.load(Ordering::Relaxed) {
            return Err(self.busy());
        }
        record::encode_into(&mut self.encoded, command);
        let command = &self.encoded;
        let published = match ring::slots_of(command.payload().len()) {
            1 => self.producer.try_publish(|slot| slot.write(entrant, command, 0)).is_ok(),
            slots => self
                .producer
                .try_batch_publish(slots, |slots| {
                    for (slot, part) in slots.zip(0..) {
                        slot.write(entrant, command, part);
                    }
                })
                .is_ok(),
        };
        if !published {
            return Err(self.busy());
        }
        if self.shared.settings.wait == Wait::Backoff {
            self.shared.matcher_bell.ring();
        }
        Ok(())
    }

    #[cold]
    fn busy(&self) -> Busy {
        self.shared.busy_total.fetch_add(1, Ordering::Relaxed);
        Busy
    }
}
