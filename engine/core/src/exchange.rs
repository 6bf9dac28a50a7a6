//! The door: one command in with its stamp, what happened out through the sink. Everything that
//! can refuse is state of this type; it asks no clock and no projection. `Genesis` reserves memory
//! for every limit it names; after it only the first messages of a venue and symbol allocate.

mod account;
mod admit;
mod amend;
mod call;
mod cancel;
mod ending;
mod money;
mod place;
mod plain;
mod setup;
mod shape;
mod status;
mod stops;
mod stored;
mod view;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use cancel::Leaving;
pub(crate) use ending::Ending;
pub(crate) use money::Held;
pub use stored::EXCHANGE_VERSION;
pub use view::{AssetTotals, BookOrder, StopOrder};

use crate::accounts::Accounts;
use crate::book::{Book, Half};
use crate::clients::Clients;
use crate::command::{Actor, Command, Genesis, Target};
use crate::conditions::ConditionsPool;
use crate::event::{Event, Op, Rejected, Sink};
use crate::expiries::Expiries;
use crate::feeds::Feeds;
use crate::holdings::Holdings;
use crate::id::OrderId;
use crate::instruments::Instruments;
use crate::keyed::Key;
use crate::ledger::Ledger;
use crate::reason::Reason;
use crate::terms::Terms;
use crate::text::ClientOrderId;
use crate::timers::Timers;
use crate::trails::Trails;
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
    pub(crate) conditions: ConditionsPool,
    pub(crate) trails: Trails,
    pub(crate) expiries: Expiries,
    pub(crate) holdings: Holdings,
    pub(crate) ledger: Ledger,
    pub(crate) prayers: (u64, u64),
    /// None: nothing was ever applied, nothing is allocated.
    pub(crate) genesis: Option<Genesis>,
    /// What its `rules_version` says.
    rules: Rules,
    key: Key,
    /// Orders on their way through a mass cancel; empty between commands.
    leaving: Vec<Leaving>,
    /// Children whose parents were filled by the running command; empty between commands.
    children: Vec<OrderId>,
    /// Levels of a call by side, full quantities; what is in them between commands means nothing.
    collected: [Vec<(Price, Quantity)>; 2],
}

/// Which rules a journal is decided by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rules {
    /// Limit and market orders of unfunded accounts.
    First,
    Second,
}

impl Rules {
    fn of(genesis: &Genesis) -> Self {
        if genesis.rules_version >= 2 { Self::Second } else { Self::First }
    }
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
        let orders = orders_max as usize;
        Self {
            applied: Stamp::default(),
            book: Book::new(instruments_max, orders_max),
            terms: Vec::with_capacity(orders),
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
            conditions: ConditionsPool::new(orders_max),
            trails: Trails::new(instruments_max, genesis.trailing_max),
            expiries: Expiries::new(orders_max),
            holdings: Holdings::new(key, genesis.positions_max),
            ledger: Ledger::new(genesis.balances_max),
            prayers: (0, 0),
            genesis: None,
            rules: Rules::of(genesis),
            key,
            leaving: Vec::with_capacity(orders),
            children: Vec::with_capacity(orders),
            collected: [Vec::with_capacity(orders), Vec::with_capacity(orders)],
        }
    }

    /// With the memory that its genesis names and nothing in it.
    fn begun(key: Key, genesis: Option<Genesis>) -> Self {
        let limits = genesis.as_ref().unwrap_or(&BEFORE_GENESIS);
        Self { genesis, ..Self::with_limits(key, limits) }
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
            Command::Pair(pair) => self.place_pair(pair, sink),
            Command::Status(change) => self.status(change, sink),
            Command::Uncross(uncross) => self.end_auction(uncross, sink),
            Command::EndOfDay(end) => self.end_of_day(end, sink),
            Command::Transfer(transfer) => self.transfer(transfer, sink),
            Command::Account(spec) => self.change_account(spec, sink),
            Command::Cancel(cancel) => self.cancel(cancel, sink),
            Command::Amend(amend) => self.amend(amend, sink),
            Command::MassCancel(mass) => self.mass_cancel(mass, sink),
            Command::Clock => self.clock(sink),
            Command::Pray(pray) => self.pray(pray, sink),
            Command::Ticker(ticker) => self.ticker(ticker, sink),
            Command::Liquidation(liquidation) => self.liquidation(liquidation, sink),
            Command::ExternalTrade(trade) => self.external_trade(trade, sink),
            Command::ExternalDepth(depth) => self.external_depth(depth, sink),
            Command::Instrument(spec) => self.change_instrument(spec, sink),
            Command::Genesis(genesis) => self.begin(genesis, sink),
        }
        if self.timers.expiry_ns.is_some() {
            self.look_ahead();
        }
    }

    /// When the next living order ends.
    fn look_ahead(&mut self) {
        let Self { expiries, book, timers, .. } = self;
        timers.expiry_ns = expiries
            .next_ns(|slot, mark| book.orders().get(slot).is_some_and(|order| order.mark == mark));
    }

    #[inline]
    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    #[inline]
    pub(crate) fn is_first_rules(&self) -> bool {
        self.rules() == Rules::First
    }

    /// The slot of a live order of the account.
    #[inline]
    pub(crate) fn locate(&self, account: AccountId, target: &Target) -> Option<u32> {
        let order = match target {
            Target::Order(order) => *order,
            Target::Client(name) => self.clients.find(account, name)?.0,
        };
        self.live(order).filter(|&slot| self.owner(slot) == account)
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

    #[inline]
    pub(crate) fn owner(&self, slot: u32) -> AccountId {
        AccountId(self.book.orders()[slot].owner())
    }

    /// Puts an order at the back of the queue at its price. The level's quantity after it.
    #[inline]
    pub(crate) fn rest(&mut self, slot: u32, half: Half, price: Price, open: Quantity) -> Quantity {
        self.next_ticket(slot);
        self.book.rest(slot, half, price, open)
    }

    #[inline]
    pub(crate) fn next_ticket(&mut self, slot: u32) -> u64 {
        self.tickets += 1;
        self.terms[slot as usize].ticket = self.tickets;
        self.tickets
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
