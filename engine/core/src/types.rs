//! The small words of the exchange: price, quantity, sequence, side and who is meant.
//! Only arithmetic that means something is offered; everything is counted in whole steps.

use core::fmt;

/// A price as a count of its instrument's price steps. Orders carry at least 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Price(pub i64);

/// A quantity as a count of its instrument's quantity steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(pub u64);

impl Price {
    /// What an edge hands over for a text that is no price of the instrument (finer than its step,
    /// beyond 64 bits): always refused `bad_price`.
    pub const INVALID: Self = Self(0);

    /// Price steps x quantity steps. Fits: |i64| x u64 < 2^127.
    pub fn notional(self, quantity: Quantity) -> i128 {
        i128::from(self.0) * i128::from(quantity.0)
    }
}

impl Quantity {
    pub const ZERO: Self = Self(0);
    /// What an edge hands over for a text that is no quantity of the instrument (negative, finer
    /// than its step, beyond 64 bits): always refused `bad_quantity`. Never a real quantity.
    pub const INVALID: Self = Self(u64::MAX);

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl core::ops::Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl core::ops::SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl core::ops::AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// The place of a command in the journal: gapless, from 1; 0 means "before everything".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

/// Place and moment of a command. Time is nanoseconds since the Unix epoch (tape and recorded
/// flow: since their own zero), never goes backwards, and is the only time the core knows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stamp {
    pub sequence: Sequence,
    pub time_ns: u64,
}

/// Accounts are numbered from 1 in the order they were opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AccountId(pub u32);

/// Instruments are numbered from 1 in the order they were created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InstrumentId(pub u16);

/// Assets are numbered from 1 in the order they were first named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AssetId(pub u16);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Side {
    Buy = 0,
    Sell = 1,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Buy, Self::Sell];

    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Would an order of this side with this limit trade against a resting order at `resting`?
    pub fn crosses(self, limit: Price, resting: Price) -> bool {
        match self {
            Self::Buy => limit >= resting,
            Self::Sell => limit <= resting,
        }
    }

    /// Is `a` nearer the front of this side's queue of prices than `b`?
    pub fn is_better(self, a: Price, b: Price) -> bool {
        match self {
            Self::Buy => a > b,
            Self::Sell => a < b,
        }
    }
}

macro_rules! shown_as_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}
shown_as_number!(Price, Quantity, Sequence, AccountId, InstrumentId, AssetId);
