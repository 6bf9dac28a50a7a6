//! The whole life of one order: each command that touched it and what it led to for it. Named by
//! the engine's id, or by a client's, which may then be several orders.

use std::path::Path;

use orison_core::{Event, OrderId};

use crate::dump::{mentions, put_command, put_events};
use crate::form::event::Naming;
use crate::past::{Past, PastError, Until};
use crate::verify::SMALL_VIEWS;

/// Puts dump lines to `out`. How many orders they are about; 0: there is none of that name.
pub fn life(
    directory: &Path,
    name: &str,
    out: &mut Vec<u8>,
    mut progress: impl FnMut(u64),
) -> Result<usize, PastError> {
    let asked = OrderId::parse(name);
    let mut orders: Vec<OrderId> = Vec::new();
    let mut past = Past::open(directory, SMALL_VIEWS)?;
    while let Some(played) = past.step(Until::End)? {
        progress(played.stamp.sequence.0);
        let entered = past.events().iter().filter_map(|event| {
            let Event::Accepted(accepted) = event else { return None };
            let is_meant = asked == Some(accepted.order)
                || asked.is_none() && accepted.client_order_id.as_str() == name;
            is_meant.then_some(accepted.order)
        });
        for order in entered {
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
        let is_theirs = |event: &Event| orders.iter().any(|&order| mentions(event, order));
        if past.events().iter().any(is_theirs) {
            let views = &past.player().views;
            put_command(out, views, &played, past.events());
            put_events(out, &views.catalog, &played, past.events(), Naming::Engine, is_theirs);
        }
    }
    Ok(orders.len())
}
