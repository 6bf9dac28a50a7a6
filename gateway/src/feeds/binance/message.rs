//! What Binance says on its USD-M streams, read whole or not at all; fields we do not know are
//! ignored. Bare (`/ws`) and combined (`/stream`) messages are the same to us.
//! Spec: developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams

use std::borrow::Cow;

use orison_core::command::{Liquidation, Ticker};
use orison_core::{Side, Symbol};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::book::{Snapshot, Update};
use crate::feeds::event::Trade;
use crate::feeds::number::{Number, Pair};
use crate::feeds::topic::VenueName;

/// Contracts margined in coin, which the streams of all markets carry too.
const COIN_MARGINED: u8 = 2;

#[derive(Debug)]
pub(super) enum Said {
    Ticker(Ticker),
    /// With the order as it was written: two streams carry it in the same words.
    Liquidation(Liquidation, Box<str>),
    Trade(Trade),
    Depth(Update),
    /// A request was carried out.
    Done {
        id: u64,
    },
    Refused {
        id: Option<u64>,
        reason: String,
    },
    /// Of a market that is not ours, or a kind that nobody asked for.
    Other,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    id: Option<u64>,
    code: Option<i64>,
    #[serde(borrow)]
    msg: Option<Cow<'a, str>>,
    error: Option<Refusal>,
    st: Option<u8>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    msg: String,
}

pub(super) fn read(text: &str) -> Result<Said, serde_json::Error> {
    let head: Head<'_> = serde_json::from_str(text)?;
    match head.data {
        Some(data) => {
            let text = data.get();
            read_event(&serde_json::from_str(text)?, text)
        }
        None => read_event(&head, text),
    }
}

fn read_event(head: &Head<'_>, text: &str) -> Result<Said, serde_json::Error> {
    if head.st == Some(COIN_MARGINED) {
        return Ok(Said::Other);
    }
    match head.e.as_deref() {
        Some("24hrTicker") => Ok(serde_json::from_str::<WireTicker>(text)?.said()),
        Some("forceOrder") => serde_json::from_str::<WireForced>(text)?.said(),
        Some("aggTrade") => Ok(serde_json::from_str::<WireTrade>(text)?.said()),
        Some("depthUpdate") => Ok(serde_json::from_str::<WireDepth>(text)?.said()),
        Some(_) => Ok(Said::Other),
        None => Ok(answer(head)),
    }
}

fn answer(head: &Head<'_>) -> Said {
    let refusal = match (&head.error, head.code) {
        (Some(Refusal { code, msg }), _) => Some(format!("{code}: {msg}")),
        (None, Some(code)) => Some(format!("{code}: {}", head.msg.as_deref().unwrap_or_default())),
        (None, None) => None,
    };
    match (refusal, head.id) {
        (Some(reason), id) => Said::Refused { id, reason },
        (None, Some(id)) => Said::Done { id },
        (None, None) => Said::Other,
    }
}

/// A symbol that does not fit our field is of no market we can name.
fn symbol(text: &str) -> Option<Symbol> {
    Symbol::foreign(text).ok().filter(|symbol| !symbol.is_empty())
}

#[derive(Deserialize)]
struct WireTicker<'a> {
    #[serde(rename = "E")]
    event_time_ms: u64,
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(rename = "c")]
    last: Number,
    #[serde(rename = "P")]
    change_percent: Number,
}

impl WireTicker<'_> {
    fn said(self) -> Said {
        let Some(symbol) = symbol(&self.symbol) else { return Said::Other };
        Said::Ticker(Ticker {
            venue: VenueName::Binance.name(),
            symbol,
            price: self.last.0,
            change_24h: self.change_percent.0,
            event_time_ms: self.event_time_ms,
        })
    }
}

#[derive(Deserialize)]
struct WireForced<'a> {
    #[serde(rename = "E")]
    event_time_ms: u64,
    #[serde(borrow, rename = "o")]
    order: &'a RawValue,
}

#[derive(Deserialize)]
struct WireForcedOrder<'a> {
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(rename = "S")]
    side: WireSide,
    #[serde(rename = "q")]
    quantity: Number,
    #[serde(rename = "p")]
    price: Number,
    st: Option<u8>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum WireSide {
    Buy,
    Sell,
}

impl WireForced<'_> {
    fn said(self) -> Result<Said, serde_json::Error> {
        let order: WireForcedOrder<'_> = serde_json::from_str(self.order.get())?;
        let Some(symbol) = symbol(&order.symbol) else { return Ok(Said::Other) };
        if order.st == Some(COIN_MARGINED) {
            return Ok(Said::Other);
        }
        let liquidation = Liquidation {
            venue: VenueName::Binance.name(),
            symbol,
            side: match order.side {
                WireSide::Buy => Side::Buy,
                WireSide::Sell => Side::Sell,
            },
            quantity: order.quantity.0,
            price: order.price.0,
            event_time_ms: self.event_time_ms,
        };
        Ok(Said::Liquidation(liquidation, self.order.get().into()))
    }
}

#[derive(Deserialize)]
struct WireTrade<'a> {
    #[serde(rename = "E")]
    event_time_ms: u64,
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(rename = "a")]
    trade_id: u64,
    #[serde(rename = "p")]
    price: Number,
    #[serde(rename = "q")]
    quantity: Number,
    #[serde(rename = "m")]
    is_buyer_maker: bool,
}

impl WireTrade<'_> {
    fn said(self) -> Said {
        let Some(symbol) = symbol(&self.symbol) else { return Said::Other };
        Said::Trade(Trade {
            venue: VenueName::Binance.name(),
            symbol,
            side: if self.is_buyer_maker { Side::Sell } else { Side::Buy },
            price: self.price.0,
            quantity: self.quantity.0,
            trade_id: self.trade_id,
            event_time_ms: self.event_time_ms,
        })
    }
}

#[derive(Deserialize)]
struct WireDepth<'a> {
    #[serde(rename = "E")]
    event_time_ms: u64,
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(rename = "U")]
    first_id: u64,
    #[serde(rename = "u")]
    last_id: u64,
    /// Spot names none: there its ids count on without a hole.
    #[serde(rename = "pu")]
    previous_id: Option<u64>,
    #[serde(rename = "b")]
    bids: Vec<Pair>,
    #[serde(rename = "a")]
    asks: Vec<Pair>,
}

impl WireDepth<'_> {
    fn said(self) -> Said {
        let Some(symbol) = symbol(&self.symbol) else { return Said::Other };
        Said::Depth(Update {
            symbol,
            first_id: self.first_id,
            last_id: self.last_id,
            previous_id: self.previous_id.unwrap_or(self.first_id.saturating_sub(1)),
            bids: self.bids.into_iter().map(|pair| pair.0).collect(),
            asks: self.asks.into_iter().map(|pair| pair.0).collect(),
            event_time_ms: self.event_time_ms,
        })
    }
}

/// The answer of `GET /fapi/v1/depth`.
#[derive(Deserialize)]
struct WireSnapshot {
    #[serde(rename = "lastUpdateId")]
    last_id: u64,
    #[serde(rename = "E")]
    event_time_ms: Option<u64>,
    bids: Vec<Pair>,
    asks: Vec<Pair>,
}

pub(super) fn read_snapshot(body: &[u8]) -> Result<Snapshot, serde_json::Error> {
    let wire: WireSnapshot = serde_json::from_slice(body)?;
    Ok(Snapshot {
        last_id: wire.last_id,
        bids: wire.bids.into_iter().map(|pair| pair.0).collect(),
        asks: wire.asks.into_iter().map(|pair| pair.0).collect(),
        event_time_ms: wire.event_time_ms.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKER: &str = r#"{"e":"24hrTicker","E":1723161256299,"s":"BTCUSDT","p":"1.0",
        "P":"-2.531","c":"61800.20","st":1,"ps":"BTCUSDT"}"#;
    const FORCED: &str = r#"{"e":"forceOrder","E":1766845883999,"o":{"s":"ONTUSDT","S":"SELL",
        "o":"LIMIT","f":"IOC","q":"1573.7","p":"0.0692","ap":"0.0698","X":"FILLED","l":"235.4",
        "z":"1573.7","T":1766845983406},"new":[1]}"#;
    const TRADE: &str = r#"{"e":"aggTrade","E":7,"s":"BTCUSDT","a":26129,"p":"0.01633102",
        "q":"4.70443515","nq":"4.7","f":27781,"l":27781,"T":6,"m":true}"#;

    fn shown(said: &Said) -> String {
        match said {
            Said::Liquidation(liquidation, words) => {
                assert!(FORCED.contains(&**words), "{words}");
                format!("{liquidation:?}")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_is_read_bare_and_combined() {
        for (text, said) in [
            (
                TICKER,
                "Ticker(Ticker { venue: \"binance\", symbol: \"BTCUSDT\", price: Foreign { \
              mantissa: 618002, scale: 1 }, change_24h: Foreign { mantissa: -2531, scale: 3 }, \
              event_time_ms: 1723161256299 })",
            ),
            (
                FORCED,
                "Liquidation { venue: \"binance\", symbol: \"ONTUSDT\", side: \
              Sell, quantity: Foreign { mantissa: 15737, scale: 1 }, price: Foreign { mantissa: \
              692, scale: 4 }, event_time_ms: 1766845883999 }",
            ),
            (
                TRADE,
                "Trade(Trade { venue: \"binance\", symbol: \"BTCUSDT\", side: Sell, price: \
              Foreign { mantissa: 1633102, scale: 8 }, quantity: Foreign { mantissa: 470443515, \
              scale: 8 }, trade_id: 26129, event_time_ms: 7 })",
            ),
            (r#"{"result":null,"id":3}"#, "Done { id: 3 }"),
            (
                r#"{"error":{"code":2,"msg":"Invalid request"},"id":3}"#,
                "Refused { id: Some(3), reason: \"2: Invalid request\" }",
            ),
            (
                r#"{"code":3,"msg":"Invalid JSON"}"#,
                "Refused { id: None, reason: \"3: Invalid JSON\" }",
            ),
            (r#"{"e":"kline","E":1,"s":"BTCUSDT","k":{}}"#, "Other"),
            (&TICKER.replace("\"st\":1", "\"st\":2"), "Other"),
            (&TICKER.replace("BTCUSDT\",\"p", "币安人生万岁USDT\",\"p"), "Other"),
        ] {
            let combined = format!(r#"{{"stream":"x@y","data":{text}}}"#);
            for text in [text, &combined] {
                assert_eq!(shown(&read(text).unwrap()), said, "{text}");
            }
        }
    }

    #[test]
    fn a_depth_update_and_a_snapshot_are_read() {
        let said = read(
            r#"{"e":"depthUpdate","E":9,"T":8,"s":"BTCUSDT","U":157,"u":160,"pu":149,
                "b":[["0.0024","10"]],"a":[["0.0026","0.000"]]}"#,
        );
        let Said::Depth(update) = said.unwrap() else { panic!("no depth") };
        assert_eq!((update.first_id, update.last_id, update.previous_id), (157, 160, 149));
        assert_eq!((update.bids.len(), update.asks[0].quantity.mantissa), (1, 0));
        let snapshot = read_snapshot(
            br#"{"lastUpdateId":1027024,"E":1,"T":2,"bids":[["4.00","431.0"]],"asks":[]}"#,
        );
        let snapshot = snapshot.unwrap();
        assert_eq!((snapshot.last_id, snapshot.bids.len(), snapshot.asks.len()), (1_027_024, 1, 0));
    }

    #[test]
    fn what_is_broken_is_an_error_and_nothing_else() {
        for text in ["", "{", "[]", "nonsense", r#"{"e":"24hrTicker","E":1,"s":"BTCUSDT"}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read_snapshot(br#"{"code":-1121,"msg":"Invalid symbol."}"#).is_err());
    }
}
