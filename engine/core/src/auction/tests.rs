//! Every rung of the ladder of rules, and random calls against a recomputation from its words.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

type Levels<'a> = &'a [(i64, u64)];
/// Price, volume, surplus and its side.
type Expected = Option<(i64, u64, u64, Option<Side>)>;

const BUY: Option<Side> = Some(Side::Buy);
const SELL: Option<Side> = Some(Side::Sell);

fn levels(levels: Levels<'_>) -> Vec<(Price, Quantity)> {
    levels.iter().map(|&(price, quantity)| (Price(price), Quantity(quantity))).collect()
}

fn crossed(
    bids: Levels<'_>,
    asks: Levels<'_>,
    [market_buy, market_sell]: [u64; 2],
    reference: Option<i64>,
) -> Expected {
    let call = Call {
        bids: &levels(bids),
        asks: &levels(asks),
        market_buy: Quantity(market_buy),
        market_sell: Quantity(market_sell),
        reference: reference.map(Price),
    };
    let Cross { price, volume, surplus, surplus_side } = cross(&call)?;
    Some((price.0, volume.0, surplus.0, surplus_side))
}

#[test]
fn the_price_is_found_rung_by_rung() {
    type Row<'a> = (&'a str, Levels<'a>, Levels<'a>, [u64; 2], Option<i64>, Expected);
    #[rustfmt::skip]
    let rows: [Row<'_>; 25] = [
        ("nothing at all", &[], &[], [0, 0], Some(5), None),
        ("one side only", &[(10, 5)], &[], [3, 0], Some(5), None),
        ("not crossing", &[(10, 5)], &[(11, 5)], [0, 0], Some(10), None),
        ("one price", &[(10, 5)], &[(10, 5)], [0, 0], None, Some((10, 5, 0, None))),
        ("1: most volume, however far the reference",
            &[(12, 5), (10, 5)], &[(9, 2), (10, 8), (12, 9)], [0, 0], Some(12),
            Some((10, 10, 0, None))),
        ("2: least surplus, bought too much below",
            &[(12, 10), (10, 5)], &[(10, 10)], [0, 0], Some(10), Some((12, 10, 0, None))),
        ("2: least surplus, sold too much above",
            &[(12, 10)], &[(10, 10), (12, 5)], [0, 0], Some(12), Some((10, 10, 0, None))),
        ("3: surplus of the buyers at all: the highest",
            &[(12, 10)], &[(10, 6)], [0, 0], Some(10), Some((12, 6, 4, BUY))),
        ("3: surplus of the sellers at all: the lowest",
            &[(12, 6)], &[(10, 10)], [0, 0], Some(12), Some((10, 6, 4, SELL))),
        ("3: one price left, its surplus decides nothing",
            &[(10, 9)], &[(10, 4)], [0, 0], Some(99), Some((10, 4, 5, BUY))),
        ("4: no surplus, the reference below", 
            &[(12, 5)], &[(10, 5)], [0, 0], Some(3), Some((10, 5, 0, None))),
        ("4: no surplus, the reference above",
            &[(12, 5)], &[(10, 5)], [0, 0], Some(30), Some((12, 5, 0, None))),
        ("4: no surplus, the reference between the limits",
            &[(12, 5)], &[(10, 5)], [0, 0], Some(11), Some((11, 5, 0, None))),
        ("4: no surplus, no reference: the lowest",
            &[(12, 5)], &[(10, 5)], [0, 0], None, Some((10, 5, 0, None))),
        ("4: surplus of either side: the reference at one",
            &[(12, 10), (10, 2)], &[(10, 10), (12, 2)], [0, 0], Some(12),
            Some((12, 10, 2, SELL))),
        ("4: surplus of either side: between them there is less of it",
            &[(12, 10), (10, 2)], &[(10, 10), (12, 2)], [0, 0], Some(11),
            Some((11, 10, 0, None))),
        ("4: surplus of either side, no reference: the lowest",
            &[(12, 10), (10, 2)], &[(10, 10), (12, 2)], [0, 0], None,
            Some((10, 10, 2, BUY))),
        ("only market orders, no reference", &[], &[], [7, 4], None, None),
        ("only market orders", &[], &[], [7, 4], Some(9), Some((9, 4, 3, BUY))),
        ("only market orders, even", &[], &[], [4, 4], Some(9), Some((9, 4, 0, None))),
        ("only market buys", &[], &[], [7, 0], Some(9), None),
        ("a market buy at the sellers' limit",
            &[], &[(10, 4), (11, 4)], [6, 0], Some(50), Some((11, 6, 2, SELL))),
        ("market orders on both sides, one limit far away",
            &[(3, 1)], &[], [10, 5], Some(9), Some((3, 5, 6, BUY))),
        ("market orders add to the limits",
            &[(12, 2)], &[(10, 3)], [4, 1], None, Some((12, 4, 2, BUY))),
        ("each side as large as can be",
            &[(12, u64::MAX)], &[(10, u64::MAX)], [0, 0], Some(11),
            Some((11, u64::MAX, 0, None))),
    ];
    for (name, bids, asks, market, reference, expected) in rows {
        assert_eq!(crossed(bids, asks, market, reference), expected, "{name}");
    }
}

/// Word by word: every candidate is summed up afresh, every rule crosses out.
fn naive(bids: Levels<'_>, asks: Levels<'_>, market: [u64; 2], reference: Option<i64>) -> Expected {
    let at = |price: i64| {
        let sum = |levels: Levels<'_>, reaches: &dyn Fn(i64) -> bool| -> i128 {
            levels.iter().filter(|level| reaches(level.0)).map(|level| i128::from(level.1)).sum()
        };
        let demand = i128::from(market[0]) + sum(bids, &|bid| bid >= price);
        let supply = i128::from(market[1]) + sum(asks, &|ask| ask <= price);
        (demand.min(supply), demand - supply)
    };
    let mut left: Vec<i64> = bids.iter().chain(asks).map(|level| level.0).collect();
    left.sort_unstable();
    let most = left.iter().map(|&price| at(price).0).max();
    left.retain(|&price| Some(at(price).0) == most);
    let least = left.iter().map(|&price| at(price).1.abs()).min();
    left.retain(|&price| Some(at(price).1.abs()) == least);
    let price = match (left.first(), left.last()) {
        (Some(_), Some(&highest)) if left.iter().all(|&price| at(price).1 > 0) => highest,
        (Some(&lowest), Some(_)) if left.iter().all(|&price| at(price).1 < 0) => lowest,
        (Some(&lowest), Some(&highest)) => reference.unwrap_or(lowest).max(lowest).min(highest),
        _ => reference?,
    };
    let (volume, surplus) = at(price);
    let side = [SELL, None, BUY][(surplus.signum() + 1) as usize];
    (volume > 0).then_some((price, volume as u64, surplus.unsigned_abs() as u64, side))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_call_crosses_as_the_rules_say_word_by_word(
        bids in proptest::collection::btree_map(1..16i64, 1..6u64, 0..8),
        asks in proptest::collection::btree_map(1..16i64, 1..6u64, 0..8),
        market in proptest::array::uniform2(0..8u64),
        reference in proptest::option::of(1..18i64),
    ) {
        let bids: Vec<_> = bids.into_iter().rev().collect();
        let asks: Vec<_> = asks.into_iter().collect();
        let expected = naive(&bids, &asks, market, reference);
        prop_assert_eq!(crossed(&bids, &asks, market, reference), expected);
    }
}
