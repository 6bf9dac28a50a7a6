//! The entry of orders: a JSON object becomes a command, the command's outcome becomes an
//! answer. One way for REST and for the socket. What no rule of the market could make right is
//! refused here and reaches no ring; everything else is the core's to decide.

mod order;
mod target;

use orison_core::command::{
    AccountRef, Actor, CancelReason, MassCancel, Pray, Prayer as PrayerSide,
};
use orison_core::event::{Entry, Event, Op, Priority, Rejected};
use orison_core::{AccountName, ClientOrderId, Command, OrderId, Reason, Side};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::{Object, shown, shown_or_null};
use super::problem::{Answer, Problem, ProblemBody};
use crate::App;
use crate::desk::{Outcome, Ticket};
use crate::language::Language;
use crate::openapi::requests::{
    AmendRequest, BatchRequest, CancelAllRequest, CancelRequest, EntryProblems, PlaceRequest,
    PrayerRequest,
};
pub(super) use order::order_type;

/// The account of whoever names none.
const SHARED_ACCOUNT: &str = "demo";
/// Entries of one batch; more are refused.
pub const BATCH_MAX: usize = 20;

/// Who asks, as far as the connection or the query says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller {
    /// Named outside the body; a body that names another is refused.
    pub account: Option<AccountName>,
    pub language: Language,
}

/// `POST /order`: 202.
#[derive(Serialize, ToSchema)]
pub struct OrderAccepted {
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

/// `POST /order/cancel`, `DELETE /order/{id}`: 200.
#[derive(Serialize, ToSchema)]
pub struct OrderCancelled {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    #[schema(example = "CANCELLED")]
    status: &'static str,
    /// Taken away by this cancel, hidden quantity included.
    remaining_quantity: super::json::Number,
    sequence: u64,
}

/// `POST /order/amend`: 200.
#[derive(Serialize, ToSchema)]
pub struct OrderAmended {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    order_id: OrderId,
    /// NEW, PARTIALLY_FILLED, FILLED or, after an amend to zero, CANCELLED.
    status: &'static str,
    kept_priority: bool,
    sequence: u64,
}

/// `POST /order/cancel-all`: 200.
#[derive(Serialize, ToSchema)]
pub struct AllCancelled {
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
pub struct PrayerAccepted {
    up_count: u64,
    down_count: u64,
    sequence: u64,
}

/// Enters an order.
#[utoipa::path(
    post,
    path = "/order",
    request_body = PlaceRequest,
    responses(
        (status = 202, description = "In, and in the ack mode", body = OrderAccepted),
        (status = 409, description = "The client_order_id names another order", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn place(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Place, order::read(app, caller, object)).await
}

/// Cancels an order.
#[utoipa::path(
    post,
    path = "/order/cancel",
    request_body = CancelRequest,
    responses(
        (status = 200, description = "As asked", body = OrderCancelled),
        (status = 404, description = "Unknown, filled or foreign", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn cancel(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Cancel, target::cancel(app, caller, object)).await
}

/// Cancels an order.
#[utoipa::path(
    delete,
    path = "/order/{id}",
    params(("id" = String, Path), ("account" = Option<String>, Query)),
    responses(
        (status = 200, description = "As asked", body = OrderCancelled),
        (status = 404, description = "Unknown, filled or foreign", body = ProblemBody),
        (status = 503, description = "Busy: retry", body = ProblemBody),
    )
)]
pub async fn cancel_by_id(app: &App, caller: &Caller, id: &str) -> Answer {
    carry_out(app, caller, Act::Cancel, target::cancel_by_id(app, caller, id)).await
}

/// Changes an order; quantity down keeps its place in the queue.
#[utoipa::path(
    post,
    path = "/order/amend",
    request_body = AmendRequest,
    responses(
        (status = 200, description = "As asked", body = OrderAmended),
        (status = 404, description = "Unknown, filled or foreign", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn amend(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Amend, target::amend(app, caller, object)).await
}

/// Cancels every open order that matches.
#[utoipa::path(
    post,
    path = "/order/cancel-all",
    request_body = CancelAllRequest,
    responses(
        (status = 200, description = "As asked", body = AllCancelled),
        EntryProblems,
    )
)]
pub async fn cancel_all(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::CancelAll, mass_cancel(app, caller, object)).await
}

/// Adds votes; a bucket of 20 an address, one back each 200 ms.
#[utoipa::path(
    post,
    path = "/prayer",
    request_body = PrayerRequest,
    responses(
        (status = 202, description = "Accepted", body = PrayerAccepted),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
        (status = 429, description = "The bucket is empty", body = ProblemBody),
    )
)]
pub async fn pray(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Pray, prayer(object)).await
}

/// Up to 20 places and cancels in one request, entered in their order without waiting between
/// them; one result each, as if each had been asked alone.
#[utoipa::path(
    post,
    path = "/orders/batch",
    request_body = BatchRequest,
    responses(
        (status = 200, description = "Each result is the single call's answer", body = BatchAnswer),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
    )
)]
pub async fn batch(app: &App, caller: &Caller, mut object: Object) -> Answer {
    let entries = match batch_entries(&mut object).and_then(|entries| {
        object.finish()?;
        Ok(entries)
    }) {
        Ok(entries) => entries,
        Err(problem) => return problem.answer(caller.language),
    };
    let entered: Vec<_> =
        entries.into_iter().map(|entry| batch_entry(app, caller, entry.get())).collect();
    let mut results = Vec::with_capacity(entered.len());
    for (act, ticket) in entered {
        let answer = answer(app, caller, act, ticket).await;
        results.push(format!("{{\"http_status\":{},{}}}", answer.status, answer.fields()));
    }
    let body = format!("{{\"results\":[{}]}}", results.join(","));
    Answer { status: 200, body, error: None }
}

/// What was asked, so that its outcome finds its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Place,
    Cancel,
    Amend,
    CancelAll,
    Pray,
}

type Entered = Result<Ticket, Problem>;

async fn carry_out(
    app: &App,
    caller: &Caller,
    act: Act,
    command: Result<Command, Problem>,
) -> Answer {
    let ticket = command.and_then(|command| Ok(app.desk.enter(&command)?));
    answer(app, caller, act, ticket).await
}

async fn answer(app: &App, caller: &Caller, act: Act, ticket: Entered) -> Answer {
    let outcome = match ticket {
        Ok(ticket) => ticket.outcome().await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match outcome.and_then(|outcome| answered(app, act, &outcome)) {
        Ok(answer) => answer,
        Err(problem) => problem.answer(caller.language),
    }
}

fn answered(app: &App, act: Act, outcome: &Outcome) -> Result<Answer, Problem> {
    let sequence = outcome.stamp.sequence.0;
    match (act, outcome.answer) {
        (Act::CancelAll, Event::Rejected(rejected))
            if rejected.reason == Reason::UnknownAccount =>
        {
            Ok(Answer::new(200, &AllCancelled { cancelled: 0, sequence }))
        }
        (_, Event::Rejected(rejected)) => Err(refused(&rejected)),
        (Act::Place, Event::Accepted(accepted)) => Ok(Answer::new(
            202,
            &OrderAccepted {
                order_id: accepted.order,
                client_order_id: given(accepted.client_order_id),
                status: "ACCEPTED",
                sequence,
                durability: app.config.durability.word(),
                duplicate: (accepted.entry == Entry::Duplicate).then_some(true),
            },
        )),
        (Act::Cancel, Event::Cancelled(cancelled)) => {
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
        (Act::Amend, Event::Amended(amended)) => {
            let kept_priority = amended.priority == Priority::Kept;
            Ok(amend_answer(app, amended.order, kept_priority, sequence))
        }
        (Act::Amend, Event::Cancelled(cancelled)) => {
            Ok(amend_answer(app, cancelled.order, false, sequence))
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

fn amend_answer(app: &App, order_id: OrderId, kept_priority: bool, sequence: u64) -> Answer {
    let views = app.views.read();
    let status = views.orders.order(order_id).map_or("CANCELLED", |order| order.status.word());
    Answer::new(200, &OrderAmended { order_id, status, kept_priority, sequence })
}

fn refused(rejected: &Rejected) -> Problem {
    let problem = match (rejected.op, rejected.reason) {
        (Op::Cancel | Op::Amend, Reason::UnknownAccount) => Problem::order_not_found(),
        (_, reason) => Problem::refused(reason),
    };
    let named = rejected.order != OrderId::default();
    Problem { order: named.then_some(rejected.order), ..problem }
}

fn given(client_order_id: ClientOrderId) -> Option<ClientOrderId> {
    (!client_order_id.is_empty()).then_some(client_order_id)
}

fn batch_entries(object: &mut Object) -> Result<Vec<Box<serde_json::value::RawValue>>, Problem> {
    let entries = object.array("orders")?.ok_or_else(|| Problem::missing("orders"))?;
    if entries.is_empty() || entries.len() > BATCH_MAX {
        let (english, korean) = ("1 to 20 entries", "1개 이상 20개 이하여야 합니다");
        return Err(Problem::invalid_parameter("orders", english, korean));
    }
    Ok(entries)
}

fn batch_entry(app: &App, caller: &Caller, text: &str) -> (Act, Entered) {
    let mut object = match Object::parse(text.as_bytes()) {
        Ok(object) => object,
        Err(problem) => return (Act::Place, Err(problem)),
    };
    let (act, command) = match object.text("op").map(|op| op.unwrap_or_default()) {
        Ok(op) if ["", "place", "new"].contains(&op.as_str()) => {
            (Act::Place, order::read(app, caller, object))
        }
        Ok(op) if op == "cancel" => (Act::Cancel, target::cancel(app, caller, object)),
        Ok(_) => {
            let problem = Problem::invalid_parameter(
                "op",
                "place (or absent) or cancel",
                "place(생략 가능) 또는 cancel이어야 합니다",
            );
            (Act::Place, Err(problem))
        }
        Err(problem) => (Act::Place, Err(problem)),
    };
    (act, command.and_then(|command| Ok(app.desk.enter(&command)?)))
}

fn mass_cancel(app: &App, caller: &Caller, mut object: Object) -> Result<Command, Problem> {
    let account = account(app, caller, &mut object)?;
    let symbol = object.text("symbol")?;
    let side = object.text("side")?;
    object.finish()?;
    let instrument = match symbol {
        Some(symbol) => Some(order::instrument(app, &symbol)?.id),
        None => None,
    };
    let side: Option<Side> = side.map(|word| order::side(&word)).transpose()?;
    let (reason, actor) = (CancelReason::Mass, Actor::EMPTY);
    Ok(Command::MassCancel(MassCancel { account, instrument, side, reason, actor }))
}

fn prayer(mut object: Object) -> Result<Command, Problem> {
    let side = object.text("side")?.ok_or_else(|| Problem::missing("side"))?;
    let count = object.decimal("count")?;
    object.finish()?;
    let side = match side.as_str() {
        "up" => PrayerSide::Up,
        "down" => PrayerSide::Down,
        _ => return Err(Problem::invalid_prayer_side()),
    };
    let count = match count {
        None => 1,
        Some(count) => order::whole(count)
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| (1..=100).contains(count))
            .ok_or_else(Problem::invalid_prayer_count)?,
    };
    Ok(Command::Pray(Pray { side, count }))
}

/// The account of the body, else of the connection, else the shared one; by number as soon as
/// it has one.
fn account(app: &App, caller: &Caller, object: &mut Object) -> Result<AccountRef, Problem> {
    let named = object.text("account")?;
    let named = named.map(|name| account_name(&name)).transpose()?;
    if let (Some(body), Some(outside)) = (named, caller.account)
        && body != outside
    {
        let (english, korean) = (
            "the account of the connection or query, or absent",
            "연결이나 쿼리의 계정과 같거나 생략해야 합니다",
        );
        return Err(Problem::invalid_parameter("account", english, korean));
    }
    Ok(account_ref(app, named.or(caller.account)))
}

fn account_ref(app: &App, name: Option<AccountName>) -> AccountRef {
    let name = name.unwrap_or_else(shared_account);
    match app.views.read().catalog.account(&name) {
        Some(id) => AccountRef::Id(id),
        None => AccountRef::Name(name),
    }
}

pub fn shared_account() -> AccountName {
    AccountName::new(SHARED_ACCOUNT).expect("a short word is a name")
}

/// 1 to 32 printable ASCII characters.
pub fn account_name(name: &str) -> Result<AccountName, Problem> {
    AccountName::new(name).ok().filter(|name| !name.is_empty()).ok_or_else(|| {
        let english = "1 to 32 printable ASCII characters";
        Problem::invalid_parameter("account", english, "출력 가능한 ASCII 1~32자여야 합니다")
    })
}
