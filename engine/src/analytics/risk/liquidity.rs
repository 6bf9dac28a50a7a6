//! What leaving a position takes: what the visible book would take at once, and how long the rest
//! lasts at a tenth of the recent volume.

use orison_core::{InstrumentId, Side};

use super::super::number::share;
use super::super::portfolio::Holding;
use crate::Views;
use crate::projection::Interval;

/// Share of the volume that one seller or buyer can be.
pub const PARTICIPATION: f64 = 0.1;
/// Over which volume is counted: minutes that began in the last hour.
pub const RECENT_NS: u64 = 3_600_000_000_000;

/// Quantities are steps of the instrument.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Liquidity {
    pub instrument: InstrumentId,
    /// To be sold, or bought back.
    pub quantity: u128,
    /// Of it, what the other side of the visible book would take now.
    pub at_once: u128,
    pub at_once_share: Option<f64>,
    /// What that would bring less than the market value, in units of the quote asset; negative:
    /// more.
    pub slippage: i128,
    /// Traded by everybody in the last hour.
    pub recent_volume: u128,
    /// For what is left, at a tenth of the recent volume. None: nothing traded.
    pub unwind_seconds: Option<f64>,
}

impl Liquidity {
    pub(super) fn of(views: &Views, holding: &Holding) -> Self {
        let instrument = holding.position.instrument;
        let quantity = holding.position.quantity.unsigned_abs();
        let is_long = holding.position.quantity > 0;
        let side = if is_long { Side::Buy } else { Side::Sell };
        let (at_once, slippage) = walk(views, holding, side);
        let recent_volume = recent_volume(views, instrument);
        let rest = quantity - at_once;
        let rate = recent_volume as f64 * PARTICIPATION / (RECENT_NS / 1_000_000_000) as f64;
        let unwind_seconds = match (rest, recent_volume) {
            (0, _) => Some(0.0),
            (_, 0) => None,
            (rest, _) => Some(rest as f64 / rate),
        };
        let whole = i128::try_from(quantity).unwrap_or(i128::MAX);
        let at_once_share = share(i128::try_from(at_once).unwrap_or(i128::MAX), whole);
        Self {
            instrument,
            quantity,
            at_once,
            at_once_share,
            slippage,
            recent_volume,
            unwind_seconds,
        }
    }
}

/// What the levels of that side take, and what is lost against the mark.
fn walk(views: &Views, holding: &Holding, side: Side) -> (u128, i128) {
    let instrument = holding.position.instrument;
    let worth = views.catalog.instrument(instrument);
    let worth = worth.and_then(|instrument| views.catalog.worth(instrument));
    let parts = views.depth.book(instrument).zip(worth).zip(holding.mark);
    let Some(((book, worth), mark)) = parts else { return (0, 0) };
    let mut rest = holding.position.quantity.unsigned_abs();
    let (mut taken, mut slippage) = (0u128, 0i128);
    for (price, quantity) in book.levels(side) {
        if rest == 0 {
            break;
        }
        let part = rest.min(u128::from(quantity.0));
        let signed = part as i128 * holding.position.quantity.signum();
        let lost = worth.market(mark.price, signed).saturating_sub(worth.market(price, signed));
        slippage = slippage.saturating_add(lost);
        taken += part;
        rest -= part;
    }
    (taken, slippage)
}

fn recent_volume(views: &Views, instrument: InstrumentId) -> u128 {
    let from_ns = views.at().time_ns.saturating_sub(RECENT_NS);
    let minutes = views.candles.of(instrument, Interval::M1).rev();
    minutes
        .take_while(|minute| minute.open_time_ns >= from_ns)
        .fold(0, |sum: u128, minute| sum.saturating_add(minute.volume))
}
