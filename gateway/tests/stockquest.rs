//! The five StockQuest sockets as a client sees them: over a WebSocket to the real listener,
//! envelope by envelope, with ticks of a few milliseconds.

#![allow(clippy::unwrap_used, reason = "all of this is test code")]

mod support;

#[path = "stockquest/client.rs"]
mod client;
#[path = "stockquest/endings.rs"]
mod endings;
#[path = "stockquest/floods.rs"]
mod floods;
#[path = "stockquest/market_data.rs"]
mod market_data;
#[path = "stockquest/orders.rs"]
mod orders;
#[path = "stockquest/pages.rs"]
mod pages;
#[path = "stockquest/portfolio.rs"]
mod portfolio;
#[path = "stockquest/risk.rs"]
mod risk;
#[path = "stockquest/routing.rs"]
mod routing;
#[path = "stockquest/signals.rs"]
mod signals;
