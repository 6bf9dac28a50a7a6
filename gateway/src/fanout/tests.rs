//! The hub over the real engine with a clock of our own: what clients are told is compared with
//! what the views remember, over random markets, days of them, with queues too small to keep up.

mod bench;
mod site;
mod truth;
