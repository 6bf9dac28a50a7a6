//! What each account holds of each instrument it ever traded, from fills alone: quantity, what it
//! cost, and the profit that closing brought, by the average-cost method and without fees.
//! A trade of an account with itself is its maker's fill, then its taker's. There is one entry for
//! each account and instrument that ever traded: the core's `positions_max` bounds them.

mod ratio;

use orison_core::event::Trade;
use orison_core::{AccountId, Decimal, Instrument, InstrumentId, Price, Quantity, Side};

use super::dense::Dense;
use super::worth::Worth;
use ratio::rounded;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    pub account: AccountId,
    pub instrument: InstrumentId,
    /// Bought less sold, in quantity steps; negative: more was sold.
    pub quantity: i128,
    /// What the open quantity was bought, or sold, for; units of the quote asset, never negative.
    pub cost: i128,
    /// `cost` of one whole base asset, rounded half up to a unit of the quote asset; 0 when flat.
    pub average_cost: i128,
    /// Units of the quote asset.
    pub realised: i128,
}

impl Position {
    /// Of its instrument.
    pub fn quantity_decimal(&self, instrument: &Instrument) -> Decimal {
        let quantity = instrument.quantity_step.to_decimal().times(self.quantity);
        quantity.expect("a position within the limits of the engine fits 128 bits")
    }
}

pub struct Positions {
    worths: Dense<InstrumentId, Option<Worth>>,
    /// Of each account, by instrument.
    accounts: Dense<AccountId, Vec<Holding>>,
}

#[derive(Clone, Copy)]
struct Holding {
    instrument: InstrumentId,
    quantity: i128,
    cost: i128,
    realised: i128,
}

impl Positions {
    pub(super) fn new() -> Self {
        Self { worths: Dense::new(), accounts: Dense::new() }
    }

    pub(super) fn on_instrument(&mut self, instrument: InstrumentId, worth: Worth) {
        *self.worths.entry(instrument, || None) = Some(worth);
    }

    pub(super) fn on_trade(&mut self, trade: &Trade) {
        let worth = self.worths.get(trade.instrument).copied().flatten();
        let worth = worth.expect("an instrument is created before it trades");
        let fills = [
            (trade.maker_account, trade.taker_side.opposite()),
            (trade.taker_account, trade.taker_side),
        ];
        for (account, side) in fills {
            let holding = self.holding(account, trade.instrument);
            holding.fill(side, trade.price, trade.quantity, &worth);
        }
    }

    fn holding(&mut self, account: AccountId, instrument: InstrumentId) -> &mut Holding {
        let holdings = self.accounts.entry(account, Vec::new);
        let found = holdings.binary_search_by_key(&instrument, |holding| holding.instrument);
        let place = found.unwrap_or_else(|place| {
            // Most accounts trade one instrument.
            holdings.reserve_exact(1);
            holdings.insert(place, Holding { instrument, quantity: 0, cost: 0, realised: 0 });
            place
        });
        &mut holdings[place]
    }

    /// None: it has never traded.
    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> Option<Position> {
        self.of_account(account).find(|position| position.instrument == instrument)
    }

    /// Each instrument it ever traded, by number.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = Position> + '_ {
        let holdings = self.accounts.get(account).map_or(&[][..], Vec::as_slice);
        holdings.iter().map(move |holding| self.shown(account, holding))
    }

    /// By account, then instrument.
    pub fn all(&self) -> impl Iterator<Item = Position> + '_ {
        self.accounts.iter().flat_map(move |(account, holdings)| {
            holdings.iter().map(move |holding| self.shown(account, holding))
        })
    }

    fn shown(&self, account: AccountId, holding: &Holding) -> Position {
        let Holding { instrument, quantity, cost, realised } = *holding;
        let worth = self.worths.get(instrument).and_then(Option::as_ref);
        let worth = worth.expect("what was traded was created");
        let average_cost = if quantity == 0 { 0 } else { average(cost, quantity, worth) };
        Position { account, instrument, quantity, cost, average_cost, realised }
    }
}

/// At the end of 128 bits it stays there.
fn average(cost: i128, quantity: i128, worth: &Worth) -> i128 {
    let step = worth.quantity_step;
    let steps_an_asset = 10u128.pow(u32::from(step.scale));
    let held = quantity.unsigned_abs().saturating_mul(u128::from(step.mantissa));
    rounded(cost, steps_an_asset, held.min(i128::MAX.unsigned_abs()))
}

impl Holding {
    fn fill(&mut self, side: Side, price: Price, quantity: Quantity, worth: &Worth) {
        let direction = match side {
            Side::Buy => 1,
            Side::Sell => -1,
        };
        let held = Quantity(u64::try_from(self.quantity.unsigned_abs()).unwrap_or(u64::MAX));
        let closed =
            if self.quantity.signum() == -direction { quantity.min(held) } else { Quantity::ZERO };
        if !closed.is_zero() {
            let value = worth.quote(price, closed);
            let cost = rounded(self.cost, u128::from(closed.0), self.quantity.unsigned_abs());
            // What was held long is sold for its value; what was sold short is bought back.
            let profit = if direction < 0 { value - cost } else { cost - value };
            self.realised = self.realised.saturating_add(profit);
            self.cost -= cost;
        }
        let opened = quantity - closed;
        self.cost = self.cost.saturating_add(worth.quote(price, opened));
        self.quantity += direction * i128::from(quantity.0);
    }
}

orison_core::stored! {
    Holding { instrument, quantity, cost, realised }
    Positions { worths, accounts }
}
