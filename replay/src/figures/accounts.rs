//! Portfolio and risk of an account, each on a line of its own.

use engine::Views;
use engine::analytics::{Drawdown, Holding, Portfolio, PortfolioPart, Risk, RiskPart};
use engine::projection::Interval;
use orison_core::AccountId;
use orison_core::types::AssetId;

use super::{begin, put, put_asset, put_symbol};
use crate::json::Object;

pub(super) fn put_portfolio(views: &Views, account: AccountId, out: &mut Vec<u8>) {
    let portfolio = Portfolio::of(views, account);
    let mut object = begin(views, "portfolio", out);
    put_account(&mut object, views, account);
    let mut list = object.list("parts");
    for part in &portfolio.parts {
        let mut item = list.item();
        put_part(&mut item, views, part);
        item.close();
    }
    list.close();
    object.close_line();
}

fn put_account(object: &mut Object<'_>, views: &Views, account: AccountId) {
    if let Some(name) = views.catalog.account_name(account) {
        object.text("account", name.as_str());
    }
}

/// Units as a decimal of the asset.
fn put_amounts<const N: usize>(
    object: &mut Object<'_>,
    views: &Views,
    asset: AssetId,
    amounts: [(&str, Option<i128>); N],
) {
    for (key, units) in amounts {
        match units {
            Some(units) => object.shown(key, views.catalog.amount(asset, units)),
            None => object.null(key),
        };
    }
}

fn put_part(object: &mut Object<'_>, views: &Views, part: &PortfolioPart) {
    put_asset(object, views, part.quote);
    let amounts = [
        ("cash", Some(part.cash)),
        ("total_cost", Some(part.total_cost)),
        ("market_value", Some(part.market_value)),
        ("total_value", Some(part.total_value)),
        ("realised", Some(part.realised)),
        ("unrealised", Some(part.unrealised)),
        ("fees", Some(part.fees)),
        ("day_change", Some(part.day_change)),
    ];
    put_amounts(object, views, part.quote, amounts);
    put(object, "diversification", part.diversification);
    put(object, "sharpe", part.sharpe);
    put_drawdown(object, views, part.quote, part.drawdown);
    let mut list = object.list("holdings");
    for holding in &part.holdings {
        let mut item = list.item();
        put_holding(&mut item, views, part.quote, holding);
        item.close();
    }
    list.close();
}

fn put_drawdown(
    object: &mut Object<'_>,
    views: &Views,
    quote: AssetId,
    drawdown: Option<Drawdown>,
) {
    let Some(drawdown) = drawdown else {
        object.null("drawdown");
        return;
    };
    let mut nested = object.object("drawdown");
    let amounts = [("deepest", Some(drawdown.deepest)), ("current", Some(drawdown.current))];
    put_amounts(&mut nested, views, quote, amounts);
    put(&mut nested, "deepest_ratio", drawdown.deepest_ratio);
    put(&mut nested, "current_ratio", drawdown.current_ratio);
    nested.close();
}

fn put_holding(object: &mut Object<'_>, views: &Views, quote: AssetId, holding: &Holding) {
    let position = &holding.position;
    put_symbol(object, views, position.instrument);
    if let Some(instrument) = views.catalog.instrument(position.instrument) {
        object.shown("quantity", position.quantity_decimal(instrument));
        match holding.mark {
            Some(mark) => object
                .shown("mark", instrument.price_decimal(mark.price))
                .text("mark_source", mark.source.word()),
            None => object.null("mark"),
        };
    }
    let amounts = [
        ("cost", Some(position.cost)),
        ("average_cost", Some(position.average_cost)),
        ("market_value", Some(holding.market_value)),
        ("realised", Some(position.realised)),
        ("unrealised", Some(holding.unrealised)),
        ("day_change", holding.day_change),
    ];
    put_amounts(object, views, quote, amounts);
    put(object, "day_change_ratio", holding.day_change_ratio);
    put(object, "allocation", holding.allocation);
}

pub(super) fn put_risk(views: &Views, account: AccountId, horizon: Interval, out: &mut Vec<u8>) {
    let risk = Risk::of(views, account, horizon);
    let mut object = begin(views, "risk", out);
    put_account(&mut object, views, account);
    object.bare("open_orders", risk.open_orders);
    let mut list = object.list("limits");
    for usage in &risk.usages {
        let mut item = list.item();
        item.text("limit", usage.kind.word()).shown("used", usage.used).shown("of", usage.limit);
        put(&mut item, "ratio", usage.ratio);
        item.close();
    }
    list.close();
    let mut list = object.list("parts");
    for part in &risk.parts {
        let mut item = list.item();
        put_risk_part(&mut item, views, part);
        item.close();
    }
    list.close();
    object.close_line();
}

fn put_risk_part(object: &mut Object<'_>, views: &Views, part: &RiskPart) {
    put_asset(object, views, part.quote);
    let amounts = [
        ("total_value", Some(part.total_value)),
        ("long", Some(part.long)),
        ("short", Some(part.short)),
        ("gross", Some(part.gross)),
        ("net", Some(part.net)),
    ];
    put_amounts(object, views, part.quote, amounts);
    put(object, "leverage", part.leverage);
    put(object, "concentration", part.concentration);
    put(object, "largest", part.largest.map(|(_, share)| share));
    put(object, "scenarios", part.tail.map(|tail| tail.scenarios));
    put(object, "value_at_risk", part.tail.map(|tail| tail.value_at_risk));
    put(object, "expected_shortfall", part.tail.map(|tail| tail.expected_shortfall));
    put_drawdown(object, views, part.quote, part.drawdown);
    let mut list = object.list("liquidity");
    for liquidity in &part.liquidity {
        let mut item = list.item();
        put_symbol(&mut item, views, liquidity.instrument);
        put(&mut item, "at_once_share", liquidity.at_once_share);
        put_amounts(&mut item, views, part.quote, [("slippage", Some(liquidity.slippage))]);
        put(&mut item, "unwind_seconds", liquidity.unwind_seconds);
        item.close();
    }
    list.close();
}
