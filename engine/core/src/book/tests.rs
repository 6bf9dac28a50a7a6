//! The book alone, against sorted vectors: two instruments, prices from end to end of 64 bits.

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::types::{InstrumentId, Side};

/// What a resting order is to the model: (mark, open), in matching order per half.
type Queue = Vec<(Price, u64, u64)>;

#[derive(Clone, Debug)]
enum Step {
    /// Trades up to its price, and rests what is left.
    Enter(Half, Price, u64),
    /// The resting order of this index, over all halves.
    Leave(usize),
    Reduce(usize, u64),
}

fn half() -> impl Strategy<Value = Half> {
    (1u16..=2, any::<bool>()).prop_map(|(instrument, buys)| {
        Half::of(InstrumentId(instrument), if buys { Side::Buy } else { Side::Sell })
    })
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![
        8 => (-20i64..20).prop_map(Price),
        4 => (-20i64..20).prop_map(|price| Price(price * 1_000_000)),
        2 => any::<i64>().prop_map(Price),
        1 => prop_oneof![Just(Price(i64::MIN)), Just(Price(i64::MAX))],
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (half(), price(), 1u64..20).prop_map(|(half, price, q)| Step::Enter(half, price, q)),
        3 => any::<usize>().prop_map(Step::Leave),
        1 => (any::<usize>(), 0u64..20).prop_map(|(index, by)| Step::Reduce(index, by)),
    ]
}

fn halves() -> [Half; 4] {
    let of = |instrument, side| Half::of(InstrumentId(instrument), side);
    [of(1, Side::Buy), of(1, Side::Sell), of(2, Side::Buy), of(2, Side::Sell)]
}

fn at(half: Half) -> usize {
    halves().iter().position(|&known| known == half).unwrap()
}

/// The trades of a taker by the model: (mark, price, quantity).
fn trade(queue: &mut Queue, half: Half, limit: Price, left: &mut u64) -> Vec<(u64, Price, u64)> {
    let mut trades = Vec::new();
    while *left > 0 && !queue.is_empty() && half.opposite().side().crosses(limit, queue[0].0) {
        let traded = queue[0].2.min(*left);
        *left -= traded;
        queue[0].2 -= traded;
        trades.push((queue[0].1, queue[0].0, traded));
        if queue[0].2 == 0 {
            queue.remove(0);
        }
    }
    trades
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_book_does_what_sorted_vectors_do(steps in prop::collection::vec(step(), 1..200)) {
        let mut book = Book::new(2, 64);
        book.open_instrument();
        book.open_instrument();
        let mut queues: [Queue; 4] = Default::default();
        let mut slots = std::collections::BTreeMap::new();
        for (step, mark) in steps.into_iter().zip(1u64..) {
            let resting: Vec<u64> = queues.iter().flatten().map(|order| order.1).collect();
            match step {
                Step::Enter(half, price, quantity) => {
                    let (other, mut left) = (half.opposite(), quantity);
                    let can_fill = book.can_fill(other, Limit::At(price), Quantity(quantity));
                    let is_within = book.is_within(other, Limit::At(price));
                    let expected = trade(&mut queues[at(other)], other, price, &mut left);
                    prop_assert_eq!((can_fill, is_within), (left == 0, !expected.is_empty()));
                    let mut trades = Vec::new();
                    let (limit, open) = (Limit::At(price), Quantity(quantity));
                    let swept = book.sweep(other, limit, open, NONE, |fill| {
                        trades.push((fill.mark, fill.price, fill.quantity.0));
                    });
                    let expected_end = Swept { left: Quantity(left), end: End::Done };
                    prop_assert_eq!((trades, swept), (expected, expected_end));
                    if left > 0 && let Some(slot) = book.take(mark, 0, Quantity(left)) {
                        book.rest(slot, half, price, Quantity(left));
                        slots.insert(mark, slot);
                        let queue = &mut queues[at(half)];
                        let place = queue.partition_point(|o| half.key(o.0) <= half.key(price));
                        queue.insert(place, (price, mark, left));
                    }
                }
                Step::Leave(index) if !resting.is_empty() => {
                    let mark = resting[index % resting.len()];
                    book.leave(slots[&mark]);
                    book.release(slots[&mark]);
                    queues.iter_mut().for_each(|queue| queue.retain(|order| order.1 != mark));
                }
                Step::Reduce(index, by) if !resting.is_empty() => {
                    let mark = resting[index % resting.len()];
                    let order = queues.iter_mut().flatten().find(|order| order.1 == mark).unwrap();
                    if order.2 > by {
                        order.2 -= by;
                        book.reduce(slots[&mark], Quantity(by));
                    }
                }
                Step::Leave(_) | Step::Reduce(..) => {}
            }
            for half in halves() {
                let queue = &queues[at(half)];
                let shown: Queue = book
                    .queue(half)
                    .map(|slot| (slot, &book.orders()[slot]))
                    .map(|(slot, o)| (book.place(slot).unwrap().1, o.mark, o.open))
                    .collect();
                prop_assert_eq!(&shown, queue);
                prop_assert_eq!(book.best(half), queue.first().map(|order| order.0));
                prop_assert_eq!(book.total(half).0, queue.iter().map(|order| order.2).sum::<u64>());
            }
        }
    }
}
