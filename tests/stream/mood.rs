//! What kind of day a seed makes: who trades, in what, how close to each other, under which
//! limits.

use orison_core::Price;
use orison_core::command::{Genesis, InstrumentFields, InstrumentSpec};
use orison_core::instrument::Step;

use super::dice::Dice;
use super::{name, symbol};

#[derive(Clone, Debug)]
pub(super) struct Mood {
    pub(super) accounts: u64,
    /// The first so many accounts have money and need it.
    pub(super) funded: u64,
    pub(super) instruments: u64,
    /// Prices lie this far around the middle.
    pub(super) spread: u64,
    pub(super) quantity_max: u64,
    /// One value in so many is hostile.
    pub(super) hostile_odds: u64,
    /// One order in so many has a name.
    pub(super) name_odds: u64,
    pub(super) names: u64,
    /// One order in so many is more than a plain limit order.
    pub(super) plain_odds: u64,
    /// One change of a limit in so many sets it, the others take it away.
    pub(super) limit_odds: u64,
    /// One command in so many changes a status.
    pub(super) status_odds: u64,
    pub(super) limits: Genesis,
}

impl Mood {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        // Most limits are out of the way, or nothing would ever happen.
        let mut limit = |tight: &[u32], wide: u32| {
            if dice.one_in(12) { dice.pick(tight) } else { wide }
        };
        let limits = Genesis {
            orders_max: limit(&[5, 30, 100], 2_000),
            accounts_max: limit(&[2, 8], 60),
            instruments_max: limit(&[2, 4], 8) as u16,
            assets_max: limit(&[3, 6], 16) as u16,
            closed_ids_max: limit(&[1, 7, 40], 200),
            closed_ids_per_account_max: limit(&[1, 4, 30], 50),
            feed_window: limit(&[1, 3, 8], 16),
            positions_max: limit(&[2, 5], 160),
            balances_max: limit(&[2, 8], 320),
            trailing_max: limit(&[1, 4], 1_000),
            ..Genesis::DEFAULT
        };
        let accounts = dice.pick(&[1, 3, 8, 20]);
        let first_rules = dice.one_in(12);
        Self {
            accounts,
            funded: dice.below(accounts + 1),
            instruments: dice.pick(&[1, 2, 3]),
            spread: dice.pick(&[2, 10, 100, 100_000]),
            quantity_max: dice.pick(&[1, 10, 1_000, 1 << 40]),
            hostile_odds: dice.pick(&[20, 100, 1_000_000]),
            name_odds: dice.pick(&[2, 6, 1_000]),
            names: dice.pick(&[60, 1_000, 100_000]),
            plain_odds: dice.pick(&[2, 3, 20]),
            limit_odds: dice.pick(&[5, 30, 1_000]),
            status_odds: dice.pick(&[20, 60, 1_000]),
            limits: Genesis { rules_version: if first_rules { 1 } else { 2 }, ..limits },
        }
    }

    pub(super) fn of_money(dice: &mut Dice) -> Self {
        let Self { limits, .. } = Self::draw(dice);
        let limits = Genesis {
            rules_version: 2,
            orders_max: 2_000,
            accounts_max: 60,
            positions_max: 160,
            balances_max: 320,
            ..limits
        };
        Self {
            accounts: 20,
            funded: 20,
            instruments: 3,
            status_odds: 1_000,
            limit_odds: 30,
            limits,
            ..Self::draw(dice)
        }
    }

    /// Nothing that a line of the tape could not say.
    pub(super) fn of_tape(dice: &mut Dice) -> Self {
        let never = 1 << 60;
        let limits = Genesis::DEFAULT;
        Self { hostile_odds: never, name_odds: never, limits, ..Self::of_money(dice) }
    }

    /// Around which buyers and sellers meet.
    pub(super) fn middle(&self) -> i64 {
        2 * self.spread as i64
    }
}

fn steps(number: u64) -> (Step, Step) {
    match number % 3 {
        0 => (Step { mantissa: 25, scale: 2 }, Step { mantissa: 5, scale: 3 }),
        1 => (Step::ONE, Step::ONE),
        _ => (Step { mantissa: 1, scale: 2 }, Step { mantissa: 1, scale: 6 }),
    }
}

/// The default of the assets here, which the steps above do not exceed.
pub(super) const DECIMALS: u8 = 8;

/// A quantity step in units of the base asset, and that times a price step in units of the quote.
pub(super) fn lot_and_worth(number: u64) -> (i128, i128) {
    let (price, quantity) = steps(number);
    let units = |mantissa: u64, scale: u8| i128::from(mantissa) * 10i128.pow(u32::from(8 - scale));
    let worth = units(price.mantissa * quantity.mantissa, price.scale + quantity.scale);
    (units(quantity.mantissa, quantity.scale), worth)
}

/// Base and quote as numbers of assets: a triangle, so that money earned in one is spent in
/// another.
pub(super) fn assets(number: u64) -> (u64, u64) {
    match number % 3 {
        1 => (1, 2),
        2 => (3, 2),
        _ => (1, 3),
    }
}

/// Different steps, fees and rebates, so that rounding has something to round.
pub(super) fn instrument(number: u64, mood: &Mood, dice: &mut Dice) -> InstrumentSpec {
    let (price_step, quantity_step) = steps(number);
    let (maker_fee_ppm, taker_fee_ppm) = match number % 4 {
        1 => (0, 0),
        2 => (500, 500),
        3 => (-250, 333),
        _ => (7, 99_999),
    };
    let (base, quote) = assets(number);
    let mut spec = InstrumentSpec {
        symbol: symbol(number),
        base: name("ASSET", base),
        quote: name("ASSET", quote),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP)
            .with(InstrumentFields::MAKER_FEE)
            .with(InstrumentFields::TAKER_FEE),
        price_step,
        quantity_step,
        maker_fee_ppm,
        taker_fee_ppm,
        ..InstrumentSpec::EMPTY
    };
    if mood.limits.rules_version >= 2 && !dice.one_in(3) {
        demands(&mut spec, number, mood, dice);
    }
    spec
}

/// Bands, ranges and the like, narrow enough to be met.
pub(super) fn demands(spec: &mut InstrumentSpec, number: u64, mood: &Mood, dice: &mut Dice) {
    let (middle, spread) = (mood.middle(), mood.spread as i64);
    if dice.one_in(3) {
        spec.fields = spec.fields.with(InstrumentFields::BAND_LOW);
        spec.band_low = Price(dice.pick(&[0, 1, middle - spread]));
    }
    if dice.one_in(3) {
        spec.fields = spec.fields.with(InstrumentFields::BAND_HIGH);
        spec.band_high = Price(dice.pick(&[0, middle + spread, middle + 2 * spread]));
    }
    if dice.one_in(2) {
        spec.fields = spec.fields.with(InstrumentFields::EXECUTION_RANGE);
        spec.execution_range_ppm = dice.pick(&[0, 20_000, 150_000, 400_000, 1_000_000]);
    }
    if dice.one_in(2) {
        spec.fields = spec.fields.with(InstrumentFields::INTERRUPTION);
        spec.interruption_ns = dice.pick(&[0, 1, 2_000_000, 1_000_000_000]);
    }
    if dice.one_in(8) {
        spec.fields = spec.fields.with(InstrumentFields::MAX_QUANTITY);
        spec.max_quantity.0 = dice.pick(&[0, mood.quantity_max, mood.quantity_max * 3]);
    }
    if dice.one_in(8) {
        let (_, worth) = lot_and_worth(number);
        spec.fields = spec.fields.with(InstrumentFields::MIN_NOTIONAL);
        spec.min_notional = dice.pick(&[0, 1, worth * i128::from(middle)]);
    }
    if dice.one_in(2) {
        spec.fields = spec.fields.with(InstrumentFields::REFERENCE_PRICE);
        spec.reference_price = Price(dice.pick(&[0, middle, middle + 1]));
    }
}
