//! What a market and its accounts were at one point, as JSON lines: statistics of the day before,
//! balances, and all of one account. A player at that point in; numbers as strings out.

use engine::projection::{DayStatistics, OrderView};
use orison_core::event::{Balance, Funding};
use orison_core::{AccountId, Decimal, Instrument, Price};

use crate::form::words::{ORDER_TYPES, SIDES, word_of};
use crate::json::Object;
use crate::player::Player;

fn begin<'a>(player: &Player, event: &str, out: &'a mut Vec<u8>) -> Object<'a> {
    let mut object = Object::open(out);
    object.text("event", event);
    object.bare("sequence", player.at().sequence).bare("ts", player.at().time_ns);
    object
}

/// One line an instrument.
pub fn statistics(player: &Player, instrument: &Instrument, out: &mut Vec<u8>) {
    let day = player.views.statistics.day(instrument.id);
    let mut object = begin(player, "statistics", out);
    object.text("symbol", instrument.symbol.as_str());
    let DayStatistics { open, high, low, last, volume, turnover, trade_count, .. } = day;
    for (key, price) in [("open", open), ("high", high), ("low", low), ("last", last)] {
        put_price(&mut object, key, instrument, price);
    }
    object
        .shown("volume", instrument.volume_decimal(volume))
        .shown("turnover", instrument.turnover_decimal(turnover))
        .bare("trades", trade_count);
    match day.change_percent() {
        Some(percent) => object.shown("change_percent", percent),
        None => object.null("change_percent"),
    };
    object.text("status", instrument.status.word());
    object.close_line();
}

fn put_price(object: &mut Object<'_>, key: &str, instrument: &Instrument, price: Option<Price>) {
    match price {
        Some(price) => object.shown(key, instrument.price_decimal(price)),
        None => object.null(key),
    };
}

/// One line for every account and asset it ever touched, or for those of one account.
pub fn balances(player: &Player, of: Option<AccountId>, out: &mut Vec<u8>) {
    let all = player.exchange.balances();
    for balance in all.filter(|balance| of.is_none_or(|account| balance.account == account)) {
        let mut object = begin(player, "balance", out);
        if let Some(name) = player.exchange.account_name(balance.account) {
            object.text("account", name.as_str());
        }
        put_balance(&mut object, player, &balance);
        object.close_line();
    }
}

fn put_balance(object: &mut Object<'_>, player: &Player, balance: &Balance) {
    let catalog = &player.views.catalog;
    let asset = catalog.asset(balance.asset).expect("a balance is of an asset that was opened");
    object
        .text("asset", asset.name.as_str())
        .shown("free", Decimal::new(balance.free.units(), asset.decimals))
        .shown("locked", Decimal::new(balance.locked.units(), asset.decimals));
}

/// Settings, balances, positions and open orders of an account, on one line.
pub fn account(player: &Player, account: AccountId, out: &mut Vec<u8>) {
    let mut object = begin(player, "account", out);
    if let Some(name) = player.exchange.account_name(account) {
        object.text("account", name.as_str());
    }
    if let Some(settings) = player.exchange.settings(account) {
        let funding = match settings.funding {
            Funding::Funded => "funded",
            Funding::Unfunded => "unfunded",
        };
        let is_enabled = settings.access == orison_core::command::Access::Enabled;
        object.text("funding", funding).bare("enabled", is_enabled);
    }
    let mut list = object.list("balances");
    for balance in player.exchange.balances().filter(|balance| balance.account == account) {
        let mut item = list.item();
        put_balance(&mut item, player, &balance);
        item.close();
    }
    list.close();
    put_positions(&mut object, player, account);
    let orders = player.views.orders.of_account(account);
    let mut list = object.list("orders");
    let mut open: Vec<_> = orders.filter(|order| order.status.is_open()).collect();
    open.sort_unstable_by_key(|order| order.id);
    for order in open {
        let mut item = list.item();
        put_order(&mut item, player, order);
        item.close();
    }
    list.close();
    object.close_line();
}

fn put_positions(object: &mut Object<'_>, player: &Player, account: AccountId) {
    let catalog = &player.views.catalog;
    let mut list = object.list("positions");
    for position in player.views.positions.of_account(account) {
        let Some(instrument) = catalog.instrument(position.instrument) else { continue };
        let mut item = list.item();
        item.text("symbol", instrument.symbol.as_str())
            .shown("quantity", position.quantity_decimal(instrument))
            .shown("average_cost", catalog.amount(instrument.quote, position.average_cost))
            .shown("realised", catalog.amount(instrument.quote, position.realised));
        item.close();
    }
    list.close();
}

fn put_order(object: &mut Object<'_>, player: &Player, order: &OrderView) {
    object.shown("id", order.id);
    if !order.client_order_id.is_empty() {
        object.text("client_order_id", order.client_order_id.as_str());
    }
    let Some(instrument) = player.views.catalog.instrument(order.instrument) else { return };
    object.text("symbol", instrument.symbol.as_str());
    for (key, word) in
        [("side", word_of(SIDES, order.side)), ("type", word_of(ORDER_TYPES, order.order_type))]
    {
        object.text(key, word.unwrap_or_default());
    }
    put_price(object, "price", instrument, order.price);
    object
        .shown("open", instrument.quantity_decimal(order.remaining))
        .shown("filled", instrument.quantity_decimal(order.filled))
        .bare("created", order.created.sequence);
}
