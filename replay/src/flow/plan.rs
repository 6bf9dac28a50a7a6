//! What a recorded row asks of the engine, given what its orders are there.

use orison_core::command::{
    AccountRef, Amend, AmendFields, Cancel, Order, OrderFields, Target, TimeInForce,
};
use orison_core::{Command, InstrumentId, OrderId, Price, Quantity};

use super::orders::{Entry, Orders};
use super::recording::{Op, Row};

/// Recordings are of one instrument, which every engine here numbers first.
pub(super) const INSTRUMENT: InstrumentId = InstrumentId(1);

pub(super) enum Plan {
    Send(Command),
    /// It names an order that the engine does not have: there is nothing to send.
    NoOrder,
    /// It names an order whose entry is still under way.
    Wait,
    /// It enters an order under the name of one that lives, as far as is settled.
    InUse,
}

/// For a reduction the open quantity in `orders` must be that of after all earlier rows.
pub(super) fn plan(row: &Row, orders: &Orders) -> Plan {
    let account = orders.account();
    let order = match (row.op.is_entry(), orders.entry(&row.id)) {
        (true, None) => return Plan::Send(Command::Place(enter(row, account))),
        (true, Some(Entry::Live(_))) => return Plan::InUse,
        (false, Some(Entry::Live(order))) => order,
        (_, Some(Entry::UnderWay)) => return Plan::Wait,
        (false, None) => return Plan::NoOrder,
    };
    let open = orders.open(order).saturating_sub(row.quantity.0);
    Plan::Send(match row.op {
        Op::Cancel => Command::Cancel(Cancel { account, target: Target::Order(order) }),
        Op::Reduce | Op::ForcedReduce => {
            let fields = AmendFields::QUANTITY;
            Command::Amend(amend(account, order, fields, Quantity(open), Price(0)))
        }
        Op::Amend => {
            let fields = AmendFields::QUANTITY.with(AmendFields::PRICE);
            Command::Amend(amend(account, order, fields, row.quantity, row.price))
        }
        Op::Seed | Op::Limit | Op::Immediate => unreachable!("entries were planned above"),
    })
}

fn enter(row: &Row, account: AccountRef) -> Order {
    let mut order = Order::limit(account, INSTRUMENT, row.side, row.price, row.quantity);
    if row.op == Op::Immediate {
        order.time_in_force = TimeInForce::Ioc;
        order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
    }
    order
}

fn amend(
    account: AccountRef,
    order: OrderId,
    fields: AmendFields,
    quantity: Quantity,
    price: Price,
) -> Amend {
    let target = Target::Order(order);
    Amend { account, target, fields, quantity, price, stop_price: Price(0), trail: Price(0) }
}
