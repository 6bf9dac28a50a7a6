//! A real client of somebody else's making against a session over the real exchange, in process:
//! the socket is a pipe, everything behind it is what runs in production.

mod endings;
mod harness;
mod messages;
mod rules;
mod status;
mod whole;
