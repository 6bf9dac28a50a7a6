//! Prayers and what foreign venues say.

use orison_core::command::{
    EXTERNAL_LEVELS_MAX, ExternalDepth, ExternalLevel, ExternalSide, ExternalTrade, Foreign,
    Liquidation, Pray, Ticker,
};

use super::field::{self, Fault};
use super::layout::{
    self, ArchivedExternalDepth, ArchivedExternalTrade, ArchivedLiquidation, ArchivedPray,
    ArchivedTicker,
};

impl From<&Pray> for layout::Pray {
    fn from(pray: &Pray) -> Self {
        Self { count: pray.count, side: pray.side as u8, reserved: [0; 3] }
    }
}

impl ArchivedPray {
    pub(super) fn read(&self) -> Result<Pray, Fault> {
        field::reserved(&self.reserved)?;
        let side = field::prayer(self.side)?;
        Ok(Pray { side, count: self.count.to_native() })
    }
}

impl From<&Ticker> for layout::Ticker {
    fn from(ticker: &Ticker) -> Self {
        Self {
            price: ticker.price.mantissa,
            change_24h: ticker.change_24h.mantissa,
            event_time_ms: ticker.event_time_ms,
            price_scale: ticker.price.scale,
            change_24h_scale: ticker.change_24h.scale,
            reserved: [0; 6],
            venue: *ticker.venue.bytes(),
            symbol: *ticker.symbol.bytes(),
        }
    }
}

impl ArchivedTicker {
    pub(super) fn read(&self) -> Result<Ticker, Fault> {
        field::reserved(&self.reserved)?;
        Ok(Ticker {
            venue: field::text("venue", &self.venue)?,
            symbol: field::foreign_text("symbol", &self.symbol)?,
            price: Foreign { mantissa: self.price.to_native(), scale: self.price_scale },
            change_24h: Foreign {
                mantissa: self.change_24h.to_native(),
                scale: self.change_24h_scale,
            },
            event_time_ms: self.event_time_ms.to_native(),
        })
    }
}

impl From<&Liquidation> for layout::Liquidation {
    fn from(liquidation: &Liquidation) -> Self {
        Self {
            quantity: liquidation.quantity.mantissa,
            price: liquidation.price.mantissa,
            event_time_ms: liquidation.event_time_ms,
            quantity_scale: liquidation.quantity.scale,
            price_scale: liquidation.price.scale,
            side: liquidation.side as u8,
            reserved: [0; 5],
            venue: *liquidation.venue.bytes(),
            symbol: *liquidation.symbol.bytes(),
        }
    }
}

impl ArchivedLiquidation {
    pub(super) fn read(&self) -> Result<Liquidation, Fault> {
        field::reserved(&self.reserved)?;
        Ok(Liquidation {
            venue: field::text("venue", &self.venue)?,
            symbol: field::foreign_text("symbol", &self.symbol)?,
            side: field::side(self.side)?,
            quantity: Foreign { mantissa: self.quantity.to_native(), scale: self.quantity_scale },
            price: Foreign { mantissa: self.price.to_native(), scale: self.price_scale },
            event_time_ms: self.event_time_ms.to_native(),
        })
    }
}

impl From<&ExternalTrade> for layout::ExternalTrade {
    fn from(trade: &ExternalTrade) -> Self {
        Self {
            quantity: trade.quantity.mantissa,
            price: trade.price.mantissa,
            trade_id: trade.trade_id,
            event_time_ms: trade.event_time_ms,
            quantity_scale: trade.quantity.scale,
            price_scale: trade.price.scale,
            side: trade.side as u8,
            reserved: [0; 5],
            venue: *trade.venue.bytes(),
            symbol: *trade.symbol.bytes(),
        }
    }
}

impl ArchivedExternalTrade {
    pub(super) fn read(&self) -> Result<ExternalTrade, Fault> {
        field::reserved(&self.reserved)?;
        Ok(ExternalTrade {
            venue: field::text("venue", &self.venue)?,
            symbol: field::foreign_text("symbol", &self.symbol)?,
            side: field::side(self.side)?,
            quantity: Foreign { mantissa: self.quantity.to_native(), scale: self.quantity_scale },
            price: Foreign { mantissa: self.price.to_native(), scale: self.price_scale },
            trade_id: self.trade_id.to_native(),
            event_time_ms: self.event_time_ms.to_native(),
        })
    }
}

/// Integers of a side: a price and a quantity for each level.
const SIDE_INTEGERS: usize = 2 * EXTERNAL_LEVELS_MAX;

fn integers(side: &ExternalSide) -> [i64; SIDE_INTEGERS] {
    let mut integers = [0; SIDE_INTEGERS];
    for (pair, level) in integers.chunks_exact_mut(2).zip(side.levels()) {
        pair.copy_from_slice(&[level.price, level.quantity]);
    }
    integers
}

fn side(
    name: &'static str,
    count: u8,
    integers: [i64; SIDE_INTEGERS],
) -> Result<ExternalSide, Fault> {
    let used = 2 * usize::from(count);
    if used > SIDE_INTEGERS || integers[used..].iter().any(|integer| *integer != 0) {
        return Err(Fault { field: name, value: u64::from(count) });
    }
    let levels = integers[..used].chunks_exact(2);
    Ok(ExternalSide::new(levels.map(|pair| ExternalLevel { price: pair[0], quantity: pair[1] })))
}

impl From<&ExternalDepth> for layout::ExternalDepth {
    fn from(depth: &ExternalDepth) -> Self {
        Self {
            bids: integers(&depth.bids),
            asks: integers(&depth.asks),
            update_id: depth.update_id,
            event_time_ms: depth.event_time_ms,
            price_scale: depth.price_scale,
            quantity_scale: depth.quantity_scale,
            bids_count: depth.bids.levels().len() as u8,
            asks_count: depth.asks.levels().len() as u8,
            reserved: [0; 4],
            venue: *depth.venue.bytes(),
            symbol: *depth.symbol.bytes(),
        }
    }
}

impl ArchivedExternalDepth {
    pub(super) fn read(&self) -> Result<ExternalDepth, Fault> {
        field::reserved(&self.reserved)?;
        let native = |integers: &[rkyv::Archived<i64>; SIDE_INTEGERS]| {
            integers.map(|integer| integer.to_native())
        };
        Ok(ExternalDepth {
            venue: field::text("venue", &self.venue)?,
            symbol: field::foreign_text("symbol", &self.symbol)?,
            price_scale: self.price_scale,
            quantity_scale: self.quantity_scale,
            bids: side("bids", self.bids_count, native(&self.bids))?,
            asks: side("asks", self.asks_count, native(&self.asks))?,
            update_id: self.update_id.to_native(),
            event_time_ms: self.event_time_ms.to_native(),
        })
    }
}
