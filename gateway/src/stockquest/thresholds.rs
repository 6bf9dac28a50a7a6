//! From which figure on a risk is worth an alert, by account, and when the alert is over: below
//! nine tenths of it, so that what hovers at the threshold does not flap. Figures come in, alerts
//! that begin or end go out.

use std::collections::BTreeMap;

use engine::Views;
use engine::analytics::{LimitKind, Risk, RiskPart};
use orison_core::types::AssetId;
use orison_core::{AccountName, InstrumentId};
use serde::Serialize;
use utoipa::ToSchema;

use super::holdings::{Ratio, currency};

/// Of its threshold: an alert is over once its figure is below this.
const CLEAR: f64 = 0.9;

/// None: no alert of it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Thresholds {
    /// Gross exposure over value.
    pub leverage: Option<f64>,
    /// Share of the largest position.
    pub concentration: Option<f64>,
    /// Value at risk (99 %) over value.
    pub value_at_risk: Option<f64>,
    /// Fall from the highest value, over that.
    pub drawdown: Option<f64>,
    /// Of any limit of the account.
    pub limit_usage: Option<f64>,
    /// Seconds to leave a position.
    pub unwind_seconds: Option<f64>,
}

impl Thresholds {
    pub const DEFAULT: Self = Self {
        leverage: Some(3.0),
        concentration: None,
        value_at_risk: Some(0.05),
        drawdown: Some(0.2),
        limit_usage: Some(0.8),
        unwind_seconds: Some(3_600.0),
    };
}

/// Those of the configuration: by account, and those of all others.
#[derive(Clone, PartialEq, Debug)]
pub struct RiskSettings {
    pub accounts: BTreeMap<AccountName, Thresholds>,
    pub others: Thresholds,
}

impl Default for RiskSettings {
    fn default() -> Self {
        Self { accounts: BTreeMap::new(), others: Thresholds::DEFAULT }
    }
}

impl RiskSettings {
    pub(super) fn of(&self, account: &AccountName) -> &Thresholds {
        self.accounts.get(account).unwrap_or(&self.others)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Metric {
    Leverage,
    Concentration,
    ValueAtRisk,
    Drawdown,
    Liquidity,
    Limit(&'static str),
}

impl Metric {
    fn word(self) -> String {
        match self {
            Self::Leverage => "LEVERAGE".into(),
            Self::Concentration => "CONCENTRATION".into(),
            Self::ValueAtRisk => "VALUE_AT_RISK".into(),
            Self::Drawdown => "DRAWDOWN".into(),
            Self::Liquidity => "LIQUIDITY".into(),
            Self::Limit(kind) => format!("LIMIT_{}", kind.to_ascii_uppercase()),
        }
    }
}

/// What an alert is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Subject {
    metric: Metric,
    quote: Option<AssetId>,
    instrument: Option<InstrumentId>,
}

/// RISK_ALERT: a figure has reached its threshold, or is well below it again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RiskAlert {
    /// LEVERAGE, CONCENTRATION (share of the largest position), VALUE_AT_RISK (over value),
    /// DRAWDOWN, LIQUIDITY (unwindSeconds) or LIMIT_ and its name.
    metric: String,
    /// RAISED or CLEARED.
    state: &'static str,
    /// Null: of all, or of none.
    currency: Option<String>,
    symbol: Option<String>,
    /// Null in CLEARED: there is none any more. Null in RAISED: beyond every number; of LEVERAGE
    /// and VALUE_AT_RISK nothing is left to bear what is open, of LIQUIDITY nothing trades.
    value: Option<Ratio>,
    threshold: Ratio,
    /// The alert is over below this.
    clear_below: Ratio,
}

/// The alerts that one session was told of and that are not over, with their thresholds.
#[derive(Default)]
pub(super) struct Alarms(BTreeMap<Subject, f64>);

impl Alarms {
    /// What begins or ends with these figures, by subject.
    pub(super) fn judge(
        &mut self,
        views: &Views,
        risk: &Risk,
        thresholds: &Thresholds,
    ) -> Vec<RiskAlert> {
        let measured = measures(views, risk, thresholds);
        let changes = self.change(&measured);
        changes.into_iter().map(|change| change.told(views)).collect()
    }

    fn change(&mut self, measured: &BTreeMap<Subject, Measure>) -> Vec<Change> {
        let mut changes = Vec::new();
        self.0.retain(|&subject, &mut threshold| {
            let value = measured.get(&subject).map(|measure| measure.value);
            let goes_on = value.is_some_and(|value| value >= threshold * CLEAR);
            if !goes_on {
                changes.push(Change { subject, state: "CLEARED", value, threshold });
            }
            goes_on
        });
        for (&subject, &Measure { value, threshold }) in measured {
            if value >= threshold && !self.0.contains_key(&subject) {
                self.0.insert(subject, threshold);
                changes.push(Change { subject, state: "RAISED", value: Some(value), threshold });
            }
        }
        changes
    }
}

#[derive(Clone, Copy)]
struct Measure {
    value: f64,
    threshold: f64,
}

struct Change {
    subject: Subject,
    state: &'static str,
    value: Option<f64>,
    threshold: f64,
}

impl Change {
    fn told(self, views: &Views) -> RiskAlert {
        let Self { subject, state, value, threshold } = self;
        let instrument = subject.instrument.and_then(|id| views.catalog.instrument(id));
        RiskAlert {
            metric: subject.metric.word(),
            state,
            currency: subject.quote.map(|quote| currency(views, quote)),
            symbol: instrument.map(|instrument| instrument.symbol.to_string()),
            value: value.filter(|value| value.is_finite()).map(Ratio),
            threshold: Ratio(threshold),
            clear_below: Ratio(threshold * CLEAR),
        }
    }
}

/// Every figure that there is and that has a threshold.
fn measures(views: &Views, risk: &Risk, thresholds: &Thresholds) -> BTreeMap<Subject, Measure> {
    let mut measured = BTreeMap::new();
    let mut add = |subject, value: Option<f64>, threshold: Option<f64>| {
        if let Some((value, threshold)) = value.zip(threshold) {
            measured.insert(subject, Measure { value, threshold });
        }
    };
    for part in &risk.parts {
        let of = |metric| Subject { metric, quote: Some(part.quote), instrument: None };
        add(of(Metric::Leverage), or_ruin(part, part.leverage), thresholds.leverage);
        if let Some((instrument, share)) = part.largest {
            let subject = Subject { instrument: Some(instrument), ..of(Metric::Concentration) };
            add(subject, Some(share), thresholds.concentration);
        }
        let tail = part.tail.and_then(|_| or_ruin(part, tail_ratio(views, part)));
        add(of(Metric::ValueAtRisk), tail, thresholds.value_at_risk);
        let drawdown = part.drawdown.and_then(|drawdown| drawdown.current_ratio);
        add(of(Metric::Drawdown), drawdown, thresholds.drawdown);
        for liquidity in &part.liquidity {
            let instrument = Some(liquidity.instrument);
            let subject = Subject { instrument, ..of(Metric::Liquidity) };
            // Nothing trades: what the book does not take cannot be left.
            let seconds = liquidity.unwind_seconds.unwrap_or(f64::INFINITY);
            add(subject, Some(seconds), thresholds.unwind_seconds);
        }
    }
    for usage in &risk.usages {
        let metric = Metric::Limit(LimitKind::word(usage.kind));
        let subject = Subject { metric, quote: None, instrument: None };
        add(subject, usage.ratio, thresholds.limit_usage);
    }
    measured
}

/// A ratio to the account's value; beyond every threshold where something is open and that value
/// is not above zero, where the ratio itself would say nothing.
fn or_ruin(part: &RiskPart, ratio: Option<f64>) -> Option<f64> {
    match part.gross > 0 && part.total_value <= 0 {
        true => Some(f64::INFINITY),
        false => ratio,
    }
}

/// Value at risk over value. None: that is not above zero.
fn tail_ratio(views: &Views, part: &RiskPart) -> Option<f64> {
    let tail = part.tail?;
    let value = views.catalog.amount(part.quote, part.total_value).to_string();
    let value: f64 = value.parse().ok()?;
    let ratio = tail.value_at_risk / value;
    (value > 0.0 && ratio.is_finite()).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_does_not_flap_at_its_threshold() {
        let subject = Subject { metric: Metric::Drawdown, quote: None, instrument: None };
        let mut alarms = Alarms::default();
        for (value, state) in [
            (Some(0.19), None),
            (Some(0.2), Some("RAISED")),
            (Some(0.21), None),
            (Some(0.19), None),
            (Some(0.2), None),
            (Some(0.181), None),
            (Some(0.179), Some("CLEARED")),
            (Some(0.199), None),
            (Some(0.3), Some("RAISED")),
            (None, Some("CLEARED")),
            (None, None),
        ] {
            let measured = value.map(|value| (subject, Measure { value, threshold: 0.2 }));
            let changes = alarms.change(&measured.into_iter().collect());
            let states: Vec<_> = changes.iter().map(|change| change.state).collect();
            assert_eq!(states, Vec::from_iter(state), "{value:?}");
        }
    }
}
