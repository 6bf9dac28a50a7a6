//! Reads a vote.

use orison_core::Command;
use orison_core::command::{Pray, Prayer};

use super::order;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

pub(super) fn read(mut object: Object) -> Result<Command, Problem> {
    let side = object.text("side")?.ok_or_else(|| Problem::missing("side"))?;
    let count = object.decimal("count")?;
    object.finish()?;
    let side = match side.as_str() {
        "up" => Prayer::Up,
        "down" => Prayer::Down,
        _ => return Err(Problem::invalid_prayer_side()),
    };
    let count = match count {
        None => 1,
        Some(count) => order::whole(count)
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| (1..=100).contains(count))
            .ok_or_else(Problem::invalid_prayer_count)?,
    };
    Ok(Command::Pray(Pray { side, count }))
}
