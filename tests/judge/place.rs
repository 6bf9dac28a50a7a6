//! A new order: every reason to refuse it in the fixed order, then its entry, its trades and what
//! is left of it.

use orison_core::command::{
    CancelReason, Order, OrderFields, OrderType, SelfTrade, Target, TimeInForce,
};
use orison_core::event::{
    Accepted, AccountOpened, Cancelled, Entry, Money, Op, Place, Rested, Trade,
};
use orison_core::{AccountId, Event, InstrumentId, OrderId, Price, Quantity, Reason};

use super::book::{Fees, Resting};
use super::clients::Sameness;
use super::{Judge, Party, is_quantity};

/// Fields whose rules are not in force.
const LATER: [OrderFields; 7] = [
    OrderFields::STOP_PRICE,
    OrderFields::TRAIL,
    OrderFields::DISPLAY,
    OrderFields::MIN_QUANTITY,
    OrderFields::BUDGET,
    OrderFields::PROTECTION,
    OrderFields::EXPIRE_AT,
];

impl Judge {
    pub(super) fn place(&mut self, asked: &Order) {
        let party = self.party(&asked.account);
        if let Party::Known(account) = party
            && self.listing.get(asked.instrument).is_some()
            && let Some((first, Sameness::Same)) = self.clients.known(account, asked)
        {
            return self.accept(asked, account, first, Entry::Duplicate, Quantity(0));
        }
        if let Some(reason) = self.refusal(asked, party) {
            let known = self.listing.get(asked.instrument).map(|known| known.id);
            let instrument = known.unwrap_or_default();
            let target = Target::Client(asked.client_order_id);
            return self.reject(Op::New, reason, party, instrument, target);
        }
        let account = match party {
            Party::Known(account) => account,
            Party::New(name) => {
                self.accounts.push(name);
                let account = AccountId(self.accounts.len() as u32);
                self.events.push(Event::AccountOpened(AccountOpened { account, name }));
                account
            }
            Party::Nobody => unreachable!("nobody is refused"),
        };
        self.enter(asked, account);
    }

    /// The first of all reasons against it.
    fn refusal(&self, asked: &Order, party: Party) -> Option<Reason> {
        let Some(instrument) = self.listing.get(asked.instrument) else {
            return Some(Reason::UnknownSymbol);
        };
        match party {
            Party::Nobody => return Some(Reason::UnknownAccount),
            Party::New(_) if self.accounts.len() as u32 >= self.genesis.accounts_max => {
                return Some(Reason::AccountLimit);
            }
            Party::New(_) => {}
            Party::Known(account) => {
                if self.clients.known(account, asked).is_some() {
                    return Some(Reason::DuplicateClientOrderId);
                }
            }
        }
        if !is_good_shape(asked) {
            return Some(Reason::BadCombination);
        }
        let is_market = asked.order_type == OrderType::Market;
        if !is_market && (!asked.has(OrderFields::PRICE) || asked.price.0 < 1) {
            return Some(Reason::BadPrice);
        }
        if !is_quantity(asked.quantity) {
            return Some(Reason::BadQuantity);
        }
        let fits = self.listing.fits(instrument.id, asked.price, asked.quantity);
        let more = u128::from(asked.quantity.0);
        if !is_market && !fits || rests(asked) && !self.fits_side(instrument.id, asked.side, more) {
            return Some(Reason::Overflow);
        }
        if self.slots.live() >= self.genesis.orders_max {
            return Some(Reason::BookFull);
        }
        self.refusal_by_book(asked)
    }

    fn refusal_by_book(&self, asked: &Order) -> Option<Reason> {
        let book = &self.books[usize::from(asked.instrument.0) - 1];
        let reachable = book.reachable(asked.side, limit(asked));
        if asked.order_type == OrderType::Market && reachable == 0 {
            return Some(Reason::NoLiquidity);
        }
        if asked.has(OrderFields::POST_ONLY) && reachable > 0 {
            return Some(Reason::PostOnly);
        }
        let is_fok = asked.time_in_force == TimeInForce::Fok;
        (is_fok && reachable < u128::from(asked.quantity.0)).then_some(Reason::Fok)
    }

    fn enter(&mut self, asked: &Order, account: AccountId) {
        let sequence = self.stamp.sequence;
        let id = OrderId { sequence, slot: self.slots.take(), leg: 0 };
        self.clients.enter(account, id, asked);
        let instrument = self.listing.get(asked.instrument).expect("it is not refused");
        let fees = Fees {
            maker_ppm: instrument.maker_fee_ppm,
            taker_ppm: instrument.taker_fee_ppm,
            due_millionths: 0,
        };
        let mut order = Resting {
            id,
            account,
            side: asked.side,
            price: asked.price,
            open: asked.quantity,
            ticket: 0,
            asked: *asked,
            fees,
        };
        let book = &self.books[usize::from(asked.instrument.0) - 1];
        if rests(asked) && book.reachable(asked.side, limit(asked)) == 0 {
            order.ticket = self.next_ticket();
            let level = self.book_mut(asked.instrument).rest(order);
            return self.accept(asked, account, id, Entry::New, level);
        }
        self.accept(asked, account, id, Entry::New, Quantity(0));
        self.trade(asked.instrument, &mut order, limit(asked));
        if rests(asked) {
            self.rest_what_is_left(asked.instrument, order);
        } else {
            self.cancel_what_is_left(asked.instrument, &order);
        }
    }

    fn accept(
        &mut self,
        asked: &Order,
        account: AccountId,
        order: OrderId,
        entry: Entry,
        level: Quantity,
    ) {
        self.events.push(Event::Accepted(Accepted {
            order,
            account,
            instrument: asked.instrument,
            side: asked.side,
            order_type: asked.order_type,
            time_in_force: asked.time_in_force,
            self_trade: asked.self_trade,
            entry,
            fields: asked.fields,
            client_order_id: asked.client_order_id,
            price: asked.price,
            quantity: asked.quantity,
            level,
        }));
    }

    /// One maker after the other, from the front, until the taker or what it can reach is gone.
    pub(super) fn trade(
        &mut self,
        instrument: InstrumentId,
        taker: &mut Resting,
        limit: Option<Price>,
    ) {
        while !taker.open.is_zero() {
            let makers = self.book_mut(instrument).side_mut(taker.side.opposite());
            let Some(maker) = makers.first_mut() else { return };
            if limit.is_some_and(|limit| !taker.side.crosses(limit, maker.price)) {
                return;
            }
            let quantity = taker.open.min(maker.open);
            taker.open -= quantity;
            maker.open -= quantity;
            let mut maker = maker.clone();
            let notional = self.listing.money(instrument, maker.price, quantity);
            let maker_fee = maker.fees.charge(notional, maker.fees.maker_ppm);
            let taker_fee = taker.fees.charge(notional, taker.fees.taker_ppm);
            self.book_mut(instrument).side_mut(maker.side)[0].fees = maker.fees;
            if maker.open.is_zero() {
                self.book_mut(instrument).take(maker.id);
                self.close(maker.id);
            }
            self.events.push(Event::Trade(Trade {
                maker: maker.id,
                taker: taker.id,
                maker_account: maker.account,
                taker_account: taker.account,
                instrument,
                taker_side: taker.side,
                price: maker.price,
                quantity,
                maker_fee: Money::new(maker_fee),
                taker_fee: Money::new(taker_fee),
            }));
        }
    }

    pub(super) fn rest_what_is_left(&mut self, instrument: InstrumentId, mut order: Resting) {
        if order.open.is_zero() {
            return self.close(order.id);
        }
        order.ticket = self.next_ticket();
        let Resting { id, account, side, price, open, .. } = order;
        let level = self.book_mut(instrument).rest(order);
        self.events.push(Event::Rested(Rested {
            order: id,
            account,
            instrument,
            side,
            price,
            quantity: open,
            level,
        }));
    }

    fn cancel_what_is_left(&mut self, instrument: InstrumentId, order: &Resting) {
        self.close(order.id);
        if order.open.is_zero() {
            return;
        }
        self.events.push(Event::Cancelled(Cancelled {
            order: order.id,
            account: order.account,
            instrument,
            side: order.side,
            reason: CancelReason::Ioc,
            place: Place::OffBook,
            price: order.price,
            quantity: order.open,
            level: Quantity(0),
        }));
    }
}

fn is_good_shape(asked: &Order) -> bool {
    let known_fields = asked.fields.0 & !OrderFields::KNOWN.0 == 0;
    let known_type = matches!(asked.order_type, OrderType::Limit | OrderType::Market);
    let known_time =
        matches!(asked.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok);
    let known_self_trade = matches!(asked.self_trade, SelfTrade::AccountDefault | SelfTrade::None);
    let asks_for_later = LATER.iter().any(|&field| asked.has(field));
    let bad_market = asked.order_type == OrderType::Market
        && (asked.has(OrderFields::PRICE) || !asked.has(OrderFields::QUANTITY));
    let posts_what_never_rests = asked.has(OrderFields::POST_ONLY) && !rests(asked);
    known_fields
        && known_type
        && known_time
        && known_self_trade
        && !asks_for_later
        && !bad_market
        && !posts_what_never_rests
}

/// Whether what finds nobody to trade with stays in the book.
fn rests(asked: &Order) -> bool {
    asked.order_type == OrderType::Limit
        && !matches!(asked.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
}

fn limit(asked: &Order) -> Option<Price> {
    (asked.order_type == OrderType::Limit).then_some(asked.price)
}
