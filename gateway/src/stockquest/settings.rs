//! How often what is told, and every limit of the five sockets with its effect.

use std::time::Duration;

/// Schedules count in ticks: an interval that a client wishes for is rounded up to whole ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Prices, and the least interval of anything.
    pub tick: Duration,
    /// Market overview, in ticks.
    pub overview_ticks: u64,
    /// Positions of a portfolio, in ticks.
    pub positions_ticks: u64,
    /// Value of a portfolio, in ticks.
    pub value_ticks: u64,
    /// Risk figures and alerts, in ticks.
    pub risk_ticks: u64,
    /// HEARTBEAT, and the ping of a WebSocket without SockJS.
    pub heartbeat: Duration,
    /// Nothing from the client for so long, pongs included: close 4408.
    pub idle_max: Duration,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        tick: Duration::from_secs(1),
        overview_ticks: 30,
        positions_ticks: 2,
        value_ticks: 5,
        risk_ticks: 5,
        heartbeat: Duration::from_secs(30),
        idle_max: Duration::from_secs(300),
    };
}
