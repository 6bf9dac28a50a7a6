//! Claims about risk, by rows that were computed by hand.

use orison_core::Event;
use orison_core::Side;
use orison_core::command::{Access, AccountFields, SelfTrade};
use orison_core::event::{AccountSettings, Amount, Funding, Money};

use super::*;
use crate::projection::Interval::M1;
use crate::projection::tests::feed::{ANN, BOB, Feed, MINUTE, X, accepted};

fn near(seen: f64, expected: f64) -> bool {
    (seen - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

#[test]
fn the_worst_hundredth_lies_between_two_scenarios() {
    let of = |scenarios: Vec<f64>| Tail::of_scenarios(scenarios, M1);
    assert_eq!(of(vec![1.0; 99]), None);
    // 0.99 of the way from the worst to the next.
    let hundred = of((1..=100).rev().map(f64::from).collect()).unwrap();
    assert!(near(hundred.value_at_risk, -1.99));
    assert!(near(hundred.expected_shortfall, -1.0));
    // Exactly the second: losses 200 and 199.
    let more = of((0..101).map(|loss| -f64::from(100 + loss)).collect()).unwrap();
    assert!(near(more.value_at_risk, 199.0));
    assert!(near(more.expected_shortfall, 199.5));
    // (301 - 1) x 0.01 is the fourth.
    let most = of((0..301).map(|loss| -f64::from(loss)).collect()).unwrap();
    assert!(near(most.value_at_risk, 297.0));
    assert!(near(most.expected_shortfall, (300.0 + 299.0 + 298.0 + 297.0) / 4.0));
}

#[test]
fn a_scenario_is_what_a_past_minute_would_do_to_what_is_held_now() {
    let mut feed = Feed::new();
    // A minute of 10 % down and up again among quiet ones.
    for minute in 0..=101 {
        let price = if minute == 50 { 90 } else { 100 };
        feed.at(minute * MINUTE).trade(price, 1);
    }
    let part = |feed: &Feed, account| Risk::of(&feed.views, account, M1).parts.remove(0);
    let bob = part(&feed, BOB);
    let tail = bob.tail.unwrap();
    assert_eq!((tail.horizon, tail.scenarios), (M1, 100));
    // He has 102 at 100: 1,020 lost at worst, nothing in the next; the quantile is a hundredth of
    // the way to it.
    assert!(near(tail.value_at_risk, 10.2), "{tail:?}");
    assert!(near(tail.expected_shortfall, 1_020.0), "{tail:?}");
    assert_eq!((bob.long, bob.short, bob.gross, bob.net), (10_200, 0, 10_200, 10_200));
    assert_eq!((bob.concentration, bob.largest), (Some(1.0), Some((X, 1.0))));
    // Short of as many: the way back up is her worst.
    let ann = part(&feed, ANN);
    assert!(near(ann.tail.unwrap().expected_shortfall, 10_200.0 / 9.0));
    assert_eq!((ann.long, ann.short, ann.net), (0, 10_200, -10_200));
}

#[test]
fn leaving_takes_the_book_at_once_and_a_tenth_of_the_volume_after() {
    let mut feed = Feed::new();
    feed.trade(100, 50);
    feed.command(&[accepted(ANN, 10, Side::Buy, 99, 10, 10)]);
    feed.command(&[accepted(ANN, 11, Side::Buy, 97, 5, 5)]);
    let liquidity = |feed: &Feed, account| {
        Risk::of(&feed.views, account, M1).parts.remove(0).liquidity.remove(0)
    };
    let bob = Liquidity {
        instrument: X,
        quantity: 50,
        at_once: 15,
        at_once_share: Some(0.3),
        slippage: 10 + 15,
        recent_volume: 50,
        // 35 at 5 an hour.
        unwind_seconds: Some(25_200.0),
    };
    assert_eq!(liquidity(&feed, BOB), bob);
    let ann = liquidity(&feed, ANN);
    assert_eq!((ann.at_once, ann.unwind_seconds), (0, Some(36_000.0)), "nobody sells");
    feed.command(&[accepted(BOB, 12, Side::Sell, 102, 80, 80)]);
    let ann = liquidity(&feed, ANN);
    assert_eq!((ann.at_once, ann.slippage, ann.unwind_seconds), (50, 100, Some(0.0)));
    feed.at(62 * MINUTE).command(&[Event::Done]);
    assert_eq!(liquidity(&feed, BOB).unwind_seconds, None, "nothing traded for an hour");
}

#[test]
fn limits_are_used_as_the_core_counts_them() {
    let amount = |units| Amount { mantissa: Money::new(units), scale: 0 };
    let fields = AccountFields::MAX_OPEN_ORDERS
        .with(AccountFields::ORDERS_PER_SECOND)
        .with(AccountFields::MAX_QUANTITY)
        .with(AccountFields::MAX_NOTIONAL)
        .with(AccountFields::POSITION_LIMIT);
    let settings = AccountSettings {
        account: BOB,
        funding: Funding::Unfunded,
        access: Access::Enabled,
        self_trade: SelfTrade::None,
        fields,
        max_open_orders: 4,
        orders_per_second: 10,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        max_quantity: amount(40),
        max_notional: amount(4_000),
        position_limit: amount(100),
    };
    let mut feed = Feed::new();
    feed.trade(100, 50).command(&[Event::Account(settings)]);
    assert_eq!(Risk::of(&feed.views, ANN, M1).usages, [], "none is set");
    feed.at(MINUTE);
    feed.command(&[accepted(BOB, 10, Side::Buy, 90, 30, 30)]);
    feed.command(&[accepted(BOB, 11, Side::Sell, 110, 20, 20)]);
    let risk = Risk::of(&feed.views, BOB, M1);
    let seen: Vec<_> =
        risk.usages.iter().map(|usage| (usage.kind, usage.used.to_string(), usage.ratio)).collect();
    let row = |kind, used: &str, ratio| (kind, used.to_owned(), Some(ratio));
    let expected = [
        row(LimitKind::MaxOpenOrders, "2", 0.5),
        row(LimitKind::OrdersPerSecond, "2", 0.2),
        row(LimitKind::MaxQuantity, "30", 0.75),
        row(LimitKind::MaxNotional, "2700", 0.675),
        row(LimitKind::PositionLimit, "80", 0.8),
    ];
    assert_eq!(seen, expected);
    assert_eq!(risk.open_orders, 2);
}
