//! What happened to one order: a bounded list that keeps its first entry and the newest. It reads
//! as a slice. Dropping the oldest but one costs one copy: the list lies at the end of a longer
//! buffer, and its first entry moves over the one that goes.

use std::ops::Deref;

use orison_core::snapshot::{Input, Output, Stored, Unreadable};

use super::AccountEvent;

#[derive(Clone, Default)]
pub struct LifeEvents {
    buffer: Vec<AccountEvent>,
    /// Where the list begins.
    start: usize,
}

/// Room that a list begins with.
const BEGUN_MAX: usize = 2;
/// Buffers longer than this are not kept for the next order.
const RECYCLED_MAX: usize = 4;

impl LifeEvents {
    pub(super) fn push(&mut self, event: AccountEvent, events_max: usize) {
        assert!(events_max > 1, "the first event and the newest are kept");
        if self.len() == events_max {
            self.buffer[self.start + 1] = self.buffer[self.start];
            self.start += 1;
            if self.start == events_max {
                self.buffer.drain(..self.start);
                self.start = 0;
            }
        }
        if self.buffer.len() == self.buffer.capacity() {
            // Most orders are entered and end: two events. A buffer is at most twice its list.
            let length = self.buffer.len();
            self.buffer.reserve_exact(length.max(BEGUN_MAX).min(2 * events_max - length));
        }
        self.buffer.push(event);
    }

    /// Empty again, with what memory is worth keeping.
    pub(super) fn recycle(&mut self) {
        self.start = 0;
        self.buffer.clear();
        if self.buffer.capacity() > RECYCLED_MAX {
            self.buffer = Vec::new();
        }
    }
}

impl Deref for LifeEvents {
    type Target = [AccountEvent];

    fn deref(&self) -> &[AccountEvent] {
        &self.buffer[self.start..]
    }
}

impl From<Vec<AccountEvent>> for LifeEvents {
    fn from(buffer: Vec<AccountEvent>) -> Self {
        Self { buffer, start: 0 }
    }
}

impl PartialEq for LifeEvents {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for LifeEvents {}

impl std::fmt::Debug for LifeEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&**self, f)
    }
}

impl<'a> IntoIterator for &'a LifeEvents {
    type Item = &'a AccountEvent;
    type IntoIter = std::slice::Iter<'a, AccountEvent>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The buffer, then where the list begins.
impl Stored for LifeEvents {
    fn store(&self, to: &mut Output<'_>) {
        let Self { buffer, start } = self;
        buffer.store(to);
        start.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        // With room for what comes next, as it had: the next event of most orders is their end.
        let mut buffer = Vec::with_capacity(BEGUN_MAX);
        buffer.restore(from)?;
        Ok(Self { buffer, start: Stored::load(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orison_core::{Event, Sequence, Stamp};

    #[test]
    fn the_first_event_and_the_newest_stay() {
        let event = |sequence| AccountEvent {
            stamp: Stamp { sequence: Sequence(sequence), time_ns: 0 },
            index: 0,
            previous_sequence: sequence - 1,
            event: Event::Done,
        };
        for events_max in [2, 3, 7, 64] {
            let (mut life, mut naive) = (LifeEvents::default(), Vec::new());
            for sequence in 1..=500 {
                life.push(event(sequence), events_max);
                naive.push(event(sequence));
                if naive.len() > events_max {
                    naive.remove(1);
                }
                assert_eq!(life, naive.clone().into());
                assert!(life.buffer.capacity() <= 2 * events_max.max(2));
            }
            life.recycle();
            assert_eq!(life, LifeEvents::default());
        }
    }
}
