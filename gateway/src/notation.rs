//! How values are written on every wire, whether a serializer or the fan-out writes them: the
//! words of orders, dates, mean prices. Values come in, words and numbers go out; no message and
//! no JSON is known here.

use orison_core::command::{Link, OrderType, SelfTrade, TimeInForce};
use orison_core::{Decimal, Instrument, Quantity, Side};

pub(crate) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

pub(crate) fn order_type_word(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Limit => "Limit",
        OrderType::Market => "Market",
        OrderType::Stop => "Stop",
        OrderType::StopLimit => "StopLimit",
        OrderType::TrailingStop => "TrailingStop",
    }
}

pub(crate) fn time_in_force_word(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
        TimeInForce::Day => "DAY",
        TimeInForce::Gtd => "GTD",
    }
}

/// Whether it waits for its trigger.
pub(crate) fn is_stop(order_type: OrderType) -> bool {
    match order_type {
        OrderType::Limit | OrderType::Market => false,
        OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop => true,
    }
}

pub(crate) fn link_word(link: Link) -> &'static str {
    match link {
        Link::Oco => "OCO",
        Link::Oto => "OTO",
    }
}

pub(crate) fn self_trade_word(self_trade: SelfTrade) -> &'static str {
    match self_trade {
        SelfTrade::AccountDefault => "AccountDefault",
        SelfTrade::None => "None",
        SelfTrade::CancelTaker => "CancelTaker",
        SelfTrade::CancelMaker => "CancelMaker",
        SelfTrade::CancelBoth => "CancelBoth",
        SelfTrade::Decrement => "Decrement",
    }
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar; years begin in March
/// here, so that the leap day is their last (Howard Hinnant, `civil_from_days`).
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
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

/// Decimals of an average beyond those of the price step; the rest is rounded half away from 0.
const AVERAGE_DECIMALS: u8 = 8;

/// Mean price of fills that sum to `notional` (price steps x quantity steps). None: nothing was
/// filled, or the price step is absurdly large.
pub(crate) fn average_price(
    instrument: &Instrument,
    notional: i128,
    filled: Quantity,
) -> Option<Decimal> {
    if filled.is_zero() {
        return None;
    }
    let filled = i128::from(filled.0);
    let unit = 10i128.pow(u32::from(AVERAGE_DECIMALS));
    let (whole, rest) = (notional / filled, notional % filled);
    let fraction = (2 * rest * unit + filled) / (2 * filled);
    let steps = whole.checked_mul(unit)?.checked_add(fraction)?;
    let step = instrument.price_step;
    let scale = step.scale + AVERAGE_DECIMALS;
    Decimal::new(i128::from(step.mantissa), scale).times(steps)
}

/// Decimals of a ratio.
pub(crate) const RATIO_DECIMALS: u8 = 12;
pub(crate) const RATIO_WHOLE: i128 = 10i128.pow(RATIO_DECIMALS as u32);

/// The share of prayers that are up, in parts of `RATIO_WHOLE`; a half without any. The rest is
/// the share of the others, so that both sum to 1.
pub(crate) fn up_ratio(up: u64, down: u64) -> i128 {
    let (up, all) = (i128::from(up), i128::from(up) + i128::from(down));
    if all == 0 { RATIO_WHOLE / 2 } else { up * RATIO_WHOLE / all }
}

#[cfg(test)]
mod tests {
    use orison_core::instrument::{Status, Step};
    use orison_core::types::AssetId;
    use orison_core::{InstrumentId, Symbol};

    use super::*;

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
            let shown = average_price(&instrument, notional, Quantity(filled));
            let shown = shown.map(|decimal| decimal.to_string());
            assert_eq!(shown.as_deref(), average, "{notional} / {filled}");
        }
    }
}
