//! Every protocol, the sessions behind them and the way to and from the engine. Bytes become
//! commands here and events become bytes again; no decision is taken here, and neither the rings
//! nor the book are known.

pub mod adapters;
pub mod admin;
pub mod app;
pub mod audit;
pub mod bucket;
pub mod config;
pub mod connections;
pub mod demo;
pub mod desk;
pub mod fanout;
pub mod feeds;
pub mod http;
pub mod identity;
mod intake;
mod jose;
mod keepsake;
pub mod language;
pub mod listing;
pub mod metrics;
mod notation;
pub mod openapi;
pub mod peer;
pub mod plaza;
pub mod publisher;
pub mod schedule;
pub mod sockjs;
pub mod stockquest;
pub mod stomp;
pub mod stream;
pub mod ui;
pub mod workshop;
pub mod xtrader;

pub use app::App;
pub use config::Config;
