//! The judge: the rules of the exchange written a second time, by hand and without cleverness, as
//! sorted vectors and searches from end to end. In: stamp and command; out: the list of events.
//! It must not know how the core does it, save the one thing that is state: which slot is next.
//! A new rule is a step of `place` or `amend`, or a file beside the book.

mod amend;
mod book;
mod clients;
mod feeds;
mod instruments;
mod place;

use orison_core::command::{
    AccountRef, Cancel, CancelReason, Genesis, MassCancel, Pray, Prayer, Target,
};
use orison_core::event::{Cancelled, Op, Place, Prayed, Rejected};
use orison_core::{
    AccountId, AccountName, ClientOrderId, Command, Event, Instrument, InstrumentId, OrderId,
    Quantity, RULES_VERSION, Reason, Side, Stamp,
};

use book::Book;
pub(crate) use book::Resting;
use book::Slots;
use clients::Clients;
use feeds::{Feeds, News};
use instruments::Listing;

pub(crate) struct Judge {
    genesis: Genesis,
    stamp: Stamp,
    accounts: Vec<AccountName>,
    listing: Listing,
    /// Number 1 is at index 0.
    books: Vec<Book>,
    slots: Slots,
    clients: Clients,
    feeds: Feeds,
    up_total: u64,
    down_total: u64,
    /// Places taken at the back of a queue so far.
    tickets: u64,
    events: Vec<Event>,
}

/// Who a command speaks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Known(AccountId),
    /// Opened by whoever enters an order under this name.
    New(AccountName),
    Nobody,
}

impl Judge {
    /// Before `Genesis` no limit allows anything.
    pub(crate) fn new() -> Self {
        Self {
            genesis: Genesis {
                rules_version: 0,
                orders_max: 0,
                accounts_max: 0,
                instruments_max: 0,
                assets_max: 0,
                closed_ids_max: 0,
                closed_ids_per_account_max: 0,
                feed_window: 0,
            },
            stamp: Stamp::default(),
            accounts: Vec::new(),
            listing: Listing::default(),
            books: Vec::new(),
            slots: Slots::default(),
            clients: Clients::default(),
            feeds: Feeds::default(),
            up_total: 0,
            down_total: 0,
            tickets: 0,
            events: Vec::new(),
        }
    }

    /// What happens, in order.
    pub(crate) fn apply(&mut self, stamp: Stamp, command: &Command) -> Vec<Event> {
        self.stamp = stamp;
        match command {
            Command::Genesis(genesis) => self.begin(genesis),
            Command::Instrument(spec) => {
                match self.listing.change(spec, &self.genesis, &mut self.events) {
                    Ok(()) => self.books.resize(self.listing.instruments.len(), Book::default()),
                    Err(reason) => self.refuse(Op::Instrument, reason),
                }
            }
            Command::Place(order) => self.place(order),
            Command::Cancel(cancel) => self.cancel(cancel),
            Command::Amend(amend) => self.amend(amend),
            Command::MassCancel(mass) => self.mass_cancel(mass),
            Command::Clock => self.events.push(Event::Done),
            Command::Pray(pray) => self.pray(pray),
            Command::Ticker(ticker) => self.hear(command, Event::Ticker(*ticker)),
            Command::Liquidation(forced) => self.hear(command, Event::Liquidation(*forced)),
        }
        std::mem::take(&mut self.events)
    }

    pub(crate) fn instruments(&self) -> &[Instrument] {
        &self.listing.instruments
    }

    /// The resting orders of a side in matching order.
    pub(crate) fn book(&self, instrument: InstrumentId, side: Side) -> &[Resting] {
        self.books[usize::from(instrument.0) - 1].side(side)
    }

    /// An order that rests.
    pub(crate) fn order(&self, id: OrderId) -> Option<&Resting> {
        let sides = self.books.iter().flat_map(|book| Side::BOTH.map(|side| book.side(side)));
        sides.flatten().find(|order| order.id == id)
    }

    pub(crate) fn prayers(&self) -> (u64, u64) {
        (self.up_total, self.down_total)
    }

    fn begin(&mut self, genesis: &Genesis) {
        if self.stamp.sequence.0 != 1 {
            self.refuse(Op::Genesis, Reason::BadStatus);
        } else if genesis.rules_version != RULES_VERSION {
            self.refuse(Op::Genesis, Reason::BadCombination);
        } else {
            self.genesis = *genesis;
            self.events.push(Event::Done);
        }
    }

    fn cancel(&mut self, cancel: &Cancel) {
        let party = self.party(&cancel.account);
        match self.locate(party, &cancel.target) {
            Some((instrument, side, order)) => {
                self.cancel_resting(instrument, side, order.id, CancelReason::User);
            }
            None => {
                let reason = Reason::UnknownOrder;
                self.reject(Op::Cancel, reason, party, InstrumentId(0), cancel.target);
            }
        }
    }

    fn cancel_resting(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        id: OrderId,
        reason: CancelReason,
    ) {
        let book = self.book_mut(instrument);
        let order = book.take(id);
        let level = book.level(side, order.price);
        self.close(id);
        self.events.push(Event::Cancelled(Cancelled {
            order: id,
            account: order.account,
            instrument,
            side,
            reason,
            place: Place::Book,
            price: order.price,
            quantity: order.open,
            level,
        }));
    }

    fn mass_cancel(&mut self, mass: &MassCancel) {
        let party = self.party(&mass.account);
        let known = |instrument: InstrumentId| self.listing.get(instrument).is_some();
        let is_a_reason = matches!(
            mass.reason,
            CancelReason::Mass
                | CancelReason::Admin
                | CancelReason::Disconnect
                | CancelReason::Timer
        );
        let refusal = match party {
            _ if !mass.instrument.is_none_or(known) => Some(Reason::UnknownSymbol),
            Party::New(_) | Party::Nobody => Some(Reason::UnknownAccount),
            Party::Known(_) if !is_a_reason => Some(Reason::BadCombination),
            Party::Known(_) => None,
        };
        if let Some(reason) = refusal {
            let no_order = Target::Order(OrderId::default());
            return self.reject(Op::MassCancel, reason, party, InstrumentId(0), no_order);
        }
        for index in 0..self.books.len() {
            let instrument = InstrumentId(index as u16 + 1);
            for side in Side::BOTH {
                let asked = mass.instrument.is_none_or(|asked| asked == instrument)
                    && mass.side.is_none_or(|asked| asked == side);
                let queue = self.books[index].side(side).iter();
                let own = queue.filter(|order| asked && Party::Known(order.account) == party);
                for id in own.map(|order| order.id).collect::<Vec<_>>() {
                    self.cancel_resting(instrument, side, id, mass.reason);
                }
            }
        }
        if self.events.is_empty() {
            self.events.push(Event::Done);
        }
    }

    fn pray(&mut self, pray: &Pray) {
        if pray.count == 0 || pray.count > 100 {
            return self.refuse(Op::Pray, Reason::BadQuantity);
        }
        match pray.side {
            Prayer::Up => self.up_total += u64::from(pray.count),
            Prayer::Down => self.down_total += u64::from(pray.count),
        }
        self.events.push(Event::Prayed(Prayed {
            side: pray.side,
            count: pray.count,
            up_total: self.up_total,
            down_total: self.down_total,
        }));
    }

    fn hear(&mut self, message: &Command, news: Event) {
        match self.feeds.hear(message, self.genesis.feed_window) {
            News::Fresh => self.events.push(news),
            News::Repeat => self.events.push(Event::Done),
        }
    }

    fn party(&self, account: &AccountRef) -> Party {
        match account {
            AccountRef::Id(id) if id.0 >= 1 && id.0 as usize <= self.accounts.len() => {
                Party::Known(*id)
            }
            AccountRef::Id(_) => Party::Nobody,
            AccountRef::Name(name) if name.is_empty() => Party::Nobody,
            AccountRef::Name(name) => match self.accounts.iter().position(|known| known == name) {
                Some(index) => Party::Known(AccountId(index as u32 + 1)),
                None => Party::New(*name),
            },
        }
    }

    /// A resting order of the account; one that is not known has none.
    fn locate(&self, party: Party, target: &Target) -> Option<(InstrumentId, Side, Resting)> {
        let Party::Known(account) = party else { return None };
        let id = match target {
            Target::Order(id) => *id,
            Target::Client(name) => self.clients.live(account, name)?,
        };
        for (index, book) in self.books.iter().enumerate() {
            for side in Side::BOTH {
                if let Some(order) = book.side(side).iter().find(|order| order.id == id) {
                    let is_own = order.account == account;
                    return is_own.then(|| (InstrumentId(index as u16 + 1), side, order.clone()));
                }
            }
        }
        None
    }

    fn book_mut(&mut self, instrument: InstrumentId) -> &mut Book {
        &mut self.books[usize::from(instrument.0) - 1]
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// An order that is over gives back its slot; its name goes to the window.
    fn close(&mut self, id: OrderId) {
        let Genesis { closed_ids_per_account_max, closed_ids_max, .. } = self.genesis;
        self.clients.close(id, closed_ids_per_account_max, closed_ids_max);
        self.slots.give_back(id.slot);
    }

    fn refuse(&mut self, op: Op, reason: Reason) {
        let no_order = Target::Order(OrderId::default());
        self.reject(op, reason, Party::Nobody, InstrumentId(0), no_order);
    }

    fn reject(
        &mut self,
        op: Op,
        reason: Reason,
        party: Party,
        instrument: InstrumentId,
        target: Target,
    ) {
        let account = match party {
            Party::Known(account) => account,
            Party::New(_) | Party::Nobody => AccountId(0),
        };
        let (order, client_order_id) = match target {
            Target::Order(order) => (order, ClientOrderId::EMPTY),
            Target::Client(name) => (OrderId::default(), name),
        };
        self.events.push(Event::Rejected(Rejected {
            op,
            reason,
            account,
            instrument,
            order,
            client_order_id,
        }));
    }

    /// What every sum of a side must stay within.
    fn fits_side(&self, instrument: InstrumentId, side: Side, more: u128) -> bool {
        let queue = self.book(instrument, side).iter();
        queue.map(|order| u128::from(order.open.0)).sum::<u128>() + more <= u128::from(u64::MAX)
    }
}

/// A quantity that an edge could not read is marked as such.
fn is_quantity(quantity: Quantity) -> bool {
    !quantity.is_zero() && quantity != Quantity::INVALID
}
