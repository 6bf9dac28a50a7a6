//! Claims about the read models on hand-made events, whole values, row by row; and a judge.

pub(crate) mod feed;

mod conditions;
mod depth;
mod market_data;
mod markets;
mod money;
mod orders;

mod judge;
