//! The instruments that an empty journal starts with: those of `[[instruments]]`, else the three
//! of every newcomer. Decimals are texts in the file, so that none is ever a float.

use std::collections::HashMap;

use orison_core::command::{InstrumentFields, InstrumentSpec};
use orison_core::instrument::{ASSET_DECIMALS_MAX, FEE_PPM_MAX, Status};
use orison_core::text::Text;
use orison_core::{AssetName, Decimal, Price, Quantity};
use serde::Deserialize;

use super::ConfigError;
use super::layers::Layers;
use crate::listing::{Listing, Said, decimals_of};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Table {
    symbol: String,
    base: String,
    quote: String,
    base_decimals: Option<u8>,
    quote_decimals: Option<u8>,
    price_step: String,
    quantity_step: String,
    maker_fee_ppm: i32,
    taker_fee_ppm: i32,
    band_low: Option<String>,
    band_high: Option<String>,
    reference_price: Option<String>,
    max_quantity: Option<String>,
    min_notional: Option<String>,
    execution_range_ppm: Option<u32>,
    interruption_ns: Option<u64>,
    status: Option<String>,
}

pub(super) fn specs(layers: &Layers) -> Result<Vec<InstrumentSpec>, ConfigError> {
    let Some((path, tables)) = layers.tables("instruments") else {
        return Ok(defaults());
    };
    let mut assets = Assets::default();
    tables
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let table: Table = value.clone().try_into().map_err(|error: toml::de::Error| {
                let reason = format!("instruments[{index}]: {}", error.message());
                ConfigError::File { path: path.to_owned(), reason }
            })?;
            spec(&table, &mut assets).map_err(|(field, reason)| ConfigError::Instrument {
                path: path.to_owned(),
                symbol: table.symbol,
                field,
                reason,
            })
        })
        .collect()
}

fn defaults() -> Vec<InstrumentSpec> {
    let rows = [
        ("BTC-KRW", "BTC", "KRW", "1", "0.00000001", 500),
        ("ETH-KRW", "ETH", "KRW", "1", "0.00000001", 500),
        ("AAPL", "AAPL", "USD", "0.01", "0.0001", 0),
    ];
    let mut assets = Assets::default();
    rows.iter()
        .map(|&(symbol, base, quote, price_step, quantity_step, fee_ppm)| {
            let table = Table {
                symbol: symbol.into(),
                base: base.into(),
                quote: quote.into(),
                price_step: price_step.into(),
                quantity_step: quantity_step.into(),
                maker_fee_ppm: fee_ppm,
                taker_fee_ppm: fee_ppm,
                ..Table::default()
            };
            spec(&table, &mut assets).expect("the built-in instruments are good ones")
        })
        .collect()
}

type Refused = (&'static str, String);

/// Decimals of the assets that earlier tables open.
type Assets = HashMap<AssetName, u8>;

fn spec(table: &Table, assets: &mut Assets) -> Result<InstrumentSpec, Refused> {
    let (base, quote) = (name("base", &table.base)?, name("quote", &table.quote)?);
    let listing = Listing {
        base: Some(base),
        quote: Some(quote),
        base_decimals: decimals("base_decimals", table.base_decimals)?,
        quote_decimals: decimals("quote_decimals", table.quote_decimals)?,
        price_step: Some(decimal("price_step", &table.price_step)?),
        quantity_step: Some(decimal("quantity_step", &table.quantity_step)?),
        maker_fee_ppm: Some(fee("maker_fee_ppm", table.maker_fee_ppm)?),
        taker_fee_ppm: Some(fee("taker_fee_ppm", table.taker_fee_ppm)?),
        execution_range_ppm: table.execution_range_ppm,
        interruption_ns: table.interruption_ns,
        band_low: optional("band_low", &table.band_low)?,
        band_high: optional("band_high", &table.band_high)?,
        reference_price: optional("reference_price", &table.reference_price)?,
        max_quantity: optional("max_quantity", &table.max_quantity)?,
        min_notional: optional("min_notional", &table.min_notional)?,
        status: table.status.as_deref().map(status).transpose()?,
        ..Listing::of(name("symbol", &table.symbol)?)
    };
    let units = listing.units(assets.get(&quote).copied());
    let spec = listing.spec(&units);
    check(table, &spec)?;
    assets.entry(quote).or_insert(units.quote_decimals());
    let finest = spec.quantity_step.to_decimal();
    assets.entry(base).or_insert(listing.base_decimals.unwrap_or_else(|| decimals_of(finest)));
    Ok(spec)
}

/// What the core would refuse for its form, in words that name the field.
fn check(table: &Table, spec: &InstrumentSpec) -> Result<(), Refused> {
    for (field, text, step) in [
        ("price_step", &table.price_step, spec.price_step),
        ("quantity_step", &table.quantity_step, spec.quantity_step),
    ] {
        if step.mantissa == 0 {
            return Err((field, format!("{text} is not above 0 with at most 18 decimals")));
        }
    }
    let none = String::new();
    for (field, text, price) in [
        ("band_low", &table.band_low, spec.band_low),
        ("band_high", &table.band_high, spec.band_high),
        ("reference_price", &table.reference_price, spec.reference_price),
    ] {
        if price < Price(0) {
            let (text, step) = (text.as_ref().unwrap_or(&none), &table.price_step);
            return Err((field, format!("{text} is no multiple of the price step {step}")));
        }
    }
    if spec.max_quantity == Quantity::INVALID {
        let (text, step) = (table.max_quantity.as_ref().unwrap_or(&none), &table.quantity_step);
        let reason = format!("{text} is no multiple of the quantity step {step}");
        return Err(("max_quantity", reason));
    }
    if spec.min_notional < 0 {
        let text = table.min_notional.as_ref().unwrap_or(&none);
        return Err(("min_notional", format!("{text} is below 0 or finer than its asset")));
    }
    let has = |field| spec.fields.has(field);
    let is_bounded = has(InstrumentFields::BAND_LOW) && has(InstrumentFields::BAND_HIGH);
    if is_bounded && spec.band_high != Price(0) && spec.band_low > spec.band_high {
        return Err(("band_low", "above band_high".into()));
    }
    Ok(())
}

fn name<const N: usize>(field: &'static str, text: &str) -> Result<Text<N>, Refused> {
    if text.is_empty() {
        return Err((field, "missing or empty".into()));
    }
    Text::new(text).map_err(|bad| (field, bad.to_string()))
}

fn decimal(field: &'static str, text: &str) -> Result<Said, Refused> {
    Decimal::parse(text).map(Some).map_err(|bad| (field, format!("{text:?} {bad}")))
}

fn optional(field: &'static str, text: &Option<String>) -> Result<Option<Said>, Refused> {
    text.as_deref().map(|text| decimal(field, text)).transpose()
}

fn decimals(field: &'static str, decimals: Option<u8>) -> Result<Option<u8>, Refused> {
    let refused = |many: u8| (field, format!("{many} is above {ASSET_DECIMALS_MAX}"));
    match decimals {
        Some(many) if many > ASSET_DECIMALS_MAX => Err(refused(many)),
        Some(_) | None => Ok(decimals),
    }
}

fn fee(field: &'static str, ppm: i32) -> Result<i32, Refused> {
    let allowed = -FEE_PPM_MAX..=FEE_PPM_MAX;
    let refused = || (field, format!("{ppm} is outside {} to {FEE_PPM_MAX}", -FEE_PPM_MAX));
    allowed.contains(&ppm).then_some(ppm).ok_or_else(refused)
}

fn status(word: &str) -> Result<Status, Refused> {
    let statuses = [Status::Open, Status::Halted, Status::Auction, Status::Closed];
    let found = statuses.into_iter().find(|status| status.word() == word);
    found.ok_or_else(|| ("status", format!("{word:?} is not open, halted, auction or closed")))
}
