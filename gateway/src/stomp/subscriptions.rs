//! What a session has subscribed to, and which messages it still owes an answer for.
//!
//! Acknowledgements are of one session. What is not acknowledged when its subscription or session
//! ends is forgotten: a topic is no queue. A NACK sends the message again, at once, with
//! `redelivered:true`, up to `DELIVERIES_MAX` times in all; then it is given up. In `client` mode
//! ACK and NACK mean every message of the subscription up to the one that is named.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::ant::Pattern;
use super::broker::Spelling;
use crate::fanout::{Asker, Place, Told};

/// Subscriptions of a session.
pub(super) const SUBSCRIPTIONS_MAX: usize = 256;
/// Messages, and their bytes, that a session has not acknowledged; beyond this it has not read
/// them and is closed as a slow consumer.
pub(super) const UNACKED_MAX: usize = 1_000;
pub(super) const UNACKED_BYTES_MAX: usize = 4 << 20;
/// Times that a message is sent, the first one counted.
pub(super) const DELIVERIES_MAX: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AckMode {
    Auto,
    /// Cumulative.
    Client,
    Individual,
}

impl AckMode {
    pub(super) fn parse(word: Option<&str>) -> Option<Self> {
        match word {
            None | Some("auto") => Some(Self::Auto),
            Some("client") => Some(Self::Client),
            Some("client-individual") => Some(Self::Individual),
            Some(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    /// Of this session alone, never used again.
    pub(super) key: u64,
    /// None: a client of 1.0 gave none, and names the destination instead.
    pub(super) id: Option<String>,
    pub(super) destination: String,
    pub(super) pattern: Pattern,
    pub(super) ack: AckMode,
    /// Executions are told from this command on; None: from when it was subscribed.
    pub(super) from_sequence: Option<u64>,
    /// What happened before is not told to it. None: no topic that it covers is known yet.
    since: Option<Place>,
    /// Of each destination that tells events: the next to be told.
    next: HashMap<Arc<str>, Place>,
}

impl Subscription {
    /// Topics that it covers tell it what happens after this command, or what it resumes from.
    pub(super) fn begin(&mut self, at: u64) {
        let from = self.from_sequence.unwrap_or(at + 1);
        self.since.get_or_insert(Place::start_of(from));
    }

    /// Is a message of this destination, which it covers, one that it is told? An event that is
    /// told is not told again.
    fn takes(&mut self, destination: &Arc<str>, told: Told) -> bool {
        match (told, self.since) {
            (Told::Shown(asker), _) => asker == Asker(self.key),
            (Told::Changed, _) | (Told::Ended(_) | Told::Happened(_), None) => true,
            (Told::Ended(command), Some(since)) => since <= Place::start_of(command),
            (Told::Happened(place), Some(since)) => {
                let next = self.next.get(destination).copied().unwrap_or(since);
                let is_due = place >= next;
                if is_due {
                    self.next.insert(Arc::clone(destination), place.next());
                }
                is_due
            }
        }
    }
}

/// A message that was sent and waits for ACK or NACK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unacked {
    /// Of the message; what ACK names.
    pub(super) number: u64,
    pub(super) subscription: u64,
    pub(super) destination: Arc<str>,
    pub(super) body: Utf8Bytes,
    pub(super) deliveries: u8,
}

/// Too many messages wait for their ACK.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooManyUnacked;

#[derive(Default)]
pub(super) struct Subscriptions {
    all: Vec<Subscription>,
    /// In the order they were last sent.
    unacked: VecDeque<Unacked>,
    unacked_bytes: usize,
    last_key: u64,
}

/// The session has as many as it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CannotSubscribe {
    TooMany,
    Known,
}

impl Subscriptions {
    pub(super) fn add(
        &mut self,
        id: Option<&str>,
        destination: &str,
        ack: AckMode,
        from_sequence: Option<u64>,
    ) -> Result<u64, CannotSubscribe> {
        if self.all.len() == SUBSCRIPTIONS_MAX {
            return Err(CannotSubscribe::TooMany);
        }
        if self.position(id, destination).is_some() {
            return Err(CannotSubscribe::Known);
        }
        self.last_key += 1;
        self.all.push(Subscription {
            key: self.last_key,
            id: id.map(str::to_owned),
            destination: destination.to_owned(),
            pattern: Pattern::new(destination),
            ack,
            from_sequence,
            since: None,
            next: HashMap::new(),
        });
        Ok(self.last_key)
    }

    /// What it has not acknowledged is forgotten. False: there is none of that name.
    pub(super) fn remove(&mut self, id: Option<&str>, destination: &str) -> bool {
        let Some(position) = self.position(id, destination) else { return false };
        self.remove_at(position);
        true
    }

    fn remove_at(&mut self, position: usize) {
        let gone = self.all.remove(position).key;
        self.unacked.retain(|unacked| unacked.subscription != gone);
        self.unacked_bytes = self.unacked.iter().map(|unacked| unacked.body.len()).sum();
    }

    fn position(&self, id: Option<&str>, destination: &str) -> Option<usize> {
        self.all.iter().position(|known| match id {
            Some(id) => known.id.as_deref() == Some(id),
            None => known.id.is_none() && known.destination == destination,
        })
    }

    pub(super) fn clear(&mut self) {
        let last_key = self.last_key;
        *self = Self { last_key, ..Self::default() };
    }

    /// As `remove`.
    pub(super) fn remove_key(&mut self, key: u64) {
        if let Some(position) = self.all.iter().position(|known| known.key == key) {
            self.remove_at(position);
        }
    }

    pub(super) fn get(&self, key: u64) -> Option<&Subscription> {
        self.all.iter().find(|known| known.key == key)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut Subscription> {
        self.all.iter_mut().find(|known| known.key == key)
    }

    /// The keys of those that are told a message of that destination.
    pub(super) fn takers(
        &mut self,
        destination: &Arc<str>,
        spelling: Spelling,
        told: Told,
    ) -> Vec<u64> {
        let hears = |known: &Subscription| match spelling {
            Spelling::Ours => known.pattern.matches(destination),
            Spelling::Theirs => known.destination == **destination,
        };
        let all = self.all.iter_mut().filter(|known| hears(known));
        all.filter_map(|known| known.takes(destination, told).then_some(known.key)).collect()
    }

    pub(super) fn all(&self) -> &[Subscription] {
        &self.all
    }

    pub(super) fn covers(&self, destination: &str) -> bool {
        self.all.iter().any(|known| known.pattern.matches(destination))
    }

    /// The message was sent and waits from now on.
    pub(super) fn wait(&mut self, sent: Unacked) -> Result<(), TooManyUnacked> {
        let bytes = self.unacked_bytes + sent.body.len();
        let has_room = self.unacked.is_empty() || bytes <= UNACKED_BYTES_MAX;
        if self.unacked.len() == UNACKED_MAX || !has_room {
            return Err(TooManyUnacked);
        }
        self.unacked_bytes = bytes;
        self.unacked.push_back(sent);
        Ok(())
    }

    /// What an ACK or NACK of that message means, taken out. Nothing: it does not wait, or it is
    /// of another subscription than `id`.
    pub(super) fn settle(&mut self, number: u64, id: Option<&str>) -> Vec<Unacked> {
        let found = self.unacked.iter().position(|unacked| unacked.number == number);
        let Some(found) = found else { return Vec::new() };
        let key = self.unacked[found].subscription;
        let Some(subscription) = self.get(key) else { return Vec::new() };
        if id.is_some() && id != subscription.id.as_deref() {
            return Vec::new();
        }
        let settled = match subscription.ack {
            AckMode::Individual | AckMode::Auto => self.unacked.remove(found).into_iter().collect(),
            AckMode::Client => {
                let (mut settled, mut kept) = (Vec::new(), VecDeque::new());
                for (index, unacked) in std::mem::take(&mut self.unacked).into_iter().enumerate() {
                    if index <= found && unacked.subscription == key {
                        settled.push(unacked);
                    } else {
                        kept.push_back(unacked);
                    }
                }
                self.unacked = kept;
                settled
            }
        };
        self.unacked_bytes -= settled.iter().map(|unacked| unacked.body.len()).sum::<usize>();
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(number: u64, subscription: u64) -> Unacked {
        let body = Utf8Bytes::from("body");
        Unacked { number, subscription, destination: "/topic/a".into(), body, deliveries: 1 }
    }

    fn numbers(settled: Vec<Unacked>) -> Vec<u64> {
        settled.iter().map(|unacked| unacked.number).collect()
    }

    #[test]
    fn client_settles_all_up_to_it_and_individual_one() {
        let mut subscriptions = Subscriptions::default();
        let cumulative = subscriptions.add(Some("c"), "/topic/a", AckMode::Client, None).unwrap();
        let single = subscriptions.add(Some("i"), "/topic/a", AckMode::Individual, None).unwrap();
        for number in 1..=8 {
            let key = if number % 2 == 1 { cumulative } else { single };
            subscriptions.wait(sent(number, key)).unwrap();
        }
        assert_eq!(numbers(subscriptions.settle(5, Some("i"))), [0; 0], "of another subscription");
        assert_eq!(numbers(subscriptions.settle(5, Some("c"))), [1, 3, 5]);
        assert_eq!(numbers(subscriptions.settle(5, None)), [0; 0], "settled already");
        assert_eq!(numbers(subscriptions.settle(4, None)), [4]);
        assert_eq!(numbers(subscriptions.settle(99, None)), [0; 0]);
        assert!(subscriptions.remove(Some("i"), ""));
        assert_eq!(numbers(subscriptions.settle(2, None)), [0; 0], "went with its subscription");
        assert_eq!(numbers(subscriptions.settle(7, None)), [7]);
        assert_eq!(subscriptions.unacked_bytes, 0);
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        let mut subscriptions = Subscriptions::default();
        let key = subscriptions.add(Some("c"), "/topic/a", AckMode::Client, None).unwrap();
        for number in 0..UNACKED_MAX as u64 {
            subscriptions.wait(sent(number, key)).unwrap();
        }
        assert_eq!(subscriptions.wait(sent(9_999, key)), Err(TooManyUnacked));
        subscriptions.settle(0, None);
        assert_eq!(subscriptions.wait(sent(9_999, key)), Ok(()));
        subscriptions.settle(9_999, None);
        let wide = Utf8Bytes::from("x".repeat(UNACKED_BYTES_MAX));
        let wide = Unacked { body: wide, ..sent(10_000, key) };
        assert_eq!(subscriptions.wait(wide), Ok(()), "one alone always has room");
        assert_eq!(subscriptions.wait(sent(10_001, key)), Err(TooManyUnacked));
    }

    #[test]
    fn subscriptions_have_names_of_their_own() {
        let mut subscriptions = Subscriptions::default();
        let auto = AckMode::Auto;
        subscriptions.add(Some("0"), "/topic/a", auto, None).unwrap();
        assert_eq!(
            subscriptions.add(Some("0"), "/topic/b", auto, None),
            Err(CannotSubscribe::Known)
        );
        subscriptions.add(Some("1"), "/topic/a", auto, None).unwrap();
        subscriptions.add(None, "/topic/a", auto, None).unwrap();
        assert_eq!(subscriptions.add(None, "/topic/a", auto, None), Err(CannotSubscribe::Known));
        assert!(!subscriptions.remove(Some("/topic/a"), "/topic/a"), "an id is no destination");
        assert!(subscriptions.remove(None, "/topic/a"));
        assert!(subscriptions.remove(Some("0"), "/topic/a"));
        assert!(subscriptions.covers("/topic/a"), "1 is left");
        assert!(subscriptions.remove(Some("1"), ""));
        assert!(!subscriptions.covers("/topic/a"));
        for id in 0..SUBSCRIPTIONS_MAX {
            subscriptions.add(Some(&id.to_string()), "/topic/a", auto, None).unwrap();
        }
        assert_eq!(
            subscriptions.add(Some("x"), "/topic/a", auto, None),
            Err(CannotSubscribe::TooMany)
        );
    }
}
