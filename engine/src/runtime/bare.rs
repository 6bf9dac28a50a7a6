//! The road up to the output ring, without views: input ring, matcher, journal. `Runtime` adds
//! the projector; benchmarks and tests read the events themselves, through the outlet.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use disruptor::Producer;
use journal::Writer;
use orison_core::Exchange;

use super::checkpoints::{Checkpoints, DigestSlip};
use super::matcher::Matcher;
use super::outbox::Outbox;
use super::ring::{self, InputProducer, SLOTS_MIN, Slot};
use super::sequencer::Sequencer;
use super::shared::Shared;
use super::time::RealTime;
use super::{Ingress, Monitor, Outlet, Settings, StartError, StopError, stage};

/// Between two attempts to find the input ring empty.
const SEAL_INTERVAL: Duration = Duration::from_micros(50);

/// Without checkpoints: nobody computes their digests. Dropped, it finishes what is in the ring
/// and leaves the journal unclosed, as a crash would.
pub struct BareRuntime {
    shared: Arc<Shared>,
    monitor: Monitor,
    /// Kept so that the ring never ends by itself, and to seal it.
    producer: InputProducer,
    matcher: Option<JoinHandle<(Exchange, Writer)>>,
}

impl BareRuntime {
    /// The outlet must be polled, or dropped: the matcher waits for it.
    pub fn start(
        exchange: Exchange,
        writer: Writer,
        settings: Settings,
    ) -> Result<(Self, Outlet), StartError> {
        Self::start_with(exchange, writer, settings, Checkpoints::new(DigestSlip::new()))
    }

    pub(super) fn start_with(
        exchange: Exchange,
        writer: Writer,
        settings: Settings,
        checkpoints: Checkpoints,
    ) -> Result<(Self, Outlet), StartError> {
        check_slots("input", settings.input_slots)?;
        check_slots("output", settings.output_slots)?;
        let applied = exchange.applied();
        let real_time = RealTime::start(applied.time_ns);
        let sequence = applied.sequence.0;
        let shared = Arc::new(Shared::new(settings, real_time, writer.positions(), sequence));
        let (producer, input) = ring::input(settings.input_slots);
        let (output_producer, output) = ring::output(settings.output_slots);
        let outbox = Outbox::new(output_producer, Arc::clone(&shared));
        let sequencer = Sequencer::new(exchange, writer, outbox);
        let matcher = Matcher::new(sequencer, checkpoints, Arc::clone(&shared));
        let matcher = stage::spawn("matcher", settings.pin, || matcher.run(input))?;
        let monitor = Monitor::new(Arc::clone(&shared), producer.clone());
        let outlet = Outlet::new(output, Arc::clone(&shared));
        Ok((Self { shared, monitor, producer, matcher: Some(matcher) }, outlet))
    }

    pub fn ingress(&self) -> Ingress {
        Ingress::new(self.producer.clone(), Arc::clone(&self.shared))
    }

    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Finishes what is in the ring. From now on every ingress answers `Busy`. The journal is
    /// not closed.
    pub fn stop(mut self) -> Result<(Exchange, Writer), StopError> {
        let state = self.join().expect("only stop and drop take the matcher");
        match self.shared.failure() {
            Some(reason) => Err(StopError::Failed { reason }),
            None => Ok(state),
        }
    }

    fn join(&mut self) -> Option<(Exchange, Writer)> {
        let matcher = self.matcher.take()?;
        self.seal();
        Some(matcher.join().expect("a stage that panics aborts the process"))
    }

    /// Takes every slot of the empty input ring at once. The matcher does not give them back, so
    /// a command is either before the seal and decided, or was answered `Busy`.
    fn seal(&mut self) {
        self.shared.is_open.store(false, Ordering::Relaxed);
        let slots = self.shared.settings.input_slots;
        while self.producer.try_batch_publish(slots, |slots| slots.for_each(Slot::seal)).is_err() {
            if self.shared.alarm.is_raised() {
                return;
            }
            thread::sleep(SEAL_INTERVAL);
        }
        self.shared.matcher_bell.ring();
    }
}

impl Drop for BareRuntime {
    fn drop(&mut self) {
        self.join();
    }
}

fn check_slots(ring: &'static str, slots: usize) -> Result<(), StartError> {
    match slots.is_power_of_two() && slots >= SLOTS_MIN {
        true => Ok(()),
        false => Err(StartError::Slots { ring, slots }),
    }
}
