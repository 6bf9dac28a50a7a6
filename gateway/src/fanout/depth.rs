//! The depth topic of one instrument: a snapshot, then one delta a command, or merged deltas at
//! the pace a client wished for. Nothing is dropped: each delta follows the one before it.
//! A command that changes very many levels is told by a fresh snapshot instead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::projection::LevelChange;
use orison_core::Stamp;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{Client, Round};
use super::due::Place;
use super::group::earlier;
use super::mirror::{Merged, Mirror};
use super::public::{self, Listing, SNAPSHOT_LEVELS_MAX};
use super::topic::Topic;

#[derive(Default)]
pub(crate) struct DepthTopic {
    groups: Vec<Group>,
}

struct Group {
    /// Zero: every command.
    pace: Duration,
    pending: Merged,
    sent_at: Option<Instant>,
    members: Vec<Arc<Client>>,
}

impl DepthTopic {
    pub(crate) fn members(&self) -> usize {
        self.groups.iter().map(|group| group.members.len()).sum()
    }

    /// The snapshot that the member needs first is sent by `show`; what the members so far still
    /// miss goes out before.
    pub(crate) fn join(
        &mut self,
        client: &Arc<Client>,
        pace: Duration,
        round: &mut Round,
        listing: &Listing,
        mirror: &Mirror,
    ) {
        for group in &mut self.groups {
            group.send(round, listing, mirror);
        }
        self.leave(client);
        let found = self.groups.iter().position(|group| group.pace == pace);
        let index = found.unwrap_or_else(|| {
            let (pending, sent_at, members) = (Merged::default(), None, Vec::new());
            self.groups.push(Group { pace, pending, sent_at, members });
            self.groups.len() - 1
        });
        self.groups[index].members.push(Arc::clone(client));
    }

    pub(crate) fn leave(&mut self, client: &Arc<Client>) {
        for group in &mut self.groups {
            group.members.retain(|member| !Arc::ptr_eq(member, client));
        }
        self.groups.retain(|group| !group.members.is_empty());
    }

    /// `mirror` shows the book after the command.
    pub(crate) fn changed(
        &mut self,
        round: &mut Round,
        listing: &Listing,
        mirror: &Mirror,
        previous_sequence: u64,
        changes: &[LevelChange],
    ) {
        let at = mirror.at;
        for group in &mut self.groups {
            group.pending.add(at, previous_sequence, changes);
            if group.pace.is_zero() {
                group.send(round, listing, mirror);
            }
        }
    }

    pub(crate) fn send_due(
        &mut self,
        round: &mut Round,
        listing: &Listing,
        mirror: &Mirror,
    ) -> Option<Instant> {
        let mut next = None;
        for group in self.groups.iter_mut().filter(|group| !group.pending.is_empty()) {
            match group.sent_at.map(|sent_at| sent_at + group.pace) {
                Some(due) if due > round.now => next = earlier(next, Some(due)),
                Some(_) | None => group.send(round, listing, mirror),
            }
        }
        next
    }

    /// A snapshot for one member. What its group still holds back goes out first: the others must
    /// not miss it, and the snapshot contains it.
    pub(crate) fn show(
        &mut self,
        client: &Arc<Client>,
        round: &mut Round,
        listing: &Listing,
        mirror: &Mirror,
        now: Stamp,
    ) {
        for group in &mut self.groups {
            if group.members.iter().any(|member| Arc::ptr_eq(member, client)) {
                group.send(round, listing, mirror);
                let text = public::depth_snapshot(&mut round.json, listing, mirror, now);
                let place = Place::start_of(mirror.at.sequence.0);
                let topic = Topic::Depth(listing.instrument.id);
                round.note(client, client.outbox.push_event(topic, text, place, round.now));
            }
        }
    }

    /// The book was copied anew and what led to it is not known: everybody starts from a snapshot.
    pub(crate) fn restart(
        &mut self,
        round: &mut Round,
        listing: &Listing,
        mirror: &Mirror,
        now: Stamp,
    ) {
        if self.groups.is_empty() {
            return;
        }
        let text = public::depth_snapshot(&mut round.json, listing, mirror, now);
        for group in &mut self.groups {
            group.pending = Merged::default();
            group.push(round, listing, &text, mirror.at);
        }
    }
}

impl Group {
    fn send(&mut self, round: &mut Round, listing: &Listing, mirror: &Mirror) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let text = if pending.len() > SNAPSHOT_LEVELS_MAX {
            public::depth_snapshot(&mut round.json, listing, mirror, pending.at)
        } else {
            public::depth_delta(&mut round.json, listing, &pending)
        };
        self.push(round, listing, &text, pending.at);
    }

    fn push(&mut self, round: &mut Round, listing: &Listing, text: &Utf8Bytes, at: Stamp) {
        self.sent_at = Some(round.now);
        for member in &self.members {
            let (topic, text) = (Topic::Depth(listing.instrument.id), text.clone());
            let place = Place::start_of(at.sequence.0);
            let pushed = member.outbox.push_event(topic, text, place, round.now);
            round.note(member, pushed);
        }
    }
}
