//! What the tests of several parts share.

pub(crate) mod streams;
