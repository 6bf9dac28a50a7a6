//! The five StockQuest sockets: market data, portfolio, orders, risk and signals, each raw or
//! under SockJS, all in one envelope `{type, timestamp, seq?, id?, data}`. A session is one loop
//! with the room of its socket; what is due every second is encoded once for all by the studio.
//! Orders go the way of every other order; figures come from the engine's views alone.

pub(crate) mod asyncapi;
mod envelope;
mod figures;
mod followed;
mod history;
mod holdings;
mod host;
mod indicators;
mod kind;
mod market_data;
mod moment;
pub(crate) mod order_news;
mod orders;
mod pace;
mod portfolio;
mod quote;
mod risk;
mod room;
mod service;
mod session;
mod settings;
mod shape;
mod signals;
mod studio;
mod thresholds;

pub use kind::Socket;
pub use service::{Hall, StockQuest};
pub use settings::Settings;
pub use thresholds::{RiskSettings, Thresholds};
