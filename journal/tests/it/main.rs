//! The journal from outside: what it keeps, what it cuts, what it refuses.

#![allow(clippy::unwrap_used, reason = "all of this is test code")]

mod support;
mod turns;

mod damage;
mod disk;
mod faults;
mod golden;
mod keeping;
mod simulation;
