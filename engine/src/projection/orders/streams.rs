//! The private event stream of each account: what it was told, in order, bounded by account and
//! over all accounts, and resumable by sequence.

use orison_core::{AccountId, Event, Stamp};

use super::AccountEvent;
use super::quota::Quota;
use crate::projection::ViewLimits;
use crate::projection::dense::Dense;
use crate::projection::history::{History, Sequenced};
use crate::projection::trades::Resume;

pub(super) struct Streams {
    events_max: usize,
    streams: Dense<AccountId, Stream>,
    quota: Quota,
    fresh: Vec<(AccountId, AccountEvent)>,
}

struct Stream {
    events: History<AccountEvent>,
    /// Outlives the events: the command that last told the account anything.
    last_sequence: u64,
}

impl Sequenced for AccountEvent {
    fn sequence(&self) -> u64 {
        self.stamp.sequence.0
    }
}

impl Streams {
    pub(super) fn new(limits: &ViewLimits) -> Self {
        Self {
            events_max: limits.account_events_max,
            streams: Dense::new(),
            quota: Quota::new(limits.account_events_total_max),
            fresh: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self) {
        self.fresh.clear();
    }

    pub(super) fn tell(
        &mut self,
        account: AccountId,
        stamp: Stamp,
        index: u32,
        event: Event,
    ) -> AccountEvent {
        if let Some(other) = self.quota.enter(account)
            && let Some(stream) = self.streams.get_mut(other)
        {
            stream.events.forget_oldest();
        }
        let events_max = self.events_max;
        let stream = self
            .streams
            .entry(account, || Stream { events: History::new(events_max), last_sequence: 0 });
        let told = AccountEvent { stamp, index, previous_sequence: stream.last_sequence, event };
        stream.last_sequence = stamp.sequence.0;
        if stream.events.push(told) {
            self.quota.drop_oldest(account);
        }
        self.fresh.push((account, told));
        told
    }

    pub(super) fn since(
        &self,
        account: AccountId,
        sequence: u64,
    ) -> Resume<impl DoubleEndedIterator<Item = &AccountEvent> + '_> {
        match self.streams.get(account).map(|stream| stream.events.since(sequence)) {
            Some(Resume::From(events)) => Resume::From(Some(events).into_iter().flatten()),
            Some(Resume::TooOld { oldest }) => Resume::TooOld { oldest },
            None => Resume::From(None.into_iter().flatten()),
        }
    }

    pub(super) fn fresh(&self) -> &[(AccountId, AccountEvent)] {
        &self.fresh
    }
}
