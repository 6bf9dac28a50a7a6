//! Rings, threads and the gate. Commands enter through `Ingress`; one pinned thread stamps,
//! journals and decides them; nothing leaves before its command has reached the ack mode.

use std::sync::Arc;
use std::sync::{RwLock, RwLockReadGuard};

use orison_core::{Command, Event, Exchange, Stamp};
use thiserror::Error;

use crate::projection::Views;
use crate::witness::Witness;

/// A session's mark on a command, handed back with its events; neither journaled nor digested.
/// 0 is nobody's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Token(pub u64);

/// How a stage waits when there is nothing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Never gives its core away, makes no system call.
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
    /// Powers of two. A full input ring answers `Busy`.
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

/// One event on its way out, as the output ring carries it: 128 bytes.
#[derive(Clone, Copy)]
pub struct Output {
    token: Token,
    /// The top bit marks the last event of its command.
    sequence_and_last: u64,
    time_ns: u64,
    event: Event,
}

const _: () = assert!(size_of::<Output>() == 128);

impl Output {
    pub fn token(&self) -> Token {
        self.token
    }
    pub fn stamp(&self) -> Stamp {
        todo!()
    }
    pub fn is_last(&self) -> bool {
        self.sequence_and_last >> 63 == 1
    }
    pub fn event(&self) -> &Event {
        let _ = self.time_ns;
        &self.event
    }
}

/// What listens to the projector: called on its thread, in order, only with what has reached the
/// ack mode. Must be quick and must not lock the views itself.
pub trait Publisher: Send + 'static {
    /// `index` counts the events of a command from 0; `views` already include this event but the
    /// command may not be complete.
    fn on_event(&mut self, output: &Output, index: u32, views: &Views);
    /// The command is complete and the views show it.
    fn on_end(&mut self, token: Token, stamp: Stamp, views: &Views);
    /// Nothing more is waiting right now: time to wake whoever was written to.
    fn on_idle(&mut self) {}
}

/// What recovery hands over.
pub struct Parts {
    pub exchange: Exchange,
    pub views: Views,
    pub witness: Witness,
    pub writer: journal::Writer,
}

#[derive(Debug, Error)]
pub enum StartError {
    #[error("thread {name}: {source}")]
    Thread { name: &'static str, source: std::io::Error },
}

#[derive(Debug, Error)]
pub enum StopError {
    #[error("a stage had failed before: {reason}")]
    Failed { reason: String },
}

/// The input ring is full; nothing was entered.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the input ring is full")]
pub struct Busy;

/// The way in. Cloned for each session; never blocks.
#[derive(Clone)]
pub struct Ingress {}

impl Ingress {
    pub fn submit(&mut self, _token: Token, _command: &Command) -> Result<(), Busy> {
        todo!()
    }
    /// For a manual clock.
    pub fn submit_at(
        &mut self,
        _token: Token,
        _time_ns: u64,
        _command: &Command,
    ) -> Result<(), Busy> {
        todo!()
    }
}

/// Read access to the views; held shortly.
#[derive(Clone)]
pub struct SharedViews(Arc<RwLock<Views>>);

impl SharedViews {
    pub fn read(&self) -> RwLockReadGuard<'_, Views> {
        self.0.read().expect("the projector aborts the process rather than poison its views")
    }
}

/// Percentiles of a stage, nanoseconds.
#[derive(Clone, Debug)]
pub struct StageLatency {
    pub stage: &'static str,
    pub histogram: hdrhistogram::Histogram<u64>,
}

/// What the ops page and `/metrics` show.
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
    pub latencies: Vec<StageLatency>,
}

pub struct Runtime {}

impl Runtime {
    pub fn start(
        _parts: Parts,
        _settings: Settings,
        _publisher: impl Publisher,
    ) -> Result<Self, StartError> {
        todo!()
    }
    pub fn ingress(&self) -> Ingress {
        todo!()
    }
    pub fn views(&self) -> SharedViews {
        todo!()
    }
    pub fn figures(&self) -> Figures {
        todo!()
    }
    /// Set once a stage or the disk failed: nothing is acknowledged any more, the process must
    /// say why and exit non-zero.
    pub fn failure(&self) -> Option<String> {
        todo!()
    }
    /// Finishes what is in the ring, closes the journal, hands back the state.
    pub fn stop(self) -> Result<(Exchange, Views), StopError> {
        todo!()
    }
}
