//! Genesis and instruments: what a journal and a market are made of.

use orison_core::command::{Actor, Genesis, InstrumentSpec};
use orison_core::instrument::Step;
use orison_core::{Price, Quantity};

use super::field::{self, Fault};
use super::layout::{
    self, ArchivedGenesis, ArchivedGenesisWide, ArchivedInstrument, ArchivedInstrumentBy,
};
use super::{Encoded, Kind};

/// The rules that knew no other limits than those of the narrow form.
const NARROW_RULES_MAX: u32 = 1;
/// What the other limits are where that form is read: for ever, whatever the defaults become.
const NARROW_POSITIONS_MAX: u32 = 1 << 18;
const NARROW_BALANCES_MAX: u32 = 1 << 18;
const NARROW_TRAILING_MAX: u32 = 1 << 16;

fn is_narrow(genesis: &Genesis) -> bool {
    genesis.rules_version <= NARROW_RULES_MAX
        && genesis.positions_max == NARROW_POSITIONS_MAX
        && genesis.balances_max == NARROW_BALANCES_MAX
        && genesis.trailing_max == NARROW_TRAILING_MAX
        && genesis.actor.is_empty()
}

pub(super) fn genesis_kind(genesis: &Genesis) -> Kind {
    if is_narrow(genesis) { Kind::Genesis } else { Kind::GenesisWide }
}

pub(super) fn encode_genesis(into: &mut Encoded, genesis: &Genesis) {
    if is_narrow(genesis) {
        into.put(Kind::Genesis, &layout::Genesis::from(genesis));
    } else {
        into.put(Kind::GenesisWide, &layout::GenesisWide::from(genesis));
    }
}

impl From<&Genesis> for layout::Genesis {
    fn from(genesis: &Genesis) -> Self {
        Self {
            rules_version: genesis.rules_version,
            orders_max: genesis.orders_max,
            accounts_max: genesis.accounts_max,
            closed_ids_max: genesis.closed_ids_max,
            closed_ids_per_account_max: genesis.closed_ids_per_account_max,
            feed_window: genesis.feed_window,
            instruments_max: genesis.instruments_max,
            assets_max: genesis.assets_max,
        }
    }
}

impl ArchivedGenesis {
    pub(super) fn read(&self) -> Result<Genesis, Fault> {
        let rules_version = self.rules_version.to_native();
        if rules_version > NARROW_RULES_MAX {
            return Err(Fault { field: "rules_version", value: u64::from(rules_version) });
        }
        Ok(Genesis {
            rules_version,
            orders_max: self.orders_max.to_native(),
            accounts_max: self.accounts_max.to_native(),
            instruments_max: self.instruments_max.to_native(),
            assets_max: self.assets_max.to_native(),
            closed_ids_max: self.closed_ids_max.to_native(),
            closed_ids_per_account_max: self.closed_ids_per_account_max.to_native(),
            feed_window: self.feed_window.to_native(),
            positions_max: NARROW_POSITIONS_MAX,
            balances_max: NARROW_BALANCES_MAX,
            trailing_max: NARROW_TRAILING_MAX,
            actor: Actor::EMPTY,
        })
    }
}

impl From<&Genesis> for layout::GenesisWide {
    fn from(genesis: &Genesis) -> Self {
        Self {
            rules_version: genesis.rules_version,
            orders_max: genesis.orders_max,
            accounts_max: genesis.accounts_max,
            closed_ids_max: genesis.closed_ids_max,
            closed_ids_per_account_max: genesis.closed_ids_per_account_max,
            feed_window: genesis.feed_window,
            positions_max: genesis.positions_max,
            balances_max: genesis.balances_max,
            trailing_max: genesis.trailing_max,
            instruments_max: genesis.instruments_max,
            assets_max: genesis.assets_max,
            actor: *genesis.actor.bytes(),
        }
    }
}

impl ArchivedGenesisWide {
    pub(super) fn read(&self) -> Result<Genesis, Fault> {
        Ok(Genesis {
            rules_version: self.rules_version.to_native(),
            orders_max: self.orders_max.to_native(),
            accounts_max: self.accounts_max.to_native(),
            instruments_max: self.instruments_max.to_native(),
            assets_max: self.assets_max.to_native(),
            closed_ids_max: self.closed_ids_max.to_native(),
            closed_ids_per_account_max: self.closed_ids_per_account_max.to_native(),
            feed_window: self.feed_window.to_native(),
            positions_max: self.positions_max.to_native(),
            balances_max: self.balances_max.to_native(),
            trailing_max: self.trailing_max.to_native(),
            actor: field::text("actor", &self.actor)?,
        })
    }
}

pub(super) fn instrument_kind(spec: &InstrumentSpec) -> Kind {
    if spec.actor.is_empty() { Kind::Instrument } else { Kind::InstrumentBy }
}

pub(super) fn encode_instrument(into: &mut Encoded, spec: &InstrumentSpec) {
    let layout = layout::Instrument::from(spec);
    if spec.actor.is_empty() {
        into.put(Kind::Instrument, &layout);
    } else {
        let actor = *spec.actor.bytes();
        into.put(Kind::InstrumentBy, &layout::InstrumentBy { spec: layout, actor });
    }
}

impl From<&InstrumentSpec> for layout::Instrument {
    fn from(spec: &InstrumentSpec) -> Self {
        let (min_notional_low, min_notional_high) = field::halves(spec.min_notional);
        Self {
            price_step: spec.price_step.mantissa,
            quantity_step: spec.quantity_step.mantissa,
            interruption_ns: spec.interruption_ns,
            band_low: spec.band_low.0,
            band_high: spec.band_high.0,
            reference_price: spec.reference_price.0,
            max_quantity: spec.max_quantity.0,
            min_notional_low,
            min_notional_high,
            maker_fee_ppm: spec.maker_fee_ppm,
            taker_fee_ppm: spec.taker_fee_ppm,
            execution_range_ppm: spec.execution_range_ppm,
            fields: field::instrument_bits(spec.fields),
            base_decimals: spec.base_decimals,
            quote_decimals: spec.quote_decimals,
            status: spec.status as u8,
            price_step_scale: spec.price_step.scale,
            quantity_step_scale: spec.quantity_step.scale,
            reserved: [0; 5],
            symbol: *spec.symbol.bytes(),
            base: *spec.base.bytes(),
            quote: *spec.quote.bytes(),
        }
    }
}

impl ArchivedInstrument {
    pub(super) fn read(&self) -> Result<InstrumentSpec, Fault> {
        field::reserved(&self.reserved)?;
        Ok(InstrumentSpec {
            symbol: field::text("symbol", &self.symbol)?,
            base: field::text("base", &self.base)?,
            quote: field::text("quote", &self.quote)?,
            fields: field::instrument_fields(self.fields.to_native())?,
            base_decimals: self.base_decimals,
            quote_decimals: self.quote_decimals,
            status: field::status(self.status)?,
            price_step: Step {
                mantissa: self.price_step.to_native(),
                scale: self.price_step_scale,
            },
            quantity_step: Step {
                mantissa: self.quantity_step.to_native(),
                scale: self.quantity_step_scale,
            },
            maker_fee_ppm: self.maker_fee_ppm.to_native(),
            taker_fee_ppm: self.taker_fee_ppm.to_native(),
            execution_range_ppm: self.execution_range_ppm.to_native(),
            interruption_ns: self.interruption_ns.to_native(),
            band_low: Price(self.band_low.to_native()),
            band_high: Price(self.band_high.to_native()),
            reference_price: Price(self.reference_price.to_native()),
            max_quantity: Quantity(self.max_quantity.to_native()),
            min_notional: field::whole(
                self.min_notional_low.to_native(),
                self.min_notional_high.to_native(),
            ),
            actor: Actor::EMPTY,
        })
    }
}

impl ArchivedInstrumentBy {
    pub(super) fn read(&self) -> Result<InstrumentSpec, Fault> {
        let actor = field::text("actor", &self.actor)?;
        Ok(InstrumentSpec { actor, ..self.spec.read()? })
    }
}
