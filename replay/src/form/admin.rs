//! What an operator decides, as JSON: limits, instruments and their phases, money, accounts; at the
//! end of each who it was.

use orison_core::command::{
    Access, AccountFields, AccountSpec, Direction, EndOfDay, Genesis, InstrumentFields,
    InstrumentSpec, StatusChange, Transfer, Uncross,
};

use super::command::{CommandForm, put_actor};
use super::units::{put_decimal, whole};
use super::words::{SELF_TRADES, word_of};
use crate::json::Object;

/// Limits that its rules do not know have no key.
pub(super) fn put_genesis(object: &mut Object<'_>, genesis: &Genesis) {
    object
        .text("op", "genesis")
        .bare("rules_version", genesis.rules_version)
        .bare("orders_max", genesis.orders_max)
        .bare("accounts_max", genesis.accounts_max)
        .bare("instruments_max", genesis.instruments_max)
        .bare("assets_max", genesis.assets_max)
        .bare("closed_ids_max", genesis.closed_ids_max)
        .bare("closed_ids_per_account_max", genesis.closed_ids_per_account_max)
        .bare("feed_window", genesis.feed_window);
    if genesis.rules_version > 1 {
        object
            .bare("positions_max", genesis.positions_max)
            .bare("balances_max", genesis.balances_max)
            .bare("trailing_max", genesis.trailing_max);
    }
    put_actor(object, &genesis.actor);
}

impl CommandForm<'_> {
    pub(super) fn put_instrument(&self, object: &mut Object<'_>, spec: &InstrumentSpec) {
        object.text("op", "instrument").text("symbol", spec.symbol.as_str());
        if spec.fields.has(InstrumentFields::BASE) {
            object.text("base", spec.base.as_str());
        }
        if spec.fields.has(InstrumentFields::QUOTE) {
            object.text("quote", spec.quote.as_str());
        }
        let units = self.units_of(self.catalog.instrument_named(&spec.symbol));
        for (field, key, value) in [
            (InstrumentFields::PRICE_STEP, "price_step", Some(spec.price_step.to_decimal())),
            (
                InstrumentFields::QUANTITY_STEP,
                "quantity_step",
                Some(spec.quantity_step.to_decimal()),
            ),
            (InstrumentFields::BASE_DECIMALS, "base_decimals", whole(spec.base_decimals)),
            (InstrumentFields::QUOTE_DECIMALS, "quote_decimals", whole(spec.quote_decimals)),
            (InstrumentFields::MAKER_FEE, "maker_fee_ppm", whole(spec.maker_fee_ppm)),
            (InstrumentFields::TAKER_FEE, "taker_fee_ppm", whole(spec.taker_fee_ppm)),
            (InstrumentFields::BAND_LOW, "band_low", units.price(spec.band_low)),
            (InstrumentFields::BAND_HIGH, "band_high", units.price(spec.band_high)),
            (
                InstrumentFields::EXECUTION_RANGE,
                "execution_range_ppm",
                whole(spec.execution_range_ppm),
            ),
            (InstrumentFields::INTERRUPTION, "interruption_ns", whole(spec.interruption_ns)),
            (InstrumentFields::MAX_QUANTITY, "max_quantity", units.quantity(spec.max_quantity)),
            (InstrumentFields::MIN_NOTIONAL, "min_notional", units.money(spec.min_notional)),
            (
                InstrumentFields::REFERENCE_PRICE,
                "reference_price",
                units.price(spec.reference_price),
            ),
        ] {
            if spec.fields.has(field) {
                put_decimal(object, key, value);
            }
        }
        if spec.fields.has(InstrumentFields::STATUS) {
            object.text("status", spec.status.word());
        }
        put_actor(object, &spec.actor);
    }

    pub(super) fn put_status(&self, object: &mut Object<'_>, change: &StatusChange) {
        object.text("op", "status");
        self.put_symbol(object, change.instrument);
        object.text("status", change.status.word());
        put_actor(object, &change.actor);
    }

    pub(super) fn put_uncross(&self, object: &mut Object<'_>, uncross: &Uncross) {
        object.text("op", "uncross");
        self.put_symbol(object, uncross.instrument);
        put_actor(object, &uncross.actor);
    }

    pub(super) fn put_end_of_day(&self, object: &mut Object<'_>, end: &EndOfDay) {
        object.text("op", "end_of_day");
        if let Some(instrument) = end.instrument {
            self.put_symbol(object, instrument);
        }
        put_actor(object, &end.actor);
    }

    pub(super) fn put_transfer(&self, object: &mut Object<'_>, transfer: &Transfer) {
        object.text(
            "op",
            match transfer.direction {
                Direction::Deposit => "deposit",
                Direction::Withdraw => "withdraw",
            },
        );
        self.put_account(object, transfer.account);
        object.text("asset", transfer.asset.as_str()).shown("amount", transfer.amount);
        put_actor(object, &transfer.actor);
    }

    /// A limit or fee that is taken away is null.
    pub(super) fn put_account_spec(&self, object: &mut Object<'_>, spec: &AccountSpec) {
        object.text("op", "account");
        self.put_account(object, spec.account);
        let is_shown = |field| spec.fields.has(field) || spec.cleared.has(field);
        if is_shown(AccountFields::SELF_TRADE) {
            let word = word_of(SELF_TRADES, spec.self_trade);
            match word.filter(|_| !spec.cleared.has(AccountFields::SELF_TRADE)) {
                Some(word) => object.text("default_stp", word),
                None => object.null("default_stp"),
            };
        }
        for (field, key, value) in [
            (AccountFields::MAX_QUANTITY, "max_quantity", Some(spec.max_quantity)),
            (AccountFields::MAX_NOTIONAL, "max_notional", Some(spec.max_notional)),
            (AccountFields::MAX_OPEN_ORDERS, "max_open_orders", whole(spec.max_open_orders)),
            (AccountFields::ORDERS_PER_SECOND, "orders_per_second", whole(spec.orders_per_second)),
            (AccountFields::POSITION_LIMIT, "position_limit", Some(spec.position_limit)),
            (AccountFields::MAKER_FEE, "maker_fee_ppm", whole(spec.maker_fee_ppm)),
            (AccountFields::TAKER_FEE, "taker_fee_ppm", whole(spec.taker_fee_ppm)),
        ] {
            if is_shown(field) {
                put_decimal(object, key, value.filter(|_| !spec.cleared.has(field)));
            }
        }
        if spec.fields.has(AccountFields::ENABLED) {
            object.bare("enabled", spec.access == Access::Enabled);
        }
        put_actor(object, &spec.actor);
    }
}
