//! Whether an order means anything at all, and whether its numbers are numbers: what can be said
//! before anybody looks at status, limits, money or the book.

use orison_core::command::{OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::{Price, Quantity, Reason, Side};

use super::Judge;
use super::instruments::Market;
use super::order::{Order, Place};

/// The most tips that an iceberg may show.
const TIPS_MAX: u64 = 100_000;

/// A larger one times a million could not be counted.
const BUDGET_MAX: i128 = i128::MAX / 2_000_000;

impl Judge {
    pub(super) fn shape_and_numbers(&self, order: &Order, others: &[Order]) -> Result<(), Reason> {
        let is_funded = self.account(order.account).is_funded();
        if is_bad_shape(order, is_funded) {
            return Err(Reason::BadCombination);
        }
        let market = self.listing.market(order.instrument);
        let asked = &order.asked;
        let needs_price = matches!(asked.order_type, OrderType::Limit | OrderType::StopLimit);
        if needs_price && asked.price.0 < 1
            || order.has(OrderFields::PROTECTION) && asked.protection.0 < 0
        {
            return Err(Reason::BadPrice);
        }
        if order.has(OrderFields::STOP_PRICE) && asked.stop_price.0 < 1
            || order.has(OrderFields::TRAIL) && asked.trail.0 < 1
        {
            return Err(Reason::BadStop);
        }
        if self.is_bad_quantity(order, market) {
            return Err(Reason::BadQuantity);
        }
        if order.has(OrderFields::DISPLAY) {
            let (display, quantity) = (asked.display.0, asked.quantity.0);
            if display == 0 || display > quantity || quantity.div_ceil(display) > TIPS_MAX {
                return Err(Reason::BadDisplay);
            }
        }
        if order.has(OrderFields::BUDGET) && asked.budget <= 0 {
            return Err(Reason::BadAmount);
        }
        if self.overflows(order, others) { Err(Reason::Overflow) } else { Ok(()) }
    }

    fn is_bad_quantity(&self, order: &Order, market: &Market) -> bool {
        let asked = &order.asked;
        if order.has(OrderFields::QUANTITY) || !order.has(OrderFields::BUDGET) {
            let most = market.bounds.max_quantity;
            if asked.quantity.is_zero()
                || asked.quantity == Quantity::INVALID
                || !most.is_zero() && asked.quantity > most
            {
                return true;
            }
            if order.has(OrderFields::MIN_QUANTITY) && asked.min_quantity > asked.quantity {
                return true;
            }
        } else if order.has(OrderFields::MIN_QUANTITY) && asked.min_quantity == Quantity::INVALID {
            return true;
        }
        let notional = if order.has(OrderFields::BUDGET) {
            Some(asked.budget)
        } else if order.has(OrderFields::PRICE) {
            self.listing.checked_money(order.instrument, asked.price.0, asked.quantity.0)
        } else {
            None
        };
        let least = market.bounds.min_notional.units();
        least > 0 && notional.is_some_and(|notional| notional < least)
    }

    /// Its price, its money or the sum of the queue it would stand in cannot be counted.
    pub(super) fn overflows(&self, order: &Order, others: &[Order]) -> bool {
        let open = order.shown_open();
        let is_market = order.asked.order_type == OrderType::Market;
        let rests = order.rests() || is_market && self.is_in_call(order.instrument);
        let does_not_fit = |is_there: &dyn Fn(&Order) -> bool| {
            let others = self.orders.iter().chain(others).filter(|other| {
                (other.instrument, other.side) == (order.instrument, order.side)
                    && other.id != order.id
                    && is_there(other)
            });
            let sum: u128 = others.map(|other| u128::from(other.shown_open())).sum();
            sum + u128::from(open) > u128::from(u64::MAX)
        };
        let in_book = |other: &Order| matches!(other.place, Place::Book | Place::Hand);
        let waits = |other: &Order| {
            other.place == Place::Waiting && other.asked.order_type != OrderType::TrailingStop
        };
        order.limit == Some(i64::MAX) && self.genesis.rules_version > 1
            || self.is_uncountable(order)
            || order.budget.is_some_and(|budget| budget > BUDGET_MAX)
            || (rests || order.is_stop()) && does_not_fit(&in_book)
            || order.is_stop() && does_not_fit(&waits)
    }

    pub(super) fn is_uncountable(&self, order: &Order) -> bool {
        let open = order.shown_open();
        let money = |limit| self.listing.checked_money(order.instrument, limit, open);
        open > 0 && order.limit.is_some_and(|limit| money(limit).is_none())
    }

    pub(super) fn is_outside_band(&self, order: &Order) -> bool {
        let bounds = self.listing.market(order.instrument).bounds;
        order.limit.is_some_and(|limit| {
            bounds.band_low.0 > 0 && limit < bounds.band_low.0
                || bounds.band_high.0 > 0 && limit > bounds.band_high.0
        })
    }

    /// More tips than anybody is to be shown.
    pub(super) fn is_too_finely_shown(&self, order: &Order) -> bool {
        order.has(OrderFields::DISPLAY) && order.open.div_ceil(order.display()) > TIPS_MAX
    }

    pub(super) fn is_bad_expiry(&self, order: &Order) -> bool {
        let has_time = order.has(OrderFields::EXPIRE_AT);
        order.is(TimeInForce::Gtd) != has_time
            || has_time && order.asked.expire_at_ns <= self.now.time_ns
    }
}

fn is_bad_shape(order: &Order, is_funded: bool) -> bool {
    let asked = &order.asked;
    let has = |field| asked.has(field);
    let is_type = |of: OrderType| asked.order_type == of;
    let is_market = is_type(OrderType::Market);
    let is_limit = is_type(OrderType::Limit) || is_type(OrderType::StopLimit);
    let fires_as_market = is_type(OrderType::Stop) || is_type(OrderType::TrailingStop);
    let must_go = order.is(TimeInForce::Ioc) || order.is(TimeInForce::Fok);
    let has_stop = is_type(OrderType::Stop) || is_type(OrderType::StopLimit);
    let never_rests = must_go || is_market || fires_as_market;
    let is_bare_budget = has(OrderFields::BUDGET) && !has(OrderFields::QUANTITY);

    asked.fields.0 & !OrderFields::KNOWN.0 != 0
        || has(OrderFields::PRICE) && !is_limit
        || has(OrderFields::STOP_PRICE) != has_stop
        || has(OrderFields::TRAIL) != is_type(OrderType::TrailingStop)
        || has(OrderFields::POST_ONLY) && (never_rests || has(OrderFields::MIN_QUANTITY))
        || has(OrderFields::DISPLAY) && never_rests
        || has(OrderFields::MIN_QUANTITY) && order.is(TimeInForce::Fok)
        || has(OrderFields::PROTECTION) && !is_market
        || has(OrderFields::BUDGET) && is_limit && !must_go
        || !is_limit && !has(OrderFields::QUANTITY) && !has(OrderFields::BUDGET)
        || is_funded && asked.side == Side::Sell && is_bare_budget
        || is_funded
            && asked.side == Side::Buy
            && !is_limit
            && !has(OrderFields::BUDGET)
            && !has(OrderFields::PROTECTION)
}

/// Under the first rules everything else than plain limit and market orders.
pub(super) fn is_later(asked: &orison_core::command::Order) -> bool {
    let first = OrderFields::PRICE.0
        | OrderFields::QUANTITY.0
        | OrderFields::POST_ONLY.0
        | OrderFields::TIME_IN_FORCE.0;
    let is_first_type = matches!(asked.order_type, OrderType::Limit | OrderType::Market);
    let is_first_time =
        matches!(asked.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok);
    let is_first_mode = matches!(asked.self_trade, SelfTrade::AccountDefault | SelfTrade::None);
    asked.fields.0 & !first != 0 || !is_first_type || !is_first_time || !is_first_mode
}

/// Best + n for a buyer, best - n for a seller, kept within what is a price.
pub(super) fn protected(side: Side, best: i64, points: Price) -> i64 {
    let limit = match side {
        Side::Buy => best.saturating_add(points.0),
        Side::Sell => best.saturating_sub(points.0),
    };
    limit.clamp(1, i64::MAX - 1)
}
