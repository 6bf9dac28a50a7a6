//! The runtime in numbers, for the ops page and `/metrics`. Reads what the stages leave behind;
//! it must never make one of them wait.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use disruptor::Producer;

use super::ring::InputProducer;
use super::shared::Shared;

/// Percentiles of a stage, nanoseconds; sampled, values 3 % wide.
#[derive(Clone, Debug)]
pub struct StageLatency {
    /// `queue`: from entry to being taken up. `decide`: a command's share of its batch, journaled
    /// and decided. `publish`: from its stamp until views and publisher have seen it.
    pub stage: &'static str,
    pub histogram: hdrhistogram::Histogram<u64>,
}

/// What the ops page and `/metrics` show. A manual clock has no latencies.
#[derive(Clone, Debug)]
pub struct Figures {
    pub input_slots: usize,
    pub input_used: usize,
    pub output_slots: usize,
    pub output_used: usize,
    pub sequence_matched: u64,
    pub sequence_journaled: u64,
    pub sequence_durable: u64,
    pub sequence_visible: u64,
    pub busy_total: u64,
    /// How often the matcher had to wait for a journal segment to be ready.
    pub segment_waits: u64,
    /// The disk has no room for another segment: new orders are refused.
    pub is_nearly_full: bool,
    /// None: it is not known.
    pub disk_free_bytes: Option<u64>,
    pub latencies: Vec<StageLatency>,
}

/// Outlives the runtime it was taken from.
#[derive(Clone)]
pub struct Monitor {
    shared: Arc<Shared>,
    probe: Arc<Mutex<InputProducer>>,
}

impl Monitor {
    pub(super) fn new(shared: Arc<Shared>, probe: InputProducer) -> Self {
        Self { shared, probe: Arc::new(Mutex::new(probe)) }
    }

    pub fn figures(&self) -> Figures {
        let Shared { settings, positions, matcher, projector, .. } = &*self.shared;
        let taken = matcher.inputs_taken.load(Ordering::Relaxed);
        let input_used = used(self.inputs_put(), taken, settings.input_slots);
        let outputs_taken = projector.outputs_taken.load(Ordering::Relaxed);
        let outputs_put = matcher.outputs_put.load(Ordering::Relaxed);
        let latencies = [
            ("queue", &matcher.queue),
            ("decide", &matcher.decide),
            ("publish", &projector.publish),
        ];
        Figures {
            input_slots: settings.input_slots,
            input_used,
            output_slots: settings.output_slots,
            output_used: used(outputs_put, outputs_taken, settings.output_slots),
            sequence_matched: matcher.matched.load(Ordering::Relaxed),
            sequence_journaled: positions.journaled(),
            sequence_durable: positions.durable(),
            sequence_visible: projector.visible.load(Ordering::Relaxed),
            busy_total: self.shared.busy_total.load(Ordering::Relaxed),
            segment_waits: positions.segment_waits(),
            is_nearly_full: positions.is_nearly_full(),
            disk_free_bytes: positions.disk_free_bytes(),
            latencies: latencies
                .map(|(stage, latency)| StageLatency { stage, histogram: latency.histogram() })
                .into(),
        }
    }

    /// The last sequence that views and publisher have seen whole; figures without the rest.
    pub fn sequence_visible(&self) -> u64 {
        self.shared.projector.visible.load(Ordering::Acquire)
    }

    /// The last command that is on the disk.
    pub fn sequence_durable(&self) -> u64 {
        self.shared.positions.durable()
    }

    /// Set once a stage or the disk failed: nothing is acknowledged any more, the process must
    /// say why and exit non-zero.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure()
    }

    /// Somebody beside the stages has found that nothing may be acknowledged any more.
    pub fn fail(&self, reason: &str) {
        self.shared.alarm.raise(reason.to_owned());
    }

    /// Called once, on the thread that finds the failure, or at once if there is one already.
    /// Within a quarter of a second even when nothing is going on.
    pub fn on_failure(&self, listener: impl FnOnce(&str) + Send + 'static) {
        self.shared.alarm.listen(Box::new(listener));
    }

    /// The ring itself knows how far it was claimed: an empty batch is told.
    fn inputs_put(&self) -> i64 {
        let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        probe.try_batch_publish(0, |_| {}).map_or(0, |last| last + 1)
    }
}

/// Two positions that were not read at the same moment.
fn used(put: i64, taken: i64, slots: usize) -> usize {
    usize::try_from(put - taken).unwrap_or(0).min(slots)
}
