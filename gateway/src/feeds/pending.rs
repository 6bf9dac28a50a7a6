//! The one pending update of a connection's subscription, as a state machine without clock or
//! socket. The set is read when the request leaves, after debounce and rate limit: what is
//! registered while it waits is in it. The generation says whether what was sent is the last word.
//!
//! ```text
//!  Idle --changed--> Settling(100 ms) --time--> Queued --sent, nothing newer--> Idle
//!    ^ opened anew: Queued, with nothing sent      |  ^--sent, a newer generation: again
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::topic::Topic;
use super::wanted::Set;

/// How long more changes are collected after the first.
pub const DEBOUNCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Pending {
    state: State,
    /// What the venue was asked for on this connection.
    sent: Set,
    generation_sent: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Settling { until: Instant },
    Queued { since: Instant },
}

/// As `/api/v1/feeds` shows it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema, Debug)]
#[serde(rename_all = "snake_case")]
pub enum PendingState {
    Idle,
    Settling,
    Queued,
}

impl Pending {
    pub(super) fn new() -> Self {
        Self { state: State::Idle, sent: Set::default(), generation_sent: 0 }
    }

    /// The merged set has moved. An update that is under way takes it along.
    pub(super) fn changed(&mut self, now: Instant) {
        match self.state {
            State::Idle => self.state = State::Settling { until: now + DEBOUNCE },
            State::Settling { .. } | State::Queued { .. } => {}
        }
    }

    /// A new connection, on which nothing was asked for: the whole set is due.
    pub(super) fn opened(&mut self, now: Instant) {
        self.sent = Arc::new(BTreeSet::new());
        match self.state {
            State::Idle => self.state = State::Queued { since: now },
            State::Settling { .. } | State::Queued { .. } => {}
        }
    }

    /// Since when a request is ready to leave; None: none is.
    pub(super) fn queued_since(&mut self, now: Instant) -> Option<Instant> {
        if let State::Settling { until } = self.state
            && until <= now
        {
            self.state = State::Queued { since: until };
        }
        match self.state {
            State::Queued { since } => Some(since),
            State::Idle | State::Settling { .. } => None,
        }
    }

    /// When the debounce ends.
    pub(super) fn settles_at(&self) -> Option<Instant> {
        match self.state {
            State::Settling { until } => Some(until),
            State::Idle | State::Queued { .. } => None,
        }
    }

    pub(super) fn sent(&self) -> &BTreeSet<Topic> {
        &self.sent
    }

    pub(super) fn generation_sent(&self) -> u64 {
        self.generation_sent
    }

    /// A request has left after which the venue carries `sent`; more may be due.
    pub(super) fn on_sent(&mut self, sent: BTreeSet<Topic>, now: Instant) {
        self.sent = Arc::new(sent);
        self.state = State::Queued { since: now };
    }

    /// The venue does not carry all that it was sent; more may be due.
    pub(super) fn refused(&mut self, left: BTreeSet<Topic>, now: Instant) {
        self.on_sent(left, now);
    }

    /// Another connection carries on, which was asked for `sent`; more may be due.
    pub(super) fn taken_over(&mut self, sent: BTreeSet<Topic>, now: Instant) {
        self.on_sent(sent, now);
    }

    /// More may be due.
    pub(super) fn again(&mut self, now: Instant) {
        if self.state == State::Idle {
            self.state = State::Queued { since: now };
        }
    }

    /// The venue carries the set of this generation: there is nothing to send.
    pub(super) fn settled(&mut self, generation: u64) {
        self.generation_sent = generation;
        self.state = State::Idle;
    }

    pub(super) fn status(&self) -> PendingState {
        match self.state {
            State::Idle => PendingState::Idle,
            State::Settling { .. } => PendingState::Settling,
            State::Queued { .. } => PendingState::Queued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_come_together_settle_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pending = Pending::new();
        for ms in [0, 1, 5, 15] {
            pending.changed(at(ms));
        }
        assert_eq!(pending.settles_at(), Some(at(100)), "counted from the first");
        assert_eq!(pending.queued_since(at(99)), None);
        assert_eq!(pending.queued_since(at(100)), Some(at(100)));
        pending.changed(at(101));
        assert_eq!(pending.queued_since(at(102)), Some(at(100)), "taken along");
        pending.on_sent(BTreeSet::new(), at(103));
        assert_eq!(pending.queued_since(at(103)), Some(at(103)), "the last word is checked");
        pending.settled(7);
        assert_eq!((pending.queued_since(at(200)), pending.generation_sent()), (None, 7));
    }

    #[test]
    fn a_new_connection_has_been_asked_for_nothing() {
        let start = Instant::now();
        let topic: Topic = "binance:ticker:BTCUSDT".parse().unwrap();
        let mut pending = Pending::new();
        pending.on_sent([topic].into(), start);
        pending.settled(1);
        pending.opened(start);
        assert!(pending.sent().is_empty());
        assert_eq!(pending.queued_since(start), Some(start), "without a debounce");
        let mut settling = Pending::new();
        settling.changed(start);
        settling.opened(start);
        assert_eq!(settling.queued_since(start), None, "the debounce goes on");
    }
}
