//! The xTrader wires: REST and WebSocket. What both share is here: decimals and objects of JSON,
//! shapes, refusals, and the entry of orders.

pub mod entry;
pub mod json;
pub mod problem;
pub(crate) mod rest;
pub mod shape;
pub mod socket;
