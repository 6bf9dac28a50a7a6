//! Random orders: every type with the fields that go with it, near each other so that they meet,
//! and now and then a shape or number that no edge would hand over.

use orison_core::command::{
    AccountRef, Link, Order, OrderFields, OrderType, Pair, SelfTrade, TimeInForce,
};
use orison_core::{ClientOrderId, InstrumentId, Price, Quantity, Side};

use super::{Stream, mood, name};

impl Stream {
    /// Buyers mostly bid below the middle, sellers mostly ask above it.
    pub(super) fn price(&mut self, side: Side) -> Price {
        if self.dice.one_in(self.mood.hostile_odds) {
            return Price(self.dice.pick(&[0, 1, -1, i64::MIN, i64::MAX, i64::MAX - 1]));
        }
        let (middle, spread) = (self.mood.middle(), self.mood.spread);
        let away = self.dice.below(spread + spread / 4 + 2) as i64 - (spread / 4 + 1) as i64;
        match side {
            Side::Buy => Price(middle - away),
            Side::Sell => Price(middle + away),
        }
    }

    pub(super) fn quantity(&mut self) -> Quantity {
        if self.dice.one_in(self.mood.hostile_odds) {
            return Quantity(self.dice.pick(&[0, 1, u64::MAX, u64::MAX - 1, 1 << 63]));
        }
        Quantity(self.dice.below(self.mood.quantity_max) + 1)
    }

    fn client_order_id(&mut self) -> ClientOrderId {
        if self.dice.one_in(self.mood.name_odds) {
            return name("order", self.dice.below(self.mood.names));
        }
        ClientOrderId::EMPTY
    }

    /// An entirely new one, or sometimes the last one again.
    pub(super) fn order(&mut self) -> Order {
        if self.dice.one_in(30)
            && let Some((_, again)) = self.placed.last()
        {
            return *again;
        }
        let (account, instrument) = (self.account(), self.instrument());
        self.order_of(account, instrument)
    }

    /// Both legs of one account in one instrument, as good as always.
    pub(super) fn pair(&mut self) -> Pair {
        let link = self.dice.pick(&[Link::Oco, Link::Oto]);
        let (account, instrument) = (self.account(), self.instrument());
        let mut legs = [account; 2].map(|account| self.order_of(account, instrument));
        if self.dice.one_in(self.mood.hostile_odds) {
            legs[1].instrument = self.instrument();
        }
        if self.dice.one_in(self.mood.hostile_odds) {
            legs[1].account = self.account();
        }
        if self.dice.one_in(3) {
            legs[1].side = legs[0].side.opposite();
        }
        let again = self.pairs.last().copied().filter(|_| self.dice.one_in(15));
        again.unwrap_or(Pair { link, legs })
    }

    fn order_of(&mut self, account: AccountRef, instrument: InstrumentId) -> Order {
        let side = self.dice.pick(&Side::BOTH);
        let mut order = Order::limit(account, instrument, side, self.price(side), self.quantity());
        order.client_order_id = self.client_order_id();
        if self.dice.one_in(3) {
            order.self_trade = self.dice.pick(&[
                SelfTrade::None,
                SelfTrade::CancelTaker,
                SelfTrade::CancelMaker,
                SelfTrade::CancelBoth,
                SelfTrade::Decrement,
            ]);
        }
        if self.dice.one_in(25) {
            order.quantity.0 = order.quantity.0.saturating_mul(30);
        }
        if self.mood.limits.rules_version < 2 {
            order.self_trade = SelfTrade::AccountDefault;
            self.first_rules(&mut order);
        } else if self.dice.one_in(self.mood.plain_odds) {
            self.special(&mut order);
        }
        if self.dice.one_in(self.mood.hostile_odds) {
            self.twist(&mut order);
        }
        nothing_ungiven(order)
    }

    fn first_rules(&mut self, order: &mut Order) {
        self.time_in_force(order, &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok]);
        if self.dice.one_in(8) {
            order.order_type = OrderType::Market;
            without(order, OrderFields::PRICE);
        } else if order.time_in_force == TimeInForce::Gtc && self.dice.one_in(10) {
            order.fields = order.fields.with(OrderFields::POST_ONLY);
        }
    }

    fn special(&mut self, order: &mut Order) {
        let times = [TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Day, TimeInForce::Gtd];
        if self.dice.one_in(2) {
            self.time_in_force(order, &times);
        }
        match self.dice.below(12) {
            0..5 => {}
            5..8 => order.order_type = OrderType::Market,
            8 => order.order_type = OrderType::Stop,
            9 | 10 => order.order_type = OrderType::StopLimit,
            _ => order.order_type = OrderType::TrailingStop,
        }
        let is_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
        if !is_limit {
            without(order, OrderFields::PRICE);
        }
        match order.order_type {
            OrderType::Stop | OrderType::StopLimit => {
                order.fields = order.fields.with(OrderFields::STOP_PRICE);
                order.stop_price = self.price(order.side.opposite());
            }
            OrderType::TrailingStop => {
                order.fields = order.fields.with(OrderFields::TRAIL);
                order.trail = Price(self.dice.below(self.mood.spread) as i64 + 1);
            }
            OrderType::Limit | OrderType::Market => {}
        }
        let must_go = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        if is_limit && !must_go {
            self.resting_fields(order);
        } else {
            self.fleeting_fields(order, is_limit);
        }
        if self.dice.one_in(6)
            && order.time_in_force != TimeInForce::Fok
            && !order.has(OrderFields::POST_ONLY)
        {
            order.fields = order.fields.with(OrderFields::MIN_QUANTITY);
            order.min_quantity.0 = self.dice.below(order.quantity.0.max(1)) + 1;
        }
    }

    fn resting_fields(&mut self, order: &mut Order) {
        if self.dice.one_in(3) {
            order.fields = order.fields.with(OrderFields::DISPLAY);
            order.display.0 = self.dice.below(order.quantity.0.max(1)) + 1;
            if self.dice.one_in(2) {
                order.display.0 = order.display.0.min(self.dice.below(5) + 1);
            }
        }
        if self.dice.one_in(5) {
            order.fields = order.fields.with(OrderFields::POST_ONLY);
        }
    }

    /// Whoever has an account with money must say what a purchase at any price may cost.
    fn fleeting_fields(&mut self, order: &mut Order, is_limit: bool) {
        let is_market = order.order_type == OrderType::Market;
        let must_say = !is_limit && order.side == Side::Buy && self.is_funded(order.account);
        if is_market && self.dice.one_in(4) {
            order.fields = order.fields.with(OrderFields::PROTECTION);
            order.protection = Price(self.dice.below(self.mood.spread) as i64);
        } else if must_say && !self.dice.one_in(8) || self.dice.one_in(4) {
            let (_, worth) = mood::lot_and_worth(u64::from(order.instrument.0));
            let quantity = i128::from(self.dice.below(self.mood.quantity_max) + 1);
            let full = quantity * worth * i128::from(self.mood.middle());
            order.fields = order.fields.with(OrderFields::BUDGET);
            order.budget = full + i128::from(self.dice.below(3)) - 1;
            if self.dice.one_in(3) {
                without(order, OrderFields::QUANTITY);
            }
        }
    }

    fn time_in_force(&mut self, order: &mut Order, from: &[TimeInForce]) {
        order.time_in_force = self.dice.pick(from);
        order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        if order.time_in_force == TimeInForce::Gtd {
            let length = self.dice.pick(&[1, 1_000_000, 100_000_000, 60_000_000_000]);
            order.fields = order.fields.with(OrderFields::EXPIRE_AT);
            order.expire_at_ns = self.now_ns + length;
        }
    }

    /// A shape that no edge would hand over, or a number out of place.
    fn twist(&mut self, order: &mut Order) {
        let field = 1 << self.dice.below(11);
        match self.dice.below(9) {
            0 => order.fields = OrderFields(order.fields.0 ^ field),
            1 => order.fields = OrderFields(self.dice.next() as u16 & OrderFields::KNOWN.0),
            2 => {
                order.order_type = self.dice.pick(&[
                    OrderType::Limit,
                    OrderType::Market,
                    OrderType::Stop,
                    OrderType::StopLimit,
                    OrderType::TrailingStop,
                ]);
            }
            3 => order.time_in_force = self.dice.pick(&[TimeInForce::Day, TimeInForce::Gtd]),
            4 => {
                order.expire_at_ns = self.dice.pick(&[0, 1, self.now_ns, u64::MAX]);
                order.fields = order.fields.with(OrderFields::EXPIRE_AT);
            }
            5 => {
                order.display = self.quantity();
                order.fields = order.fields.with(OrderFields::DISPLAY);
            }
            6 => order.stop_price = Price(self.dice.pick(&[0, -1, i64::MAX, i64::MIN])),
            7 => order.trail = Price(self.dice.pick(&[0, -1, i64::MAX, i64::MIN])),
            _ => order.budget = self.dice.pick(&[0, -1, i128::MAX, i128::MIN, 1]),
        }
    }
}

fn without(order: &mut Order, field: OrderFields) {
    order.fields = OrderFields(order.fields.0 & !field.0);
}

/// Fields that are not given are zero.
fn nothing_ungiven(mut order: Order) -> Order {
    let has = |field| order.fields.has(field);
    let given = [
        has(OrderFields::PRICE),
        has(OrderFields::QUANTITY),
        has(OrderFields::STOP_PRICE),
        has(OrderFields::TRAIL),
        has(OrderFields::DISPLAY),
        has(OrderFields::MIN_QUANTITY),
        has(OrderFields::BUDGET),
        has(OrderFields::PROTECTION),
        has(OrderFields::EXPIRE_AT),
        has(OrderFields::TIME_IN_FORCE),
    ];
    let of = |price: Price, index: usize| if given[index] { price } else { Price(0) };
    let quantity = |quantity: Quantity, index: usize| {
        if given[index] { quantity } else { Quantity::ZERO }
    };
    order.price = of(order.price, 0);
    order.quantity = quantity(order.quantity, 1);
    order.stop_price = of(order.stop_price, 2);
    order.trail = of(order.trail, 3);
    order.display = quantity(order.display, 4);
    order.min_quantity = quantity(order.min_quantity, 5);
    order.budget = if given[6] { order.budget } else { 0 };
    order.protection = of(order.protection, 7);
    order.expire_at_ns = if given[8] { order.expire_at_ns } else { 0 };
    order.time_in_force = if given[9] { order.time_in_force } else { TimeInForce::Gtc };
    order
}
