//! The private event stream of each account: what it was told, in order, and resumable by
//! sequence. All accounts share one ring, where each event knows the account's one before it: to
//! tell something costs one place at the ring's end, to resume costs the events that are read.

use orison_core::AccountId;

use super::{AccountEvent, Heard};
use crate::projection::dense::Dense;
use crate::projection::trades::Resume;
use crate::projection::{ViewLimits, begin_news};

pub(super) struct Streams {
    /// The last events of all accounts; once full, the oldest is written over.
    ring: Vec<Told>,
    ring_max: usize,
    events_per_account_max: usize,
    /// Events ever told.
    told: u64,
    heads: Dense<AccountId, Head>,
    fresh: Vec<(AccountId, AccountEvent)>,
}

struct Told {
    event: AccountEvent,
    /// The number of the account's event before this one.
    older: u64,
}

/// Where the stream of an account ends.
#[derive(Clone, Copy, Default)]
struct Head {
    /// Number of its newest event, counted from 1 over all accounts; 0: it was told nothing.
    newest: u64,
    sequence: u64,
}

impl Streams {
    pub(super) fn new(limits: &ViewLimits) -> Self {
        assert!(limits.account_events_total_max > 0, "a ring has places");
        Self {
            ring: Vec::new(),
            ring_max: limits.account_events_total_max,
            events_per_account_max: limits.account_events_max,
            told: 0,
            heads: Dense::new(),
            fresh: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self) {
        begin_news(&mut self.fresh);
    }

    pub(super) fn tell(&mut self, account: AccountId, heard: Heard<'_>) -> &AccountEvent {
        let Heard { stamp, index, event } = heard;
        let head = self.heads.entry(account, Head::default);
        let event = AccountEvent { stamp, index, previous_sequence: head.sequence, event: *event };
        let told = Told { event, older: head.newest };
        if self.ring.len() < self.ring_max {
            self.ring.push(told);
        } else {
            self.ring[(self.told % self.ring_max as u64) as usize] = told;
        }
        self.told += 1;
        *head = Head { newest: self.told, sequence: stamp.sequence.0 };
        self.fresh.push((account, event));
        &self.fresh[self.fresh.len() - 1].1
    }

    /// None: never told, or written over.
    fn get(&self, number: u64) -> Option<&Told> {
        let is_kept = number > 0 && self.told - number < self.ring_max as u64;
        is_kept.then(|| &self.ring[((number - 1) % self.ring_max as u64) as usize])
    }

    pub(super) fn since(
        &self,
        account: AccountId,
        sequence: u64,
    ) -> Resume<impl DoubleEndedIterator<Item = &AccountEvent> + '_> {
        let head = self.heads.get(account).copied().unwrap_or_default();
        let (mut number, mut newest_left) = (head.newest, head.sequence);
        let mut found = Vec::new();
        while newest_left >= sequence && found.len() < self.events_per_account_max {
            let Some(told) = self.get(number) else { break };
            found.push(&told.event);
            (number, newest_left) = (told.older, told.event.previous_sequence);
        }
        if newest_left >= sequence && newest_left > 0 {
            return Resume::TooOld { oldest: newest_left + 1 };
        }
        Resume::From(found.into_iter().rev())
    }

    pub(super) fn fresh(&self) -> &[(AccountId, AccountEvent)] {
        &self.fresh
    }
}

orison_core::stored! {
    Told { event, older }
    Head { newest, sequence }
    Streams { ring, ring_max, events_per_account_max, told, heads, fresh }
}
