//! One's own orders: as they stand, what happened to them, and fills.

use engine::Views;
use engine::projection::{AccountEvent, OrderView};
use orison_core::command::{CancelReason, OrderFields, SelfTrade};
use orison_core::event::{Event, Priority, Trade};
use orison_core::{
    AccountName, ClientOrderId, ExecutionId, Instrument, OrderId, Price, Quantity, Reason, Symbol,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{millis, money};
use crate::notation::{
    average_price, is_stop, link_word, order_type_word, self_trade_word, side_word,
    time_in_force_word,
};
use crate::xtrader::json::{Number, shown, shown_or_null};

/// An order as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct Order {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    pub order_id: OrderId,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    pub client_order_id: Option<ClientOrderId>,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    pub account: Option<AccountName>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    #[schema(example = "Buy")]
    pub side: &'static str,
    #[serde(rename = "type")]
    #[schema(example = "Limit")]
    pub order_type: &'static str,
    #[schema(example = "GTC")]
    pub time_in_force: &'static str,
    /// Null: a market order without one.
    pub price: Option<Number>,
    pub quantity: Number,
    pub filled_quantity: Number,
    pub remaining_quantity: Number,
    /// Null before the first fill.
    pub average_price: Option<Number>,
    /// In the quote asset; negative = a rebate.
    pub fee: Number,
    pub post_only: bool,
    /// Null: the account's default.
    #[schema(example = "CancelTaker")]
    pub stp: Option<&'static str>,
    /// Null: no stop, or a trailing one.
    pub stop_price: Option<Number>,
    /// Distance of a trailing stop.
    pub trail: Option<Number>,
    /// Whether a stop has fired; null: it is none.
    pub triggered: Option<bool>,
    /// Visible part of an iceberg.
    pub display: Option<Number>,
    pub min_quantity: Option<Number>,
    /// In the quote asset.
    pub budget: Option<Number>,
    /// Nanoseconds since the Unix epoch.
    pub expire_at: Option<u64>,
    /// OCO or OTO.
    pub link: Option<&'static str>,
    /// The other order of its pair.
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub linked_order_id: Option<OrderId>,
    /// NEW, PARTIALLY_FILLED, FILLED, CANCELLED, REJECTED or EXPIRED.
    pub status: &'static str,
    /// Why it was cancelled, expired or refused after it was in.
    pub reason: Option<&'static str>,
    /// Milliseconds.
    pub created_at: u64,
    pub updated_at: u64,
    /// Oldest first.
    pub events: Vec<OrderEvent>,
}

impl Order {
    /// None: its instrument is not known, which no view of ours allows.
    pub fn new(views: &Views, order: &OrderView) -> Option<Self> {
        let instrument = views.catalog.instrument(order.instrument)?;
        let quantity = |quantity| Number(instrument.quantity_decimal(quantity));
        let price = |price: Price| (price.0 > 0).then(|| Number(instrument.price_decimal(price)));
        let least = |least: Quantity| (!least.is_zero()).then(|| quantity(least));
        let events = order.events.iter();
        let conditions = order.conditions.as_deref();
        let budget = conditions.map(|c| c.budget.units()).filter(|&units| units > 0);
        let named = (!order.client_order_id.is_empty()).then_some(order.client_order_id);
        Some(Self {
            order_id: order.id,
            client_order_id: named,
            account: views.catalog.account_name(order.account),
            symbol: instrument.symbol,
            side: side_word(order.side),
            order_type: order_type_word(order.order_type),
            time_in_force: time_in_force_word(order.time_in_force),
            price: order.price.and_then(price),
            quantity: quantity(order.quantity),
            filled_quantity: quantity(order.filled),
            remaining_quantity: quantity(order.remaining),
            average_price: average_price(instrument, order.filled_notional, order.filled)
                .map(Number),
            fee: money(&views.catalog, instrument.quote, order.fee),
            post_only: order.fields.has(OrderFields::POST_ONLY),
            stp: stp(order.self_trade),
            stop_price: conditions.and_then(|c| price(c.stop_price)),
            trail: conditions.and_then(|c| price(c.trail)),
            triggered: is_stop(order.order_type).then_some(order.is_triggered),
            display: conditions.and_then(|c| least(c.display)),
            min_quantity: conditions.and_then(|c| least(c.min_quantity)),
            budget: budget.map(|units| money(&views.catalog, instrument.quote, units)),
            expire_at: conditions.map(|c| c.expire_at_ns).filter(|&time_ns| time_ns > 0),
            link: conditions.and_then(|c| c.link).map(link_word),
            linked_order_id: conditions.filter(|c| c.link.is_some()).map(|c| c.partner),
            status: order.status.word(),
            reason: reason(order),
            created_at: millis(order.created.time_ns),
            updated_at: millis(order.updated.time_ns),
            events: events
                .filter_map(|e| OrderEvent::new(views, instrument, order.id, e))
                .collect(),
        })
    }
}

fn stp(self_trade: SelfTrade) -> Option<&'static str> {
    (self_trade != SelfTrade::AccountDefault).then(|| self_trade_word(self_trade))
}

fn reason(order: &OrderView) -> Option<&'static str> {
    order.reason.map(Reason::word).or(order.cancel_reason.map(CancelReason::word))
}

/// Something that happened to an order.
#[derive(Serialize, ToSchema)]
pub struct OrderEvent {
    pub sequence: u64,
    /// Milliseconds.
    pub timestamp: u64,
    #[serde(flatten)]
    pub what: Happening,
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happening {
    Accepted {
        price: Option<Number>,
        quantity: Number,
    },
    Trade {
        #[serde(serialize_with = "shown_or_null")]
        #[schema(value_type = Option<String>, format = "uuid")]
        exec_id: Option<ExecutionId>,
        price: Number,
        quantity: Number,
        fee: Number,
        /// Maker or Taker.
        liquidity: &'static str,
    },
    /// A price of null: a market order in the call of an auction.
    Rested {
        price: Option<Number>,
        quantity: Number,
    },
    /// A stop waits. A trailing one has a trail in place of a stop price.
    Waiting {
        stop_price: Option<Number>,
        trail: Option<Number>,
        quantity: Number,
    },
    /// A stop fired; the price is the one that elected it.
    Triggered {
        price: Number,
    },
    /// Self-trade prevention took so much from it and from the other.
    Decremented {
        quantity: Number,
    },
    Amended {
        price: Option<Number>,
        quantity: Number,
        kept_priority: bool,
    },
    Cancelled {
        quantity: Number,
        reason: &'static str,
    },
    Rejected {
        op: &'static str,
        reason: &'static str,
    },
}

impl OrderEvent {
    /// None: nothing that an order's owner is told.
    fn new(
        views: &Views,
        instrument: &Instrument,
        order: OrderId,
        event: &AccountEvent,
    ) -> Option<Self> {
        let quantity = |quantity| Number(instrument.quantity_decimal(quantity));
        let price = |price| Number(instrument.price_decimal(price));
        let some_price = |named: Price| (named.0 > 0).then(|| price(named));
        let what = match &event.event {
            Event::Accepted(accepted) => Happening::Accepted {
                price: some_price(accepted.price),
                quantity: quantity(accepted.quantity),
            },
            Event::Trade(trade) => traded(views, instrument, order, event, trade),
            Event::Rested(rested) => Happening::Rested {
                price: some_price(rested.price),
                quantity: quantity(rested.quantity),
            },
            Event::Waiting(waiting) => Happening::Waiting {
                stop_price: some_price(waiting.stop_price),
                trail: some_price(waiting.trail),
                quantity: quantity(waiting.quantity),
            },
            Event::Triggered(triggered) => Happening::Triggered { price: price(triggered.price) },
            Event::Decremented(decremented) => {
                Happening::Decremented { quantity: quantity(decremented.quantity) }
            }
            Event::Amended(amended) => Happening::Amended {
                price: some_price(amended.price),
                quantity: quantity(amended.quantity),
                kept_priority: amended.priority == Priority::Kept,
            },
            Event::Cancelled(cancelled) => Happening::Cancelled {
                quantity: quantity(cancelled.quantity),
                reason: cancelled.reason.word(),
            },
            Event::Rejected(rejected) => {
                Happening::Rejected { op: rejected.op.word(), reason: rejected.reason.word() }
            }
            Event::Level(_)
            | Event::AssetOpened(_)
            | Event::Instrument(_)
            | Event::AccountOpened(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Refreshed(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => return None,
        };
        let (sequence, timestamp) = (event.stamp.sequence.0, millis(event.stamp.time_ns));
        Some(Self { sequence, timestamp, what })
    }
}

/// A trade as the owner of one of its two orders sees it.
fn traded(
    views: &Views,
    instrument: &Instrument,
    order: OrderId,
    event: &AccountEvent,
    trade: &Trade,
) -> Happening {
    let (liquidity, fee) = match trade.maker == order {
        true => ("Maker", trade.maker_fee),
        false => ("Taker", trade.taker_fee),
    };
    Happening::Trade {
        exec_id: execution_id(views, instrument, event),
        price: Number(instrument.price_decimal(trade.price)),
        quantity: Number(instrument.quantity_decimal(trade.quantity)),
        fee: money(&views.catalog, instrument.quote, fee.units()),
        liquidity,
    }
}

/// The public name of a trade; None: the tape no longer holds it.
pub fn execution_id(
    views: &Views,
    instrument: &Instrument,
    event: &AccountEvent,
) -> Option<ExecutionId> {
    use engine::projection::Resume;
    let sequence = event.stamp.sequence;
    let Resume::From(mut trades) = views.trades.since(instrument.id, sequence.0) else {
        return None;
    };
    let found = trades
        .by_ref()
        .take_while(|trade| trade.stamp.sequence == sequence)
        .find(|trade| trade.index == event.index);
    found.map(|trade| trade.execution)
}

/// A trade of one's own order.
#[derive(Serialize, ToSchema)]
pub struct Fill {
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub exec_id: Option<ExecutionId>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = "uuid")]
    pub order_id: OrderId,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    pub client_order_id: Option<ClientOrderId>,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub symbol: Symbol,
    pub side: &'static str,
    pub price: Number,
    pub quantity: Number,
    /// In the quote asset; negative = a rebate.
    pub fee: Number,
    /// Maker or Taker.
    pub liquidity: &'static str,
    pub sequence: u64,
    /// Place among the events of its command, from 0.
    pub index: u32,
    /// The account's event before this one; 0: none.
    pub prev_sequence: u64,
    pub timestamp: u64,
}

/// Which side of a trade is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liquidity {
    Maker,
    Taker,
}

impl Fill {
    pub fn new(
        views: &Views,
        instrument: &Instrument,
        event: &AccountEvent,
        trade: &Trade,
        liquidity: Liquidity,
    ) -> Self {
        let (order_id, side, fee, word) = match liquidity {
            Liquidity::Maker => {
                (trade.maker, trade.taker_side.opposite(), trade.maker_fee, "Maker")
            }
            Liquidity::Taker => (trade.taker, trade.taker_side, trade.taker_fee, "Taker"),
        };
        let order = views.orders.order(order_id);
        let client_order_id = order.map(|order| order.client_order_id);
        Self {
            exec_id: execution_id(views, instrument, event),
            order_id,
            client_order_id: client_order_id.filter(|id| !id.is_empty()),
            symbol: instrument.symbol,
            side: side_word(side),
            price: instrument.price_decimal(trade.price).into(),
            quantity: instrument.quantity_decimal(trade.quantity).into(),
            fee: money(&views.catalog, instrument.quote, fee.units()),
            liquidity: word,
            sequence: event.stamp.sequence.0,
            index: event.index,
            prev_sequence: event.previous_sequence,
            timestamp: millis(event.stamp.time_ns),
        }
    }
}
