//! Reads what is asked of an order that is there: cancel and amend.

use orison_core::command::{AccountRef, Amend, AmendFields, Cancel, Target};
use orison_core::{Command, Decimal, Instrument, OrderId, Price, Quantity, Reason};

use super::account::{Party, party, party_named};
use super::{Caller, order};
use crate::App;
use crate::desk::Named;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

pub(super) fn cancel(app: &App, caller: &Caller, mut object: Object) -> Result<Command, Problem> {
    let party = party(app, caller, &mut object);
    let Party { account, .. } = party.map_err(|none| none.or(Problem::order_not_found))?;
    let target = target(&mut object)?;
    object.finish()?;
    Ok(Command::Cancel(Cancel { account, target: target? }))
}

pub(super) fn cancel_by_id(app: &App, caller: &Caller, id: &str) -> Result<Command, Problem> {
    let id = OrderId::parse(id).ok_or_else(Problem::order_not_found)?;
    let party = party_named(app, caller);
    let Party { account, .. } = party.map_err(|none| none.or(Problem::order_not_found))?;
    Ok(Command::Cancel(Cancel { account, target: Target::Order(id) }))
}

pub(super) fn amend(app: &App, caller: &Caller, mut object: Object) -> Result<Command, Problem> {
    let party = party(app, caller, &mut object);
    let party = party.map_err(|none| none.or(Problem::order_not_found))?;
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
    let instrument = instrument(app, &party, target)?;
    let mut amend = Amend {
        account: party.account,
        target,
        fields: AmendFields::NONE,
        quantity: Quantity(0),
        price: Price(0),
        stop_price: Price(0),
        trail: Price(0),
    };
    if let Some(field) = quantity {
        amend.quantity = self::quantity(field, &instrument)?;
        amend.fields = amend.fields.with(AmendFields::QUANTITY);
    }
    if let Some(field) = price {
        amend.price = self::price(field, &instrument)?;
        amend.fields = amend.fields.with(AmendFields::PRICE);
    }
    if let Some(field) = stop_price {
        amend.stop_price = stop("stop_price", field, &instrument)?;
        amend.fields = amend.fields.with(AmendFields::STOP_PRICE);
    }
    if let Some(field) = trail {
        amend.trail = stop("trail", field, &instrument)?;
        amend.fields = amend.fields.with(AmendFields::TRAIL);
    }
    Ok(Command::Amend(amend))
}

/// 0, which cancels, or a whole number of quantity steps above it.
fn quantity(field: Option<Decimal>, instrument: &Instrument) -> Result<Quantity, Problem> {
    let name = "quantity";
    let refused = || Problem::refused(Reason::BadQuantity).about(name);
    let decimal = field.ok_or_else(|| Problem::quantity_step(instrument).about(name))?;
    if decimal.is_negative() {
        return Err(refused());
    }
    instrument.quantity(decimal).ok_or_else(|| Problem::quantity_step(instrument).about(name))
}

/// Above 0 and a whole number of price steps.
fn price(field: Option<Decimal>, instrument: &Instrument) -> Result<Price, Problem> {
    let price = field.and_then(|decimal| instrument.price(decimal)).filter(|price| price.0 > 0);
    price.ok_or_else(|| Problem::price_step(instrument).about("price"))
}

/// The same for a stop price or its distance.
fn stop(name: &str, field: Option<Decimal>, instrument: &Instrument) -> Result<Price, Problem> {
    let steps = field.and_then(|decimal| instrument.price(decimal)).filter(|steps| steps.0 > 0);
    steps.ok_or_else(|| Problem::refused(Reason::BadStop).about(name))
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

/// The instrument whose steps the numbers of an amend count: that of the open order, whose name no
/// other can have, or of one on its way in. Any other was never acknowledged to this account: a
/// foreign one is not looked at, so that no answer tells it from one that is not there.
fn instrument(app: &App, party: &Party, target: Target) -> Result<Instrument, Problem> {
    let underway = match target {
        Target::Order(_) => None,
        Target::Client(client_order_id) => {
            app.desk.underway.instrument(&Named { account: party.name, client_order_id })
        }
    };
    let views = app.views.read();
    let shown = match (target, party.account) {
        (Target::Order(order), AccountRef::Id(id)) => {
            views.orders.order(order).filter(|order| order.account == id)
        }
        (Target::Client(client), AccountRef::Id(id)) => views.orders.by_client(id, &client),
        (_, AccountRef::Name(_)) => None,
    };
    let open = shown.filter(|order| order.status.is_open()).map(|order| order.instrument);
    let id = open.or(underway).ok_or_else(Problem::order_not_found)?;
    views.catalog.instrument(id).copied().ok_or_else(Problem::internal)
}
