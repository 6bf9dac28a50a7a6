//! The bodies of portfolio messages: figures of the engine in units of money become decimals,
//! ratios stay numbers. One part for each currency, for no rate between two is known.

use engine::Views;
use engine::analytics::{Drawdown, Holding, Portfolio, PortfolioPart};
use engine::projection::OrderView;
use orison_core::types::AssetId;
use orison_core::{AccountName, Instrument, InstrumentId, Symbol};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::order_news::{OrderBody, body};
use super::portfolio::PORTFOLIO_ID;
use super::quote::Quote;
use crate::xtrader::json::{Number, shown};
use crate::xtrader::shape::money;

/// A ratio or statistic: finite, and written without an exponent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Ratio(pub(super) f64);

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = RawValue::from_string(self.0.to_string());
        text.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl utoipa::PartialSchema for Ratio {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        <f64 as utoipa::PartialSchema>::schema()
    }
}

impl ToSchema for Ratio {}

#[derive(Serialize, ToSchema)]
pub(super) struct PortfolioList {
    portfolios: Vec<PortfolioEntry>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PortfolioEntry {
    portfolio_id: u64,
    account: String,
    /// In which it has traded or has a balance.
    currencies: Vec<String>,
    /// Instruments with an open position.
    positions: usize,
}

impl PortfolioList {
    pub(super) fn new(views: &Views, account: &AccountName, figures: &Portfolio) -> Self {
        let holdings = figures.parts.iter().flat_map(|part| &part.holdings);
        let entry = PortfolioEntry {
            portfolio_id: PORTFOLIO_ID,
            account: account.to_string(),
            currencies: figures.parts.iter().map(|part| currency(views, part.quote)).collect(),
            positions: holdings.filter(|holding| holding.position.quantity != 0).count(),
        };
        Self { portfolios: vec![entry] }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortfolioConfirmed {
    pub(super) portfolio_id: u64,
    pub(super) account: String,
    pub(super) subscribed: bool,
    /// ALL, VALUE or POSITIONS; null: nothing is subscribed.
    pub(super) update_type: Option<&'static str>,
    /// Milliseconds between two looks at the value, as it was clamped; null: not subscribed.
    pub(super) update_interval: Option<u64>,
    /// The same of positions.
    pub(super) position_interval: Option<u64>,
}

impl PortfolioConfirmed {
    pub(super) fn none(account: &AccountName) -> Self {
        Self {
            portfolio_id: PORTFOLIO_ID,
            account: account.to_string(),
            subscribed: false,
            update_type: None,
            update_interval: None,
            position_interval: None,
        }
    }
}

/// What a part is worth; amounts in its currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Worth {
    /// Free and locked; of an unfunded account it may be below zero.
    cash: Number,
    total_cost: Number,
    market_value: Number,
    /// Cash and market value.
    total_value: Number,
    #[serde(rename = "unrealizedPnL")]
    unrealised: Number,
    #[serde(rename = "realizedPnL")]
    realised: Number,
    fees: Number,
    /// Sum over positions: what the market's move of 24 hours is worth to what is held now.
    day_change: Number,
}

impl Worth {
    fn new(views: &Views, part: &PortfolioPart) -> Self {
        let amount = |units| money(&views.catalog, part.quote, units);
        Self {
            cash: amount(part.cash),
            total_cost: amount(part.total_cost),
            market_value: amount(part.market_value),
            total_value: amount(part.total_value),
            unrealised: amount(part.unrealised),
            realised: amount(part.realised),
            fees: amount(part.fees),
            day_change: amount(part.day_change),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct PartWorth {
    currency: String,
    #[serde(flatten)]
    worth: Worth,
}

/// The totals of an account with one currency; zero without any, null with several.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Totals {
    total_cost: Option<Number>,
    total_value: Option<Number>,
    #[serde(rename = "unrealizedPnL")]
    unrealised: Option<Number>,
    #[serde(rename = "realizedPnL")]
    realised: Option<Number>,
    day_change: Option<Number>,
    /// 1 - sum of squared allocations: 0 = all in one. Null: nothing is open.
    diversification_score: Option<Ratio>,
}

impl Totals {
    fn new(views: &Views, figures: &Portfolio) -> Self {
        let amount = |amount: fn(&PortfolioPart) -> i128| match figures.parts.as_slice() {
            [] => Some(Number(orison_core::Decimal::new(0, 0))),
            [part] => Some(money(&views.catalog, part.quote, amount(part))),
            [_, _, ..] => None,
        };
        let diversification = match figures.parts.as_slice() {
            [part] => part.diversification.map(Ratio),
            [] | [_, _, ..] => None,
        };
        Self {
            total_cost: amount(|part| part.total_cost),
            total_value: amount(|part| part.total_value),
            unrealised: amount(|part| part.unrealised),
            realised: amount(|part| part.realised),
            day_change: amount(|part| part.day_change),
            diversification_score: diversification,
        }
    }
}

/// PORTFOLIO_UPDATE: the value, without positions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortfolioUpdate {
    portfolio_id: u64,
    account: String,
    #[serde(flatten)]
    totals: Totals,
    /// By currency.
    parts: Vec<PartWorth>,
}

impl PortfolioUpdate {
    pub(super) fn new(views: &Views, account: &AccountName, figures: &Portfolio) -> Self {
        let part = |part: &PortfolioPart| PartWorth {
            currency: currency(views, part.quote),
            worth: Worth::new(views, part),
        };
        Self {
            portfolio_id: PORTFOLIO_ID,
            account: account.to_string(),
            totals: Totals::new(views, figures),
            parts: figures.parts.iter().map(part).collect(),
        }
    }
}

/// PORTFOLIO_SNAPSHOT: value and positions.
#[derive(Serialize, ToSchema)]
pub(super) struct PortfolioSnapshot {
    #[serde(flatten)]
    update: PortfolioUpdate,
    /// Those that are flat too, for their realised profit.
    positions: Vec<PositionBody>,
}

impl PortfolioSnapshot {
    pub(super) fn new(views: &Views, account: &AccountName, figures: &Portfolio) -> Self {
        let holdings = figures.parts.iter().flat_map(|part| &part.holdings);
        let position = |holding: &Holding| {
            let instrument = views.catalog.instrument(holding.position.instrument)?;
            Some(PositionBody::new(views, instrument, Some(holding)))
        };
        Self {
            update: PortfolioUpdate::new(views, account, figures),
            positions: holdings.filter_map(position).collect(),
        }
    }
}

/// What is held of one instrument; amounts in its quote asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PositionBody {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    currency: String,
    /// Negative: more was sold than bought.
    quantity: Number,
    /// Of one whole base asset; 0: flat.
    average_cost: Number,
    cost: Number,
    /// What it is valued at. Null: at what it cost.
    price: Option<Number>,
    market_value: Number,
    #[serde(rename = "unrealizedPnL")]
    unrealised: Number,
    #[serde(rename = "realizedPnL")]
    realised: Number,
    /// Quantity x (price - the first price of the last 24 hours): what the move of the market is
    /// worth to what is held now, whenever it was bought. Null: nothing traded in them.
    day_change: Option<Number>,
    /// That move over that first price; of what is short the opposite.
    day_change_ratio: Option<Ratio>,
    /// Share of its currency's positions. Null: nothing is open.
    allocation: Option<Ratio>,
}

impl PositionBody {
    fn new(views: &Views, instrument: &Instrument, holding: Option<&Holding>) -> Self {
        let quote = instrument.quote;
        let amount = |units| money(&views.catalog, quote, units);
        let position = holding.map(|holding| &holding.position);
        let nothing = Number(orison_core::Decimal::new(0, 0));
        let mark = holding.and_then(|holding| holding.mark);
        Self {
            symbol: instrument.symbol,
            currency: currency(views, quote),
            quantity: position.map_or(nothing, |p| Number(p.quantity_decimal(instrument))),
            average_cost: amount(position.map_or(0, |position| position.average_cost)),
            cost: amount(position.map_or(0, |position| position.cost)),
            price: mark.map(|mark| Number(instrument.price_decimal(mark.price))),
            market_value: amount(holding.map_or(0, |holding| holding.market_value)),
            unrealised: amount(holding.map_or(0, |holding| holding.unrealised)),
            realised: amount(position.map_or(0, |position| position.realised)),
            day_change: holding.and_then(|holding| holding.day_change).map(amount),
            day_change_ratio: holding.and_then(|holding| holding.day_change_ratio).map(Ratio),
            allocation: holding.and_then(|holding| holding.allocation).map(Ratio),
        }
    }
}

/// POSITION_UPDATE: one position.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PositionUpdate {
    portfolio_id: u64,
    #[serde(flatten)]
    position: PositionBody,
}

impl PositionUpdate {
    /// None: there is no such instrument.
    pub(super) fn new(
        views: &Views,
        instrument: InstrumentId,
        holding: Option<&Holding>,
    ) -> Option<Self> {
        let instrument = views.catalog.instrument(instrument)?;
        let position = PositionBody::new(views, instrument, holding);
        Some(Self { portfolio_id: PORTFOLIO_ID, position })
    }
}

/// Open orders in POSITION_DETAILS, newest first.
const OPEN_ORDERS_MAX: usize = 100;

/// POSITION_DETAILS: one position, the market it is in, and what is open there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PositionDetails {
    portfolio_id: u64,
    #[serde(flatten)]
    position: PositionBody,
    quote: Quote,
    /// At most 100.
    open_orders: Vec<OrderBody>,
}

impl PositionDetails {
    pub(super) fn new(
        views: &Views,
        account: &AccountName,
        figures: &Portfolio,
        instrument: &Instrument,
    ) -> Self {
        let mut holdings = figures.parts.iter().flat_map(|part| &part.holdings);
        let holding = holdings.find(|holding| holding.position.instrument == instrument.id);
        let is_here =
            |order: &&OrderView| order.instrument == instrument.id && order.status.is_open();
        let open = views.orders.of_account(figures.account).filter(is_here);
        Self {
            portfolio_id: PORTFOLIO_ID,
            position: PositionBody::new(views, instrument, holding),
            quote: Quote::new(views, instrument),
            open_orders: open
                .take(OPEN_ORDERS_MAX)
                .filter_map(|order| body(views, account, order))
                .collect(),
        }
    }
}

/// PORTFOLIO_ANALYTICS: how the portfolio is spread and how it has done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortfolioAnalytics {
    portfolio_id: u64,
    /// By currency.
    parts: Vec<PartAnalytics>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartAnalytics {
    currency: String,
    allocation: Vec<Allocation>,
    /// 1 - sum of squared allocations: 0 = all in one. Null: nothing is open.
    diversification_score: Option<Ratio>,
    /// Of gains from minute to minute over the samples kept, a year's; without interest. Null:
    /// fewer than 30, or they do not differ.
    sharpe_ratio: Option<Ratio>,
    /// Null: there is no history.
    drawdown: Option<DrawdownBody>,
}

#[derive(Serialize, ToSchema)]
struct Allocation {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    weight: Ratio,
}

/// How far the gain fell from its highest until then; ratios are of the value at that high.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DrawdownBody {
    deepest: Number,
    deepest_ratio: Option<Ratio>,
    current: Number,
    current_ratio: Option<Ratio>,
}

impl DrawdownBody {
    pub(super) fn new(views: &Views, quote: AssetId, drawdown: &Drawdown) -> Self {
        Self {
            deepest: money(&views.catalog, quote, drawdown.deepest),
            deepest_ratio: drawdown.deepest_ratio.map(Ratio),
            current: money(&views.catalog, quote, drawdown.current),
            current_ratio: drawdown.current_ratio.map(Ratio),
        }
    }
}

impl PortfolioAnalytics {
    pub(super) fn new(views: &Views, figures: &Portfolio) -> Self {
        let part = |part: &PortfolioPart| PartAnalytics {
            currency: currency(views, part.quote),
            allocation: part.holdings.iter().filter_map(|h| allocation(views, h)).collect(),
            diversification_score: part.diversification.map(Ratio),
            sharpe_ratio: part.sharpe.map(Ratio),
            drawdown: part.drawdown.map(|d| DrawdownBody::new(views, part.quote, &d)),
        };
        Self { portfolio_id: PORTFOLIO_ID, parts: figures.parts.iter().map(part).collect() }
    }
}

/// None: it is flat.
fn allocation(views: &Views, holding: &Holding) -> Option<Allocation> {
    let instrument = views.catalog.instrument(holding.position.instrument)?;
    let weight = holding.allocation.filter(|_| holding.position.quantity != 0)?;
    Some(Allocation { symbol: instrument.symbol, weight: Ratio(weight) })
}

/// An asset's name.
pub(super) fn currency(views: &Views, asset: AssetId) -> String {
    views.catalog.asset(asset).map(|asset| asset.name.to_string()).unwrap_or_default()
}
