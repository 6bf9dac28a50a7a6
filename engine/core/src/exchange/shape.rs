//! What an order must look like whatever the market does: which fields go together, and what
//! each may say. It sees nothing but the order.

use crate::book::Limit;
use crate::command::{Order, OrderFields, OrderType, SelfTrade, TimeInForce};
use crate::reason::Reason;
use crate::terms::BUDGET_MAX;
use crate::types::{Price, Quantity};

/// Tips of one iceberg; more would let one taker write events for ever.
pub(super) const TIPS_MAX: u64 = 100_000;

/// What becomes of the part that finds nobody to trade with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Remainder {
    Rests,
    Cancelled,
}

/// What the first rules had not got.
const LATER: OrderFields = OrderFields(
    OrderFields::STOP_PRICE.0
        | OrderFields::TRAIL.0
        | OrderFields::DISPLAY.0
        | OrderFields::MIN_QUANTITY.0
        | OrderFields::BUDGET.0
        | OrderFields::PROTECTION.0
        | OrderFields::EXPIRE_AT.0,
);

/// What a simple order may name.
const SIMPLE: OrderFields =
    OrderFields(OrderFields::PRICE.0 | OrderFields::QUANTITY.0 | OrderFields::POST_ONLY.0);

pub(super) fn says_later(order: &Order) -> bool {
    let type_is_later = match order.order_type {
        OrderType::Limit | OrderType::Market => false,
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => true,
    };
    let time_is_later = match order.time_in_force {
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => false,
        TimeInForce::Day | TimeInForce::Gtd => true,
    };
    let mode_is_later = match order.self_trade {
        SelfTrade::AccountDefault | SelfTrade::None => false,
        SelfTrade::CancelTaker
        | SelfTrade::CancelMaker
        | SelfTrade::CancelBoth
        | SelfTrade::Decrement => true,
    };
    order.fields.0 & LATER.0 != 0 || type_is_later || time_is_later || mode_is_later
}

/// Nothing but a price, a quantity and how long: what most orders are.
#[inline]
pub(super) fn is_simple(order: &Order) -> bool {
    order.fields.0 & !SIMPLE.0 == 0
        && matches!(order.order_type, OrderType::Limit)
        && matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok)
}

/// It is a stop until a trade price fires it.
pub(super) fn is_stop(order_type: OrderType) -> bool {
    match order_type {
        OrderType::Limit | OrderType::Market => false,
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => true,
    }
}

/// It has a limit of its own.
pub(super) fn is_limit(order_type: OrderType) -> bool {
    match order_type {
        OrderType::Limit | OrderType::StopLimit => true,
        OrderType::Market | OrderType::Stop | OrderType::TrailingStop => false,
    }
}

/// `fields` may grant a market order protection, which makes it a limit order.
pub(super) fn remainder(
    order_type: OrderType,
    time_in_force: TimeInForce,
    fields: OrderFields,
) -> Remainder {
    let is_protected = fields.has(OrderFields::PROTECTION) && !fields.has(OrderFields::BUDGET);
    let rests = is_limit(order_type) || is_protected;
    match time_in_force {
        TimeInForce::Gtc | TimeInForce::Day | TimeInForce::Gtd if rests => Remainder::Rests,
        TimeInForce::Gtc
        | TimeInForce::Day
        | TimeInForce::Gtd
        | TimeInForce::Ioc
        | TimeInForce::Fok => Remainder::Cancelled,
    }
}

pub(super) fn limit(order_type: OrderType, fields: OrderFields, price: Price) -> Limit {
    if is_limit(order_type) || fields.has(OrderFields::PROTECTION) {
        Limit::At(price)
    } else {
        Limit::Any
    }
}

/// Which fields go together.
pub(super) fn judge_combination(order: &Order) -> Result<(), Reason> {
    use OrderFields as F;
    let has = |field| order.has(field);
    let order_type = order.order_type;
    let is_market = order_type == OrderType::Market;
    let becomes_market = !is_limit(order_type);
    let at_once = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let stop_price_is_due = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
    let trail_is_due = order_type == OrderType::TrailingStop;
    let is_wrong = order.fields.0 & !F::KNOWN.0 != 0
        || becomes_market && has(F::PRICE)
        || has(F::STOP_PRICE) != stop_price_is_due
        || has(F::TRAIL) != trail_is_due
        || has(F::POST_ONLY) && (at_once || becomes_market || has(F::MIN_QUANTITY))
        || has(F::DISPLAY) && (at_once || becomes_market)
        || has(F::MIN_QUANTITY) && order.time_in_force == TimeInForce::Fok
        || has(F::PROTECTION) && !is_market
        || has(F::BUDGET) && !(at_once || becomes_market)
        || becomes_market && !has(F::QUANTITY) && !has(F::BUDGET);
    if is_wrong { Err(Reason::BadCombination) } else { Ok(()) }
}

/// What each field may say. A quantity is asked for unless a budget stands in for it.
pub(super) fn judge_fields(order: &Order) -> Result<(), Reason> {
    use OrderFields as F;
    let has = |field| order.has(field);
    let price_is_bad = is_limit(order.order_type) && (!has(F::PRICE) || order.price.0 < 1);
    if price_is_bad || has(F::PROTECTION) && order.protection.0 < 0 {
        return Err(Reason::BadPrice);
    }
    if has(F::STOP_PRICE) && order.stop_price.0 < 1 || has(F::TRAIL) && order.trail.0 < 1 {
        return Err(Reason::BadStop);
    }
    let is_open_ended = has(F::BUDGET) && !has(F::QUANTITY);
    if !is_open_ended && (order.quantity.is_zero() || order.quantity == Quantity::INVALID) {
        return Err(Reason::BadQuantity);
    }
    Ok(())
}

/// The rest of them, after the instrument has had its say about the quantity.
pub(super) fn judge_parts(order: &Order) -> Result<(), Reason> {
    use OrderFields as F;
    let (min, display, quantity) = (order.min_quantity, order.display, order.quantity);
    let min_is_beyond = min == Quantity::INVALID || order.has(F::QUANTITY) && min > quantity;
    if order.has(F::MIN_QUANTITY) && min_is_beyond {
        return Err(Reason::BadQuantity);
    }
    if order.has(F::DISPLAY)
        && (display.is_zero() || display > quantity || quantity.0.div_ceil(display.0) > TIPS_MAX)
    {
        return Err(Reason::BadDisplay);
    }
    if order.has(F::BUDGET) && order.budget <= 0 {
        return Err(Reason::BadAmount);
    }
    if order.has(F::BUDGET) && order.budget > BUDGET_MAX {
        return Err(Reason::Overflow);
    }
    Ok(())
}

/// What a call phase does not collect.
pub(super) fn judge_collected(
    time_in_force: TimeInForce,
    fields: OrderFields,
) -> Result<(), Reason> {
    use OrderFields as F;
    let at_once = matches!(time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let uncollectable = [F::POST_ONLY, F::BUDGET, F::MIN_QUANTITY, F::PROTECTION];
    if at_once || uncollectable.iter().any(|&field| fields.has(field)) {
        return Err(Reason::Auction);
    }
    Ok(())
}

impl Order {
    /// Whether any market could take it: an edge refuses what none could, in the core's own order,
    /// before it is entered.
    pub fn judge_shape(&self) -> Result<(), Reason> {
        judge_combination(self)?;
        judge_fields(self)?;
        judge_parts(self)
    }
}

pub(super) fn judge_expiry(order: &Order, now_ns: u64) -> Result<(), Reason> {
    let is_gtd = order.time_in_force == TimeInForce::Gtd;
    let has_moment = order.has(OrderFields::EXPIRE_AT);
    if is_gtd != has_moment || is_gtd && order.expire_at_ns <= now_ns {
        return Err(Reason::BadExpiry);
    }
    Ok(())
}
