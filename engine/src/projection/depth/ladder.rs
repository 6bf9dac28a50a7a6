//! One side's levels, best first. Keys are prices turned so that the best is the smallest.

use std::collections::BTreeMap;

use orison_core::{Price, Quantity, Side};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key(i64);

impl Key {
    pub(super) fn of(side: Side, price: Price) -> Self {
        match side {
            Side::Buy => Self(-price.0),
            Side::Sell => Self(price.0),
        }
    }

    pub(super) fn price(self, side: Side) -> Price {
        match side {
            Side::Buy => Price(-self.0),
            Side::Sell => Price(self.0),
        }
    }
}

#[derive(Default)]
pub(super) struct Ladder {
    levels: BTreeMap<Key, Quantity>,
}

impl Ladder {
    /// What the level had before. Zero: there was or will be none.
    pub(super) fn set(&mut self, key: Key, quantity: Quantity) -> Quantity {
        let before = if quantity.is_zero() {
            self.levels.remove(&key)
        } else {
            self.levels.insert(key, quantity)
        };
        before.unwrap_or(Quantity::ZERO)
    }

    pub(super) fn get(&self, key: Key) -> Quantity {
        self.levels.get(&key).copied().unwrap_or(Quantity::ZERO)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Quantity)> + '_ {
        self.levels.iter().map(|(&key, &quantity)| (key, quantity))
    }
}

orison_core::stored_newtypes!(Key);
orison_core::stored! {
    Ladder { levels }
}
