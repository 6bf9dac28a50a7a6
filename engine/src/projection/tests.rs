//! Claims about the read models on hand-made events, whole values, row by row; and a judge.

mod feed;

mod depth;
mod market_data;
mod orders;

mod judge;
