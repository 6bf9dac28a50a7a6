//! Reads two linked orders. A wrong field is named with its leg: `orders[1].price`,
//! `child.quantity`.

use orison_core::Command;
use orison_core::command::{Link, Order, Pair};
use serde_json::value::RawValue;

use super::order::{self, Draft};
use super::{Caller, Wanted};
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::Problem;

/// What a request calls the two legs.
pub(super) fn legs(link: Link) -> [&'static str; 2] {
    match link {
        Link::Oco => ["orders[0]", "orders[1]"],
        Link::Oto => ["parent", "child"],
    }
}

pub(super) fn oco(app: &App, caller: &Caller, mut object: Object) -> Result<Wanted, Problem> {
    let orders = object.array("orders")?.ok_or_else(|| Problem::missing("orders"))?;
    object.finish()?;
    let Ok([first, second]) = <[Box<RawValue>; 2]>::try_from(orders) else {
        let (english, korean) = ("two orders", "주문 두 개여야 합니다");
        return Err(Problem::invalid_parameter("orders", english, korean));
    };
    read(app, caller, Link::Oco, [&first, &second])
}

pub(super) fn oto(app: &App, caller: &Caller, mut object: Object) -> Result<Wanted, Problem> {
    let parent = object.take("parent").ok_or_else(|| Problem::missing("parent"))?;
    let child = object.take("child").ok_or_else(|| Problem::missing("child"))?;
    object.finish()?;
    read(app, caller, Link::Oto, [&parent, &child])
}

fn read(app: &App, caller: &Caller, link: Link, texts: [&RawValue; 2]) -> Result<Wanted, Problem> {
    let [first, second] = legs(link);
    let first = leg(app, caller, first, texts[0])?;
    let mut second = leg(app, caller, second, texts[1])?;
    if second.account_name == first.account_name {
        // It may have got its number between the two.
        second.order.account = first.order.account;
    }
    let legs: [Order; 2] = [first.order, second.order];
    let on_the_way = [first, second].map(|draft| draft.underway(app));
    Ok(Wanted { command: Command::Pair(Pair { link, legs }), on_the_way })
}

fn leg(app: &App, caller: &Caller, name: &str, text: &RawValue) -> Result<Draft, Problem> {
    let object = Object::parse(text.get().as_bytes()).map_err(|problem| problem.about(name))?;
    order::read(app, caller, object).map_err(|problem| problem.within(name))
}
