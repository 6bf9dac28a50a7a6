//! The candles of one instrument and interval: those that closed, bounded, and the open one.

use std::collections::VecDeque;

use orison_core::Stamp;

use super::{Candle, Interval};
use crate::projection::bar::Bar;

pub(super) struct Series {
    /// Oldest first.
    closed: VecDeque<Candle>,
    closed_max: usize,
    open: Option<Candle>,
}

impl Series {
    pub(super) fn new(closed_max: usize) -> Self {
        Self { closed: VecDeque::new(), closed_max, open: None }
    }

    /// When the open candle ends; never, if there is none.
    pub(super) fn end_ns(&self, interval: Interval) -> u64 {
        self.open.map_or(u64::MAX, |open| open.open_time_ns.saturating_add(interval.nanoseconds()))
    }

    pub(super) fn close_if_ended(&mut self, interval: Interval, now_ns: u64) -> Option<Candle> {
        if now_ns < self.end_ns(interval) {
            return None;
        }
        let candle = self.open.take()?;
        if self.closed.len() == self.closed_max {
            self.closed.pop_front();
        }
        self.closed.push_back(candle);
        Some(candle)
    }

    /// The open candle afterwards.
    pub(super) fn add(&mut self, interval: Interval, stamp: Stamp, bar: &Bar) -> Candle {
        let open = self.open.get_or_insert_with(|| {
            let open_time_ns = stamp.time_ns - stamp.time_ns % interval.nanoseconds();
            Candle {
                open_time_ns,
                open: bar.open,
                high: bar.high,
                low: bar.low,
                close: bar.close,
                volume: 0,
                turnover: 0,
                trade_count: 0,
                sequence: 0,
            }
        });
        open.high = open.high.max(bar.high);
        open.low = open.low.min(bar.low);
        open.close = bar.close;
        open.volume += bar.volume;
        // A million trades at the largest notional the core lets through would not fit.
        open.turnover = open.turnover.saturating_add(bar.turnover.whole());
        open.trade_count += bar.trade_count;
        open.sequence = stamp.sequence.0;
        *open
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Candle> + '_ {
        self.closed.iter().chain(&self.open)
    }

    pub(super) fn open(&self) -> Option<&Candle> {
        self.open.as_ref()
    }
}

orison_core::stored! {
    Series { closed, closed_max, open }
}
