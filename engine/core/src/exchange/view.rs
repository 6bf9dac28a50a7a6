//! What can be asked of the exchange between commands. Readers are recovery, checks and dry runs;
//! views for clients are kept from events instead.

use alloc::vec::Vec;

use super::Exchange;
use super::shape::limit;
use crate::book::{Half, Limit};
use crate::command::Genesis;
use crate::event::{AccountSettings, Balance, Funding, Money};
use crate::holdings::Holding;
use crate::id::OrderId;
use crate::instrument::{Bounds, Instrument};
use crate::terms::State;
use crate::text::{AccountName, ClientOrderId, Symbol};
use crate::types::{AccountId, AssetId, InstrumentId, Price, Quantity, Side, Stamp};

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

/// What an asset's fee account and its doors to the outside come to, smallest units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetTotals {
    pub asset: AssetId,
    pub fees: i128,
    pub deposited: i128,
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
        let due = [self.timers.next_deadline(), self.interruption_end_ns()];
        due.into_iter().flatten().min()
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
        let slot = self.live(id)?;
        let (half, _) = self.book.place(slot)?;
        half.is_book().then(|| self.view(slot))
    }

    /// The waiting stops of an instrument by entry.
    pub fn stops(&self, instrument: InstrumentId) -> Vec<StopOrder> {
        let slots = self.book.orders().iter().map(|(slot, _)| slot);
        let waiting = slots.filter(|&slot| {
            let terms = &self.terms[slot as usize];
            let waits = matches!(terms.state, State::Waiting | State::Trailing);
            waits && terms.half.instrument() == instrument
        });
        let mut stops: Vec<_> = waiting.map(|slot| self.stop(slot)).collect();
        stops.sort_unstable_by_key(|stop| stop.ticket);
        stops
    }

    fn stop(&self, slot: u32) -> StopOrder {
        let terms = &self.terms[slot as usize];
        let stop_price = match terms.state {
            State::Trailing => self.trails.stop_price(slot),
            State::Working | State::Waiting | State::Parked => {
                Some(self.conditions.get(terms.conditions).stop_price)
            }
        };
        StopOrder {
            id: self.order_id(slot),
            account: self.owner(slot),
            instrument: terms.half.instrument(),
            side: terms.half.side(),
            stop_price,
            quantity: self.open(slot),
            client_order_id: self.clients.name(terms.client),
            ticket: terms.ticket,
        }
    }

    /// Every balance that was ever touched, by account, then asset.
    pub fn balances(&self) -> impl Iterator<Item = Balance> + '_ {
        let used = self.ledger.iter().filter(|entry| entry.is_used);
        let mut touched: Vec<_> = used.map(|entry| (entry.account, entry.asset)).collect();
        for holding in self.holdings.iter().filter(|holding| holding.has_traded) {
            let known = self.instruments.get(holding.instrument).expect("it was traded");
            touched.extend([(holding.account, known.base), (holding.account, known.quote)]);
        }
        touched.sort_unstable();
        touched.dedup();
        touched.into_iter().map(|(account, asset)| {
            let (free, locked) = self.balance_of(account, asset);
            Balance { account, asset, free: Money::new(free), locked: Money::new(locked) }
        })
    }

    /// Free and locked. Trades of an unfunded account are its holdings; they are added up here.
    pub(crate) fn balance_of(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        let known = self.accounts.known(account);
        let entry = self.ledger.find(known.balances, asset).map(|at| self.ledger.get(at));
        let (free, locked) = entry.map_or((0, 0), |entry| (entry.free, entry.locked));
        if known.funding == Funding::Funded {
            return (free, locked);
        }
        let own = self.holdings.iter().filter(|holding| holding.account == account);
        let traded =
            own.fold(0i128, |sum, holding| sum.saturating_add(self.worth_of(holding, asset)));
        (free.saturating_add(traded), locked)
    }

    fn worth_of(&self, holding: &Holding, asset: AssetId) -> i128 {
        let known = self.instruments.get(holding.instrument).expect("it was traded");
        let worth = self.instruments.worth(holding.instrument);
        let base = if known.base == asset {
            holding.position.saturating_mul(worth.base_unit())
        } else {
            0
        };
        let quote = if known.quote == asset {
            let paid = holding.paid.saturating_mul(worth.multiplier());
            paid.saturating_add(holding.fees).saturating_neg()
        } else {
            0
        };
        base.saturating_add(quote)
    }

    /// Of every asset: fees less rebates so far, and deposits less withdrawals.
    pub fn assets(&self) -> impl Iterator<Item = AssetTotals> + '_ {
        (1u16..).zip(self.instruments.assets()).map(|(number, asset)| AssetTotals {
            asset: AssetId(number),
            fees: asset.fees,
            deposited: asset.deposited,
        })
    }

    pub fn settings(&self, account: AccountId) -> Option<AccountSettings> {
        self.accounts.get(account).map(|_| self.settings_of(account))
    }

    pub fn bounds(&self, instrument: InstrumentId) -> Option<&Bounds> {
        self.instruments.get(instrument).map(|known| &self.instruments.market(known.id).bounds)
    }

    /// None: nothing has traded.
    pub fn last_price(&self, instrument: InstrumentId) -> Option<Price> {
        let known = self.instruments.get(instrument)?;
        let last = self.instruments.market(known.id).last;
        (last.0 > 0).then_some(last)
    }

    /// All votes so far, up and down.
    pub fn prayers(&self) -> (u64, u64) {
        self.prayers
    }

    /// Open quantity, hidden included.
    #[inline]
    pub(crate) fn open(&self, slot: u32) -> Quantity {
        Quantity(self.book.orders()[slot].open + self.terms[slot as usize].hidden)
    }

    fn view(&self, slot: u32) -> BookOrder {
        let (half, price) = self.book.place(slot).expect("a live order rests between commands");
        let (order, terms) = (&self.book.orders()[slot], &self.terms[slot as usize]);
        let is_priced = limit(terms.order_type, terms.fields, price) != Limit::Any;
        BookOrder {
            id: self.order_id(slot),
            account: AccountId(order.owner()),
            instrument: half.instrument(),
            side: half.side(),
            price: if is_priced { price } else { Price(0) },
            open: Quantity(order.open),
            hidden: Quantity(terms.hidden),
            client_order_id: self.clients.name(terms.client),
            ticket: terms.ticket,
        }
    }
}
