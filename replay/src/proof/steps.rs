//! The numbers of a command as it holds them, in steps: a proof knows no instrument to count in.

use orison_core::Command;
use orison_core::command::{AmendFields, OrderFields};

use crate::json::Object;

/// The numbers of a command's orders as it holds them, one item an order.
pub(super) fn put_steps(object: &mut Object<'_>, command: &Command) {
    let orders = match command {
        Command::Place(order) => std::slice::from_ref(order),
        Command::Pair(pair) => pair.legs.as_slice(),
        Command::Amend(amend) => {
            let mut steps = object.object("in_steps");
            for (field, key, steps_of) in [
                (AmendFields::PRICE, "price", i128::from(amend.price.0)),
                (AmendFields::QUANTITY, "quantity", i128::from(amend.quantity.0)),
                (AmendFields::STOP_PRICE, "stop_price", i128::from(amend.stop_price.0)),
                (AmendFields::TRAIL, "trail", i128::from(amend.trail.0)),
            ] {
                if amend.fields.has(field) {
                    steps.shown(key, steps_of);
                }
            }
            steps.close();
            return;
        }
        Command::Genesis(_)
        | Command::Instrument(_)
        | Command::Cancel(_)
        | Command::MassCancel(_)
        | Command::Status(_)
        | Command::Uncross(_)
        | Command::EndOfDay(_)
        | Command::Transfer(_)
        | Command::Account(_)
        | Command::Clock
        | Command::Pray(_)
        | Command::Ticker(_)
        | Command::Liquidation(_)
        | Command::ExternalTrade(_)
        | Command::ExternalDepth(_) => return,
    };
    let mut list = object.list("in_steps");
    for order in orders {
        let mut steps = list.item();
        steps.bare("instrument", order.instrument.0);
        for (field, key, steps_of) in [
            (OrderFields::PRICE, "price", i128::from(order.price.0)),
            (OrderFields::QUANTITY, "quantity", i128::from(order.quantity.0)),
            (OrderFields::DISPLAY, "display", i128::from(order.display.0)),
            (OrderFields::STOP_PRICE, "stop_price", i128::from(order.stop_price.0)),
            (OrderFields::TRAIL, "trail", i128::from(order.trail.0)),
            (OrderFields::BUDGET, "budget", order.budget),
            (OrderFields::MIN_QUANTITY, "min_quantity", i128::from(order.min_quantity.0)),
            (OrderFields::PROTECTION, "protection", i128::from(order.protection.0)),
        ] {
            if order.has(field) {
                steps.shown(key, steps_of);
            }
        }
        steps.close();
    }
    list.close();
}
