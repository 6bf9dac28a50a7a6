//! The core: a pure state machine that decides. In by argument, out through the caller's sink.
//! It knows no clock, thread, file, float or seeded hasher: it is `no_std`, and clippy's lists say
//! the rest. Commands enter with a stamp, events leave in the order they happened; nothing else
//! goes in or comes out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod command;
pub mod decimal;
pub mod event;
pub mod id;
pub mod instrument;
pub mod reason;
pub mod snapshot;
pub mod text;
pub mod types;

pub mod book;

mod accounts;
mod auction;
mod canonical;
mod clients;
mod conditions;
mod exchange;
mod expiries;
mod feeds;
mod holdings;
mod instruments;
mod keyed;
mod ledger;
mod limits;
mod matching;
mod reach;
mod terms;
mod timers;
mod trails;

pub use command::Command;
pub use decimal::Decimal;
pub use event::Event;
pub use exchange::{AssetTotals, BookOrder, Exchange, StopOrder};
pub use id::{ExecutionId, OrderId};
pub use instrument::Instrument;
pub use reason::Reason;
pub use text::{AccountName, AssetName, ClientOrderId, Symbol};
pub use types::{AccountId, InstrumentId, Price, Quantity, Sequence, Side, Stamp};

/// The version of the rules that this build decides by; a journal names its own in `Genesis`, and
/// is decided by that until a later `Genesis` moves it on. Rules 1 had limit and market orders only
/// and refused every later field `bad_combination`.
pub const RULES_VERSION: u32 = 2;
