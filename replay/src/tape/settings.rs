//! Lines that are not about an order: `instrument`, `pray`, `ticker`, `liquidation` become
//! commands. A number of a foreign venue that does not fit is an error of the line.

use orison_core::command::{
    EXTERNAL_LEVELS_MAX, ExternalDepth, ExternalTrade, Foreign, InstrumentFields, InstrumentSpec,
    Liquidation, Pray, Ticker,
};
use orison_core::instrument::Step;
use orison_core::{AssetName, Symbol};

use super::fields::{Fields, LineError, Number};
use super::order::Market;
use crate::form::words::{PRAYERS, SIDES, STATUSES};

/// What the lines are about that name no symbol.
pub(super) fn default_symbol() -> Symbol {
    Symbol::new("X").expect("one letter is a symbol")
}

/// An instrument whose steps are 1: its symbol is its base or, of `BASE-QUOTE`, says both.
pub(crate) fn default_spec(symbol: Symbol) -> InstrumentSpec {
    let (base, quote) = symbol.as_str().split_once('-').unwrap_or((symbol.as_str(), "USD"));
    let asset = |name| AssetName::new(name).expect("a part of a symbol is a name");
    InstrumentSpec {
        symbol,
        base: asset(base),
        quote: asset(quote),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP),
        ..InstrumentSpec::EMPTY
    }
}

/// `known`: the instrument that is to be changed; None: it is to be created. `decimals` are those
/// of an asset that is known.
pub(super) fn read_instrument(
    fields: &mut Fields<'_>,
    symbol: Symbol,
    known: Option<Market>,
    decimals: impl Fn(&AssetName) -> Option<u8>,
) -> Result<InstrumentSpec, LineError> {
    let mut spec = match known {
        Some(_) => InstrumentSpec { symbol, ..InstrumentSpec::EMPTY },
        None => default_spec(symbol),
    };
    read_names(fields, &mut spec)?;
    read_steps(fields, &mut spec)?;
    read_rates(fields, &mut spec)?;
    let market = known.unwrap_or_else(|| Market::planned(&spec, decimals(&spec.quote)));
    read_bounds(fields, &market, &mut spec)?;
    Ok(spec)
}

/// The assets are what they are; said again they are compared by the core.
fn read_names(fields: &mut Fields<'_>, spec: &mut InstrumentSpec) -> Result<(), LineError> {
    if let Some(base) = fields.name("base")? {
        spec.fields = spec.fields.with(InstrumentFields::BASE);
        spec.base = base;
    }
    if let Some(quote) = fields.name("quote")? {
        spec.fields = spec.fields.with(InstrumentFields::QUOTE);
        spec.quote = quote;
    }
    if let Some(status) = fields.word("status", STATUSES)? {
        spec.fields = spec.fields.with(InstrumentFields::STATUS);
        spec.status = status;
    }
    Ok(())
}

/// No step: the core refuses it.
const INVALID_STEP: Step = Step { mantissa: 0, scale: 0 };

fn read_steps(fields: &mut Fields<'_>, spec: &mut InstrumentSpec) -> Result<(), LineError> {
    for (name, field, place) in [
        ("price_step", InstrumentFields::PRICE_STEP, &mut spec.price_step),
        ("quantity_step", InstrumentFields::QUANTITY_STEP, &mut spec.quantity_step),
    ] {
        let Some(number) = fields.number(name)? else { continue };
        spec.fields = spec.fields.with(field);
        *place = match number {
            Number::Exact(decimal) => Step::from_decimal(decimal).unwrap_or(INVALID_STEP),
            Number::TooLarge => INVALID_STEP,
        };
    }
    Ok(())
}

fn read_rates(fields: &mut Fields<'_>, spec: &mut InstrumentSpec) -> Result<(), LineError> {
    for (name, field, place) in [
        ("maker_fee_ppm", InstrumentFields::MAKER_FEE, &mut spec.maker_fee_ppm),
        ("taker_fee_ppm", InstrumentFields::TAKER_FEE, &mut spec.taker_fee_ppm),
    ] {
        if let Some(rate) = fields.integer(name)? {
            spec.fields = spec.fields.with(field);
            *place = rate;
        }
    }
    if let Some(range) = fields.integer("execution_range_ppm")? {
        spec.fields = spec.fields.with(InstrumentFields::EXECUTION_RANGE);
        spec.execution_range_ppm = range;
    }
    if let Some(interruption_ns) = fields.integer("interruption_ns")? {
        spec.fields = spec.fields.with(InstrumentFields::INTERRUPTION);
        spec.interruption_ns = interruption_ns;
    }
    Ok(())
}

fn read_bounds(
    fields: &mut Fields<'_>,
    market: &Market,
    spec: &mut InstrumentSpec,
) -> Result<(), LineError> {
    for (name, field, place) in [
        ("band_low", InstrumentFields::BAND_LOW, &mut spec.band_low),
        ("band_high", InstrumentFields::BAND_HIGH, &mut spec.band_high),
        ("reference_price", InstrumentFields::REFERENCE_PRICE, &mut spec.reference_price),
    ] {
        if let Some(number) = fields.number(name)? {
            spec.fields = spec.fields.with(field);
            *place = market.price(number);
        }
    }
    if let Some(number) = fields.number("max_quantity")? {
        spec.fields = spec.fields.with(InstrumentFields::MAX_QUANTITY);
        spec.max_quantity = market.quantity(number);
    }
    if let Some(number) = fields.number("min_notional")? {
        spec.fields = spec.fields.with(InstrumentFields::MIN_NOTIONAL);
        spec.min_notional = market.money(number);
    }
    Ok(())
}

pub(super) fn read_pray(fields: &mut Fields<'_>) -> Result<Pray, LineError> {
    let side = fields.required_word("side", PRAYERS)?;
    // Below zero or beyond 32 bits is as wrong as zero: the core says so.
    let count: i128 = fields.required_integer("count")?;
    Ok(Pray { side, count: u32::try_from(count).unwrap_or(0) })
}

pub(super) fn read_ticker(fields: &mut Fields<'_>) -> Result<Ticker, LineError> {
    Ok(Ticker {
        venue: fields.required_name("venue")?,
        symbol: fields.required_foreign_name("symbol")?,
        price: read_foreign(fields, "price")?,
        change_24h: read_foreign(fields, "change_24h")?,
        event_time_ms: fields.required_integer("event_time")?,
    })
}

pub(super) fn read_liquidation(fields: &mut Fields<'_>) -> Result<Liquidation, LineError> {
    Ok(Liquidation {
        venue: fields.required_name("venue")?,
        symbol: fields.required_foreign_name("symbol")?,
        side: fields.required_word("side", SIDES)?,
        quantity: read_foreign(fields, "quantity")?,
        price: read_foreign(fields, "price")?,
        event_time_ms: fields.required_integer("event_time")?,
    })
}

pub(super) fn read_external_trade(fields: &mut Fields<'_>) -> Result<ExternalTrade, LineError> {
    Ok(ExternalTrade {
        venue: fields.required_name("venue")?,
        symbol: fields.required_foreign_name("symbol")?,
        side: fields.required_word("side", SIDES)?,
        quantity: read_foreign(fields, "quantity")?,
        price: read_foreign(fields, "price")?,
        trade_id: fields.required_integer("trade_id")?,
        event_time_ms: fields.required_integer("event_time")?,
    })
}

pub(super) fn read_external_depth(fields: &mut Fields<'_>) -> Result<ExternalDepth, LineError> {
    let of = (fields.required_name("venue")?, fields.required_foreign_name("symbol")?);
    let mut side = |field: &'static str| {
        let levels = fields.required_list(field)?;
        if levels.len() > EXTERNAL_LEVELS_MAX {
            let value = format!("{} levels", levels.len());
            return Err(LineError::Range { field, value });
        }
        let levels = levels.into_iter().map(|mut level| {
            let read = (read_foreign(&mut level, "price")?, read_foreign(&mut level, "quantity")?);
            level.finish(field)?;
            Ok(read)
        });
        levels.collect::<Result<Vec<_>, LineError>>()
    };
    let (bids, asks) = (side("bids")?, side("asks")?);
    let numbers = (fields.required_integer("update_id")?, fields.required_integer("event_time")?);
    let depth = ExternalDepth::of_levels(of, &bids, &asks, numbers);
    let value = || "levels of one scale".to_owned();
    depth.ok_or_else(|| LineError::Range { field: "bids", value: value() })
}

fn read_foreign(fields: &mut Fields<'_>, field: &'static str) -> Result<Foreign, LineError> {
    let number = fields.number(field)?.ok_or(LineError::Missing { field })?;
    let fits = match number {
        Number::Exact(decimal) => Foreign::from_decimal(decimal).ok_or(decimal.to_string()),
        Number::TooLarge => Err("a number of that size".to_owned()),
    };
    fits.map_err(|value| LineError::Range { field, value })
}
