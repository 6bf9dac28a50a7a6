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

use orison_core::command::{CancelReason, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::event::{
    Accepted, Amended, Cancelled, Conditions, Decremented, Entry, Money, Op, Rested, Trade, Waiting,
};
use orison_core::{
    AccountId, ClientOrderId, Event, InstrumentId, OrderId, Price, Quantity, Reason, Side, Stamp,
};

use super::trades::Resume;
use super::{ViewLimits, begin_news};
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

    /// Of an order that was cancelled for that reason.
    pub fn after(reason: CancelReason) -> Self {
        match reason {
            CancelReason::Expired => Self::Expired,
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
            | CancelReason::Timer => Self::Cancelled,
        }
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
    pub self_trade: SelfTrade,
    /// What its command said of it.
    pub fields: OrderFields,
    /// As they stand now; None: it was entered with none. Boxed, for most orders have none.
    pub conditions: Option<Box<Conditions>>,
    /// Whether it was a stop and has fired.
    pub is_triggered: bool,
    /// Its limit, of a market order that of its protection. None: it has none.
    pub price: Option<Price>,
    /// Original quantity, or filled + open after an amend; filled, if it has a budget alone.
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

/// An event of an order of the account, as maker or taker, or of its money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountEvent {
    pub stamp: Stamp,
    pub index: u32,
    /// Sequence of the account's event before this one; 0 = none.
    pub previous_sequence: u64,
    pub event: Event,
}

/// An event as it comes in.
#[derive(Clone, Copy)]
struct Heard<'a> {
    stamp: Stamp,
    index: u32,
    event: &'a Event,
}

pub struct Orders {
    shelf: Shelf,
    streams: Streams,
    /// Orders with a budget alone that the running command has filled: what they do not spend is
    /// cancelled, and if nothing is, they are done.
    spending: Vec<OrderId>,
}

impl Orders {
    pub(super) fn new(limits: &ViewLimits) -> Self {
        Self { shelf: Shelf::new(limits), streams: Streams::new(limits), spending: Vec::new() }
    }

    pub(super) fn begin(&mut self) {
        self.streams.begin();
    }

    pub(super) fn on_event(&mut self, stamp: Stamp, index: u32, event: &Event) {
        let Self { shelf, streams, .. } = self;
        let heard = Heard { stamp, index, event };
        match event {
            Event::Accepted(e) => match e.entry {
                Entry::New => shelf.enter(entered(stamp, e), streams.tell(e.account, heard)),
                Entry::Duplicate => {}
            },
            Event::Rejected(e) if e.account == AccountId::default() => {}
            Event::Rejected(e) => {
                let told = streams.tell(e.account, heard);
                if e.op == Op::New {
                    shelf.change(e.order, told, |order| order.refuse(e.reason));
                }
            }
            Event::Trade(e) => self.trade(heard, e),
            Event::Conditions(e) => {
                shelf.note(e.order, |order| order.conditions = Some(Box::new(*e)));
            }
            Event::Waiting(e) => {
                shelf.change(e.order, streams.tell(e.account, heard), |order| order.wait(e));
            }
            Event::Triggered(e) => {
                let told = streams.tell(e.account, heard);
                shelf.change(e.order, told, |order| order.is_triggered = true);
            }
            Event::Decremented(e) => {
                let told = streams.tell(e.account, heard);
                shelf.change(e.maker, told, |order| order.decrement(e));
                shelf.change(e.taker, told, |order| order.decrement(e));
            }
            Event::Balance(e) => {
                streams.tell(e.account, heard);
            }
            Event::Rested(e) => {
                shelf.change(e.order, streams.tell(e.account, heard), |order| order.rest(e));
            }
            Event::Cancelled(e) => {
                shelf.change(e.order, streams.tell(e.account, heard), |order| order.cancel(e));
            }
            Event::Amended(e) => {
                shelf.change(e.order, streams.tell(e.account, heard), |order| order.amend(e));
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
            | Event::Refreshed(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
    }

    fn trade(&mut self, heard: Heard<'_>, trade: &Trade) {
        let Self { shelf, streams, spending } = self;
        let told = streams.tell(trade.maker_account, heard);
        shelf.change(trade.maker, told, |order| order.fill(trade, trade.maker_fee));
        let told = match trade.taker_account == trade.maker_account {
            true => told,
            false => streams.tell(trade.taker_account, heard),
        };
        shelf.change(trade.taker, told, |order| {
            order.fill(trade, trade.taker_fee);
            if !order.has_quantity() && spending.last() != Some(&order.id) {
                spending.push(order.id);
            }
        });
    }

    /// The command is complete.
    pub(super) fn end(&mut self) {
        for order in self.spending.drain(..) {
            self.shelf.finish(order);
        }
        begin_news(&mut self.spending);
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

fn entered(stamp: Stamp, accepted: &Accepted) -> OrderView {
    OrderView {
        id: accepted.order,
        client_order_id: accepted.client_order_id,
        account: accepted.account,
        instrument: accepted.instrument,
        side: accepted.side,
        order_type: accepted.order_type,
        time_in_force: accepted.time_in_force,
        self_trade: accepted.self_trade,
        fields: accepted.fields,
        conditions: None,
        is_triggered: false,
        price: limit(accepted.price).filter(|_| has_limit(accepted.fields)),
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
    }
}

impl OrderView {
    /// Otherwise its budget alone says how much it trades.
    fn has_quantity(&self) -> bool {
        self.fields.has(OrderFields::QUANTITY)
    }

    fn fill(&mut self, trade: &Trade, fee: Money) {
        // Amended up again and again, an order may trade more than 64 bits in its life.
        self.filled = Quantity(self.filled.0.saturating_add(trade.quantity.0));
        self.remaining = Quantity(self.remaining.0.saturating_sub(trade.quantity.0));
        self.quantity = Quantity(self.quantity.0.max(self.filled.0));
        // A million fills at the largest notional the core lets through would not fit.
        let notional = trade.price.notional(trade.quantity);
        self.filled_notional = self.filled_notional.saturating_add(notional);
        self.fee = self.fee.saturating_add(fee.units());
        self.status = if self.remaining.is_zero() && self.has_quantity() {
            OrderStatus::Filled
        } else {
            OrderStatus::PartiallyFilled
        };
    }

    fn rest(&mut self, rested: &Rested) {
        self.price = limit(rested.price);
        self.remaining = rested.quantity;
    }

    /// A stop waits, for the first time or where an amend put it.
    fn wait(&mut self, waiting: &Waiting) {
        self.remaining = waiting.quantity;
        if let Some(conditions) = &mut self.conditions {
            (conditions.stop_price, conditions.trail) = (waiting.stop_price, waiting.trail);
        }
    }

    fn decrement(&mut self, decremented: &Decremented) {
        self.remaining = Quantity(self.remaining.0.saturating_sub(decremented.quantity.0));
    }

    fn amend(&mut self, amended: &Amended) {
        self.price = limit(amended.price);
        self.remaining = amended.quantity;
        self.quantity = Quantity(self.filled.0.saturating_add(amended.quantity.0));
    }

    fn refuse(&mut self, reason: Reason) {
        self.reason = Some(reason);
        self.status = OrderStatus::Rejected;
    }

    fn cancel(&mut self, cancelled: &Cancelled) {
        self.remaining = cancelled.quantity;
        self.cancel_reason = Some(cancelled.reason);
        self.status = OrderStatus::after(cancelled.reason);
    }
}

/// Protection makes a limit of the best opposite price.
fn has_limit(fields: OrderFields) -> bool {
    fields.has(OrderFields::PRICE) || fields.has(OrderFields::PROTECTION)
}

/// As events say it: 0 is none.
fn limit(price: Price) -> Option<Price> {
    (price.0 > 0).then_some(price)
}

orison_core::stored_words! {
    OrderStatus { New, PartiallyFilled, Filled, Cancelled, Rejected, Expired }
}
orison_core::stored! {
    OrderView {
        id, client_order_id, account, instrument, side, order_type, time_in_force, self_trade,
        fields, conditions, is_triggered, price, quantity, filled, remaining, filled_notional, fee,
        status, reason, cancel_reason, created, updated, events,
    }
    AccountEvent { stamp, index, previous_sequence, event }
    Orders { shelf, streams, spending }
}
