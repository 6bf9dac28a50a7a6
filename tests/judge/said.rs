//! What the judge says of a command: the words of the tape, and nothing of how the core gets
//! there. Events of the core are brought into the same form; those that only keep views up to
//! date say nothing here. Orders are called by the sequence and leg that they came with.

use orison_core::command::{CancelReason, ExternalTrade, Liquidation, Ticker};
use orison_core::event::{
    Amended, Entry, ExternalHead, ExternalQuote, Op, Prayed, Priority, StatusCause,
};
use orison_core::instrument::Status;
use orison_core::types::AssetId;
use orison_core::{AccountId, ClientOrderId, Event, InstrumentId, OrderId, Reason, Side};

/// Sequence and leg; the slot is the core's own affair.
pub(crate) type Id = (u64, u16);

pub(crate) fn id_of(order: OrderId) -> Id {
    (order.sequence.0, order.leg)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    Accepted {
        order: Id,
        duplicate: bool,
    },
    /// `client` is as the command named the order; empty where it named it by `order`.
    Rejected {
        op: Op,
        order: Id,
        client: ClientOrderId,
        reason: Reason,
    },
    Trade {
        maker: Id,
        taker: Id,
        price: i64,
        quantity: u64,
        maker_fee: i128,
        taker_fee: i128,
    },
    Cancelled {
        order: Id,
        quantity: u64,
        reason: CancelReason,
    },
    /// Price 0: it has none.
    Amended {
        order: Id,
        quantity: u64,
        price: i64,
        kept: bool,
    },
    Triggered {
        order: Id,
    },
    Decremented {
        maker: Id,
        taker: Id,
        quantity: u64,
    },
    /// Price 0: nothing would trade.
    Auction {
        instrument: InstrumentId,
        price: i64,
        volume: u64,
        surplus: u64,
        on: Option<Side>,
    },
    Status {
        instrument: InstrumentId,
        status: Status,
        cause: StatusCause,
    },
    Balance {
        account: AccountId,
        asset: AssetId,
        free: i128,
        locked: i128,
    },
    Prayed(Prayed),
    Ticker(Ticker),
    Liquidation(Liquidation),
    ExternalTrade(ExternalTrade),
    ExternalHead(ExternalHead),
    ExternalLevel(ExternalQuote),
}

/// What the core said, for the comparison.
pub(crate) fn heard(events: &[Event]) -> Vec<Said> {
    events.iter().filter_map(one).collect()
}

fn one(event: &Event) -> Option<Said> {
    Some(match event {
        Event::Accepted(e) => {
            Said::Accepted { order: id_of(e.order), duplicate: e.entry == Entry::Duplicate }
        }
        Event::Rejected(e) => {
            let is_named = e.order == OrderId::default();
            let client = if is_named { e.client_order_id } else { ClientOrderId::EMPTY };
            Said::Rejected { op: e.op, order: id_of(e.order), client, reason: e.reason }
        }
        Event::Trade(e) => Said::Trade {
            maker: id_of(e.maker),
            taker: id_of(e.taker),
            price: e.price.0,
            quantity: e.quantity.0,
            maker_fee: e.maker_fee.units(),
            taker_fee: e.taker_fee.units(),
        },
        Event::Cancelled(e) => {
            Said::Cancelled { order: id_of(e.order), quantity: e.quantity.0, reason: e.reason }
        }
        Event::Amended(Amended { order, quantity, price, priority, .. }) => {
            let kept = *priority == Priority::Kept;
            Said::Amended { order: id_of(*order), quantity: quantity.0, price: price.0, kept }
        }
        Event::Triggered(e) => Said::Triggered { order: id_of(e.order) },
        Event::Decremented(e) => Said::Decremented {
            maker: id_of(e.maker),
            taker: id_of(e.taker),
            quantity: e.quantity.0,
        },
        Event::Auction(e) => Said::Auction {
            instrument: e.instrument,
            price: e.price.0,
            volume: e.volume.0,
            surplus: e.surplus.0,
            on: e.surplus_side,
        },
        Event::Status(e) => {
            Said::Status { instrument: e.instrument, status: e.status, cause: e.cause }
        }
        Event::Balance(e) => Said::Balance {
            account: e.account,
            asset: e.asset,
            free: e.free.units(),
            locked: e.locked.units(),
        },
        Event::Prayed(e) => Said::Prayed(*e),
        Event::Ticker(e) => Said::Ticker(*e),
        Event::Liquidation(e) => Said::Liquidation(*e),
        Event::ExternalTrade(e) => Said::ExternalTrade(*e),
        Event::ExternalDepth(e) => Said::ExternalHead(*e),
        Event::ExternalLevel(e) => Said::ExternalLevel(*e),
        Event::Rested(_)
        | Event::Level(_)
        | Event::Conditions(_)
        | Event::Waiting(_)
        | Event::Refreshed(_)
        | Event::AssetOpened(_)
        | Event::Instrument(_)
        | Event::Bounds(_)
        | Event::AccountOpened(_)
        | Event::Account(_)
        | Event::Done => return None,
    })
}
