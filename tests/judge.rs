//! The judge: the rules of the exchange written a second time, by hand and without cleverness, as
//! one vector of orders and searches from end to end. In: stamp and command; out: what the tape
//! would say. It must not know how the core does it, nor any event that is not on the tape.
//! A new rule is a step of `entry`, `amend` or `matching`, or a file beside them.

mod accounts;
mod amend;
mod auction;
mod clients;
mod entry;
mod feeds;
mod instruments;
mod matching;
mod order;
mod said;
mod shape;
mod stops;

use orison_core::command::{
    AccountRef, Cancel, CancelReason, ExternalDepth, Genesis, InstrumentFields, InstrumentSpec,
    Link, MassCancel, Pray, Prayer, Target,
};
use orison_core::event::{ExternalHead, ExternalQuote, Op, Prayed, StatusCause};
use orison_core::types::AssetId;
use orison_core::{
    AccountId, AccountName, ClientOrderId, Command, InstrumentId, OrderId, RULES_VERSION, Reason,
    Side, Stamp,
};

pub(crate) use accounts::{Account, Balance};
use clients::Clients;
use feeds::{Feeds, News};
use instruments::Listing;
pub(crate) use instruments::Market;
pub(crate) use order::{Order, Place};
pub(crate) use said::{Id, Said, heard, id_of};

const NANOSECONDS: u64 = 1_000_000_000;

pub(crate) struct Judge {
    genesis: Genesis,
    now: Stamp,
    accounts: Vec<Account>,
    /// How many of them the running command has opened, which may yet be refused.
    opened_now: usize,
    listing: Listing,
    /// Every live order, wherever it is.
    orders: Vec<Order>,
    /// Children whose parents are filled, in the order of filling.
    entering: Vec<Id>,
    clients: Clients,
    feeds: Feeds,
    prayers: (u64, u64),
    /// Places taken at the back of a queue so far.
    tickets: u64,
    /// Deposits, and withdrawals as negative ones.
    supplies: Vec<(AssetId, i128)>,
    /// As the last command left them.
    balances: Vec<Balance>,
    /// Where a transfer moved money.
    asked_balance: Option<(AccountId, AssetId)>,
    said: Vec<Said>,
}

impl Judge {
    /// Before `Genesis` no limit allows anything.
    pub(crate) fn new() -> Self {
        let nothing = Genesis {
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
            ..Genesis::DEFAULT
        };
        Self {
            genesis: nothing,
            now: Stamp::default(),
            accounts: Vec::new(),
            opened_now: 0,
            listing: Listing::default(),
            orders: Vec::new(),
            entering: Vec::new(),
            clients: Clients::default(),
            feeds: Feeds::default(),
            prayers: (0, 0),
            tickets: 0,
            supplies: Vec::new(),
            balances: Vec::new(),
            asked_balance: None,
            said: Vec::new(),
        }
    }

    /// What is said of it, in order.
    pub(crate) fn apply(&mut self, now: Stamp, command: &Command) -> Vec<Said> {
        self.now = now;
        self.opened_now = 0;
        if let Some(op) = self.too_new(command) {
            match command {
                Command::Pair(pair) => self.reject_new(op, &pair.legs[0], Reason::BadCombination),
                _ => self.refuse(op, Reason::BadCombination),
            }
            return std::mem::take(&mut self.said);
        }
        match command {
            Command::Genesis(genesis) => self.begin(genesis),
            Command::Instrument(spec) => self.change_instrument(spec),
            Command::Place(order) => self.place(order),
            Command::Pair(pair) => self.pair(pair),
            Command::Cancel(cancel) => self.cancel_command(cancel),
            Command::Amend(amend) => self.amend(amend),
            Command::MassCancel(mass) => self.mass_cancel(mass),
            Command::Status(change) => self.status(change),
            Command::Uncross(uncross) => self.uncross_command(uncross),
            Command::EndOfDay(end) => self.end_of_day(end),
            Command::Transfer(transfer) => self.transfer(transfer),
            Command::Account(spec) => self.change_account(spec),
            Command::Clock => self.clock(),
            Command::Pray(pray) => self.pray(pray),
            Command::Ticker(ticker) => self.hear(command, Said::Ticker(*ticker)),
            Command::Liquidation(forced) => self.hear(command, Said::Liquidation(*forced)),
            Command::ExternalTrade(trade) => self.hear(command, Said::ExternalTrade(*trade)),
            Command::ExternalDepth(depth) => self.hear_depth(command, depth),
        }
        self.say_balances();
        std::mem::take(&mut self.said)
    }

    pub(crate) fn markets(&self) -> &[Market] {
        &self.listing.markets
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn prayers(&self) -> (u64, u64) {
        self.prayers
    }

    /// The resting orders of a side in matching order.
    pub(crate) fn queue(&self, instrument: InstrumentId, side: Side) -> Vec<&Order> {
        let mut queue: Vec<&Order> = self.resting(instrument, side).collect();
        queue.sort_by_key(|order| order.rank());
        queue
    }

    /// The waiting stops of an instrument, the newest last.
    pub(crate) fn stops(&self, instrument: InstrumentId) -> Vec<&Order> {
        let waits =
            |order: &&Order| order.instrument == instrument && order.place == Place::Waiting;
        let mut stops: Vec<&Order> = self.orders.iter().filter(waits).collect();
        stops.sort_by_key(|order| order.ticket);
        stops
    }

    /// A live order.
    pub(crate) fn find(&self, id: Id) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    fn resting(&self, instrument: InstrumentId, side: Side) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |order| {
            (order.instrument, order.side, order.place) == (instrument, side, Place::Book)
        })
    }

    fn front(&self, instrument: InstrumentId, side: Side) -> Option<&Order> {
        self.resting(instrument, side).min_by_key(|order| order.rank())
    }

    /// The best price of a side.
    fn best(&self, instrument: InstrumentId, side: Side) -> Option<i64> {
        self.front(instrument, side).and_then(|order| order.limit)
    }

    /// The last trade price, else the configured one.
    fn reference(&self, instrument: InstrumentId) -> Option<i64> {
        let market = self.listing.market(instrument);
        let configured = Some(market.bounds.reference_price.0).filter(|price| *price > 0);
        market.last.or(configured)
    }

    fn is_in_call(&self, instrument: InstrumentId) -> bool {
        let status = self.listing.market(instrument).instrument.status;
        status == orison_core::instrument::Status::Auction
    }

    fn get(&self, id: Id) -> &Order {
        self.find(id).expect("it lives")
    }

    fn get_mut(&mut self, id: Id) -> &mut Order {
        self.orders.iter_mut().find(|order| order.id == id).expect("it lives")
    }

    fn remove(&mut self, id: Id) -> Order {
        let place = self.orders.iter().position(|order| order.id == id).expect("it lives");
        self.clients.close(id, &self.genesis);
        self.orders.remove(place)
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    fn instrument_ids(&self) -> Vec<InstrumentId> {
        self.listing.markets.iter().map(|market| market.instrument.id).collect()
    }

    fn account_ids(&self) -> Vec<AccountId> {
        (1..=self.accounts.len() as u32).map(AccountId).collect()
    }

    fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.0 as usize - 1]
    }

    fn account_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0 as usize - 1]
    }

    fn known_account(&self, named: &AccountRef) -> Option<AccountId> {
        self.account_ids().into_iter().find(|id| match named {
            AccountRef::Id(number) => number == id,
            AccountRef::Name(name) => self.account(*id).name == *name,
        })
    }

    /// A name that nobody has yet.
    fn name_to_open(&self, named: &AccountRef) -> Option<AccountName> {
        match named {
            AccountRef::Name(name) if !name.is_empty() => Some(*name),
            AccountRef::Id(_) | AccountRef::Name(_) => None,
        }
    }

    fn begin(&mut self, genesis: &Genesis) {
        let (old, new) = (&self.genesis, genesis);
        let falls = new.rules_version < old.rules_version
            || new.orders_max < old.orders_max
            || new.accounts_max < old.accounts_max
            || new.instruments_max < old.instruments_max
            || new.assets_max < old.assets_max
            || new.closed_ids_max < old.closed_ids_max
            || new.closed_ids_per_account_max < old.closed_ids_per_account_max
            // Windows are of that size for ever.
            || new.feed_window != old.feed_window
            || new.positions_max < old.positions_max
            || new.balances_max < old.balances_max
            || new.trailing_max < old.trailing_max;
        let is_first = self.now.sequence.0 == 1;
        let is_known = (1..=RULES_VERSION).contains(&genesis.rules_version);
        if !is_first && (falls || !is_known || old.rules_version == 0) {
            self.refuse(Op::Genesis, Reason::BadStatus);
        } else if !is_known {
            self.refuse(Op::Genesis, Reason::BadCombination);
        } else {
            self.genesis = *genesis;
        }
    }

    /// What the first rules did not know.
    fn too_new(&self, command: &Command) -> Option<Op> {
        if self.genesis.rules_version != 1 {
            return None;
        }
        match command {
            Command::Pair(pair) if pair.link == Link::Oco => Some(Op::Oco),
            Command::Pair(_) => Some(Op::Oto),
            Command::Status(_) => Some(Op::Status),
            Command::Uncross(_) => Some(Op::Uncross),
            Command::EndOfDay(_) => Some(Op::EndOfDay),
            Command::Account(_) => Some(Op::Account),
            Command::Transfer(transfer) => Some(accounts::op_of(transfer)),
            Command::Genesis(_)
            | Command::Instrument(_)
            | Command::Place(_)
            | Command::Cancel(_)
            | Command::Amend(_)
            | Command::MassCancel(_)
            | Command::Clock
            | Command::Pray(_)
            | Command::Ticker(_)
            | Command::Liquidation(_)
            | Command::ExternalTrade(_)
            | Command::ExternalDepth(_) => None,
        }
    }

    fn change_instrument(&mut self, spec: &InstrumentSpec) {
        match self.listing.change(spec, &self.genesis) {
            Err(reason) => self.refuse(Op::Instrument, reason),
            Ok(instrument) if spec.fields.has(InstrumentFields::STATUS) => {
                if self.listing.market(instrument).instrument.status != spec.status {
                    self.change_status(instrument, spec.status, StatusCause::Command);
                }
            }
            Ok(_) => {}
        }
    }

    fn cancel_command(&mut self, cancel: &Cancel) {
        match self.locate(&cancel.account, &cancel.target) {
            Some(id) => self.cancel(id, CancelReason::User),
            None => self.reject_target(Op::Cancel, &cancel.target, Reason::UnknownOrder),
        }
    }

    fn mass_cancel(&mut self, mass: &MassCancel) {
        let known = |instrument| self.listing.get(instrument).is_some();
        if !mass.instrument.is_none_or(known) {
            return self.refuse(Op::MassCancel, Reason::UnknownSymbol);
        }
        let Some(account) = self.known_account(&mass.account) else {
            return self.refuse(Op::MassCancel, Reason::UnknownAccount);
        };
        let is_a_reason = matches!(
            mass.reason,
            CancelReason::Mass
                | CancelReason::Admin
                | CancelReason::Disconnect
                | CancelReason::Timer
        );
        if !is_a_reason {
            return self.refuse(Op::MassCancel, Reason::BadCombination);
        }
        self.cancel_all(mass.reason, |order| {
            order.account == account
                && mass.instrument.is_none_or(|instrument| instrument == order.instrument)
                && mass.side.is_none_or(|side| side == order.side)
        });
    }

    /// Instruments by number; bids, asks, stops by entry, parked children by entry.
    fn cancel_all(&mut self, reason: CancelReason, is_meant: impl Fn(&Order) -> bool) {
        let mut leaving: Vec<&Order> = self.orders.iter().filter(|o| is_meant(o)).collect();
        leaving.sort_by_key(|order| {
            let (room, rank) = match (order.place, order.side) {
                (Place::Book, Side::Buy) => (0, order.rank()),
                (Place::Book, Side::Sell) => (1, order.rank()),
                (Place::Waiting, _) => (2, (0, 0)),
                (Place::Parked | Place::Hand, _) => (3, (0, 0)),
            };
            (order.instrument, room, rank, order.id)
        });
        for id in leaving.into_iter().map(|order| order.id).collect::<Vec<_>>() {
            self.cancel_if_live(id, reason);
        }
    }

    fn pray(&mut self, pray: &Pray) {
        if pray.count == 0 || pray.count > 100 {
            return self.refuse(Op::Pray, Reason::BadQuantity);
        }
        match pray.side {
            Prayer::Up => self.prayers.0 += u64::from(pray.count),
            Prayer::Down => self.prayers.1 += u64::from(pray.count),
        }
        let (up_total, down_total) = self.prayers;
        let (side, count) = (pray.side, pray.count);
        self.said.push(Said::Prayed(Prayed { side, count, up_total, down_total }));
    }

    fn hear(&mut self, message: &Command, news: Said) {
        match self.feeds.hear(message, self.genesis.feed_window) {
            News::Fresh => self.said.push(news),
            News::Repeat => {}
        }
    }

    /// The head, then each level, bids first.
    fn hear_depth(&mut self, message: &Command, depth: &ExternalDepth) {
        let before = self.said.len();
        let ExternalDepth { venue, symbol, update_id, event_time_ms, .. } = *depth;
        let [bids, asks] = [&depth.bids, &depth.asks].map(|side| side.levels().len() as u8);
        let head = ExternalHead { venue, symbol, bids, asks, update_id, event_time_ms };
        self.hear(message, Said::ExternalHead(head));
        if self.said.len() == before {
            return;
        }
        for side in [Side::Buy, Side::Sell] {
            for level in depth.side(side).levels() {
                let (price, quantity) = depth.foreign(level);
                self.said.push(Said::ExternalLevel(ExternalQuote { side, price, quantity }));
            }
        }
    }

    /// A live order of the account; one that is not known has none.
    fn locate(&self, account: &AccountRef, target: &Target) -> Option<Id> {
        let account = self.known_account(account)?;
        let id = match target {
            Target::Order(order) => id_of(*order),
            Target::Client(name) => self.clients.live(account, name)?,
        };
        self.find(id).filter(|order| order.account == account).map(|order| order.id)
    }

    fn refuse(&mut self, op: Op, reason: Reason) {
        self.reject_target(op, &Target::Order(OrderId::default()), reason);
    }

    fn reject_target(&mut self, op: Op, target: &Target, reason: Reason) {
        let (order, client) = match target {
            Target::Order(order) => (id_of(*order), ClientOrderId::EMPTY),
            Target::Client(name) => ((0, 0), *name),
        };
        self.said.push(Said::Rejected { op, order, client, reason });
    }
}
