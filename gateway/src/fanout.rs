//! Fan-out: what the projector shows becomes messages in the bounded outboxes of clients. A
//! thread of its own owns topics and subscribers, encodes each message once and shares the bytes;
//! sessions take a seat, ask for topics and drain their outbox. It knows no socket, and of the
//! engine only views and events.

mod accounts;
mod client;
mod counters;
mod depth;
mod due;
pub(crate) mod feed;
mod foreign;
mod group;
mod hub;
mod interest;
pub(crate) mod json;
pub(crate) mod listings;
mod market;
mod mirror;
mod outbox;
pub(crate) mod private;
pub(crate) mod public;
mod replay;
mod site;
mod standing;
mod thread;
mod topic;
mod wakeup;

use std::time::Duration;

pub(crate) use client::wall_ms;
pub use counters::{Counter, Counters};
pub(crate) use due::{About, Asker, Due, Place, Told};
pub use feed::HubFeed;
pub(crate) use hub::{Ask, Seat};
pub use hub::{Connection, Hub};
pub use outbox::Limits;
pub(crate) use outbox::{Ending, Outbox};
pub use public::OrderIds;
pub(crate) use replay::TooOld;
pub(crate) use site::{PRIMARY_SYMBOL, PRIMARY_VENUE};
pub(crate) use topic::{Channel, Dialect, Only, Site, Topic, Wish};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Of each client.
    pub outbox: Limits,
    pub order_ids: OrderIds,
    /// News that may wait for the fan-out thread; then topics are rebuilt from the views.
    pub news_max: usize,
    /// Between two Pings to a client.
    pub heartbeat: Duration,
    /// A client that sends no frame for so long is gone.
    pub silence_max: Duration,
    /// A forced order of this worth is marked as large.
    pub large_liquidation_usd: u64,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        outbox: Limits::DEFAULT,
        order_ids: OrderIds::Shown,
        news_max: 1 << 16,
        heartbeat: Duration::from_secs(30),
        silence_max: Duration::from_secs(60),
        large_liquidation_usd: 100_000,
    };
}

#[cfg(test)]
mod tests;
