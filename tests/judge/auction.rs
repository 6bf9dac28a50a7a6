//! The life of an instrument: its status, the call phase and its one price, the clock and the end
//! of the day.

use orison_core::command::{CancelReason, EndOfDay, StatusChange, TimeInForce, Uncross};
use orison_core::event::{Op, StatusCause};
use orison_core::instrument::Status;
use orison_core::{InstrumentId, Reason, Side};

use super::Judge;
use super::order::{Order, Place};
use super::said::Said;

/// What would trade, and how much more is wanted at that price than there is.
struct Indication {
    price: Option<i64>,
    volume: u128,
    surplus: i128,
}

impl Judge {
    pub(super) fn status(&mut self, change: &StatusChange) {
        match self.listing.get(change.instrument).map(|market| market.instrument.status) {
            None => self.refuse(Op::Status, Reason::UnknownSymbol),
            Some(status) if status == change.status => self.refuse(Op::Status, Reason::BadStatus),
            Some(_) => self.change_status(change.instrument, change.status, StatusCause::Command),
        }
    }

    pub(super) fn uncross_command(&mut self, uncross: &Uncross) {
        match self.listing.get(uncross.instrument).map(|market| market.instrument.status) {
            None => self.refuse(Op::Uncross, Reason::UnknownSymbol),
            Some(Status::Auction) => {
                self.change_status(uncross.instrument, Status::Open, StatusCause::Command);
            }
            Some(Status::Open | Status::Halted | Status::Closed) => {
                self.refuse(Op::Uncross, Reason::BadStatus);
            }
        }
    }

    pub(super) fn change_status(
        &mut self,
        instrument: InstrumentId,
        status: Status,
        cause: StatusCause,
    ) {
        if self.is_in_call(instrument) {
            self.uncross(instrument);
        }
        let market = self.listing.market_mut(instrument);
        (market.instrument.status, market.interrupted_until) = (status, None);
        self.said.push(Said::Status { instrument, status, cause });
        if status == Status::Closed {
            self.cancel_all(CancelReason::Closed, |order| {
                order.instrument == instrument && order.is(TimeInForce::Day)
            });
        }
        self.settle(instrument);
    }

    pub(super) fn end_of_day(&mut self, end: &EndOfDay) {
        if end.instrument.is_some_and(|instrument| self.listing.get(instrument).is_none()) {
            return self.refuse(Op::EndOfDay, Reason::UnknownSymbol);
        }
        self.cancel_all(CancelReason::Expired, |order| {
            order.is(TimeInForce::Day)
                && end.instrument.is_none_or(|instrument| instrument == order.instrument)
        });
    }

    /// First what has expired, so that it does not trade; then the auctions.
    pub(super) fn clock(&mut self) {
        let now_ns = self.now.time_ns;
        self.cancel_all(CancelReason::Expired, |order| {
            order.is(TimeInForce::Gtd) && order.asked.expire_at_ns <= now_ns
        });
        for instrument in self.instrument_ids() {
            let market = self.listing.market(instrument);
            if market.interrupted_until.is_some_and(|until| until <= now_ns) {
                self.change_status(instrument, Status::Open, StatusCause::InterruptionEnd);
            } else if self.is_in_call(instrument) {
                self.say_indication(instrument);
            }
        }
    }

    /// When time alone changes something next.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let gtd = self.orders.iter().filter(|order| order.is(TimeInForce::Gtd));
        let expiries = gtd.map(|order| order.asked.expire_at_ns);
        let ends = self.listing.markets.iter().filter_map(|market| market.interrupted_until);
        expiries.chain(ends).min()
    }

    /// Everything that can trade does, at one price; market orders do not outlive it.
    fn uncross(&mut self, instrument: InstrumentId) {
        self.say_indication(instrument);
        // Preventions may take so much away that another price is left to trade at.
        while let Some(price) = self.indication(instrument).price {
            self.trade_at(instrument, price);
        }
        self.cancel_all(CancelReason::Uncross, |order| {
            order.instrument == instrument && order.place == Place::Book && order.limit.is_none()
        });
    }

    fn trade_at(&mut self, instrument: InstrumentId, price: i64) {
        loop {
            let first = Side::BOTH.map(|side| {
                self.front(instrument, side).filter(|order| order.reaches(price)).cloned()
            });
            let [Some(buy), Some(sell)] = first else { return };
            let (maker, taker) = if buy.ticket < sell.ticket { (buy, sell) } else { (sell, buy) };
            let is_own = maker.account == taker.account;
            if taker.sibling() == Some(maker.id) {
                self.part_from_sibling(taker.id);
            } else if is_own && taker.self_trade != orison_core::command::SelfTrade::None {
                self.prevent(&maker, &taker);
            } else {
                let quantity = self.countable(instrument, price, maker.open.min(taker.open));
                self.trade(maker.id, taker.id, price, quantity);
                for id in [maker.id, taker.id] {
                    // The one's sibling may be the other.
                    if self.find(id).is_none() {
                        continue;
                    }
                    self.part_from_sibling(id);
                    let order = self.get_mut(id);
                    order.tip = order.display().min(order.open);
                    if order.is_over() {
                        self.fill(id);
                    }
                }
            }
        }
    }

    /// A market order has no price by which its entry could have been refused: what is too much
    /// for one trade is traded in several.
    fn countable(&self, instrument: InstrumentId, price: i64, quantity: u64) -> u64 {
        if self.listing.checked_money(instrument, price, quantity).is_some() {
            return quantity;
        }
        let step = self.listing.money(instrument, price, 1);
        let most = i128::MAX / (1_000_000 + i128::from(super::instruments::FEE_MAX)) / step;
        u64::try_from(most).expect("less than what is too much")
    }

    fn say_indication(&mut self, instrument: InstrumentId) {
        let Indication { price, volume, surplus } = self.indication(instrument);
        self.said.push(Said::Auction {
            instrument,
            price: price.unwrap_or_default(),
            volume: u64::try_from(volume).expect("a side's sum fits"),
            surplus: u64::try_from(surplus.unsigned_abs()).expect("a side's sum fits"),
            on: match surplus {
                0 => None,
                1.. => Some(Side::Buy),
                _ => Some(Side::Sell),
            },
        });
    }

    /// The ladder: most volume, least surplus, the side of the surplus, the reference.
    fn indication(&self, instrument: InstrumentId) -> Indication {
        let is_there =
            |order: &&Order| order.instrument == instrument && order.place == Place::Book;
        let orders: Vec<&Order> = self.orders.iter().filter(is_there).collect();
        let at = |price: i64| {
            let [demand, supply] = Side::BOTH.map(|side| -> u128 {
                let who = orders.iter().filter(|order| order.side == side && order.reaches(price));
                who.map(|order| u128::from(order.open)).sum()
            });
            let surplus = demand as i128 - supply as i128;
            Indication { price: Some(price), volume: demand.min(supply), surplus }
        };
        let reference = self.reference(instrument);
        let mut prices: Vec<i64> = orders.iter().filter_map(|order| order.limit).collect();
        if prices.is_empty() {
            prices.extend(reference);
        }
        prices.sort_unstable();
        prices.dedup();
        let mut left: Vec<Indication> = prices.into_iter().map(at).collect();
        let most = left.iter().map(|found| found.volume).max().unwrap_or_default();
        left.retain(|found| found.volume == most);
        let least = left.iter().map(|found| found.surplus.abs()).min();
        left.retain(|found| Some(found.surplus.abs()) == least);
        let prices: Vec<i64> = left.iter().filter_map(|found| found.price).collect();
        let (Some(&lowest), Some(&highest), 1..) = (prices.first(), prices.last(), most) else {
            return Indication { price: None, volume: 0, surplus: 0 };
        };
        at(if left.iter().all(|found| found.surplus > 0) {
            highest
        } else if left.iter().all(|found| found.surplus < 0) {
            lowest
        } else {
            reference.map_or(lowest, |reference| reference.clamp(lowest, highest))
        })
    }
}
