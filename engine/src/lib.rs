//! The engine around the core: how a command becomes the bytes of a record, the rings and threads
//! it travels through, and the read models derived from its events. No sockets, no JSON, and no
//! files other than through `journal`.
#![deny(unsafe_code)]

pub mod analytics;
pub mod projection;
pub mod record;
pub mod runtime;
pub mod snapshot;
pub mod witness;

#[cfg(test)]
mod tests;

pub use projection::Views;
pub use runtime::{Ingress, Output, Publisher, Runtime, Settings, Token};
pub use witness::Witness;
