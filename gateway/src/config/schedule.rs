//! The timetables of `[[schedule]]`: for some instruments or all others, what happens at which
//! times of which days in a named time zone.

use orison_core::Symbol;
use serde::Deserialize;

use super::ConfigError;
use super::layers::Layers;
use crate::schedule::timetable::{self, Action, Days, Slot, Symbols, Timetable};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    symbols: Vec<String>,
    time_zone: String,
    days: Option<String>,
    at: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    time: String,
    action: String,
}

pub(super) fn timetables(layers: &Layers) -> Result<Vec<Timetable>, ConfigError> {
    let Some((path, tables)) = layers.tables("schedule") else { return Ok(Vec::new()) };
    tables
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let table = value.clone().try_into();
            let read = table.map_err(|error: toml::de::Error| error.message().to_owned());
            read.and_then(|table: Table| timetable(&table)).map_err(|reason| {
                let reason = format!("schedule[{index}]: {reason}");
                ConfigError::File { path: path.to_owned(), reason }
            })
        })
        .collect()
}

fn timetable(table: &Table) -> Result<Timetable, String> {
    let zone = timetable::zone(&table.time_zone).ok_or_else(|| {
        let name = &table.time_zone;
        format!("time_zone: {name:?} is not allowed; allowed: an IANA name such as Asia/Seoul")
    })?;
    let days = match &table.days {
        None => Days::ALL,
        Some(text) => Days::parse(text)
            .ok_or_else(|| format!("days: {text:?} is not allowed; allowed: {}", Days::ALLOWED))?,
    };
    if table.at.is_empty() {
        return Err("at: nothing is in it".into());
    }
    let slots = table.at.iter().map(slot).collect::<Result<_, _>>()?;
    Ok(Timetable::new(symbols(&table.symbols)?, zone, days, slots))
}

fn symbols(names: &[String]) -> Result<Symbols, String> {
    match names {
        [] => Err("symbols: nothing is in it; allowed: symbols, or \"*\" alone".into()),
        [every] if every == "*" => Ok(Symbols::Others),
        names => {
            let symbol = |name: &String| match Symbol::new(name) {
                Ok(symbol) if !symbol.is_empty() && name != "*" => Ok(symbol),
                _ => Err(format!("symbols: {name:?} is not allowed; allowed: symbols, or \"*\"")),
            };
            names.iter().map(symbol).collect::<Result<_, _>>().map(Symbols::These)
        }
    }
}

fn slot(entry: &Entry) -> Result<Slot, String> {
    let Entry { time, action } = entry;
    Ok(Slot {
        time: timetable::time_of_day(time).ok_or_else(|| {
            format!("time: {time:?} is not allowed; allowed: HH:MM or HH:MM:SS to 23:59:59")
        })?,
        action: Action::of(action).ok_or_else(|| {
            format!("action: {action:?} is not allowed; allowed: {}", Action::ALLOWED)
        })?,
    })
}
