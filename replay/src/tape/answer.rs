//! What a line is answered with, written into one buffer: events by the forms they share with the
//! dump, and the answers to questions, which are no events of the engine.

use engine::Views;
use engine::projection::{Catalog, Position};
use orison_core::event::Balance;
use orison_core::{
    AccountId, BookOrder, Decimal, Event, Exchange, Instrument, OrderId, Price, Side, StopOrder,
    Symbol,
};

use super::fields::LineError;
use crate::form::event::{EventForm, Naming};
use crate::form::names::ClientNames;
use crate::json::{List, Object};
use crate::player::Player;

pub(super) fn put_events(
    out: &mut Vec<u8>,
    events: &[Event],
    catalog: &Catalog,
    names: &ClientNames,
) {
    let form = EventForm { catalog, naming: Naming::Client(names) };
    for event in events.iter().filter(|event| EventForm::shows(event)) {
        let mut object = Object::open(out);
        form.put(&mut object, event, None);
        object.close_line();
    }
}

pub(super) fn put_error(out: &mut Vec<u8>, line: u64, error: &LineError) {
    let mut object = Object::open(out);
    object.text("event", "error").bare("line", line).text("message", &error.to_string());
    object.close_line();
}

pub(super) fn put_done(out: &mut Vec<u8>, line: u64, sequence: u64) {
    let mut object = Object::open(out);
    object.text("event", "done").bare("line", line).bare("sequence", sequence);
    object.close_line();
}

pub(super) fn put_digest(out: &mut Vec<u8>, sequence: u64, state: &[u8; 32], events: &[u8; 32]) {
    let mut object = Object::open(out);
    object.text("event", "digest").bare("sequence", sequence);
    object.hex("state", state).hex("events", events);
    object.close_line();
}

/// `instrument`: None of a symbol that has no book yet.
pub(super) fn put_book(
    out: &mut Vec<u8>,
    symbol: &Symbol,
    instrument: Option<&Instrument>,
    exchange: &Exchange,
    names: &ClientNames,
) {
    let mut object = Object::open(out);
    object.text("event", "book").text("symbol", symbol.as_str());
    for (key, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
        let mut list = object.list(key);
        if let Some(instrument) = instrument {
            for order in exchange.book(instrument.id, side) {
                put_order(&mut list, instrument, &order, names);
            }
        }
        list.close();
    }
    let mut stops = object.list("stops");
    if let Some(instrument) = instrument {
        for stop in exchange.stops(instrument.id) {
            put_stop(&mut stops, instrument, &stop, names);
        }
    }
    stops.close();
    object.close_line();
}

fn put_order(list: &mut List<'_>, instrument: &Instrument, order: &BookOrder, names: &ClientNames) {
    let mut object = list.item();
    put_id(&mut object, order.id, names);
    // A market order of a call phase has none.
    let price = (order.price != Price(0)).then_some(order.price);
    put_price(&mut object, "price", instrument, price);
    object
        .shown("open", instrument.quantity_decimal(order.open))
        .shown("hidden", instrument.quantity_decimal(order.hidden));
    object.close();
}

fn put_stop(list: &mut List<'_>, instrument: &Instrument, stop: &StopOrder, names: &ClientNames) {
    let mut object = list.item();
    put_id(&mut object, stop.id, names);
    put_price(&mut object, "stop_price", instrument, stop.stop_price);
    object.close();
}

fn put_id(object: &mut Object<'_>, order: OrderId, names: &ClientNames) {
    match names.client(order) {
        Some(client) => object.text("id", client.as_str()),
        None => object.shown("id", order),
    };
}

fn put_price(object: &mut Object<'_>, key: &str, instrument: &Instrument, price: Option<Price>) {
    match price {
        Some(price) => object.shown(key, instrument.price_decimal(price)),
        None => object.null(key),
    };
}

/// `account`: None for those of all accounts.
pub(super) fn put_balances(
    out: &mut Vec<u8>,
    player: &Player,
    account: Option<AccountId>,
    names: &ClientNames,
) {
    let form = EventForm { catalog: &player.views.catalog, naming: Naming::Client(names) };
    let is_meant = |balance: &Balance| account.is_none_or(|account| account == balance.account);
    for balance in player.exchange.balances().filter(is_meant) {
        let mut object = Object::open(out);
        form.put(&mut object, &Event::Balance(balance), None);
        object.close_line();
    }
}

/// `account`: None for those of all accounts.
pub(super) fn put_positions(out: &mut Vec<u8>, views: &Views, account: Option<AccountId>) {
    let is_meant = |position: &Position| account.is_none_or(|account| account == position.account);
    for position in views.positions.all().filter(is_meant) {
        put_position(out, &views.catalog, &position);
    }
}

fn put_position(out: &mut Vec<u8>, catalog: &Catalog, position: &Position) {
    let account = catalog.account_name(position.account);
    let account = account.expect("who has traded has been opened");
    let instrument = catalog.instrument(position.instrument);
    let instrument = instrument.expect("what was traded was created");
    let quote = catalog.asset(instrument.quote).expect("an instrument names assets that are open");
    let money = |units| Decimal::new(units, quote.decimals);
    let mut object = Object::open(out);
    object
        .text("event", "position")
        .text("account", account.as_str())
        .text("symbol", instrument.symbol.as_str())
        .shown("quantity", position.quantity_decimal(instrument))
        .shown("average_cost", money(position.average_cost))
        .shown("realised", money(position.realised));
    object.close_line();
}
