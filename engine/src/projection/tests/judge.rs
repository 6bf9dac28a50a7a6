//! The read models against a naive judge that keeps every event ever seen and computes each view
//! anew from all of them, on random streams through the real core.

mod money;
mod orders;

use std::collections::BTreeMap;

use orison_core::event::Trade;
use orison_core::instrument::{Bounds, Status};
use orison_core::{Exchange, Price, Quantity, Side};
use proptest::prelude::*;

use crate::projection::candles::CandleChange;
use crate::projection::*;
use crate::tests::streams::{Driven, steps};

const LIMITS: ViewLimits = ViewLimits {
    trades_max: 5,
    candles_max: 2,
    closed_orders_max: 3,
    closed_orders_total_max: 6,
    account_events_max: 7,
    account_events_total_max: 15,
    order_events_max: 3,
    value_samples_max: 4,
    value_lines_max: 3,
};
const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;

type Ladders = BTreeMap<(InstrumentId, Side), BTreeMap<Price, Quantity>>;

#[derive(Default)]
struct Judge {
    /// Every event so far.
    log: Vec<(Stamp, u32, Event)>,
    ladders: Ladders,
    /// The last command that changed each book, and the one before.
    book_stamps: BTreeMap<InstrumentId, (Stamp, u64)>,
    before: Stamp,
    now: Stamp,
}

impl Judge {
    fn see(&mut self, stamp: Stamp, events: &[Event]) {
        (self.before, self.now) = (self.now, stamp);
        self.log.extend((0..).zip(events).map(|(index, event)| (stamp, index, *event)));
    }

    fn trades(&self, instrument: InstrumentId) -> Vec<(Stamp, u32, Trade)> {
        let trades = self.log.iter().filter_map(|(stamp, index, event)| match event {
            Event::Trade(trade) => Some((*stamp, *index, *trade)),
            _ => None,
        });
        trades.filter(|(_, _, trade)| trade.instrument == instrument).collect()
    }

    fn check(&mut self, exchange: &Exchange, views: &Views) {
        assert_eq!(views.at(), self.now);
        assert_eq!(views.catalog.instruments(), exchange.instruments());
        for instrument in exchange.instruments() {
            let bounds = views.catalog.bounds(instrument.id).copied();
            let bounds = bounds.unwrap_or(Bounds::none(instrument.id));
            assert_eq!(Some(&bounds), exchange.bounds(instrument.id));
        }
        self.check_depth(exchange, &views.depth);
        let instruments: Vec<_> = exchange.instruments().iter().map(|of| of.id).collect();
        for &instrument in &instruments {
            self.check_trades(instrument, &views.trades);
            self.check_statistics(instrument, &views.statistics);
        }
        self.check_candles(&instruments, &views.candles);
        self.check_prayers(exchange, &views.prayers);
        self.check_orders(exchange, &views.orders);
        self.check_money(exchange, views);
        self.check_markets(exchange, views);
    }

    fn check_depth(&mut self, exchange: &Exchange, depth: &Depth) {
        let mut changed = Vec::new();
        for known in exchange.instruments() {
            let instrument = known.id;
            let book = depth.book(instrument).expect("a created instrument has a book");
            let mut changes = Vec::new();
            for side in Side::BOTH {
                let mut ladder: BTreeMap<Price, Quantity> = BTreeMap::new();
                // A market order in a call phase is at no level.
                for order in exchange.book(instrument, side).filter(|order| order.price.0 > 0) {
                    *ladder.entry(order.price).or_default() += order.open;
                }
                let mut expected: Vec<_> = ladder.clone().into_iter().collect();
                expected.sort_by(|a, b| best_first(side, a.0, b.0));
                assert_eq!(book.levels(side).collect::<Vec<_>>(), expected);
                assert_eq!(book.best(side), expected.first().copied());
                let old = self.ladders.insert((instrument, side), ladder.clone());
                changes.extend(difference(side, &old.unwrap_or_default(), &ladder));
            }
            if let (Some((bid, _)), Some((ask, _))) = (book.best(Side::Buy), book.best(Side::Sell))
            {
                let is_call = known.status == Status::Auction;
                assert!(is_call || bid < ask, "crossed: {bid} {ask}");
            }
            let stamps = self.book_stamps.entry(instrument).or_default();
            if !changes.is_empty() {
                assert_eq!(book.changes(), changes);
                changed.push(instrument);
                *stamps = (self.now, stamps.0.sequence.0);
            }
            assert_eq!((book.changed_at(), book.previous_sequence()), *stamps);
        }
        let mut shown = depth.changed().to_vec();
        shown.sort_unstable();
        assert_eq!(shown, changed);
    }

    fn check_trades(&self, instrument: InstrumentId, trades: &Trades) {
        let all = self.trades(instrument);
        let mut previous_sequence = 0;
        let all: Vec<_> = all
            .iter()
            .map(|&(stamp, index, trade)| {
                let earlier = self.log.iter().filter(|(at, place, event)| {
                    *at == stamp && *place < index && matches!(event, Event::Trade(_))
                });
                let execution = orison_core::ExecutionId {
                    sequence: stamp.sequence,
                    index: earlier.count() as u32,
                };
                let before = std::mem::replace(&mut previous_sequence, stamp.sequence.0);
                PublicTrade { execution, stamp, index, previous_sequence: before, trade }
            })
            .collect();
        let (gone, kept) = all.split_at(all.len().saturating_sub(LIMITS.trades_max));
        assert!(trades.recent(instrument).eq(kept.iter().rev()));
        let forgotten = gone.last().map_or(0, |trade| trade.stamp.sequence.0);
        for from in 0..=self.now.sequence.0 + 1 {
            match trades.since(instrument, from) {
                Resume::From(resumed) => {
                    assert!(from > forgotten || forgotten == 0);
                    let rest = kept.iter().filter(|trade| trade.stamp.sequence.0 >= from);
                    assert!(resumed.eq(rest));
                }
                Resume::TooOld { oldest } => {
                    assert!(from <= forgotten);
                    assert_eq!(oldest, forgotten + 1);
                }
            }
        }
        let fresh = all.iter().filter(|trade| trade.stamp == self.now);
        let shown = trades.fresh().iter().filter(|trade| trade.trade.instrument == instrument);
        assert!(fresh.eq(shown));
    }

    fn check_statistics(&self, instrument: InstrumentId, statistics: &Statistics) {
        let all = self.trades(instrument);
        let counts = |now_ns: u64, stamp: &Stamp| {
            (stamp.time_ns / MINUTE_NS + 1 + 1_440) * MINUTE_NS > now_ns
        };
        let within: Vec<_> =
            all.iter().filter(|(stamp, _, _)| counts(self.now.time_ns, stamp)).collect();
        let left = all.iter().any(|(stamp, _, _)| {
            counts(self.before.time_ns, stamp) && !counts(self.now.time_ns, stamp)
        });
        let traded = all.iter().any(|(stamp, _, _)| *stamp == self.now);
        let day = statistics.day(instrument);
        let expected = DayStatistics {
            open: within.first().map(|of| of.2.price),
            high: within.iter().map(|of| of.2.price).max(),
            low: within.iter().map(|of| of.2.price).min(),
            last: all.last().map(|of| of.2.price),
            volume: within.iter().map(|of| u128::from(of.2.quantity.0)).sum(),
            turnover: within.iter().map(|of| of.2.price.notional(of.2.quantity)).sum(),
            trade_count: within.len() as u64,
            sequence: day.sequence,
            time_ns: day.time_ns,
        };
        assert_eq!(day, expected);
        assert_eq!(statistics.changed().contains(&instrument), left || traded);
        if left || traded {
            assert_eq!((day.sequence, day.time_ns), (self.now.sequence.0, self.now.time_ns));
        }
    }

    fn candles(&self, instrument: InstrumentId, interval: Interval) -> Vec<Candle> {
        let mut candles: Vec<Candle> = Vec::new();
        for (stamp, _, trade) in self.trades(instrument) {
            let open_time_ns = stamp.time_ns / interval.nanoseconds() * interval.nanoseconds();
            if candles.last().is_none_or(|last| last.open_time_ns != open_time_ns) {
                candles.push(Candle {
                    open_time_ns,
                    open: trade.price,
                    high: trade.price,
                    low: trade.price,
                    close: trade.price,
                    volume: 0,
                    turnover: 0,
                    trade_count: 0,
                    sequence: 0,
                });
            }
            let candle = candles.last_mut().unwrap();
            candle.high = candle.high.max(trade.price);
            candle.low = candle.low.min(trade.price);
            candle.close = trade.price;
            candle.volume += u128::from(trade.quantity.0);
            candle.turnover += trade.price.notional(trade.quantity);
            candle.trade_count += 1;
            candle.sequence = stamp.sequence.0;
        }
        candles
    }

    fn check_candles(&self, instruments: &[InstrumentId], candles: &Candles) {
        let (mut closed, mut open) = (Vec::new(), Vec::new());
        for &instrument in instruments {
            for interval in Interval::ALL {
                let all = self.candles(instrument, interval);
                let end_ns = |candle: &Candle| candle.open_time_ns + interval.nanoseconds();
                let ended = all.iter().filter(|of| end_ns(of) <= self.now.time_ns).count();
                let kept = &all[ended.saturating_sub(LIMITS.candles_max)..];
                assert!(candles.of(instrument, interval).eq(kept));
                assert_eq!(candles.open(instrument, interval), all.get(ended));
                closed.extend(all[..ended].iter().filter_map(|&candle| {
                    let change = CandleChange { instrument, interval, candle, is_closed: true };
                    (end_ns(&candle) > self.before.time_ns).then_some(change)
                }));
                open.extend(all[ended..].iter().filter_map(|&candle| {
                    let change = CandleChange { instrument, interval, candle, is_closed: false };
                    (candle.sequence == self.now.sequence.0).then_some(change)
                }));
            }
        }
        closed.extend(open);
        assert_eq!(candles.changes(), closed);
    }

    fn check_prayers(&self, exchange: &Exchange, prayers: &Prayers) {
        let now_s = self.now.time_ns / SECOND_NS;
        let mut rates = (0, 0);
        for (stamp, _, event) in &self.log {
            let Event::Prayed(prayed) = event else { continue };
            if stamp.time_ns + MINUTE_NS > now_s * SECOND_NS {
                match prayed.side {
                    orison_core::command::Prayer::Up => rates.0 += u64::from(prayed.count),
                    orison_core::command::Prayer::Down => rates.1 += u64::from(prayed.count),
                }
            }
        }
        let view = prayers.view();
        assert_eq!((view.up_total, view.down_total), exchange.prayers());
        assert_eq!((view.up_per_minute, view.down_per_minute), rates);
    }
}

fn best_first(side: Side, a: Price, b: Price) -> std::cmp::Ordering {
    match side {
        Side::Buy => b.cmp(&a),
        Side::Sell => a.cmp(&b),
    }
}

fn difference(
    side: Side,
    old: &BTreeMap<Price, Quantity>,
    new: &BTreeMap<Price, Quantity>,
) -> Vec<LevelChange> {
    let quantity =
        |of: &BTreeMap<Price, Quantity>, price: Price| of.get(&price).copied().unwrap_or_default();
    let mut prices: Vec<_> = old.keys().chain(new.keys()).copied().collect();
    prices.sort_by(|&a, &b| best_first(side, a, b));
    prices.dedup();
    prices.retain(|&price| quantity(old, price) != quantity(new, price));
    let change = |price| LevelChange { side, price, quantity: quantity(new, price) };
    prices.into_iter().map(change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_view_is_what_the_whole_history_says(steps in steps()) {
        let (mut driven, begun) = Driven::new();
        let mut views = Views::new(LIMITS);
        let mut judge = Judge::default();
        let feed = |judge: &mut Judge, views: &mut Views, ended: (Stamp, Vec<Event>)| {
            let (stamp, events) = ended;
            judge.see(stamp, &events);
            for (index, event) in (0..).zip(&events) {
                views.on_event(stamp, index, event);
            }
            views.on_end(stamp);
        };
        for ended in begun {
            feed(&mut judge, &mut views, ended);
        }
        for step in &steps {
            feed(&mut judge, &mut views, driven.apply(step));
            judge.check(&driven.exchange, &views);
        }
    }
}
