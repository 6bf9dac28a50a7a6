//! A state topic: one that shows how something stands, never what happened. Its members are
//! grouped by what they wished for; each group sends at once when the state changes and then at
//! most once a pace, always the latest. One encoding serves all members in the same state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orison_core::Stamp;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{Client, Round};
use super::due::Asker;
use super::json::Json;
use super::outbox::{Pushed, SlotId};
use super::topic::Topic;

/// A member whose outbox is overloaded or full of keys is tried again after this.
const RETRY: Duration = Duration::from_millis(200);

/// Appends the fields that show the state to so many levels, and says which command it comes
/// from. None: there is nothing to show.
pub(crate) type Render<'a> = &'a mut dyn FnMut(usize, &mut Json) -> Option<Stamp>;

pub(crate) struct StateTopic {
    topic: Topic,
    /// The message up to its sequence: `{"type":"...","symbol":"..."`.
    head: Vec<u8>,
    groups: Vec<Group>,
}

struct Group {
    pace: Duration,
    levels: usize,
    /// What was last shown, and the command it came from.
    body: Vec<u8>,
    at: Stamp,
    version: u64,
    sent_at: Option<Instant>,
    /// When to look at the state again.
    due: Option<Instant>,
    members: Vec<Member>,
}

struct Member {
    client: Arc<Client>,
    slot: SlotId,
    version: u64,
    pushed_at: Option<Instant>,
}

impl StateTopic {
    pub(crate) fn new(topic: Topic, head: Vec<u8>) -> Self {
        Self { topic, head, groups: Vec::new() }
    }

    pub(crate) fn members(&self) -> usize {
        self.groups.iter().map(|group| group.members.len()).sum()
    }

    /// A client that is a member already keeps its place in the sequence, in the new group.
    pub(crate) fn join(&mut self, client: &Arc<Client>, pace: Duration, levels: usize) {
        let member = self.remove(client).unwrap_or_else(|| Member {
            client: Arc::clone(client),
            slot: client.outbox.open_slot(self.topic),
            version: 0,
            pushed_at: None,
        });
        let found = self.groups.iter().position(|g| g.pace == pace && g.levels == levels);
        let index = found.unwrap_or_else(|| {
            self.groups.push(Group::new(pace, levels));
            self.groups.len() - 1
        });
        self.groups[index].members.push(Member { version: 0, ..member });
    }

    pub(crate) fn leave(&mut self, client: &Arc<Client>) {
        if let Some(member) = self.remove(client) {
            client.outbox.close_slot(member.slot);
        }
    }

    fn remove(&mut self, client: &Arc<Client>) -> Option<Member> {
        let same = |member: &Member| Arc::ptr_eq(&member.client, client);
        for (index, group) in self.groups.iter_mut().enumerate() {
            let Some(at) = group.members.iter().position(same) else { continue };
            let member = group.members.swap_remove(at);
            if group.members.is_empty() {
                self.groups.swap_remove(index);
            }
            return Some(member);
        }
        None
    }

    /// The state moved on: groups that want every change get it now, the others when due.
    pub(crate) fn changed(&mut self, round: &mut Round, render: Render<'_>) {
        for group in &mut self.groups {
            let due = group.sent_at.map_or(round.now, |sent_at| sent_at + group.pace);
            if group.pace.is_zero() {
                group.send(&self.head, round, render);
            } else {
                group.due.get_or_insert(due);
            }
        }
    }

    /// Sends what is due; says when the next is.
    pub(crate) fn send_due(&mut self, round: &mut Round, render: Render<'_>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for group in &mut self.groups {
            if group.due.is_some_and(|due| due <= round.now) {
                group.send(&self.head, round, render);
            }
            next = earlier(next, group.due);
        }
        next
    }

    /// Sends the state to one member, changed or not.
    pub(crate) fn show(
        &mut self,
        client: &Arc<Client>,
        asker: Asker,
        round: &mut Round,
        render: Render<'_>,
    ) {
        let same = |member: &Member| Arc::ptr_eq(&member.client, client);
        for group in &mut self.groups {
            if let Some(at) = group.members.iter().position(same)
                && group.refresh(round, render)
            {
                let why = Why::Asked(asker);
                let pushed = group.push(at, &self.head, why, round, &mut Vec::new());
                if pushed == Pushed::Full {
                    group.due = Some(round.now + RETRY);
                }
            }
        }
    }

    /// The last state of what was shown so far goes to every member, whatever waits for it.
    pub(crate) fn finish(&mut self, round: &mut Round, render: Render<'_>) {
        for group in &mut self.groups {
            if !group.refresh(round, render) {
                continue;
            }
            (group.due, group.sent_at) = (None, Some(round.now));
            let mut shared = Vec::new();
            let (sequence, now) = (group.at.sequence.0, round.now);
            for index in 0..group.members.len() {
                let version = group.version;
                let member = &mut group.members[index];
                (member.version, member.pushed_at) = (version, Some(now));
                let client = Arc::clone(&member.client);
                let slot = member.slot;
                let mut encode = |previous| group.encode(&self.head, previous, round, &mut shared);
                let pushed = client.outbox.push_final(slot, sequence, now, &mut encode);
                round.note(&client, pushed);
            }
        }
    }
}

/// Why a state is sent.
#[derive(Clone, Copy)]
enum Why {
    Changed,
    Asked(Asker),
}

/// Messages of the same state, by the sequence that the receiver had before.
type Shared = Vec<(u64, Utf8Bytes)>;

impl Group {
    fn new(pace: Duration, levels: usize) -> Self {
        Self {
            pace,
            levels,
            body: Vec::new(),
            at: Stamp::default(),
            version: 0,
            sent_at: None,
            due: None,
            members: Vec::new(),
        }
    }

    /// Brings `body` up to the state; false: there is nothing to show.
    fn refresh(&mut self, round: &mut Round, render: Render<'_>) -> bool {
        round.part.clear();
        let Some(at) = render(self.levels, &mut round.part) else { return false };
        let moved = at.sequence != self.at.sequence || round.part.bytes() != self.body;
        if self.version == 0 || moved {
            round.part.swap(&mut self.body);
            self.version += 1;
            self.at = at;
        }
        true
    }

    fn send(&mut self, head: &[u8], round: &mut Round, render: Render<'_>) {
        self.due = None;
        if !self.refresh(round, render) {
            return;
        }
        let mut shared = Shared::new();
        for index in 0..self.members.len() {
            let member = &self.members[index];
            if member.version == self.version {
                continue;
            }
            self.sent_at = Some(round.now);
            let retry_at = member.pushed_at.map(|pushed_at| pushed_at + RETRY);
            let retry_at = retry_at.filter(|&retry_at| retry_at > round.now);
            if let Some(retry_at) = retry_at
                && member.client.outbox.is_overloaded()
            {
                self.due = earlier(self.due, Some(retry_at));
                continue;
            }
            if self.push(index, head, Why::Changed, round, &mut shared) == Pushed::Full {
                self.due = earlier(self.due, Some(round.now + RETRY));
            }
        }
    }

    fn push(
        &mut self,
        index: usize,
        head: &[u8],
        why: Why,
        round: &mut Round,
        shared: &mut Shared,
    ) -> Pushed {
        let (slot, sequence, now) = (self.members[index].slot, self.at.sequence.0, round.now);
        let client = Arc::clone(&self.members[index].client);
        let mut encode = |previous| self.encode(head, previous, round, shared);
        let pushed = match why {
            Why::Changed => client.outbox.push_state(slot, sequence, &mut encode),
            Why::Asked(asker) => client.outbox.push_shown(slot, sequence, asker, &mut encode),
        };
        if pushed != Pushed::Full {
            self.members[index].version = self.version;
            self.members[index].pushed_at = Some(now);
        }
        round.note(&client, pushed);
        pushed
    }

    fn encode(
        &self,
        head: &[u8],
        previous: u64,
        round: &mut Round,
        shared: &mut Shared,
    ) -> Utf8Bytes {
        if let Some((_, text)) = shared.iter().find(|(sequence, _)| *sequence == previous) {
            return text.clone();
        }
        let json = &mut round.json;
        json.clear();
        json.raw(head);
        json.integer("sequence", self.at.sequence.0);
        json.integer("prev_sequence", previous);
        json.raw(&self.body);
        json.milliseconds("timestamp", self.at.time_ns);
        let text = json.close();
        if shared.len() < SHARED_MAX {
            shared.push((previous, text.clone()));
        }
        text
    }
}

/// Members that lag differently are few; beyond this each gets its own encoding.
const SHARED_MAX: usize = 16;

pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
