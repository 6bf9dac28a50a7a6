//! Every order as its owner sees it: status, fills, average price, life events; bounded history
//! by account; and the private event stream of each account, resumable by sequence.

use orison_core::command::{OrderType, TimeInForce};
use orison_core::{
    AccountId, ClientOrderId, Event, InstrumentId, OrderId, Price, Quantity, Reason, Side, Stamp,
};

use super::trades::Resume;

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
    pub remaining: Quantity,
    /// Sum of price x quantity over its fills, in price steps x quantity steps.
    pub filled_notional: i128,
    /// Sum of its fees, smallest units of the quote asset.
    pub fee: i128,
    pub status: OrderStatus,
    pub reason: Option<Reason>,
    pub created: Stamp,
    pub updated: Stamp,
    /// Newest last; the oldest fall away beyond the limit, save the first.
    pub events: Vec<AccountEvent>,
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

#[derive(Default)]
pub struct Orders {}

impl Orders {
    pub fn order(&self, _id: OrderId) -> Option<&OrderView> {
        todo!()
    }
    /// The latest order of that name.
    pub fn by_client(&self, _account: AccountId, _client: &ClientOrderId) -> Option<&OrderView> {
        todo!()
    }
    /// Newest first: open and remembered closed ones.
    pub fn of_account(&self, _account: AccountId) -> Box<dyn Iterator<Item = &OrderView> + '_> {
        todo!()
    }
    /// Oldest first, from the command `sequence` on, inclusive.
    pub fn events_since(
        &self,
        _account: AccountId,
        _sequence: u64,
    ) -> Resume<Box<dyn Iterator<Item = &AccountEvent> + '_>> {
        todo!()
    }
    /// What the last command said to whom, in order; a trade between two accounts stands twice.
    pub fn fresh(&self) -> &[(AccountId, AccountEvent)] {
        todo!()
    }
}
