//! Which field of an order is to blame for a refusal that no market could change.

use orison_core::command::{Order, OrderFields, OrderType};
use orison_core::{Instrument, Quantity, Reason};

use crate::xtrader::problem::Problem;

/// In the order they are looked at.
const FIELDS: [(OrderFields, &str); 9] = [
    (OrderFields::PRICE, "price"),
    (OrderFields::STOP_PRICE, "stop_price"),
    (OrderFields::TRAIL, "trail"),
    (OrderFields::QUANTITY, "quantity"),
    (OrderFields::POST_ONLY, "post_only"),
    (OrderFields::DISPLAY, "display"),
    (OrderFields::MIN_QUANTITY, "min_quantity"),
    (OrderFields::PROTECTION, "protection"),
    (OrderFields::BUDGET, "budget"),
];

/// `reason` is what the rules say of its shape.
pub(super) fn misshapen(order: &Order, instrument: &Instrument, reason: Reason) -> Problem {
    let Some(field) = field(order, reason) else { return Problem::refused(reason) };
    let is_no_quantity = match field {
        "quantity" => order.quantity == Quantity::INVALID,
        "min_quantity" => order.min_quantity == Quantity::INVALID,
        _ => false,
    };
    let problem = if reason == Reason::BadPrice {
        Problem::price_step(instrument)
    } else if reason == Reason::BadQuantity && is_no_quantity {
        Problem::quantity_step(instrument)
    } else {
        Problem::refused(reason)
    };
    problem.about(field)
}

fn field(order: &Order, reason: Reason) -> Option<&'static str> {
    let is_priced = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
    let rows = [
        (Reason::BadPrice, if is_priced { "price" } else { "protection" }),
        (Reason::BadStop, if order.has(OrderFields::TRAIL) { "trail" } else { "stop_price" }),
        (Reason::BadDisplay, "display"),
        (Reason::BadAmount, "budget"),
        (Reason::Overflow, "budget"),
    ];
    if reason == Reason::BadCombination {
        return odd_one(order);
    }
    if reason == Reason::BadQuantity {
        let fields = OrderFields(order.fields.0 & !OrderFields::MIN_QUANTITY.0);
        let without = Order { fields, ..*order }.judge_shape();
        return Some(if without == Err(reason) { "quantity" } else { "min_quantity" });
    }
    rows.iter().find(|(known, _)| *known == reason).map(|(_, field)| *field)
}

/// The first field without which, or with which, the rest would go together.
fn odd_one(order: &Order) -> Option<&'static str> {
    let would_do = |(field, _): &&(OrderFields, &str)| {
        let fields = OrderFields(order.fields.0 ^ field.0);
        Order { fields, ..*order }.judge_shape() != Err(Reason::BadCombination)
    };
    FIELDS.iter().find(would_do).map(|(_, name)| *name)
}
