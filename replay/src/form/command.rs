//! Commands as JSON: the tape's fields, and the engine's own names of orders and accounts. What a
//! command did not say has no key; a number that was none of its instrument's is shown as null.

use engine::projection::{Catalog, Orders};
use orison_core::command::{
    AccountRef, Amend, AmendFields, Cancel, Genesis, InstrumentFields, InstrumentSpec, Liquidation,
    MassCancel, Order, OrderFields, Pray, Target, Ticker,
};
use orison_core::{
    Command, Decimal, Event, Instrument, InstrumentId, OrderId, Price, Quantity, Stamp,
};

use super::words::{ORDER_TYPES, PRAYERS, SELF_TRADES, SIDES, TIMES_IN_FORCE, word_of};
use crate::json::Object;

/// Writes commands; the views are those of after the command.
#[derive(Clone, Copy)]
pub(crate) struct CommandForm<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) orders: &'a Orders,
}

/// The units that an instrument's numbers are shown in; None: there is no such instrument.
#[derive(Clone, Copy)]
struct Units<'a> {
    instrument: Option<&'a Instrument>,
    quote_decimals: u8,
}

impl CommandForm<'_> {
    /// Puts the command's keys, `op` first. `events` are what it led to: they know the id that a
    /// new order was given and the instrument of an amended one.
    pub(crate) fn put(
        &self,
        object: &mut Object<'_>,
        stamp: Stamp,
        command: &Command,
        events: &[Event],
    ) {
        match command {
            Command::Genesis(genesis) => put_genesis(object, genesis),
            Command::Instrument(spec) => self.put_instrument(object, spec),
            Command::Place(order) => self.put_order(object, order, entered(events)),
            Command::Pair(_)
            | Command::Status(_)
            | Command::Uncross(_)
            | Command::EndOfDay(_)
            | Command::Transfer(_)
            | Command::Account(_) => todo!("forms of the second rules"),
            Command::Cancel(cancel) => self.put_cancel(object, cancel, events),
            Command::Amend(amend) => self.put_amend(object, amend, events),
            Command::MassCancel(mass) => self.put_mass_cancel(object, mass),
            Command::Clock => {
                object.text("op", "time").bare("ts", stamp.time_ns);
            }
            Command::Pray(pray) => put_pray(object, pray),
            Command::Ticker(ticker) => put_ticker(object, ticker),
            Command::Liquidation(liquidation) => put_liquidation(object, liquidation),
        }
    }

    fn put_order(&self, object: &mut Object<'_>, order: &Order, entered: Option<OrderId>) {
        object.text("op", "new");
        match entered {
            Some(id) => object.shown("order_id", id),
            None => object.null("order_id"),
        };
        if !order.client_order_id.is_empty() {
            object.text("client_order_id", order.client_order_id.as_str());
        }
        self.put_account(object, order.account);
        put_word(object, "side", word_of(SIDES, order.side));
        put_word(object, "type", word_of(ORDER_TYPES, order.order_type));
        let units = self.units(order.instrument);
        let put_given = |object: &mut Object<'_>, field, key, value| {
            if order.has(field) {
                put_decimal(object, key, value);
            }
        };
        put_given(object, OrderFields::PRICE, "price", units.price(order.price));
        put_given(object, OrderFields::QUANTITY, "quantity", units.quantity(order.quantity));
        if order.has(OrderFields::TIME_IN_FORCE) {
            put_word(object, "tif", word_of(TIMES_IN_FORCE, order.time_in_force));
        }
        if order.has(OrderFields::EXPIRE_AT) {
            object.bare("expire_at", order.expire_at_ns);
        }
        if order.has(OrderFields::POST_ONLY) {
            object.bare("post_only", true);
        }
        for (field, key, value) in [
            (OrderFields::DISPLAY, "display", units.quantity(order.display)),
            (OrderFields::STOP_PRICE, "stop_price", units.price(order.stop_price)),
            (OrderFields::TRAIL, "trail", units.price(order.trail)),
            (OrderFields::BUDGET, "budget", units.money(order.budget)),
            (OrderFields::MIN_QUANTITY, "min_quantity", units.quantity(order.min_quantity)),
            (OrderFields::PROTECTION, "protection", units.price(order.protection)),
        ] {
            put_given(object, field, key, value);
        }
        put_word(object, "stp", word_of(SELF_TRADES, order.self_trade));
        self.put_symbol(object, order.instrument);
    }

    fn put_cancel(&self, object: &mut Object<'_>, cancel: &Cancel, events: &[Event]) {
        object.text("op", "cancel");
        put_target(object, &cancel.target, meant(events).0);
        self.put_account(object, cancel.account);
    }

    fn put_amend(&self, object: &mut Object<'_>, amend: &Amend, events: &[Event]) {
        let (order, instrument) = meant(events);
        object.text("op", "amend");
        put_target(object, &amend.target, order);
        self.put_account(object, amend.account);
        let units = self.units(instrument.unwrap_or_else(|| self.amended(amend.target)));
        for (field, key, value) in [
            (AmendFields::QUANTITY, "quantity", units.quantity(amend.quantity)),
            (AmendFields::PRICE, "price", units.price(amend.price)),
            (AmendFields::STOP_PRICE, "stop_price", units.price(amend.stop_price)),
            (AmendFields::TRAIL, "trail", units.price(amend.trail)),
        ] {
            if amend.fields.has(field) {
                put_decimal(object, key, value);
            }
        }
    }

    /// The instrument of an order that the events do not name: its numbers are steps of that one,
    /// also when the amend was refused because the order is another account's.
    fn amended(&self, target: Target) -> InstrumentId {
        let order = match target {
            Target::Order(id) => self.orders.order(id),
            Target::Client(_) => None,
        };
        order.map(|order| order.instrument).unwrap_or_default()
    }

    fn put_mass_cancel(&self, object: &mut Object<'_>, mass: &MassCancel) {
        object.text("op", "mass_cancel");
        self.put_account(object, mass.account);
        if let Some(instrument) = mass.instrument {
            self.put_symbol(object, instrument);
        }
        put_word(object, "side", mass.side.and_then(|side| word_of(SIDES, side)));
        object.text("reason", mass.reason.word());
    }

    fn put_instrument(&self, object: &mut Object<'_>, spec: &InstrumentSpec) {
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
    }

    fn put_account(&self, object: &mut Object<'_>, account: AccountRef) {
        let name = match account {
            AccountRef::Name(name) => Some(name),
            AccountRef::Id(id) => self.catalog.account_name(id),
        };
        match name {
            Some(name) => object.text("account", name.as_str()),
            None => object.null("account"),
        };
    }

    fn put_symbol(&self, object: &mut Object<'_>, instrument: InstrumentId) {
        match self.catalog.instrument(instrument) {
            Some(instrument) => object.text("symbol", instrument.symbol.as_str()),
            None => object.null("symbol"),
        };
    }

    fn units(&self, instrument: InstrumentId) -> Units<'_> {
        self.units_of(self.catalog.instrument(instrument))
    }

    fn units_of<'a>(&'a self, instrument: Option<&'a Instrument>) -> Units<'a> {
        let quote = instrument.and_then(|instrument| self.catalog.asset(instrument.quote));
        Units { instrument, quote_decimals: quote.map_or(0, |asset| asset.decimals) }
    }
}

impl Units<'_> {
    fn price(self, price: Price) -> Option<Decimal> {
        self.instrument.map(|instrument| instrument.price_decimal(price))
    }

    fn quantity(self, quantity: Quantity) -> Option<Decimal> {
        let instrument = self.instrument.filter(|_| quantity != Quantity::INVALID);
        instrument.map(|instrument| instrument.quantity_decimal(quantity))
    }

    fn money(self, units: i128) -> Option<Decimal> {
        self.instrument.map(|_| Decimal::new(units, self.quote_decimals))
    }
}

fn put_genesis(object: &mut Object<'_>, genesis: &Genesis) {
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
}

/// `meant`: which order the core found by it.
fn put_target(object: &mut Object<'_>, target: &Target, meant: Option<OrderId>) {
    match (target, meant) {
        (Target::Order(id), _) => object.shown("order_id", id),
        (Target::Client(client), None) => object.text("client_order_id", client.as_str()),
        (Target::Client(client), Some(id)) => {
            object.shown("order_id", id).text("client_order_id", client.as_str())
        }
    };
}

fn put_pray(object: &mut Object<'_>, pray: &Pray) {
    object.text("op", "pray");
    put_word(object, "side", word_of(PRAYERS, pray.side));
    object.bare("count", pray.count);
}

fn put_ticker(object: &mut Object<'_>, ticker: &Ticker) {
    object
        .text("op", "ticker")
        .text("venue", ticker.venue.as_str())
        .text("symbol", ticker.symbol.as_str())
        .shown("price", ticker.price.to_decimal())
        .shown("change_24h", ticker.change_24h.to_decimal())
        .bare("event_time", ticker.event_time_ms);
}

fn put_liquidation(object: &mut Object<'_>, liquidation: &Liquidation) {
    object
        .text("op", "liquidation")
        .text("venue", liquidation.venue.as_str())
        .text("symbol", liquidation.symbol.as_str());
    put_word(object, "side", word_of(SIDES, liquidation.side));
    object
        .shown("quantity", liquidation.quantity.to_decimal())
        .shown("price", liquidation.price.to_decimal())
        .bare("event_time", liquidation.event_time_ms);
}

/// A word that is not there has no key.
fn put_word(object: &mut Object<'_>, key: &str, word: Option<&str>) {
    if let Some(word) = word {
        object.text(key, word);
    }
}

fn put_decimal(object: &mut Object<'_>, key: &str, value: Option<Decimal>) {
    match value {
        Some(value) => object.shown(key, value),
        None => object.null(key),
    };
}

fn whole(number: impl Into<i128>) -> Option<Decimal> {
    Some(Decimal::new(number.into(), 0))
}

fn entered(events: &[Event]) -> Option<OrderId> {
    events.iter().find_map(|event| {
        let Event::Accepted(accepted) = event else { return None };
        Some(accepted.order)
    })
}

/// The order that a cancel or amend led to, and its instrument, as far as the events name them.
fn meant(events: &[Event]) -> (Option<OrderId>, Option<InstrumentId>) {
    let named = |instrument| (instrument != InstrumentId::default()).then_some(instrument);
    match events.first() {
        Some(Event::Amended(amended)) => (Some(amended.order), named(amended.instrument)),
        Some(Event::Cancelled(cancelled)) => (Some(cancelled.order), named(cancelled.instrument)),
        Some(Event::Rejected(rejected)) => (None, named(rejected.instrument)),
        Some(_) | None => (None, None),
    }
}
