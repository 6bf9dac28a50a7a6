//! Lines about accounts: `account`, `deposit` and `withdraw` become commands. Limits and amounts
//! are passed on as decimals, in units: what they count is the core's to say.

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, Direction, Transfer,
};
use orison_core::{AccountName, Decimal};

use super::fields::{Fields, LineError, Number};
use crate::form::words::SELF_TRADES;

/// Fields that are absent or null change nothing.
pub(super) fn read_account(fields: &mut Fields<'_>) -> Result<AccountSpec, LineError> {
    let name: AccountName = fields.required_name("account")?;
    let mut spec = AccountSpec::of(AccountRef::Name(name));
    if let Some(self_trade) = fields.word("default_stp", SELF_TRADES)? {
        spec.fields = spec.fields.with(AccountFields::SELF_TRADE);
        spec.self_trade = self_trade;
    }
    if let Some(enabled) = fields.flag("enabled")? {
        spec.fields = spec.fields.with(AccountFields::ENABLED);
        spec.access = if enabled { Access::Enabled } else { Access::Disabled };
    }
    read_sizes(fields, &mut spec)?;
    read_counts(fields, &mut spec)?;
    read_rates(fields, &mut spec)?;
    Ok(spec)
}

fn read_sizes(fields: &mut Fields<'_>, spec: &mut AccountSpec) -> Result<(), LineError> {
    for (name, field, place) in [
        ("max_quantity", AccountFields::MAX_QUANTITY, &mut spec.max_quantity),
        ("max_notional", AccountFields::MAX_NOTIONAL, &mut spec.max_notional),
        ("position_limit", AccountFields::POSITION_LIMIT, &mut spec.position_limit),
    ] {
        let Some(number) = fields.number(name)? else { continue };
        spec.fields = spec.fields.with(field);
        *place = saturated(number);
    }
    Ok(())
}

fn read_counts(fields: &mut Fields<'_>, spec: &mut AccountSpec) -> Result<(), LineError> {
    for (name, field, place) in [
        ("max_open_orders", AccountFields::MAX_OPEN_ORDERS, &mut spec.max_open_orders),
        ("orders_per_second", AccountFields::ORDERS_PER_SECOND, &mut spec.orders_per_second),
    ] {
        if let Some(count) = fields.integer(name)? {
            spec.fields = spec.fields.with(field);
            *place = count;
        }
    }
    Ok(())
}

fn read_rates(fields: &mut Fields<'_>, spec: &mut AccountSpec) -> Result<(), LineError> {
    for (name, field, place) in [
        ("maker_fee_ppm", AccountFields::MAKER_FEE, &mut spec.maker_fee_ppm),
        ("taker_fee_ppm", AccountFields::TAKER_FEE, &mut spec.taker_fee_ppm),
    ] {
        if let Some(rate) = fields.integer(name)? {
            spec.fields = spec.fields.with(field);
            *place = rate;
        }
    }
    Ok(())
}

pub(super) fn read_transfer(
    fields: &mut Fields<'_>,
    direction: Direction,
) -> Result<Transfer, LineError> {
    let name: AccountName = fields.required_name("account")?;
    let asset = fields.required_name("asset")?;
    let amount = fields.number("amount")?.ok_or(LineError::Missing { field: "amount" })?;
    Ok(Transfer {
        account: AccountRef::Name(name),
        asset,
        direction,
        amount: saturated(amount),
        actor: Actor::EMPTY,
    })
}

/// What no decimal can hold is the largest one, which is more than any amount can be.
fn saturated(number: Number) -> Decimal {
    match number {
        Number::Exact(decimal) => decimal,
        Number::TooLarge => Decimal::new(i128::MAX, 0),
    }
}
