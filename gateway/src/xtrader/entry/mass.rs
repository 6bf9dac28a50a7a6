//! Reads a cancel of many orders.

use orison_core::Command;
use orison_core::command::{Actor, CancelReason, MassCancel};

use super::Caller;
use super::account::{NoParty, Party, party};
use super::order;
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// None: the account is not known to the caller, and so has no orders.
pub(super) fn cancel_all(
    app: &App,
    caller: &Caller,
    mut object: Object,
) -> Result<Option<Command>, Problem> {
    let party = match party(app, caller, &mut object) {
        Ok(party) => Some(party),
        Err(NoParty::Foreign) => None,
        Err(NoParty::Wrong(problem)) => return Err(problem),
    };
    let symbol = object.text("symbol")?;
    let side = object.text("side")?;
    object.finish()?;
    let instrument = match symbol {
        Some(symbol) => Some(order::instrument(app, &symbol)?.id),
        None => None,
    };
    let side = side.map(|word| order::side(&word)).transpose()?;
    let (reason, actor) = (CancelReason::Mass, Actor::EMPTY);
    let mass = |Party { account, .. }| MassCancel { account, instrument, side, reason, actor };
    Ok(party.map(mass).map(Command::MassCancel))
}
