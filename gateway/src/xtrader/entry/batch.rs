//! Reads a list of places and cancels.

use serde_json::value::RawValue;

use super::{Act, Caller, Wanted, order, target};
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// Entries of one batch; more are refused.
pub const BATCH_MAX: usize = 20;

pub(super) fn entries(mut object: Object) -> Result<Vec<Box<RawValue>>, Problem> {
    let entries = object.array("orders")?.ok_or_else(|| Problem::missing("orders"))?;
    if entries.is_empty() || entries.len() > BATCH_MAX {
        let (english, korean) = ("1 to 20 entries", "1개 이상 20개 이하여야 합니다");
        return Err(Problem::invalid_parameter("orders", english, korean));
    }
    object.finish()?;
    Ok(entries)
}

pub(super) fn entry(app: &App, caller: &Caller, text: &str) -> (Act, Result<Wanted, Problem>) {
    let mut object = match Object::parse(text.as_bytes()) {
        Ok(object) => object,
        Err(problem) => return (Act::Place, Err(problem)),
    };
    match object.text("op").map(|op| op.unwrap_or_default()) {
        Ok(op) if ["", "place", "new"].contains(&op.as_str()) => {
            (Act::Place, order::place(app, caller, object))
        }
        Ok(op) if op == "cancel" => {
            (Act::Cancel, target::cancel(app, caller, object).map(Wanted::from))
        }
        Ok(_) => {
            let problem = Problem::invalid_parameter(
                "op",
                "place (or absent) or cancel",
                "place(생략 가능) 또는 cancel이어야 합니다",
            );
            (Act::Place, Err(problem))
        }
        Err(problem) => (Act::Place, Err(problem)),
    }
}
