//! The operator's REST as an operator sees it: the real exchange, raw HTTP on the admin listener,
//! and what the public one shows of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

#[path = "admin/accounts.rs"]
mod accounts;
#[path = "admin/changes.rs"]
mod changes;
#[path = "admin/instruments.rs"]
mod instruments;
#[path = "admin/limits.rs"]
mod limits;
#[path = "admin/money.rs"]
mod money;
#[path = "admin/office.rs"]
mod office;
#[path = "admin/refusals.rs"]
mod refusals;
#[path = "admin/schedule.rs"]
mod schedule;
#[path = "admin/trading.rs"]
mod trading;
