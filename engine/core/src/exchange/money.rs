//! What live orders lock, what fills pay, and what accounts may still do: funds of funded ones
//! and exposure of those with a position limit. An order's lock is never stored: it follows from
//! the order, so that what is released is always what was taken.

use super::Exchange;
use crate::accounts::Settings;
use crate::command::{AccountFields, OrderFields, OrderType};
use crate::conditions::Role;
use crate::decimal::Decimal;
use crate::event::{Balance, Event, Funding, Money, Sink};
use crate::reason::Reason;
use crate::terms::{Fees, State};
use crate::types::{AccountId, InstrumentId, Price, Quantity, Side};

/// What an order and its sibling hold of their account: money, and what each side could trade.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Held {
    quote: i128,
    base: i128,
    open: [u64; 2],
}

impl Held {
    fn larger(self, other: Self) -> Self {
        Self {
            quote: self.quote.max(other.quote),
            base: self.base.max(other.base),
            open: [self.open[0].max(other.open[0]), self.open[1].max(other.open[1])],
        }
    }
}

/// What an order asks for before it is one, or as an amend would have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) fees: Fees,
    /// 0: it has no limit.
    pub(super) price: Price,
    /// Zero: only a budget.
    pub(super) open: Quantity,
    pub(super) budget: Option<i128>,
}

impl Exchange {
    /// Of accounts that are not watched: nothing.
    #[inline]
    pub(crate) fn held(&self, slot: u32) -> Held {
        if !self.accounts.known(self.owner(slot)).is_watched {
            return Held::default();
        }
        let own = self.held_alone(slot);
        match self.partner_of(slot) {
            Some(sibling) if self.role_of(slot) == Role::Leg => {
                own.larger(self.held_alone(sibling))
            }
            Some(_) | None => own,
        }
    }

    pub(super) fn held_alone(&self, slot: u32) -> Held {
        if !self.accounts.known(self.owner(slot)).is_watched {
            return Held::default();
        }
        let terms = &self.terms[slot as usize];
        let has_budget = terms.fields.has(OrderFields::BUDGET);
        let budget = has_budget.then(|| self.conditions.get(terms.conditions).budget);
        let held = self.wished(&Wish {
            account: self.owner(slot),
            instrument: terms.half.instrument(),
            side: terms.half.side(),
            fees: terms.fees,
            price: terms.price,
            open: self.wanted(slot),
            budget,
        });
        match terms.state {
            // It locks no money before it enters.
            State::Parked => Held { open: held.open, ..Held::default() },
            State::Working | State::Waiting | State::Trailing => held,
        }
    }

    /// Open quantity of an order that names one; of one that has only a budget, none.
    pub(super) fn wanted(&self, slot: u32) -> Quantity {
        let has_quantity = self.terms[slot as usize].fields.has(OrderFields::QUANTITY);
        if has_quantity { self.open(slot) } else { Quantity::ZERO }
    }

    /// Money that could not be counted is more than anybody has.
    fn wished(&self, wish: &Wish) -> Held {
        let worth = self.instruments.worth(wish.instrument);
        let mut held = Held::default();
        held.open[wish.side as usize] = wish.open.0;
        match (wish.side, wish.budget) {
            (Side::Buy, Some(budget)) => held.quote = budget,
            (Side::Buy, None) if wish.price.0 > 0 => {
                let notional = worth.money(wish.price, wish.open);
                held.quote = notional + wish.fees.worst(notional);
            }
            // An unfunded account's market order.
            (Side::Buy, None) => {}
            (Side::Sell, _) => held.base = worth.base(wish.open).unwrap_or(i128::MAX),
        }
        held
    }

    /// The group of an order now holds something else than before.
    pub(crate) fn rehold(&mut self, slot: u32, before: Held) {
        let account = self.owner(slot);
        if self.accounts.known(account).is_watched {
            let after = self.held(slot);
            self.move_holds(slot, before, after);
        }
    }

    pub(super) fn move_holds(&mut self, slot: u32, before: Held, after: Held) {
        let holding = self.holdings.get_mut(self.terms[slot as usize].holding);
        for side in [0, 1] {
            let open = holding.open[side] + u128::from(after.open[side]);
            holding.open[side] = open - u128::from(before.open[side]);
        }
        let (base, quote) = (holding.base, holding.quote);
        if self.accounts.known(self.owner(slot)).funding == Funding::Funded {
            self.ledger.hold(base, after.base - before.base);
            self.ledger.hold(quote, after.quote - before.quote);
        }
    }

    /// One side of a trade: position and, of a funded account, money.
    pub(crate) fn pay(
        &mut self,
        slot: u32,
        side: Side,
        (price, quantity): (Price, Quantity),
        money: i128,
        fee: i128,
    ) {
        let terms = &self.terms[slot as usize];
        let moved = self.instruments.worth(terms.half.instrument()).base(quantity);
        let holding = self.holdings.get_mut(terms.holding);
        holding.trade(side, quantity.0, price.notional(quantity), fee);
        let (base, quote) = (holding.base, holding.quote);
        if self.accounts.known(self.owner(slot)).funding == Funding::Funded {
            let moved = moved.unwrap_or(i128::MAX);
            let (base_units, quote_units) = match side {
                Side::Buy => (moved, -money - fee),
                Side::Sell => (-moved, money - fee),
            };
            self.ledger.add(base, base_units);
            self.ledger.add(quote, quote_units);
        }
    }

    /// Limits of the account's settings on one order; `orders`: how many it would be among.
    pub(super) fn judge_limits(
        &self,
        wish: &Wish,
        notional: Option<i128>,
        settings: &Settings,
    ) -> Result<(), Reason> {
        let instrument = self.instruments.get(wish.instrument).expect("it was looked up before");
        if settings.has(AccountFields::MAX_QUANTITY)
            && instrument.quantity_decimal(wish.open) > settings.max_quantity
        {
            return Err(Reason::OrderLimit);
        }
        if settings.has(AccountFields::MAX_NOTIONAL)
            && let Some(units) = notional
            && Decimal::new(units, self.quote_decimals(wish.instrument)) > settings.max_notional
        {
            return Err(Reason::OrderLimit);
        }
        Ok(())
    }

    fn quote_decimals(&self, id: InstrumentId) -> u8 {
        let instrument = self.instruments.get(id).expect("it was looked up before");
        self.instruments.assets()[usize::from(instrument.quote.0) - 1].decimals
    }

    /// Whether the position could grow beyond the limit if all of this side traded. `held`: what
    /// the order's group had open before an amend.
    pub(super) fn judge_position(&self, wish: &Wish, held: Held) -> Result<(), Reason> {
        let settings = self.accounts.settings(wish.account);
        if !settings.has(AccountFields::POSITION_LIMIT) {
            return Ok(());
        }
        let side = wish.side as usize;
        let holding = self.holdings.find(wish.account, wish.instrument);
        let (position, open) = holding.map_or((0, 0), |at| {
            let holding = self.holdings.get(at);
            (holding.position, holding.open[side])
        });
        let open = open - u128::from(held.open[side]) + u128::from(wish.open.0);
        let open = i128::try_from(open).unwrap_or(i128::MAX / 2);
        let reached = match wish.side {
            Side::Buy => position + open,
            Side::Sell => open - position,
        };
        let instrument = self.instruments.get(wish.instrument).expect("it was looked up before");
        let reached = instrument.quantity_step.to_decimal().times(reached);
        let is_within = reached.is_some_and(|reached| reached <= settings.position_limit);
        is_within.then_some(()).ok_or(Reason::PositionLimit)
    }

    /// Whether the account can lock what the order needs; `held`: what its group has locked.
    pub(super) fn judge_funds(&self, wish: &Wish, held: Held) -> Result<(), Reason> {
        let account = self.accounts.known(wish.account);
        if account.funding != Funding::Funded {
            return Ok(());
        }
        let instrument = self.instruments.get(wish.instrument).expect("it was looked up before");
        let needs = self.wished(wish);
        for (asset, needed, held) in
            [(instrument.base, needs.base, held.base), (instrument.quote, needs.quote, held.quote)]
        {
            let at = self.ledger.find(account.balances, asset);
            let free = at.map_or(0, |at| self.ledger.get(at).free);
            if needed > held && needed - held > free {
                return Err(Reason::InsufficientFunds);
            }
        }
        Ok(())
    }

    /// What an order's notional counts as for `max_notional`; None: it says nothing of money.
    pub(super) fn notional(
        &self,
        wish: &Wish,
        order_type: OrderType,
        stop_price: Price,
    ) -> Option<i128> {
        if wish.budget.is_some() {
            return wish.budget;
        }
        let other = crate::book::Half::of(wish.instrument, wish.side).opposite();
        let price = match order_type {
            OrderType::Limit | OrderType::StopLimit => wish.price,
            OrderType::Market if wish.price.0 > 0 => wish.price,
            // What stands ahead of every price in a call phase has none.
            OrderType::Market => self.book.best(other).filter(|&best| best != other.market())?,
            OrderType::Stop => stop_price,
            OrderType::TrailingStop => return None,
        };
        let worth = self.instruments.worth(wish.instrument);
        // Two orders at their best price may together be more than can be counted.
        let notional = price.notional(wish.open).checked_mul(worth.multiplier());
        Some(notional.unwrap_or(i128::MAX))
    }

    /// The end of a command: every balance that changed is told once.
    #[inline]
    pub(crate) fn settle<S: Sink>(&mut self, sink: &mut S) {
        if self.ledger.is_touched() {
            self.tell_balances(sink);
        }
    }

    fn tell_balances<S: Sink>(&mut self, sink: &mut S) {
        self.ledger.settle(|entry| {
            assert!(entry.free >= 0, "what is free of funded money is never negative");
            sink.event(&Event::Balance(Balance {
                account: entry.account,
                asset: entry.asset,
                free: Money::new(entry.free),
                locked: Money::new(entry.locked),
            }));
        });
    }
}
