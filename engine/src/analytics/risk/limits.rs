//! How much of each limit of its settings an account uses. What is counted is what the core counts
//! when the next order comes, as far as the read models know it.

use orison_core::command::AccountFields;
use orison_core::event::{AccountSettings, Amount};
use orison_core::{AccountId, Decimal, Instrument, InstrumentId, Side};

use super::super::number::{finite, real};
use crate::Views;
use crate::projection::OrderView;

const SECOND_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LimitKind {
    MaxOpenOrders,
    /// Orders that came in within the last second.
    OrdersPerSecond,
    /// The largest open order of any instrument, in base assets.
    MaxQuantity,
    /// The largest open order with a price, in quote assets.
    MaxNotional,
    /// The position, if all open orders of its worse side traded, in base assets.
    PositionLimit,
}

impl LimitKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::MaxOpenOrders => "max_open_orders",
            Self::OrdersPerSecond => "orders_per_second",
            Self::MaxQuantity => "max_quantity",
            Self::MaxNotional => "max_notional",
            Self::PositionLimit => "position_limit",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Usage {
    pub kind: LimitKind,
    /// Of the largest, where the limit holds for each; None: it holds for all together, or there
    /// is nothing.
    pub instrument: Option<InstrumentId>,
    pub used: Decimal,
    pub limit: Decimal,
    /// `used` over `limit`. None: the limit is zero.
    pub ratio: Option<f64>,
}

/// In the order of `LimitKind`.
pub(super) fn usages(views: &Views, account: AccountId) -> Vec<Usage> {
    let Some(settings) = views.catalog.settings(account) else { return Vec::new() };
    let is_open = |order: &&OrderView| order.status.is_open();
    let open: Vec<&OrderView> = views.orders.of_account(account).filter(is_open).collect();
    let mut usages = counts(views, account, settings, open.len());
    let has = |field| settings.fields.has(field);
    let sized = open.iter().filter_map(|order| {
        let instrument = views.catalog.instrument(order.instrument)?;
        Some((order.instrument, instrument.quantity_decimal(order.remaining)))
    });
    if has(AccountFields::MAX_QUANTITY) {
        usages.push(Usage::of(LimitKind::MaxQuantity, largest(sized), settings.max_quantity));
    }
    let worth = open.iter().filter_map(|order| {
        let instrument = views.catalog.instrument(order.instrument)?;
        let units = views.catalog.worth(instrument)?.market(order.price?, order.remaining.0.into());
        Some((order.instrument, views.catalog.amount(instrument.quote, units)))
    });
    if has(AccountFields::MAX_NOTIONAL) {
        usages.push(Usage::of(LimitKind::MaxNotional, largest(worth), settings.max_notional));
    }
    let reached = views.catalog.instruments().iter().filter_map(|instrument| {
        let steps = reach(views, account, instrument, &open);
        Some((instrument.id, instrument.quantity_step.to_decimal().times(steps)?))
    });
    if has(AccountFields::POSITION_LIMIT) {
        usages.push(Usage::of(LimitKind::PositionLimit, largest(reached), settings.position_limit));
    }
    usages
}

fn counts(
    views: &Views,
    account: AccountId,
    settings: &AccountSettings,
    open_orders: usize,
) -> Vec<Usage> {
    let mut usages = Vec::new();
    let mut count = |kind, used: usize, limit: u32| {
        let (used, limit) = (Decimal::new(used as i128, 0), Decimal::new(limit.into(), 0));
        usages.push(Usage { kind, instrument: None, used, limit, ratio: ratio(used, limit) });
    };
    if settings.fields.has(AccountFields::MAX_OPEN_ORDERS) {
        count(LimitKind::MaxOpenOrders, open_orders, settings.max_open_orders);
    }
    if settings.fields.has(AccountFields::ORDERS_PER_SECOND) {
        let now_ns = views.at().time_ns;
        let is_new = |order: &&OrderView| order.created.time_ns.saturating_add(SECOND_NS) > now_ns;
        let entered = views.orders.of_account(account).take_while(is_new).count();
        count(LimitKind::OrdersPerSecond, entered, settings.orders_per_second);
    }
    usages
}

impl Usage {
    fn of(kind: LimitKind, largest: Option<(InstrumentId, Decimal)>, limit: Amount) -> Self {
        let limit = Decimal::new(limit.mantissa.units(), limit.scale);
        let used = largest.map_or(Decimal::ZERO, |(_, used)| used);
        let instrument = largest.map(|(instrument, _)| instrument);
        Self { kind, instrument, used, limit, ratio: ratio(used, limit) }
    }
}

fn ratio(used: Decimal, limit: Decimal) -> Option<f64> {
    let number = |decimal: Decimal| real(decimal.mantissa(), decimal.scale());
    finite(number(used) / number(limit))
}

/// Of equal ones the first; what is zero is nothing.
fn largest(
    amounts: impl Iterator<Item = (InstrumentId, Decimal)>,
) -> Option<(InstrumentId, Decimal)> {
    amounts.filter(|(_, amount)| *amount > Decimal::ZERO).fold(
        None,
        |largest, next| match largest {
            Some((_, known)) if known >= next.1 => largest,
            Some(_) | None => Some(next),
        },
    )
}

/// How far from zero the position would be, in steps, if every open order of one side traded.
fn reach(views: &Views, account: AccountId, instrument: &Instrument, open: &[&OrderView]) -> i128 {
    let position = views.positions.position(account, instrument.id);
    let position = position.map_or(0, |position| position.quantity);
    let of_side = |side: Side| {
        let orders =
            open.iter().filter(|order| order.instrument == instrument.id && order.side == side);
        orders.fold(0i128, |sum, order| sum + i128::from(order.remaining.0))
    };
    let (bought, sold) = (position + of_side(Side::Buy), of_side(Side::Sell) - position);
    bought.max(sold)
}
