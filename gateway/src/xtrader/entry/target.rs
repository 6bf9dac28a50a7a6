//! Reads what is asked of an order that is there: cancel and amend.

use orison_core::command::{AccountRef, Amend, AmendFields, Cancel, Target};
use orison_core::{Command, Instrument, OrderId, Price, Quantity, Reason};

use super::{Caller, account, account_ref, order};
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

pub(super) fn cancel(app: &App, caller: &Caller, mut object: Object) -> Result<Command, Problem> {
    let account = account(app, caller, &mut object)?;
    let target = target(&mut object)?;
    object.finish()?;
    Ok(Command::Cancel(Cancel { account, target: target? }))
}

pub(super) fn cancel_by_id(app: &App, caller: &Caller, id: &str) -> Result<Command, Problem> {
    let id = OrderId::parse(id).ok_or_else(Problem::order_not_found)?;
    let account = account_ref(app, caller.account);
    Ok(Command::Cancel(Cancel { account, target: Target::Order(id) }))
}

pub(super) fn amend(app: &App, caller: &Caller, mut object: Object) -> Result<Command, Problem> {
    let account = account(app, caller, &mut object)?;
    let target = target(&mut object)?;
    let quantity = object.decimal("quantity")?;
    let price = object.decimal("price")?;
    let stop_price = object.decimal("stop_price")?;
    let trail = object.decimal("trail")?;
    object.finish()?;
    let target = target?;
    if quantity.is_none() && price.is_none() && stop_price.is_none() && trail.is_none() {
        return Err(Problem::missing("quantity"));
    }
    let instrument = instrument(app, account, target)?;
    let mut amend = Amend {
        account,
        target,
        fields: AmendFields::NONE,
        quantity: Quantity(0),
        price: Price(0),
        stop_price: Price(0),
        trail: Price(0),
    };
    if let Some(field) = quantity {
        let is_zero = field.is_some_and(|decimal| decimal.is_zero());
        amend.quantity = match is_zero {
            true => Quantity::ZERO,
            false => order::quantity("quantity", field, &instrument)?,
        };
        amend.fields = amend.fields.with(AmendFields::QUANTITY);
    }
    if let Some(field) = price {
        amend.price = order::price("price", field, &instrument)?;
        amend.fields = amend.fields.with(AmendFields::PRICE);
    }
    if let Some(field) = stop_price {
        amend.stop_price = order::steps(field, &instrument, 1, Reason::BadStop, "stop_price")?;
        amend.fields = amend.fields.with(AmendFields::STOP_PRICE);
    }
    if let Some(field) = trail {
        amend.trail = order::steps(field, &instrument, 1, Reason::BadStop, "trail")?;
        amend.fields = amend.fields.with(AmendFields::TRAIL);
    }
    Ok(Command::Amend(amend))
}

/// Outer: a malformed request. Inner: well-formed, but no such order can exist.
fn target(object: &mut Object) -> Result<Result<Target, Problem>, Problem> {
    match (object.text("order_id")?, object.text("client_order_id")?) {
        (Some(id), None) => {
            let id = OrderId::parse(&id).map(Target::Order);
            Ok(id.ok_or_else(Problem::order_not_found))
        }
        (None, Some(id)) => {
            let id = order::client_order_id(&id).map(Target::Client);
            Ok(id.map_err(|_| Problem::order_not_found()))
        }
        (None, None) => Err(Problem::missing("order_id")),
        (Some(_), Some(_)) => {
            let english = "name the order by order_id or by client_order_id, not by both";
            let korean = "order_id와 client_order_id 중 하나만 보내십시오";
            Err(Problem::bad_request(english, korean).about("client_order_id"))
        }
    }
}

/// The instrument whose steps the numbers of an amend count. An order that no view shows was
/// never acknowledged to anyone: it is not there.
fn instrument(app: &App, account: AccountRef, target: Target) -> Result<Instrument, Problem> {
    let views = app.views.read();
    let order = match (target, account) {
        (Target::Order(id), _) => views.orders.order(id),
        (Target::Client(client), AccountRef::Id(id)) => views.orders.by_client(id, &client),
        (Target::Client(_), AccountRef::Name(_)) => None,
    };
    let order = order.ok_or_else(Problem::order_not_found)?;
    views.catalog.instrument(order.instrument).copied().ok_or_else(Problem::internal)
}
