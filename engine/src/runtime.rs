//! Rings, threads and the gate. Commands enter through `Ingress`; one pinned thread stamps,
//! journals and decides them; nothing leaves before its command has reached the ack mode.
//!
//! ```text
//!   Ingress -> input ring -> Matcher{Sequencer, Outbox} -> output ring -> Outlet -> Projector
//!                               | journal::Writer             journal::Positions -^ (the gate)
//! ```

mod alarm;
mod bare;
mod bell;
mod checkpoints;
mod ingress;
mod latency;
mod matcher;
mod monitor;
mod outbox;
mod outlet;
mod output;
mod pause;
mod projector;
mod ring;
mod sequencer;
mod shared;
mod shared_views;
mod stage;
#[cfg(test)]
mod tests;
mod time;

use std::thread::JoinHandle;

use journal::Writer;
use orison_core::Exchange;
use thiserror::Error;

use crate::projection::Views;
use crate::witness::{self, Witness};

use checkpoints::{Checkpoints, DigestSlip};
use projector::Projector;
use ring::SLOTS_MIN;

pub use bare::BareRuntime;
pub use ingress::{Busy, Ingress};
pub use monitor::{Figures, Monitor, StageLatency};
pub use outlet::{Outlet, Polled};
pub use output::{Output, Publisher};
pub use shared_views::SharedViews;

/// A session's mark on a command, handed back with its events; neither journaled nor digested.
/// 0 is nobody's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Token(pub u64);

/// How a stage waits when there is nothing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// The matcher never gives its core away and makes no system call; the projector spins,
    /// yields, and naps for 50 us when idle.
    Spin,
    Yield,
    /// Spins a little, yields a little, parks after a millisecond of idleness.
    Backoff,
}

/// Where stamps come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Real time at start + monotonic; due clock commands are journaled by themselves.
    Real,
    /// Each command brings its own time; nothing happens by itself.
    Manual,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    pub wait: Wait,
    pub clock: Clock,
    /// Powers of two, at least 64. A full input ring answers `Busy`.
    pub input_slots: usize,
    pub output_slots: usize,
    /// The core to pin the matcher to, if that many are there.
    pub pin: Option<usize>,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        wait: Wait::Backoff,
        clock: Clock::Real,
        input_slots: 1 << 14,
        output_slots: 1 << 16,
        pin: None,
    };
}

/// What recovery hands over.
pub struct Parts {
    pub exchange: Exchange,
    pub views: Views,
    pub witness: Witness,
    pub writer: Writer,
}

#[derive(Debug, Error)]
pub enum StartError {
    #[error("{ring}_slots {slots}: allowed are powers of two from {SLOTS_MIN} on")]
    Slots { ring: &'static str, slots: usize },
    #[error("thread {name}: {source}")]
    Thread { name: &'static str, source: std::io::Error },
}

#[derive(Debug, Error)]
pub enum StopError {
    #[error("a stage had failed before: {reason}")]
    Failed { reason: String },
    #[error("closing the journal: {0}")]
    Close(#[from] journal::CloseError),
}

/// The whole: matcher, projector, views. Dropped without `stop`, it finishes what is in the ring
/// but leaves the journal unclosed, as a crash would.
pub struct Runtime {
    views: SharedViews,
    /// Some until stopped; the matcher ends before the projector does.
    bare: Option<BareRuntime>,
    projector: Option<JoinHandle<Witness>>,
    monitor: Monitor,
}

impl Runtime {
    pub fn start(
        parts: Parts,
        settings: Settings,
        publisher: impl Publisher,
    ) -> Result<Self, StartError> {
        let Parts { exchange, views, witness, writer } = parts;
        let slip = DigestSlip::new();
        let views = SharedViews::new(views);
        let (bare, outlet) =
            BareRuntime::start_with(exchange, writer, settings, Checkpoints::new(slip.clone()))?;
        let monitor = bare.monitor();
        let shared = outlet.shared();
        let for_projector = views.clone();
        let projector = move || {
            Projector { outlet, views: for_projector, witness, publisher, slip, shared }.run()
        };
        let projector = stage::spawn("projector", None, projector)?;
        Ok(Self { views, bare: Some(bare), projector: Some(projector), monitor })
    }

    pub fn ingress(&self) -> Ingress {
        self.bare.as_ref().expect("only stop and drop take the stages").ingress()
    }

    pub fn views(&self) -> SharedViews {
        self.views.clone()
    }

    /// Figures and failures for those who do not own the runtime.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    pub fn figures(&self) -> Figures {
        self.monitor.figures()
    }

    /// Set once a stage or the disk failed: nothing is acknowledged any more, the process must
    /// say why and exit non-zero.
    pub fn failure(&self) -> Option<String> {
        self.monitor.failure()
    }

    /// Finishes what is in the ring, closes the journal, hands back the state.
    /// From now on every ingress answers `Busy`.
    pub fn stop(mut self) -> Result<(Exchange, SharedViews), StopError> {
        let bare = self.bare.take().expect("only stop and drop take the stages");
        let stopped = bare.stop();
        let witness = self.join_projector().expect("only stop and drop take the stages");
        let (exchange, writer) = stopped?;
        if let Some(reason) = self.failure() {
            return Err(StopError::Failed { reason });
        }
        writer.close(witness::state_digest(&exchange), witness.digests().events)?;
        Ok((exchange, self.views.clone()))
    }

    fn join_projector(&mut self) -> Option<Witness> {
        let projector = self.projector.take()?;
        Some(projector.join().expect("a stage that panics aborts the process"))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        drop(self.bare.take());
        self.join_projector();
    }
}
