//! What the threads of one runtime share: flags, positions and bells, each written by one side.
//! It must not own state that decides anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

use crossbeam::utils::CachePadded;
use journal::Positions;

use super::Settings;
use super::alarm::Alarm;
use super::bell::Bell;
use super::latency::Latency;
use super::time::RealTime;

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) real_time: RealTime,
    pub(super) positions: Arc<Positions>,
    pub(super) alarm: Alarm,
    /// Whether commands may be entered. A hint that empties the ring; what closes it is its seal.
    pub(super) is_open: AtomicBool,
    /// The matcher has put its last event into the output ring.
    pub(super) is_drained: AtomicBool,
    /// Nobody reads the output ring any more.
    pub(super) is_unread: AtomicBool,
    pub(super) busy_total: CachePadded<AtomicU64>,
    pub(super) matcher: CachePadded<MatcherMarks>,
    pub(super) projector: CachePadded<ProjectorMarks>,
    pub(super) matcher_bell: Bell,
    pub(super) projector_bell: Bell,
}

/// Written by the matcher alone, once a batch.
pub(super) struct MatcherMarks {
    /// The last sequence whose events are all in the output ring.
    pub(super) matched: AtomicU64,
    /// Slots of the input ring taken so far.
    pub(super) inputs_taken: AtomicI64,
    /// Slots of the output ring filled so far.
    pub(super) outputs_put: AtomicI64,
    /// From entry to being taken up; every 64th command.
    pub(super) queue: Latency,
    /// A command's share of its batch, journaled and decided; every 16th batch.
    pub(super) decide: Latency,
}

/// Written by the projector alone.
pub(super) struct ProjectorMarks {
    /// The last sequence that views and publisher have seen whole.
    pub(super) visible: AtomicU64,
    /// Slots of the output ring given back so far.
    pub(super) outputs_taken: AtomicI64,
    /// From the stamp until views and publisher have seen the command; every 64th command.
    pub(super) publish: Latency,
}

impl Shared {
    pub(super) fn new(
        settings: Settings,
        real_time: RealTime,
        positions: Arc<Positions>,
        sequence: u64,
    ) -> Self {
        Self {
            settings,
            real_time,
            positions,
            alarm: Alarm::default(),
            is_open: AtomicBool::new(true),
            is_drained: AtomicBool::new(false),
            is_unread: AtomicBool::new(false),
            busy_total: CachePadded::new(AtomicU64::new(0)),
            matcher: CachePadded::new(MatcherMarks {
                matched: AtomicU64::new(sequence),
                inputs_taken: AtomicI64::new(0),
                outputs_put: AtomicI64::new(0),
                queue: Latency::new(),
                decide: Latency::new(),
            }),
            projector: CachePadded::new(ProjectorMarks {
                visible: AtomicU64::new(sequence),
                outputs_taken: AtomicI64::new(0),
                publish: Latency::new(),
            }),
            matcher_bell: Bell::new(),
            projector_bell: Bell::new(),
        }
    }

    #[inline]
    pub(super) fn has_failed(&self) -> bool {
        self.alarm.is_raised() || self.positions.has_failed()
    }

    /// Why nothing is acknowledged any more: a stage said so, or the journal does.
    pub(super) fn failure(&self) -> Option<String> {
        match self.alarm.reason() {
            Some(reason) => Some(reason.to_string()),
            None => self.positions.failed().map(|failure| failure.to_string()),
        }
    }
}
