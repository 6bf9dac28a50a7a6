//! Events as JSON: the table of events of the tape, key by key. Events that only serve views
//! (levels, rests, openings, settings) have no form and are not shown.

use std::borrow::Cow;

use engine::projection::Catalog;
use orison_core::event::{Amended, Cancelled, Entry, Money, Priority, Rejected, Trade};
use orison_core::{Decimal, Event, ExecutionId, Instrument, InstrumentId, OrderId};

use super::names::ClientNames;
use crate::json::Object;

/// What an order is called where the events are shown.
#[derive(Clone, Copy)]
pub(crate) enum Naming<'a> {
    /// By its client's name for it; by the engine's if the client gave none.
    Client(&'a ClientNames),
    /// By the engine's id.
    Engine,
}

/// Writes events; `catalog` knows every instrument and asset that they speak of.
#[derive(Clone, Copy)]
pub(crate) struct EventForm<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) naming: Naming<'a>,
}

impl EventForm<'_> {
    /// Has the event a form?
    pub(crate) fn shows(event: &Event) -> bool {
        match event {
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Trade(_)
            | Event::Cancelled(_)
            | Event::Amended(_) => true,
            Event::Rested(_)
            | Event::Level(_)
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
            | Event::Done => false,
        }
    }

    /// Puts the event's keys into `object`, `event` first. `execution` names a trade where trades
    /// are named.
    pub(crate) fn put(
        &self,
        object: &mut Object<'_>,
        event: &Event,
        execution: Option<ExecutionId>,
    ) {
        match event {
            Event::Accepted(accepted) => {
                object.text("event", "accepted");
                object.text("id", &self.name(accepted.order));
                if accepted.entry == Entry::Duplicate {
                    object.bare("duplicate", true);
                }
            }
            Event::Rejected(rejected) => self.put_rejected(object, rejected),
            Event::Trade(trade) => self.put_trade(object, trade, execution),
            Event::Cancelled(cancelled) => self.put_cancelled(object, cancelled),
            Event::Amended(amended) => self.put_amended(object, amended),
            Event::Rested(_)
            | Event::Level(_)
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
            | Event::Done => {}
        }
    }

    fn put_rejected(&self, object: &mut Object<'_>, rejected: &Rejected) {
        object.text("event", "rejected").text("op", rejected.op.word());
        let by_client = matches!(self.naming, Naming::Client(_));
        if by_client && !rejected.client_order_id.is_empty() {
            object.text("id", rejected.client_order_id.as_str());
        } else if rejected.order != OrderId::default() {
            object.text("id", &self.name(rejected.order));
        } else {
            object.null("id");
        }
        object.text("reason", rejected.reason.word());
    }

    fn put_trade(&self, object: &mut Object<'_>, trade: &Trade, execution: Option<ExecutionId>) {
        let instrument = self.instrument(trade.instrument);
        object
            .text("event", "trade")
            .text("maker", &self.name(trade.maker))
            .text("taker", &self.name(trade.taker))
            .shown("price", instrument.price_decimal(trade.price))
            .shown("quantity", instrument.quantity_decimal(trade.quantity));
        let is_free = instrument.maker_fee_ppm == 0
            && instrument.taker_fee_ppm == 0
            && trade.maker_fee == Money::ZERO
            && trade.taker_fee == Money::ZERO;
        if !is_free {
            object
                .shown("maker_fee", self.fee(instrument, trade.maker_fee))
                .shown("taker_fee", self.fee(instrument, trade.taker_fee));
        }
        if let Some(execution) = execution {
            object.shown("exec_id", execution);
        }
    }

    fn put_cancelled(&self, object: &mut Object<'_>, cancelled: &Cancelled) {
        let instrument = self.instrument(cancelled.instrument);
        object
            .text("event", "cancelled")
            .text("id", &self.name(cancelled.order))
            .shown("quantity", instrument.quantity_decimal(cancelled.quantity))
            .text("reason", cancelled.reason.word());
    }

    fn put_amended(&self, object: &mut Object<'_>, amended: &Amended) {
        let instrument = self.instrument(amended.instrument);
        object
            .text("event", "amended")
            .text("id", &self.name(amended.order))
            .shown("quantity", instrument.quantity_decimal(amended.quantity))
            .shown("price", instrument.price_decimal(amended.price))
            .bare("kept_priority", amended.priority == Priority::Kept);
    }

    pub(crate) fn name(&self, order: OrderId) -> Cow<'_, str> {
        let client = match self.naming {
            Naming::Client(names) => names.client(order),
            Naming::Engine => None,
        };
        client.map_or_else(|| order.to_string().into(), |client| client.as_str().into())
    }

    fn instrument(&self, id: InstrumentId) -> &Instrument {
        self.catalog.instrument(id).expect("an event names an instrument that was created before")
    }

    fn fee(&self, instrument: &Instrument, fee: Money) -> Decimal {
        let quote = self.catalog.asset(instrument.quote);
        let quote = quote.expect("an instrument names assets that were opened before");
        Decimal::new(fee.units(), quote.decimals)
    }
}
