//! What a venue said, typed and in our notation, as it leaves the client. Numbers are the venue's
//! own decimals, exactly. It must not know who listens.

use orison_core::command::{Foreign, Liquidation, Ticker, Venue};
use orison_core::{Decimal, Side, Symbol};

#[derive(Clone, PartialEq, Debug)]
pub enum VenueEvent {
    Ticker(Ticker),
    Liquidation(Forced),
    Trade(Trade),
    Depth(Depth),
    OwnOrder(OwnOrder),
    OwnAssets(OwnAssets),
}

/// A forced order, and what it is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forced {
    pub liquidation: Liquidation,
    /// Quantity x price: of contracts quoted in dollars.
    pub usd_value: Decimal,
    pub size: Size,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    Ordinary,
    /// Worth the configured threshold or more.
    Large,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    pub venue: Venue,
    pub symbol: Symbol,
    /// Of the taker.
    pub side: Side,
    pub price: Foreign,
    pub quantity: Foreign,
    pub trade_id: u64,
    pub event_time_ms: u64,
}

/// The best levels of a whole book, best first: absolute, never a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Depth {
    pub venue: Venue,
    pub symbol: Symbol,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    /// The venue's number of the last change in it; 0: it has none.
    pub update_id: u64,
    pub event_time_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    pub price: Foreign,
    pub quantity: Foreign,
}

/// An own order at the venue, in the venue's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnOrder {
    pub venue: Venue,
    pub symbol: Symbol,
    pub id: String,
    pub side: Side,
    pub order_type: String,
    pub state: String,
    pub price: Option<Foreign>,
    pub quantity: Option<Foreign>,
    pub remaining_quantity: Option<Foreign>,
    pub executed_quantity: Option<Foreign>,
    pub trade_id: Option<String>,
    pub event_time_ms: u64,
}

/// Own money at the venue: the currencies that moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnAssets {
    pub venue: Venue,
    pub assets: Vec<OwnAsset>,
    pub event_time_ms: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnAsset {
    pub currency: String,
    pub balance: Foreign,
    pub locked: Foreign,
}

impl Forced {
    pub fn new(liquidation: Liquidation, large_usd: Decimal) -> Self {
        let Liquidation { quantity, price, .. } = liquidation;
        let mantissa = i128::from(quantity.mantissa) * i128::from(price.mantissa);
        // Two scales of at most 18 each.
        let usd_value = Decimal::new(mantissa, quantity.scale + price.scale);
        let size = if usd_value >= large_usd { Size::Large } else { Size::Ordinary };
        Self { liquidation, usd_value, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_order_is_large_from_the_threshold_on() {
        let number = |text| Foreign::from_decimal(Decimal::parse(text).unwrap()).unwrap();
        for (quantity, price, value, size) in [
            ("0.5", "199999.98", "99999.99", Size::Ordinary),
            ("0.5", "200000", "100000", Size::Large),
            ("4500", "0.2139", "962.55", Size::Ordinary),
            ("12.5", "61800.3", "772503.75", Size::Large),
        ] {
            let forced = Forced::new(
                Liquidation {
                    venue: Venue::new("binance").unwrap(),
                    symbol: Symbol::new("BTCUSDT").unwrap(),
                    side: Side::Sell,
                    quantity: number(quantity),
                    price: number(price),
                    event_time_ms: 1,
                },
                Decimal::parse("100000").unwrap(),
            );
            assert_eq!((forced.usd_value, forced.size), (Decimal::parse(value).unwrap(), size));
        }
    }
}
