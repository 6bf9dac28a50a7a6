//! What all components want together, and the guard by which each of them does: dropped, its
//! topics are no longer wanted. Each line's merged set has a generation that moves with it.
//! Those who listen are told after the lock is free: a listener may register in its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use thiserror::Error;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::topic::{LineName, Topic, VenueName};

/// Streams of one connection: Binance's own limit.
pub const TOPICS_PER_LINE_MAX: usize = 1024;
const LINES: usize = LineName::ALL.len();

pub(super) type Set = Arc<BTreeSet<Topic>>;

#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RegisterError {
    #[error("the feed of {} is off", venue.word())]
    VenueOff { venue: VenueName },
    #[error("{topic} needs keys of the venue, which are not configured")]
    NoKeys { topic: Topic },
    #[error("{} would carry {topics} topics, of at most {TOPICS_PER_LINE_MAX}", line.word())]
    TooMany { line: LineName, topics: usize },
}

#[derive(Debug)]
pub(super) struct Wanted {
    /// Lines that exist; a topic of another is refused.
    lines: BTreeSet<LineName>,
    inner: Mutex<Inner>,
    generations: [watch::Sender<u64>; LINES],
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    components: BTreeMap<u64, Component>,
    /// By how many components each topic is wanted.
    counts: BTreeMap<Topic, usize>,
    merged: [Merged; LINES],
}

#[derive(Debug)]
struct Component {
    name: String,
    topics: BTreeSet<Topic>,
}

#[derive(Clone, Debug, Default)]
struct Merged {
    topics: Set,
    generation: u64,
}

/// As long as it lives its topics are wanted.
#[derive(Debug)]
#[must_use = "dropped, it wants nothing any more"]
pub struct Registration {
    wanted: Arc<Wanted>,
    id: u64,
}

/// As `/api/v1/feeds` shows it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, ToSchema, Debug)]
pub struct SubscriptionStats {
    pub total_components: usize,
    /// How many components of each name.
    pub components: BTreeMap<String, usize>,
    /// Each topic and how many components want it.
    pub public_subscriptions: BTreeMap<String, usize>,
    pub private_subscriptions: BTreeMap<String, usize>,
}

impl Wanted {
    pub(super) fn new(lines: BTreeSet<LineName>) -> Arc<Self> {
        let generations = LineName::ALL.map(|_| watch::Sender::new(0));
        Arc::new(Self { lines, inner: Mutex::default(), generations })
    }

    pub(super) fn register(
        self: &Arc<Self>,
        name: &str,
        topics: impl IntoIterator<Item = Topic>,
    ) -> Result<Registration, RegisterError> {
        let topics = topics.into_iter().collect();
        let mut inner = self.lock();
        let id = inner.next;
        let component = Component { name: name.into(), topics: BTreeSet::new() };
        inner.components.insert(id, component);
        inner.next += 1;
        drop(inner);
        // From here on a refusal takes the component out again.
        let registration = Registration { wanted: Arc::clone(self), id };
        registration.replace(topics)?;
        Ok(registration)
    }

    /// The merged set of a line, and its generation.
    pub(super) fn set(&self, line: LineName) -> (Set, u64) {
        let Merged { topics, generation } = &self.lock().merged[line.index()];
        (Arc::clone(topics), *generation)
    }

    pub(super) fn generations(&self, line: LineName) -> watch::Receiver<u64> {
        self.generations[line.index()].subscribe()
    }

    fn check(&self, topics: &BTreeSet<Topic>) -> Result<(), RegisterError> {
        for &topic in topics {
            let (line, venue) = (topic.line(), topic.venue());
            if self.lines.contains(&line) {
                continue;
            }
            let is_on = self.lines.iter().any(|line| line.venue() == venue);
            return Err(match is_on {
                true => RegisterError::NoKeys { topic },
                false => RegisterError::VenueOff { venue },
            });
        }
        Ok(())
    }

    /// All or nothing.
    fn replace(&self, id: u64, topics: BTreeSet<Topic>) -> Result<(), RegisterError> {
        self.check(&topics)?;
        let mut inner = self.lock();
        let counts = inner.counts_with(id, &topics);
        for line in LineName::ALL {
            let topics = counts.keys().filter(|topic| topic.line() == line).count();
            if topics > TOPICS_PER_LINE_MAX {
                return Err(RegisterError::TooMany { line, topics });
            }
        }
        if let Some(component) = inner.components.get_mut(&id) {
            component.topics = topics;
        }
        let moved = inner.merge(counts);
        drop(inner);
        self.tell(&moved);
        Ok(())
    }

    fn remove(&self, id: u64) {
        let mut inner = self.lock();
        let counts = inner.counts_with(id, &BTreeSet::new());
        inner.components.remove(&id);
        let moved = inner.merge(counts);
        drop(inner);
        self.tell(&moved);
    }

    fn tell(&self, moved: &[(LineName, u64)]) {
        for (line, generation) in moved {
            // Two that tell at once may come in the wrong order: the later generation stays.
            self.generations[line.index()].send_if_modified(|told| {
                let is_later = *generation > *told;
                *told = (*told).max(*generation);
                is_later
            });
        }
    }

    pub(super) fn stats(&self) -> SubscriptionStats {
        let inner = self.lock();
        let mut components = BTreeMap::new();
        for component in inner.components.values() {
            *components.entry(component.name.clone()).or_default() += 1;
        }
        let counts = inner.counts.iter();
        let (private, public): (Vec<_>, Vec<_>) = counts.partition(|(topic, _)| topic.is_private());
        let named = |counts: Vec<(&Topic, &usize)>| {
            counts.into_iter().map(|(topic, count)| (topic.to_string(), *count)).collect()
        };
        SubscriptionStats {
            total_components: inner.components.len(),
            components,
            public_subscriptions: named(public),
            private_subscriptions: named(private),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The counts as they would be if the component wanted `topics`.
    fn counts_with(&self, id: u64, topics: &BTreeSet<Topic>) -> BTreeMap<Topic, usize> {
        let mut counts = self.counts.clone();
        for topic in self.components.get(&id).into_iter().flat_map(|known| &known.topics) {
            if let Some(count) = counts.get_mut(topic) {
                *count -= 1;
            }
        }
        for &topic in topics {
            *counts.entry(topic).or_default() += 1;
        }
        counts.retain(|_, count| *count > 0);
        counts
    }

    /// The lines whose set is another now, with their new generations.
    fn merge(&mut self, counts: BTreeMap<Topic, usize>) -> Vec<(LineName, u64)> {
        self.counts = counts;
        let mut moved = Vec::new();
        for line in LineName::ALL {
            let of_line = self.counts.keys().filter(|topic| topic.line() == line);
            let topics: BTreeSet<Topic> = of_line.copied().collect();
            let merged = &mut self.merged[line.index()];
            if *merged.topics != topics {
                merged.topics = Arc::new(topics);
                merged.generation += 1;
                moved.push((line, merged.generation));
            }
        }
        moved
    }
}

impl Registration {
    /// Wants these instead. Refused, it wants what it wanted.
    pub fn replace(&self, topics: BTreeSet<Topic>) -> Result<(), RegisterError> {
        self.wanted.replace(self.id, topics)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.wanted.remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(texts: &[&str]) -> BTreeSet<Topic> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn wanted(lines: &[LineName]) -> Arc<Wanted> {
        Wanted::new(lines.iter().copied().collect())
    }

    #[test]
    fn sets_are_merged_and_a_dropped_guard_wants_nothing() {
        let wanted = wanted(&LineName::ALL);
        let line = LineName::BinanceMarket;
        let told = wanted.generations(line);
        let [btc, eth] = ["binance:ticker:BTCUSDT", "binance:ticker:ETHUSDT"];
        let first = wanted.register("first", topics(&[btc, "upbit:order"])).unwrap();
        assert_eq!(wanted.set(line), (Arc::new(topics(&[btc])), 1));
        let second = wanted.register("second", topics(&[btc, eth])).unwrap();
        assert_eq!(wanted.set(line), (Arc::new(topics(&[btc, eth])), 2));
        drop(first);
        assert_eq!(wanted.set(line), (Arc::new(topics(&[btc, eth])), 2), "still wanted");
        assert_eq!(wanted.set(LineName::UpbitPrivate), (Arc::new(topics(&[])), 2));
        second.replace(topics(&[eth])).unwrap();
        assert_eq!(wanted.set(line), (Arc::new(topics(&[eth])), 3));
        let stats = wanted.stats();
        assert_eq!(stats.total_components, 1);
        assert_eq!(stats.components, BTreeMap::from([("second".into(), 1)]));
        assert_eq!(stats.public_subscriptions, BTreeMap::from([(eth.into(), 1)]));
        drop(second);
        assert_eq!(wanted.set(line), (Arc::new(topics(&[])), 4));
        assert_eq!(*told.borrow(), 4, "each move of the generation was told");
    }

    #[test]
    fn what_no_line_carries_is_refused_whole() {
        let wanted = wanted(&[LineName::UpbitPublic]);
        let ours = "upbit:ticker:BTC-KRW";
        let off = wanted.register("a", topics(&[ours, "binance:ticker:BTCUSDT"])).unwrap_err();
        assert_eq!(off, RegisterError::VenueOff { venue: VenueName::Binance });
        let no_keys = wanted.register("b", topics(&["upbit:order"])).unwrap_err();
        assert_eq!(no_keys, RegisterError::NoKeys { topic: "upbit:order".parse().unwrap() });
        let many = (0..=TOPICS_PER_LINE_MAX).map(|n| format!("upbit:ticker:C{n}-KRW"));
        let many: BTreeSet<Topic> = many.map(|text| text.parse().unwrap()).collect();
        let too_many = wanted.register("c", many).unwrap_err();
        let (line, topics_count) = (LineName::UpbitPublic, TOPICS_PER_LINE_MAX + 1);
        assert_eq!(too_many, RegisterError::TooMany { line, topics: topics_count });
        assert_eq!(wanted.set(LineName::UpbitPublic), (Arc::default(), 0));
        assert_eq!(wanted.stats().total_components, 0);
    }
}
