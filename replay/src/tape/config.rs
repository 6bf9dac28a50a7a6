//! The instruments of a configuration file: its `[[instruments]]` tables have the fields of the
//! tape's `instrument` lines. Everything else in the file is for others and is passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use orison_core::AssetName;
use orison_core::command::InstrumentSpec;
use thiserror::Error;

use super::fields::{Fields, LineError};
use super::order::opened_decimals;
use super::settings::{default_symbol, read_instrument};

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Syntax { path: PathBuf, reason: String },
    #[error("{}: instruments[{index}]: {reason}", path.display())]
    Instrument { path: PathBuf, index: usize, reason: String },
}

pub fn instruments(path: &Path) -> Result<Vec<InstrumentSpec>, ConfigError> {
    let syntax = |reason| ConfigError::Syntax { path: path.to_owned(), reason };
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let file: toml::Table =
        text.parse().map_err(|error: toml::de::Error| syntax(error.to_string()))?;
    let Some(tables) = file.get("instruments") else { return Ok(Vec::new()) };
    let tables = tables
        .as_array()
        .ok_or_else(|| syntax("`instruments` must be an array of tables".to_owned()))?;
    let mut specs = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let spec = spec(table, &specs).map_err(|reason| {
            let path = path.to_owned();
            ConfigError::Instrument { path, index, reason }
        })?;
        specs.push(spec);
    }
    Ok(specs)
}

/// `before`: those that are created before it, whose assets it may share.
fn spec(table: &toml::Value, before: &[InstrumentSpec]) -> Result<InstrumentSpec, String> {
    let table = table.as_table().ok_or("must be a table")?;
    if let Some((field, _)) = table.iter().find(|(_, value)| value.is_float()) {
        return Err(format!("`{field}` is a float: write it as a string, which is exact"));
    }
    let line = serde_json::to_string(table).map_err(|error| error.to_string())?;
    read(&line, before).map_err(|error| error.to_string())
}

fn read(line: &str, before: &[InstrumentSpec]) -> Result<InstrumentSpec, LineError> {
    let mut fields = Fields::parse(line)?;
    let symbol = fields.name("symbol")?.unwrap_or_else(default_symbol);
    let decimals = |asset: &AssetName| before.iter().find_map(|spec| opened_decimals(spec, asset));
    let spec = read_instrument(&mut fields, symbol, None, decimals)?;
    fields.finish("instrument")?;
    Ok(spec)
}
