//! What a session speaks.

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    XTrader,
    Stomp,
    MarketData,
    Portfolio,
    Orders,
    RiskMonitoring,
    MlSignals,
    /// Of events, for other programs.
    Stream,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::XTrader,
        Self::Stomp,
        Self::MarketData,
        Self::Portfolio,
        Self::Orders,
        Self::RiskMonitoring,
        Self::MlSignals,
        Self::Stream,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::XTrader => "xtrader",
            Self::Stomp => "stomp",
            Self::MarketData => "market-data",
            Self::Portfolio => "portfolio",
            Self::Orders => "orders",
            Self::RiskMonitoring => "risk-monitoring",
            Self::MlSignals => "ml-signals",
            Self::Stream => "stream",
        }
    }
}
