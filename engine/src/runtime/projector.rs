//! The thread that turns events into views, and tells the publisher: each command whole, and
//! only once it has reached the ack mode. It must not know the book or the input ring.
//! In: outputs through the outlet. Out: views, publisher calls, digests for checkpoints.

use std::sync::Arc;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::Ordering;

use super::checkpoints::DigestSlip;
use super::outlet::{Outlet, Polled};
use super::pause::{LOOK_UP, Manner, Pause, Round};
use super::shared::Shared;
use super::shared_views::SharedViews;
use super::{Clock, Output, Publisher};
use crate::projection::Views;
use crate::witness::Witness;

/// Every 64th command is timed from its stamp until the publisher has been told.
const TIMED_EVERY: u64 = 64;

pub(super) struct Projector<P> {
    pub(super) outlet: Outlet,
    pub(super) views: SharedViews,
    pub(super) witness: Witness,
    pub(super) publisher: P,
    pub(super) slip: DigestSlip,
    pub(super) shared: Arc<Shared>,
}

impl<P: Publisher> Projector<P> {
    /// Until the output ring has ended or something failed.
    pub(super) fn run(self) -> Witness {
        let Self { mut outlet, views, witness, publisher, slip, shared } = self;
        let manner = Manner::of_projector(shared.settings.wait);
        let mut pause = Pause::new(manner);
        let mut stage = Stage {
            views: &views,
            locked: None,
            index: 0,
            witness,
            publisher,
            is_told: true,
            slip,
            shared: &shared,
        };
        loop {
            match outlet.poll(|output| stage.on_output(output)) {
                Polled::Outputs { .. } => {
                    stage.after_batch();
                    pause.reset();
                }
                Polled::Empty => {
                    stage.before_wait();
                    pause.wait(&shared.projector_bell, LOOK_UP, || outlet.has_more());
                }
                Polled::Unreached { sequence } => {
                    stage.before_wait();
                    if pause.round() == Round::Block {
                        // A failure ends this wait too; the next poll sees it.
                        shared.positions.wait_durable(sequence).ok();
                    }
                }
                Polled::Ended | Polled::Failed => break,
            }
        }
        stage.before_wait();
        stage.witness
    }
}

struct Stage<'a, P> {
    views: &'a SharedViews,
    /// Held while there is something to do, and always in the middle of a command.
    locked: Option<RwLockWriteGuard<'a, Views>>,
    /// Events of the current command so far.
    index: u32,
    witness: Witness,
    publisher: P,
    /// Whether the publisher knows that it may rest.
    is_told: bool,
    slip: DigestSlip,
    shared: &'a Shared,
}

impl<P: Publisher> Stage<'_, P> {
    #[inline]
    fn on_output(&mut self, output: &Output) {
        if output.is_verdict() {
            self.publisher.on_verdict(output);
            return;
        }
        let views = self.locked.get_or_insert_with(|| self.views.write());
        let (stamp, event) = (output.stamp(), output.event());
        views.on_event(stamp, self.index, event);
        self.witness.on_event(stamp, event);
        self.publisher.on_event(output, self.index, views);
        self.index += 1;
        if output.is_last() {
            views.on_end(stamp);
            self.witness.on_end(stamp);
            self.publisher.on_end(output.token(), stamp, views);
            self.index = 0;
            self.after_command(stamp.sequence.0, stamp.time_ns);
        }
    }

    #[inline]
    fn after_command(&mut self, sequence: u64, time_ns: u64) {
        self.shared.projector.visible.store(sequence, Ordering::Release);
        if DigestSlip::is_due(sequence) {
            self.slip.hand_over(self.witness.digests());
        }
        if sequence.is_multiple_of(TIMED_EVERY) && self.shared.settings.clock == Clock::Real {
            let took_ns = self.shared.real_time.now_ns().saturating_sub(time_ns);
            self.shared.projector.publish.record(took_ns);
        }
    }

    /// The lock goes back, unless a command is half told.
    #[inline]
    fn after_batch(&mut self) {
        self.is_told = false;
        if self.index == 0 {
            self.locked = None;
            self.views.let_readers_in();
        }
    }

    fn before_wait(&mut self) {
        if !self.is_told && self.index == 0 {
            self.publisher.on_idle();
            self.is_told = true;
        }
    }
}
