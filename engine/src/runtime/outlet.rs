//! The gated end of the output ring: `visible = min(matched, reached)`. Whatever reads events
//! reads them here, so nothing is seen before its command has reached the ack mode.
//! It must not know views. In: the output ring and the journal's positions. Out: outputs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use disruptor::Polling;

use super::Output;
use super::Wait;
use super::ring::OutputPoller;
use super::shared::Shared;

/// Outputs handled before their slots go back: the matcher never waits for more than these.
const BATCH_MAX: u64 = 256;

/// Without a projector: the caller polls the events itself. Dropping it lets the matcher go on
/// without a reader.
pub struct Outlet {
    poller: OutputPoller,
    shared: Arc<Shared>,
    /// Everything up to here may be seen.
    reached: u64,
    taken: i64,
}

/// What a look at the output ring found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Polled {
    Outputs {
        count: usize,
    },
    /// Everything that was decided has been seen.
    Empty,
    /// There is more, but its command has not reached the ack mode.
    Unreached {
        sequence: u64,
    },
    /// The runtime stopped and its last event has been seen.
    Ended,
    /// The journal or a stage failed: nothing will be seen any more.
    Failed,
}

impl Outlet {
    pub(super) fn new(poller: OutputPoller, shared: Arc<Shared>) -> Self {
        Self { poller, shared, reached: 0, taken: 0 }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Hands on what may be seen, at most 256 outputs, in order; never waits.
    #[inline]
    pub fn poll(&mut self, mut handle: impl FnMut(&Output)) -> Polled {
        let Self { poller, shared, reached, .. } = self;
        let mut outputs = match poller.take(BATCH_MAX) {
            Ok(outputs) => outputs,
            Err(_) if shared.has_failed() => return Polled::Failed,
            Err(Polling::NoEvents) => return Polled::Empty,
            Err(Polling::Shutdown) => return Polled::Ended,
        };
        if shared.has_failed() {
            std::mem::forget(outputs);
            return Polled::Failed;
        }
        let mut count = 0;
        for output in &mut outputs {
            if output.sequence() > *reached {
                *reached = shared.positions.reached();
                if output.sequence() > *reached {
                    let sequence = output.sequence();
                    // Only what was handed on is given back: a dropped guard gives back all.
                    std::mem::forget(outputs);
                    return self.give_back_part(count, sequence);
                }
            }
            handle(output);
            count += 1;
        }
        drop(outputs);
        self.gave_back(count);
        Polled::Outputs { count }
    }

    fn give_back_part(&mut self, count: usize, sequence: u64) -> Polled {
        if count == 0 {
            return Polled::Unreached { sequence };
        }
        drop(self.poller.take(count as u64));
        self.gave_back(count);
        Polled::Outputs { count }
    }

    #[inline]
    fn gave_back(&mut self, count: usize) {
        self.taken += count as i64;
        self.shared.projector.outputs_taken.store(self.taken, Ordering::Release);
        if self.shared.settings.wait == Wait::Backoff {
            self.shared.matcher_bell.ring();
        }
    }

    /// Whether `poll` would find something, the end included.
    pub(super) fn has_more(&self) -> bool {
        self.poller.has_available() || self.shared.is_drained.load(Ordering::Acquire)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.shared.is_unread.store(true, Ordering::Release);
        self.shared.matcher_bell.ring();
    }
}
