//! What waits for one client. Messages of state channels conflate by key: a newer one takes the
//! place of the one that waits. Messages of event channels are never dropped: too many bytes, or
//! one that waits too long, end the session. Filled by the fan-out thread and the session itself,
//! emptied by the session; knows no message and no socket.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::counters::Counters;
use super::due::{About, Asker, Due, Place, Told};
use super::topic::Topic;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// State keys that may wait; a further one is tried again later.
    pub state_keys_max: usize,
    /// Bytes of event messages that may wait; more end the session, unless all are of one
    /// command.
    pub event_bytes_max: usize,
    /// How long the oldest event message may wait before the session ends.
    pub event_age_max: Duration,
}

impl Limits {
    pub const DEFAULT: Self = Self {
        state_keys_max: 100,
        event_bytes_max: 4 << 20,
        event_age_max: Duration::from_secs(10),
    };
}

/// An outbox this full, in percent, is overloaded, until it is down to half.
const OVERLOADED_PERCENT: usize = 80;
const RELIEVED_PERCENT: usize = 50;

/// Why the hub ends a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// The client does not read what it asked for.
    SlowConsumer,
    /// The process stops; what waits is still sent.
    Shutdown,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pushed {
    /// It waits; whoever pushed calls `wake` when it has pushed all it has.
    First,
    /// It waits behind others that were announced already.
    Behind,
    /// Too many keys wait; nothing was pushed.
    Full,
    /// The session is ending; nothing was pushed.
    Ended,
}

/// The place of one state key in one outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotId(u32);

pub(crate) struct Outbox {
    owner: Uuid,
    limits: Limits,
    counters: Arc<Counters>,
    overloaded: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    /// Entries ever taken: the number of the front one.
    taken: u64,
    slots: Vec<Slot>,
    slots_free: Vec<SlotId>,
    keys_waiting: usize,
    events_waiting: usize,
    event_bytes: usize,
    oldest_event: Option<Oldest>,
    announced: bool,
    waker: Option<Waker>,
    ending: Option<Ending>,
    room_wanted: bool,
    warned: bool,
}

#[derive(Clone, Copy)]
struct Oldest {
    since: Instant,
    command: Option<u64>,
}

struct Entry {
    message: Due,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    State(SlotId),
    /// `command`: the sequence it comes from; None: an answer to the client itself.
    Event {
        since: Instant,
        command: Option<u64>,
    },
    /// Its topic was left while it waited, or it is told again further behind.
    Void,
}

#[derive(Clone, Copy)]
struct Slot {
    topic: Topic,
    /// Sequence of the message last sent for this key; 0 = none.
    sent: u64,
    /// Number of the entry that waits, and the sequence it carries.
    waiting: Option<(u64, u64)>,
}

/// What one take left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Since when the oldest event message among the taken ones had waited.
    pub(crate) oldest_event: Option<Instant>,
    /// Somebody waits to push more history, and now there is room.
    pub(crate) room: bool,
}

impl Outbox {
    pub(crate) fn new(owner: Uuid, limits: Limits, counters: Arc<Counters>) -> Self {
        let overloaded = AtomicBool::new(false);
        Self { owner, limits, counters, overloaded, queue: Mutex::default() }
    }

    pub(crate) fn open_slot(&self, topic: Topic) -> SlotId {
        let mut queue = self.lock();
        let slot = Slot { topic, sent: 0, waiting: None };
        if let Some(id) = queue.slots_free.pop() {
            queue.slots[id.0 as usize] = slot;
            return id;
        }
        queue.slots.push(slot);
        SlotId(queue.slots.len() as u32 - 1)
    }

    /// The key is left: what waits for it is never sent.
    pub(crate) fn close_slot(&self, slot: SlotId) {
        let mut queue = self.lock();
        if let Some((number, _)) = queue.slots[slot.0 as usize].waiting {
            queue.void(number);
            queue.keys_waiting -= 1;
        }
        queue.slots[slot.0 as usize].waiting = None;
        queue.slots_free.push(slot);
    }

    /// The state has changed. `encode` is given the sequence last sent for this key.
    pub(crate) fn push_state(
        &self,
        slot: SlotId,
        sequence: u64,
        encode: &mut dyn FnMut(u64) -> Utf8Bytes,
    ) -> Pushed {
        let mut queue = self.lock();
        if queue.ending.is_some() {
            return Pushed::Ended;
        }
        let Slot { topic, sent, waiting } = queue.slots[slot.0 as usize];
        let message = Due { about: Some(About { topic, told: Told::Changed }), text: encode(sent) };
        let Some((number, _)) = waiting else {
            return self.push_key(&mut queue, slot, sequence, message);
        };
        queue.entry(number).message = message;
        queue.slots[slot.0 as usize].waiting = Some((number, sequence));
        self.counters.conflated.add(1);
        Pushed::Behind
    }

    /// The state as it stands, behind everything that waits. A change that waits is told with it.
    pub(crate) fn push_shown(
        &self,
        slot: SlotId,
        sequence: u64,
        asker: Asker,
        encode: &mut dyn FnMut(u64) -> Utf8Bytes,
    ) -> Pushed {
        let mut queue = self.lock();
        if queue.ending.is_some() {
            return Pushed::Ended;
        }
        let Slot { topic, sent, waiting } = queue.slots[slot.0 as usize];
        let told = match waiting {
            Some((number, _)) => {
                queue.void(number);
                queue.keys_waiting -= 1;
                self.counters.conflated.add(1);
                Told::Changed
            }
            None => Told::Shown(asker),
        };
        let message = Due { about: Some(About { topic, told }), text: encode(sent) };
        self.push_key(&mut queue, slot, sequence, message)
    }

    fn push_key(&self, queue: &mut Queue, slot: SlotId, sequence: u64, message: Due) -> Pushed {
        if queue.keys_waiting == self.limits.state_keys_max {
            return Pushed::Full;
        }
        let number = queue.taken + queue.entries.len() as u64;
        queue.entries.push_back(Entry { message, kind: Kind::State(slot) });
        queue.slots[slot.0 as usize].waiting = Some((number, sequence));
        queue.keys_waiting += 1;
        self.watch_load(queue);
        queue.announce()
    }

    /// The last message of what a key has shown so far, never to be conflated: it takes the place
    /// of the one that waits.
    pub(crate) fn push_final(
        &self,
        slot: SlotId,
        sequence: u64,
        now: Instant,
        encode: &mut dyn FnMut(u64) -> Utf8Bytes,
    ) -> Pushed {
        let mut queue = self.lock();
        let Slot { topic, sent, waiting } = queue.slots[slot.0 as usize];
        queue.slots[slot.0 as usize] = Slot { topic, sent: sequence, waiting: None };
        let told = Told::Ended(sequence);
        let message = Due { about: Some(About { topic, told }), text: encode(sent) };
        if !self.admit(&mut queue, message.text.len(), Some(sequence), now) {
            return queue.refuse();
        }
        let kind = Kind::Event { since: now, command: Some(sequence) };
        match waiting {
            Some((number, _)) => {
                *queue.entry(number) = Entry { message, kind };
                queue.keys_waiting -= 1;
            }
            None => queue.entries.push_back(Entry { message, kind }),
        }
        queue.announce()
    }

    /// All messages of one command find place in an outbox that was empty.
    pub(crate) fn push_event(
        &self,
        topic: Topic,
        text: Utf8Bytes,
        place: Place,
        now: Instant,
    ) -> Pushed {
        let about = Some(About { topic, told: Told::Happened(place) });
        self.push(Due { about, text }, Some(place.sequence), now)
    }

    /// An answer to the client itself.
    pub(crate) fn push_answer(&self, text: Utf8Bytes, now: Instant) -> Pushed {
        self.push(Due { about: None, text }, None, now)
    }

    fn push(&self, message: Due, command: Option<u64>, now: Instant) -> Pushed {
        let mut queue = self.lock();
        if !self.admit(&mut queue, message.text.len(), command, now) {
            return queue.refuse();
        }
        queue.entries.push_back(Entry { message, kind: Kind::Event { since: now, command } });
        queue.announce()
    }

    /// Counts one more event message, or ends the session for want of place.
    fn admit(&self, queue: &mut Queue, bytes: usize, command: Option<u64>, now: Instant) -> bool {
        if queue.ending.is_some() {
            return false;
        }
        if let Some(oldest) = queue.oldest_event {
            let too_old = now.saturating_duration_since(oldest.since) > self.limits.event_age_max;
            let one_command = command.is_some() && oldest.command == command;
            let too_many = queue.event_bytes + bytes > self.limits.event_bytes_max && !one_command;
            if too_old || too_many {
                self.overflow(queue);
                return false;
            }
        }
        queue.oldest_event.get_or_insert(Oldest { since: now, command });
        queue.event_bytes += bytes;
        queue.events_waiting += 1;
        self.watch_load(queue);
        true
    }

    fn overflow(&self, queue: &mut Queue) {
        queue.ending = Some(Ending::SlowConsumer);
        queue.discard();
        self.counters.overflows.add(1);
        tracing::debug!(client = %self.owner, "slow consumer: its outbox overflowed");
    }

    /// Moves what is due to `chunk`, in order, until at least `bytes_max` are taken.
    pub(crate) fn take(&self, chunk: &mut VecDeque<Due>, bytes_max: usize) -> Taken {
        let mut queue = self.lock();
        let mut taken = Taken::default();
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some(entry) = queue.entries.pop_front()
        {
            queue.taken += 1;
            match entry.kind {
                Kind::State(slot) => {
                    let slot = &mut queue.slots[slot.0 as usize];
                    let waiting = slot.waiting.take();
                    slot.sent = waiting.expect("a state entry is known to its slot").1;
                    queue.keys_waiting -= 1;
                }
                Kind::Event { since, command: _ } => {
                    taken.oldest_event.get_or_insert(since);
                    queue.event_bytes -= entry.message.text.len();
                    queue.events_waiting -= 1;
                }
                Kind::Void => continue,
            }
            bytes += entry.message.text.len();
            chunk.push_back(entry.message);
        }
        queue.find_oldest();
        if queue.entries.is_empty() {
            queue.entries.shrink_to(ENTRIES_KEPT);
        }
        if self.load_percent(&queue) <= RELIEVED_PERCENT {
            self.overloaded.store(false, Ordering::Relaxed);
        }
        if queue.room_wanted && queue.event_bytes <= self.room_bytes() {
            queue.room_wanted = false;
            taken.room = true;
        }
        taken
    }

    /// Ready when something waits or the session is to end; else the task is woken then.
    pub(crate) fn poll_due(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.lock();
        if !queue.entries.is_empty() || queue.ending.is_some() {
            return Poll::Ready(());
        }
        queue.remember(context.waker());
        Poll::Pending
    }

    /// Ready when the session is to end although it is still writing.
    pub(crate) fn poll_overflow(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.lock();
        if queue.ending == Some(Ending::SlowConsumer) {
            return Poll::Ready(());
        }
        queue.remember(context.waker());
        Poll::Pending
    }

    /// Set once nothing more will come.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let queue = self.lock();
        queue.ending.filter(|_| queue.entries.is_empty())
    }

    /// Ends the session: an overflow at once, a shutdown after what waits.
    pub(crate) fn end(&self, ending: Ending) {
        let mut queue = self.lock();
        match ending {
            Ending::SlowConsumer if queue.ending.is_none() => self.overflow(&mut queue),
            Ending::SlowConsumer => {}
            Ending::Shutdown => {
                queue.ending.get_or_insert(ending);
            }
        }
        queue.wake();
    }

    /// The session is over: nothing is kept or taken any more.
    pub(crate) fn shut(&self) {
        let mut queue = self.lock();
        queue.ending.get_or_insert(Ending::Shutdown);
        queue.discard();
    }

    /// Announces what was pushed since the last call.
    pub(crate) fn wake(&self) {
        self.lock().wake();
    }

    /// Is there place for a piece of history? If not, a later `take` says when there is.
    pub(crate) fn has_room(&self) -> bool {
        let mut queue = self.lock();
        let has_room = queue.event_bytes <= self.room_bytes();
        queue.room_wanted = !has_room;
        has_room
    }

    fn room_bytes(&self) -> usize {
        self.limits.event_bytes_max / 4
    }

    pub(crate) fn is_overloaded(&self) -> bool {
        self.overloaded.load(Ordering::Relaxed)
    }

    /// Since when the oldest event message waits.
    pub(crate) fn oldest_event(&self) -> Option<Instant> {
        self.lock().oldest_event.map(|oldest| oldest.since)
    }

    /// Messages that wait.
    pub(crate) fn waiting(&self) -> usize {
        let queue = self.lock();
        queue.keys_waiting + queue.events_waiting
    }

    fn load_percent(&self, queue: &Queue) -> usize {
        let keys = queue.keys_waiting * 100 / self.limits.state_keys_max;
        keys.max(queue.event_bytes * 100 / self.limits.event_bytes_max)
    }

    fn watch_load(&self, queue: &mut Queue) {
        if self.load_percent(queue) <= OVERLOADED_PERCENT || self.is_overloaded() {
            return;
        }
        self.overloaded.store(true, Ordering::Relaxed);
        self.counters.overloads.add(1);
        if !queue.warned {
            queue.warned = true;
            tracing::warn!("Client {} queue overload", self.owner);
        }
    }

    /// A panic of a session leaves the queue as it was between two pushes.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places kept for the next messages once all are taken.
const ENTRIES_KEPT: usize = 32;

impl Queue {
    /// Nothing that waited is sent; the slots forget what waited for them.
    fn discard(&mut self) {
        self.taken += self.entries.len() as u64;
        self.entries = VecDeque::new();
        (self.keys_waiting, self.events_waiting, self.event_bytes) = (0, 0, 0);
        self.oldest_event = None;
        for slot in &mut self.slots {
            slot.waiting = None;
        }
    }

    fn entry(&mut self, number: u64) -> &mut Entry {
        &mut self.entries[(number - self.taken) as usize]
    }

    /// It is never sent.
    fn void(&mut self, number: u64) {
        let entry = self.entry(number);
        entry.kind = Kind::Void;
        entry.message.text = Utf8Bytes::default();
    }

    fn announce(&mut self) -> Pushed {
        if self.announced {
            return Pushed::Behind;
        }
        self.announced = true;
        Pushed::First
    }

    /// The end itself is news too, once.
    fn refuse(&mut self) -> Pushed {
        match self.announce() {
            Pushed::First => Pushed::First,
            Pushed::Behind | Pushed::Full | Pushed::Ended => Pushed::Ended,
        }
    }

    fn wake(&mut self) {
        self.announced = false;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn remember(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    fn find_oldest(&mut self) {
        self.oldest_event = None;
        if self.events_waiting == 0 {
            return;
        }
        self.oldest_event = self.entries.iter().find_map(|entry| match entry.kind {
            Kind::Event { since, command } => Some(Oldest { since, command }),
            Kind::State(_) | Kind::Void => None,
        });
    }
}

#[cfg(test)]
mod tests;
