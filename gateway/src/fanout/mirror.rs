//! A copy of one visible book, moved on by deltas in the order of commands, so that every
//! message shows the book exactly as it was after its command. Copied once from the views.

use std::collections::BTreeMap;

use engine::projection::{BookView, LevelChange};
use orison_core::{Price, Quantity, Side, Stamp};

#[derive(Default)]
pub(crate) struct Mirror {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    /// The command that last changed it; default: none did.
    pub(crate) at: Stamp,
}

impl Mirror {
    pub(crate) fn of(book: Option<&BookView>) -> Self {
        let Some(book) = book else { return Self::default() };
        Self {
            bids: book.levels(Side::Buy).collect(),
            asks: book.levels(Side::Sell).collect(),
            at: book.changed_at(),
        }
    }

    pub(crate) fn apply(&mut self, at: Stamp, changes: &[LevelChange]) {
        for change in changes {
            let levels = match change.side {
                Side::Buy => &mut self.bids,
                Side::Sell => &mut self.asks,
            };
            if change.quantity.is_zero() {
                levels.remove(&change.price);
            } else {
                levels.insert(change.price, change.quantity);
            }
        }
        self.at = at;
    }

    /// Best price first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Quantity)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.iter())),
        };
        let levels = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        levels.map(|(&price, &quantity)| (price, quantity))
    }

    pub(crate) fn len(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.bids.len(),
            Side::Sell => self.asks.len(),
        }
    }
}

/// Deltas of several commands as one: the latest quantity of each level, zeros kept.
#[derive(Default)]
pub(crate) struct Merged {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    /// What the first of them followed.
    pub(crate) previous_sequence: u64,
    /// The last of them.
    pub(crate) at: Stamp,
}

impl Merged {
    pub(crate) fn add(&mut self, at: Stamp, previous_sequence: u64, changes: &[LevelChange]) {
        if self.is_empty() {
            self.previous_sequence = previous_sequence;
        }
        for change in changes {
            let levels = match change.side {
                Side::Buy => &mut self.bids,
                Side::Sell => &mut self.asks,
            };
            levels.insert(change.price, change.quantity);
        }
        self.at = at;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// Best price first; zero = gone.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Quantity)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.iter())),
        };
        let levels = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        levels.map(|(&price, &quantity)| (price, quantity))
    }
}

#[cfg(test)]
mod tests {
    use orison_core::Sequence;

    use super::*;

    fn at(sequence: u64) -> Stamp {
        Stamp { sequence: Sequence(sequence), time_ns: sequence * 1_000_000 }
    }

    fn change(side: Side, price: i64, quantity: u64) -> LevelChange {
        LevelChange { side, price: Price(price), quantity: Quantity(quantity) }
    }

    fn shown(levels: impl Iterator<Item = (Price, Quantity)>) -> Vec<(i64, u64)> {
        levels.map(|(price, quantity)| (price.0, quantity.0)).collect()
    }

    #[test]
    fn a_mirror_shows_the_book_after_each_command_best_first() {
        let mut mirror = Mirror::default();
        mirror.apply(at(1), &[change(Side::Buy, 100, 5), change(Side::Buy, 101, 6)]);
        mirror.apply(at(2), &[change(Side::Sell, 103, 1), change(Side::Sell, 102, 2)]);
        mirror.apply(at(5), &[change(Side::Buy, 101, 0), change(Side::Sell, 103, 9)]);
        assert_eq!(shown(mirror.levels(Side::Buy)), [(100, 5)]);
        assert_eq!(shown(mirror.levels(Side::Sell)), [(102, 2), (103, 9)]);
        assert_eq!(mirror.at, at(5));
        assert_eq!((mirror.len(Side::Buy), mirror.len(Side::Sell)), (1, 2));
    }

    #[test]
    fn merged_deltas_keep_the_latest_of_each_level_and_the_outer_sequences() {
        let mut merged = Merged::default();
        assert!(merged.is_empty());
        merged.add(at(7), 4, &[change(Side::Buy, 100, 5), change(Side::Sell, 110, 1)]);
        merged.add(at(8), 7, &[change(Side::Buy, 100, 0), change(Side::Buy, 99, 2)]);
        merged.add(at(9), 8, &[change(Side::Sell, 110, 3), change(Side::Sell, 109, 1)]);
        assert_eq!((merged.previous_sequence, merged.at), (4, at(9)));
        assert_eq!(shown(merged.levels(Side::Buy)), [(100, 0), (99, 2)]);
        assert_eq!(shown(merged.levels(Side::Sell)), [(109, 1), (110, 3)]);
        assert_eq!(merged.len(), 4);
    }

    #[test]
    fn a_book_moved_by_merged_deltas_is_the_book_moved_by_each() {
        let changes = [
            vec![change(Side::Buy, 100, 5), change(Side::Sell, 110, 1)],
            vec![change(Side::Buy, 100, 0)],
            vec![change(Side::Buy, 100, 7), change(Side::Sell, 110, 0)],
        ];
        let (mut each, mut merged, mut once) =
            (Mirror::default(), Merged::default(), Mirror::default());
        for (sequence, changes) in (1..).zip(&changes) {
            each.apply(at(sequence), changes);
            merged.add(at(sequence), sequence - 1, changes);
        }
        let mut levels = Vec::new();
        for side in Side::BOTH {
            levels.extend(merged.levels(side).map(|(price, quantity)| LevelChange {
                side,
                price,
                quantity,
            }));
        }
        once.apply(merged.at, &levels);
        for side in Side::BOTH {
            assert_eq!(shown(once.levels(side)), shown(each.levels(side)));
        }
    }
}
