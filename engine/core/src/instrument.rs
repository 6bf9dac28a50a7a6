//! What is traded: the steps that prices and quantities are counted in, fees and status.
//! Edges turn decimals into steps and back with the two functions here; the core itself counts.

use crate::decimal::Decimal;
use crate::event::Money;
use crate::text::Symbol;
use crate::types::{AssetId, InstrumentId, Price, Quantity};

/// A positive decimal small enough for a record: `mantissa x 10^-scale`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub mantissa: u64,
    pub scale: u8,
}

impl Step {
    pub const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// None: zero, negative, or finer than 18 decimals.
    pub fn from_decimal(decimal: Decimal) -> Option<Self> {
        let mantissa = u64::try_from(decimal.mantissa()).ok()?;
        (mantissa > 0 && decimal.scale() <= ASSET_DECIMALS_MAX)
            .then_some(Self { mantissa, scale: decimal.scale() })
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(i128::from(self.mantissa), self.scale)
    }
}

/// The smallest unit of an asset has at most this many decimals.
pub const ASSET_DECIMALS_MAX: u8 = 18;
/// Decimals of an asset whose instrument does not say otherwise.
pub const ASSET_DECIMALS_DEFAULT: u8 = 8;
/// Fee rates are parts per million of the notional, within +-10 %.
pub const FEE_PPM_MAX: i32 = 100_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Status {
    Open = 1,
    Halted = 2,
    Auction = 3,
    Closed = 4,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Halted => "halted",
            Self::Auction => "auction",
            Self::Closed => "closed",
        }
    }
}

/// An instrument as it stands. Steps and assets never change after creation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instrument {
    pub symbol: Symbol,
    pub id: InstrumentId,
    pub base: AssetId,
    pub quote: AssetId,
    pub status: Status,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    pub price_step: Step,
    pub quantity_step: Step,
}

/// What an instrument demands of its orders and takers; 0 anywhere: nothing. Money is in the
/// smallest unit of the quote asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub instrument: InstrumentId,
    /// Limit prices lie within, both ends included.
    pub band_low: Price,
    pub band_high: Price,
    /// Stands in for the last trade price until there is one.
    pub reference_price: Price,
    /// A taker trades within reference x (1 +- range).
    pub execution_range_ppm: u32,
    /// How long the auction lasts that a taker's meeting the range starts.
    pub interruption_ns: u64,
    pub max_quantity: Quantity,
    pub min_notional: Money,
}

impl Bounds {
    pub fn none(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            band_low: Price(0),
            band_high: Price(0),
            reference_price: Price(0),
            execution_range_ppm: 0,
            interruption_ns: 0,
            max_quantity: Quantity::ZERO,
            min_notional: Money::ZERO,
        }
    }
}

impl Instrument {
    /// None: finer than the price step, or beyond 64 bits.
    pub fn price(&self, decimal: Decimal) -> Option<Price> {
        let steps = decimal.steps_of(self.price_step.to_decimal())?;
        i64::try_from(steps).ok().map(Price)
    }

    /// None: negative, finer than the quantity step, or beyond 64 bits (whose last value is kept
    /// for `Quantity::INVALID`).
    pub fn quantity(&self, decimal: Decimal) -> Option<Quantity> {
        let steps = decimal.steps_of(self.quantity_step.to_decimal())?;
        u64::try_from(steps).ok().map(Quantity).filter(|&quantity| quantity != Quantity::INVALID)
    }

    pub fn price_decimal(&self, price: Price) -> Decimal {
        steps(self.price_step, i128::from(price.0))
    }

    pub fn quantity_decimal(&self, quantity: Quantity) -> Decimal {
        steps(self.quantity_step, i128::from(quantity.0))
    }

    /// A volume in quantity steps, as sums over time keep it; beyond 128 bits the most there is.
    pub fn volume_decimal(&self, volume: u128) -> Decimal {
        let count = i128::try_from(volume).unwrap_or(i128::MAX);
        sum(self.quantity_step.to_decimal(), count)
    }

    /// A turnover in price steps x quantity steps, as sums over time keep it; beyond 128 bits the
    /// most there is.
    pub fn turnover_decimal(&self, turnover: i128) -> Decimal {
        let (price, quantity) = (self.price_step, self.quantity_step);
        let scale = price.scale + quantity.scale;
        match i128::from(price.mantissa).checked_mul(i128::from(quantity.mantissa)) {
            Some(step) => sum(Decimal::new(step, scale), turnover),
            None => Decimal::new(i128::MAX, scale),
        }
    }
}

/// `count` steps, above zero.
fn sum(step: Decimal, count: i128) -> Decimal {
    step.times(count).unwrap_or(Decimal::new(i128::MAX, step.scale()))
}

fn steps(step: Step, count: i128) -> Decimal {
    step.to_decimal().times(count).expect("a step is 64 bits and a count at most 64 more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn instrument(price_step: Step, quantity_step: Step) -> Instrument {
        Instrument {
            symbol: Symbol::EMPTY,
            id: InstrumentId(1),
            base: AssetId(1),
            quote: AssetId(2),
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step,
            quantity_step,
        }
    }

    #[test]
    fn a_sum_beyond_128_bits_is_shown_as_the_most_there_is() {
        let step = |mantissa, scale| Step { mantissa, scale };
        /// The most that there is with one decimal.
        const CUT: &str = "17014118346046923173168730371588410572.7";
        let most = i128::MAX;
        for (price_step, quantity_step, count, volume, turnover) in [
            (step(1, 2), step(1, 4), 15, "0.0015", "0.000015"),
            (step(1, 0), step(1, 0), most, &most.to_string(), &most.to_string()),
            (step(5, 0), step(2, 0), most / 2, &(most - 1).to_string(), &most.to_string()),
            (step(u64::MAX, 0), step(1, 0), 3, "3", "55340232221128654845"),
            (step(u64::MAX, 0), step(u64::MAX, 0), 3, "55340232221128654845", &most.to_string()),
            (step(1, 0), step(3, 1), most, CUT, CUT),
        ] {
            let instrument = instrument(price_step, quantity_step);
            let shown = instrument.volume_decimal(count.unsigned_abs()).to_string();
            assert_eq!(shown, volume, "{price_step:?} {quantity_step:?}");
            let shown = instrument.turnover_decimal(count).to_string();
            assert_eq!(shown, turnover, "{price_step:?} {quantity_step:?}");
        }
        let unit = instrument(Step::ONE, Step::ONE);
        assert_eq!(unit.volume_decimal(u128::MAX).to_string(), most.to_string());
    }
}
