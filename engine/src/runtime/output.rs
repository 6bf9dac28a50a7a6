//! What leaves the matcher: one event in a slot of the output ring, or the answer to a check,
//! and who listens to it.
//! It must not know rings or threads.

use orison_core::event::{Op, Rejected};
use orison_core::{
    AccountId, ClientOrderId, Event, InstrumentId, OrderId, Reason, Sequence, Stamp,
};

use super::Token;
use crate::projection::Views;

/// One event on its way out, as the output ring carries it: two cache lines.
///
/// ```text
///   0       8                             16         24
///  +-------+-----------------------------+----------+-----------------+
///  | token | last 1 | check 1 | sequence | time ns  | event       104 |
///  +-------+-----------------------------+----------+-----------------+
/// ```
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Output {
    token: Token,
    /// The top bit marks the last event of its command, the next one the answer to a check.
    sequence_and_marks: u64,
    time_ns: u64,
    event: Event,
}

const _: () = assert!(size_of::<Output>() == 128);

const LAST: u64 = 1 << 63;
const CHECK: u64 = 1 << 62;

impl Output {
    /// What a slot holds before its first event.
    pub(super) const EMPTY: Self =
        Self { token: Token(0), sequence_and_marks: 0, time_ns: 0, event: Event::Done };

    #[inline]
    pub(super) fn new(token: Token, stamp: Stamp, event: &Event) -> Self {
        let sequence = stamp.sequence.0;
        Self { token, sequence_and_marks: sequence, time_ns: stamp.time_ns, event: *event }
    }

    /// `at` is the last command that the check saw; the answer is not seen before its events.
    pub(super) fn verdict(token: Token, at: Stamp, verdict: Result<(), Reason>) -> Self {
        let event = match verdict {
            Ok(()) => Event::Done,
            Err(reason) => Event::Rejected(Rejected {
                op: Op::New,
                reason,
                account: AccountId::default(),
                instrument: InstrumentId::default(),
                order: OrderId::default(),
                client_order_id: ClientOrderId::EMPTY,
            }),
        };
        let sequence_and_marks = at.sequence.0 | CHECK;
        Self { token, sequence_and_marks, time_ns: at.time_ns, event }
    }

    #[inline]
    pub(super) fn mark_last(&mut self) {
        self.sequence_and_marks |= LAST;
    }

    #[inline]
    pub(super) fn sequence(&self) -> u64 {
        self.sequence_and_marks & !(LAST | CHECK)
    }

    #[inline]
    pub fn token(&self) -> Token {
        self.token
    }

    #[inline]
    pub fn stamp(&self) -> Stamp {
        Stamp { sequence: Sequence(self.sequence()), time_ns: self.time_ns }
    }

    #[inline]
    pub fn is_last(&self) -> bool {
        self.sequence_and_marks & LAST != 0
    }

    /// Not an event: what a check came to. `Done`: nothing speaks against the command.
    #[inline]
    pub fn is_verdict(&self) -> bool {
        self.sequence_and_marks & CHECK != 0
    }

    #[inline]
    pub fn event(&self) -> &Event {
        &self.event
    }
}

/// What listens to the projector: called on its thread, in order, only with what has reached the
/// ack mode. Must be quick and must not lock the views itself: they are locked for writing.
pub trait Publisher: Send + 'static {
    /// `index` counts the events of a command from 0; `views` already include this event but the
    /// command may not be complete.
    fn on_event(&mut self, output: &Output, index: u32, views: &Views);
    /// The command is complete and the views show it.
    fn on_end(&mut self, token: Token, stamp: Stamp, views: &Views);
    /// What a check came to, between two commands: its stamp is that of the last one it saw.
    fn on_verdict(&mut self, _verdict: &Output) {}
    /// Nothing more is waiting right now, or what waits has not reached the disk: time to wake
    /// whoever was written to. The views are not locked.
    fn on_idle(&mut self) {}
}
