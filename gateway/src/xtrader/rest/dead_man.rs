//! The timer that cancels an account's orders unless it is set again.

use std::sync::Arc;
use std::time::Duration;

use orison_core::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::connections::{DEAD_MAN_MAX_MS, DEAD_MAN_MIN_MS, cancel_after, cancel_never};
use crate::fanout::wall_ms;
use crate::openapi::requests::{CancelAllAfterRequest, EntryProblems};
use crate::xtrader::entry::{Caller, Standing, account_name};
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem};

/// Times in milliseconds of the wall clock.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelAllAfterAnswer {
    account: String,
    current_time: u64,
    /// When the orders are cancelled; null: it is off.
    trigger_time: Option<u64>,
}

/// Cancels every open order of the account once the time is over, unless it is asked again before:
/// then the time begins anew, 0 turns it off. One timer an account; it outlives a restart, after
/// which it is not over for 5 s.
#[utoipa::path(
    post,
    path = "/order/cancel-all-after",
    request_body = CancelAllAfterRequest,
    responses(
        (status = 200, description = "As asked", body = CancelAllAfterAnswer),
        EntryProblems,
    )
)]
pub(crate) async fn cancel_all_after(
    app: &Arc<App>,
    caller: &Caller,
    mut body: Object,
) -> Result<Answer, Problem> {
    let named = body.text("account")?.map(|name| account_name(&name)).transpose()?;
    let timeout_ms = body.count("timeout_ms")?.ok_or_else(|| Problem::missing("timeout_ms"))?;
    body.finish()?;
    if timeout_ms != 0 && !(DEAD_MAN_MIN_MS..=DEAD_MAN_MAX_MS).contains(&timeout_ms) {
        let (english, korean) = ("0, or 1000 to 86400000", "0이거나 1000에서 86400000까지입니다");
        return Err(Problem::invalid_parameter("timeout_ms", english, korean));
    }
    let is_foreign = named.is_some() && caller.account.is_some() && named != caller.account;
    if is_foreign || caller.standing == Standing::Foreign {
        return Err(Problem::refused(Reason::UnknownAccount).about("account"));
    }
    let account = named.unwrap_or_else(|| caller.name());
    let current_time = wall_ms();
    if timeout_ms == 0 {
        cancel_never(app, account).await?;
    } else {
        cancel_after(app, account, Duration::from_millis(timeout_ms)).await?;
    }
    let trigger_time = (timeout_ms > 0).then_some(current_time + timeout_ms);
    let account = account.to_string();
    Ok(Answer::new(200, &CancelAllAfterAnswer { account, current_time, trigger_time }))
}
