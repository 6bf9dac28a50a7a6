//! An order book of the past: the tape's `book` object with engine ids, or a table for people.

use std::fmt::Write;
use std::thread;

use orison_core::{
    AccountId, BookOrder, ClientOrderId, Exchange, Instrument, Price, Side, StopOrder,
};

use crate::json::{List, Object};
use crate::moment::Moment;
use crate::player::Player;

/// What a market order has in a call phase, where it stands before every price.
const MARKET: Price = Price(0);

/// From so many asks on a second thread is worth it.
const LONG_ORDERS: usize = 10_000;

/// One JSON line.
pub fn json(player: &Player, instrument: &Instrument, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.text("event", "book").text("symbol", instrument.symbol.as_str());
    object.bare("sequence", player.at().sequence).bare("ts", player.at().time_ns);
    let exchange = &player.exchange;
    let put = |mut list: List<'_>, side| {
        for order in exchange.book(instrument.id, side) {
            put_order(&mut list, exchange, instrument, &order);
        }
        list.close();
    };
    let is_long = exchange.book(instrument.id, Side::Sell).nth(LONG_ORDERS).is_some();
    thread::scope(|scope| {
        let asks = is_long.then(|| {
            scope.spawn(|| {
                let mut asks = Vec::new();
                put(List::open(&mut asks), Side::Sell);
                asks
            })
        });
        put(object.list("bids"), Side::Buy);
        match asks {
            Some(asks) => object.raw("asks", &asks.join().expect("a book can be shown")),
            None => put(object.list("asks"), Side::Sell),
        }
    });
    let mut list = object.list("stops");
    for stop in exchange.stops(instrument.id) {
        put_stop(&mut list, exchange, instrument, &stop);
    }
    list.close();
    object.close_line();
}

fn put_order(list: &mut List<'_>, exchange: &Exchange, instrument: &Instrument, order: &BookOrder) {
    let mut object = list.item();
    object.shown("id", order.id);
    let price = (order.price != MARKET).then_some(order.price);
    put_price(&mut object, "price", instrument, price);
    object
        .shown("open", instrument.quantity_decimal(order.open))
        .shown("hidden", instrument.quantity_decimal(order.hidden));
    put_owner(&mut object, exchange, order.account, &order.client_order_id);
    object.close();
}

fn put_stop(list: &mut List<'_>, exchange: &Exchange, instrument: &Instrument, stop: &StopOrder) {
    let mut object = list.item();
    object.shown("id", stop.id);
    put_price(&mut object, "stop_price", instrument, stop.stop_price);
    put_owner(&mut object, exchange, stop.account, &stop.client_order_id);
    object.close();
}

fn put_price(object: &mut Object<'_>, key: &str, instrument: &Instrument, price: Option<Price>) {
    match price {
        Some(price) => object.shown(key, instrument.price_decimal(price)),
        None => object.null(key),
    };
}

fn put_owner(
    object: &mut Object<'_>,
    exchange: &Exchange,
    account: AccountId,
    client_order_id: &ClientOrderId,
) {
    if let Some(account) = exchange.account_name(account) {
        object.text("account", account.as_str());
    }
    if !client_order_id.is_empty() {
        object.text("client_order_id", client_order_id.as_str());
    }
}

/// Levels, asks above bids, best prices in the middle.
pub fn table(player: &Player, instrument: &Instrument) -> String {
    let at = player.at();
    let (symbol, sequence, time) = (instrument.symbol, at.sequence, Moment(at.time_ns));
    let mut text = format!("{symbol} after sequence {sequence}, {time}\n");
    let mut put = |title: &str, quantity: &str, orders: &str, price: &str| {
        writeln!(text, "{title:>4}  {quantity:>20}  {orders:>7}  {price:>20}")
            .expect("a string takes every text");
    };
    put("side", "quantity", "orders", "price");
    for side in [Side::Sell, Side::Buy] {
        let mut levels = levels(player, instrument, side);
        let title = match side {
            Side::Sell => {
                levels.reverse();
                "ask"
            }
            Side::Buy => "bid",
        };
        for (price, quantity, orders) in levels {
            let price = match price {
                MARKET => "market".to_owned(),
                price => instrument.price_decimal(price).to_string(),
            };
            let quantity = instrument.volume_decimal(quantity).to_string();
            put(title, &quantity, &orders.to_string(), &price);
        }
    }
    text
}

/// Price, visible quantity, orders; best first.
fn levels(player: &Player, instrument: &Instrument, side: Side) -> Vec<(Price, u128, u64)> {
    let mut levels: Vec<(Price, u128, u64)> = Vec::new();
    for order in player.exchange.book(instrument.id, side) {
        match levels.last_mut() {
            Some((price, quantity, orders)) if *price == order.price => {
                *quantity += u128::from(order.open.0);
                *orders += 1;
            }
            _ => levels.push((order.price, u128::from(order.open.0), 1)),
        }
    }
    levels
}
