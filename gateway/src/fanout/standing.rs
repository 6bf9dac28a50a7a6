//! How an order stood right after an event of the past, from how the views show it now: the run of
//! events from there to now is walked back, and what later fills did is taken off again. Of an
//! order that was amended since, quantity is as amended. Views and events come in, orders go out.

use std::collections::HashMap;

use engine::Views;
use engine::projection::orders::LifeEvents;
use engine::projection::{AccountEvent, OrderStatus, OrderView};
use orison_core::command::OrderFields;
use orison_core::event::{Op, Trade};
use orison_core::{AccountId, Event, OrderId, Price, Quantity};

use super::feed::{Role, order_of, roles};

/// In the order of the events, and within one as its roles are told; None: the order is forgotten,
/// or the event is of none.
pub(crate) type Standings = std::vec::IntoIter<Option<Box<OrderView>>>;

/// `events` reach to what the views show; each is as the account sees it.
pub(crate) fn standings(
    views: &Views,
    events: impl DoubleEndedIterator<Item = (AccountId, AccountEvent)>,
) -> Standings {
    let mut later: HashMap<OrderId, Later> = HashMap::new();
    let mut standings = Vec::new();
    for (account, event) in events.rev() {
        for role in roles(account, &event.event).iter().rev() {
            let Some(order) = order_of(&event.event, *role) else { continue };
            let since = later.entry(order).or_default();
            standings.push(views.orders.order(order).map(|now| since.undo(now, &event)));
            since.add(&event.event, *role);
        }
    }
    standings.reverse();
    standings.into_iter()
}

/// What happened to an order after the event that is looked at.
#[derive(Default)]
struct Later {
    filled: u64,
    notional: i128,
    fee: i128,
    /// Open quantity that went, by fills or by self-trade prevention.
    gone: u64,
    was_amended: bool,
}

impl Later {
    fn add(&mut self, event: &Event, role: Role) {
        match event {
            Event::Trade(trade) => {
                self.filled = self.filled.saturating_add(trade.quantity.0);
                self.gone = self.gone.saturating_add(trade.quantity.0);
                let notional = trade.price.notional(trade.quantity);
                self.notional = self.notional.saturating_add(notional);
                self.fee = self.fee.saturating_add(fee(trade, role));
            }
            Event::Decremented(e) => self.gone = self.gone.saturating_add(e.quantity.0),
            Event::Amended(_) => self.was_amended = true,
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Rested(_)
            | Event::Cancelled(_)
            | Event::Level(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::Bounds(_)
            | Event::AccountOpened(_)
            | Event::Account(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => {}
        }
    }

    fn undo(&self, now: &OrderView, event: &AccountEvent) -> Box<OrderView> {
        let filled = Quantity(now.filled.0.saturating_sub(self.filled));
        let remaining = match self.was_amended {
            true => now.quantity.0.saturating_sub(filled.0),
            false => now.remaining.0.saturating_add(self.gone),
        };
        let mut then = OrderView {
            events: LifeEvents::default(),
            conditions: now.conditions.clone(),
            filled,
            remaining: Quantity(remaining),
            filled_notional: now.filled_notional.saturating_sub(self.notional),
            fee: now.fee.saturating_sub(self.fee),
            status: match filled.is_zero() {
                true => OrderStatus::New,
                false => OrderStatus::PartiallyFilled,
            },
            reason: None,
            cancel_reason: None,
            updated: event.stamp,
            ..*now
        };
        self.say(&mut then, now, &event.event);
        Box::new(then)
    }

    /// What the event itself says of the order.
    fn say(&self, then: &mut OrderView, now: &OrderView, event: &Event) {
        match event {
            Event::Accepted(e) => {
                then.price = price(e.price).filter(|_| e.fields.has(OrderFields::PRICE));
                (then.quantity, then.remaining) = (e.quantity, e.quantity);
                then.is_triggered = false;
            }
            Event::Trade(_) if self.filled == 0 && now.status == OrderStatus::Filled => {
                then.status = OrderStatus::Filled;
            }
            Event::Amended(e) => {
                then.price = price(e.price);
                then.remaining = e.quantity;
                then.quantity = Quantity(then.filled.0.saturating_add(e.quantity.0));
            }
            Event::Cancelled(e) => {
                then.remaining = e.quantity;
                then.cancel_reason = Some(e.reason);
                then.status = OrderStatus::after(e.reason);
            }
            Event::Rejected(e) if e.op == Op::New => {
                then.reason = Some(e.reason);
                then.status = OrderStatus::Rejected;
            }
            Event::Rejected(_)
            | Event::Trade(_)
            | Event::Rested(_)
            | Event::Level(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::Bounds(_)
            | Event::AccountOpened(_)
            | Event::Account(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => {}
        }
    }
}

fn fee(trade: &Trade, role: Role) -> i128 {
    match role {
        Role::Taker => trade.taker_fee.units(),
        Role::Maker => trade.maker_fee.units(),
    }
}

/// As events say it: 0 is none.
fn price(price: Price) -> Option<Price> {
    (price.0 > 0).then_some(price)
}
