//! The last things heard, so that what is said twice is noticed: after a reconnect a venue repeats
//! itself, and two streams may carry the same event.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct Recent<T> {
    room: usize,
    order: VecDeque<T>,
    known: HashSet<T>,
}

impl<T: Hash + Eq + Clone> Recent<T> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, order: VecDeque::new(), known: HashSet::new() }
    }

    /// Was it not among the last `room`?
    pub(super) fn is_news(&mut self, thing: T) -> bool {
        if !self.known.insert(thing.clone()) {
            return false;
        }
        if self.order.len() == self.room
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(thing);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_lately_is_no_news() {
        let mut recent = Recent::new(2);
        let heard = [1, 1, 2, 1, 3, 2, 1].map(|thing| recent.is_news(thing));
        assert_eq!(heard, [true, false, true, false, true, false, true]);
    }
}
