//! What Upbit says, in each of its four formats: long names or short, one object or a list of
//! them. Fields we do not know are ignored. Numbers are read as they are written.
//! Spec: docs.upbit.com/kr/reference/websocket-ticker and its neighbours

use std::borrow::Cow;

use orison_core::command::Ticker;
use orison_core::{Side, Symbol};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::symbol_of;
use crate::feeds::event::{Depth, Level, OwnAsset, OwnAssets, OwnOrder, Trade};
use crate::feeds::number::{Number, percent};
use crate::feeds::topic::VenueName;

#[derive(Debug)]
pub(super) enum Said {
    Ticker(Ticker),
    Trade(Trade),
    Depth(Depth),
    /// With the message as it was written.
    OwnOrder(OwnOrder, Box<str>),
    OwnAssets(OwnAssets, Box<str>),
    Refused {
        name: String,
        message: String,
    },
    /// A sign of life, an answer, or what nobody asked for.
    Other,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, alias = "ty", rename = "type")]
    kind: Option<Cow<'a, str>>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    name: String,
    #[serde(default)]
    message: String,
}

pub(super) fn read(text: &str) -> Result<Vec<Said>, serde_json::Error> {
    if text.trim_start().starts_with('[') {
        let messages: Vec<&RawValue> = serde_json::from_str(text)?;
        return messages.into_iter().map(|message| read_one(message.get())).collect();
    }
    Ok(vec![read_one(text)?])
}

fn read_one(text: &str) -> Result<Said, serde_json::Error> {
    let head: Head<'_> = serde_json::from_str(text)?;
    if let Some(Refusal { name, message }) = head.error {
        return Ok(Said::Refused { name, message });
    }
    Ok(match head.kind.as_deref() {
        Some("ticker") => serde_json::from_str::<WireTicker<'_>>(text)?.said(),
        Some("trade") => serde_json::from_str::<WireTrade<'_>>(text)?.said(),
        Some("orderbook") => serde_json::from_str::<WireBook<'_>>(text)?.said(),
        Some("myOrder") => serde_json::from_str::<WireOrder<'_>>(text)?.said(text),
        Some("myAsset") => serde_json::from_str::<WireAssets>(text)?.said(text),
        Some(_) | None => Said::Other,
    })
}

fn symbol(code: &str) -> Option<Symbol> {
    Symbol::foreign(&symbol_of(code)).ok().filter(|symbol| !symbol.is_empty())
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum AskBid {
    Ask,
    Bid,
}

impl AskBid {
    /// Of the one who came: a taker of trades, an own order.
    fn side(self) -> Side {
        match self {
            Self::Ask => Side::Sell,
            Self::Bid => Side::Buy,
        }
    }
}

#[derive(Deserialize)]
struct WireTicker<'a> {
    #[serde(borrow, alias = "cd")]
    code: Cow<'a, str>,
    #[serde(alias = "tp")]
    trade_price: Number,
    /// Since the previous day's close, which for Upbit is 09:00 in Seoul.
    #[serde(alias = "scr")]
    signed_change_rate: Number,
    #[serde(alias = "tms")]
    timestamp: u64,
}

impl WireTicker<'_> {
    fn said(self) -> Said {
        let change = percent(self.signed_change_rate.0);
        let (Some(symbol), Some(change_24h)) = (symbol(&self.code), change) else {
            return Said::Other;
        };
        Said::Ticker(Ticker {
            venue: VenueName::Upbit.name(),
            symbol,
            price: self.trade_price.0,
            change_24h,
            event_time_ms: self.timestamp,
        })
    }
}

#[derive(Deserialize)]
struct WireTrade<'a> {
    #[serde(borrow, alias = "cd")]
    code: Cow<'a, str>,
    #[serde(alias = "tp")]
    trade_price: Number,
    #[serde(alias = "tv")]
    trade_volume: Number,
    #[serde(alias = "ab")]
    ask_bid: AskBid,
    #[serde(alias = "sid")]
    sequential_id: u64,
    #[serde(alias = "tms")]
    timestamp: u64,
}

impl WireTrade<'_> {
    fn said(self) -> Said {
        let Some(symbol) = symbol(&self.code) else { return Said::Other };
        Said::Trade(Trade {
            venue: VenueName::Upbit.name(),
            symbol,
            side: self.ask_bid.side(),
            price: self.trade_price.0,
            quantity: self.trade_volume.0,
            trade_id: self.sequential_id,
            event_time_ms: self.timestamp,
        })
    }
}

#[derive(Deserialize)]
struct WireBook<'a> {
    #[serde(borrow, alias = "cd")]
    code: Cow<'a, str>,
    #[serde(alias = "obu")]
    orderbook_units: Vec<WireUnit>,
    #[serde(alias = "tms")]
    timestamp: u64,
}

#[derive(Deserialize)]
struct WireUnit {
    #[serde(alias = "ap")]
    ask_price: Number,
    #[serde(alias = "bp")]
    bid_price: Number,
    #[serde(alias = "as")]
    ask_size: Number,
    #[serde(alias = "bs")]
    bid_size: Number,
}

impl WireBook<'_> {
    fn said(self) -> Said {
        let Some(symbol) = symbol(&self.code) else { return Said::Other };
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        for unit in self.orderbook_units {
            let bid = Level { price: unit.bid_price.0, quantity: unit.bid_size.0 };
            let ask = Level { price: unit.ask_price.0, quantity: unit.ask_size.0 };
            // The shorter side is filled up with zeros.
            bids.extend((bid.quantity.mantissa != 0).then_some(bid));
            asks.extend((ask.quantity.mantissa != 0).then_some(ask));
        }
        Said::Depth(Depth {
            venue: VenueName::Upbit.name(),
            symbol,
            bids,
            asks,
            update_id: 0,
            event_time_ms: self.timestamp,
        })
    }
}

#[derive(Deserialize)]
struct WireOrder<'a> {
    #[serde(borrow, alias = "cd")]
    code: Cow<'a, str>,
    #[serde(alias = "uid")]
    uuid: String,
    #[serde(alias = "ab")]
    ask_bid: AskBid,
    #[serde(alias = "ot")]
    order_type: String,
    #[serde(alias = "s")]
    state: String,
    #[serde(alias = "tuid")]
    trade_uuid: Option<String>,
    #[serde(alias = "p")]
    price: Option<Number>,
    #[serde(alias = "v")]
    volume: Option<Number>,
    #[serde(alias = "rv")]
    remaining_volume: Option<Number>,
    #[serde(alias = "ev")]
    executed_volume: Option<Number>,
    #[serde(alias = "tms")]
    timestamp: u64,
}

impl WireOrder<'_> {
    fn said(self, text: &str) -> Said {
        let Some(symbol) = symbol(&self.code) else { return Said::Other };
        let number = |number: Option<Number>| number.map(|number| number.0);
        let order = OwnOrder {
            venue: VenueName::Upbit.name(),
            symbol,
            id: self.uuid,
            side: self.ask_bid.side(),
            order_type: self.order_type,
            state: self.state,
            price: number(self.price),
            quantity: number(self.volume),
            remaining_quantity: number(self.remaining_volume),
            executed_quantity: number(self.executed_volume),
            trade_id: self.trade_uuid,
            event_time_ms: self.timestamp,
        };
        Said::OwnOrder(order, text.into())
    }
}

#[derive(Deserialize)]
struct WireAssets {
    #[serde(alias = "ast")]
    assets: Vec<WireAsset>,
    #[serde(alias = "tms")]
    timestamp: u64,
}

#[derive(Deserialize)]
struct WireAsset {
    #[serde(alias = "cu")]
    currency: String,
    #[serde(alias = "b")]
    balance: Number,
    #[serde(alias = "l")]
    locked: Number,
}

impl WireAssets {
    fn said(self, text: &str) -> Said {
        let asset = |wire: WireAsset| OwnAsset {
            currency: wire.currency,
            balance: wire.balance.0,
            locked: wire.locked.0,
        };
        let assets = OwnAssets {
            venue: VenueName::Upbit.name(),
            assets: self.assets.into_iter().map(asset).collect(),
            event_time_ms: self.timestamp,
        };
        Said::OwnAssets(assets, text.into())
    }
}
