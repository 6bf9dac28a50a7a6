//! What happened: the only answer there is; acknowledgements, refusals and market data are all
//! derived from these, in this order. Plain data of at most 104 bytes.
//! The visible book can be kept from events alone: every event that changes it says the level's
//! total visible quantity afterwards, save a continuous `Trade`, which takes its quantity from the
//! level of the resting order at the trade's price. An uncross says its levels after its trades.
//!
//! Tickets, too: an order takes one with an `Accepted` whose `level` is not zero, with `Rested`,
//! `Waiting` and `Refreshed`, and with an `Amended` that lost its priority and is in the book.

use crate::command::{
    Access, AccountFields, CancelReason, ExternalTrade, Foreign, Link, Liquidation, OrderFields,
    OrderType, Prayer, SelfTrade, Ticker, TimeInForce, Venue,
};
use crate::id::OrderId;
use crate::instrument::{Bounds, Instrument, Status};
use crate::reason::Reason;
use crate::text::{AccountName, AssetName, ClientOrderId, Symbol};
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
    /// What else was said of an order that was just accepted; only if something was.
    Conditions(Conditions),
    /// A stop waits at the back of those with its stop price.
    Waiting(Waiting),
    /// A stop fired: from here on it is a market or limit order.
    Triggered(Triggered),
    /// An iceberg shows its next tip, at the back of its level.
    Refreshed(Refreshed),
    /// Self-trade prevention took the same quantity from both.
    Decremented(Decremented),
    /// What an auction would trade now.
    Auction(Auction),
    Status(StatusChanged),
    /// How an account's balance stands at the end of the command.
    Balance(Balance),
    AssetOpened(AssetOpened),
    /// An instrument was created or changed; this is how it stands now.
    Instrument(Instrument),
    /// The bounds of an instrument were set; this is how they stand now.
    Bounds(Bounds),
    AccountOpened(AccountOpened),
    /// An account became funded, or its settings were changed; this is how they stand now.
    Account(AccountSettings),
    Prayed(Prayed),
    Ticker(Ticker),
    Liquidation(Liquidation),
    ExternalTrade(ExternalTrade),
    /// A venue's book is told anew: its levels follow, and nothing else.
    ExternalDepth(ExternalHead),
    /// The next level of the venue's book that is being told: bids first, best first.
    ExternalLevel(ExternalQuote),
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
    Oco = 10,
    Oto = 11,
    Status = 12,
    Uncross = 13,
    EndOfDay = 14,
    Deposit = 15,
    Withdraw = 16,
    Account = 17,
    ExternalTrade = 18,
    ExternalDepth = 19,
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
            Self::Oco => "oco",
            Self::Oto => "oto",
            Self::Status => "status",
            Self::Uncross => "uncross",
            Self::EndOfDay => "end_of_day",
            Self::Deposit => "deposit",
            Self::Withdraw => "withdraw",
            Self::Account => "account",
            Self::ExternalTrade => "external_trade",
            Self::ExternalDepth => "external_depth",
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

/// How a trade came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Phase {
    /// A taker met a resting order, at whose price they traded.
    Continuous = 1,
    /// Both rested; the later one is the taker.
    Uncross = 2,
}

/// `price` is the resting order's, or the auction's; quantities in the instrument's steps; fees
/// in the smallest unit of the quote asset, negative = a rebate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    pub maker: OrderId,
    pub taker: OrderId,
    pub maker_account: AccountId,
    pub taker_account: AccountId,
    pub instrument: InstrumentId,
    pub taker_side: Side,
    pub phase: Phase,
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

/// `price` 0 and `level` 0: a market order in a call phase, ahead of every price.
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

/// Fields that were not given are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conditions {
    pub order: OrderId,
    /// The other order of its pair; default: it has none.
    pub partner: OrderId,
    /// Which pair.
    pub link: Option<Link>,
    pub stop_price: Price,
    pub trail: Price,
    pub display: Quantity,
    pub min_quantity: Quantity,
    pub expire_at_ns: u64,
    pub budget: Money,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    /// 0: a trailing stop, which moves; see `trail`.
    pub stop_price: Price,
    /// 0: it does not trail.
    pub trail: Price,
    pub quantity: Quantity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Triggered {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    /// The trade price that elected it.
    pub price: Price,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refreshed {
    pub order: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Price,
    /// Visible from now on.
    pub tip: Quantity,
    /// Open and not visible.
    pub hidden: Quantity,
    pub level: Quantity,
}

/// Both orders are of `account`. What reaches zero is `Cancelled` next, the maker first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decremented {
    pub maker: OrderId,
    pub taker: OrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub taker_side: Side,
    pub phase: Phase,
    /// The maker's.
    pub price: Price,
    pub quantity: Quantity,
    /// Of the maker's level.
    pub level: Quantity,
    /// Of the taker's level, in an uncross; else zero.
    pub taker_level: Quantity,
}

/// `price` 0: nothing would trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Auction {
    pub instrument: InstrumentId,
    pub price: Price,
    pub volume: Quantity,
    pub surplus: Quantity,
    /// None: no surplus.
    pub surplus_side: Option<Side>,
}

/// Why the status changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum StatusCause {
    /// A command said so.
    Command = 1,
    /// A taker met its execution range.
    Interruption = 2,
    /// The interruption's time was over.
    InterruptionEnd = 3,
}

impl StatusCause {
    pub fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Interruption => "interruption",
            Self::InterruptionEnd => "interruption_end",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusChanged {
    pub instrument: InstrumentId,
    pub status: Status,
    pub cause: StatusCause,
}

/// Smallest units of the asset, absolute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Balance {
    pub account: AccountId,
    pub asset: AssetId,
    pub free: Money,
    pub locked: Money,
}

/// Whether orders of an account need money behind them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Funding {
    Unfunded = 1,
    Funded = 2,
}

/// A decimal, laid out so that an event needs no 16-byte alignment.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Amount {
    pub mantissa: Money,
    pub scale: u8,
}

/// Limits and fees that are not in `fields` do not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountSettings {
    pub account: AccountId,
    pub funding: Funding,
    pub access: Access,
    pub self_trade: SelfTrade,
    pub fields: AccountFields,
    pub max_open_orders: u32,
    pub orders_per_second: u32,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    pub max_quantity: Amount,
    pub max_notional: Amount,
    pub position_limit: Amount,
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
    /// 0: it was at no level (a pending stop, a market order in a call phase), so none changed.
    pub old_price: Price,
    /// 0: it has no limit.
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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExternalHead {
    pub venue: Venue,
    pub symbol: Symbol,
    /// How many levels of each side follow.
    pub bids: u8,
    pub asks: u8,
    pub update_id: u64,
    pub event_time_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExternalQuote {
    pub side: Side,
    pub price: Foreign,
    pub quantity: Foreign,
}
