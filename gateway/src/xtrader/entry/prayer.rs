//! Reads a vote.

use orison_core::command::{Pray, Prayer};
use orison_core::{Command, Decimal};

use super::order;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// Nothing else may stand in the object.
pub(super) fn read(mut object: Object) -> Result<Command, Problem> {
    let said = Said::take(&mut object)?;
    object.finish()?;
    said.command()
}

/// For a wire whose clients say more than is understood.
pub(super) fn read_leniently(mut object: Object) -> Result<Command, Problem> {
    Said::take(&mut object)?.command()
}

struct Said {
    side: String,
    /// `Some(None)`: a number, but none that a count can be.
    count: Option<Option<Decimal>>,
}

impl Said {
    fn take(object: &mut Object) -> Result<Self, Problem> {
        let side = object.text("side")?.ok_or_else(|| Problem::missing("side"))?;
        Ok(Self { side, count: object.decimal("count")? })
    }

    fn command(self) -> Result<Command, Problem> {
        let side = match self.side.as_str() {
            "up" => Prayer::Up,
            "down" => Prayer::Down,
            _ => return Err(Problem::invalid_prayer_side()),
        };
        let count = match self.count {
            None => 1,
            Some(count) => order::whole(count)
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| (1..=100).contains(count))
                .ok_or_else(Problem::invalid_prayer_count)?,
        };
        Ok(Command::Pray(Pray { side, count }))
    }
}
