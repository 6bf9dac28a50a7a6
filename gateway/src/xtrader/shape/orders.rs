//! One's own orders: as they stand, what happened to them, and fills.

use engine::Views;
use engine::projection::{AccountEvent, OrderView};
use orison_core::event::{Event, Priority, Trade};
use orison_core::{AccountName, ClientOrderId, ExecutionId, Instrument, OrderId, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::{millis, money};
use crate::notation::{average_price, order_type_word, side_word, time_in_force_word};
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
    /// NEW, PARTIALLY_FILLED, FILLED, CANCELLED, REJECTED or EXPIRED.
    pub status: &'static str,
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
        let events = order.events.iter();
        let named = (!order.client_order_id.is_empty()).then_some(order.client_order_id);
        Some(Self {
            order_id: order.id,
            client_order_id: named,
            account: views.catalog.account_name(order.account),
            symbol: instrument.symbol,
            side: side_word(order.side),
            order_type: order_type_word(order.order_type),
            time_in_force: time_in_force_word(order.time_in_force),
            price: order.price.map(|price| instrument.price_decimal(price).into()),
            quantity: quantity(order.quantity),
            filled_quantity: quantity(order.filled),
            remaining_quantity: quantity(order.remaining),
            average_price: average_price(instrument, order.filled_notional, order.filled)
                .map(Number),
            fee: money(&views.catalog, instrument.quote, order.fee),
            status: order.status.word(),
            created_at: millis(order.created.time_ns),
            updated_at: millis(order.updated.time_ns),
            events: events
                .filter_map(|e| OrderEvent::new(views, instrument, order.id, e))
                .collect(),
        })
    }
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
    Rested {
        price: Number,
        quantity: Number,
    },
    Amended {
        price: Number,
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
        let what = match &event.event {
            Event::Accepted(accepted) => Happening::Accepted {
                price: (accepted.price.0 != 0).then(|| price(accepted.price)),
                quantity: quantity(accepted.quantity),
            },
            Event::Trade(trade) => {
                let (liquidity, fee) = match trade.maker == order {
                    true => ("Maker", trade.maker_fee),
                    false => ("Taker", trade.taker_fee),
                };
                Happening::Trade {
                    exec_id: execution_id(views, instrument, event),
                    price: price(trade.price),
                    quantity: quantity(trade.quantity),
                    fee: money(&views.catalog, instrument.quote, fee.units()),
                    liquidity,
                }
            }
            Event::Rested(rested) => Happening::Rested {
                price: price(rested.price),
                quantity: quantity(rested.quantity),
            },
            Event::Amended(amended) => Happening::Amended {
                price: price(amended.price),
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
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
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
