//! The door: one command in with its stamp, what happened out through the sink. Everything that
//! can refuse is state of this type; it asks no clock and no projection. `Genesis` reserves memory
//! for every limit it names; after it only the first messages of a venue and symbol allocate.

mod amend;
mod cancel;
mod place;
mod setup;
mod view;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use view::{BookOrder, StopOrder};

use crate::accounts::Accounts;
use crate::book::{Book, Half};
use crate::clients::Clients;
use crate::command::{Actor, Command, Genesis, Target};
use crate::event::{Event, Op, Rejected, Sink};
use crate::feeds::Feeds;
use crate::id::OrderId;
use crate::instruments::Instruments;
use crate::keyed::Key;
use crate::reason::Reason;
use crate::terms::Terms;
use crate::text::ClientOrderId;
use crate::timers::Timers;
use crate::types::{AccountId, InstrumentId, Price, Quantity, Sequence, Stamp};

#[derive(Debug)]
pub struct Exchange {
    pub(crate) applied: Stamp,
    pub(crate) book: Book,
    /// By slot of the book's arena.
    pub(crate) terms: Vec<Terms>,
    /// The last ticket given.
    pub(crate) tickets: u64,
    pub(crate) accounts: Accounts,
    pub(crate) clients: Clients,
    pub(crate) instruments: Instruments,
    pub(crate) feeds: Feeds,
    pub(crate) timers: Timers,
    pub(crate) prayers: (u64, u64),
    /// None: nothing was ever applied, nothing is allocated.
    pub(crate) genesis: Option<Genesis>,
    key: Key,
    /// Slots on their way through a mass cancel; empty between commands.
    leaving: Vec<u32>,
}

/// No limit allows anything.
const BEFORE_GENESIS: Genesis = Genesis {
    rules_version: 0,
    orders_max: 0,
    accounts_max: 0,
    instruments_max: 0,
    assets_max: 0,
    closed_ids_max: 0,
    closed_ids_per_account_max: 0,
    feed_window: 0,
    positions_max: 0,
    balances_max: 0,
    trailing_max: 0,
    actor: Actor::EMPTY,
};

impl Exchange {
    /// An exchange before its first command. `identity` is the journal's; it keys hashes and
    /// decides nothing.
    pub fn new(identity: [u8; 16]) -> Self {
        Self::with_limits(Key::of_identity(identity), &BEFORE_GENESIS)
    }

    fn with_limits(key: Key, genesis: &Genesis) -> Self {
        let Genesis { orders_max, accounts_max, instruments_max, assets_max, .. } = *genesis;
        Self {
            applied: Stamp::default(),
            book: Book::new(instruments_max, orders_max),
            terms: Vec::with_capacity(orders_max as usize),
            tickets: 0,
            accounts: Accounts::new(key, accounts_max),
            clients: Clients::new(
                key,
                (orders_max, accounts_max),
                genesis.closed_ids_max,
                genesis.closed_ids_per_account_max,
            ),
            instruments: Instruments::new(instruments_max, assets_max),
            feeds: Feeds::new(key, genesis.feed_window),
            timers: Timers::NONE,
            prayers: (0, 0),
            genesis: None,
            key,
            leaving: Vec::with_capacity(orders_max as usize),
        }
    }

    /// Decides one command. Commands arrive gapless from sequence 1 and never earlier than the
    /// one before: anything else is a broken journal and panics. At least one event comes of it.
    pub fn apply<S: Sink>(&mut self, stamp: Stamp, command: &Command, sink: &mut S) {
        assert!(
            stamp.sequence.0 == self.applied.sequence.0 + 1,
            "commands arrive gapless and in order"
        );
        assert!(stamp.time_ns >= self.applied.time_ns, "time never goes backwards");
        self.applied = stamp;
        match command {
            Command::Place(order) => self.place(order, sink),
            Command::Pair(_) => sink.event(&refused(Op::Oco, Reason::BadCombination)),
            Command::Status(_) => sink.event(&refused(Op::Status, Reason::BadCombination)),
            Command::Uncross(_) => sink.event(&refused(Op::Uncross, Reason::BadCombination)),
            Command::EndOfDay(_) => sink.event(&refused(Op::EndOfDay, Reason::BadCombination)),
            Command::Transfer(_) => sink.event(&refused(Op::Deposit, Reason::BadCombination)),
            Command::Account(_) => sink.event(&refused(Op::Account, Reason::BadCombination)),
            Command::Cancel(cancel) => self.cancel(cancel, sink),
            Command::Amend(amend) => self.amend(amend, sink),
            Command::MassCancel(mass) => self.mass_cancel(mass, sink),
            Command::Clock => self.clock(sink),
            Command::Pray(pray) => self.pray(pray, sink),
            Command::Ticker(ticker) => self.ticker(ticker, sink),
            Command::Liquidation(liquidation) => self.liquidation(liquidation, sink),
            Command::Instrument(spec) => self.change_instrument(spec, sink),
            Command::Genesis(genesis) => self.begin(genesis, sink),
        }
    }

    /// The slot of a live order of the account.
    #[inline]
    pub(crate) fn locate(&self, account: AccountId, target: &Target) -> Option<u32> {
        let order = match target {
            Target::Order(order) => *order,
            Target::Client(name) => self.clients.find(account, name)?.0,
        };
        self.live(order).filter(|&slot| self.book.orders()[slot].owner == account.0)
    }

    /// The slot of an order, if it lives.
    #[inline]
    pub(crate) fn live(&self, id: OrderId) -> Option<u32> {
        let order = self.book.orders().get(id.slot)?;
        let same = order.mark == id.sequence.0 && self.terms[id.slot as usize].leg == id.leg;
        same.then_some(id.slot)
    }

    #[inline]
    pub(crate) fn order_id(&self, slot: u32) -> OrderId {
        let sequence = Sequence(self.book.orders()[slot].mark);
        OrderId { sequence, slot, leg: self.terms[slot as usize].leg }
    }

    /// Puts an order at the back of the queue at its price. The level's quantity after it.
    #[inline]
    pub(crate) fn rest(&mut self, slot: u32, half: Half, price: Price, open: Quantity) -> Quantity {
        self.tickets += 1;
        self.terms[slot as usize].ticket = self.tickets;
        self.book.rest(slot, half, price, open)
    }

    /// An order that is in no queue any more is over.
    #[inline]
    pub(crate) fn close(&mut self, slot: u32) {
        let owner = AccountId(self.book.orders()[slot].owner);
        self.accounts.known_mut(owner).orders -= 1;
        self.clients.close(self.terms[slot as usize].client);
        self.book.release(slot);
    }
}

/// A refusal of a command as it named things; `order` and `client_order_id` as far as it did.
pub(crate) fn rejected(
    op: Op,
    reason: Reason,
    (account, instrument): (AccountId, InstrumentId),
    target: Target,
) -> Event {
    let (order, client_order_id) = match target {
        Target::Order(order) => (order, ClientOrderId::EMPTY),
        Target::Client(name) => (OrderId::default(), name),
    };
    Event::Rejected(Rejected { op, reason, account, instrument, order, client_order_id })
}

/// A refusal of a command that is about no order.
pub(crate) fn refused(op: Op, reason: Reason) -> Event {
    let nobody = (AccountId::default(), InstrumentId::default());
    rejected(op, reason, nobody, Target::Order(OrderId::default()))
}
