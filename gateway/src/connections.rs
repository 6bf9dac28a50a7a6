//! Every session of the process, over all protocols: whether there is room for one more, how fast
//! it may enter orders, what is known of it, and what is cancelled when it is gone. A session is
//! one WebSocket or one SockJS session; it takes its place before the upgrade and gives it back
//! when it has ended. What a session says is not known here.

mod budgets;
mod kind;
mod place;
mod promises;
mod registry;
mod safety;
mod statistics;
mod usher;

pub use budgets::{Budgets, Purpose};
pub use kind::Kind;
pub use place::Place;
pub use promises::{PROMISES_MAX, Promises, PromisesError};
pub use registry::{Limits, NoRoom, Registry, Shown, User};
pub use safety::{DEAD_MAN_MAX_MS, DEAD_MAN_MIN_MS, GRACE, OnEnd, Safety};
pub use safety::{cancel_after, cancel_never};
pub(crate) use safety::{part, recall};
pub use statistics::{Statistics, log};
pub use usher::Door;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The locks here are held for a few steps without a panic in them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
