//! One's own orders and fills as REST shows them. In open mode a caller is who it says it is; an
//! account that is not known reads as empty.

use engine::Views;
use engine::projection::{AccountEvent, OrderView, Resume};
use orison_core::{AccountId, Event, OrderId, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::market::whole_commands;
use crate::App;
use crate::http::query::Query;
use crate::xtrader::entry::Caller;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::{Fill, Liquidity, Order};

const ORDERS_DEFAULT: usize = 100;
const ORDERS_MAX: usize = 1000;
const FILLS_DEFAULT: usize = 100;
const FILLS_MAX: usize = 1000;

#[derive(Serialize, ToSchema)]
pub(crate) struct OrdersAnswer {
    /// Newest first.
    orders: Vec<Order>,
    /// `before` of the next page; null: this was the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FillsAnswer {
    fills: Vec<Fill>,
}

/// An order as it stands, with its life.
#[utoipa::path(
    get,
    path = "/order/{id}",
    params(
        ("id" = String, Path),
        ("account" = Option<String>, Query, description = "demo if absent"),
    ),
    responses(
        (status = 200, description = "As asked", body = Order),
        (status = 404, description = "Unknown or foreign", body = ProblemBody),
    )
)]
pub(crate) fn order(app: &App, caller: &Caller, id: &str) -> Result<Answer, Problem> {
    let views = app.views.read();
    let id = OrderId::parse(id).ok_or_else(Problem::order_not_found)?;
    let order = views.orders.order(id).ok_or_else(Problem::order_not_found)?;
    if caller.id(&views) != Some(order.account) {
        return Err(Problem::order_not_found());
    }
    let order = Order::new(&views, order).ok_or_else(Problem::internal)?;
    drop(views);
    Ok(Answer::new(200, &order))
}

/// Which orders are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Open,
    Closed,
    All,
}

impl Wanted {
    fn read(query: &Query) -> Result<Self, Problem> {
        match query.get("status") {
            None | Some("all") => Ok(Self::All),
            Some("open") => Ok(Self::Open),
            Some("closed") => Ok(Self::Closed),
            Some(_) => {
                let (english, korean) = ("open, closed or all", "open, closed, all 중 하나입니다");
                Err(Problem::invalid_parameter("status", english, korean))
            }
        }
    }

    fn has(self, order: &OrderView) -> bool {
        match self {
            Self::Open => order.status.is_open(),
            Self::Closed => !order.status.is_open(),
            Self::All => true,
        }
    }
}

/// One's own orders, newest first.
#[utoipa::path(
    get,
    path = "/orders",
    params(
        ("account" = Option<String>, Query, description = "demo if absent"),
        ("symbol" = Option<String>, Query),
        ("status" = Option<String>, Query, description = "open, closed or all (the default)"),
        ("limit" = Option<u32>, Query, description = "100, at most 1000"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "As asked", body = OrdersAnswer),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
    )
)]
pub(crate) fn orders(app: &App, caller: &Caller, query: &Query) -> Result<Answer, Problem> {
    let views = app.views.read();
    let wanted = Wanted::read(query)?;
    let limit = query.count("limit", ORDERS_DEFAULT, ORDERS_MAX)?;
    let before = query.get("before").map(|text| {
        let wrong = || Problem::invalid_parameter("before", "an order id", "주문 ID여야 합니다");
        OrderId::parse(text).ok_or_else(wrong)
    });
    let before = before.transpose()?;
    let instrument = query.get("symbol").map(|text| instrument_id(&views, text)).transpose()?;
    let Some(account) = caller.id(&views) else {
        return Ok(Answer::new(200, &OrdersAnswer { orders: Vec::new(), next: None }));
    };
    // An order that is still known is where the page goes on; a forgotten one has only its age.
    let older = before.and_then(|before| views.orders.of_account_before(account, before));
    let newest = older.is_none().then(|| views.orders.of_account(account));
    let mut found = older
        .into_iter()
        .flatten()
        .chain(newest.into_iter().flatten())
        .filter(|order| wanted.has(order))
        .filter(|order| instrument.is_none_or(|id| order.instrument == id))
        .filter(|order| before.is_none_or(|before| age(order.id) < age(before)));
    let page: Vec<&OrderView> = found.by_ref().take(limit).collect();
    let has_more = found.next().is_some();
    let next = page.last().filter(|_| has_more).map(|order| order.id.to_string());
    let orders = page.into_iter().filter_map(|order| Order::new(&views, order)).collect();
    Ok(Answer::new(200, &OrdersAnswer { orders, next }))
}

/// Orders by the moment they came in, and the legs of one command in their order.
fn age(id: OrderId) -> (u64, u16) {
    (id.sequence.0, id.leg)
}

/// Newest first; with `from_sequence` oldest first from that command on, never cut within one.
#[utoipa::path(
    get,
    path = "/fills",
    params(
        ("account" = Option<String>, Query, description = "demo if absent"),
        ("symbol" = Option<String>, Query),
        ("limit" = Option<u32>, Query, description = "100, at most 1000"),
        ("from_sequence" = Option<u64>, Query),
    ),
    responses(
        (status = 200, description = "As asked", body = FillsAnswer),
        (status = 400, description = "Malformed, or a wrong parameter", body = ProblemBody),
        (status = 410, description = "RESUME_TOO_OLD", body = ProblemBody),
    )
)]
pub(crate) fn fills(app: &App, caller: &Caller, query: &Query) -> Result<Answer, Problem> {
    let views = app.views.read();
    let limit = query.count("limit", FILLS_DEFAULT, FILLS_MAX)?;
    let from_sequence = query.whole("from_sequence")?;
    let instrument = query.get("symbol").map(|text| instrument_id(&views, text)).transpose()?;
    let Some(account) = caller.id(&views) else {
        return Ok(Answer::new(200, &FillsAnswer { fills: Vec::new() }));
    };
    let is_asked = |event: &&AccountEvent| {
        let Event::Trade(trade) = &event.event else { return false };
        instrument.is_none_or(|id| trade.instrument == id)
    };
    let events =
        match (views.orders.events_since(account, from_sequence.unwrap_or(0)), from_sequence) {
            (Resume::From(events), _) => events,
            (Resume::TooOld { oldest }, Some(_)) => return Err(Problem::too_old(oldest)),
            (Resume::TooOld { oldest }, None) => match views.orders.events_since(account, oldest) {
                Resume::From(events) => events,
                Resume::TooOld { oldest } => return Err(Problem::too_old(oldest)),
            },
        };
    let asked = events.filter(is_asked);
    let page: Vec<&AccountEvent> = match from_sequence {
        Some(_) => whole_commands(asked, limit, |event| event.stamp.sequence.0),
        None => {
            let mut all: Vec<_> = asked.collect();
            all.reverse();
            all.truncate(limit);
            all
        }
    };
    let fills = page.into_iter().flat_map(|event| fills_of(&views, account, event)).collect();
    Ok(Answer::new(200, &FillsAnswer { fills }))
}

/// One fill a side: an account that traded with itself has two.
fn fills_of(views: &Views, account: AccountId, event: &AccountEvent) -> Vec<Fill> {
    let Event::Trade(trade) = &event.event else { return Vec::new() };
    let Some(instrument) = views.catalog.instrument(trade.instrument) else { return Vec::new() };
    let sides = [(trade.maker_account, Liquidity::Maker), (trade.taker_account, Liquidity::Taker)];
    let own = sides.into_iter().filter(|(owner, _)| *owner == account);
    own.map(|(_, liquidity)| Fill::new(views, instrument, event, trade, liquidity)).collect()
}

fn instrument_id(views: &Views, text: &str) -> Result<orison_core::InstrumentId, Problem> {
    let named = Symbol::new(text).ok();
    let found = named.and_then(|symbol| views.catalog.instrument_named(&symbol));
    let found = found.map(|instrument| instrument.id);
    found.ok_or_else(|| Problem::symbol_not_found().about("symbol"))
}
