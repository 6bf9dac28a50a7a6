//! One binary of all tests that need more than one crate.
