//! Money, positions and the state of markets, told anew from the first event on.

use std::collections::BTreeMap;

use orison_core::event::{Balance, Funding, Money};
use orison_core::instrument::Status;
use orison_core::types::AssetId;
use orison_core::{AccountId, Event, Exchange, InstrumentId, Side};

use super::Judge;
use crate::projection::*;

/// One side of a trade: positive quantities and prices.
#[derive(Clone, Copy)]
struct Fill {
    side: Side,
    quantity: i128,
    /// Of one quantity step, in units of the quote asset.
    price: i128,
}

/// Prices and quantities of the streams are whole, assets have 8 decimals.
const UNITS: i128 = 100_000_000;

impl Judge {
    pub(super) fn check_money(&self, exchange: &Exchange, views: &Views) {
        let has_any = |of: &Balance| of.free != Money::ZERO || of.locked != Money::ZERO;
        let shown: Vec<_> = views.balances.all().filter(has_any).collect();
        let expected: Vec<_> = exchange.balances().filter(has_any).collect();
        assert_eq!(shown, expected);
        for account in (1..=8).map(AccountId) {
            let settings = views.catalog.settings(account).copied();
            let told = exchange.settings(account);
            match settings {
                Some(_) => assert_eq!(settings, told),
                None => assert!(told.is_none_or(|of| of.funding == Funding::Unfunded)),
            }
        }
        self.check_fees(exchange, &views.balances);
        self.check_positions(&views.positions);
    }

    fn check_fees(&self, exchange: &Exchange, balances: &Balances) {
        let mut fees: BTreeMap<AssetId, i128> = BTreeMap::new();
        for (_, _, event) in &self.log {
            if let Event::Trade(trade) = event {
                let quote = exchange.instruments()[usize::from(trade.instrument.0) - 1].quote;
                *fees.entry(quote).or_default() +=
                    trade.maker_fee.units() + trade.taker_fee.units();
            }
        }
        assert!(balances.fees().eq(fees));
    }

    fn check_positions(&self, positions: &Positions) {
        let mut fills: BTreeMap<(AccountId, InstrumentId), Vec<Fill>> = BTreeMap::new();
        for (_, _, event) in &self.log {
            let Event::Trade(trade) = event else { continue };
            let maker = (trade.maker_account, trade.taker_side.opposite());
            for (account, side) in [maker, (trade.taker_account, trade.taker_side)] {
                let quantity = i128::from(trade.quantity.0);
                let price = i128::from(trade.price.0) * UNITS;
                let fill = Fill { side, quantity, price };
                fills.entry((account, trade.instrument)).or_default().push(fill);
            }
        }
        let expected = fills.iter().map(|(&(account, instrument), fills)| {
            let (quantity, cost, realised) = held(fills);
            let average_cost = match quantity.abs() {
                0 => 0,
                held => (2 * cost + held) / (2 * held),
            };
            let paid: i128 = fills.iter().map(|of| signed(of) * of.price).sum();
            assert_eq!(realised, quantity.signum() * cost - paid, "what came less what went");
            Position { account, instrument, quantity, cost, average_cost, realised }
        });
        assert_eq!(positions.all().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    pub(super) fn check_markets(&self, exchange: &Exchange, views: &Views) {
        let fresh = self.log.iter().filter(|(stamp, _, _)| *stamp == self.now);
        let fresh = fresh.filter_map(|(_, _, event)| match event {
            Event::Status(changed) => Some(MarketNews::Status(*changed)),
            Event::Auction(auction) => Some(MarketNews::Auction(*auction)),
            _ => None,
        });
        assert_eq!(views.markets.fresh(), fresh.collect::<Vec<_>>());
        for instrument in exchange.instruments() {
            let market = views.markets.market(instrument.id).unwrap();
            assert_eq!(market.status, instrument.status);
            let said = self.log.iter().rev().find_map(|(stamp, _, event)| match event {
                Event::Status(of) if of.instrument == instrument.id => Some((*stamp, of.cause)),
                _ => None,
            });
            if let Some((since, cause)) = said {
                assert_eq!((market.since, market.cause), (since, cause));
            }
            let indicative = self.log.iter().rev().find_map(|(stamp, _, event)| match event {
                Event::Auction(of) if of.instrument == instrument.id => {
                    Some(Indicative { stamp: *stamp, auction: *of })
                }
                _ => None,
            });
            let indicative = indicative.filter(|of| {
                instrument.status == Status::Auction && of.stamp.sequence > market.since.sequence
            });
            assert_eq!(market.indicative, indicative);
        }
    }
}

fn signed(fill: &Fill) -> i128 {
    match fill.side {
        Side::Buy => fill.quantity,
        Side::Sell => -fill.quantity,
    }
}

/// Quantity, cost and profit, step by step of one quantity step at a time would round otherwise:
/// a fill closes first, then opens.
fn held(fills: &[Fill]) -> (i128, i128, i128) {
    let (mut quantity, mut cost, mut realised) = (0i128, 0i128, 0i128);
    for fill in fills {
        let signed = signed(fill);
        let closes = if quantity * signed < 0 { fill.quantity.min(quantity.abs()) } else { 0 };
        if closes > 0 {
            let held = quantity.abs();
            let leaves = (2 * cost * closes + held) / (2 * held);
            realised += quantity.signum() * (fill.price * closes - leaves);
            cost -= leaves;
        }
        cost += fill.price * (fill.quantity - closes);
        quantity += signed;
    }
    (quantity, cost, realised)
}
