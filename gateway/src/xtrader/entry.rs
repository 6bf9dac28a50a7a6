//! The entry of orders: a JSON object becomes a command, the command's outcome becomes an
//! answer. One way for REST and for the socket. What no rule of the market could make right is
//! refused here and reaches no ring; everything else is the core's to decide.

mod account;
mod answers;
mod batch;
mod blame;
mod mass;
mod order;
mod pair;
mod prayer;
mod target;

use std::time::Duration;

use orison_core::command::Link;
use orison_core::{Command, Event};

use super::json::Object;
use super::problem::{Answer, Problem, ProblemBody};
use crate::App;
use crate::bucket::Rate;
use crate::desk::{OnTheWay, Outcome, Ticket};
use crate::openapi::requests::{
    AmendRequest, BatchRequest, CancelAllRequest, CancelRequest, EntryProblems, OcoRequest,
    OtoRequest, PlaceRequest, PrayerRequest,
};
pub use account::{Caller, Standing, account_name, shared_account};
use answers::{
    AllCancelled, BatchAnswer, OrderAccepted, OrderAmended, OrderCancelled, PairAccepted,
    PrayerAccepted, Tested,
};
pub use batch::BATCH_MAX;
pub(super) use order::order_type;
pub(crate) use order::{self_trade, side, word};

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
    carry_out(app, caller, Act::Place, order::place(app, caller, object)).await
}

/// Checks an order without entering it: the error is the one that `/order` would give now. A
/// repeat of an order that is in is right.
#[utoipa::path(
    post,
    path = "/order/test",
    request_body = PlaceRequest,
    responses(
        (status = 200, description = "Nothing speaks against it", body = Tested),
        (status = 409, description = "The client_order_id names another order", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn test(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Test, order::test(app, caller, object)).await
}

/// Enters two orders of one account and instrument of which one cancels the other: both or none.
#[utoipa::path(
    post,
    path = "/order/oco",
    request_body = OcoRequest,
    responses(
        (status = 202, description = "Both in, and in the ack mode", body = PairAccepted),
        (status = 409, description = "A client_order_id names another order", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn oco(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Pair(Link::Oco), pair::oco(app, caller, object)).await
}

/// Enters an order and its child, which waits until the parent is completely filled.
#[utoipa::path(
    post,
    path = "/order/oto",
    request_body = OtoRequest,
    responses(
        (status = 202, description = "Both in, and in the ack mode", body = PairAccepted),
        (status = 409, description = "A client_order_id names another order", body = ProblemBody),
        EntryProblems,
    )
)]
pub async fn oto(app: &App, caller: &Caller, object: Object) -> Answer {
    carry_out(app, caller, Act::Pair(Link::Oto), pair::oto(app, caller, object)).await
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
    match mass::cancel_all(app, caller, object) {
        Ok(Some(command)) => carry_out(app, caller, Act::CancelAll, Ok(command)).await,
        Ok(None) => answers::none_cancelled(app),
        Err(problem) => problem.answer(caller.language),
    }
}

/// Of an address over REST, and of a STOMP session.
pub const PRAYERS: Rate = Rate::new(20, Duration::from_millis(200));

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
    carry_out(app, caller, Act::Pray, prayer::read(object)).await
}

/// Reads a prayer of a wire that ignores fields it does not know.
pub fn read_prayer(bytes: &[u8]) -> Result<Command, Problem> {
    prayer::read_leniently(Object::parse(bytes)?)
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
pub async fn batch(app: &App, caller: &Caller, object: Object) -> Answer {
    let entries = match batch::entries(object) {
        Ok(entries) => entries,
        Err(problem) => return problem.answer(caller.language),
    };
    let enter = |(act, wanted)| (act, enter(app, act, wanted));
    let entered: Vec<_> =
        entries.iter().map(|text| enter(batch::entry(app, caller, text.get()))).collect();
    let mut results = Vec::with_capacity(entered.len());
    for (act, entered) in entered {
        let answer = answer(app, caller, act, entered).await;
        results.push(format!("{{\"http_status\":{},{}}}", answer.status, answer.fields()));
    }
    let body = format!("{{\"results\":[{}]}}", results.join(","));
    Answer { status: 200, body, error: None }
}

/// What was asked, so that its outcome finds its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Place,
    Test,
    Pair(Link),
    Cancel,
    Amend,
    CancelAll,
    Pray,
}

/// A request that was understood.
struct Wanted {
    command: Command,
    /// The orders it enters, if they have names.
    on_the_way: [Option<OnTheWay>; 2],
}

impl From<Command> for Wanted {
    fn from(command: Command) -> Self {
        Self { command, on_the_way: [None, None] }
    }
}

/// On the road, with the command whose outcome is waited for.
struct Entered {
    ticket: Ticket,
    command: Command,
    _on_the_way: [Option<OnTheWay>; 2],
}

/// What a wire with answers of its own asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Place,
    Cancel,
    Amend,
}

/// Not done: refused here, or by the command of that sequence.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) problem: Problem,
    pub(crate) sequence: Option<u64>,
}

/// What became of it, with the events of its command. The fields are those of REST.
pub(crate) async fn ask(
    app: &App,
    caller: &Caller,
    call: Call,
    object: Object,
) -> Result<Outcome, Refused> {
    let refused = |problem| Refused { problem, sequence: None };
    let wanted = match call {
        Call::Place => order::place(app, caller, object),
        Call::Cancel => target::cancel(app, caller, object).map(Into::into),
        Call::Amend => target::amend(app, caller, object).map(Into::into),
    };
    let Wanted { command, on_the_way: _on_the_way } = wanted.map_err(refused)?;
    let ticket = app.desk.enter(&command).map_err(|error| refused(error.into()))?;
    let outcome = ticket.outcome().await.map_err(|error| refused(error.into()))?;
    if let Event::Rejected(rejected) = &outcome.answer {
        let problem = answers::refused(&command, rejected);
        return Err(Refused { problem, sequence: Some(outcome.stamp.sequence.0) });
    }
    Ok(outcome)
}

async fn carry_out(
    app: &App,
    caller: &Caller,
    act: Act,
    wanted: Result<impl Into<Wanted>, Problem>,
) -> Answer {
    let entered = enter(app, act, wanted.map(Into::into));
    answer(app, caller, act, entered).await
}

fn enter(app: &App, act: Act, wanted: Result<Wanted, Problem>) -> Result<Entered, Problem> {
    let Wanted { command, on_the_way } = wanted?;
    let ticket = match act {
        Act::Test => app.desk.check(&command)?,
        Act::Place | Act::Pair(_) | Act::Cancel | Act::Amend | Act::CancelAll | Act::Pray => {
            app.desk.enter(&command)?
        }
    };
    Ok(Entered { ticket, command, _on_the_way: on_the_way })
}

async fn answer(app: &App, caller: &Caller, act: Act, entered: Result<Entered, Problem>) -> Answer {
    let told = match entered {
        Ok(Entered { ticket, command, _on_the_way }) => match ticket.outcome().await {
            Ok(outcome) => answers::told(app, act, &command, &outcome),
            Err(error) => Err(error.into()),
        },
        Err(problem) => Err(problem),
    };
    told.unwrap_or_else(|problem| problem.answer(caller.language))
}
