//! What the tests of several parts share.

mod snapshots;
pub(crate) mod streams;
