//! Events as JSON that a dump leaves out and that somebody who follows queues and levels needs:
//! by which an order takes its place, and by which a level stands otherwise.

use engine::projection::Catalog;
use orison_core::event::{Level, Refreshed, Rested, Waiting};
use orison_core::{Event, Instrument, InstrumentId, Price};

use super::words::{SIDES, word_of};
use crate::json::Object;

/// Puts the event's keys into `object`, `event` first. False: it has no form here.
pub(crate) fn put(object: &mut Object<'_>, catalog: &Catalog, event: &Event) -> bool {
    match event {
        Event::Rested(rested) => put_rested(object, catalog, rested),
        Event::Waiting(waiting) => put_waiting(object, catalog, waiting),
        Event::Refreshed(refreshed) => put_refreshed(object, catalog, refreshed),
        Event::Level(level) => put_level(object, catalog, level),
        event => {
            debug_assert!(!shows(event), "what is shown has a form");
            return false;
        }
    }
    true
}

/// Has the event a form here?
pub(crate) fn shows(event: &Event) -> bool {
    takes_place(event) || matches!(event, Event::Level(_))
}

/// Does an order take a place by it?
pub(crate) fn takes_place(event: &Event) -> bool {
    matches!(event, Event::Rested(_) | Event::Waiting(_) | Event::Refreshed(_))
}

fn named(catalog: &Catalog, id: InstrumentId) -> &Instrument {
    catalog.instrument(id).expect("an event names an instrument that was created before")
}

fn put_limit(object: &mut Object<'_>, key: &str, instrument: &Instrument, price: Price) {
    match price {
        Price(0) => object.null(key),
        price => object.shown(key, instrument.price_decimal(price)),
    };
}

fn put_rested(object: &mut Object<'_>, catalog: &Catalog, rested: &Rested) {
    let instrument = named(catalog, rested.instrument);
    object.text("event", "rested").shown("id", rested.order);
    put_limit(object, "price", instrument, rested.price);
    object.shown("quantity", instrument.quantity_decimal(rested.quantity));
}

fn put_waiting(object: &mut Object<'_>, catalog: &Catalog, waiting: &Waiting) {
    let instrument = named(catalog, waiting.instrument);
    object.text("event", "waiting").shown("id", waiting.order);
    put_limit(object, "stop_price", instrument, waiting.stop_price);
    put_limit(object, "trail", instrument, waiting.trail);
    object.shown("quantity", instrument.quantity_decimal(waiting.quantity));
}

fn put_refreshed(object: &mut Object<'_>, catalog: &Catalog, refreshed: &Refreshed) {
    let instrument = named(catalog, refreshed.instrument);
    object.text("event", "refreshed").shown("id", refreshed.order);
    put_limit(object, "price", instrument, refreshed.price);
    object
        .shown("tip", instrument.quantity_decimal(refreshed.tip))
        .shown("hidden", instrument.quantity_decimal(refreshed.hidden));
}

fn put_level(object: &mut Object<'_>, catalog: &Catalog, level: &Level) {
    let instrument = named(catalog, level.instrument);
    object.text("event", "level").text("symbol", instrument.symbol.as_str());
    object.text("side", word_of(SIDES, level.side).unwrap_or_default());
    put_limit(object, "price", instrument, level.price);
    object.shown("quantity", instrument.quantity_decimal(level.quantity));
}
