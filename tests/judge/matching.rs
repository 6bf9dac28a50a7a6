//! Orders meet: one maker after the other from the front, prevention among orders of one account,
//! linked cancels, and what becomes of the rest. Also the dry walk that says how far one would
//! come, which goes the same way on a copy of the queue.

use orison_core::command::{CancelReason, SelfTrade};
use orison_core::event::StatusCause;
use orison_core::instrument::Status;
use orison_core::{InstrumentId, Side};

use super::Judge;
use super::order::{Order, Place, Tie, rounded_up};
use super::said::{Id, Said};

impl Judge {
    /// The order takes what it can and may; then it rests or is over.
    pub(super) fn take(&mut self, taker: Id) {
        let instrument = self.get(taker).instrument;
        let range = self.range(instrument);
        while let Some(order) = self.find(taker).filter(|order| !order.is_over()).cloned() {
            let Some(maker) = self.front(instrument, order.side.opposite()).cloned() else { break };
            let price = maker.limit.expect("a market order rests in a call only");
            if !order.reaches(price) {
                break;
            }
            if i128::from(price) < range.0 || i128::from(price) > range.1 {
                self.cancel(taker, CancelReason::Range);
                return self.interrupt(instrument);
            }
            if order.sibling() == Some(maker.id) {
                self.part_from_sibling(taker);
            } else if maker.account == order.account && order.self_trade != SelfTrade::None {
                self.prevent(&maker, &order);
            } else {
                let quantity = maker.tip.min(self.affordable(&order, price));
                if quantity == 0 {
                    break;
                }
                self.trade(maker.id, taker, price, quantity);
                self.part_from_sibling(maker.id);
                self.go_on_resting(maker.id, quantity);
                self.part_from_sibling(taker);
            }
        }
        let Some(order) = self.find(taker) else { return };
        if order.is_over() {
            self.fill(taker);
        } else if order.rests() {
            self.rest(taker);
        } else {
            self.cancel(taker, CancelReason::Ioc);
        }
    }

    /// Of its own open quantity, as much as its budget pays for at this price.
    fn affordable(&self, order: &Order, price: i64) -> u64 {
        let Some(budget) = order.budget else { return order.open };
        let step = self.listing.money(order.instrument, price, 1);
        let most = match order.side {
            // notional + fee <= budget, where fee = (notional x rate - carry) / 1,000,000, up.
            Side::Buy => {
                let factor = 1_000_000 + i128::from(order.rates.taker_ppm);
                let millionths = budget.saturating_mul(1_000_000).saturating_add(order.rates.carry);
                millionths / factor / step
            }
            Side::Sell => budget / step,
        };
        order.open.min(u64::try_from(most).unwrap_or(u64::MAX))
    }

    /// What it would trade at once if it were let.
    pub(super) fn reach(&self, order: &Order) -> u64 {
        let mut taker = order.clone();
        let makers = self.queue(order.instrument, order.side.opposite());
        let mut queue: Vec<Order> = makers.into_iter().cloned().collect();
        let range = self.range(order.instrument);
        let mut reached = 0;
        while let Some(mut maker) = queue.first().cloned().filter(|_| !taker.is_over()) {
            let price = maker.limit.expect("a market order rests in a call only");
            let is_inside = i128::from(price) >= range.0 && i128::from(price) <= range.1;
            if !taker.reaches(price) || !is_inside {
                break;
            }
            queue.remove(0);
            let is_sibling = taker.sibling() == Some(maker.id);
            let is_own = maker.account == taker.account && taker.self_trade != SelfTrade::None;
            if !is_sibling && !is_own {
                let quantity = maker.tip.min(self.affordable(&taker, price));
                if quantity == 0 {
                    break;
                }
                reached += quantity;
                let rate_ppm = taker.rates.taker_ppm;
                self.pay(&mut taker, price, quantity, rate_ppm);
                taker.fill(quantity);
                (maker.open, maker.tip) = (maker.open - quantity, maker.tip - quantity);
                if maker.tip > 0 {
                    queue.insert(0, maker.clone());
                } else if maker.open > 0 {
                    maker.tip = maker.display().min(maker.open);
                    let same_price = queue.iter().take_while(|other| other.limit == maker.limit);
                    queue.insert(same_price.count(), maker.clone());
                }
                queue.retain(|other| maker.sibling() != Some(other.id));
            } else if !is_sibling {
                match taker.self_trade {
                    SelfTrade::CancelTaker | SelfTrade::CancelBoth => break,
                    SelfTrade::Decrement => taker.reduce(maker.open.min(taker.open)),
                    SelfTrade::CancelMaker | SelfTrade::None | SelfTrade::AccountDefault => {}
                }
                queue.retain(|other| maker.sibling() != Some(other.id));
            }
        }
        reached
    }

    /// Two orders of one account do not trade: the taker's mode says which goes.
    pub(super) fn prevent(&mut self, maker: &Order, taker: &Order) {
        let reason = CancelReason::SelfTrade;
        match taker.self_trade {
            SelfTrade::None | SelfTrade::AccountDefault => unreachable!("they may trade"),
            SelfTrade::CancelTaker => self.cancel(taker.id, reason),
            SelfTrade::CancelMaker => self.cancel(maker.id, reason),
            SelfTrade::CancelBoth => {
                self.cancel(maker.id, reason);
                self.cancel_if_live(taker.id, reason);
            }
            SelfTrade::Decrement => {
                let quantity = maker.open.min(taker.open);
                let (maker, taker) = (maker.id, taker.id);
                self.said.push(Said::Decremented { maker, taker, quantity });
                for id in [maker, taker] {
                    self.get_mut(id).reduce(quantity);
                }
                for id in [maker, taker] {
                    if self.find(id).is_some_and(|order| order.open == 0) {
                        self.cancel(id, reason);
                    }
                }
            }
        }
    }

    /// Both have traded: money moves. Siblings and what is left of the two are the caller's.
    pub(super) fn trade(&mut self, maker: Id, taker: Id, price: i64, quantity: u64) {
        let mut fees = [0; 2];
        for (index, id) in [maker, taker].into_iter().enumerate() {
            let mut order = self.get(id).clone();
            let rate = [order.rates.maker_ppm, order.rates.taker_ppm][index];
            fees[index] = self.pay(&mut order, price, quantity, rate);
            order.fill(quantity);
            self.move_money(&order, price, quantity, fees[index]);
            *self.get_mut(id) = order;
        }
        let [maker_fee, taker_fee] = fees;
        self.said.push(Said::Trade { maker, taker, price, quantity, maker_fee, taker_fee });
        self.last_trade_was(self.get(maker).instrument, price);
    }

    /// The fee of a fill; it and, for a buyer, the fill itself come from the budget.
    fn pay(&self, order: &mut Order, price: i64, quantity: u64, rate_ppm: i32) -> i128 {
        let notional = self.listing.money(order.instrument, price, quantity);
        let fee = order.rates.charge(notional, rate_ppm);
        if let Some(budget) = &mut order.budget {
            *budget -= match order.side {
                Side::Buy => notional + fee,
                Side::Sell => notional,
            };
        }
        fee
    }

    /// Trailing stops follow every price.
    fn last_trade_was(&mut self, instrument: InstrumentId, price: i64) {
        self.listing.market_mut(instrument).last = Some(price);
        let waits =
            |order: &&mut Order| order.instrument == instrument && order.place == Place::Waiting;
        for order in self.orders.iter_mut().filter(waits) {
            let mark = order.mark.unwrap_or(price);
            order.mark = Some(match order.side {
                Side::Buy => mark.min(price),
                Side::Sell => mark.max(price),
            });
        }
    }

    /// A maker gave up a part of its tip, or all of it and shows the next one behind the others.
    fn go_on_resting(&mut self, maker: Id, traded: u64) {
        let ticket = self.tickets + 1;
        let order = self.get_mut(maker);
        order.tip -= traded;
        if order.is_over() {
            self.fill(maker);
        } else if order.tip == 0 {
            (order.tip, order.ticket) = (order.display().min(order.open), ticket);
            self.tickets = ticket;
        }
    }

    pub(super) fn rest(&mut self, id: Id) {
        let ticket = self.next_ticket();
        let order = self.get_mut(id);
        (order.place, order.ticket) = (Place::Book, ticket);
        order.tip = order.display().min(order.open);
    }

    /// It is over and got all it wanted; its child is next.
    pub(super) fn fill(&mut self, id: Id) {
        let order = self.remove(id);
        if let Some(Tie::ParentOf(child)) = order.tie {
            self.get_mut(child).tie = None;
            self.entering.push(child);
        }
    }

    /// It is over before it got all it wanted, and takes with it what hangs on it.
    pub(super) fn cancel(&mut self, id: Id, reason: CancelReason) {
        let order = self.remove(id);
        self.said.push(Said::Cancelled { order: id, quantity: order.shown_open(), reason });
        self.unlink(&order, reason);
    }

    pub(super) fn cancel_if_live(&mut self, id: Id, reason: CancelReason) {
        if self.find(id).is_some() {
            self.cancel(id, reason);
        }
    }

    pub(super) fn unlink(&mut self, gone: &Order, reason: CancelReason) {
        match gone.tie {
            Some(Tie::Sibling(sibling)) => {
                self.get_mut(sibling).tie = None;
                self.cancel(sibling, CancelReason::Oco);
            }
            Some(Tie::ParentOf(child)) => {
                self.get_mut(child).tie = None;
                self.cancel(child, reason);
            }
            Some(Tie::ChildOf(parent)) => self.get_mut(parent).tie = None,
            None => {}
        }
    }

    /// The leg stays and the other goes.
    pub(super) fn part_from_sibling(&mut self, leg: Id) {
        if let Some(sibling) = self.get(leg).sibling() {
            self.get_mut(leg).tie = None;
            self.get_mut(sibling).tie = None;
            self.cancel(sibling, CancelReason::Oco);
        }
    }

    /// Around the last trade price as it is now.
    fn range(&self, instrument: InstrumentId) -> (i128, i128) {
        let market = self.listing.market(instrument);
        let ppm = i128::from(market.bounds.execution_range_ppm);
        match self.reference(instrument).map(i128::from) {
            Some(reference) if ppm > 0 => {
                let low = rounded_up(reference * (1_000_000 - ppm), 1_000_000);
                (low, reference * (1_000_000 + ppm) / 1_000_000)
            }
            Some(_) | None => (i128::MIN, i128::MAX),
        }
    }

    fn interrupt(&mut self, instrument: InstrumentId) {
        let until = self.now.time_ns;
        let market = self.listing.market_mut(instrument);
        let length = market.bounds.interruption_ns;
        if length > 0 && market.instrument.status == Status::Open {
            market.instrument.status = Status::Auction;
            market.interrupted_until = Some(until.saturating_add(length));
            let (status, cause) = (Status::Auction, StatusCause::Interruption);
            self.said.push(Said::Status { instrument, status, cause });
        }
    }
}
