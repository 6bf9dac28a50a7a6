//! Finds what a venue refuses: its answer names no topic, and one bad topic must not take its line
//! down. What was asked for and not refused for a while is proven. After a refusal half of what is
//! not proven is tried, and again half, down to the one that is set aside; after a success twice as
//! much. What is set aside is tried again when it is wanted anew. Pure: it sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::topic::Topic;
use super::wanted::Set;

/// A request that was not refused within this time is carried.
const PROOF: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Sieve {
    proven: BTreeSet<Topic>,
    /// With what the venue said.
    aside: BTreeMap<Topic, String>,
    /// How many topics that are not proven the next request may bring. None: any number.
    share: Option<usize>,
    trial: Option<Trial>,
}

#[derive(Debug)]
struct Trial {
    topics: BTreeSet<Topic>,
    until: Instant,
}

impl Sieve {
    /// A new connection: what was under way on the old one was not answered.
    pub(super) fn opened(&mut self) {
        self.trial = None;
    }

    /// What may be asked for now, of what is wanted. None: nothing before the trial is over.
    pub(super) fn pick(&mut self, wanted: &Set) -> Option<Set> {
        self.aside.retain(|topic, _| wanted.contains(topic));
        self.proven.retain(|topic| wanted.contains(topic));
        if self.share.is_none() && self.aside.is_empty() {
            return Some(Arc::clone(wanted));
        }
        let is_open =
            |topic: &&Topic| !self.proven.contains(*topic) && !self.aside.contains_key(*topic);
        let mut open = wanted.iter().filter(is_open).copied().peekable();
        if open.peek().is_none() {
            self.share = None;
            return Some(Arc::new(self.proven.clone()));
        }
        if self.share.is_some() && self.trial.is_some() {
            return None;
        }
        let share = self.share.unwrap_or(usize::MAX);
        Some(Arc::new(self.proven.iter().copied().chain(open.take(share)).collect()))
    }

    /// A request has left, after which the venue carries these if it refuses none.
    pub(super) fn on_sent(&mut self, sent: &BTreeSet<Topic>, now: Instant) {
        let topics: BTreeSet<Topic> = sent.difference(&self.proven).copied().collect();
        self.trial = (!topics.is_empty()).then_some(Trial { topics, until: now + PROOF });
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.trial.as_ref().map(|trial| trial.until)
    }

    /// Is there more to ask for now that a trial is over?
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        let Some(trial) = self.trial.take_if(|trial| trial.until <= now) else { return false };
        self.proven.extend(trial.topics);
        self.share = self.share.map(|share| share.saturating_mul(2));
        self.share.is_some()
    }

    /// The venue refuses something of what it was `sent`: all that it may be, which it does not
    /// carry now.
    pub(super) fn refused(&mut self, reason: &str, sent: &BTreeSet<Topic>) -> BTreeSet<Topic> {
        let suspects = match self.trial.take() {
            Some(trial) => trial.topics,
            // Later than any proof: nothing of it holds.
            None => {
                self.proven.clear();
                sent.clone()
            }
        };
        let share = match suspects.len() {
            0 => return suspects,
            1 => {
                self.aside.extend(suspects.iter().map(|topic| (*topic, reason.to_owned())));
                1
            }
            many => many / 2,
        };
        self.share = Some(share);
        suspects
    }

    /// What is set aside, and why.
    pub(super) fn aside(&self) -> BTreeMap<String, String> {
        self.aside.iter().map(|(topic, why)| (topic.to_string(), why.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(number: usize) -> Topic {
        format!("upbit:ticker:C{number}-KRW").parse().unwrap()
    }

    /// Asks a venue that refuses some until nothing is left to ask for; the requests it took.
    fn settle(sieve: &mut Sieve, wanted: &Set, bad: &[usize]) -> (Set, usize) {
        let bad: BTreeSet<Topic> = bad.iter().copied().map(topic).collect();
        let (mut now, mut requests, mut carried) = (Instant::now(), 0, Set::default());
        loop {
            if let Some(picked) = sieve.pick(wanted) {
                if picked == carried {
                    return (carried, requests);
                }
                requests += 1;
                sieve.on_sent(&picked, now);
                match picked.is_disjoint(&bad) {
                    true => carried = picked,
                    false => {
                        sieve.refused("unknown", &picked);
                        carried = Set::default();
                    }
                }
            }
            now = sieve.due_at().unwrap_or(now);
            sieve.is_over(now);
        }
    }

    #[test]
    fn what_a_venue_refuses_is_found_and_the_rest_is_carried() {
        for (count, bad) in [
            (1, vec![]),
            (1, vec![0]),
            (2, vec![1]),
            (100, vec![]),
            (100, vec![99]),
            (100, vec![0]),
            (1_000_usize, vec![500]),
            (1_000, vec![3, 400, 401, 999]),
            (10, (0..10).collect()),
        ] {
            let wanted: Set = Arc::new((0..count).map(topic).collect());
            let mut sieve = Sieve::default();
            let (carried, requests) = settle(&mut sieve, &wanted, &bad);
            let good: BTreeSet<Topic> =
                (0..count).filter(|n| !bad.contains(n)).map(topic).collect();
            assert_eq!(*carried, good, "{count} {bad:?}");
            assert_eq!(sieve.aside().len(), bad.len());
            // Down by halves and up again for each, and the whole set at last.
            let requests_max = 1 + bad.len() * (3 * count.ilog2() as usize + 3);
            assert!(requests <= requests_max, "{count} {bad:?}: {requests} requests");
        }
    }

    #[test]
    fn a_refusal_after_the_proof_is_looked_into_again() {
        let wanted: Set = Arc::new((0..4).map(topic).collect());
        let mut sieve = Sieve::default();
        settle(&mut sieve, &wanted, &[]);
        assert_eq!(sieve.refused("delisted", &wanted).len(), 4);
        let (carried, _) = settle(&mut sieve, &wanted, &[2]);
        assert_eq!(*carried, [0, 1, 3].map(topic).into());
        let less: Set = Arc::new([0, 1].map(topic).into());
        assert_eq!(sieve.pick(&less), Some(less));
        let (carried, _) = settle(&mut sieve, &wanted, &[]);
        assert_eq!(carried, wanted, "wanted anew it is tried anew");
    }
}
