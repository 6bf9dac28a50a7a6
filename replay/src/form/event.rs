//! Events as JSON: the table of events of the tape, key by key. Events that only serve views
//! (levels, rests, waits, openings, settings) have no form and are not shown.

use std::borrow::Cow;

use engine::projection::Catalog;
use orison_core::event::{
    Accepted, Amended, AssetOpened, Auction, Balance, Cancelled, Decremented, Entry, Money,
    Priority, Rejected, Trade,
};
use orison_core::types::AssetId;
use orison_core::{Decimal, Event, ExecutionId, Instrument, InstrumentId, OrderId, Price};

use super::names::ClientNames;
use super::words::{SIDES, word_of};
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
            | Event::Amended(_)
            | Event::Triggered(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_) => true,
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
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => false,
        }
    }

    /// Puts the event's keys into `object`, `event` first; none of one without a form. `execution`
    /// names a trade where trades are named.
    pub(crate) fn put(
        &self,
        object: &mut Object<'_>,
        event: &Event,
        execution: Option<ExecutionId>,
    ) {
        match event {
            Event::Accepted(accepted) => self.put_accepted(object, accepted),
            Event::Rejected(rejected) => self.put_rejected(object, rejected),
            Event::Trade(trade) => self.put_trade(object, trade, execution),
            Event::Cancelled(cancelled) => self.put_cancelled(object, cancelled),
            Event::Amended(amended) => self.put_amended(object, amended),
            Event::Triggered(triggered) => {
                object.text("event", "triggered").text("id", &self.name(triggered.order));
            }
            Event::Decremented(decremented) => self.put_decremented(object, decremented),
            Event::Auction(auction) => self.put_auction(object, auction),
            Event::Status(changed) => {
                let symbol = self.instrument(changed.instrument).symbol;
                object.text("event", "status").text("symbol", symbol.as_str());
                object.text("status", changed.status.word());
            }
            Event::Balance(balance) => self.put_balance(object, balance),
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
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Done => {}
        }
    }

    fn put_accepted(&self, object: &mut Object<'_>, accepted: &Accepted) {
        object.text("event", "accepted");
        match self.naming {
            // Of a repeat the first order may be long gone, and its slot another's.
            Naming::Client(_) if !accepted.client_order_id.is_empty() => {
                object.text("id", accepted.client_order_id.as_str());
            }
            Naming::Client(_) | Naming::Engine => {
                object.text("id", &self.name(accepted.order));
            }
        }
        if accepted.entry == Entry::Duplicate {
            object.bare("duplicate", true);
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
            .shown("quantity", instrument.quantity_decimal(amended.quantity));
        put_price(object, instrument, amended.price);
        object.bare("kept_priority", amended.priority == Priority::Kept);
    }

    fn put_decremented(&self, object: &mut Object<'_>, decremented: &Decremented) {
        let instrument = self.instrument(decremented.instrument);
        object
            .text("event", "decremented")
            .text("maker", &self.name(decremented.maker))
            .text("taker", &self.name(decremented.taker))
            .shown("quantity", instrument.quantity_decimal(decremented.quantity));
    }

    fn put_auction(&self, object: &mut Object<'_>, auction: &Auction) {
        let instrument = self.instrument(auction.instrument);
        object.text("event", "auction").text("symbol", instrument.symbol.as_str());
        put_price(object, instrument, auction.price);
        object
            .shown("volume", instrument.quantity_decimal(auction.volume))
            .shown("surplus", instrument.quantity_decimal(auction.surplus));
        match auction.surplus_side.and_then(|side| word_of(SIDES, side)) {
            Some(side) => object.text("surplus_side", side),
            None => object.null("surplus_side"),
        };
    }

    fn put_balance(&self, object: &mut Object<'_>, balance: &Balance) {
        let account = self.catalog.account_name(balance.account);
        let account = account.expect("an event names an account that was opened before");
        let asset = self.asset(balance.asset);
        object
            .text("event", "balance")
            .text("account", account.as_str())
            .text("asset", asset.name.as_str())
            .shown("free", Decimal::new(balance.free.units(), asset.decimals))
            .shown("locked", Decimal::new(balance.locked.units(), asset.decimals));
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

    fn asset(&self, id: AssetId) -> &AssetOpened {
        self.catalog.asset(id).expect("an event names an asset that was opened before")
    }

    fn fee(&self, instrument: &Instrument, fee: Money) -> Decimal {
        Decimal::new(fee.units(), self.asset(instrument.quote).decimals)
    }
}

/// Of an order without a price, or an auction without one: null.
fn put_price(object: &mut Object<'_>, instrument: &Instrument, price: Price) {
    match price {
        Price(0) => object.null("price"),
        price => object.shown("price", instrument.price_decimal(price)),
    };
}
