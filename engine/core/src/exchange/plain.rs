//! The road that most commands take: a price, a quantity and how long, of an account that nothing
//! hangs on, in an open market that demands nothing. It decides as the general road would, without
//! asking what cannot be the case; whatever is out of the ordinary goes there.

use super::amend::{Change, Standing};
use super::place::{accepted, mode};
use super::shape::{Remainder, is_simple, remainder, says_later};
use super::{Exchange, rejected};
use crate::accounts::Party;
use crate::book::{Half, Limit, NONE};
use crate::clients::Content;
use crate::command::{
    AccountRef, Amend, AmendFields, CancelReason, Order, OrderFields, SelfTrade, Target,
    TimeInForce,
};
use crate::event::{Cancelled, Entry, Event, Op, Place, Priority, Rested, Sink};
use crate::id::OrderId;
use crate::keyed::END;
use crate::matching::{ANY_PRICE, Road, Stop, Taker};
use crate::reason::Reason;
use crate::terms::{Fees, State, Terms};
use crate::types::{AccountId, Quantity, Sequence};

impl Exchange {
    /// Whose plain order this is, and where the account keeps what it does in the instrument.
    #[inline]
    pub(super) fn plain_party(&self, order: &Order) -> Option<(AccountId, u32)> {
        let account = match self.accounts.party(&order.account) {
            Party::Known(account) => account,
            Party::New(_) | Party::Nobody => return None,
        };
        let known = self.accounts.known(account);
        let (home, holding) = known.home;
        // An account's home is an instrument that is known.
        let is_plain = is_simple(order)
            && known.is_plain
            && home == order.instrument
            && self.instruments.market(home).is_plain;
        let is_new = order.client_order_id.is_empty()
            || self.clients.find(account, &order.client_order_id).is_none();
        (is_plain && is_new).then_some((account, holding))
    }

    #[inline]
    pub(super) fn place_plain<S: Sink>(
        &mut self,
        order: &Order,
        (account, holding): (AccountId, u32),
        sink: &mut S,
    ) {
        if let Err(reason) = self.judge_plain(order, account) {
            let target = Target::Client(order.client_order_id);
            return sink.event(&rejected(Op::New, reason, (account, order.instrument), target));
        }
        let half = Half::of(order.instrument, order.side);
        let slot = self.enter_plain(order, account, holding, half);
        let id = OrderId { sequence: self.applied.sequence, slot, leg: 0 };
        let rests = order.time_in_force == TimeInForce::Gtc;
        if rests && !self.book.is_within(half.opposite(), Limit::At(order.price)) {
            let level = self.rest(slot, half, order.price, order.quantity);
            return sink.event(&accepted(order, account, id, Entry::New, level));
        }
        sink.event(&accepted(order, account, id, Entry::New, Quantity::ZERO));
        self.start_plain(slot, sink);
    }

    /// Every check that such an order could fail, in the order of the rules.
    #[inline]
    fn judge_plain(&self, order: &Order, account: AccountId) -> Result<(), Reason> {
        let rests = order.time_in_force == TimeInForce::Gtc;
        let is_post_only = order.has(OrderFields::POST_ONLY);
        if is_post_only && !rests || self.is_first_rules() && says_later(order) {
            return Err(Reason::BadCombination);
        }
        let Order { price, quantity, .. } = *order;
        if !order.has(OrderFields::PRICE) || price.0 < 1 {
            return Err(Reason::BadPrice);
        }
        if quantity.is_zero() || quantity == Quantity::INVALID {
            return Err(Reason::BadQuantity);
        }
        self.judge_countable(order.instrument, price, quantity)?;
        let half = Half::of(order.instrument, order.side);
        if rests {
            self.judge_total(half, Quantity::ZERO, quantity)?;
        }
        if self.book.orders().is_full() {
            return Err(Reason::BookFull);
        }
        if is_post_only && self.book.is_within(half.opposite(), Limit::At(price)) {
            return Err(Reason::PostOnly);
        }
        match order.time_in_force {
            TimeInForce::Fok => self.judge_fill_or_kill(order, account),
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Day | TimeInForce::Gtd => Ok(()),
        }
    }

    #[inline]
    fn enter_plain(&mut self, order: &Order, account: AccountId, holding: u32, half: Half) -> u32 {
        let sequence = self.applied.sequence;
        let slot = self
            .book
            .take(sequence.0, account.0, order.quantity)
            .expect("an admitted order has a slot");
        self.accounts.known_mut(account).orders += 1;
        let client = if order.client_order_id.is_empty() {
            END
        } else {
            let id = OrderId { sequence, slot, leg: 0 };
            self.clients.enter(account, order.client_order_id, id, Content::of(order))
        };
        let instrument = self.instruments.get(order.instrument).expect("an admitted order has one");
        let (maker_ppm, taker_ppm) = (instrument.maker_fee_ppm, instrument.taker_fee_ppm);
        let self_trade = if self.is_first_rules() {
            order.self_trade
        } else {
            mode(order.self_trade, SelfTrade::None)
        };
        let terms = Terms {
            ticket: 0,
            hidden: 0,
            price: order.price,
            fees: Fees { maker_ppm, taker_ppm, carry: 0 },
            client,
            holding,
            conditions: NONE,
            half,
            leg: 0,
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
        slot
    }

    /// It is in no queue and meets the other side; what is left of it rests or goes. Then what
    /// follows from its trades.
    fn start_plain<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        let Terms { half, price, order_type, time_in_force, fields, self_trade, leg, .. } =
            self.terms[slot as usize];
        let order = &self.book.orders()[slot];
        let (account, open) = (AccountId(order.owner()), Quantity(order.open));
        let id = OrderId { sequence: Sequence(order.mark), slot, leg };
        let taker = Taker {
            order: id,
            account,
            half,
            limit: Limit::At(price),
            self_trade,
            road: Road::Swept,
            range: ANY_PRICE,
        };
        let outcome = self.trade(&taker, open, sink);
        self.book.set_open(slot, outcome.left);
        let remainder = remainder(order_type, time_in_force, fields);
        match (outcome.stop, remainder) {
            (Stop::SelfTrade, _) => self.withdraw_plain(slot, CancelReason::SelfTrade, sink),
            _ if outcome.left.is_zero() => self.close(slot),
            (Stop::Dry | Stop::Spent | Stop::Range, Remainder::Cancelled) => {
                self.withdraw_plain(slot, CancelReason::Ioc, sink);
            }
            (Stop::Dry | Stop::Spent | Stop::Range, Remainder::Rests) => {
                let (quantity, instrument) = (outcome.left, half.instrument());
                let level = self.rest(slot, half, price, quantity);
                let (order, side) = (id, half.side());
                let rested = Rested { order, account, instrument, side, price, quantity, level };
                sink.event(&Event::Rested(rested));
            }
        }
        self.aftermath(half.instrument(), sink);
        self.settle(sink);
    }

    /// Nobody but its account has anything to do with it.
    #[inline]
    pub(super) fn is_plain_order(&self, slot: u32) -> bool {
        let is_attended = self.book.orders()[slot].is_attended();
        !is_attended && self.terms[slot as usize].conditions == NONE
    }

    /// Takes a plain order out of wherever it is and out of the world.
    #[inline]
    pub(super) fn withdraw_plain<S: Sink>(
        &mut self,
        slot: u32,
        reason: CancelReason,
        sink: &mut S,
    ) {
        let order = &self.book.orders()[slot];
        let (account, open) = (AccountId(order.owner()), Quantity(order.open));
        let (sequence, is_resting) = (Sequence(order.mark), order.is_resting());
        let Terms { half, price, leg, client, .. } = self.terms[slot as usize];
        let level = if is_resting { self.book.leave(slot) } else { Quantity::ZERO };
        self.accounts.known_mut(account).orders -= 1;
        self.clients.close(client);
        self.book.release(slot);
        // A market order of a call stands at no price.
        let (place, level) = match is_resting && price.0 > 0 {
            true => (Place::Book, level),
            false => (Place::OffBook, Quantity::ZERO),
        };
        sink.event(&Event::Cancelled(Cancelled {
            order: OrderId { sequence, slot, leg },
            account,
            instrument: half.instrument(),
            side: half.side(),
            reason,
            place,
            price,
            quantity: open,
            level,
        }));
    }

    /// The slot of a resting plain order whose account and market are plain too.
    #[inline]
    pub(super) fn plain_target(&self, account: &AccountRef, target: &Target) -> Option<u32> {
        let account = self.accounts.party(account).known()?;
        let slot = self.locate(account, target)?;
        let market = self.instruments.market(self.terms[slot as usize].half.instrument());
        let is_plain =
            self.is_plain_order(slot) && self.accounts.known(account).is_plain && market.is_plain;
        is_plain.then_some(slot)
    }

    #[inline]
    pub(super) fn amend_plain<S: Sink>(&mut self, amend: &Amend, slot: u32, sink: &mut S) {
        let Terms { half, price, .. } = self.terms[slot as usize];
        let open = Quantity(self.book.orders()[slot].open);
        let order = Standing { slot, half, price, open };
        match self.judge_plain_amend(amend, order) {
            Ok(change) => self.change_plain(order, change, sink),
            Err(reason) => {
                let whose = (self.owner(slot), half.instrument());
                sink.event(&rejected(Op::Amend, reason, whose, amend.target));
            }
        }
    }

    #[inline]
    fn judge_plain_amend(&self, amend: &Amend, order: Standing) -> Result<Change, Reason> {
        let Standing { slot, half, price: old_price, open } = order;
        let fields = amend.fields;
        let allowed = AmendFields::QUANTITY.with(AmendFields::PRICE);
        if fields == AmendFields::NONE || fields.0 & !allowed.0 != 0 {
            return Err(Reason::BadCombination);
        }
        let price = if fields.has(AmendFields::PRICE) { amend.price } else { old_price };
        let quantity = if fields.has(AmendFields::QUANTITY) { amend.quantity } else { open };
        if price.0 < 1 {
            return Err(Reason::BadPrice);
        }
        if quantity == Quantity::INVALID {
            return Err(Reason::BadQuantity);
        }
        if quantity.is_zero() {
            return Ok(Change::Cancel);
        }
        self.judge_countable(half.instrument(), price, quantity)?;
        self.judge_total(half, open, quantity)?;
        if price == old_price && quantity <= open {
            return Ok(Change::Reduce(quantity));
        }
        if !self.book.is_within(half.opposite(), Limit::At(price)) {
            return Ok(Change::Move(price, quantity));
        }
        let is_post_only = self.terms[slot as usize].fields.has(OrderFields::POST_ONLY);
        if is_post_only { Err(Reason::PostOnly) } else { Ok(Change::Cross(price, quantity)) }
    }

    #[inline]
    fn change_plain<S: Sink>(&mut self, order: Standing, change: Change, sink: &mut S) {
        let Standing { slot, half, price: old_price, open } = order;
        match change {
            Change::Cancel => self.withdraw_plain(slot, CancelReason::User, sink),
            Change::Reduce(quantity) => {
                let level = self.book.reduce(slot, open - quantity);
                self.amended(order, Priority::Kept, (old_price, quantity), (level, level), sink);
            }
            Change::Move(price, quantity) => {
                let left = self.book.leave(slot);
                self.terms[slot as usize].price = price;
                let level = self.rest(slot, half, price, quantity);
                let old_level = if price == old_price { level } else { left };
                self.amended(order, Priority::Lost, (price, quantity), (old_level, level), sink);
            }
            Change::Cross(price, quantity) => {
                let left = self.book.leave(slot);
                self.terms[slot as usize].price = price;
                self.book.set_open(slot, quantity);
                let levels = (left, Quantity::ZERO);
                self.amended(order, Priority::Lost, (price, quantity), levels, sink);
                self.start_plain(slot, sink);
            }
            Change::Rewait { .. } => unreachable!("a plain order waits for no price"),
        }
    }
}
