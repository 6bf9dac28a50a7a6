//! The instruments that an empty journal starts with: those of `[[instruments]]`, else the three
//! of every newcomer. Steps are texts in the file, so that none is ever a float.

use orison_core::command::{InstrumentFields, InstrumentSpec};
use orison_core::instrument::{FEE_PPM_MAX, Step};
use orison_core::{AssetName, Decimal, Symbol};
use serde::Deserialize;

use super::ConfigError;
use super::layers::Layers;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    symbol: String,
    base: String,
    quote: String,
    price_step: String,
    quantity_step: String,
    #[serde(default)]
    maker_fee_ppm: i32,
    #[serde(default)]
    taker_fee_ppm: i32,
}

pub(super) fn specs(layers: &Layers) -> Result<Vec<InstrumentSpec>, ConfigError> {
    let Some((path, tables)) = &layers.instruments else {
        return Ok(defaults());
    };
    tables
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let table: Table = value.clone().try_into().map_err(|error: toml::de::Error| {
                let reason = format!("instruments[{index}]: {}", error.message());
                ConfigError::File { path: path.clone(), reason }
            })?;
            spec(&table).map_err(|(field, reason)| ConfigError::Instrument {
                path: path.clone(),
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
            };
            spec(&table).expect("the built-in instruments are good ones")
        })
        .collect()
}

type Refused = (&'static str, String);

fn spec(table: &Table) -> Result<InstrumentSpec, Refused> {
    let fields = [
        InstrumentFields::BASE,
        InstrumentFields::QUOTE,
        InstrumentFields::PRICE_STEP,
        InstrumentFields::QUANTITY_STEP,
        InstrumentFields::MAKER_FEE,
        InstrumentFields::TAKER_FEE,
    ];
    if table.symbol.is_empty() {
        return Err(("symbol", "empty".into()));
    }
    Ok(InstrumentSpec {
        symbol: Symbol::new(&table.symbol).map_err(|bad| ("symbol", bad.to_string()))?,
        base: AssetName::new(&table.base).map_err(|bad| ("base", bad.to_string()))?,
        quote: AssetName::new(&table.quote).map_err(|bad| ("quote", bad.to_string()))?,
        fields: fields.into_iter().fold(InstrumentFields::NONE, InstrumentFields::with),
        price_step: step("price_step", &table.price_step)?,
        quantity_step: step("quantity_step", &table.quantity_step)?,
        maker_fee_ppm: fee("maker_fee_ppm", table.maker_fee_ppm)?,
        taker_fee_ppm: fee("taker_fee_ppm", table.taker_fee_ppm)?,
        ..InstrumentSpec::EMPTY
    })
}

fn step(field: &'static str, text: &str) -> Result<Step, Refused> {
    let decimal = Decimal::parse(text).map_err(|bad| (field, format!("{text:?} {bad}")))?;
    let refused = || (field, format!("{text} is not above 0 with at most 18 decimals"));
    Step::from_decimal(decimal).ok_or_else(refused)
}

fn fee(field: &'static str, ppm: i32) -> Result<i32, Refused> {
    let allowed = -FEE_PPM_MAX..=FEE_PPM_MAX;
    let refused = || (field, format!("{ppm} is outside {} to {FEE_PPM_MAX}", -FEE_PPM_MAX));
    allowed.contains(&ppm).then_some(ppm).ok_or_else(refused)
}
