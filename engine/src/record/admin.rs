//! What an operator decides: an instrument's phases, money in and out, an account's settings. One
//! form each, with room for who it was.

use orison_core::InstrumentId;
use orison_core::command::{AccountSpec, EndOfDay, StatusChange, Transfer, Uncross};

use super::field::{self, Fault, GIVEN_INSTRUMENT};
use super::layout::{
    self, ArchivedAccount, ArchivedEndOfDay, ArchivedStatus, ArchivedTransfer, ArchivedUncross,
};

impl From<&StatusChange> for layout::Status {
    fn from(change: &StatusChange) -> Self {
        Self {
            instrument: change.instrument.0,
            status: change.status as u8,
            reserved: [0; 5],
            actor: *change.actor.bytes(),
        }
    }
}

impl ArchivedStatus {
    pub(super) fn read(&self) -> Result<StatusChange, Fault> {
        field::reserved(&self.reserved)?;
        Ok(StatusChange {
            instrument: InstrumentId(self.instrument.to_native()),
            status: field::status(self.status)?,
            actor: field::text("actor", &self.actor)?,
        })
    }
}

impl From<&Uncross> for layout::Uncross {
    fn from(uncross: &Uncross) -> Self {
        Self { instrument: uncross.instrument.0, reserved: [0; 6], actor: *uncross.actor.bytes() }
    }
}

impl ArchivedUncross {
    pub(super) fn read(&self) -> Result<Uncross, Fault> {
        field::reserved(&self.reserved)?;
        Ok(Uncross {
            instrument: InstrumentId(self.instrument.to_native()),
            actor: field::text("actor", &self.actor)?,
        })
    }
}

impl From<&EndOfDay> for layout::EndOfDay {
    fn from(end: &EndOfDay) -> Self {
        let (given, instrument) = field::instrument_parts(end.instrument);
        Self { instrument, given, reserved: [0; 5], actor: *end.actor.bytes() }
    }
}

impl ArchivedEndOfDay {
    pub(super) fn read(&self) -> Result<EndOfDay, Fault> {
        field::reserved(&self.reserved)?;
        field::given(self.given, GIVEN_INSTRUMENT)?;
        Ok(EndOfDay {
            instrument: field::given_instrument(self.given, self.instrument.to_native())?,
            actor: field::text("actor", &self.actor)?,
        })
    }
}

impl From<&Transfer> for layout::Transfer {
    fn from(transfer: &Transfer) -> Self {
        let (amount_low, amount_high) = field::halves(transfer.amount.mantissa());
        let (account_by, account, account_name) = field::account_parts(transfer.account);
        Self {
            amount_low,
            amount_high,
            account,
            amount_scale: transfer.amount.scale(),
            direction: transfer.direction as u8,
            account_by,
            reserved: [0; 1],
            asset: *transfer.asset.bytes(),
            account_name,
            actor: *transfer.actor.bytes(),
        }
    }
}

impl ArchivedTransfer {
    pub(super) fn read(&self) -> Result<Transfer, Fault> {
        field::reserved(&self.reserved)?;
        let (low, high) = (self.amount_low.to_native(), self.amount_high.to_native());
        Ok(Transfer {
            account: field::account(self.account_by, self.account.to_native(), &self.account_name)?,
            asset: field::text("asset", &self.asset)?,
            direction: field::direction(self.direction)?,
            amount: field::decimal("amount_scale", low, high, self.amount_scale)?,
            actor: field::text("actor", &self.actor)?,
        })
    }
}

impl From<&AccountSpec> for layout::Account {
    fn from(spec: &AccountSpec) -> Self {
        let (account_by, account, account_name) = field::account_parts(spec.account);
        let (max_quantity_low, max_quantity_high) = field::halves(spec.max_quantity.mantissa());
        let (max_notional_low, max_notional_high) = field::halves(spec.max_notional.mantissa());
        let (position_limit_low, position_limit_high) =
            field::halves(spec.position_limit.mantissa());
        Self {
            max_quantity_low,
            max_quantity_high,
            max_notional_low,
            max_notional_high,
            position_limit_low,
            position_limit_high,
            max_open_orders: spec.max_open_orders,
            orders_per_second: spec.orders_per_second,
            maker_fee_ppm: spec.maker_fee_ppm,
            taker_fee_ppm: spec.taker_fee_ppm,
            account,
            fields: field::account_bits(spec.fields),
            cleared: field::account_bits(spec.cleared),
            self_trade: spec.self_trade as u8,
            access: spec.access as u8,
            max_quantity_scale: spec.max_quantity.scale(),
            max_notional_scale: spec.max_notional.scale(),
            position_limit_scale: spec.position_limit.scale(),
            account_by,
            reserved: [0; 2],
            account_name,
            actor: *spec.actor.bytes(),
        }
    }
}

impl ArchivedAccount {
    pub(super) fn read(&self) -> Result<AccountSpec, Fault> {
        field::reserved(&self.reserved)?;
        Ok(AccountSpec {
            account: field::account(self.account_by, self.account.to_native(), &self.account_name)?,
            fields: field::account_fields(self.fields.to_native())?,
            cleared: field::account_fields(self.cleared.to_native())?,
            self_trade: field::self_trade(self.self_trade)?,
            access: field::access(self.access)?,
            max_open_orders: self.max_open_orders.to_native(),
            orders_per_second: self.orders_per_second.to_native(),
            maker_fee_ppm: self.maker_fee_ppm.to_native(),
            taker_fee_ppm: self.taker_fee_ppm.to_native(),
            max_quantity: field::decimal(
                "max_quantity_scale",
                self.max_quantity_low.to_native(),
                self.max_quantity_high.to_native(),
                self.max_quantity_scale,
            )?,
            max_notional: field::decimal(
                "max_notional_scale",
                self.max_notional_low.to_native(),
                self.max_notional_high.to_native(),
                self.max_notional_scale,
            )?,
            position_limit: field::decimal(
                "position_limit_scale",
                self.position_limit_low.to_native(),
                self.position_limit_high.to_native(),
                self.position_limit_scale,
            )?,
            actor: field::text("actor", &self.actor)?,
        })
    }
}
