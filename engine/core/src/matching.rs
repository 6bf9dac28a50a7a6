//! A taker meets the makers of the other side: trades in match order, with their fees, and what
//! they do to orders, names, accounts and money on both sides. Most makers are swept past; one
//! that money, a tip, a partner or its own account makes special is met by itself. What is left
//! of the taker is for the caller to rest or cancel.

use crate::book::{End, Fill, Half, Limit, NONE};
use crate::command::{CancelReason, OrderFields, SelfTrade};
use crate::conditions::Role;
use crate::event::{Decremented, Event, Money, Phase, Refreshed, Sink, Trade};
use crate::exchange::{Ending, Exchange, Held};
use crate::id::OrderId;
use crate::terms::Fees;
use crate::types::{AccountId, Price, Quantity, Sequence, Side};

/// An order that is in no queue, on its way through the other side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) order: OrderId,
    pub(crate) account: AccountId,
    /// Its own side.
    pub(crate) half: Half,
    pub(crate) limit: Limit,
    /// Never `AccountDefault`.
    pub(crate) self_trade: SelfTrade,
    pub(crate) road: Road,
    /// Prices it may trade at, whatever its limit.
    pub(crate) range: (Price, Price),
}

/// How a taker goes through makers that nothing is special about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Road {
    Swept,
    /// One by one: money or another order hangs on each of its own fills.
    Stepwise,
}

/// No range is set.
pub(crate) const ANY_PRICE: (Price, Price) = (Price(i64::MIN), Price(i64::MAX));

/// Why a taker trades no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// Nothing is left of it, or nobody within its limit.
    Dry,
    /// Its budget does not pay for one more step.
    Spent,
    /// It met its own account.
    SelfTrade,
    /// The next maker is beyond its range.
    Range,
}

/// What is left of a taker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) left: Quantity,
    pub(crate) stop: Stop,
}

impl Taker {
    fn avoids(&self) -> u32 {
        match self.self_trade {
            SelfTrade::None | SelfTrade::AccountDefault => NONE,
            SelfTrade::CancelTaker
            | SelfTrade::CancelMaker
            | SelfTrade::CancelBoth
            | SelfTrade::Decrement => self.account.0,
        }
    }

    /// The limit within the range.
    fn bound(&self) -> Limit {
        let (low, high) = self.range;
        let far = match self.half.side() {
            Side::Buy => high,
            Side::Sell => low,
        };
        match self.limit {
            _ if self.range == ANY_PRICE => self.limit,
            Limit::Any => Limit::At(far),
            Limit::At(price) if self.half.side().crosses(far, price) => self.limit,
            Limit::At(_) => Limit::At(far),
        }
    }
}

impl Exchange {
    /// Trades up to `open` of the taker.
    #[inline]
    pub(crate) fn trade<S: Sink>(
        &mut self,
        taker: &Taker,
        open: Quantity,
        sink: &mut S,
    ) -> Outcome {
        if taker.range == ANY_PRICE && taker.road == Road::Swept {
            let (left, end) = self.sweep(taker, taker.limit, open, sink);
            return match end {
                End::Done => Outcome { left, stop: Stop::Dry },
                End::Halted => self.trade_on(taker, left, sink),
            };
        }
        self.trade_on(taker, open, sink)
    }

    /// Past all that is not special, however much.
    #[inline]
    fn sweep<S: Sink>(
        &mut self,
        taker: &Taker,
        limit: Limit,
        open: Quantity,
        sink: &mut S,
    ) -> (Quantity, End) {
        let (instrument, side) = (taker.half.instrument(), taker.half.side());
        let follows = self.instruments.market(instrument).stops > 0;
        let first = if follows { self.book.best(taker.half.opposite()) } else { None };
        let Self { book, terms, accounts, clients, instruments, holdings, .. } = self;
        let worth = *instruments.worth(instrument);
        let own = &terms[taker.order.slot as usize];
        let (mut taker_fees, holding) = (own.fees, own.holding);
        let (mut notional, mut last) = (0i128, Price(0));
        let (mut fees, mut all_fees) = (0i128, 0i128);
        let avoid = taker.avoids();
        let swept = book.sweep(taker.half.opposite(), limit, open, avoid, |fill: Fill| {
            let maker = &mut terms[fill.slot as usize];
            let maker_account = AccountId(fill.owner);
            let (mut maker_fee, mut taker_fee) = (0, 0);
            if maker.fees.maker_ppm != 0 || taker_fees.taker_ppm != 0 {
                let notional = worth.money(fill.price, fill.quantity);
                maker_fee = maker.fees.charge(notional, maker.fees.maker_ppm);
                taker_fee = taker_fees.charge(notional, taker_fees.taker_ppm);
                fees = fees.saturating_add(taker_fee);
                all_fees = all_fees.saturating_add(maker_fee + taker_fee);
            }
            let value = fill.price.notional(fill.quantity);
            let held = holdings.get_mut(maker.holding);
            held.trade(side.opposite(), fill.quantity.0, value, maker_fee);
            notional = notional.saturating_add(value);
            last = fill.price;
            let leg = maker.leg;
            if fill.left.is_zero() {
                accounts.known_mut(maker_account).orders -= 1;
                clients.close(maker.client);
            }
            sink.event(&Event::Trade(Trade {
                maker: OrderId { sequence: Sequence(fill.mark), slot: fill.slot, leg },
                taker: taker.order,
                maker_account,
                taker_account: taker.account,
                instrument,
                taker_side: side,
                phase: Phase::Continuous,
                price: fill.price,
                quantity: fill.quantity,
                maker_fee: Money::new(maker_fee),
                taker_fee: Money::new(taker_fee),
            }));
        });
        if swept.left != open {
            terms[taker.order.slot as usize].fees = taker_fees;
            let quantity = (open - swept.left).0;
            holdings.get_mut(holding).trade(side, quantity, notional, fees);
            self.timers.traded(self.applied.time_ns);
            // Prices of a sweep only rise or only fall: both ends tell of all between.
            if let Some(first) = first {
                self.trails.on_last(instrument, first);
                self.trails.on_last(instrument, last);
            }
            self.instruments.market_mut(instrument).last = last;
            if all_fees != 0 {
                self.instruments.earn(instrument, all_fees);
            }
        }
        (swept.left, swept.end)
    }

    /// Sweeps and meets in turn, within the range.
    fn trade_on<S: Sink>(&mut self, taker: &Taker, open: Quantity, sink: &mut S) -> Outcome {
        let other = taker.half.opposite();
        let bound = taker.bound();
        let mut left = open;
        while !left.is_zero() {
            let Some((maker, price)) = self.book.first(other) else { break };
            let (low, high) = taker.range;
            if !taker.limit.allows(other, price) {
                break;
            }
            if price < low || price > high {
                return Outcome { left, stop: Stop::Range };
            }
            let order = &self.book.orders()[maker];
            let is_own = order.owner() == taker.avoids();
            let is_special = order.is_attended() || is_own;
            if taker.road == Road::Swept && !is_special {
                (left, _) = self.sweep(taker, bound, left, sink);
                continue;
            }
            if self.partner_of(taker.order.slot) == Some(maker) {
                self.drop_sibling(taker.order.slot, sink);
            } else if is_own {
                match self.prevent(taker, maker, price, &mut left, sink) {
                    Ok(()) => {}
                    Err(stop) => return Outcome { left, stop },
                }
            } else {
                let quantity = self.affordable(taker.order.slot, price, left);
                if quantity.is_zero() {
                    return Outcome { left, stop: Stop::Spent };
                }
                left = self.meet(taker, maker, price, left, quantity, sink);
                if self.is_spent(taker.order.slot) {
                    break;
                }
            }
        }
        Outcome { left, stop: Stop::Dry }
    }

    /// So much of `left` as the taker's budget pays for, if it has one.
    pub(crate) fn affordable(&self, slot: u32, price: Price, left: Quantity) -> Quantity {
        let terms = &self.terms[slot as usize];
        if !terms.fields.has(OrderFields::BUDGET) {
            return left;
        }
        let budget = self.conditions.get(terms.conditions).budget;
        let quantity = self.within_budget(budget, &terms.fees, terms.half, price);
        left.min(quantity)
    }

    /// It wanted nothing but to spend its budget, and has.
    fn is_spent(&self, slot: u32) -> bool {
        let terms = &self.terms[slot as usize];
        terms.fields.has(OrderFields::BUDGET)
            && !terms.fields.has(OrderFields::QUANTITY)
            && self.conditions.get(terms.conditions).budget == 0
    }

    /// What a budget buys at a price, fee included; sold for, without.
    pub(crate) fn within_budget(
        &self,
        budget: i128,
        fees: &Fees,
        half: Half,
        price: Price,
    ) -> Quantity {
        let notional = match half.side() {
            Side::Buy => fees.affordable(budget, fees.taker_ppm),
            Side::Sell => budget,
        };
        let step = self.instruments.worth(half.instrument()).money(price, Quantity(1));
        Quantity(u64::try_from(notional / step).unwrap_or(u64::MAX - 1))
    }

    /// One trade with the maker at the head, and all that follows from it. What is left.
    fn meet<S: Sink>(
        &mut self,
        taker: &Taker,
        maker: u32,
        price: Price,
        left: Quantity,
        wanted: Quantity,
        sink: &mut S,
    ) -> Quantity {
        let tip = Quantity(self.book.orders()[maker].open);
        let quantity = wanted.min(tip);
        let left = left - quantity;
        let slot = taker.order.slot;
        let held = (self.held(maker), self.held(slot));
        self.book.set_open(slot, left);
        if quantity == tip {
            self.book.leave(maker);
            self.book.set_open(maker, Quantity::ZERO);
        } else {
            self.book.reduce(maker, quantity);
        }
        self.exchange((maker, held.0), (slot, held.1), price, quantity, Phase::Continuous, sink);
        let filled = Quantity(self.terms[maker as usize].hidden).is_zero() && quantity == tip;
        self.drop_sibling(maker, sink);
        if filled {
            self.end(maker, Ending::Filled, sink);
        } else if quantity == tip {
            self.refresh(maker, price, sink);
        }
        self.drop_sibling(slot, sink);
        left
    }

    /// Money, positions and fees of one trade between two orders whose open quantities are already
    /// what they are after it; `held`: what they locked before.
    pub(crate) fn exchange<S: Sink>(
        &mut self,
        (maker, maker_held): (u32, Held),
        (taker, taker_held): (u32, Held),
        price: Price,
        quantity: Quantity,
        phase: Phase,
        sink: &mut S,
    ) {
        let half = self.terms[taker as usize].half;
        let (instrument, side) = (half.instrument(), half.side());
        let money = self.instruments.worth(instrument).money(price, quantity);
        let rates = (self.terms[maker as usize].fees, self.terms[taker as usize].fees);
        let maker_fee = self.terms[maker as usize].fees.charge(money, rates.0.maker_ppm);
        let taker_fee = self.terms[taker as usize].fees.charge(money, rates.1.taker_ppm);
        self.instruments.earn(instrument, maker_fee + taker_fee);
        let own =
            [(maker, side.opposite(), maker_fee, maker_held), (taker, side, taker_fee, taker_held)];
        for (slot, side, fee, held) in own {
            self.spend_budget(slot, side, money, fee);
            self.rehold(slot, held);
            self.pay(slot, side, (price, quantity), money, fee);
        }
        self.instruments.market_mut(instrument).last = price;
        self.trails.on_last(instrument, price);
        self.timers.traded(self.applied.time_ns);
        sink.event(&Event::Trade(Trade {
            maker: self.order_id(maker),
            taker: self.order_id(taker),
            maker_account: self.owner(maker),
            taker_account: self.owner(taker),
            instrument,
            taker_side: side,
            phase,
            price,
            quantity,
            maker_fee: Money::new(maker_fee),
            taker_fee: Money::new(taker_fee),
        }));
    }

    fn spend_budget(&mut self, slot: u32, side: Side, money: i128, fee: i128) {
        let terms = &self.terms[slot as usize];
        if !terms.fields.has(OrderFields::BUDGET) {
            return;
        }
        let spent = match side {
            Side::Buy => money + fee,
            Side::Sell => money,
        };
        let conditions = self.conditions.get_mut(terms.conditions);
        conditions.expect("a budget is a condition").budget -= spent;
    }

    /// The sibling of a leg that has traded, fired, or met it goes before anything else.
    pub(crate) fn drop_sibling<S: Sink>(&mut self, slot: u32, sink: &mut S) {
        if self.role_of(slot) != Role::Leg {
            return;
        }
        let held = self.held(slot);
        let sibling = self.unlink(slot).expect("a leg has a sibling");
        // Each holds for itself for the moment that it takes to cancel the sibling.
        self.rehold(slot, held);
        self.rehold(sibling, Held::default());
        self.withdraw(sibling, CancelReason::Oco, sink);
    }

    /// The next tip of an iceberg whose last one is gone.
    fn refresh<S: Sink>(&mut self, slot: u32, price: Price, sink: &mut S) {
        let terms = &mut self.terms[slot as usize];
        let (half, total) = (terms.half, terms.hidden);
        let tip = self.conditions.get(terms.conditions).display.min(total);
        terms.hidden = total - tip;
        let hidden = Quantity(terms.hidden);
        self.book.hide(half, 0, tip);
        let level = self.rest(slot, half, price, Quantity(tip));
        sink.event(&Event::Refreshed(Refreshed {
            order: self.order_id(slot),
            account: self.owner(slot),
            instrument: half.instrument(),
            side: half.side(),
            price,
            tip: Quantity(tip),
            hidden,
            level,
        }));
    }

    /// The taker meets a maker of its own account and does not trade with it.
    fn prevent<S: Sink>(
        &mut self,
        taker: &Taker,
        maker: u32,
        price: Price,
        left: &mut Quantity,
        sink: &mut S,
    ) -> Result<(), Stop> {
        match taker.self_trade {
            SelfTrade::None | SelfTrade::AccountDefault => unreachable!("it avoids nobody"),
            SelfTrade::CancelTaker => return Err(Stop::SelfTrade),
            SelfTrade::CancelMaker => self.withdraw(maker, CancelReason::SelfTrade, sink),
            SelfTrade::CancelBoth => {
                self.withdraw(maker, CancelReason::SelfTrade, sink);
                return Err(Stop::SelfTrade);
            }
            SelfTrade::Decrement => {
                let slot = taker.order.slot;
                let quantity = self.open(maker).min(*left);
                let held = self.held(slot);
                self.book.set_open(slot, *left - quantity);
                self.rehold(slot, held);
                *left -= quantity;
                let level = self.lessen(maker, quantity);
                sink.event(&Event::Decremented(Decremented {
                    maker: self.order_id(maker),
                    taker: taker.order,
                    account: taker.account,
                    instrument: taker.half.instrument(),
                    taker_side: taker.half.side(),
                    phase: Phase::Continuous,
                    price,
                    quantity,
                    level,
                    taker_level: Quantity::ZERO,
                }));
                if self.open(maker).is_zero() {
                    self.withdraw(maker, CancelReason::SelfTrade, sink);
                }
                if left.is_zero() {
                    return Err(Stop::SelfTrade);
                }
            }
        }
        Ok(())
    }

    /// Takes quantity from a resting order without a trade, what is hidden first. One that is left
    /// with nothing has left its queue. The visible quantity of its level.
    pub(crate) fn lessen(&mut self, slot: u32, quantity: Quantity) -> Quantity {
        let held = self.held(slot);
        let half = self.terms[slot as usize].half;
        let unseen = quantity.0.min(self.terms[slot as usize].hidden);
        self.terms[slot as usize].hidden -= unseen;
        self.book.hide(half, 0, unseen);
        let seen = quantity.0 - unseen;
        let level = if seen == 0 {
            self.book.level_of(slot)
        } else if seen == self.book.orders()[slot].open {
            let level = self.book.leave(slot);
            self.book.set_open(slot, Quantity::ZERO);
            level
        } else {
            self.book.reduce(slot, Quantity(seen))
        };
        self.rehold(slot, held);
        level
    }
}
