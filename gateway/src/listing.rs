//! What is said of an instrument, in units of its assets, becomes the command in steps: one way
//! for the configuration and for the operator. A number that has no such form becomes the value
//! that the core refuses; which of them are wrong is the caller's to say if it knows better.

use orison_core::command::{InstrumentFields, InstrumentSpec};
use orison_core::instrument::{ASSET_DECIMALS_DEFAULT, ASSET_DECIMALS_MAX, Status, Step};
use orison_core::{AssetName, Decimal, Instrument, Price, Quantity, Symbol};

/// A number as it was said; None: more digits than any amount has.
pub type Said = Option<Decimal>;

/// What was said; None: nothing of it. A bound of 0 takes it away.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    pub symbol: Symbol,
    pub base: Option<AssetName>,
    pub quote: Option<AssetName>,
    pub base_decimals: Option<u8>,
    pub quote_decimals: Option<u8>,
    pub price_step: Option<Said>,
    pub quantity_step: Option<Said>,
    pub maker_fee_ppm: Option<i32>,
    pub taker_fee_ppm: Option<i32>,
    pub execution_range_ppm: Option<u32>,
    pub interruption_ns: Option<u64>,
    pub band_low: Option<Said>,
    pub band_high: Option<Said>,
    pub reference_price: Option<Said>,
    pub max_quantity: Option<Said>,
    pub min_notional: Option<Said>,
    pub status: Option<Status>,
}

/// What numbers are counted in; where nothing is known yet, what the command itself will open.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    price_step: Step,
    quantity_step: Step,
    quote_decimals: u8,
}

/// No step: the core refuses it.
const INVALID_STEP: Step = Step { mantissa: 0, scale: 0 };
const INVALID_PRICE: Price = Price(-1);
const INVALID_MONEY: i128 = -1;

impl Listing {
    pub fn of(symbol: Symbol) -> Self {
        Self {
            symbol,
            base: None,
            quote: None,
            base_decimals: None,
            quote_decimals: None,
            price_step: None,
            quantity_step: None,
            maker_fee_ppm: None,
            taker_fee_ppm: None,
            execution_range_ppm: None,
            interruption_ns: None,
            band_low: None,
            band_high: None,
            reference_price: None,
            max_quantity: None,
            min_notional: None,
            status: None,
        }
    }

    /// Of an instrument that is known: its steps are what is counted, whatever is said of them.
    pub fn units_of(known: &Instrument, quote_decimals: u8) -> Units {
        let Instrument { price_step, quantity_step, .. } = *known;
        Units { price_step, quantity_step, quote_decimals }
    }

    /// Of an instrument to be created; `quote_decimals` of the quote asset if that is known.
    pub fn units(&self, quote_decimals: Option<u8>) -> Units {
        let step = |said: Option<Said>| said.map_or(Step::ONE, step);
        let (price_step, quantity_step) = (step(self.price_step), step(self.quantity_step));
        let mantissa = i128::from(price_step.mantissa) * i128::from(quantity_step.mantissa);
        let finest = Decimal::new(mantissa, price_step.scale + quantity_step.scale);
        let quote_decimals = quote_decimals.or(self.quote_decimals);
        let quote_decimals = quote_decimals.unwrap_or_else(|| decimals_of(finest));
        Units { price_step, quantity_step, quote_decimals }
    }

    pub fn spec(&self, units: &Units) -> InstrumentSpec {
        let mut spec = InstrumentSpec { symbol: self.symbol, ..InstrumentSpec::EMPTY };
        self.put_nature(&mut spec);
        let mut fields = spec.fields;
        put(&mut fields, InstrumentFields::MAKER_FEE, &mut spec.maker_fee_ppm, self.maker_fee_ppm);
        put(&mut fields, InstrumentFields::TAKER_FEE, &mut spec.taker_fee_ppm, self.taker_fee_ppm);
        put(&mut fields, InstrumentFields::STATUS, &mut spec.status, self.status);
        let (range, interruption) = (self.execution_range_ppm, self.interruption_ns);
        put(&mut fields, InstrumentFields::EXECUTION_RANGE, &mut spec.execution_range_ppm, range);
        put(&mut fields, InstrumentFields::INTERRUPTION, &mut spec.interruption_ns, interruption);
        let price = |said: Option<Said>| said.map(|said| units.price(said));
        let (low, high) = (price(self.band_low), price(self.band_high));
        let reference = price(self.reference_price);
        put(&mut fields, InstrumentFields::BAND_LOW, &mut spec.band_low, low);
        put(&mut fields, InstrumentFields::BAND_HIGH, &mut spec.band_high, high);
        put(&mut fields, InstrumentFields::REFERENCE_PRICE, &mut spec.reference_price, reference);
        let quantity = self.max_quantity.map(|said| units.quantity(said));
        put(&mut fields, InstrumentFields::MAX_QUANTITY, &mut spec.max_quantity, quantity);
        let money = self.min_notional.map(|said| units.money(said));
        put(&mut fields, InstrumentFields::MIN_NOTIONAL, &mut spec.min_notional, money);
        spec.fields = fields;
        spec
    }

    /// What an instrument cannot change.
    fn put_nature(&self, spec: &mut InstrumentSpec) {
        let mut fields = spec.fields;
        put(&mut fields, InstrumentFields::BASE, &mut spec.base, self.base);
        put(&mut fields, InstrumentFields::QUOTE, &mut spec.quote, self.quote);
        let (base_decimals, quote_decimals) = (self.base_decimals, self.quote_decimals);
        put(&mut fields, InstrumentFields::BASE_DECIMALS, &mut spec.base_decimals, base_decimals);
        put(
            &mut fields,
            InstrumentFields::QUOTE_DECIMALS,
            &mut spec.quote_decimals,
            quote_decimals,
        );
        let (price_step, quantity_step) = (self.price_step.map(step), self.quantity_step.map(step));
        put(&mut fields, InstrumentFields::PRICE_STEP, &mut spec.price_step, price_step);
        put(&mut fields, InstrumentFields::QUANTITY_STEP, &mut spec.quantity_step, quantity_step);
        spec.fields = fields;
    }
}

/// The decimals that the core gives an asset of which nobody says how many it has, by the finest
/// amount that its first instrument needs.
pub fn decimals_of(finest: Decimal) -> u8 {
    ASSET_DECIMALS_DEFAULT.max(finest.scale()).min(ASSET_DECIMALS_MAX)
}

impl Units {
    pub fn quote_decimals(&self) -> u8 {
        self.quote_decimals
    }

    fn price(&self, said: Said) -> Price {
        let steps = steps(said, self.price_step).and_then(|steps| i64::try_from(steps).ok());
        steps.filter(|steps| *steps >= 0).map_or(INVALID_PRICE, Price)
    }

    fn quantity(&self, said: Said) -> Quantity {
        let steps = steps(said, self.quantity_step).and_then(|steps| u64::try_from(steps).ok());
        steps.map_or(Quantity::INVALID, Quantity)
    }

    fn money(&self, said: Said) -> i128 {
        let units = said.and_then(|decimal| decimal.steps_of(Decimal::new(1, self.quote_decimals)));
        units.filter(|units| *units >= 0).unwrap_or(INVALID_MONEY)
    }
}

fn put<T>(fields: &mut InstrumentFields, field: InstrumentFields, place: &mut T, said: Option<T>) {
    if let Some(value) = said {
        *fields = fields.with(field);
        *place = value;
    }
}

fn step(said: Said) -> Step {
    said.and_then(Step::from_decimal).unwrap_or(INVALID_STEP)
}

fn steps(said: Said, step: Step) -> Option<i128> {
    let step = Some(step.to_decimal()).filter(|step| !step.is_zero())?;
    said.and_then(|decimal| decimal.steps_of(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Said> {
        Some(Decimal::parse(text).ok())
    }

    #[test]
    fn units_become_steps_and_what_cannot_is_refusable() {
        let new = Listing {
            price_step: said("0.5"),
            quantity_step: said("0.01"),
            ..Listing::of(Symbol::new("X").unwrap())
        };
        let units = new.units(Some(2));
        for (text, price, quantity, money) in [
            ("3", Price(6), Quantity(300), 300),
            ("0", Price(0), Quantity(0), 0),
            ("0.5", Price(1), Quantity(50), 50),
            ("0.01", INVALID_PRICE, Quantity(1), 1),
            ("0.001", INVALID_PRICE, Quantity::INVALID, INVALID_MONEY),
            ("-1", INVALID_PRICE, Quantity::INVALID, INVALID_MONEY),
            ("1e30", INVALID_PRICE, Quantity::INVALID, 10i128.pow(32)),
            ("1e99", INVALID_PRICE, Quantity::INVALID, INVALID_MONEY),
        ] {
            let (band_low, max_quantity, min_notional) = (said(text), said(text), said(text));
            let spec = Listing { band_low, max_quantity, min_notional, ..new }.spec(&units);
            let found = (spec.band_low, spec.max_quantity, spec.min_notional);
            assert_eq!(found, (price, quantity, money), "{text}");
        }
    }

    #[test]
    fn an_asset_that_is_not_known_is_counted_as_it_will_be_opened() {
        for (price_step, quantity_step, stated, known, decimals) in [
            ("1", "1", None, None, 8),
            ("0.01", "0.00000001", None, None, 10),
            ("0.0000000001", "0.0000000001", None, None, 18),
            ("0.5", "0.2", None, None, 8),
            ("1", "1", Some(2), None, 2),
            ("1", "1", Some(2), Some(3), 3),
        ] {
            let listing = Listing {
                price_step: said(price_step),
                quantity_step: said(quantity_step),
                quote_decimals: stated,
                ..Listing::of(Symbol::new("X").unwrap())
            };
            let found = listing.units(known).quote_decimals;
            assert_eq!(found, decimals, "{price_step} {quantity_step} {stated:?} {known:?}");
        }
    }

    #[test]
    fn only_what_was_said_is_in_the_command() {
        let nothing = Listing::of(Symbol::new("X").unwrap());
        let spec = nothing.spec(&nothing.units(None));
        assert_eq!(spec, InstrumentSpec { symbol: nothing.symbol, ..InstrumentSpec::EMPTY });
        let halted = Listing { status: Some(Status::Halted), ..nothing };
        assert_eq!(halted.spec(&halted.units(None)).fields, InstrumentFields::STATUS);
        let no_step = Listing { price_step: Some(None), band_low: said("1"), ..nothing };
        let spec = no_step.spec(&no_step.units(None));
        assert_eq!((spec.price_step.mantissa, spec.band_low), (0, INVALID_PRICE));
    }
}
