//! What is asked of the exchange. Plain data, copied, never boxed; every command that has its
//! place in the journal is one of these. Fields that a command may leave out are marked in a set
//! beside them, so that a value is carried exactly as it was given, the wrong ones too: it is the
//! core that refuses, in its order.

use crate::decimal::Decimal;
use crate::id::OrderId;
use crate::instrument::{Status, Step};
use crate::text::{AccountName, AssetName, ClientOrderId, Symbol, Text};
use crate::types::{AccountId, InstrumentId, Price, Quantity, Side};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Sequence 1 of every journal: the rules and every limit that decides.
    Genesis(Genesis),
    /// Creates an instrument, or changes the named fields of a known one.
    Instrument(InstrumentSpec),
    Place(Order),
    /// Two linked orders, entered together or not at all.
    Pair(Pair),
    Cancel(Cancel),
    Amend(Amend),
    MassCancel(MassCancel),
    /// An instrument opens, halts, closes, or calls an auction.
    Status(StatusChange),
    /// Ends the call phase of an instrument: what can trade does, then it is open.
    Uncross(Uncross),
    /// Day orders expire.
    EndOfDay(EndOfDay),
    /// Money comes in or goes out.
    Transfer(Transfer),
    /// Opens an account, or changes the named settings of a known one.
    Account(AccountSpec),
    /// Time passes: what is due by the stamp happens.
    Clock,
    Pray(Pray),
    Ticker(Ticker),
    Liquidation(Liquidation),
    ExternalTrade(ExternalTrade),
    ExternalDepth(ExternalDepth),
}

/// Everything that decides and is not in a rule. A later one changes the limits: none may fall
/// below what an earlier one allowed, and the rules only move on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Genesis {
    pub rules_version: u32,
    /// Live orders of all instruments together; one more is `book_full`.
    pub orders_max: u32,
    /// Accounts ever opened; one more is `account_limit`.
    pub accounts_max: u32,
    pub instruments_max: u16,
    pub assets_max: u16,
    /// Closed orders whose client order ids are remembered, over all accounts.
    pub closed_ids_max: u32,
    /// The same for one account.
    pub closed_ids_per_account_max: u32,
    /// Messages of a venue and symbol among which an exact duplicate is found.
    pub feed_window: u32,
    /// Pairs of an account and an instrument it ever had an order in; one more is `account_limit`.
    pub positions_max: u32,
    /// Pairs of a funded account and an asset; one more is `account_limit`.
    pub balances_max: u32,
    /// Trailing stops that wait at the same time; one more is `order_limit`.
    pub trailing_max: u32,
    pub actor: Actor,
}

impl Genesis {
    pub const DEFAULT: Self = Self {
        rules_version: crate::RULES_VERSION,
        orders_max: 1 << 20,
        accounts_max: 1 << 16,
        instruments_max: 256,
        assets_max: 256,
        closed_ids_max: 1 << 20,
        closed_ids_per_account_max: 1024,
        feed_window: 4096,
        positions_max: 1 << 18,
        balances_max: 1 << 18,
        trailing_max: 1 << 16,
        actor: Actor::EMPTY,
    };
}

macro_rules! field_set {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($field:ident = $bit:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name(pub $repr);

        impl $name {
            pub const NONE: Self = Self(0);
            $(pub const $field: Self = Self(1 << $bit);)*
            /// Every bit that has a meaning.
            pub const KNOWN: Self = Self(0 $(| 1 << $bit)*);

            pub fn has(self, field: Self) -> bool {
                self.0 & field.0 != 0
            }

            #[must_use]
            pub fn with(self, field: Self) -> Self {
                Self(self.0 | field.0)
            }
        }
    };
}

field_set! {
    /// Which optional fields of an instrument command were given.
    InstrumentFields: u16 {
        PRICE_STEP = 0, QUANTITY_STEP = 1, MAKER_FEE = 2, TAKER_FEE = 3, STATUS = 4,
        BAND_LOW = 5, BAND_HIGH = 6, EXECUTION_RANGE = 7, INTERRUPTION = 8, MAX_QUANTITY = 9,
        MIN_NOTIONAL = 10, REFERENCE_PRICE = 11, BASE = 12, QUOTE = 13,
        BASE_DECIMALS = 14, QUOTE_DECIMALS = 15,
    }
}

/// Fields that are not in `fields` are at their `EMPTY` value. Prices count the price step that
/// the command names, or that the instrument has. A bound, range, length, maximum, minimum or
/// reference of 0 takes the rule away; a price below 0 is what an edge could not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentSpec {
    pub symbol: Symbol,
    pub base: AssetName,
    pub quote: AssetName,
    pub fields: InstrumentFields,
    pub base_decimals: u8,
    pub quote_decimals: u8,
    pub status: Status,
    pub price_step: Step,
    pub quantity_step: Step,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    pub execution_range_ppm: u32,
    pub interruption_ns: u64,
    pub band_low: Price,
    pub band_high: Price,
    pub reference_price: Price,
    pub max_quantity: Quantity,
    pub min_notional: i128,
    pub actor: Actor,
}

impl InstrumentSpec {
    pub const EMPTY: Self = Self {
        symbol: Symbol::EMPTY,
        base: AssetName::EMPTY,
        quote: AssetName::EMPTY,
        fields: InstrumentFields::NONE,
        base_decimals: 0,
        quote_decimals: 0,
        status: Status::Open,
        price_step: Step::ONE,
        quantity_step: Step::ONE,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        execution_range_ppm: 0,
        interruption_ns: 0,
        band_low: Price(0),
        band_high: Price(0),
        reference_price: Price(0),
        max_quantity: Quantity(0),
        min_notional: 0,
        actor: Actor::EMPTY,
    };
}

/// Who asks: by number once the core has answered with one, by name until then. An unknown name
/// opens an unfunded account in the same command, if that command enters an order or a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountRef {
    Id(AccountId),
    Name(AccountName),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum OrderType {
    Limit = 1,
    Market = 2,
    Stop = 3,
    StopLimit = 4,
    TrailingStop = 5,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum TimeInForce {
    Gtc = 1,
    Ioc = 2,
    Fok = 3,
    Day = 4,
    Gtd = 5,
}

/// What happens when an order meets one of its own account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum SelfTrade {
    /// The account's default mode.
    AccountDefault = 0,
    None = 1,
    CancelTaker = 2,
    CancelMaker = 3,
    CancelBoth = 4,
    Decrement = 5,
}

field_set! {
    /// Which optional fields of an order were given, and its one flag.
    OrderFields: u16 {
        PRICE = 0, QUANTITY = 1, STOP_PRICE = 2, TRAIL = 3, DISPLAY = 4, MIN_QUANTITY = 5,
        BUDGET = 6, PROTECTION = 7, EXPIRE_AT = 8, POST_ONLY = 9, TIME_IN_FORCE = 10,
    }
}

/// A new order, with every field that the rules know. Fields not in `fields` are zero
/// (`time_in_force`: Gtc).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    pub account: AccountRef,
    pub instrument: InstrumentId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTrade,
    pub fields: OrderFields,
    pub client_order_id: ClientOrderId,
    pub price: Price,
    pub quantity: Quantity,
    pub stop_price: Price,
    /// Distance in price steps.
    pub trail: Price,
    pub display: Quantity,
    pub min_quantity: Quantity,
    /// Smallest units of the quote asset, fee included.
    pub budget: i128,
    /// Price steps beyond the best opposite price.
    pub protection: Price,
    pub expire_at_ns: u64,
}

impl Order {
    /// A good-till-cancelled limit order with nothing else said.
    pub fn limit(
        account: AccountRef,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> Self {
        Self {
            account,
            instrument,
            side,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::AccountDefault,
            fields: OrderFields::PRICE.with(OrderFields::QUANTITY),
            client_order_id: ClientOrderId::EMPTY,
            price,
            quantity,
            stop_price: Price(0),
            trail: Price(0),
            display: Quantity(0),
            min_quantity: Quantity(0),
            budget: 0,
            protection: Price(0),
            expire_at_ns: 0,
        }
    }

    pub fn has(&self, field: OrderFields) -> bool {
        self.fields.has(field)
    }
}

/// How the orders of a pair hang together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Link {
    /// One cancels the other.
    Oco = 1,
    /// The second waits, parked, until the first is completely filled.
    Oto = 2,
}

/// `legs` are of one account and one instrument; leg 0 is OTO's parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    pub link: Link,
    pub legs: [Order; 2],
}

/// Who gave an administrative command, for the record; it decides nothing. Empty: nobody said.
pub type Actor = Text<32>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusChange {
    pub instrument: InstrumentId,
    pub status: Status,
    pub actor: Actor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uncross {
    pub instrument: InstrumentId,
    pub actor: Actor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndOfDay {
    /// None: every instrument.
    pub instrument: Option<InstrumentId>,
    pub actor: Actor,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Direction {
    Deposit = 1,
    Withdraw = 2,
}

/// A deposit opens an account that nobody has opened, and makes it a funded one. `amount` is
/// positive and a whole number of the asset's smallest units, else `bad_amount`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    pub account: AccountRef,
    pub asset: AssetName,
    pub direction: Direction,
    pub amount: Decimal,
    pub actor: Actor,
}

field_set! {
    /// Settings of an account.
    AccountFields: u16 {
        SELF_TRADE = 0, MAX_QUANTITY = 1, MAX_NOTIONAL = 2, MAX_OPEN_ORDERS = 3,
        ORDERS_PER_SECOND = 4, POSITION_LIMIT = 5, MAKER_FEE = 6, TAKER_FEE = 7, ENABLED = 8,
    }
}

/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Access {
    Enabled = 1,
    /// The kill switch: its orders are cancelled and it enters none.
    Disabled = 2,
}

/// Fields not in `fields` are at their `EMPTY` value; limits and fees in `cleared` are taken away.
/// Quantities in units of the base asset, notionals in units of the quote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountSpec {
    pub account: AccountRef,
    pub fields: AccountFields,
    pub cleared: AccountFields,
    pub self_trade: SelfTrade,
    pub access: Access,
    pub max_open_orders: u32,
    pub orders_per_second: u32,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    pub max_quantity: Decimal,
    pub max_notional: Decimal,
    pub position_limit: Decimal,
    pub actor: Actor,
}

impl AccountSpec {
    /// Changes nothing yet.
    pub fn of(account: AccountRef) -> Self {
        Self {
            account,
            fields: AccountFields::NONE,
            cleared: AccountFields::NONE,
            self_trade: SelfTrade::None,
            access: Access::Enabled,
            max_open_orders: 0,
            orders_per_second: 0,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            max_quantity: Decimal::ZERO,
            max_notional: Decimal::ZERO,
            position_limit: Decimal::ZERO,
            actor: Actor::EMPTY,
        }
    }
}

/// Which order is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Order(OrderId),
    Client(ClientOrderId),
}

/// Why an order left the book without trading; the words of the tape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum CancelReason {
    User = 1,
    Ioc = 2,
    SelfTrade = 3,
    Expired = 4,
    Oco = 5,
    Mass = 6,
    Range = 7,
    Uncross = 8,
    Closed = 9,
    Admin = 10,
    Disconnect = 11,
    Timer = 12,
}

impl CancelReason {
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ioc => "ioc",
            Self::SelfTrade => "stp",
            Self::Expired => "expired",
            Self::Oco => "oco",
            Self::Mass => "mass",
            Self::Range => "range",
            Self::Uncross => "uncross",
            Self::Closed => "closed",
            Self::Admin => "admin",
            Self::Disconnect => "disconnect",
            Self::Timer => "timer",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancel {
    pub account: AccountRef,
    pub target: Target,
}

field_set! {
    /// Which fields of an amend were given.
    AmendFields: u8 { QUANTITY = 0, PRICE = 1, STOP_PRICE = 2, TRAIL = 3, }
}

/// `quantity` is the new open quantity, hidden included; zero cancels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amend {
    pub account: AccountRef,
    pub target: Target,
    pub fields: AmendFields,
    pub quantity: Quantity,
    pub price: Price,
    pub stop_price: Price,
    pub trail: Price,
}

/// Cancels every live order of the account that matches what is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MassCancel {
    pub account: AccountRef,
    pub instrument: Option<InstrumentId>,
    pub side: Option<Side>,
    /// `Mass` when the account asked; `Admin`, `Disconnect` or `Timer` when somebody did for it.
    pub reason: CancelReason,
    /// Who did, with `Admin`.
    pub actor: Actor,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Prayer {
    Up = 1,
    Down = 2,
}

/// `count` votes at once, 1..=100; anything else is refused `bad_quantity`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pray {
    pub side: Prayer,
    pub count: u32,
}

/// A venue's name as its feed says it.
pub type Venue = Text<16>;

/// A number of a foreign venue, in that venue's own decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Foreign {
    pub mantissa: i64,
    pub scale: u8,
}

impl Foreign {
    /// None: more than 18 digits of mantissa or 18 decimals.
    pub fn from_decimal(decimal: Decimal) -> Option<Self> {
        let mantissa = i64::try_from(decimal.mantissa()).ok()?;
        (decimal.scale() <= 18).then_some(Self { mantissa, scale: decimal.scale() })
    }

    /// The mantissa that says the same at a finer scale; None if it does not fit.
    fn rescaled(self, scale: u8) -> Option<i64> {
        let finer = scale.checked_sub(self.scale)?;
        self.mantissa.checked_mul(10i64.checked_pow(u32::from(finer))?)
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(i128::from(self.mantissa), self.scale)
    }
}

/// What a venue said of a symbol's price; `change_24h` in percent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticker {
    pub venue: Venue,
    pub symbol: Symbol,
    pub price: Foreign,
    pub change_24h: Foreign,
    /// The venue's own event time, milliseconds as it sent them.
    pub event_time_ms: u64,
}

/// A forced order that a venue reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Liquidation {
    pub venue: Venue,
    pub symbol: Symbol,
    /// Side of the forced order.
    pub side: Side,
    pub quantity: Foreign,
    pub price: Foreign,
    pub event_time_ms: u64,
}

/// A trade that a venue reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExternalTrade {
    pub venue: Venue,
    pub symbol: Symbol,
    /// Of the taker.
    pub side: Side,
    pub price: Foreign,
    pub quantity: Foreign,
    /// The venue's own number of it.
    pub trade_id: u64,
    pub event_time_ms: u64,
}

/// Levels of a side that a command carries.
pub const EXTERNAL_LEVELS_MAX: usize = 8;

/// One side of a venue's book, best first, in the scales of its depth; nothing behind `count`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExternalSide {
    count: u8,
    levels: [ExternalLevel; EXTERNAL_LEVELS_MAX],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExternalLevel {
    pub price: i64,
    pub quantity: i64,
}

impl ExternalSide {
    /// The best of `levels`: more than a command carries are cut off.
    pub fn new(levels: impl IntoIterator<Item = ExternalLevel>) -> Self {
        let mut side = Self::default();
        for (place, level) in side.levels.iter_mut().zip(levels) {
            *place = level;
            side.count += 1;
        }
        side
    }

    pub fn levels(&self) -> &[ExternalLevel] {
        &self.levels[..usize::from(self.count)]
    }
}

/// The best levels of a venue's book as they stood: the whole of them, never a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExternalDepth {
    pub venue: Venue,
    pub symbol: Symbol,
    pub price_scale: u8,
    pub quantity_scale: u8,
    pub bids: ExternalSide,
    pub asks: ExternalSide,
    /// The venue's number of the last change in it; 0: it has none.
    pub update_id: u64,
    pub event_time_ms: u64,
}

impl ExternalDepth {
    /// Of prices and quantities in any scales, best first. None: they fit in no common one.
    pub fn of_levels(
        (venue, symbol): (Venue, Symbol),
        bids: &[(Foreign, Foreign)],
        asks: &[(Foreign, Foreign)],
        (update_id, event_time_ms): (u64, u64),
    ) -> Option<Self> {
        let carried = |side: &[(Foreign, Foreign)]| side.len().min(EXTERNAL_LEVELS_MAX);
        let (bids, asks) = (&bids[..carried(bids)], &asks[..carried(asks)]);
        let finest = |scale: fn(&(Foreign, Foreign)) -> u8| {
            bids.iter().chain(asks).map(scale).max().unwrap_or(0)
        };
        let price_scale = finest(|(price, _)| price.scale);
        let quantity_scale = finest(|(_, quantity)| quantity.scale);
        let side = |levels: &[(Foreign, Foreign)]| {
            let mut side = ExternalSide::default();
            for (price, quantity) in levels {
                side.levels[usize::from(side.count)] = ExternalLevel {
                    price: price.rescaled(price_scale)?,
                    quantity: quantity.rescaled(quantity_scale)?,
                };
                side.count += 1;
            }
            Some(side)
        };
        let (bids, asks) = (side(bids)?, side(asks)?);
        Some(Self {
            venue,
            symbol,
            price_scale,
            quantity_scale,
            bids,
            asks,
            update_id,
            event_time_ms,
        })
    }

    pub fn side(&self, side: Side) -> &ExternalSide {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Price and quantity in the venue's decimals.
    pub fn foreign(&self, level: &ExternalLevel) -> (Foreign, Foreign) {
        let price = Foreign { mantissa: level.price, scale: self.price_scale };
        (price, Foreign { mantissa: level.quantity, scale: self.quantity_scale })
    }
}
