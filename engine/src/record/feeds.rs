//! Prayers and what foreign venues say.

use orison_core::command::{Foreign, Liquidation, Pray, Ticker};

use super::field::{self, Fault};
use super::layout::{self, ArchivedLiquidation, ArchivedPray, ArchivedTicker};

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
            symbol: field::text("symbol", &self.symbol)?,
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
            symbol: field::text("symbol", &self.symbol)?,
            side: field::side(self.side)?,
            quantity: Foreign { mantissa: self.quantity.to_native(), scale: self.quantity_scale },
            price: Foreign { mantissa: self.price.to_native(), scale: self.price_scale },
            event_time_ms: self.event_time_ms.to_native(),
        })
    }
}
