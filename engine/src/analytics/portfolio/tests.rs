//! Claims about portfolios, by rows that were computed by hand.

use super::*;
use crate::projection::tests::feed::{ANN, BOB, Feed, MINUTE, QUOTE, X};
use crate::projection::{MarkSource, ViewLimits};

fn part(feed: &Feed, account: AccountId) -> PortfolioPart {
    Portfolio::of(&feed.views, account).parts.into_iter().next().unwrap()
}

#[test]
fn a_portfolio_values_what_fills_made_at_the_last_trade() {
    let mut feed = Feed::new();
    // BOB buys 10 at 100 and 5 at 112: he has 15 for 1,560, 104 apiece, and pays a fee of 3 twice.
    feed.trade(100, 10).trade(112, 5);
    let bob = part(&feed, BOB);
    let position = feed.views.positions.position(BOB, X).unwrap();
    assert_eq!((position.cost, position.average_cost), (1_560, 104));
    let mark = Mark { price: orison_core::Price(112), source: MarkSource::Last };
    let holding = Holding {
        position,
        mark: Some(mark),
        market_value: 1_680,
        unrealised: 120,
        day_change: Some(180),
        day_change_ratio: Some(0.12),
        allocation: Some(1.0),
    };
    let expected = PortfolioPart {
        quote: QUOTE,
        cash: -1_566,
        holdings: vec![holding],
        total_cost: 1_560,
        market_value: 1_680,
        total_value: 114,
        realised: 0,
        unrealised: 120,
        fees: 6,
        day_change: 180,
        diversification: Some(0.0),
        sharpe: None,
        drawdown: None,
    };
    assert_eq!(bob, expected);
    let ann = part(&feed, ANN);
    let seen = (ann.cash, ann.market_value, ann.total_value, ann.unrealised, ann.day_change);
    assert_eq!(
        seen,
        (1_562, -1_680, -118, -120, -180),
        "who is short loses the same, less a rebate of 2"
    );
    assert_eq!(Portfolio::of(&feed.views, AccountId(9)).parts, []);
}

/// BOB holds one from minute 0 on; each minute's last price comes next.
fn one_bought_at(price: i64, later: &[i64]) -> Feed {
    let mut feed = Feed::with(ViewLimits { value_samples_max: 60, ..ViewLimits::DEFAULT });
    feed.trade(price, 1);
    for (minute, &price) in (1..).zip(later) {
        // BOB is on both sides of the quiet trades that move the price, so he keeps his one.
        feed.at(minute * MINUTE + 1).command(&[moved(price)]);
    }
    feed.at((later.len() as u64 + 1) * MINUTE).command(&[orison_core::Event::Done]);
    feed
}

fn moved(price: i64) -> orison_core::Event {
    use crate::projection::tests::feed::uncrossed;
    let other = AccountId(3);
    uncrossed((other, 90), (other, 91), orison_core::Side::Buy, price, 1)
}

#[test]
fn a_drawdown_is_from_the_highest_gain_so_far() {
    for (later, deepest, current) in [
        (&[100][..], 0, 0),
        (&[120, 110], 10, 10),
        (&[120, 90, 125], 30, 0),
        (&[90, 130, 115, 120], 15, 10),
    ] {
        let drawdown = part(&one_bought_at(100, later), BOB).drawdown.unwrap();
        assert_eq!((drawdown.deepest, drawdown.current), (deepest, current), "{later:?}");
    }
    let feed = one_bought_at(100, &[120, 115]);
    let drawdown = part(&feed, BOB).drawdown.unwrap();
    assert_eq!(drawdown.deepest_ratio, Some(5.0 / 17.0), "he was worth 20 less a fee of 3");
}

#[test]
fn a_quiet_minute_has_the_value_of_the_one_before() {
    let mut feed = one_bought_at(100, &[103]);
    let gains = |feed: &Feed| -> Vec<(u64, i128)> {
        let history = feed.views.values.history(BOB, QUOTE);
        history.iter().map(|sample| (sample.time_ns / MINUTE, sample.value.gain)).collect()
    };
    assert_eq!(gains(&feed), [(1, -3), (2, 0)], "before what is stamped at a minute");
    feed.at(5 * MINUTE).command(&[orison_core::Event::Done]);
    assert_eq!(gains(&feed), [(1, -3), (2, 0), (3, 0), (4, 0), (5, 0)]);
    feed.at(100 * MINUTE).command(&[orison_core::Event::Done]);
    let kept = gains(&feed);
    assert_eq!((kept.len(), kept[0], kept[59]), (60, (41, 0), (100, 0)));
}

#[test]
fn a_sharpe_ratio_is_of_changes_a_minute_and_needs_thirty() {
    let later: Vec<i64> = (1..=30).map(|minute| 100 + minute + minute % 2).collect();
    assert_eq!(part(&one_bought_at(100, &later[..29]), BOB).sharpe, None);
    // Changes 2, 0, 2, 0 ...: their mean is 1, fifteen of each a distance of 1 away.
    let sharpe = part(&one_bought_at(100, &later), BOB).sharpe.unwrap();
    let expected = 525_600f64.sqrt() / (30.0f64 / 29.0).sqrt();
    assert!((sharpe - expected).abs() < 1e-9, "{sharpe}");
    let flat = part(&one_bought_at(100, &[100; 40]), BOB);
    assert_eq!(flat.sharpe, None, "nothing varies");
}

#[test]
fn who_begins_beyond_the_limit_has_no_history() {
    let mut feed = Feed::with(ViewLimits { value_lines_max: 1, ..ViewLimits::DEFAULT });
    feed.trade(100, 1).at(MINUTE).command(&[orison_core::Event::Done]);
    assert_eq!(feed.views.values.history(ANN, QUOTE).len(), 1);
    assert_eq!(feed.views.values.history(BOB, QUOTE), []);
    assert_eq!(part(&feed, BOB).drawdown, None);
}
