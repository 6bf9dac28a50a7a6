//! One binary of all tests that need more than one crate: house rules, the judge and what it is
//! given, and the real programs seen from outside.

#![allow(clippy::unwrap_used, reason = "all of this is test code")]

mod tidy;

mod judge;
mod seed;
mod stream;
mod tape;

mod determinism;
mod properties;

mod binaries;
mod http;
mod server;
mod socket;

mod durability;
mod failing;
mod fuzz;
mod protocols;
mod recordings;
