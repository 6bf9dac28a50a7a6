//! One's own account: what it may do, what it has, what it holds.

use engine::Views;
use engine::projection::Position as PositionView;
use orison_core::command::{Access, AccountFields};
use orison_core::event::{AccountSettings, Amount, Balance as BalanceView, Funding};
use orison_core::{AccountName, AssetName, Decimal, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::money;
use crate::notation::self_trade_word;
use crate::xtrader::json::{Number, shown};

/// An account that nothing was ever set for is enabled, unfunded and without limits.
#[derive(Serialize, ToSchema)]
pub struct Account {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "demo")]
    pub account: AccountName,
    /// Whether its orders need money behind them.
    pub funded: bool,
    /// False: the kill switch is on, it enters no orders.
    pub enabled: bool,
    /// What happens when two of its orders meet and the later one says nothing else.
    #[schema(example = "None")]
    pub default_stp: &'static str,
    /// Of one order, in units of the base asset; null, as with each limit: none.
    pub max_quantity: Option<Number>,
    /// Of one order, in units of the quote asset.
    pub max_notional: Option<Number>,
    pub max_open_orders: Option<u32>,
    pub orders_per_second: Option<u32>,
    /// Of either direction, in units of the base asset.
    pub position_limit: Option<Number>,
    /// Null: the instrument's.
    pub maker_fee_ppm: Option<i32>,
    pub taker_fee_ppm: Option<i32>,
}

impl Account {
    /// None: nothing was ever set for it.
    pub fn new(account: AccountName, settings: Option<&AccountSettings>) -> Self {
        let has = |field| settings.filter(|settings| settings.fields.has(field));
        let amount = |field, of: fn(&AccountSettings) -> Amount| {
            has(field).map(|settings| {
                let Amount { mantissa, scale } = of(settings);
                Number(Decimal::new(mantissa.units(), scale))
            })
        };
        Self {
            account,
            funded: settings.is_some_and(|settings| settings.funding == Funding::Funded),
            enabled: settings.is_none_or(|settings| settings.access == Access::Enabled),
            default_stp: settings.map_or("None", |settings| self_trade_word(settings.self_trade)),
            max_quantity: amount(AccountFields::MAX_QUANTITY, |s| s.max_quantity),
            max_notional: amount(AccountFields::MAX_NOTIONAL, |s| s.max_notional),
            max_open_orders: has(AccountFields::MAX_OPEN_ORDERS).map(|s| s.max_open_orders),
            orders_per_second: has(AccountFields::ORDERS_PER_SECOND).map(|s| s.orders_per_second),
            position_limit: amount(AccountFields::POSITION_LIMIT, |s| s.position_limit),
            maker_fee_ppm: has(AccountFields::MAKER_FEE).map(|s| s.maker_fee_ppm),
            taker_fee_ppm: has(AccountFields::TAKER_FEE).map(|s| s.taker_fee_ppm),
        }
    }
}

/// What an account has of an asset.
#[derive(Serialize, ToSchema)]
pub struct Balance {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "KRW")]
    pub asset: AssetName,
    /// Below zero only in an unfunded account.
    pub free: Number,
    /// Behind open orders.
    pub locked: Number,
}

impl Balance {
    /// None: its asset is not known, which no view of ours allows.
    pub fn new(views: &Views, balance: &BalanceView) -> Option<Self> {
        let asset = views.catalog.asset(balance.asset)?;
        let amount = |units| money(&views.catalog, balance.asset, units);
        let (free, locked) = (amount(balance.free.units()), amount(balance.locked.units()));
        Some(Self { asset: asset.name, free, locked })
    }
}

/// What an account holds of an instrument it has ever traded.
#[derive(Serialize, ToSchema)]
pub struct Position {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, example = "BTC-KRW")]
    pub symbol: Symbol,
    /// Bought less sold.
    pub quantity: Number,
    /// Of one whole base asset, in the quote asset; 0 when flat.
    pub average_cost: Number,
    /// Profit that closing brought, in the quote asset, without fees.
    pub realised: Number,
}

impl Position {
    /// None: its instrument is not known, which no view of ours allows.
    pub fn new(views: &Views, position: &PositionView) -> Option<Self> {
        let instrument = views.catalog.instrument(position.instrument)?;
        let amount = |units| money(&views.catalog, instrument.quote, units);
        Some(Self {
            symbol: instrument.symbol,
            quantity: position.quantity_decimal(instrument).into(),
            average_cost: amount(position.average_cost),
            realised: amount(position.realised),
        })
    }
}
