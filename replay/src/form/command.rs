//! Commands as JSON: the tape's fields, and the engine's own names of orders and accounts. What a
//! command did not say has no key; a number that was none of its instrument's is shown as null.

use engine::projection::{Catalog, Orders};
use orison_core::command::{
    AccountRef, Actor, Amend, AmendFields, Cancel, Link, MassCancel, Order, OrderFields, Pair,
    Target,
};
use orison_core::{Command, Event, Instrument, InstrumentId, OrderId, Stamp};

use super::admin::put_genesis;
use super::feeds::{put_external_depth, put_external_trade, put_liquidation, put_pray, put_ticker};
use super::units::{Units, put_decimal, put_word};
use super::words::{ORDER_TYPES, SELF_TRADES, SIDES, TIMES_IN_FORCE, word_of};
use crate::json::Object;

/// Writes commands; the views are those of after the command.
#[derive(Clone, Copy)]
pub(crate) struct CommandForm<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) orders: &'a Orders,
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
            Command::Place(order) => {
                object.text("op", "new");
                self.put_order(object, order, entered(events).next());
            }
            Command::Pair(pair) => self.put_pair(object, pair, events),
            Command::Cancel(cancel) => self.put_cancel(object, cancel, events),
            Command::Amend(amend) => self.put_amend(object, amend, events),
            Command::MassCancel(mass) => self.put_mass_cancel(object, mass),
            Command::Status(change) => self.put_status(object, change),
            Command::Uncross(uncross) => self.put_uncross(object, uncross),
            Command::EndOfDay(end) => self.put_end_of_day(object, end),
            Command::Transfer(transfer) => self.put_transfer(object, transfer),
            Command::Account(spec) => self.put_account_spec(object, spec),
            Command::Clock => {
                object.text("op", "time").bare("ts", stamp.time_ns);
            }
            Command::Pray(pray) => put_pray(object, pray),
            Command::Ticker(ticker) => put_ticker(object, ticker),
            Command::Liquidation(liquidation) => put_liquidation(object, liquidation),
            Command::ExternalTrade(trade) => put_external_trade(object, trade),
            Command::ExternalDepth(depth) => put_external_depth(object, depth),
        }
    }

    /// Each leg as a `new` without its op; they are accepted in their order.
    fn put_pair(&self, object: &mut Object<'_>, pair: &Pair, events: &[Event]) {
        let mut ids = entered(events);
        let [first, second] = &pair.legs;
        match pair.link {
            Link::Oco => {
                object.text("op", "oco");
                let mut legs = object.list("legs");
                for leg in [first, second] {
                    let mut object = legs.item();
                    self.put_order(&mut object, leg, ids.next());
                    object.close();
                }
                legs.close();
            }
            Link::Oto => {
                object.text("op", "oto");
                for (key, leg) in [("parent", first), ("child", second)] {
                    let mut object = object.object(key);
                    self.put_order(&mut object, leg, ids.next());
                    object.close();
                }
            }
        }
    }

    fn put_order(&self, object: &mut Object<'_>, order: &Order, entered: Option<OrderId>) {
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
        put_actor(object, &mass.actor);
    }

    pub(super) fn put_account(&self, object: &mut Object<'_>, account: AccountRef) {
        let name = match account {
            AccountRef::Name(name) => Some(name),
            AccountRef::Id(id) => self.catalog.account_name(id),
        };
        match name {
            Some(name) => object.text("account", name.as_str()),
            None => object.null("account"),
        };
    }

    pub(super) fn put_symbol(&self, object: &mut Object<'_>, instrument: InstrumentId) {
        match self.catalog.instrument(instrument) {
            Some(instrument) => object.text("symbol", instrument.symbol.as_str()),
            None => object.null("symbol"),
        };
    }

    fn units(&self, instrument: InstrumentId) -> Units<'_> {
        self.units_of(self.catalog.instrument(instrument))
    }

    pub(super) fn units_of<'a>(&'a self, instrument: Option<&'a Instrument>) -> Units<'a> {
        let quote = instrument.and_then(|instrument| self.catalog.asset(instrument.quote));
        Units { instrument, quote_decimals: quote.map_or(0, |asset| asset.decimals) }
    }
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

/// Nobody who is not named has a key.
pub(super) fn put_actor(object: &mut Object<'_>, actor: &Actor) {
    if !actor.is_empty() {
        object.text("actor", actor.as_str());
    }
}

/// The ids that the orders of the command were given, in its order.
fn entered(events: &[Event]) -> impl Iterator<Item = OrderId> + '_ {
    events.iter().filter_map(|event| {
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
