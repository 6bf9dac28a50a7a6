//! The operator's REST, on a listener of its own: instruments, accounts, limits, money, and who
//! changed them. Every change is a journaled command that names its actor, entered at the desk
//! like anybody's. Requests come in taken apart; of HTTP only paths and methods are known here.

mod accounts;
mod call;
mod changes;
mod fees;
mod fields;
mod hours;
mod instruments;
mod limits;
mod money;
pub(crate) mod office;
mod openapi;
mod route;
mod trading;

pub(crate) use call::{Call, actor, actor_named, call};
pub use office::Office;
pub(crate) use openapi::document;
pub(crate) use route::Route;
