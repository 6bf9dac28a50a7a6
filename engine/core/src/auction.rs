//! At which price an auction trades, by a ladder of rules: most volume, least surplus, the side of
//! the surplus, the reference price. A pure function of the levels collected, linear in them: both
//! sides are walked once, from the highest price down. It knows no order, queue or status.

use crate::types::{Price, Quantity, Side};

/// What an auction has collected. Quantities are full ones, hidden parts included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Best first: falling prices.
    pub(crate) bids: &'a [(Price, Quantity)],
    /// Best first: rising prices.
    pub(crate) asks: &'a [(Price, Quantity)],
    pub(crate) market_buy: Quantity,
    pub(crate) market_sell: Quantity,
    /// The last trade price, else the configured one.
    pub(crate) reference: Option<Price>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cross {
    pub(crate) price: Price,
    /// Never zero.
    pub(crate) volume: Quantity,
    /// Demand minus supply at the price, without its sign.
    pub(crate) surplus: Quantity,
    /// None: no surplus.
    pub(crate) surplus_side: Option<Side>,
}

/// What one price would do. The sum of a side may be larger than any quantity that trades.
#[derive(Clone, Copy, Debug)]
struct Balance {
    demand: u128,
    supply: u128,
}

impl Balance {
    fn volume(self) -> u128 {
        self.demand.min(self.supply)
    }

    fn surplus(self) -> u128 {
        self.demand.abs_diff(self.supply)
    }

    fn surplus_side(self) -> Option<Side> {
        match self.demand.cmp(&self.supply) {
            core::cmp::Ordering::Greater => Some(Side::Buy),
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Less => Some(Side::Sell),
        }
    }
}

/// The prices that no rule has ruled out yet; they are neighbours.
#[derive(Clone, Copy, Debug)]
struct Best {
    volume: u128,
    surplus: u128,
    highest: Price,
    lowest: Price,
    highest_side: Option<Side>,
    lowest_side: Option<Side>,
}

/// None: nothing would trade.
pub(crate) fn cross(call: &Call<'_>) -> Option<Cross> {
    let price = match best(call) {
        Some(best) => best.price(call.reference),
        None => call.reference?,
    };
    let balance = call.balance(price);
    let quantity = |sum: u128| u64::try_from(sum).ok().map(Quantity);
    let volume = quantity(balance.volume()).expect("a side's quantities sum to 64 bits");
    let surplus = quantity(balance.surplus()).expect("a side's quantities sum to 64 bits");
    let surplus_side = balance.surplus_side();
    (!volume.is_zero()).then_some(Cross { price, volume, surplus, surplus_side })
}

/// Most volume, then least surplus, over every limit price. None: there is no limit price.
fn best(call: &Call<'_>) -> Option<Best> {
    let (mut bids, mut asks) = (call.bids, call.asks);
    let mut demand = u128::from(call.market_buy.0);
    let mut supply = sum(call.market_sell, asks);
    let mut best: Option<Best> = None;
    loop {
        let price = match (bids.first(), asks.last()) {
            (Some(&(bid, _)), Some(&(ask, _))) => bid.max(ask),
            (Some(&(price, _)), None) | (None, Some(&(price, _))) => price,
            (None, None) => return best,
        };
        while let Some((&(bid, quantity), rest)) = bids.split_first()
            && bid == price
        {
            demand += u128::from(quantity.0);
            bids = rest;
        }
        Best::meet(&mut best, price, Balance { demand, supply });
        while let Some((&(ask, quantity), rest)) = asks.split_last()
            && ask == price
        {
            supply -= u128::from(quantity.0);
            asks = rest;
        }
    }
}

fn sum(market: Quantity, levels: &[(Price, Quantity)]) -> u128 {
    levels.iter().fold(u128::from(market.0), |sum, (_, level)| sum + u128::from(level.0))
}

impl Call<'_> {
    /// At any price, also one between the limits.
    fn balance(&self, price: Price) -> Balance {
        let bids = self.bids.partition_point(|&(bid, _)| bid >= price);
        let asks = self.asks.partition_point(|&(ask, _)| ask <= price);
        Balance {
            demand: sum(self.market_buy, &self.bids[..bids]),
            supply: sum(self.market_sell, &self.asks[..asks]),
        }
    }
}

impl Best {
    /// Prices come from the highest down.
    fn meet(best: &mut Option<Self>, price: Price, balance: Balance) {
        let (volume, surplus, side) = (balance.volume(), balance.surplus(), balance.surplus_side());
        match best {
            Some(best) if (best.volume, best.surplus) == (volume, surplus) => {
                best.lowest = price;
                best.lowest_side = side;
            }
            Some(best)
                if best.volume > volume || best.volume == volume && best.surplus < surplus => {}
            Some(_) | None => {
                *best = Some(Self {
                    volume,
                    surplus,
                    highest: price,
                    lowest: price,
                    highest_side: side,
                    lowest_side: side,
                });
            }
        }
    }

    /// Towards higher prices demand only falls and supply only grows: with a surplus of one side
    /// at both ends, it is of that side everywhere between.
    fn price(&self, reference: Option<Price>) -> Price {
        match (self.lowest_side, self.highest_side) {
            (Some(Side::Buy), Some(Side::Buy)) => self.highest,
            (Some(Side::Sell), Some(Side::Sell)) => self.lowest,
            (Some(Side::Buy | Side::Sell) | None, Some(Side::Buy | Side::Sell) | None) => {
                reference.map_or(self.lowest, |price| price.clamp(self.lowest, self.highest))
            }
        }
    }
}

#[cfg(test)]
mod tests;
