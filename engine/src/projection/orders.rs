//! Every order as its owner sees it: status, fills, average price, life events; bounded history
//! by account; and the private event stream of each account, resumable by sequence.
//!
//! An idempotent repeat changes nothing here. A refused command changes no order: it stands in
//! the stream of its account alone, unless it ended an order that was in (a fired stop).

mod folders;
mod index;
mod life;
mod quota;
mod shelf;
mod streams;

use orison_core::command::{CancelReason, OrderFields, OrderType, TimeInForce};
use orison_core::event::{Accepted, Amended, Cancelled, Entry, Op, Rejected, Rested, Trade};
use orison_core::{
    AccountId, ClientOrderId, Event, InstrumentId, OrderId, Price, Quantity, Reason, Side, Stamp,
};

use super::ViewLimits;
use super::trades::Resume;
pub use life::LifeEvents;
use shelf::Shelf;
use streams::Streams;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OrderStatus {
    New,
    PartiallyFilled,
    Filled,
    Cancelled,
    Rejected,
    Expired,
}

impl OrderStatus {
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
        }
    }

    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    pub id: OrderId,
    pub client_order_id: ClientOrderId,
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    /// None: a market order without a price.
    pub price: Option<Price>,
    /// Original quantity, or filled + open after an amend.
    pub quantity: Quantity,
    pub filled: Quantity,
    /// Open quantity; of an order that has ended, what was open then.
    pub remaining: Quantity,
    /// Sum of price x quantity over its fills, in price steps x quantity steps; over `filled` it
    /// is the average price.
    pub filled_notional: i128,
    /// Sum of its fees, smallest units of the quote asset.
    pub fee: i128,
    pub status: OrderStatus,
    /// Why it was refused after it had been accepted.
    pub reason: Option<Reason>,
    /// Why it was cancelled or expired.
    pub cancel_reason: Option<CancelReason>,
    pub created: Stamp,
    pub updated: Stamp,
    /// Newest last; the oldest fall away beyond the limit, save the first.
    pub events: LifeEvents,
}

/// An event of an order of the account, as maker or taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountEvent {
    pub stamp: Stamp,
    pub index: u32,
    /// Sequence of the account's event before this one; 0 = none.
    pub previous_sequence: u64,
    pub event: Event,
}

pub struct Orders {
    shelf: Shelf,
    streams: Streams,
}

impl Orders {
    pub(super) fn new(limits: &ViewLimits) -> Self {
        Self { shelf: Shelf::new(limits), streams: Streams::new(limits) }
    }

    pub(super) fn begin(&mut self) {
        self.streams.begin();
    }

    pub(super) fn on_accepted(&mut self, stamp: Stamp, index: u32, accepted: &Accepted) {
        match accepted.entry {
            Entry::Duplicate => return,
            Entry::New => {}
        }
        let event = Event::Accepted(*accepted);
        let first = self.streams.tell(accepted.account, stamp, index, event);
        let has_price = accepted.fields.has(OrderFields::PRICE);
        self.shelf.enter(OrderView {
            id: accepted.order,
            client_order_id: accepted.client_order_id,
            account: accepted.account,
            instrument: accepted.instrument,
            side: accepted.side,
            order_type: accepted.order_type,
            time_in_force: accepted.time_in_force,
            price: has_price.then_some(accepted.price),
            quantity: accepted.quantity,
            filled: Quantity::ZERO,
            remaining: accepted.quantity,
            filled_notional: 0,
            fee: 0,
            status: OrderStatus::New,
            reason: None,
            cancel_reason: None,
            created: stamp,
            updated: stamp,
            events: LifeEvents::default(),
        });
        self.shelf.change(accepted.order, &first, |_| {});
    }

    pub(super) fn on_rejected(&mut self, stamp: Stamp, index: u32, rejected: &Rejected) {
        if rejected.account == AccountId::default() {
            return;
        }
        let event = Event::Rejected(*rejected);
        let told = self.streams.tell(rejected.account, stamp, index, event);
        match rejected.op {
            Op::New => self.shelf.change(rejected.order, &told, |order| {
                order.status = OrderStatus::Rejected;
                order.reason = Some(rejected.reason);
            }),
            Op::Cancel
            | Op::Amend
            | Op::MassCancel
            | Op::Instrument
            | Op::Pray
            | Op::Ticker
            | Op::Liquidation
            | Op::Genesis => {}
        }
    }

    pub(super) fn on_trade(&mut self, stamp: Stamp, index: u32, trade: &Trade) {
        let event = Event::Trade(*trade);
        let maker_told = self.streams.tell(trade.maker_account, stamp, index, event);
        let taker_told = if trade.taker_account == trade.maker_account {
            maker_told
        } else {
            self.streams.tell(trade.taker_account, stamp, index, event)
        };
        for (order, told, fee) in
            [(trade.maker, maker_told, trade.maker_fee), (trade.taker, taker_told, trade.taker_fee)]
        {
            self.shelf.change(order, &told, |order| {
                order.fill(trade.price, trade.quantity, fee.units());
            });
        }
    }

    pub(super) fn on_rested(&mut self, stamp: Stamp, index: u32, rested: &Rested) {
        let told = self.streams.tell(rested.account, stamp, index, Event::Rested(*rested));
        self.shelf.change(rested.order, &told, |order| {
            order.price = Some(rested.price);
            order.remaining = rested.quantity;
        });
    }

    pub(super) fn on_cancelled(&mut self, stamp: Stamp, index: u32, cancelled: &Cancelled) {
        let event = Event::Cancelled(*cancelled);
        let told = self.streams.tell(cancelled.account, stamp, index, event);
        self.shelf.change(cancelled.order, &told, |order| {
            order.remaining = cancelled.quantity;
            order.cancel_reason = Some(cancelled.reason);
            order.status = match cancelled.reason {
                CancelReason::Expired => OrderStatus::Expired,
                CancelReason::User
                | CancelReason::Ioc
                | CancelReason::SelfTrade
                | CancelReason::Oco
                | CancelReason::Mass
                | CancelReason::Range
                | CancelReason::Uncross
                | CancelReason::Closed
                | CancelReason::Admin
                | CancelReason::Disconnect
                | CancelReason::Timer => OrderStatus::Cancelled,
            };
        });
    }

    pub(super) fn on_amended(&mut self, stamp: Stamp, index: u32, amended: &Amended) {
        let told = self.streams.tell(amended.account, stamp, index, Event::Amended(*amended));
        self.shelf.change(amended.order, &told, |order| {
            order.price = Some(amended.price);
            order.remaining = amended.quantity;
            order.quantity = Quantity(order.filled.0.saturating_add(amended.quantity.0));
        });
    }

    /// Open, or closed and still remembered.
    pub fn order(&self, id: OrderId) -> Option<&OrderView> {
        self.shelf.order(id)
    }

    /// The latest order of that name; None for an empty name.
    pub fn by_client(&self, account: AccountId, client: &ClientOrderId) -> Option<&OrderView> {
        self.shelf.by_client(account, client)
    }

    /// Newest first: open and remembered closed ones.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = &OrderView> + '_ {
        self.shelf.of_account(account)
    }

    /// Those of the account that were entered before an order of its own that is still known,
    /// newest first. None: it is not known, or another account's.
    pub fn of_account_before(
        &self,
        account: AccountId,
        before: OrderId,
    ) -> Option<impl Iterator<Item = &OrderView> + '_> {
        self.shelf.of_account_before(account, before)
    }

    /// Oldest first, from the command `sequence` on, inclusive.
    pub fn events_since(
        &self,
        account: AccountId,
        sequence: u64,
    ) -> Resume<impl DoubleEndedIterator<Item = &AccountEvent> + '_> {
        self.streams.since(account, sequence)
    }

    /// What the last command said to whom, in order. A trade between two accounts stands twice,
    /// the maker's first; one of an account with itself stands once.
    pub fn fresh(&self) -> &[(AccountId, AccountEvent)] {
        self.streams.fresh()
    }
}

impl OrderView {
    fn fill(&mut self, price: Price, quantity: Quantity, fee: i128) {
        // Amended up again and again, an order may trade more than 64 bits in its life.
        self.filled = Quantity(self.filled.0.saturating_add(quantity.0));
        // An order that has only a budget does not say how much it will be.
        self.remaining = Quantity(self.remaining.0.saturating_sub(quantity.0));
        self.quantity = Quantity(self.quantity.0.max(self.filled.0));
        // A million fills at the largest notional the core lets through would not fit.
        self.filled_notional = self.filled_notional.saturating_add(price.notional(quantity));
        self.fee = self.fee.saturating_add(fee);
        self.status = if self.remaining.is_zero() {
            OrderStatus::Filled
        } else {
            OrderStatus::PartiallyFilled
        };
    }
}
