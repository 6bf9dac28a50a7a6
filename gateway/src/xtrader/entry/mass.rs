//! Reads a cancel of many orders.

use orison_core::Command;
use orison_core::command::{Actor, CancelReason, MassCancel};

use super::Caller;
use super::account::{Party, party};
use super::order;
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

pub(super) fn cancel_all(
    app: &App,
    caller: &Caller,
    mut object: Object,
) -> Result<Command, Problem> {
    let Party { account, .. } = party(app, caller, &mut object)?;
    let symbol = object.text("symbol")?;
    let side = object.text("side")?;
    object.finish()?;
    let instrument = match symbol {
        Some(symbol) => Some(order::instrument(app, &symbol)?.id),
        None => None,
    };
    let side = side.map(|word| order::side(&word)).transpose()?;
    let (reason, actor) = (CancelReason::Mass, Actor::EMPTY);
    Ok(Command::MassCancel(MassCancel { account, instrument, side, reason, actor }))
}
