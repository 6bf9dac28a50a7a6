//! What each call is answered, made of the events that answer its command.

use orison_core::command::Order;
use orison_core::event::{Accepted, Amended, Cancelled, Entry, Event, Op, Priority, Rejected};
use orison_core::{ClientOrderId, Command, OrderId, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Act, pair};
use crate::App;
use crate::desk::Outcome;
use crate::xtrader::json::{Number, shown, shown_or_null};
use crate::xtrader::problem::{Answer, Problem};

/// `POST /order`: 202.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderAccepted {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[serde(serialize_with = "shown_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    client_order_id: Option<ClientOrderId>,
    #[schema(example = "ACCEPTED")]
    status: &'static str,
    /// The command's place in the journal.
    sequence: u64,
    /// What this answer survives: `durable` or `journaled`.
    durability: &'static str,
    /// Only with a repeat: `order_id` is the first order's, nothing was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
}

/// `POST /order/oco`, `POST /order/oto`: 202.
#[derive(Serialize, ToSchema)]
pub(crate) struct PairAccepted {
    /// In the order of the request.
    orders: [LegAccepted; 2],
    #[schema(example = "ACCEPTED")]
    status: &'static str,
    /// The command's place in the journal.
    sequence: u64,
    /// What this answer survives: `durable` or `journaled`.
    durability: &'static str,
    /// Only with a repeat: the orders are the first ones, nothing was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LegAccepted {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[serde(serialize_with = "shown_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    client_order_id: Option<ClientOrderId>,
}

/// `POST /order/test`: 200.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tested {
    #[schema(example = "OK")]
    status: &'static str,
}

/// `POST /order/cancel`, `DELETE /order/{id}`: 200.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderCancelled {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[schema(example = "CANCELLED")]
    status: &'static str,
    /// Taken away by this cancel, hidden quantity included.
    remaining_quantity: Number,
    sequence: u64,
}

/// `POST /order/amend`: 200.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderAmended {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    /// How the order stands after it, as in the list of orders: an amend that crosses may have
    /// filled it, one to zero has cancelled it.
    status: &'static str,
    kept_priority: bool,
    sequence: u64,
}

/// `POST /order/cancel-all`: 200.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllCancelled {
    cancelled: u32,
    sequence: u64,
}

/// `POST /orders/batch`: 200; what each entry's own call would have answered, in their order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never built: results are put together as text")]
pub(crate) struct BatchAnswer {
    results: Vec<BatchResult>,
}

/// The status, and beside it the fields of the single call's answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never built: results are put together as text")]
pub(crate) struct BatchResult {
    http_status: u16,
}

/// `POST /prayer`: 202.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrayerAccepted {
    up_count: u64,
    down_count: u64,
    sequence: u64,
}

/// `command` is the one that was entered, or only tested.
pub(super) fn told(
    app: &App,
    act: Act,
    command: &Command,
    outcome: &Outcome,
) -> Result<Answer, Problem> {
    let sequence = outcome.stamp.sequence.0;
    match (act, outcome.answer) {
        (Act::CancelAll, Event::Rejected(rejected))
            if rejected.reason == Reason::UnknownAccount =>
        {
            Ok(Answer::new(200, &AllCancelled { cancelled: 0, sequence }))
        }
        (_, Event::Rejected(rejected)) => Err(refused(command, &rejected)),
        (Act::Place, Event::Accepted(accepted)) => Ok(entered(app, &accepted, sequence)),
        (Act::Pair(_), Event::Accepted(first)) => {
            let second = outcome.second.as_ref().ok_or_else(Problem::internal)?;
            Ok(pair_entered(app, [&first, second], sequence))
        }
        (Act::Test, Event::Done) => Ok(Answer::new(200, &Tested { status: "OK" })),
        (Act::Cancel, Event::Cancelled(cancelled)) => cancelled_answer(app, &cancelled, sequence),
        (Act::Amend, Event::Amended(Amended { order, priority, .. })) => {
            Ok(amended(app, order, priority, sequence))
        }
        (Act::Amend, Event::Cancelled(Cancelled { order, .. })) => {
            Ok(amended(app, order, Priority::Lost, sequence))
        }
        (Act::CancelAll, Event::Cancelled(_) | Event::Done) => {
            Ok(Answer::new(200, &AllCancelled { cancelled: outcome.cancelled, sequence }))
        }
        (Act::Pray, Event::Prayed(prayed)) => {
            let (up_count, down_count) = (prayed.up_total, prayed.down_total);
            Ok(Answer::new(202, &PrayerAccepted { up_count, down_count, sequence }))
        }
        (act, answer) => {
            tracing::error!(?act, ?answer, sequence, "an outcome that does not answer its command");
            Err(Problem::internal())
        }
    }
}

/// To a cancel of all orders of an account that the caller cannot know.
pub(super) fn none_cancelled(app: &App) -> Answer {
    let sequence = app.views.read().at().sequence.0;
    Answer::new(200, &AllCancelled { cancelled: 0, sequence })
}

fn entered(app: &App, accepted: &Accepted, sequence: u64) -> Answer {
    let body = OrderAccepted {
        order_id: accepted.order,
        client_order_id: given(accepted.client_order_id),
        status: "ACCEPTED",
        sequence,
        durability: app.config.durability.word(),
        duplicate: (accepted.entry == Entry::Duplicate).then_some(true),
    };
    Answer::new(202, &body)
}

fn pair_entered(app: &App, legs: [&Accepted; 2], sequence: u64) -> Answer {
    let body = PairAccepted {
        orders: legs.map(|leg| LegAccepted {
            order_id: leg.order,
            client_order_id: given(leg.client_order_id),
        }),
        status: "ACCEPTED",
        sequence,
        durability: app.config.durability.word(),
        duplicate: (legs[0].entry == Entry::Duplicate).then_some(true),
    };
    Answer::new(202, &body)
}

fn cancelled_answer(app: &App, cancelled: &Cancelled, sequence: u64) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = views.catalog.instrument(cancelled.instrument);
    let instrument = instrument.ok_or_else(Problem::internal)?;
    let body = OrderCancelled {
        order_id: cancelled.order,
        status: "CANCELLED",
        remaining_quantity: instrument.quantity_decimal(cancelled.quantity).into(),
        sequence,
    };
    Ok(Answer::new(200, &body))
}

fn amended(app: &App, order_id: OrderId, priority: Priority, sequence: u64) -> Answer {
    let views = app.views.read();
    let status = views.orders.order(order_id).map_or("CANCELLED", |order| order.status.word());
    let kept_priority = priority == Priority::Kept;
    Answer::new(200, &OrderAmended { order_id, status, kept_priority, sequence })
}

pub(super) fn refused(command: &Command, rejected: &Rejected) -> Problem {
    let problem = match (rejected.op, rejected.reason) {
        (Op::Cancel | Op::Amend, Reason::UnknownAccount) => Problem::order_not_found(),
        (_, reason) => Problem::refused(reason),
    };
    let named = rejected.order != OrderId::default();
    let problem = Problem { order: named.then_some(rejected.order), ..problem };
    let Command::Pair(orders) = command else { return problem };
    match refused_leg(&orders.legs, rejected) {
        Some(leg) => problem.within(pair::legs(orders.link)[leg]),
        None => problem,
    }
}

/// None: neither has a name that tells them apart.
fn refused_leg(legs: &[Order; 2], rejected: &Rejected) -> Option<usize> {
    let named = legs.map(|leg| leg.client_order_id == rejected.client_order_id);
    match named {
        [true, false] => Some(0),
        [false, true] => Some(1),
        [true, true] | [false, false] => None,
    }
}

fn given(client_order_id: ClientOrderId) -> Option<ClientOrderId> {
    (!client_order_id.is_empty()).then_some(client_order_id)
}
