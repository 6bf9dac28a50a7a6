//! The vocabulary: the five sockets, and what each tells. What a socket is asked stands with its
//! room; what all are asked stands here.

use serde::Serialize;

use crate::connections::Kind;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Socket {
    MarketData,
    Portfolio,
    Orders,
    RiskMonitoring,
    MlSignals,
}

impl Socket {
    pub const ALL: [Self; 5] =
        [Self::MarketData, Self::Portfolio, Self::Orders, Self::RiskMonitoring, Self::MlSignals];

    /// Below `/ws/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MarketData => "market-data",
            Self::Portfolio => "portfolio",
            Self::Orders => "orders",
            Self::RiskMonitoring => "risk-monitoring",
            Self::MlSignals => "ml-signals",
        }
    }

    pub fn path(self) -> &'static str {
        match self {
            Self::MarketData => "/ws/market-data",
            Self::Portfolio => "/ws/portfolio",
            Self::Orders => "/ws/orders",
            Self::RiskMonitoring => "/ws/risk-monitoring",
            Self::MlSignals => "/ws/ml-signals",
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Self::MarketData => Kind::MarketData,
            Self::Portfolio => Kind::Portfolio,
            Self::Orders => Kind::Orders,
            Self::RiskMonitoring => Kind::RiskMonitoring,
            Self::MlSignals => Kind::MlSignals,
        }
    }

    /// Every word that a client may say here.
    #[cfg(test)]
    pub(super) fn asked(self) -> Vec<&'static str> {
        fn words<T>(rows: &[(&'static str, T)]) -> Vec<&'static str> {
            rows.iter().map(|(word, _)| *word).collect()
        }
        let own = match self {
            Self::MarketData => words(super::market_data::ASKS),
            Self::Portfolio => words(super::portfolio::ASKS),
            Self::Orders => words(super::orders::ASKS),
            Self::RiskMonitoring => words(super::risk::ASKS),
            Self::MlSignals => words(super::signals::ASKS),
        };
        words(COMMON).into_iter().chain(own).collect()
    }

    /// Whether it shows what belongs to an account.
    pub fn is_private(self) -> bool {
        match self {
            Self::Portfolio | Self::Orders | Self::RiskMonitoring => true,
            Self::MarketData | Self::MlSignals => false,
        }
    }
}

/// What every socket is asked, beside what its room understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Common {
    Auth,
    Heartbeat,
}

pub(super) const COMMON: &[(&str, Common)] =
    &[("AUTH", Common::Auth), ("HEARTBEAT", Common::Heartbeat)];

const EVERY: &[Socket] = &Socket::ALL;
const MARKET: &[Socket] = &[Socket::MarketData];
const PORTFOLIO: &[Socket] = &[Socket::Portfolio];
const ORDERS: &[Socket] = &[Socket::Orders];
const RISK: &[Socket] = &[Socket::RiskMonitoring];
const SIGNALS: &[Socket] = &[Socket::MlSignals];

/// What a socket tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Told {
    ConnectionEstablished,
    AuthConfirmed,
    SubscriptionConfirmed,
    Heartbeat,
    Error,
    QuoteResponse,
    HistoricalData,
    AnalyticsData,
    RealTimeUpdate,
    InitialData,
    MarketOverview,
    PortfolioList,
    PortfolioAnalytics,
    PortfolioSnapshot,
    PortfolioUpdate,
    PositionUpdate,
    PositionDetails,
    ActiveOrders,
    OrderStatus,
    OrderHistory,
    OrderSubmitted,
    OrderFilled,
    OrderPartiallyFilled,
    OrderCancelled,
    OrderRejected,
    OrderModified,
    ExecutionReport,
    RiskUpdate,
    RiskAlert,
    SignalUpdate,
    PortfolioOptimization,
}

impl Told {
    pub(crate) const ALL: [(Self, &'static [Socket]); 31] = [
        (Self::ConnectionEstablished, EVERY),
        (Self::AuthConfirmed, EVERY),
        (Self::SubscriptionConfirmed, EVERY),
        (Self::Heartbeat, EVERY),
        (Self::Error, EVERY),
        (Self::QuoteResponse, MARKET),
        (Self::HistoricalData, MARKET),
        (Self::AnalyticsData, MARKET),
        (Self::RealTimeUpdate, MARKET),
        (Self::InitialData, MARKET),
        (Self::MarketOverview, MARKET),
        (Self::PortfolioList, PORTFOLIO),
        (Self::PortfolioAnalytics, PORTFOLIO),
        (Self::PortfolioSnapshot, PORTFOLIO),
        (Self::PortfolioUpdate, PORTFOLIO),
        (Self::PositionUpdate, PORTFOLIO),
        (Self::PositionDetails, PORTFOLIO),
        (Self::ActiveOrders, ORDERS),
        (Self::OrderStatus, ORDERS),
        (Self::OrderHistory, ORDERS),
        (Self::OrderSubmitted, ORDERS),
        (Self::OrderFilled, ORDERS),
        (Self::OrderPartiallyFilled, ORDERS),
        (Self::OrderCancelled, ORDERS),
        (Self::OrderRejected, ORDERS),
        (Self::OrderModified, ORDERS),
        (Self::ExecutionReport, ORDERS),
        (Self::RiskUpdate, RISK),
        (Self::RiskAlert, RISK),
        (Self::SignalUpdate, SIGNALS),
        (Self::PortfolioOptimization, SIGNALS),
    ];
}
