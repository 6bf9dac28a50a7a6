//! A new order: the checks in their fixed order, then entry, trades and what is left. Nothing is
//! changed before the last check has passed.

use super::{Exchange, rejected};
use crate::accounts::Party;
use crate::book::{Half, Limit};
use crate::clients::Content;
use crate::command::{CancelReason, Order, OrderFields, OrderType, SelfTrade, Target, TimeInForce};
use crate::event::{Accepted, AccountOpened, Cancelled, Entry, Event, Op, Place, Rested, Sink};
use crate::id::OrderId;
use crate::instrument::Instrument;
use crate::keyed::END;
use crate::matching::Taker;
use crate::reason::Reason;
use crate::terms::{Fees, Terms};
use crate::types::{AccountId, InstrumentId, Price, Quantity};

/// What a new order turned out to be.
enum Admission {
    /// Nothing stands in its way.
    New,
    /// The account said this before.
    Repeat(AccountId, OrderId),
}

/// What becomes of the part that finds nobody to trade with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Remainder {
    Rests,
    Cancelled,
}

/// Fields whose rules this version has not got.
const LATER: [OrderFields; 7] = [
    OrderFields::STOP_PRICE,
    OrderFields::TRAIL,
    OrderFields::DISPLAY,
    OrderFields::MIN_QUANTITY,
    OrderFields::BUDGET,
    OrderFields::PROTECTION,
    OrderFields::EXPIRE_AT,
];

impl Exchange {
    pub(super) fn place<S: Sink>(&mut self, order: &Order, sink: &mut S) {
        let party = self.accounts.party(&order.account);
        match self.admit(order, party) {
            Ok(Admission::New) => {
                let account = match party {
                    Party::Known(account) => account,
                    Party::New(_) | Party::Nobody => self.open_account(party, sink),
                };
                self.enter(order, account, sink);
            }
            Ok(Admission::Repeat(account, first)) => {
                let repeat = accepted(order, account, first, Entry::Duplicate, Quantity::ZERO);
                sink.event(&repeat);
            }
            Err(reason) => {
                let known = self.instruments.get(order.instrument).map(|known| known.id);
                let whose = (party.number(), known.unwrap_or_default());
                let target = Target::Client(order.client_order_id);
                sink.event(&rejected(Op::New, reason, whose, target));
            }
        }
    }

    /// Every check, in the order of the rules.
    fn admit(&self, order: &Order, party: Party) -> Result<Admission, Reason> {
        let instrument = self.instruments.get(order.instrument).ok_or(Reason::UnknownSymbol)?;
        match party {
            Party::Known(account) => {
                if let Some(first) = self.repeated(order, account)? {
                    return Ok(Admission::Repeat(account, first));
                }
            }
            Party::New(_) if self.accounts.is_full() => return Err(Reason::AccountLimit),
            Party::New(_) => {}
            Party::Nobody => return Err(Reason::UnknownAccount),
        }
        judge_shape(order)?;
        self.judge_numbers(order, instrument.id)?;
        if self.book.orders().is_full() {
            return Err(Reason::BookFull);
        }
        self.judge_against_book(order)?;
        Ok(Admission::New)
    }

    /// The first order of this name, when this one says the same.
    fn repeated(&self, order: &Order, account: AccountId) -> Result<Option<OrderId>, Reason> {
        if order.client_order_id.is_empty() {
            return Ok(None);
        }
        match self.clients.find(account, &order.client_order_id) {
            None => Ok(None),
            Some((first, content)) if content == Content::of(order) => Ok(Some(first)),
            Some(_) => Err(Reason::DuplicateClientOrderId),
        }
    }

    fn judge_numbers(&self, order: &Order, instrument: InstrumentId) -> Result<(), Reason> {
        let is_limit = order.order_type == OrderType::Limit;
        if is_limit && (!order.has(OrderFields::PRICE) || order.price.0 < 1) {
            return Err(Reason::BadPrice);
        }
        if order.quantity.is_zero() || order.quantity == Quantity::INVALID {
            return Err(Reason::BadQuantity);
        }
        // A market order trades at prices and quantities of makers, which were checked.
        if is_limit && !self.instruments.worth(instrument).fits(order.price, order.quantity) {
            return Err(Reason::Overflow);
        }
        let half = Half::of(instrument, order.side);
        match remainder(order) {
            Remainder::Rests => self.judge_total(half, Quantity::ZERO, order.quantity),
            Remainder::Cancelled => Ok(()),
        }
    }

    /// The sum of a side, and so of each of its levels, fits 64 bits, even if all of `new` rests.
    pub(super) fn judge_total(
        &self,
        half: Half,
        old: Quantity,
        new: Quantity,
    ) -> Result<(), Reason> {
        (self.book.total(half) - old).checked_add(new).map(|_| ()).ok_or(Reason::Overflow)
    }

    /// The rules that need to see the other side.
    fn judge_against_book(&self, order: &Order) -> Result<(), Reason> {
        let other = Half::of(order.instrument, order.side).opposite();
        let limit = limit(order);
        if limit == Limit::Any && self.book.best(other).is_none() {
            return Err(Reason::NoLiquidity);
        }
        if order.has(OrderFields::POST_ONLY) && self.book.is_within(other, limit) {
            return Err(Reason::PostOnly);
        }
        if order.time_in_force == TimeInForce::Fok
            && !self.book.can_fill(other, limit, order.quantity)
        {
            return Err(Reason::Fok);
        }
        Ok(())
    }

    fn open_account<S: Sink>(&mut self, party: Party, sink: &mut S) -> AccountId {
        let Party::New(name) = party else { unreachable!("admitted orders have an account") };
        let account = self.accounts.open(name);
        self.clients.open_account();
        sink.event(&Event::AccountOpened(AccountOpened { account, name }));
        account
    }

    fn enter<S: Sink>(&mut self, order: &Order, account: AccountId, sink: &mut S) {
        let sequence = self.applied.sequence;
        let slot = self
            .book
            .take(sequence.0, account.0, order.quantity)
            .expect("an admitted order has a slot");
        let id = OrderId { sequence, slot, leg: 0 };
        self.accounts.known_mut(account).orders += 1;
        let client = match order.client_order_id.is_empty() {
            true => END,
            false => self.clients.enter(account, order.client_order_id, id, Content::of(order)),
        };
        let instrument = self.instruments.get(order.instrument).expect("an admitted order has one");
        let terms = new_terms(order, instrument, client);
        match self.terms.get_mut(slot as usize) {
            Some(place) => *place = terms,
            None => self.terms.push(terms),
        }
        let half = Half::of(order.instrument, order.side);
        let limit = limit(order);
        let rests = remainder(order) == Remainder::Rests;
        if rests && !self.book.is_within(half.opposite(), limit) {
            let level = self.rest(slot, half, order.price, order.quantity);
            return sink.event(&accepted(order, account, id, Entry::New, level));
        }
        sink.event(&accepted(order, account, id, Entry::New, Quantity::ZERO));
        let taker = Taker { order: id, account, half };
        let left = self.trade(taker, limit, order.quantity, sink);
        match remainder(order) {
            Remainder::Rests => self.rest_or_close(taker, order.price, left, sink),
            Remainder::Cancelled => self.cancel_or_close(taker, order.price, left, sink),
        }
    }

    /// What is left of a taker rests at its limit.
    pub(super) fn rest_or_close<S: Sink>(
        &mut self,
        taker: Taker,
        price: Price,
        left: Quantity,
        sink: &mut S,
    ) {
        let Taker { order, account, half } = taker;
        if left.is_zero() {
            return self.close(order.slot);
        }
        let level = self.rest(order.slot, half, price, left);
        let (instrument, side) = (half.instrument(), half.side());
        let rested = Rested { order, account, instrument, side, price, quantity: left, level };
        sink.event(&Event::Rested(rested));
    }

    fn cancel_or_close<S: Sink>(
        &mut self,
        taker: Taker,
        price: Price,
        left: Quantity,
        sink: &mut S,
    ) {
        let Taker { order, account, half } = taker;
        self.close(order.slot);
        if left.is_zero() {
            return;
        }
        sink.event(&Event::Cancelled(Cancelled {
            order,
            account,
            instrument: half.instrument(),
            side: half.side(),
            reason: CancelReason::Ioc,
            place: Place::OffBook,
            price,
            quantity: left,
            level: Quantity::ZERO,
        }));
    }
}

fn judge_shape(order: &Order) -> Result<(), Reason> {
    let fields = order.fields;
    let is_known = fields.0 & !OrderFields::KNOWN.0 == 0 && !LATER.iter().any(|&f| fields.has(f));
    let type_is_known = match order.order_type {
        OrderType::Limit => true,
        // It has no limit to name.
        OrderType::Market => fields.has(OrderFields::QUANTITY) && !fields.has(OrderFields::PRICE),
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => false,
    };
    let time_is_known = match order.time_in_force {
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => true,
        TimeInForce::Day | TimeInForce::Gtd => false,
    };
    let mode_is_known = match order.self_trade {
        SelfTrade::AccountDefault | SelfTrade::None => true,
        SelfTrade::CancelTaker
        | SelfTrade::CancelMaker
        | SelfTrade::CancelBoth
        | SelfTrade::Decrement => false,
    };
    // A post-only order is there to rest.
    let may_post = !fields.has(OrderFields::POST_ONLY) || remainder(order) == Remainder::Rests;
    (is_known && type_is_known && time_is_known && mode_is_known && may_post)
        .then_some(())
        .ok_or(Reason::BadCombination)
}

fn remainder(order: &Order) -> Remainder {
    match (order.order_type, order.time_in_force) {
        (OrderType::Market | OrderType::Stop | OrderType::TrailingStop, _)
        | (_, TimeInForce::Ioc | TimeInForce::Fok) => Remainder::Cancelled,
        (OrderType::Limit | OrderType::StopLimit, _) => Remainder::Rests,
    }
}

fn limit(order: &Order) -> Limit {
    match order.order_type {
        OrderType::Limit | OrderType::StopLimit => Limit::At(order.price),
        OrderType::Market | OrderType::Stop | OrderType::TrailingStop => Limit::Any,
    }
}

fn new_terms(order: &Order, instrument: &Instrument, client: u32) -> Terms {
    Terms {
        ticket: 0,
        hidden: 0,
        fees: Fees {
            maker_ppm: instrument.maker_fee_ppm,
            taker_ppm: instrument.taker_fee_ppm,
            carry: 0,
        },
        client,
        leg: 0,
        fields: order.fields,
        order_type: order.order_type,
        time_in_force: order.time_in_force,
        self_trade: order.self_trade,
    }
}

fn accepted(
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
