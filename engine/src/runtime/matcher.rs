//! The one thread that writes state and journal: it takes commands out of the input ring batch
//! by batch and hands them to the sequencer; when there are none it waits, and keeps time.
//! Once warm no allocation, lock or log; no system call either unless it parks or wakes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use disruptor::Polling;
use journal::{AppendError, Writer};
use orison_core::Exchange;

use super::Clock;
use super::checkpoints::Checkpoints;
use super::pause::{LOOK_UP, Manner, Pause};
use super::ring::{Assembly, InputPoller, Purpose, Slot};
use super::sequencer::{Due, Entry, Sequencer};
use super::shared::Shared;

/// Every 16th batch is timed from its first to its last command.
const TIMED_EVERY: u64 = 16;

pub(super) struct Matcher {
    sequencer: Sequencer,
    checkpoints: Checkpoints,
    assembly: Assembly,
    inputs_taken: i64,
    batches: u64,
    shared: Arc<Shared>,
}

/// What became of a batch.
enum Batch {
    Done,
    /// The ring was sealed; everything before the seal is decided.
    Sealed,
}

impl Matcher {
    pub(super) fn new(sequencer: Sequencer, checkpoints: Checkpoints, shared: Arc<Shared>) -> Self {
        let assembly = Assembly::new();
        Self { sequencer, checkpoints, assembly, inputs_taken: 0, batches: 0, shared }
    }

    /// Until the ring is sealed or the journal fails. The output ring ends with it.
    pub(super) fn run(mut self, mut input: InputPoller) -> (Exchange, Writer) {
        if let Err(error) = self.work(&mut input) {
            self.shared.is_open.store(false, Ordering::Relaxed);
            self.shared.alarm.raise(error.to_string());
        }
        let Sequencer { exchange, writer, outbox, .. } = self.sequencer;
        drop(outbox);
        self.shared.is_drained.store(true, Ordering::Release);
        self.shared.projector_bell.ring();
        (exchange, writer)
    }

    fn work(&mut self, input: &mut InputPoller) -> Result<(), AppendError> {
        let mut pause = Pause::new(Manner::of_matcher(self.shared.settings.wait));
        loop {
            match input.poll() {
                Ok(mut slots) => {
                    if let Batch::Sealed = self.batch(&mut slots)? {
                        // Never given back: the ring stays full and answers busy for ever.
                        std::mem::forget(slots);
                        return Ok(());
                    }
                    drop(slots);
                    let taken = &self.shared.matcher.inputs_taken;
                    taken.store(self.inputs_taken, Ordering::Relaxed);
                    self.checkpoints.append_due(&mut self.sequencer.writer)?;
                    pause.reset();
                    continue;
                }
                Err(Polling::NoEvents) => {}
                Err(Polling::Shutdown) => unreachable!("the runtime keeps a producer"),
            }
            self.idle(input, &mut pause)?;
        }
    }

    /// One look at the clock for all of them.
    fn batch<'a>(
        &mut self,
        slots: impl ExactSizeIterator<Item = &'a Slot>,
    ) -> Result<Batch, AppendError> {
        let now_ns = self.now_ns();
        let (count, before) = (slots.len() as i64, self.sequencer.sequence());
        for slot in slots {
            if slot.is_seal() {
                return Ok(Batch::Sealed);
            }
            let Some(payload) = self.assembly.take(slot) else { continue };
            let (token, kind, version) = (slot.token, slot.kind, slot.version);
            let time_ns = match now_ns {
                None => slot.time_ns,
                Some(now_ns) => {
                    self.sequencer.keep_time(now_ns)?;
                    if slot.time_ns > 0 {
                        let queued_ns = now_ns.saturating_sub(slot.time_ns);
                        self.shared.matcher.queue.record(queued_ns);
                    }
                    now_ns
                }
            };
            let entry = Entry { token, kind, version, payload };
            match slot.purpose {
                Purpose::Decide => self.sequencer.decide(entry, time_ns)?,
                Purpose::Check => self.sequencer.check(entry, time_ns),
            }
        }
        self.flush();
        self.inputs_taken += count;
        self.measure(now_ns, self.sequencer.sequence() - before);
        Ok(Batch::Done)
    }

    #[inline]
    fn now_ns(&self) -> Option<u64> {
        match self.shared.settings.clock {
            Clock::Real => Some(self.shared.real_time.now_ns()),
            Clock::Manual => None,
        }
    }

    #[inline]
    fn flush(&mut self) {
        self.sequencer.outbox.flush();
        let matched = &self.shared.matcher.matched;
        matched.store(self.sequencer.sequence(), Ordering::Relaxed);
    }

    #[inline]
    fn measure(&mut self, began_ns: Option<u64>, commands: u64) {
        if let Some(began_ns) = began_ns
            && self.batches.is_multiple_of(TIMED_EVERY)
        {
            let took_ns = self.shared.real_time.now_ns() - began_ns;
            self.shared.matcher.decide.record(took_ns / commands.max(1));
        }
        self.batches += 1;
    }

    /// Nothing came in: time passes, checkpoints and failures are noticed, the thread waits.
    fn idle(&mut self, input: &InputPoller, pause: &mut Pause) -> Result<(), AppendError> {
        let timeout = match self.now_ns() {
            None => LOOK_UP,
            Some(now_ns) => match self.sequencer.keep_time(now_ns)? {
                Due::Happened => {
                    self.flush();
                    pause.reset();
                    return Ok(());
                }
                Due::In { ns } => LOOK_UP.min(Duration::from_nanos(ns)),
                Due::Never => LOOK_UP,
            },
        };
        if let Some(failure) = self.shared.positions.failed() {
            return Err(AppendError::Failed(failure.clone()));
        }
        self.checkpoints.append_due(&mut self.sequencer.writer)?;
        pause.wait(&self.shared.matcher_bell, timeout, || input.has_available());
        Ok(())
    }
}
