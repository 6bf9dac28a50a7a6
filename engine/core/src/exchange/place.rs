//! New orders, alone or as a pair: admitted or refused, entered, and set to work.

use super::admit::{Admission, Crossing};
use super::shape::{Remainder, is_stop, limit, remainder};
use super::{Ending, Exchange, Held, Rules, rejected};
use crate::accounts::Party;
use crate::book::{Attention, Half, NONE};
use crate::clients::Content;
use crate::command::{CancelReason, Link, Order, OrderFields, OrderType, Pair, SelfTrade, Target};
use crate::conditions::{Conditions, Role};
use crate::event::{
    self, Accepted, AccountOpened, Entry, Event, Funding, Money, Op, Rested, Sink, StatusCause,
};
use crate::id::OrderId;
use crate::instrument::Status;
use crate::keyed::END;
use crate::matching::{Road, Stop, Taker};
use crate::terms::{State, Terms};
use crate::types::{AccountId, InstrumentId, Price, Quantity};

impl Exchange {
    #[inline]
    pub(super) fn place<S: Sink>(&mut self, order: &Order, sink: &mut S) {
        match self.plain_party(order) {
            Some(party) => self.place_plain(order, party, sink),
            None => self.place_any(order, sink),
        }
    }

    fn place_any<S: Sink>(&mut self, order: &Order, sink: &mut S) {
        let candidate = self.candidate(order, self.applied.time_ns);
        match self.admit(&candidate) {
            Ok(Admission::New) => {
                let account = self.opened(candidate.party, sink);
                let slot = self.enter(order, account, 0, candidate.content);
                self.rehold(slot, Held::default());
                self.set_to_work(order, slot, sink);
                self.aftermath(order.instrument, sink);
                self.settle(sink);
            }
            Ok(Admission::Repeat(account, first)) => {
                let repeat = accepted(order, account, first, Entry::Duplicate, Quantity::ZERO);
                sink.event(&repeat);
            }
            Err(reason) => {
                let known = self.instruments.get(order.instrument).map(|known| known.id);
                let whose = (candidate.party.number(), known.unwrap_or_default());
                let target = Target::Client(order.client_order_id);
                sink.event(&rejected(Op::New, reason, whose, target));
            }
        }
    }

    pub(super) fn place_pair<S: Sink>(&mut self, pair: &Pair, sink: &mut S) {
        let [first, second] = &pair.legs;
        let party = self.accounts.party(&first.account);
        let (op, roles) = match pair.link {
            Link::Oco => (Op::Oco, [Role::Leg, Role::Leg]),
            Link::Oto => (Op::Oto, [Role::Parent, Role::Child]),
        };
        match self.admit_pair(pair, self.applied.time_ns) {
            Ok([Admission::New, Admission::New]) => {
                let account = self.opened(party, sink);
                let content =
                    |leg: u16| Content::of(&pair.legs[usize::from(leg)]).linked(pair.link, leg);
                let slots = [
                    self.enter(first, account, 0, content(0)),
                    self.enter(second, account, 1, content(1)),
                ];
                self.link(slots, roles);
                self.rehold(slots[0], Held::default());
                if pair.link == Link::Oto {
                    self.rehold(slots[1], Held::default());
                }
                if pair.link == Link::Oco {
                    self.instruments.market_mut(first.instrument).legs += 2;
                }
                for (order, slot) in pair.legs.iter().zip(slots) {
                    self.announce(order, slot, Quantity::ZERO, sink);
                }
                self.start_pair(pair, slots, sink);
                self.aftermath(first.instrument, sink);
                self.settle(sink);
            }
            Ok(repeats) => {
                for (order, repeat) in pair.legs.iter().zip(repeats) {
                    if let Admission::Repeat(account, id) = repeat {
                        let repeat = accepted(order, account, id, Entry::Duplicate, Quantity::ZERO);
                        sink.event(&repeat);
                    }
                }
            }
            Err((leg, reason)) => {
                let order = &pair.legs[leg];
                let known = self.instruments.get(order.instrument).map(|known| known.id);
                let whose = (party.number(), known.unwrap_or_default());
                let target = Target::Client(order.client_order_id);
                sink.event(&rejected(op, reason, whose, target));
            }
        }
    }

    fn start_pair<S: Sink>(&mut self, pair: &Pair, slots: [u32; 2], sink: &mut S) {
        let ids = slots.map(|slot| self.order_id(slot));
        for (order, id) in pair.legs.iter().zip(ids) {
            // The first leg's trades may have ended the second.
            let Some(slot) = self.live(id) else { continue };
            if self.terms[slot as usize].state == State::Parked {
                continue;
            }
            if is_stop(order.order_type) {
                self.wait(slot, sink);
            } else {
                self.start(slot, sink);
            }
        }
    }

    /// Two orders of one pair know each other from here on.
    fn link(&mut self, slots: [u32; 2], roles: [Role; 2]) {
        for (leg, role) in roles.into_iter().enumerate() {
            let slot = slots[leg];
            let at = self.conditions_of(slot);
            let conditions = self.conditions.get_mut(at).expect("it was entered just now");
            (conditions.role, conditions.partner) = (role, slots[1 - leg]);
            self.book.attend(slot, Attention::Attended);
            if role == Role::Child {
                self.terms[slot as usize].state = State::Parked;
            }
        }
    }

    /// The entry of an order's conditions, made if there was none.
    fn conditions_of(&mut self, slot: u32) -> u32 {
        let terms = &mut self.terms[slot as usize];
        if terms.conditions == NONE {
            terms.conditions = self.conditions.enter(Conditions::NONE);
        }
        terms.conditions
    }

    fn opened<S: Sink>(&mut self, party: Party, sink: &mut S) -> AccountId {
        let name = match party {
            Party::Known(account) => return account,
            Party::New(name) => name,
            Party::Nobody => unreachable!("admitted orders have an account"),
        };
        let account = self.open_account(name);
        sink.event(&Event::AccountOpened(AccountOpened { account, name }));
        account
    }

    pub(super) fn open_account(&mut self, name: crate::text::AccountName) -> AccountId {
        let account = self.accounts.open(name);
        self.clients.open_account();
        account
    }

    /// Gives an admitted order its slot and all that belongs to it. It locks nothing yet.
    #[inline]
    fn enter(&mut self, order: &Order, account: AccountId, leg: u16, content: Content) -> u32 {
        let sequence = self.applied.sequence;
        let slot = self
            .book
            .take(sequence.0, account.0, order.quantity)
            .expect("an admitted order has a slot");
        let id = OrderId { sequence, slot, leg };
        let holding = self.holding(account, order.instrument);
        let known = self.accounts.known_mut(account);
        known.orders += 1;
        known.has_entered = true;
        let (is_plain, is_watched) = (known.is_plain, known.is_watched);
        let client = match order.client_order_id.is_empty() {
            true => END,
            false => self.clients.enter(account, order.client_order_id, id, content),
        };
        let half = Half::of(order.instrument, order.side);
        let self_trade = match self.rules() {
            Rules::First => order.self_trade,
            Rules::Second if is_plain => mode(order.self_trade, SelfTrade::None),
            Rules::Second => mode(order.self_trade, self.accounts.settings(account).self_trade),
        };
        let terms = Terms {
            ticket: 0,
            hidden: 0,
            price: self.limit_price(order),
            fees: self.fees_of(order.instrument, Some(account)),
            client,
            holding,
            conditions: NONE,
            half,
            leg,
            fields: order.fields,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade,
            state: State::Working,
        };
        match self.terms.get_mut(slot as usize) {
            Some(place) => *place = terms,
            None => self.terms.push(terms),
        }
        if has_conditions(order) {
            self.enter_conditions(order, slot, id);
        }
        if is_watched || order.has(OrderFields::DISPLAY) {
            self.book.attend(slot, Attention::Attended);
        }
        if !is_plain {
            self.count_order(account);
        }
        slot
    }

    fn enter_conditions(&mut self, order: &Order, slot: u32, id: OrderId) {
        let protection = order.has(OrderFields::PROTECTION).then_some(order.protection);
        self.terms[slot as usize].conditions = self.conditions.enter(Conditions {
            budget: order.budget,
            stop_price: order.stop_price,
            trail: order.trail,
            protection: protection.unwrap_or(Price(-1)),
            display: order.display.0,
            min_quantity: order.min_quantity.0,
            expire_at_ns: order.expire_at_ns,
            partner: NONE,
            role: Role::Alone,
        });
        if order.has(OrderFields::EXPIRE_AT) {
            let Self { expiries, book, .. } = self;
            let is_live = |slot: u32, mark: u64| {
                book.orders().get(slot).is_some_and(|order| order.mark == mark)
            };
            expiries.push(order.expire_at_ns, slot, id.sequence.0, is_live);
            // Not its turn yet, perhaps: the end of the command looks.
            self.timers.expiry_ns.get_or_insert(order.expire_at_ns);
        }
    }

    /// What the account has done in the instrument; at its home without a search.
    #[inline]
    fn holding(&mut self, account: AccountId, instrument: InstrumentId) -> u32 {
        let (home, at) = self.accounts.known(account).home;
        if home == instrument {
            return at;
        }
        self.holding_abroad(account, instrument)
    }

    fn holding_abroad(&mut self, account: AccountId, instrument: InstrumentId) -> u32 {
        if let Some(at) = self.holdings.find(account, instrument) {
            return at;
        }
        let mut balances = (NONE, NONE);
        if self.accounts.known(account).funding == Funding::Funded {
            let known = self.instruments.get(instrument).expect("an admitted order has one");
            let first = &mut self.accounts.known_mut(account).balances;
            balances.0 = self.ledger.open(account, first, known.base);
            balances.1 = self.ledger.open(account, first, known.quote);
        }
        let at = self.holdings.open(account, instrument, balances);
        let known = self.accounts.known_mut(account);
        if known.home.0 == InstrumentId::default() {
            known.home = (instrument, at);
        }
        at
    }

    /// Says that an order is in, and lets it act.
    #[inline]
    fn set_to_work<S: Sink>(&mut self, order: &Order, slot: u32, sink: &mut S) {
        let terms = &self.terms[slot as usize];
        let (half, price) = (terms.half, terms.price);
        if terms.conditions == NONE && self.rests_at_once(slot) {
            let level = self.rest(slot, half, price, order.quantity);
            let (account, id) = (self.owner(slot), self.order_id(slot));
            return sink.event(&accepted(order, account, id, Entry::New, level));
        }
        self.announce(order, slot, Quantity::ZERO, sink);
        if is_stop(order.order_type) {
            self.wait(slot, sink);
        } else {
            self.start(slot, sink);
        }
    }

    /// A limit order that has nobody to trade with now.
    #[inline]
    fn rests_at_once(&self, slot: u32) -> bool {
        let Terms { half, order_type, time_in_force, fields, price, .. } =
            self.terms[slot as usize];
        if order_type != OrderType::Limit {
            return false;
        }
        let market = self.instruments.market(half.instrument());
        if !market.is_plain && self.instruments.status(half.instrument()) == Status::Auction {
            return true;
        }
        remainder(order_type, time_in_force, fields) == Remainder::Rests
            && !self.book.is_within(half.opposite(), limit(order_type, fields, price))
    }

    fn announce<S: Sink>(&self, order: &Order, slot: u32, level: Quantity, sink: &mut S) {
        let (account, id) = (self.owner(slot), self.order_id(slot));
        let mut said = *order;
        if order.order_type == OrderType::Market {
            said.price = self.terms[slot as usize].price;
        }
        sink.event(&accepted(&said, account, id, Entry::New, level));
        if self.terms[slot as usize].conditions != NONE {
            let role = self.role_of(slot);
            let partner = self.partner_of(slot).map(|partner| self.order_id(partner));
            let link = match role {
                Role::Alone => None,
                Role::Leg => Some(Link::Oco),
                Role::Parent | Role::Child => Some(Link::Oto),
            };
            sink.event(&Event::Conditions(event::Conditions {
                order: id,
                partner: partner.unwrap_or_default(),
                link,
                stop_price: order.stop_price,
                trail: order.trail,
                display: order.display,
                min_quantity: order.min_quantity,
                expire_at_ns: order.expire_at_ns,
                budget: Money::new(order.budget),
            }));
        }
    }

    /// An order that is in no queue meets the other side, or is collected for an auction. What is
    /// left of it rests or goes.
    pub(super) fn start<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        let Terms { half, order_type, time_in_force, fields, price, self_trade, .. } =
            self.terms[slot as usize];
        let instrument = half.instrument();
        if self.instruments.status(instrument) != Status::Open {
            return self.rest_open(slot, sink);
        }
        let account = self.owner(slot);
        let road = if self.book.orders()[slot].is_attended() || fields.has(OrderFields::BUDGET) {
            Road::Stepwise
        } else {
            Road::Swept
        };
        let taker = Taker {
            order: self.order_id(slot),
            account,
            half,
            limit: limit(order_type, fields, price),
            self_trade,
            road,
            range: self.range(instrument),
        };
        let has_quantity = fields.has(OrderFields::QUANTITY);
        let open = if has_quantity { self.open(slot) } else { Quantity(u64::MAX - 1) };
        let outcome = self.trade(&taker, open, sink);
        let left = if has_quantity { outcome.left } else { Quantity::ZERO };
        self.book.set_open(slot, left);
        let is_filled = if has_quantity {
            left.is_zero()
        } else {
            self.conditions.get(self.terms[slot as usize].conditions).budget == 0
        };
        match (outcome.stop, remainder(order_type, time_in_force, fields)) {
            (Stop::SelfTrade, _) => self.withdraw(slot, CancelReason::SelfTrade, sink),
            (Stop::Dry | Stop::Spent | Stop::Range, _) if is_filled => {
                // What is left of its budget.
                let held = self.held(slot);
                if held != Held::default() {
                    self.move_holds(slot, held, Held::default());
                }
                self.end(slot, Ending::Filled, sink);
            }
            (Stop::Range, _) => {
                self.withdraw(slot, CancelReason::Range, sink);
                self.interrupt(instrument, sink);
            }
            (Stop::Spent, _) | (Stop::Dry, Remainder::Cancelled) => {
                self.withdraw(slot, CancelReason::Ioc, sink);
            }
            (Stop::Dry, Remainder::Rests) => self.rest_open(slot, sink),
        }
    }

    /// What is open of an order that is in no queue comes to rest: its tip is shown, a market
    /// order stands ahead of every price.
    pub(super) fn rest_open<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        let Terms { half, order_type, fields, price, .. } = self.terms[slot as usize];
        let open = Quantity(self.book.orders()[slot].open);
        let has_limit = limit(order_type, fields, price) != crate::book::Limit::Any;
        let (place, price) = if has_limit { (price, price) } else { (half.market(), Price(0)) };
        let tip = self.tip(slot, open);
        self.hide(slot, open - tip);
        let level = self.rest(slot, half, place, tip);
        sink.event(&Event::Rested(Rested {
            order: self.order_id(slot),
            account: self.owner(slot),
            instrument: half.instrument(),
            side: half.side(),
            price,
            quantity: open,
            level: if has_limit { level } else { Quantity::ZERO },
        }));
    }

    /// What an order with so much open shows.
    pub(super) fn tip(&self, slot: u32, open: Quantity) -> Quantity {
        let display = self.conditions.get(self.terms[slot as usize].conditions).display;
        if display == 0 { open } else { open.min(Quantity(display)) }
    }

    /// So much of an order's open quantity is not shown from here on.
    pub(super) fn hide(&mut self, slot: u32, hidden: Quantity) {
        let terms = &mut self.terms[slot as usize];
        let before = core::mem::replace(&mut terms.hidden, hidden.0);
        self.book.hide(terms.half, hidden.0, before);
    }

    /// A taker met its range: by configuration an auction follows.
    fn interrupt<S: Sink>(&mut self, instrument: InstrumentId, sink: &mut S) {
        let market = self.instruments.market_mut(instrument);
        if market.bounds.interruption_ns > 0 {
            let end_ns = self.applied.time_ns.saturating_add(market.bounds.interruption_ns);
            market.interruption_end_ns = end_ns;
            self.set_status(instrument, Status::Auction, StatusCause::Interruption, sink);
        }
    }

    /// The rules that an order must pass again when it enters later than it came.
    pub(super) fn judge_late(&self, slot: u32) -> Result<(), crate::reason::Reason> {
        use crate::reason::Reason;
        let Terms { half, order_type, time_in_force, fields, price, .. } =
            self.terms[slot as usize];
        // A child's limit was judged when it was asked for.
        if order_type == OrderType::StopLimit {
            self.judge_band(half.instrument(), price)?;
        }
        if remainder(order_type, time_in_force, fields) == Remainder::Rests {
            self.judge_total(half, Quantity::ZERO, self.open(slot))?;
        }
        let is_limit = limit(order_type, fields, price) != crate::book::Limit::Any;
        let is_protected = fields.has(OrderFields::PROTECTION);
        if (!is_limit || is_protected) && self.book.best(half.opposite()).is_none() {
            return Err(Reason::NoLiquidity);
        }
        self.judge_crossing(&Crossing::of(self, slot))
    }
}

/// The mode that holds for an order that named `own`.
pub(super) fn mode(own: SelfTrade, default: SelfTrade) -> SelfTrade {
    match own {
        SelfTrade::AccountDefault => default,
        SelfTrade::None
        | SelfTrade::CancelTaker
        | SelfTrade::CancelMaker
        | SelfTrade::CancelBoth
        | SelfTrade::Decrement => own,
    }
}

pub(super) fn has_conditions(order: &Order) -> bool {
    let with = [
        OrderFields::STOP_PRICE,
        OrderFields::TRAIL,
        OrderFields::DISPLAY,
        OrderFields::MIN_QUANTITY,
        OrderFields::BUDGET,
        OrderFields::PROTECTION,
        OrderFields::EXPIRE_AT,
    ];
    let any = with.iter().fold(0, |bits, field| bits | field.0);
    order.fields.0 & any != 0
}

#[inline]
pub(super) fn accepted(
    order: &Order,
    account: AccountId,
    id: OrderId,
    entry: Entry,
    level: Quantity,
) -> Event {
    Event::Accepted(Accepted {
        order: id,
        account,
        instrument: order.instrument,
        side: order.side,
        order_type: order.order_type,
        time_in_force: order.time_in_force,
        self_trade: order.self_trade,
        entry,
        fields: order.fields,
        client_order_id: order.client_order_id,
        price: order.price,
        quantity: order.quantity,
        level,
    })
}
