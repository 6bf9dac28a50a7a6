//! The tables of `[[risk]]`: from which figures on an account's risk is worth an alert. What a
//! table does not name keeps its default; 0 turns it off.

use orison_core::AccountName;
use serde::Deserialize;

use super::ConfigError;
use super::layers::Layers;
use crate::stockquest::{RiskSettings, Thresholds};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    account: String,
    leverage: Option<f64>,
    concentration: Option<f64>,
    value_at_risk: Option<f64>,
    drawdown: Option<f64>,
    limit_usage: Option<f64>,
    unwind_seconds: Option<f64>,
}

pub(super) fn settings(layers: &Layers) -> Result<RiskSettings, ConfigError> {
    let mut settings = RiskSettings::default();
    let Some((path, tables)) = layers.tables("risk") else { return Ok(settings) };
    let mut read = Vec::new();
    for (index, value) in tables.iter().enumerate() {
        let table: Result<Table, toml::de::Error> = value.clone().try_into();
        let table = table.map_err(|error| error.message().to_owned());
        read.push(table.and_then(account).map_err(|reason| {
            let reason = format!("risk[{index}]: {reason}");
            ConfigError::File { path: path.to_owned(), reason }
        })?);
    }
    // Accounts begin with what holds for all.
    for (_, table) in read.iter().filter(|(account, _)| account.is_none()) {
        settings.others = table.over(settings.others);
    }
    for (account, table) in &read {
        if let Some(account) = account {
            let thresholds = table.over(settings.others);
            settings.accounts.insert(*account, thresholds);
        }
    }
    Ok(settings)
}

/// None: `"*"`, all others.
fn account(table: Table) -> Result<(Option<AccountName>, Table), String> {
    let figures = [
        ("leverage", table.leverage),
        ("concentration", table.concentration),
        ("value_at_risk", table.value_at_risk),
        ("drawdown", table.drawdown),
        ("limit_usage", table.limit_usage),
        ("unwind_seconds", table.unwind_seconds),
    ];
    for (name, value) in figures {
        let is_share = name == "concentration";
        let most = if is_share { 1.0 } else { f64::MAX };
        if let Some(value) = value.filter(|value| !(0.0..=most).contains(value)) {
            let allowed = if is_share { "0 to 1" } else { "numbers from 0" };
            return Err(format!("{name}: {value} is not allowed; allowed: {allowed}, 0 = off"));
        }
    }
    let name = match table.account.as_str() {
        "*" => None,
        name => {
            Some(AccountName::new(name).ok().filter(|name| !name.is_empty()).ok_or_else(|| {
                let allowed = "1 to 32 printable ASCII characters, or \"*\"";
                format!("account: {name:?} is not allowed; allowed: {allowed}")
            })?)
        }
    };
    Ok((name, table))
}

impl Table {
    fn over(&self, known: Thresholds) -> Thresholds {
        let said = |said: Option<f64>, known| match said {
            None => known,
            Some(0.0) => None,
            Some(threshold) => Some(threshold),
        };
        Thresholds {
            leverage: said(self.leverage, known.leverage),
            concentration: said(self.concentration, known.concentration),
            value_at_risk: said(self.value_at_risk, known.value_at_risk),
            drawdown: said(self.drawdown, known.drawdown),
            limit_usage: said(self.limit_usage, known.limit_usage),
            unwind_seconds: said(self.unwind_seconds, known.unwind_seconds),
        }
    }
}
