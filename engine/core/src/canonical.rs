//! The bytes that digests run over: of an event, of a resting order, and of the whole state, in
//! tagged sections. Fixed little-endian fields in a fixed order; a section at its default is left
//! out, so that a new rule does not change old digests. No time, identity or hash is part of them.

use crate::book::NONE;
use crate::clients::Entry;
use crate::command::{Foreign, Genesis, Prayer};
use crate::event::{
    Accepted, AccountSettings, Amended, Amount, Auction, Cancelled, Conditions, Decremented, Event,
    Level, Money, Phase, Refreshed, Rejected, Rested, Trade, Triggered, Waiting,
};
use crate::exchange::{BookOrder, Exchange};
use crate::id::OrderId;
use crate::instrument::{Bounds, Instrument, Step};
use crate::terms::State;
use crate::text::Text;
use crate::types::{AccountId, Side};

/// Fixed-size fields, one after the other, in a buffer that is known to be large enough.
struct Fields<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl<'a> Fields<'a> {
    fn new(out: &'a mut [u8]) -> Self {
        Self { out, length: 0 }
    }

    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) -> &mut Self {
        self.out[self.length..][..N].copy_from_slice(&bytes);
        self.length += N;
        self
    }

    fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes([value])
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    fn i32(&mut self, value: i32) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    fn money(&mut self, value: Money) -> &mut Self {
        self.bytes(value.units().to_le_bytes())
    }

    fn amount(&mut self, value: Amount) -> &mut Self {
        self.money(value.mantissa).u8(value.scale)
    }

    fn text<const N: usize>(&mut self, text: &Text<N>) -> &mut Self {
        self.u8(text.len() as u8).bytes(*text.bytes())
    }

    fn order(&mut self, id: OrderId) -> &mut Self {
        self.u64(id.sequence.0).u32(id.slot).u16(id.leg)
    }

    fn step(&mut self, step: Step) -> &mut Self {
        self.u64(step.mantissa).u8(step.scale)
    }

    fn foreign(&mut self, number: Foreign) -> &mut Self {
        self.i64(number.mantissa).u8(number.scale)
    }
}

impl Event {
    /// No event has more canonical bytes.
    pub const CANONICAL_MAX: usize = 96;

    /// Writes the bytes that the event digest runs over: a tag, then the fields. How many.
    pub fn canonical(&self, out: &mut [u8; Self::CANONICAL_MAX]) -> usize {
        let mut to = Fields::new(out);
        // Tags are stable: a retired one is never given away again.
        match self {
            Self::Accepted(event) => accepted(to.u8(1), event),
            Self::Rejected(event) => rejected(to.u8(2), event),
            Self::Trade(event) => trade(to.u8(3), event),
            Self::Rested(event) => rested(to.u8(4), event),
            Self::Cancelled(event) => cancelled(to.u8(5), event),
            Self::Amended(event) => amended(to.u8(6), event),
            Self::Level(event) => level(to.u8(7), event),
            Self::AssetOpened(event) => {
                to.u8(8).u16(event.asset.0).text(&event.name).u8(event.decimals);
            }
            Self::Instrument(event) => instrument(to.u8(9), event),
            Self::AccountOpened(event) => {
                to.u8(10).u32(event.account.0).text(&event.name);
            }
            Self::Prayed(event) => {
                let to = to.u8(11).u8(event.side as u8).u32(event.count);
                to.u64(event.up_total).u64(event.down_total);
            }
            Self::Ticker(event) => {
                let to = to.u8(12).text(&event.venue).text(&event.symbol);
                to.foreign(event.price).foreign(event.change_24h).u64(event.event_time_ms);
            }
            Self::Liquidation(event) => {
                let to = to.u8(13).text(&event.venue).text(&event.symbol).u8(event.side as u8);
                to.foreign(event.quantity).foreign(event.price).u64(event.event_time_ms);
            }
            Self::Done => {
                to.u8(14);
            }
            Self::Conditions(event) => conditions(to.u8(15), event),
            Self::Waiting(event) => waiting(to.u8(16), event),
            Self::Triggered(event) => triggered(to.u8(17), event),
            Self::Refreshed(event) => refreshed(to.u8(18), event),
            Self::Decremented(event) => decremented(to.u8(19), event),
            Self::Auction(event) => auction(to.u8(20), event),
            Self::Status(event) => {
                to.u8(21).u16(event.instrument.0).u8(event.status as u8).u8(event.cause as u8);
            }
            Self::Balance(event) => {
                let to = to.u8(22).u32(event.account.0).u16(event.asset.0);
                to.money(event.free).money(event.locked);
            }
            Self::Bounds(event) => bounds(to.u8(23), event),
            Self::Account(event) => settings(to.u8(24), event),
            Self::ExternalTrade(event) => {
                let to = to.u8(25).text(&event.venue).text(&event.symbol).u8(event.side as u8);
                to.foreign(event.price).foreign(event.quantity);
                to.u64(event.trade_id).u64(event.event_time_ms);
            }
            Self::ExternalDepth(event) => {
                let to = to.u8(26).text(&event.venue).text(&event.symbol);
                to.u8(event.bids).u8(event.asks).u64(event.update_id).u64(event.event_time_ms);
            }
            Self::ExternalLevel(event) => {
                to.u8(27).u8(event.side as u8).foreign(event.price).foreign(event.quantity);
            }
        }
        to.length
    }
}

fn accepted(to: &mut Fields<'_>, event: &Accepted) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0);
    to.u8(event.side as u8).u8(event.order_type as u8).u8(event.time_in_force as u8);
    to.u8(event.self_trade as u8).u8(event.entry as u8).u16(event.fields.0);
    to.text(&event.client_order_id);
    to.i64(event.price.0).u64(event.quantity.0).u64(event.level.0);
}

fn rejected(to: &mut Fields<'_>, event: &Rejected) {
    to.u8(event.op as u8).u8(event.reason as u8).u32(event.account.0).u16(event.instrument.0);
    to.order(event.order).text(&event.client_order_id);
}

fn trade(to: &mut Fields<'_>, event: &Trade) {
    to.order(event.maker).order(event.taker);
    to.u32(event.maker_account.0).u32(event.taker_account.0).u16(event.instrument.0);
    to.u8(event.taker_side as u8).i64(event.price.0).u64(event.quantity.0);
    to.money(event.maker_fee).money(event.taker_fee);
    // Every trade of the first rules was continuous.
    if event.phase == Phase::Uncross {
        to.u8(event.phase as u8);
    }
}

fn rested(to: &mut Fields<'_>, event: &Rested) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.i64(event.price.0).u64(event.quantity.0).u64(event.level.0);
}

fn cancelled(to: &mut Fields<'_>, event: &Cancelled) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.u8(event.reason as u8).u8(event.place as u8);
    to.i64(event.price.0).u64(event.quantity.0).u64(event.level.0);
}

fn amended(to: &mut Fields<'_>, event: &Amended) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.u8(event.priority as u8).u8(event.place as u8);
    to.i64(event.old_price.0).i64(event.price.0).u64(event.quantity.0);
    to.u64(event.old_level.0).u64(event.level.0);
}

fn level(to: &mut Fields<'_>, event: &Level) {
    to.u16(event.instrument.0).u8(event.side as u8).i64(event.price.0).u64(event.quantity.0);
}

fn conditions(to: &mut Fields<'_>, event: &Conditions) {
    to.order(event.order).order(event.partner).u8(event.link.map_or(0, |link| link as u8));
    to.i64(event.stop_price.0).i64(event.trail.0).u64(event.display.0);
    to.u64(event.min_quantity.0).u64(event.expire_at_ns).money(event.budget);
}

fn waiting(to: &mut Fields<'_>, event: &Waiting) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.i64(event.stop_price.0).i64(event.trail.0).u64(event.quantity.0);
}

fn triggered(to: &mut Fields<'_>, event: &Triggered) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.i64(event.price.0);
}

fn refreshed(to: &mut Fields<'_>, event: &Refreshed) {
    to.order(event.order).u32(event.account.0).u16(event.instrument.0).u8(event.side as u8);
    to.i64(event.price.0).u64(event.tip.0).u64(event.hidden.0).u64(event.level.0);
}

fn decremented(to: &mut Fields<'_>, event: &Decremented) {
    to.order(event.maker).order(event.taker).u32(event.account.0).u16(event.instrument.0);
    to.u8(event.taker_side as u8).u8(event.phase as u8);
    to.i64(event.price.0).u64(event.quantity.0).u64(event.level.0).u64(event.taker_level.0);
}

fn auction(to: &mut Fields<'_>, event: &Auction) {
    to.u16(event.instrument.0).i64(event.price.0).u64(event.volume.0).u64(event.surplus.0);
    to.u8(event.surplus_side.map_or(0, |side| side as u8 + 1));
}

fn bounds(to: &mut Fields<'_>, event: &Bounds) {
    to.u16(event.instrument.0).i64(event.band_low.0).i64(event.band_high.0);
    to.i64(event.reference_price.0).u32(event.execution_range_ppm).u64(event.interruption_ns);
    to.u64(event.max_quantity.0).money(event.min_notional);
}

fn settings(to: &mut Fields<'_>, event: &AccountSettings) {
    to.u32(event.account.0).u8(event.funding as u8).u8(event.access as u8);
    to.u8(event.self_trade as u8).u16(event.fields.0);
    to.u32(event.max_open_orders).u32(event.orders_per_second);
    to.i32(event.maker_fee_ppm).i32(event.taker_fee_ppm);
    to.amount(event.max_quantity).amount(event.max_notional).amount(event.position_limit);
}

fn instrument(to: &mut Fields<'_>, event: &Instrument) {
    to.text(&event.symbol).u16(event.id.0).u16(event.base.0).u16(event.quote.0);
    to.u8(event.status as u8).i32(event.maker_fee_ppm).i32(event.taker_fee_ppm);
    to.step(event.price_step).step(event.quantity_step);
}

impl BookOrder {
    pub const CANONICAL_MAX: usize = 96;

    /// Writes the bytes that a set hash of resting orders sums: the order with its priority. How
    /// many.
    pub fn canonical(&self, out: &mut [u8; Self::CANONICAL_MAX]) -> usize {
        let mut to = Fields::new(out);
        book_order(&mut to, self);
        to.length
    }
}

fn book_order(to: &mut Fields<'_>, order: &BookOrder) {
    to.order(order.id).u32(order.account.0).u16(order.instrument.0).u8(order.side as u8);
    to.i64(order.price.0).u64(order.open.0).u64(order.hidden.0);
    to.text(&order.client_order_id).u64(order.ticket);
}

/// The sections of the state, in their order. Numbers are stable.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Section {
    Applied = 1,
    Genesis = 2,
    Assets = 3,
    Instruments = 4,
    Accounts = 5,
    Book = 6,
    Tickets = 7,
    FreeSlots = 8,
    ClosedIds = 9,
    Prayers = 10,
    Feed = 11,
    Waiting = 12,
    Conditions = 13,
    Markets = 14,
    Settings = 15,
    Holdings = 16,
    Balances = 17,
    Totals = 18,
}

/// Hands on one section: its tag, how many entries, then each entry.
struct Sections<'a> {
    out: &'a mut dyn FnMut(&[u8]),
}

impl Sections<'_> {
    /// Left out when it has no entry.
    fn list<T>(
        &mut self,
        section: Section,
        entries: impl Iterator<Item = T>,
        count: u64,
        write: impl Fn(&mut Fields<'_>, T),
    ) {
        if count == 0 {
            return;
        }
        self.entry(|to| {
            to.u8(section as u8).u64(count);
        });
        let mut written = 0;
        for entry in entries {
            self.entry(|to| write(to, entry));
            written += 1;
        }
        assert!(written == count, "a section has as many entries as it says");
    }

    fn entry(&mut self, write: impl FnOnce(&mut Fields<'_>)) {
        let mut bytes = [0; 160];
        let mut to = Fields::new(&mut bytes);
        write(&mut to);
        let length = to.length;
        (self.out)(&bytes[..length]);
    }
}

impl Exchange {
    /// Hands the whole state to `out`, piece by piece, as the state digest runs over it.
    pub fn canonical(&self, out: &mut dyn FnMut(&[u8])) {
        let mut sections = Sections { out };
        let sequence = self.applied.sequence.0;
        sections.list(Section::Applied, [sequence].iter(), u64::from(sequence != 0), |to, &s| {
            to.u64(s);
        });
        let begun = u64::from(self.genesis.is_some());
        sections.list(Section::Genesis, self.genesis.iter(), begun, genesis);
        let assets = self.instruments.assets();
        sections.list(Section::Assets, assets.iter(), assets.len() as u64, |to, asset| {
            to.text(&asset.name).u8(asset.decimals);
        });
        let known = self.instruments();
        sections.list(Section::Instruments, known.iter(), known.len() as u64, instrument);
        let accounts = self.accounts.iter();
        let count = accounts.len() as u64;
        sections.list(Section::Accounts, accounts, count, |to, account| {
            to.text(&account.name);
        });
        self.canonical_book(&mut sections);
        let closed = u64::from(self.clients.closed_count());
        sections.list(Section::ClosedIds, self.clients.closed(), closed, closed_id);
        let (up, down) = self.prayers;
        let prayed = [(Prayer::Up, up), (Prayer::Down, down)];
        let count = if self.prayers == (0, 0) { 0 } else { 2 };
        sections.list(Section::Prayers, prayed.iter(), count, |to, &(side, total)| {
            to.u8(side as u8).u64(total);
        });
        self.canonical_feeds(&mut sections);
        if !self.is_first_rules() {
            self.canonical_waiting(&mut sections);
            self.canonical_markets(&mut sections);
            self.canonical_money(&mut sections);
        }
    }

    /// Orders that are in no book, and what any order has beyond its terms; by slot.
    fn canonical_waiting(&self, sections: &mut Sections<'_>) {
        let slots = || self.book.orders().iter().map(|(slot, _)| slot);
        let waits = |slot: &u32| self.terms[*slot as usize].state != State::Working;
        let count = slots().filter(waits).count() as u64;
        sections.list(Section::Waiting, slots().filter(waits), count, |to, slot| {
            let terms = &self.terms[slot as usize];
            to.order(self.order_id(slot)).u32(self.owner(slot).0).u8(terms.state as u8);
            to.u16(terms.half.instrument().0).u8(terms.half.side() as u8).i64(terms.price.0);
            to.u64(self.open(slot).0)
                .u64(terms.ticket)
                .i64(self.trails.mark(slot).map_or(0, |m| m.0));
            to.i32(terms.fees.maker_ppm).i32(terms.fees.taker_ppm);
            to.u16(terms.fields.0).u8(terms.order_type as u8).u8(terms.time_in_force as u8);
            to.u8(terms.self_trade as u8);
            to.u64(self.clients.content(terms.client).map_or(0, |content| content.0));
        });
        let has = |slot: &u32| self.terms[*slot as usize].conditions != NONE;
        let count = slots().filter(has).count() as u64;
        sections.list(Section::Conditions, slots().filter(has), count, |to, slot| {
            let conditions = self.conditions.get(self.terms[slot as usize].conditions);
            let partner = self.partner_of(slot).unwrap_or(NONE);
            to.u32(slot).money(Money::new(conditions.budget)).i64(conditions.stop_price.0);
            to.i64(conditions.trail.0).i64(conditions.protection.0).u64(conditions.display);
            to.u64(conditions.min_quantity).u64(conditions.expire_at_ns);
            to.u8(conditions.role as u8).u32(partner);
        });
    }

    fn canonical_markets(&self, sections: &mut Sections<'_>) {
        let known = self.instruments();
        sections.list(Section::Markets, known.iter(), known.len() as u64, |to, known| {
            let market = self.instruments.market(known.id);
            bounds(to, &market.bounds);
            to.i64(market.last.0).u8(u8::from(market.interruption_end_ns > 0));
        });
    }

    fn canonical_money(&self, sections: &mut Sections<'_>) {
        let accounts = || {
            let all = (1..=self.accounts.iter().len() as u32).map(AccountId);
            all.filter(|&account| !self.accounts.known(account).is_plain)
        };
        let count = accounts().count() as u64;
        sections.list(Section::Settings, accounts(), count, |to, account| {
            let known = self.accounts.known(account);
            settings(to, &self.settings_of(account));
            to.u8(u8::from(known.has_entered)).u32(self.accounts.settings(account).second.1);
        });
        let holdings = self.holdings.iter();
        let count = holdings.len() as u64;
        sections.list(Section::Holdings, holdings, count, |to, holding| {
            to.u32(holding.account.0).u16(holding.instrument.0);
            to.money(Money::new(holding.position)).money(Money::new(holding.paid));
            to.money(Money::new(holding.fees)).u8(u8::from(holding.has_traded));
        });
        let balances = self.ledger.iter();
        let count = balances.len() as u64;
        sections.list(Section::Balances, balances, count, |to, balance| {
            to.u32(balance.account.0).u16(balance.asset.0);
            to.money(Money::new(balance.free)).money(Money::new(balance.locked));
        });
        let assets = self.instruments.assets();
        sections.list(Section::Totals, assets.iter(), assets.len() as u64, |to, asset| {
            to.money(Money::new(asset.fees)).money(Money::new(asset.deposited));
        });
    }

    fn canonical_book(&self, sections: &mut Sections<'_>) {
        let halves = self.instruments().iter().flat_map(|i| Side::BOTH.map(|side| (i.id, side)));
        let orders = halves.flat_map(|(instrument, side)| self.book(instrument, side));
        let live = u64::from(self.book.orders().live());
        let waits = |&(slot, _): &(u32, _)| self.terms[slot as usize].state != State::Working;
        let waiting = self.book.orders().iter().filter(waits).count() as u64;
        sections.list(Section::Book, orders, live - waiting, |to, order| {
            let terms = &self.terms[order.id.slot as usize];
            book_order(to, &order);
            to.i32(terms.fees.maker_ppm).i32(terms.fees.taker_ppm).u32(terms.fees.carry);
            to.u16(terms.fields.0).u8(terms.order_type as u8).u8(terms.time_in_force as u8);
            to.u8(terms.self_trade as u8);
            to.u64(self.clients.content(terms.client).map_or(0, |content| content.0));
        });
        // Tickets given and slots to be taken decide about orders to come.
        let ticketed = u64::from(self.tickets != 0);
        sections.list(Section::Tickets, [self.tickets].iter(), ticketed, |to, &tickets| {
            to.u64(tickets);
        });
        let used = self.book.orders().used();
        let free = u64::from(used) - live;
        sections.list(Section::FreeSlots, self.book.orders().free(), free, |to, slot| {
            to.u32(slot);
        });
    }

    fn canonical_feeds(&self, sections: &mut Sections<'_>) {
        for channel in self.feeds.channels() {
            sections.entry(|to| {
                to.u8(Section::Feed as u8).text(&channel.venue).text(&channel.symbol);
                to.u64(channel.messages_count() as u64);
            });
            for message in channel.messages() {
                sections.entry(|to| {
                    message.words().iter().for_each(|&word| {
                        to.u64(word);
                    })
                });
            }
        }
    }
}

fn genesis(to: &mut Fields<'_>, genesis: &Genesis) {
    to.u32(genesis.rules_version).u32(genesis.orders_max).u32(genesis.accounts_max);
    to.u16(genesis.instruments_max).u16(genesis.assets_max);
    to.u32(genesis.closed_ids_max).u32(genesis.closed_ids_per_account_max);
    to.u32(genesis.feed_window);
    if genesis.rules_version > 1 {
        to.u32(genesis.positions_max).u32(genesis.balances_max).u32(genesis.trailing_max);
    }
}

fn closed_id(to: &mut Fields<'_>, entry: &Entry) {
    to.u32(entry.account().0).text(entry.name()).order(entry.order()).u64(entry.content.0);
}
