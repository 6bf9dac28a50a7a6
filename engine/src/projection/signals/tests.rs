//! Claims about signals: features by hand, the order of guess and label, and the model.

use orison_core::{Price, Quantity};

use super::*;
use crate::projection::tests::feed::{ANN, Feed, SECOND, X, accepted, level};

fn quotes(bid: i64, bids: u64, ask: i64, asks: u64) -> Quotes {
    let of = |price, quantity| Some((Price(price), Quantity(quantity)));
    Quotes::of(of(bid, bids), of(ask, asks)).unwrap()
}

#[test]
fn order_flow_is_what_the_best_quotes_gained_on_the_bid_and_lost_on_the_ask() {
    let before = quotes(100, 10, 102, 20);
    for (after, imbalance) in [
        (before, 0.0),
        (quotes(100, 13, 102, 20), 3.0),
        (quotes(101, 5, 102, 20), 5.0),
        (quotes(99, 8, 102, 20), -10.0),
        (quotes(100, 10, 102, 26), -6.0),
        (quotes(100, 10, 101, 7), -7.0),
        (quotes(100, 10, 103, 4), 20.0),
        (quotes(101, 1, 103, 4), 21.0),
    ] {
        let mut flow = Flow::default();
        flow.moved(before, after);
        assert_eq!(flow.sample(after).order_flow_imbalance, imbalance, "{after:?}");
    }
}

#[test]
fn the_other_features_are_of_the_quotes_and_trades_of_a_sample() {
    let mut flow = Flow::default();
    flow.traded(Side::Buy, Quantity(9));
    flow.traded(Side::Sell, Quantity(3));
    let first = flow.sample(quotes(99, 30, 101, 10));
    // Microprice (99 x 10 + 101 x 30) / 40 = 100.5.
    let expected = Features {
        order_flow_imbalance: 0.0,
        microprice_deviation: 0.005,
        trade_imbalance: 0.5,
        volatility: 0.0,
        spread: 0.02,
    };
    assert_eq!(first, expected);
    let second = flow.sample(quotes(109, 10, 111, 10));
    let change = libm::log(1.1);
    assert_eq!(second.volatility, (0.06 * (change * change)).sqrt());
    assert_eq!((second.trade_imbalance, second.microprice_deviation), (0.0, 0.0));
    assert_eq!(Quotes::of(Some((Price(5), Quantity(1))), Some((Price(5), Quantity(1)))), None);
    assert_eq!(Quotes::of(None, Some((Price(5), Quantity(1)))), None);
}

/// A book of 99 to 101 from second 0 on.
fn begun() -> Feed {
    let mut feed = Feed::new();
    feed.command(&[accepted(ANN, 1, Side::Buy, 99, 10, 10)]);
    feed.command(&[accepted(ANN, 2, Side::Sell, 101, 10, 10)]);
    feed
}

#[test]
fn a_sample_is_taken_at_the_first_second_after_a_change_and_known_ten_seconds_later() {
    let mut feed = begun();
    let signal = |feed: &Feed| feed.views.signals.of(X);
    assert_eq!(signal(&feed), None);
    // What is stamped at the second is not part of it.
    feed.at(SECOND).command(&[level(Side::Buy, 100, 5)]);
    let first = signal(&feed).unwrap();
    assert_eq!((first.sampled_ns, first.features.spread), (SECOND, 0.02));
    assert_eq!((first.probability, first.word), (0.5, SignalWord::Hold));
    assert_eq!((first.learned, first.out_of_sample), (0, None));
    // Second 2 shows 100 to 101; nothing happens until 11, when the first label is known.
    feed.at(11 * SECOND - 1).command(&[level(Side::Buy, 100, 6)]);
    let second = signal(&feed).unwrap();
    assert_eq!((second.sampled_ns, second.learned), (2 * SECOND, 0));
    feed.at(11 * SECOND).command(&[level(Side::Buy, 100, 0)]);
    let third = signal(&feed).unwrap();
    let loss = -libm::log(0.5);
    let score = Score { n: 1, hit_rate: 1.0, log_loss: loss, baseline: loss };
    assert_eq!((third.learned, third.out_of_sample), (1, Some(score)));
    // The label of second 2 is of the state before second 12: lower, after a guess of a half.
    feed.at(12 * SECOND).command(&[level(Side::Buy, 98, 1)]);
    let fourth = signal(&feed).unwrap();
    let score = Score { n: 2, hit_rate: 0.5, log_loss: loss, baseline: loss };
    assert_eq!((fourth.learned, fourth.since_begin), (2, Some(score)));
}

#[test]
fn a_middle_that_stands_is_no_label() {
    let mut feed = begun();
    feed.at(SECOND).command(&[level(Side::Buy, 98, 5)]);
    feed.at(60 * SECOND).command(&[level(Side::Buy, 98, 6)]);
    let signal = feed.views.signals.of(X).unwrap();
    assert_eq!((signal.learned, signal.unlabelled), (0, 2));
    assert_eq!(signal.since_begin, None);
}

#[test]
fn a_sign_that_comes_before_every_move_is_learned() {
    let mut model = Model::default();
    let mut record = Record::default();
    for turn in 0..2_000u32 {
        let label = if turn.is_multiple_of(3) { 1.0 } else { 0.0 };
        let inputs = model.standardise([label, 0.0, 0.0, 0.0, f64::from(turn % 7)]);
        let (guess, base) = (model.probability(&inputs), model.base_rate());
        record.add(label, guess, base);
        model.learn(&inputs, label);
    }
    let score = record.rolling().unwrap();
    assert_eq!((score.n, score.hit_rate), (1_000, 1.0));
    assert!(score.log_loss < score.baseline / 3.0, "{score:?}");
    // The base rate is a third: its loss is the entropy of that.
    let entropy = -(libm::log(1.0 / 3.0) + 2.0 * libm::log(2.0 / 3.0)) / 3.0;
    assert!((score.baseline - entropy).abs() < 0.01, "{score:?}");
    assert_eq!(record.whole().unwrap().n, 2_000);
}

#[test]
fn a_word_needs_labels_and_a_score_better_than_the_base_rate_and_a_coin() {
    let score = |log_loss, baseline| Some(Score { n: 500, hit_rate: 0.5, log_loss, baseline });
    for (probability, learned, score, expected) in [
        (0.9, 199, score(0.6, 0.69), SignalWord::Hold),
        (0.9, 200, None, SignalWord::Hold),
        (0.9, 200, score(0.69, 0.69), SignalWord::Hold),
        (0.9, 200, score(0.7, 0.86), SignalWord::Hold),
        (0.55, 200, score(0.6, 0.69), SignalWord::Buy),
        (0.549, 200, score(0.6, 0.69), SignalWord::Hold),
        (0.451, 200, score(0.6, 0.69), SignalWord::Hold),
        (0.449, 200, score(0.6, 0.69), SignalWord::Sell),
    ] {
        assert_eq!(word(probability, learned, score), expected, "{probability} {learned}");
    }
}
