//! The closed lists of words, each beside what it means; read in both directions.

use orison_core::Side;
use orison_core::command::{OrderType, Prayer, SelfTrade, TimeInForce};
use orison_core::instrument::Status;

pub(crate) type Words<T> = [(&'static str, T)];

pub(crate) const SIDES: &Words<Side> = &[("buy", Side::Buy), ("sell", Side::Sell)];

pub(crate) const ORDER_TYPES: &Words<OrderType> = &[
    ("limit", OrderType::Limit),
    ("market", OrderType::Market),
    ("stop", OrderType::Stop),
    ("stop_limit", OrderType::StopLimit),
    ("trailing_stop", OrderType::TrailingStop),
];

pub(crate) const TIMES_IN_FORCE: &Words<TimeInForce> = &[
    ("gtc", TimeInForce::Gtc),
    ("ioc", TimeInForce::Ioc),
    ("fok", TimeInForce::Fok),
    ("day", TimeInForce::Day),
    ("gtd", TimeInForce::Gtd),
];

/// The account's default has no word: it is what holds when nothing is said.
pub(crate) const SELF_TRADES: &Words<SelfTrade> = &[
    ("none", SelfTrade::None),
    ("cancel_taker", SelfTrade::CancelTaker),
    ("cancel_maker", SelfTrade::CancelMaker),
    ("cancel_both", SelfTrade::CancelBoth),
    ("decrement", SelfTrade::Decrement),
];

pub(crate) const STATUSES: &Words<Status> = &[
    ("open", Status::Open),
    ("halted", Status::Halted),
    ("auction", Status::Auction),
    ("closed", Status::Closed),
];

pub(crate) const PRAYERS: &Words<Prayer> = &[("up", Prayer::Up), ("down", Prayer::Down)];

/// None: the value has no word.
pub(crate) fn word_of<T: PartialEq>(words: &Words<T>, value: T) -> Option<&'static str> {
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_one_thing_and_is_its_word() {
        for &(word, status) in STATUSES {
            assert_eq!(status.word(), word);
        }
        for words in [TIMES_IN_FORCE.len(), ORDER_TYPES.len(), SELF_TRADES.len()] {
            assert_eq!(words, 5);
        }
        assert_eq!(word_of(SELF_TRADES, SelfTrade::AccountDefault), None);
        assert_eq!(word_of(SIDES, Side::Sell), Some("sell"));
    }
}
