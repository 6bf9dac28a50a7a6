//! The shapes of the xTrader wires, the same in REST answers and in messages of the socket: what
//! a view says becomes names, decimals and milliseconds here. Nothing is computed that a view
//! does not hold, save the average price of an order.

mod market;
mod orders;

use engine::projection::Catalog;
use orison_core::types::AssetId;
use orison_core::{Decimal, Instrument};

pub use market::{Candle, Execution, InstrumentEntry, Level, MarketStatistics, OrderBook};
pub use market::{PrayerTotals, TickerEntry};
pub use orders::{
    Fill, Happening, Liquidity, Order, OrderEvent, execution_id, order_type_word, side_word,
    time_in_force_word,
};

use super::json::Number;

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

/// Days since 1970-01-01 as a date of the Gregorian calendar; years begin in March here, so that
/// the leap day is their last (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Smallest units of an asset as a decimal; an asset that is not known counts in units.
pub fn money(catalog: &Catalog, asset: AssetId, units: i128) -> Number {
    let decimals = catalog.asset(asset).map_or(0, |asset| asset.decimals);
    Decimal::new(units, decimals).into()
}

/// Decimals of an average beyond those of the price step; the rest is rounded half away from 0.
const AVERAGE_DECIMALS: u8 = 8;

/// Mean price of fills that sum to `notional` (price steps x quantity steps) and `filled`
/// quantity steps. None: nothing was filled, or the price step is absurdly large.
fn average_price(instrument: &Instrument, notional: i128, filled: u64) -> Option<Number> {
    let filled = i128::from(filled);
    if filled == 0 {
        return None;
    }
    let unit = 10i128.pow(u32::from(AVERAGE_DECIMALS));
    let (whole, rest) = (notional / filled, notional % filled);
    let fraction = (2 * rest * unit + filled) / (2 * filled);
    let steps = whole.checked_mul(unit)?.checked_add(fraction)?;
    let step = instrument.price_step;
    let scale = step.scale + AVERAGE_DECIMALS;
    Decimal::new(i128::from(step.mantissa), scale).times(steps).map(Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use orison_core::instrument::{Status, Step};
    use orison_core::{InstrumentId, Symbol};

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

    #[test]
    fn an_average_is_rounded_eight_decimals_beyond_the_step() {
        let instrument = Instrument {
            symbol: Symbol::new("X").unwrap(),
            id: InstrumentId(1),
            base: AssetId(1),
            quote: AssetId(2),
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step: Step { mantissa: 5, scale: 1 },
            quantity_step: Step::ONE,
        };
        for (notional, filled, average) in [
            (0, 0, None),
            (300, 3, Some("50")),
            (100, 3, Some("16.666666665")),
            (200, 3, Some("33.333333335")),
            (i128::from(i64::MAX) * i128::from(u64::MAX), u64::MAX, Some("4611686018427387903.5")),
        ] {
            let shown = average_price(&instrument, notional, filled).map(|n| n.0.to_string());
            assert_eq!(shown.as_deref(), average, "{notional} / {filled}");
        }
    }
}
