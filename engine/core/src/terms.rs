//! What an order carries that matching does not touch: a second record per slot, beside the arena
//! of the book, and the arithmetic of its fees.

use crate::book::Half;
use crate::command::{OrderFields, OrderType, SelfTrade, TimeInForce};
use crate::instrument::FEE_PPM_MAX;
use crate::types::Price;

/// What a live order is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum State {
    /// It rests in the book, or trades right now.
    Working = 0,
    /// It waits among the stops for a price.
    Waiting = 1,
    /// It waits among the trailing stops.
    Trailing = 2,
    /// Its parent is not filled yet.
    Parked = 3,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Counts up each time an order of the exchange takes a place at the back of a queue.
    pub(crate) ticket: u64,
    /// Open quantity that the book does not show.
    pub(crate) hidden: u64,
    /// Its limit; 0: it has none.
    pub(crate) price: Price,
    pub(crate) fees: Fees,
    /// Entry of its client order id; `END`: it has none.
    pub(crate) client: u32,
    /// What its account has done in its instrument.
    pub(crate) holding: u32,
    /// Entry of its conditions; `NONE`: it has none.
    pub(crate) conditions: u32,
    /// Where it would rest.
    pub(crate) half: Half,
    pub(crate) leg: u16,
    pub(crate) fields: OrderFields,
    pub(crate) order_type: OrderType,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) self_trade: SelfTrade,
    pub(crate) state: State,
}

const _: () = assert!(size_of::<Terms>() <= 96, "cold memory of a resting order");

/// Rates as they were when the order was entered, and how far its fees so far are rounded up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fees {
    pub(crate) maker_ppm: i32,
    pub(crate) taker_ppm: i32,
    /// Parts per million of a unit paid beyond what was due: 0..1,000,000.
    pub(crate) carry: u32,
}

pub(crate) const PPM: i128 = 1_000_000;
/// A larger budget could not be reckoned with.
pub(crate) const BUDGET_MAX: i128 = i128::MAX / (2 * PPM);
/// The largest factor of a fee: a notional that fits with it fits with every rate that may come.
pub(crate) const FACTOR_PPM_MAX: i128 = PPM + FEE_PPM_MAX as i128;

impl Fees {
    /// The rate that the worst fill would have.
    #[inline]
    pub(crate) fn worst_ppm(&self) -> i128 {
        i128::from(self.maker_ppm.max(self.taker_ppm).max(0))
    }

    /// What so much notional may still cost in fees.
    pub(crate) fn worst(&self, notional: i128) -> i128 {
        let due = notional * self.worst_ppm() - i128::from(self.carry);
        (-(-due).div_euclid(PPM)).max(0)
    }

    /// The most notional that a budget pays for, fees of a taker included.
    pub(crate) fn affordable(&self, budget: i128, rate_ppm: i32) -> i128 {
        (budget * PPM + i128::from(self.carry)) / (PPM + i128::from(rate_ppm))
    }

    /// The fee of one more fill, so that all fees of the order sum to the rounded-up fee of its
    /// whole notional; a negative one, a rebate, is thereby rounded down.
    #[inline]
    pub(crate) fn charge(&mut self, notional: i128, rate_ppm: i32) -> i128 {
        if rate_ppm == 0 {
            return 0;
        }
        let due = notional * i128::from(rate_ppm) - i128::from(self.carry);
        // A 64-bit division takes a tenth of the time of a 128-bit one.
        let fee = match i64::try_from(-due) {
            Ok(owed) => -i128::from(owed.div_euclid(PPM as i64)),
            Err(_) => -(-due).div_euclid(PPM),
        };
        self.carry = (fee * PPM - due) as u32;
        fee
    }
}

crate::stored_words! {
    State { Working, Waiting, Trailing, Parked }
}
crate::stored! {
    Terms {
        ticket, hidden, price, fees, client, holding, conditions, half, leg, fields, order_type,
        time_in_force, self_trade, state,
    }
    Fees { maker_ppm, taker_ppm, carry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_of_an_order_sum_to_the_rounded_up_fee_of_its_notional() {
        for rate in [1, 3, 333, 500, 99_999, -1, -7, -250, 100_000, -100_000] {
            for notionals in [&[1i128, 1, 1][..], &[7, 999_999, 13], &[1 << 100, 3, 1 << 90]] {
                let mut fees = Fees { maker_ppm: rate, taker_ppm: rate, carry: 0 };
                let (mut total, mut paid) = (0, 0);
                for &notional in notionals {
                    total += notional;
                    paid += fees.charge(notional, rate);
                    let due = total * i128::from(rate);
                    let up = due.div_euclid(PPM) + i128::from(due.rem_euclid(PPM) != 0);
                    assert_eq!(paid, up, "{notionals:?} at {rate} ppm");
                }
            }
        }
    }
}
