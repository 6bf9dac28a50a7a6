//! Trailing stops against a model that keeps a mark for each order, and what they cost.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const ONE: InstrumentId = InstrumentId(1);
const TWO: InstrumentId = InstrumentId(2);

fn trails(trailing_max: u32) -> Trails {
    let mut trails = Trails::new(2, trailing_max);
    trails.open_instrument();
    trails.open_instrument();
    trails
}

/// One order, its mark its own.
#[derive(Clone, Copy, Debug)]
struct Naive {
    slot: u32,
    instrument: InstrumentId,
    side: Side,
    trail: i64,
    ticket: u64,
    mark: Option<i64>,
}

impl Naive {
    fn follow(&mut self, last: i64) {
        let best = self.mark.map_or(last, |mark| match self.side {
            Side::Buy => mark.min(last),
            Side::Sell => mark.max(last),
        });
        self.mark = Some(best);
    }

    fn stop(&self) -> Option<i64> {
        let mark = self.mark?;
        match self.side {
            Side::Buy => mark.checked_add(self.trail),
            Side::Sell => mark.checked_sub(self.trail).filter(|&stop| stop >= 1),
        }
    }
}

#[derive(Default)]
struct Model {
    orders: Vec<Naive>,
    last: [Option<i64>; 2],
    ticket: u64,
}

impl Model {
    fn first(&self, instrument: InstrumentId, side: Side) -> Option<(u32, Price, u64)> {
        let is_meant = |order: &&Naive| order.instrument == instrument && order.side == side;
        let elected = self.orders.iter().filter(is_meant).filter_map(|order| {
            let stop = order.stop()?;
            Some((signed(side, Price(-stop)), order.ticket, order.slot, stop))
        });
        elected.min().map(|(_, ticket, slot, stop)| (slot, Price(stop), ticket))
    }

    fn check(&self, trails: &Trails) {
        for instrument in [ONE, TWO] {
            for side in Side::BOTH {
                assert_eq!(trails.first(instrument, side), self.first(instrument, side));
            }
            let count = self.orders.iter().filter(|order| order.instrument == instrument).count();
            assert_eq!(trails.count(instrument) as usize, count);
        }
        for order in &self.orders {
            assert_eq!(trails.mark(order.slot), order.mark.map(Price), "{order:?}");
            assert_eq!(trails.stop_price(order.slot), order.stop().map(Price), "{order:?}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Insert(InstrumentId, Side, i64),
    Remove(usize),
    Amend(usize, i64),
    Last(InstrumentId, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let instrument = prop_oneof![8 => Just(ONE), 1 => Just(TWO)];
    let side = proptest::sample::select(&Side::BOTH[..]);
    let trail = || prop_oneof![8 => 1..12i64, 1 => Just(i64::MAX), 1 => 90..120i64];
    let last = prop_oneof![20 => 90..110i64, 1 => 1..4i64, 1 => Just(i64::MAX - 5)];
    prop_oneof![
        4 => (instrument.clone(), side, trail()).prop_map(|(i, s, t)| Act::Insert(i, s, t)),
        2 => any::<usize>().prop_map(Act::Remove),
        1 => (any::<usize>(), trail()).prop_map(|(at, trail)| Act::Amend(at, trail)),
        4 => (instrument, last).prop_map(|(i, last)| Act::Last(i, last)),
    ]
}

const TRAILING_MAX: u32 = 24;

impl Model {
    fn act(&mut self, trails: &mut Trails, act: Act) {
        match act {
            Act::Insert(..) if trails.is_full() => {
                assert_eq!(self.orders.len(), TRAILING_MAX as usize);
            }
            Act::Insert(instrument, side, trail) => {
                self.ticket += 1;
                let mark = self.last[usize::from(instrument.0) - 1];
                let ticket = self.ticket;
                // Slots that share chains, and are taken again.
                let is_free = |slot: &u32| self.orders.iter().all(|order| order.slot != *slot);
                let slot = (0..).map(|n| n * 8).find(is_free).expect("slots are many");
                let last = mark.map(Price);
                trails.insert(slot, instrument, side, Price(trail), ticket, last);
                self.orders.push(Naive { slot, instrument, side, trail, ticket, mark });
            }
            Act::Remove(_) | Act::Amend(..) if self.orders.is_empty() => {}
            Act::Remove(at) => {
                let order = self.orders.swap_remove(at % self.orders.len());
                trails.remove(order.slot);
                assert_eq!(trails.mark(order.slot), None);
            }
            Act::Amend(at, trail) => {
                self.ticket += 1;
                let count = self.orders.len();
                let order = &mut self.orders[at % count];
                (order.trail, order.ticket) = (trail, self.ticket);
                trails.amend(order.slot, Price(trail), self.ticket);
            }
            Act::Last(instrument, last) => {
                self.last[usize::from(instrument.0) - 1] = Some(last);
                trails.on_last(instrument, Price(last));
                let meant = |order: &&mut Naive| order.instrument == instrument;
                self.orders.iter_mut().filter(meant).for_each(|order| order.follow(last));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_order_follows_the_best_price_since_its_entry(
        acts in proptest::collection::vec(act(), 0..200),
    ) {
        let (mut trails, mut model) = (trails(TRAILING_MAX), Model::default());
        for act in acts {
            model.act(&mut trails, act);
            model.check(&trails);
        }
    }
}

#[test]
fn the_furthest_through_is_first_then_the_oldest() {
    let mut trails = trails(8);
    for (slot, trail, ticket, last) in
        [(1, 5, 10, Some(100)), (2, 3, 11, Some(98)), (3, 3, 12, Some(98)), (4, 9, 13, None)]
    {
        trails.insert(slot, ONE, Side::Sell, Price(trail), ticket, last.map(Price));
        trails.insert(slot + 10, ONE, Side::Buy, Price(trail), ticket, last.map(Price));
    }
    let mut firsts = Vec::new();
    while let Some(first) = trails.first(ONE, Side::Sell) {
        firsts.push(first);
        trails.remove(first.0);
    }
    assert_eq!(firsts, [(1, Price(95), 10), (2, Price(95), 11), (3, Price(95), 12)]);
    assert_eq!(trails.first(ONE, Side::Buy), Some((12, Price(101), 11)));
    assert_eq!(trails.stop_price(4), None, "it has seen no trade");
    trails.on_last(ONE, Price(97));
    assert_eq!(trails.first(ONE, Side::Sell), Some((4, Price(88), 13)));
    assert_eq!(trails.first(ONE, Side::Buy), Some((12, Price(100), 11)), "buys follow a fall");
}

#[test]
fn a_stop_where_no_price_ever_is_is_never_elected() {
    let rows = [
        (Side::Sell, 100, 99, Some(1)),
        (Side::Sell, 100, 100, None),
        (Side::Sell, 1, i64::MAX, None),
        (Side::Buy, 100, i64::MAX - 100, Some(i64::MAX)),
        (Side::Buy, 100, i64::MAX - 99, None),
        (Side::Buy, i64::MAX, i64::MAX, None),
    ];
    for (side, last, trail, stop) in rows {
        let mut trails = trails(1);
        trails.insert(7, ONE, side, Price(trail), 1, Some(Price(last)));
        let stop = stop.map(Price);
        assert_eq!(trails.stop_price(7), stop, "{side:?} {last} {trail}");
        assert_eq!(trails.first(ONE, side), stop.map(|stop| (7, stop, 1)), "{side:?} {last}");
    }
}

fn steps(trails: &Trails) -> u64 {
    trails.distances.steps + trails.stops.steps
}

/// Orders enter while the price falls, each with a mark of its own, or all with the same; then
/// 100,000 new highs, 5,000 cancels, and as many that are elected one by one.
#[test]
fn new_highs_cost_no_more_with_many_orders() {
    const ORDERS: u32 = 5_000;
    const HIGHS: i64 = 100_000;
    // What an order may cost in its life, and a new high beside.
    const ORDER_STEPS: u64 = 48;
    const HIGH_STEPS: u64 = 4;
    for fall in [0, 1] {
        let mut trails = trails(2 * ORDERS);
        let mut last = 1_000_000;
        for slot in 0..2 * ORDERS {
            let trail = Price(i64::from(slot.wrapping_mul(0x9e37_79b1) % 900_000) + 1);
            trails.insert(slot, ONE, Side::Sell, trail, u64::from(slot) + 1, Some(Price(last)));
            last -= fall;
        }
        let entered = steps(&trails);
        assert!(entered < 2 * u64::from(ORDERS) * ORDER_STEPS, "entered in {entered} steps");
        for _ in 0..HIGHS {
            last += 1;
            trails.on_last(ONE, Price(last));
            assert!(trails.first(ONE, Side::Sell).is_some());
        }
        let followed = steps(&trails) - entered;
        let allowed = HIGHS as u64 * HIGH_STEPS + 2 * u64::from(ORDERS) * ORDER_STEPS;
        assert!(followed < allowed, "followed in {followed} steps, falling by {fall}");
        for slot in (0..2 * ORDERS).step_by(2) {
            trails.remove(slot);
        }
        let mut stop = Price(i64::MAX);
        while let Some((slot, next, _)) = trails.first(ONE, Side::Sell) {
            assert!(next <= stop);
            stop = next;
            trails.remove(slot);
        }
        assert_eq!(trails.count(ONE), 0);
        let left = steps(&trails) - entered - followed;
        assert!(left < 2 * u64::from(ORDERS) * ORDER_STEPS, "left in {left} steps");
    }
}
