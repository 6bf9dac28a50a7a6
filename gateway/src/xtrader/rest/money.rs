//! One's own account as REST shows it: settings, balances, positions. In open mode a caller is who
//! it says it is; an account that is not known reads as empty.

use orison_core::AccountName;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::xtrader::entry::Caller;
use crate::xtrader::json::shown;
use crate::xtrader::problem::Answer;
use crate::xtrader::shape::{Account, Balance, Position};

#[derive(Serialize, ToSchema)]
pub(crate) struct BalancesAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "demo")]
    account: AccountName,
    /// Each asset it ever had.
    balances: Vec<Balance>,
    /// The command they stand after.
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PositionsAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "demo")]
    account: AccountName,
    /// Each instrument it ever traded.
    positions: Vec<Position>,
    /// The command they stand after.
    sequence: u64,
}

/// What an account may do.
#[utoipa::path(
    get,
    path = "/account",
    params(("account" = Option<String>, Query, description = "demo if absent")),
    responses((status = 200, description = "As asked", body = Account))
)]
pub(crate) fn account(app: &App, caller: &Caller) -> Answer {
    let name = caller.name();
    let views = app.views.read();
    let id = caller.id(&views);
    let settings = id.and_then(|id| views.catalog.settings(id));
    Answer::new(200, &Account::new(name, settings))
}

/// What an account has. Of an unfunded one what its trades came to, which may be below zero.
#[utoipa::path(
    get,
    path = "/balances",
    params(("account" = Option<String>, Query, description = "demo if absent")),
    responses((status = 200, description = "As asked", body = BalancesAnswer))
)]
pub(crate) fn balances(app: &App, caller: &Caller) -> Answer {
    let account = caller.name();
    let views = app.views.read();
    let reads = caller.reads();
    let balances = views.balances_of(&reads);
    let balances = balances.filter_map(|balance| Balance::new(&views, &balance)).collect();
    let sequence = views.at().sequence.0;
    Answer::new(200, &BalancesAnswer { account, balances, sequence })
}

/// What an account holds, by the average-cost method.
#[utoipa::path(
    get,
    path = "/positions",
    params(("account" = Option<String>, Query, description = "demo if absent")),
    responses((status = 200, description = "As asked", body = PositionsAnswer))
)]
pub(crate) fn positions(app: &App, caller: &Caller) -> Answer {
    let account = caller.name();
    let views = app.views.read();
    let reads = caller.reads();
    let positions = views.positions_of(&reads);
    let positions = positions.filter_map(|position| Position::new(&views, &position)).collect();
    let sequence = views.at().sequence.0;
    Answer::new(200, &PositionsAnswer { account, positions, sequence })
}
