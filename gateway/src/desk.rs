//! Where a session hands in a command and waits for what became of it. The ticket's token travels
//! beside the command through both rings; the projector's thread completes it once the command
//! has reached the ack mode and the views show it. Knows no protocol and no wire.

mod underway;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam::queue::ArrayQueue;
use engine::runtime::Busy;
use engine::{Ingress, Token};
use orison_core::event::Accepted;
use orison_core::{Command, Event, Stamp};
use thiserror::Error;
use tokio::sync::oneshot;

pub use underway::{Named, OnTheWay, Underway};

/// Commands that may be on the road at once; one more is `Busy`.
pub const WAITING_MAX: u32 = 1 << 14;
/// A command without an answer by then is `Timeout`: its fate is unknown to the caller.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What became of a command, or of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The command's; of a check that of the last command it saw.
    pub stamp: Stamp,
    /// The event that answers: the first one that is not the opening of an account or asset.
    /// What it brought about later, a refusal of a fired stop too, answers nobody.
    pub answer: Event,
    /// The second order of a pair.
    pub second: Option<Accepted>,
    pub trades: u32,
    pub cancelled: u32,
}

#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum DeskError {
    /// Nothing was entered: the ring is full or too many wait.
    #[error("the exchange is busy; nothing was entered")]
    Busy,
    /// Nothing was entered: the disk is nearly full; cancels and amends still are.
    #[error("the journal is nearly full; nothing was entered")]
    JournalFull,
    /// Entered, but the engine is silent: whether it was carried out is not known.
    #[error("no answer within {} s: state unknown", ANSWER_TIMEOUT.as_secs())]
    Timeout,
    /// Nothing was entered: the process is shutting down.
    #[error("the exchange is stopping; nothing was entered")]
    Stopping,
}

/// The way in for every session of the process.
pub struct Desk {
    table: Arc<Table>,
    /// Held for one publication at a time.
    way: Mutex<Way>,
    /// Orders that were entered under a name and are not shown yet.
    pub underway: Underway,
}

impl Desk {
    /// The desk stays closed (`Stopping`) until `open`.
    pub fn new() -> (Self, Completions) {
        let table = Arc::new(Table::new(WAITING_MAX));
        let (way, underway) = (Mutex::new(Way::Closed), Underway::default());
        let desk = Self { table: Arc::clone(&table), way, underway };
        (desk, Completions(table))
    }

    pub fn open(&self, ingress: Ingress) {
        *lock(&self.way) = Way::Open(ingress);
    }

    /// From now on only what leaves the market is entered.
    pub fn close_to_orders(&self) {
        let mut way = lock(&self.way);
        *way = match std::mem::replace(&mut *way, Way::Closed) {
            Way::Open(ingress) | Way::Out(ingress) => Way::Out(ingress),
            Way::Closed => Way::Closed,
        };
    }

    /// From now on nothing is entered; what is on the road is still answered.
    pub fn close(&self) {
        *lock(&self.way) = Way::Closed;
    }

    /// Enters the command at once; the order of calls is the order of commands.
    pub fn enter(&self, command: &Command) -> Result<Ticket, DeskError> {
        self.publish(command, |ingress, token| ingress.submit(token, command))
    }

    /// Asks what `enter` would be refused for; the answer is `Done` or `Rejected`.
    pub fn check(&self, command: &Command) -> Result<Ticket, DeskError> {
        self.publish(command, |ingress, token| ingress.check(token, command))
    }

    fn publish(
        &self,
        command: &Command,
        submit: impl FnOnce(&mut Ingress, Token) -> Result<(), Busy>,
    ) -> Result<Ticket, DeskError> {
        let mut way = lock(&self.way);
        let ingress = match &mut *way {
            Way::Open(ingress) => ingress,
            Way::Out(ingress) if !grows(command) => ingress,
            Way::Out(_) | Way::Closed => return Err(DeskError::Stopping),
        };
        if ingress.is_nearly_full() && grows(command) {
            return Err(DeskError::JournalFull);
        }
        let ticket = Table::wait(&self.table).ok_or(DeskError::Busy)?;
        submit(ingress, ticket.token()).map_err(|Busy| DeskError::Busy)?;
        Ok(ticket)
    }

    pub async fn submit(&self, command: Command) -> Result<Outcome, DeskError> {
        self.enter(&command)?.outcome().await
    }

    /// Commands on the road now.
    pub fn waiting(&self) -> usize {
        WAITING_MAX as usize - self.table.free.len()
    }
}

/// Who may pass.
enum Way {
    Open(Ingress),
    /// Whoever leaves the market.
    Out(Ingress),
    Closed,
}

/// Commands that a journal which is nearly full has no room for. The rest either makes it
/// possible to leave the market or is the exchange's own.
fn grows(command: &Command) -> bool {
    match command {
        Command::Place(_)
        | Command::Pair(_)
        | Command::Pray(_)
        | Command::Ticker(_)
        | Command::Liquidation(_)
        | Command::ExternalTrade(_)
        | Command::ExternalDepth(_) => true,
        Command::Genesis(_)
        | Command::Instrument(_)
        | Command::Cancel(_)
        | Command::Amend(_)
        | Command::MassCancel(_)
        | Command::Status(_)
        | Command::Uncross(_)
        | Command::EndOfDay(_)
        | Command::Transfer(_)
        | Command::Account(_)
        | Command::Clock => false,
    }
}

/// A claim to the outcome of one command; dropping it gives the claim up, not the command.
pub struct Ticket {
    table: Arc<Table>,
    slot: u32,
    generation: u32,
    receiver: oneshot::Receiver<Outcome>,
}

impl Ticket {
    fn token(&self) -> Token {
        Token(u64::from(self.generation) << 32 | u64::from(self.slot))
    }

    pub async fn outcome(mut self) -> Result<Outcome, DeskError> {
        match tokio::time::timeout(ANSWER_TIMEOUT, &mut self.receiver).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) | Err(_) => Err(DeskError::Timeout),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.table.release(self.slot, self.generation);
    }
}

/// The projector's side of the desk.
pub struct Completions(Arc<Table>);

impl Completions {
    /// Tokens that nobody waits for any more are ignored.
    pub fn complete(&self, token: Token, outcome: Outcome) {
        let (generation, slot) = ((token.0 >> 32) as u32, token.0 as u32);
        if let Some(sender) = self.0.release(slot, generation)
            && sender.send(outcome).is_err()
        {
            tracing::debug!(%slot, "gave up in the very moment of its answer");
        }
    }
}

/// Who waits. A slot is claimed from `free`, and given back by whichever comes first: the
/// outcome or the waiter's end. Its generation tells a late outcome from the slot's next user;
/// generations start at 1, so that no token is 0.
struct Table {
    slots: Box<[Mutex<Slot>]>,
    free: ArrayQueue<u32>,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    sender: Option<oneshot::Sender<Outcome>>,
}

impl Table {
    fn new(slots: u32) -> Self {
        let free = ArrayQueue::new(slots as usize);
        for slot in 0..slots {
            free.push(slot).expect("the queue has a place for every slot");
        }
        Self { slots: (0..slots).map(|_| Mutex::default()).collect(), free }
    }

    fn wait(table: &Arc<Self>) -> Option<Ticket> {
        let slot = table.free.pop()?;
        let (sender, receiver) = oneshot::channel();
        let mut waiting = lock(&table.slots[slot as usize]);
        waiting.generation = waiting.generation.wrapping_add(1).max(1);
        waiting.sender = Some(sender);
        let generation = waiting.generation;
        drop(waiting);
        Some(Ticket { table: Arc::clone(table), slot, generation, receiver })
    }

    fn release(&self, slot: u32, generation: u32) -> Option<oneshot::Sender<Outcome>> {
        let mut waiting = lock(self.slots.get(slot as usize)?);
        if waiting.generation != generation {
            return None;
        }
        let sender = waiting.sender.take()?;
        drop(waiting);
        self.free.push(slot).expect("a slot is given back once for each time it is claimed");
        Some(sender)
    }
}

/// A panic of a session while it held one of these locks leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(sequence: u64) -> Outcome {
        let stamp = Stamp { sequence: orison_core::Sequence(sequence), time_ns: 0 };
        Outcome { stamp, answer: Event::Done, second: None, trades: 0, cancelled: 0 }
    }

    #[tokio::test]
    async fn an_outcome_reaches_the_ticket_of_its_token() {
        let table = Arc::new(Table::new(2));
        let completions = Completions(Arc::clone(&table));
        let first = Table::wait(&table).unwrap();
        let second = Table::wait(&table).unwrap();
        assert!(Table::wait(&table).is_none(), "two slots, two waiting");
        completions.complete(second.token(), outcome(2));
        completions.complete(first.token(), outcome(1));
        assert_eq!(first.outcome().await, Ok(outcome(1)));
        assert_eq!(second.outcome().await, Ok(outcome(2)));
        assert_eq!(table.free.len(), 2, "both slots are free again");
    }

    #[tokio::test]
    async fn a_late_outcome_never_reaches_the_next_user_of_the_slot() {
        let table = Arc::new(Table::new(1));
        let completions = Completions(Arc::clone(&table));
        let given_up = Table::wait(&table).unwrap();
        let late = given_up.token();
        drop(given_up);
        let next = Table::wait(&table).unwrap();
        assert_ne!(next.token(), late);
        completions.complete(late, outcome(1));
        completions.complete(Token(0), outcome(1));
        completions.complete(next.token(), outcome(2));
        assert_eq!(next.outcome().await, Ok(outcome(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_a_timeout_and_frees_its_slot() {
        let table = Arc::new(Table::new(1));
        let ticket = Table::wait(&table).unwrap();
        let asked = tokio::time::Instant::now();
        assert_eq!(ticket.outcome().await, Err(DeskError::Timeout));
        assert_eq!(asked.elapsed(), ANSWER_TIMEOUT);
        assert_eq!(table.free.len(), 1);
    }

    #[tokio::test]
    async fn a_closed_desk_enters_nothing() {
        let (desk, _completions) = Desk::new();
        assert_eq!(desk.submit(Command::Clock).await, Err(DeskError::Stopping));
        assert_eq!(desk.waiting(), 0);
    }
}
