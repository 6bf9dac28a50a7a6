//! What happened. An event is the only answer there is: acknowledgements, refusals and market
//! data are all derived from these, in this order. Plain data of at most 104 bytes.
//!
//! The visible book can be kept from events alone: every event that changes it says the level's
//! total visible quantity afterwards, save `Trade`, which takes its quantity from the level of
//! the resting order at the trade's price.

use crate::command::{
    CancelReason, Liquidation, OrderFields, OrderType, Prayer, SelfTrade, Ticker, TimeInForce,
};
use crate::id::OrderId;
use crate::instrument::Instrument;
use crate::reason::Reason;
use crate::text::{AccountName, AssetName, ClientOrderId};
use crate::types::{AccountId, AssetId, InstrumentId, Price, Quantity, Side};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The order is in: it rests, trades or waits. First event of its command.
    Accepted(Accepted),
    /// The command changed nothing.
    Rejected(Rejected),
    Trade(Trade),
    /// What was left of a taker has come to rest, after its trades.
    Rested(Rested),
    Cancelled(Cancelled),
    Amended(Amended),
    /// A level changed in a way that no other event says.
    Level(Level),
    AssetOpened(AssetOpened),
    /// An instrument was created or changed; this is how it stands now.
    Instrument(Instrument),
    AccountOpened(AccountOpened),
    Prayed(Prayed),
    Ticker(Ticker),
    Liquidation(Liquidation),
    /// The command was carried out and there is nothing else to say of it.
    Done,
}

const _: () = assert!(size_of::<Event>() <= 104, "an output slot is 128 bytes, 24 its header");

/// Whether an order came in with this command or was in already.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Entry {
    New = 0,
    /// An idempotent repeat: `order` is the first one's id, nothing was entered.
    Duplicate = 1,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTrade,
    pub entry: Entry,
    pub fields: OrderFields,
    pub client_order_id: ClientOrderId,
    pub price: Price,
    pub quantity: Quantity,
    /// Total visible quantity of its level once it rests there; zero: it does not rest (yet).
    pub level: Quantity,
}

/// What was refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Op {
    New = 1,
    Cancel = 2,
    Amend = 3,
    MassCancel = 4,
    Instrument = 5,
    Pray = 6,
    Ticker = 7,
    Liquidation = 8,
    Genesis = 9,
}

impl Op {
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Cancel => "cancel",
            Self::Amend => "amend",
            Self::MassCancel => "mass_cancel",
            Self::Instrument => "instrument",
            Self::Pray => "pray",
            Self::Ticker => "ticker",
            Self::Liquidation => "liquidation",
            Self::Genesis => "genesis",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejected {
    pub op: Op,
    pub reason: Reason,
    /// 0: the account is not known.
    pub account: AccountId,
    /// 0: the instrument is not known or does not matter.
    pub instrument: InstrumentId,
    /// As the command named it; default: it named none.
    pub order: OrderId,
    pub client_order_id: ClientOrderId,
}

/// `price` is the resting order's; quantities in the instrument's steps; fees in the smallest
/// unit of the quote asset, negative = a rebate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    pub maker: OrderId,
    pub taker: OrderId,
    pub maker_account: AccountId,
    pub taker_account: AccountId,
    pub instrument: InstrumentId,
    pub taker_side: Side,
    pub price: Price,
    pub quantity: Quantity,
    pub maker_fee: Money,
    pub taker_fee: Money,
}

/// A 128-bit count of an asset's smallest unit, laid out so that an event needs no 16-byte
/// alignment.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Money {
    high: i64,
    low: u64,
}

impl Money {
    pub const ZERO: Self = Self { high: 0, low: 0 };

    pub fn new(units: i128) -> Self {
        Self { high: (units >> 64) as i64, low: units as u64 }
    }

    pub fn units(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }
}

impl core::fmt::Debug for Money {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Money({})", self.units())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rested {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Price,
    /// Open quantity, hidden included.
    pub quantity: Quantity,
    pub level: Quantity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub reason: CancelReason,
    /// Where the order stood.
    pub place: Place,
    pub price: Price,
    /// Open quantity taken away, hidden included.
    pub quantity: Quantity,
    /// Of the level it rested at.
    pub level: Quantity,
}

/// Whether an order was part of the book at that moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Place {
    /// It rested at its price.
    Book = 1,
    /// It was matching, or waiting for its trigger.
    OffBook = 2,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Priority {
    Kept = 1,
    Lost = 2,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amended {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub priority: Priority,
    /// `Book`: it rests again at `price`; `OffBook`: it goes on to trade there.
    pub place: Place,
    pub old_price: Price,
    pub price: Price,
    /// The new open quantity, hidden included.
    pub quantity: Quantity,
    /// Of the level it left; the same as `level` when the price is the same and it rests.
    pub old_level: Quantity,
    pub level: Quantity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetOpened {
    pub asset: AssetId,
    pub name: AssetName,
    pub decimals: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountOpened {
    pub account: AccountId,
    pub name: AccountName,
}

/// Totals after the vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prayed {
    pub side: Prayer,
    pub count: u32,
    pub up_total: u64,
    pub down_total: u64,
}

/// Where the core puts what happened: straight into the caller's memory, one at a time, so that
/// a command with 100,000 events needs no buffer of that size.
pub trait Sink {
    fn event(&mut self, event: &Event);
}

impl<F: FnMut(&Event)> Sink for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}
