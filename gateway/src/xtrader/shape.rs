//! The shapes of the xTrader wires, the same in REST answers and in messages of the socket: what
//! a view says becomes names, decimals and milliseconds here. Nothing is computed that a view
//! does not hold, save the average price of an order.

mod external;
mod market;
mod money;
mod orders;

use engine::projection::Catalog;
use orison_core::Decimal;
use orison_core::types::AssetId;

pub use external::{External, ExternalOrderBook, ExternalTradeEntry};
pub use market::{Candle, Execution, InstrumentEntry, Level, MarketStatistics, OrderBook};
pub use market::{PrayerTotals, TickerEntry};
pub use money::{Account, Balance, Position};
pub use orders::{Fill, Happening, Liquidity, Order, OrderEvent, execution_id};

use super::json::Number;
use crate::notation::civil;

pub fn millis(time_ns: u64) -> u64 {
    time_ns / 1_000_000
}

/// RFC 3339 in UTC with milliseconds: `2023-04-30T12:35:10.123Z`.
pub fn rfc3339(time_ns: u64) -> String {
    let millis = millis(time_ns);
    let (days, second) = (millis / 86_400_000, millis / 1000 % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let (second, milli) = (second % 60, millis % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Smallest units of an asset as a decimal; an asset that is not known counts in units.
pub fn money(catalog: &Catalog, asset: AssetId, units: i128) -> Number {
    let decimals = catalog.asset(asset).map_or(0, |asset| asset.decimals);
    Decimal::new(units, decimals).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_utc() {
        for (time_ns, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (1_682_858_110_123_456_789, "2023-04-30T12:35:10.123Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(time_ns), shown);
        }
    }
}
